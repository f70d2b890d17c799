"""Passages that are left out: hidden regions, long tags, where links lead, the rest of addresses.

Each reads on from a place and says where it stopped, `None` while that is undecided. Where a
passage ends, the reader goes back to what it was reading before.
"""

import re
from typing import TYPE_CHECKING

from bridge.core.speech import addresses, symbols
from bridge.core.speech.ending import Ending
from bridge.core.speech.modes import Mode

if TYPE_CHECKING:
    from bridge.core.speech.reader import Reader

_NOT_LINE_END = re.compile(f"[^{symbols.BREAKS}]+")
_LINK_RUN = re.compile(r"[^()\n\\]+")


def read_region(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Something hidden."""
    assert reader.region is not None
    after, is_over = reader.region.skip(text, pos)
    if is_over:
        reader.leave()
        return after
    return after if after > pos else None


def read_tag(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """A long tag, up to its end."""
    close = text.find(">", pos)
    if close < 0:
        return len(text)
    reader.leave()
    return close + 1


def read_link(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Where a link leads, up to the bracket that closes it, or the end of the line."""
    run = _LINK_RUN.match(text, pos)
    if run:
        return run.end()
    char = text[pos]
    if char == "\\":
        return _skip_escaped(text, pos, ending)
    reader.brackets += {"(": 1, ")": -1}.get(char, 0)
    if char == "\n" or reader.brackets == 0:
        reader.leave()
    return pos if char == "\n" else pos + 1


def _skip_escaped(text: str, pos: int, ending: Ending) -> int | None:
    if pos + 1 == len(text):
        return None if ending is Ending.OPEN else pos + 1
    return pos + 1 if text[pos + 1] == "\n" else pos + 2


def read_address(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """A web address, after its host. Punctuation that ends it belongs to the sentence."""
    run = addresses.TAIL.match(text, pos)
    if run:
        return run.end()
    if text[pos] == "(":
        reader.brackets += 1
        return pos + 1
    if text[pos] == ")" and reader.brackets:
        reader.brackets -= 1
        return pos + 1
    marks = addresses.TAIL_END.match(text, pos)
    if marks and marks.end() == len(text) and ending is Ending.OPEN:
        return None
    if marks and addresses.GOES_ON.match(text, marks.end()):
        return marks.end()
    reader.leave()
    return pos


def read_definition(
    reader: "Reader", text: str, pos: int, limit: int, ending: Ending
) -> int | None:
    """Where a reference leads, up to the end of the line."""
    rest = _NOT_LINE_END.match(text, pos)
    if rest:
        return rest.end()
    reader.mode = Mode.LINE
    return pos
