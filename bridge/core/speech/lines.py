"""How a line opens a block: what its beginning does to the reading."""

from bridge.core.speech.blocks import Kind, Opening, open_line
from bridge.core.speech.ending import Ending
from bridge.core.speech.hidden import Region, open_region
from bridge.core.speech.modes import Mode
from bridge.core.speech.reading import Reading


def read_line(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """The beginning of a line, before its first word. See `Step`."""
    if text[pos] == "<":
        region = open_region(text, pos, limit, ending)
        if isinstance(region, Region):
            reading.hide(region)
            return pos
        if region is None or region > pos:
            return region
    opening = open_line(text, pos, limit, ending, in_item=reading.after_marker)
    if opening is not None:
        _open(reading, opening)
        return opening.end
    return None


def _open(reading: Reading, opening: Opening) -> None:
    match opening.kind:
        case Kind.BLANK | Kind.BOX:
            pass
        case Kind.LINE_END:
            _end_line(reading, opening)
        case Kind.TEXT:
            _begin_words(reading)
        case Kind.QUOTE:
            _begin_quote(reading)
        case Kind.RULE:
            reading.end_block()
            reading.in_table = "|" in opening.text and "-" in opening.text
            reading.line_is_rule = True
        case Kind.FENCE:
            reading.begin_fence(opening.text)
        case Kind.DEFINITION:
            reading.end_block()
            reading.mode = Mode.DEFINITION
        case _:
            _begin_marked(reading, opening)


def _end_line(reading: Reading, line_end: Opening) -> None:
    """The line held no word: it was a rule's, or it is blank, and what went before ends."""
    was_rule, reading.line_is_rule = reading.line_is_rule, False
    if was_rule and len(line_end.text) == 1:
        return
    if not reading.line_is_quoted:
        reading.in_quote = False
    reading.end_block()
    reading.in_table = reading.line_is_quoted = reading.after_marker = False


def _begin_words(reading: Reading) -> None:
    if reading.in_quote and not reading.line_is_quoted and reading.kind is None:
        reading.in_quote = False
    if reading.in_table and not reading.after_marker:
        reading.begin_block(Kind.ROW)
    elif reading.kind is None:
        reading.begin_block(Kind.TEXT)
    elif not reading.after_marker:
        reading.voice.line_break()
    reading.mode = Mode.TEXT


def _begin_quote(reading: Reading) -> None:
    reading.line_is_quoted = True
    if not reading.in_quote:
        reading.in_quote = True
        reading.end_block()


def _begin_marked(reading: Reading, opening: Opening) -> None:
    reading.begin_block(Kind.TEXT if opening.kind is Kind.FOOTNOTE else opening.kind)
    if opening.kind is Kind.NUMBERED:
        reading.voice.literal(opening.text)
    reading.after_marker = True
    if opening.kind in {Kind.HEADING, Kind.ROW}:
        reading.mode = Mode.TEXT
