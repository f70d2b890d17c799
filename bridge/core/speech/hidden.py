"""Regions that are never spoken: reasoning, tool calls, folded details, embeds, comments.

A region opens with its tag and ends with it; one that never ends hides the rest of the reply.
What models write, by their chat templates: `<think>` (most), `[THINK]` and `[TOOL_CALLS]`
(Mistral), `<function=name>` (Llama), `<|channel|>analysis` (gpt-oss), `<|START_THINKING|>`
(Command), and sections such as `<|tool_calls_section_begin|>` (Kimi, DeepSeek).
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
_ALL_NAMES = tuple(f"{prefix}{n}" for prefix in ("", "antml:", "seed:") for n in _NAMES.split("|"))

_OPENS = re.compile(
    rf"<(?:antml:|seed:)?(?:(?P<reasoning>{_REASONING})|(?P<name>{_NAMES}))(?=[\s/>=])",
    re.IGNORECASE,
)
_SELF_CLOSED = re.compile(r"<[\w:]+(?:\s[^<>]{0,160})?/>")
_UNDECIDED = re.compile(r"<[\w:]+(?:[\s/=][^<>]{0,160})?\Z")
_BEGUN = re.compile(r"<(/?[A-Za-z_:]*|!-?)\Z")
_STRAY = re.compile(rf"</(?:antml:|seed:)?(?:{_NAMES})\s{{0,9}}>", re.IGNORECASE)

_BRACKETED = re.compile(
    r"\[(?:(?P<embed>/?[eE][mM][bB][eE][dD](?=[\s\]/:]))|(?P<think>THINK\])|(?P<calls>TOOL_CALLS\]))"
)
_BRACKETED_NAMES = ("embed", "/embed", "think]", "tool_calls]")

_INSIDE = r"[^|｜<>\n]{0,40}"
_SECTION = rf"<[|｜](?!{_INSIDE}argument)(?={_INSIDE}(?i:think|thought|tool|action)){_INSIDE}"
_SECTION_OPENS = re.compile(rf"{_SECTION}(?i:begin|start)")
_CHANNEL = r"<\|channel\|>\s{0,3}"
_ANALYSIS = re.compile(rf"{_CHANNEL}(?:analysis|commentary)")
_SECTION_BEGUN = re.compile(r"<[|｜][^|｜<>\n]{0,80}\Z|<\|channel\|>\s{0,3}[a-z]{0,10}\Z")

KEPT_CHARS = 100
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
_THINK_END = _until(r"\[/THINK\]")
_LINE_END = _until("\n")
_CHANNEL_END = _until(f"{_CHANNEL}final")
_SECTION_END = _until(rf"{_SECTION}(?i:end){_INSIDE}[|｜]>", rf"{_SECTION}(?i:begin|start)")
_REASONING_END = _until(rf"</(?:antml:|seed:)?(?:{_REASONING})\s{{0,9}}>")


@lru_cache(maxsize=64)
def _tag_end(name: str) -> re.Pattern[str]:
    return _until(rf"</(?:antml:|seed:)?{name}\s{{0,9}}>", rf"<(?:antml:|seed:)?{name}(?=[\s/>=])")


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
    if text.startswith(("<|", "<｜"), pos):
        return _open_section(text, pos, ending)
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


def _open_section(text: str, pos: int, ending: Ending) -> Region | int | None:
    if _SECTION_BEGUN.match(text, pos) and ending is Ending.OPEN:
        return None
    if _ANALYSIS.match(text, pos):
        return Region(_CHANNEL_END)
    return Region(_SECTION_END, depth=0) if _SECTION_OPENS.match(text, pos) else pos


def open_bracketed(text: str, pos: int, ending: Ending) -> Region | int | None:
    """Looks at the `[` at `pos`, as `open_region` does: `[embed …]` is a region."""
    is_short = pos + 1 < len(text) <= pos + len(_BRACKETED_NAMES[-1])
    if is_short and ending is not Ending.OVER:
        begun = text[pos + 1 :].lower()
        if any(name.startswith(begun) for name in _BRACKETED_NAMES):
            return None
    found = _BRACKETED.match(text, pos)
    if found is None:
        return pos
    if found["embed"]:
        return Region(_EMBED_END, first="]")
    return Region(_THINK_END, first="[") if found["think"] else Region(_LINE_END, first="\n")


def _may_name(begun: str) -> bool:
    if begun.startswith("!"):
        return True
    name = begun.lower().removeprefix("/")
    return any(hidden.startswith(name) for hidden in _ALL_NAMES)
