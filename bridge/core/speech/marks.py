"""Control marks: `[[hang up]]`, `[[transfer +15550100]]`, `[[press 12#]]`.

A mark stands on one line, holds no bracket and at least one letter. What looks like a mark
that was never closed is not obeyed, and not spoken either.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.speech.ending import Ending
from bridge.core.speech.options import Mark, Piece

MARK_CHARS = 120
"""Longest mark. The longest useful one, a SIP address to transfer to, is about half of it."""

OPENS = "[["

_KNOWN: Mapping[str, str] = {
    "hangup": "hang up",
    "endcall": "hang up",
    "transfer": "transfer",
    "press": "press",
    "language": "language",
    "wait": "wait",
    "voicemail": "voicemail",
}
KNOWN = frozenset(_KNOWN.values())
"""Marks that mean something to the turn engine, each in its one spelling."""

_NAMES = re.compile(
    r"\s*(hang[\s_-]*up|end[\s_-]*call|transfer|press|language|wait|voicemail)(?![^\W_])[\s:=_-]*",
    re.IGNORECASE,
)
_WHOLE = re.compile(rf"\[\[([^\[\]\r\n]{{0,{MARK_CHARS}}})\]\]")
_OPEN = re.compile(rf"\[\[[^\[\]\r\n]{{0,{MARK_CHARS}}}\]?\Z")
_UNCLOSED = re.compile(rf"\[\[([^\[\]\r\n]{{0,{MARK_CHARS}}})\]?(?=[\r\n]|\Z)")
_LETTER = re.compile(r"[^\W\d_]")


def parse_mark(inside: str) -> Mark | None:
    """What stands between `[[` and `]]` as a mark; `None` when it holds no letter."""
    if not _LETTER.search(inside):
        return None
    known = _NAMES.match(inside)
    if known:
        name = _KNOWN[re.sub(r"[\s_-]", "", known[1]).lower()]
        return Mark(name, inside[known.end() :].strip())
    name, _, argument = inside.strip().partition(" ")
    return Mark(name.lower(), argument.strip())


@dataclass(frozen=True, slots=True)
class Found:
    """What a `[[` turned out to be.

    Attributes:
        end: where the text goes on.
        mark: the mark, or `None` when nothing is to be obeyed.
    """

    end: int
    mark: Mark | None


def find(text: str, pos: int, ending: Ending) -> Found | None:
    """Looks at the `[[` at `pos`.

    Returns:
        What it is, with `end == pos` when it is no mark; `None` while that is undecided. A mark
        under way stays undecided however late it is: it holds back no word.
    """
    whole = _WHOLE.match(text, pos)
    if whole:
        mark = parse_mark(whole[1])
        return Found(whole.end(), mark) if mark else Found(pos, None)
    if ending is not Ending.OVER and _OPEN.match(text, pos):
        return None
    unclosed = _UNCLOSED.match(text, pos)
    if unclosed and (_NAMES.match(unclosed[1]) or _is_begun(unclosed[1])):
        return Found(unclosed.end(), None)
    return Found(pos, None)


def _is_begun(inside: str) -> bool:
    begun = re.sub(r"[\s_-]", "", inside).lower()
    return any(name.startswith(begun) for name in _KNOWN)


class MarkFinder:
    """Passes text untouched, but for its marks: what `shape=False` asks for."""

    def __init__(self) -> None:
        self._held = ""
        self._pieces: list[Piece] = []

    @property
    def holds(self) -> bool:
        """Whether some text is undecided."""
        return self._held != ""

    def takes_plain(self, text: str) -> bool:
        """Whether text holds no mark and may pass at once."""
        return text != "" and not self._held and "[" not in text

    def feed(self, text: str, ending: Ending = Ending.OPEN) -> None:
        """More text; or none, and what is held is decided because it is late, or all there is."""
        self._run(self._held + text, ending)

    def finish(self) -> None:
        """The text has ended."""
        self.feed("", Ending.OVER)

    def take(self) -> list[Piece]:
        """What may be passed on now. Each piece is given once."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _run(self, text: str, ending: Ending) -> None:
        said = pos = 0
        while (pos := text.find("[", pos)) >= 0:
            if text[pos : pos + 2] == "[" and ending is Ending.OPEN:
                break
            found = find(text, pos, ending) if text.startswith(OPENS, pos) else Found(pos, None)
            if found is None:
                break
            if found.end == pos:
                pos += 1
                continue
            self._say(text[said:pos])
            if found.mark:
                self._pieces.append(found.mark)
            said = pos = found.end
        end = pos if pos >= 0 else len(text)
        self._say(text[said:end])
        self._held = text[end:]

    def _say(self, text: str) -> None:
        if text:
            self._pieces.append(text)
