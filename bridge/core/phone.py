"""E.164 numbers: parse, compare, mask.

A number is `+` and 7 to 15 digits, or it is not a number here: withheld words, extensions, SIP
addresses and national numbers are refused rather than guessed at. Nothing in this file shows a
number in an error's text.

Source: ITU-T E.164 (2010), 6: at most 15 digits, a country code begins with 1 to 9.
"""

import re
from typing import NewType

from bridge.core.stated import KEYED
from bridge.masking import MASK, mask_digits

E164 = NewType("E164", str)
"""A number as `+15550001234`."""

Prefix = NewType("Prefix", str)
"""The beginning of numbers, as `+1415*`."""

_PUNCTUATION = re.compile("[ \t.()/\u00a0\u202f\u2009\u2010-\u2015-]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,13}\*")


def parse_e164(text: str) -> E164:
    """A telephone number from text.

    `tel:`, blanks, dots, dashes, slashes and parentheses are dropped, and `00` counts as `+`.

    Raises:
        ValueError: not an international number. The message never holds the text.
    """
    bare = _compact(text)
    if _E164.fullmatch(bare) is None or bare[1:] in KEYED:
        raise ValueError("not an international number such as '+15550001234'")
    return E164(bare)


def _compact(text: str) -> str:
    if "(0)" in text:  # "+44 (0)20" is written for two kinds of reader and dials for neither
        raise ValueError("leave out the '(0)': it isn't dialled from abroad")
    bare = _PUNCTUATION.sub("", text.strip().removeprefix("tel:"))
    return "+" + bare[2:] if bare.startswith("00") else bare


def parse_pattern(text: str) -> E164 | Prefix:
    """A number, or a prefix that ends in `*`, in its plain form.

    Raises:
        ValueError: neither of the two; says what would be right, never the text.
    """
    if not text.rstrip().endswith("*"):
        return parse_e164(text)
    bare = _compact(text)
    if _PREFIX.fullmatch(bare) is None:
        raise ValueError("not a prefix such as '+1415*'")
    return Prefix(bare)


def matches(number: E164, pattern: str) -> bool:
    """Whether a number is the one, or begins as the prefix. An unreadable pattern matches none."""
    try:
        wanted = parse_pattern(pattern)
    except ValueError:
        return False
    if wanted.endswith("*"):
        return number.startswith(wanted[:-1])
    return number == wanted


def mask(number: str) -> str:
    """A number fit for a log: `+1555•••1234`.

    Shorter ones keep two digits at each end; what is no number is hidden whole; empty stays empty.
    """
    try:
        known = parse_e164(number)
    except ValueError:
        return MASK if number.strip() else ""
    return mask_digits(known[1:])
