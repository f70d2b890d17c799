"""What a platform stated in a field, or did not: withheld words, unfilled templates, ids.

A platform fills headers and prompts from variables. One it has no value for arrives empty, as the
template itself (`{{…}}`), as `NOT_STATED`, or as a word such as `anonymous`. All of these mean "not
known" and never an error; here is the one place that says so.
"""

import re

from bridge.errors import BadRequest

ID_CHARS = 256
"""Longest id or session key taken, in characters. Those of platforms have 20 to 64."""

SESSION_HEADER = "x-openclaw-session-key"
"""The header by which a client names its session itself, and is obeyed."""

NOT_STATED = "-"
"""What a variable of ours says that nobody filled in: provisioning declares each one with it.

A header that says so counts as not there at all, which is less than withheld: it makes no telephone
call of a conversation that is none, such as a test in the platform's dashboard.
"""

WITHHELD = frozenset(
    {
        "anonymous",
        "blocked",
        "hidden",
        "nil",
        "none",
        "null",
        "private",
        "restricted",
        "suppressed",
        "unavailable",
        "undefined",
        "unknown",
        "withheld",
    }
)
"""Words that stand where a number or an id is not known, in lower case."""

KEYED = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253", "7748283"})
"""What a keypad spells for anonymous, restricted, blocked, unknown, unavailable and private.

Networks that must send digits send these. None is a number anybody has.
"""

_TEMPLATE = re.compile(r"\{\{|\}\}")


def is_unfilled(text: str) -> bool:
    """True when nothing was said: empty, `NOT_STATED`, or a template that nobody filled in."""
    return text.strip() in ("", NOT_STATED) or _TEMPLATE.search(text) is not None


def is_withheld(text: str) -> bool:
    """True when nothing was said, or only that it is not known: a word of `WITHHELD`, any case."""
    return is_unfilled(text) or text.strip().casefold() in WITHHELD


def parse_id(text: str, param: str) -> str:
    """An id from outside, trimmed.

    Args:
        text: 1 to `ID_CHARS` printable characters, blanks at the ends aside.
        param: the header or field it came in, for the error.

    Raises:
        BadRequest: empty, too long, or with a character that can't be printed.
    """
    trimmed = text.strip(" \t")
    if not 1 <= len(trimmed) <= ID_CHARS:
        raise BadRequest(f"{param!r} must have 1 to {ID_CHARS} characters.", param=param)
    if not trimmed.isprintable():
        raise BadRequest(f"{param!r} must hold printable characters only.", param=param)
    return trimmed


def parse_session_header(text: str | None) -> str | None:
    """The session key of `SESSION_HEADER`, trimmed.

    Returns:
        The key, or `None` when there is no header, or only an unfilled template or `NOT_STATED` in
        it. Obeyed as a key, either would be one that every caller shares.

    Raises:
        BadRequest: not 1 to `ID_CHARS` printable ASCII characters.
    """
    if text is None or (text.strip() and is_unfilled(text)):
        return None
    key = parse_id(text, SESSION_HEADER)
    if not key.isascii():  # it goes on as a header, where nothing else is safe
        raise BadRequest(f"{SESSION_HEADER!r} must hold ASCII only.", param=SESSION_HEADER)
    return key
