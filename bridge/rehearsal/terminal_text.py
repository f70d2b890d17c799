"""Text for a terminal: how wide it is, wrapped, with signs that the terminal can show. Pure."""

import unicodedata
from dataclasses import dataclass

WIDE = frozenset("WF")
"""East Asian widths that take two columns. Source: Unicode Standard Annex 11."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What marks things in a picture. Each is one column wide.

    Attributes:
        shades: what the stages of a turn are drawn with, in their order.
    """

    lane: str
    rings: str
    wait: str
    filler: str
    ours: str
    cut: str
    again: str
    withdrawn: str
    tool: str
    event: str
    report: str
    over: str
    passed: str
    failed: str
    rule: str
    shades: str


UNICODE = Signs(
    lane="│",
    rings="○",
    wait="⋯",
    filler="~",
    ours="=",
    cut="✂",
    again="↻",
    withdrawn="×",
    tool="◆",
    event="!",
    report="»",
    over="●",
    passed="✓",
    failed="✗",
    rule="─",
    shades="▁░▒▓█",
)

ASCII = Signs(
    lane="|",
    rings="o",
    wait=".",
    filler="~",
    ours="=",
    cut="/",
    again="@",
    withdrawn="x",
    tool="*",
    event="!",
    report=">",
    over="#",
    passed="+",
    failed="-",
    rule="-",
    shades="cst%=",
)


def signs_for(encoding: str | None) -> Signs:
    """Signs that an encoding can show."""
    wanted = "".join(getattr(UNICODE, name) for name in UNICODE.__slots__)
    try:
        wanted.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def width(text: str) -> int:
    """Columns that a text takes."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in WIDE else 1


def padded(text: str, columns: int) -> str:
    """The text with blanks up to so many columns."""
    return text + " " * (columns - width(text))


def one_line(text: str) -> str:
    """The text with single blanks, and without what would move a terminal's cursor."""
    shown = "".join(char if char.isprintable() or char.isspace() else "�" for char in text)
    return " ".join(shown.split())


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns, broken at blanks where there are any.

    A word that is too long, or a script that has no blanks, is broken between letters. No text is
    one empty line.
    """
    lines, line = [], ""
    for word in one_line(text).split(" "):
        rest, between = word, " " if line else ""
        if width(line + between + rest) <= columns:
            line += between + rest
            continue
        if line:
            lines.append(line)
        while width(rest) > columns:
            piece = _fitting(rest, columns)
            lines.append(piece)
            rest = rest[len(piece) :]
        line = rest
    return [*lines, line] if line or not lines else lines


def _fitting(text: str, columns: int) -> str:
    """The longest beginning that fits, of one letter at least."""
    taken, used = 0, 0
    for char in text:
        used += _char_width(char)
        if used > columns:
            break
        taken += 1
    return text[: max(1, taken)]
