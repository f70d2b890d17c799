"""Passages that are left out: hidden regions, code, tags, where links lead, rests of addresses.

Each reads on from a place and says where it stopped, `None` while that is undecided. Where a
passage ends, the reader goes back to what it was reading before.
"""

import re

from bridge.core.speech import addresses, symbols
from bridge.core.speech.ending import Ending
from bridge.core.speech.modes import Mode
from bridge.core.speech.reading import Reading
from bridge.core.speech.spoken_json import MAY_OPEN, OPENS
from bridge.core.speech.tags import BLANK_LINE

_WHITE = re.compile(r"\s+")
_NOT_LINE_END = re.compile(f"[^{symbols.BREAKS}]+")
_TAG_END = re.compile(f"[><]|{BLANK_LINE}")
_BLANK_LINE_BEGUN = re.compile(r"[\n\x85\u2028\u2029][ \t\r]*\Z")
_LINK_RUN = re.compile(r"[^()\s\\]+")
_ESCAPED = re.compile(r"\\[^\s]")
_TITLE = re.compile(r"[ \t]*\n?[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\))?[ \t]*\)")
_TITLE_BEGUN = re.compile(
    r"[ \t]*\n?[ \t]*(?:\"[^\"\n]*(?:\"[ \t]*)?|'[^'\n]*(?:'[ \t]*)?|\([^()\n]*(?:\)[ \t]*)?)?\Z"
)


def read_region(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Something hidden."""
    assert reading.region is not None
    after, is_over = reading.region.skip(text, pos)
    if is_over:
        reading.leave()
        return after
    return after if after > pos else None


def read_fence(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Code, line by line, up to the end of its fence."""
    fence = reading.fence
    waits = ending is not Ending.OVER and len(text) < limit
    if fence.line_begins:
        if waits and fence.may_end(text, pos):
            return None
        end = fence.find_end(text, pos)
        if end is not None:
            reading.end_fence()
            return end
    if fence.is_fresh:
        return _read_first(reading, text, pos, limit, waits=waits)
    line_end = text.find("\n", pos)
    fence.line_begins = line_end >= 0
    return line_end + 1 if line_end >= 0 else len(text)


def _read_first(reading: Reading, text: str, pos: int, limit: int, *, waits: bool) -> int | None:
    """What the code begins with decides whether it is JSON."""
    fence = reading.fence
    white = _WHITE.match(text, pos)
    if white:
        fence.line_begins = "\n" in white[0]
        return white.end()
    is_json = OPENS.match(text, pos, limit)
    if not is_json and waits and MAY_OPEN.match(text, pos):
        return None
    fence.is_fresh = False
    reading.enter_json() if is_json else reading.leave_code_out()
    return pos


def read_tag(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """A long tag, up to its end. One that is never closed ends with its paragraph."""
    end = _TAG_END.search(text, pos)
    if end is None:
        begun = _BLANK_LINE_BEGUN.search(text, pos) if ending is not Ending.OVER else None
        after = begun.start() if begun else len(text)
        return after if after > pos else None
    reading.leave()
    return end.end() if end[0] == ">" else end.start()


def read_link(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Where a link leads, up to the bracket that closes it.

    White space is followed by a title and that bracket; otherwise the link was never closed, and
    what follows is words.
    """
    run = _LINK_RUN.match(text, pos)
    if run:
        return run.end()
    char = text[pos]
    if char == "\\" and pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    if char in " \t\n":
        return _end_link(reading, text, pos, limit, ending)
    reading.brackets += {"(": 1, ")": -1}.get(char, 0)
    if reading.brackets == 0:
        reading.leave()
    escaped = _ESCAPED.match(text, pos)
    return escaped.end() if escaped else pos + 1


def _end_link(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if _TITLE_BEGUN.match(text, pos, limit) and ending is Ending.OPEN:
        return None
    title = _TITLE.match(text, pos, limit)
    reading.leave()
    return title.end() if title else pos


def read_address(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """A web address, after its host. Punctuation that ends it belongs to the sentence."""
    run = addresses.TAIL.match(text, pos)
    if run:
        return run.end()
    if text[pos] == "(":
        reading.brackets += 1
        return pos + 1
    if text[pos] == ")" and reading.brackets:
        reading.brackets -= 1
        return pos + 1
    marks = addresses.TAIL_END.match(text, pos)
    if marks and marks.end() == len(text) and ending is Ending.OPEN:
        return None
    if marks and addresses.goes_on(text, marks.end()):
        return marks.end()
    reading.leave()
    return pos


def read_definition(
    reading: Reading, text: str, pos: int, limit: int, ending: Ending
) -> int | None:
    """Where a reference leads, up to the end of the line."""
    rest = _NOT_LINE_END.match(text, pos)
    if rest:
        return rest.end()
    reading.mode = Mode.LINE
    return pos
