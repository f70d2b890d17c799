"""What square brackets hold: links, marks, footnotes, citations, embeds, JSON.

Brackets themselves are never said, so a link needs no pairing: its text passes as it comes, and
only where it leads is left out.
"""

import re

from bridge.core.speech import hidden, marks
from bridge.core.speech.ending import Ending
from bridge.core.speech.hidden import Region
from bridge.core.speech.modes import Mode
from bridge.core.speech.reading import Reading
from bridge.core.speech.spoken_json import MAY_OPEN, OPENS

_RUN = re.compile(r"\[+(?=\[\[)")
_RUN_END = re.compile(r"\]+(?=\])")
_FOOTNOTE = re.compile(r"\[\^[^\]\[\s]{1,40}\]")
_FOOTNOTE_BEGUN = re.compile(r"\[\^[^\]\[\s]{0,40}\Z")
_CITATION = re.compile(r"\[[0-9]{1,3}(?:[,–-] ?[0-9]{1,3}){0,9}(?=\])")
_CITATION_BEGUN = re.compile(r"\[[0-9]{1,3}(?:[,–-] ?[0-9]{0,3}){0,9}\Z")
_REFERENCE = re.compile(r"\]\[[^\]\[\n]{0,60}\]")
_REFERENCE_BEGUN = re.compile(r"\]\[[^\]\[\n]{0,60}\Z")
_LEADS = re.compile(r"\]\([ \t]*([^\s()]*)")
_LEADING_SIGN = re.compile(r"[/.#:?@<]|\Z")


def read_bracket(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Reads the `[` at `pos`. Brackets have no sound; what counts is what they hold."""
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    run = _RUN.match(text, pos)
    if run:
        return run.end()
    if text.startswith(marks.OPENS, pos):
        return _read_mark(reading, text, pos, ending)
    region = hidden.open_bracketed(text, pos, ending)
    if isinstance(region, Region):
        reading.hide(region)
        return pos
    if region is None:
        return None
    if OPENS.match(text, pos, limit):
        reading.enter_json()
        return pos
    return _read_note(text, pos, limit, ending)


def _read_mark(reading: Reading, text: str, pos: int, ending: Ending) -> int | None:
    found = marks.find(text, pos, ending)
    if found is None:
        return None
    if found.mark:
        reading.voice.line.mark(found.mark)
    return max(found.end, pos + 1)


def _read_note(text: str, pos: int, limit: int, ending: Ending) -> int | None:
    footnote = _FOOTNOTE.match(text, pos, limit)
    if footnote:
        return footnote.end()
    begun = (
        _FOOTNOTE_BEGUN.match(text, pos, limit)
        or _CITATION_BEGUN.match(text, pos, limit)
        or MAY_OPEN.match(text, pos, limit)
    )
    if begun and ending is Ending.OPEN:
        return None
    citation = _CITATION.match(text, pos, limit)
    return citation.end() if citation else pos + 1


def read_bracket_end(
    reading: Reading, text: str, pos: int, limit: int, ending: Ending
) -> int | None:
    """Reads the `]` at `pos`, and where a link leads after it."""
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    run = _RUN_END.match(text, pos)
    if run:
        return run.end()
    if text.startswith("](", pos):
        leads = _LEADS.match(text, pos, limit)
        assert leads is not None
        return _read_lead(reading, text, pos, leads, ending)
    reference = _REFERENCE.match(text, pos, limit)
    if reference:
        return reference.end()
    if _REFERENCE_BEGUN.match(text, pos, limit) and ending is Ending.OPEN:
        return None
    return pos + 1


def _read_lead(
    reading: Reading, text: str, pos: int, leads: re.Match[str], ending: Ending
) -> int | None:
    is_link = _LEADING_SIGN.search(leads[1][:-1]) if leads[1] else None
    closed = text[leads.end() : leads.end() + 1] == ")"
    if closed or (is_link and is_link[0]):
        reading.enter(Mode.LINK)
        return pos + 1
    if leads.end() == len(text) and ending is Ending.OPEN:
        return None
    return pos + 1
