"""Regions that are never spoken: reasoning, tool calls, folded details, embeds, comments.

A region opens with its tag and ends with it; one that never ends hides the rest of the reply.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bridge.core.speech.ending import Ending

_REASONING = (
    "think|thinking|thought|thoughts|reasoning|reason|reflection|reflect|analysis|analyze"
    "|scratchpad|scratch_pad|monologue|inner_monologue|inner_thoughts|internal|chain_of_thought"
)
_TOOLS = (
    "tool|tools|tool_call|tool_calls|tool_use|tool_code|tool_result|tool_results|tool_response"
    "|tool_output|function|function_call|function_calls|function_result|function_results|invoke"
)
_FOLDED = "details|script|style|svg"
_NAMES = f"{_REASONING}|{_TOOLS}|{_FOLDED}"
_ALL_NAMES = tuple(f"{prefix}{n}" for prefix in ("", "antml:") for n in _NAMES.split("|"))

_OPENS = re.compile(
    rf"<(?:antml:)?(?:(?P<reasoning>{_REASONING})|(?P<name>{_NAMES}))(?=[\s/>])", re.IGNORECASE
)
_SELF_CLOSED = re.compile(r"<[\w:]+(?:\s[^<>]{0,160})?/>")
_UNDECIDED = re.compile(r"<[\w:]+(?:[\s/][^<>]{0,160})?\Z")
_BEGUN = re.compile(r"<(/?[A-Za-z_:]*|!-?)\Z")
_STRAY = re.compile(rf"</(?:antml:)?(?:{_NAMES})\s{{0,9}}>", re.IGNORECASE)

_EMBED = re.compile(r"\[/?embed(?=[\s\]/:])", re.IGNORECASE)
_EMBED_BEGUN = re.compile(r"\[(?:/?(?:e(?:m(?:b(?:e(?:d)?)?)?)?)?)?\Z", re.IGNORECASE)

KEPT_CHARS = 40
"""How much of a region's end is kept, so that a closing tag is found across a cut."""


@dataclass(slots=True)
class Region:
    """A region under way.

    Attributes:
        ends: matches what ends it, as the group `close`, and what opens another within it.
        first: the character with which an end begins.
        depth: how many are open; 0 where the opening tag itself is still to be read.
    """

    ends: re.Pattern[str]
    first: str = "<"
    depth: int = 1

    def skip(self, text: str, pos: int) -> tuple[int, bool]:
        """Reads on from `pos`. Returns where it stopped, and whether the region is over."""
        for end in self.ends.finditer(text, pos):
            self.depth += -1 if end["close"] else 1
            pos = end.end()
            if self.depth == 0:
                return pos, True
        kept = text.find(self.first, max(pos, len(text) - KEPT_CHARS))
        return (len(text) if kept < 0 else kept), False


def _until(close: str, nested: str = "(?!)") -> re.Pattern[str]:
    return re.compile(f"(?P<close>{close})|{nested}", re.IGNORECASE)


_COMMENT_END = _until("-->")
_EMBED_END = _until("]")
_REASONING_END = _until(rf"</(?:antml:)?(?:{_REASONING})\s{{0,9}}>")


@lru_cache(maxsize=64)
def _tag_end(name: str) -> re.Pattern[str]:
    return _until(rf"</(?:antml:)?{name}\s{{0,9}}>", rf"<(?:antml:)?{name}(?=[\s/>])")


def open_region(text: str, pos: int, limit: int, ending: Ending) -> Region | int | None:
    """Looks at the `<` at `pos`, for attributes no further than `limit`.

    Returns:
        The region that opens here; or where the text goes on, which is `pos` when nothing
        hidden stands here; `None` while that is undecided. A name under way stays undecided
        however late it is: it holds back no word.
    """
    begun = _BEGUN.match(text, pos)
    if begun and _may_name(begun[1]):
        return len(text) if ending is Ending.OVER else None
    if text.startswith("<!--", pos):
        return Region(_COMMENT_END, first="-")
    stray = _STRAY.match(text, pos)
    if stray:
        return stray.end()
    opened = _OPENS.match(text, pos)
    if opened is None:
        return pos
    closed = _SELF_CLOSED.match(text, pos, limit)
    if closed:
        return closed.end()
    if ending is Ending.OPEN and _UNDECIDED.match(text, pos, limit):
        return None
    if opened["reasoning"]:
        return Region(_REASONING_END)
    return Region(_tag_end(opened["name"].lower()), depth=0)


def open_embed(text: str, pos: int, ending: Ending) -> Region | int | None:
    """Looks at the `[` at `pos`, as `open_region` does: `[embed …]` is a region."""
    if ending is not Ending.OVER and _EMBED_BEGUN.match(text, pos) and len(text) > pos + 1:
        return None
    return Region(_EMBED_END, first="]") if _EMBED.match(text, pos) else pos


def _may_name(begun: str) -> bool:
    if begun.startswith("!"):
        return True
    name = begun.lower().removeprefix("/")
    return any(hidden.startswith(name) for hidden in _ALL_NAMES)
