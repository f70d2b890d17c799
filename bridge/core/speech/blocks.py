"""How a line begins: heading, list item, quotation, row, rule, fence, definition, or just text."""

import re
from dataclasses import dataclass
from enum import Enum

from bridge.core.speech import symbols
from bridge.core.speech.beginning import MAX_COUNTED_DIGITS
from bridge.core.speech.ending import Ending


class Kind(Enum):
    """What a line's beginning makes of it."""

    TEXT = "text"
    """Words: a paragraph begins, or goes on."""
    BLANK = "blank"
    """White space; the line has not begun yet."""
    LINE_END = "line end"
    QUOTE = "quote"
    HEADING = "heading"
    ITEM = "item"
    NUMBERED = "numbered"
    """A list item whose number is said."""
    ROW = "row"
    RULE = "rule"
    """A line without words: a rule, an underline, what stands under a table's head."""
    FENCE = "fence"
    FOOTNOTE = "footnote"
    DEFINITION = "definition"
    """Where a link leads: never said."""
    BOX = "box"
    """The check box of a task."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a line opens with.

    Attributes:
        kind: what it makes of the line.
        end: where its content begins.
        text: the number of a numbered item, the fence, the whole rule, or the line ends.
    """

    kind: Kind
    end: int
    text: str = ""


_WHITE = re.compile(rf"[ \r{symbols.SPACES}]+")
_LINE_END = re.compile("[\n\x85\u2028\u2029]")
_BLANK_LINES = re.compile("[\n\x85\u2028\u2029]+")
_SIGNS = re.compile(r"[-=:|+*_~ \t\r]*")
_BULLET = re.compile(r"[-+*–—][ \t]+")
_MEANING = re.compile(r":[ \t]+(?=[^\s:|-])")
_DOT = re.compile(rf"[{symbols.DOTS}·][ \t\xa0]*")
_PICTURE = re.compile(rf"[{symbols.PICTURES}]")
_PICTURES = re.compile(rf"[{symbols.NO_SOUND}{symbols.JOINERS}]+[ \t\xa0]+(?=\S)")
_PICTURES_BEGUN = re.compile(rf"[{symbols.NO_SOUND}{symbols.JOINERS}]+[ \t\xa0]*\Z")
_DASHES = re.compile(r"-{2,}|={2,}|~{2,}")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|(?=[\r\n]|\Z))")
_HASHES = re.compile(r"#{1,7}\Z")
_NUMBERED = re.compile(r"([0-9]{1,9})[.)][ \t]+(?=[^\s])")
_NUMBER_BEGUN = re.compile(r"[0-9]{1,9}(?:[.)][ \t]*)?\Z")
_KEYCAP = re.compile(r"([0-9])\ufe0f?\u20e3[ \t]*(?=\S)")
_KEYCAP_BEGUN = re.compile(r"[0-9]\ufe0f?(?:\u20e3[ \t]*)?\Z")
_COUNTED = re.compile(rf"([0-9]{{1,{MAX_COUNTED_DIGITS}}})[、．](?=\S)")
_COUNTED_BEGUN = re.compile(rf"[0-9]{{1,{MAX_COUNTED_DIGITS}}}[、．]?\Z")
_FENCE = re.compile(r"(`{3,200}|~{3,200})([^`\n]*)(?:\n|\Z)")
_FENCE_BEGUN = re.compile(r"(?:`{1,200}[^`\n]*|~{1,200}[^\n]*)\Z")
_BOX = re.compile(r"\[[ xX]\](?:[ \t]+|(?=[\r\n]|\Z))")
_BOX_BEGUN = re.compile(r"\[(?:[ xX](?:\][ \t]*)?)?\Z")
_FOOTNOTE = re.compile(r"\[\^[^\]\[\s]{1,40}\]:[ \t]*")
_DEFINITION = re.compile(r"\[[^\]\[\s]{1,60}\]:[ \t]*(?:<|https?://|www\.|mailto:|[/#.])")
_LABEL_BEGUN = re.compile(r"\[\^?[^\]\[\s]{0,60}(?:\](?::[ \t]*[a-zA-Z]{0,6}(?::/{0,2})?)?)?\Z")


def open_line(text: str, pos: int, limit: int, ending: Ending, *, in_item: bool) -> Opening | None:
    """Looks at a line's beginning at `pos`, and no further than `limit`.

    Args:
        text: the text.
        pos: a place before the end of it.
        limit: how far a decision may look.
        ending: whether more may come.
        in_item: whether a list marker stands before, so that a check box may follow.

    Returns:
        What stands there; `None` while that is undecided.
    """
    line_end = _BLANK_LINES.match(text, pos)
    if line_end:
        return Opening(Kind.LINE_END, line_end.end(), line_end[0])
    white = _WHITE.match(text, pos)
    if white:
        return Opening(Kind.BLANK, white.end())
    if text[pos] == "[":
        return _open_bracket(text, pos, limit, ending, in_item=in_item)
    reader = _READERS.get(text[pos])
    if reader is None:
        is_picture = _PICTURE.match(text, pos)
        return _open_picture(text, pos, limit, ending) if is_picture else Opening(Kind.TEXT, pos)
    return reader(text, pos, limit, ending)


def _open_quote(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    return Opening(Kind.QUOTE, pos + 1)


def _open_heading(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    if ending is Ending.OPEN and _HASHES.match(text, pos, limit):
        return None
    heading = _HEADING.match(text, pos, limit)
    return Opening(Kind.HEADING, heading.end()) if heading else Opening(Kind.TEXT, pos)


def _open_number(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    numbered = _NUMBERED.match(text, pos, limit) or _KEYCAP.match(text, pos, limit)
    if numbered:
        return Opening(Kind.NUMBERED, numbered.end(), f"{numbered[1]}: ")
    counted = _COUNTED.match(text, pos, limit)
    if counted:
        return Opening(Kind.NUMBERED, counted.end(), f"{counted[1]}：")
    begun = any(
        pattern.match(text, pos, limit)
        for pattern in (_NUMBER_BEGUN, _COUNTED_BEGUN, _KEYCAP_BEGUN)
    )
    return None if begun and ending is Ending.OPEN else Opening(Kind.TEXT, pos)


def _open_dot(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    dot = _DOT.match(text, pos, limit)
    return Opening(Kind.ITEM, dot.end() if dot else pos + 1)


def _open_picture(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    """An emoji stands where a bullet would."""
    if ending is Ending.OPEN and _PICTURES_BEGUN.match(text, pos, limit):
        return None
    pictures = _PICTURES.match(text, pos, limit)
    return Opening(Kind.ITEM, pictures.end()) if pictures else Opening(Kind.TEXT, pos)


def _open_signs(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    signs = _SIGNS.match(text, pos, limit)
    end = signs.end() if signs else pos
    if end == limit:
        return Opening(Kind.RULE, end, text[pos:end])
    if end == len(text) and ending is Ending.OPEN:
        return None
    if text.startswith("~~~", pos):
        return _open_fence(text, pos, limit, ending)
    if end == len(text) and (text[pos] == "|" or _BULLET.match(text, pos)):
        return _open_signed_text(text, pos)
    is_rule = text[pos:end].strip(": \t\r") != ""
    if is_rule and (end == len(text) or _LINE_END.match(text, end)):
        return Opening(Kind.RULE, end, text[pos:end])
    return _open_signed_text(text, pos)


def _open_dash(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    if ending is Ending.OPEN and pos + 1 == len(text):
        return None
    return _open_signed_text(text, pos)


def _open_signed_text(text: str, pos: int) -> Opening:
    if text[pos] == "|":
        return Opening(Kind.ROW, pos + 1)
    bullet = _BULLET.match(text, pos) or _MEANING.match(text, pos)
    if bullet:
        return Opening(Kind.ITEM, bullet.end())
    dashes = _DASHES.match(text, pos)
    return Opening(Kind.TEXT, dashes.end() if dashes else pos)


def _open_fence(text: str, pos: int, limit: int, ending: Ending) -> Opening | None:
    begun = _FENCE_BEGUN.match(text, pos, limit)
    if begun and ending is Ending.OPEN:
        return None
    fence = _FENCE.match(text, pos, limit)
    if fence is None:
        return Opening(Kind.TEXT, pos)
    return Opening(Kind.FENCE, fence.end(), fence[1])


def _open_bracket(
    text: str, pos: int, limit: int, ending: Ending, *, in_item: bool
) -> Opening | None:
    box = _BOX.match(text, pos, limit)
    if in_item and box and (box.end() < len(text) or ending is not Ending.OPEN):
        return Opening(Kind.BOX, box.end())
    footnote = _FOOTNOTE.match(text, pos, limit)
    if footnote:
        return Opening(Kind.FOOTNOTE, footnote.end())
    definition = _DEFINITION.match(text, pos, limit)
    if definition:
        return Opening(Kind.DEFINITION, definition.end())
    begun = (in_item and _BOX_BEGUN.match(text, pos, limit)) or _LABEL_BEGUN.match(text, pos, limit)
    return None if begun and ending is Ending.OPEN else Opening(Kind.TEXT, pos)


_READERS = {
    ">": _open_quote,
    "#": _open_heading,
    **dict.fromkeys("0123456789", _open_number),
    **dict.fromkeys("-=:|+*_~", _open_signs),
    **dict.fromkeys("–—", _open_dash),
    **dict.fromkeys("•‣⁃▪▫●○◦∙·", _open_dot),
    "`": _open_fence,
}
