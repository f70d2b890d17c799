"""Telephone numbers hidden in text: one pattern for logs, refusals and lists alike."""

import re

MASK = "•••"
"""What stands for the hidden digits, however many there are."""

LONG_DIGITS = 11
"""Numbers from here on show four digits at each end, shorter ones two."""

MOST_DIGITS = 15
"""A longer run is no number, and is hidden whole. Source: ITU-T E.164 (2010), 6."""

_NUMBER = re.compile(
    r"""
    (?: \+ | %2[Bb] )                                  # international, or with an encoded +,
    (?: [1-9][0-9]{6,}                                 # in one piece
      | [ (]{0,2}[1-9](?:[ .()-]{0,3}[0-9]){6,14} )    # or in groups
    | (?<![0-9A-Za-z.]) (?: 00[1-9][0-9]{6,14}         # dialled
      | [1-9][0-9]{10,14} ) (?![0-9A-Za-z]|[.][0-9])   # or from a carrier that leaves out the +
    """,
    re.VERBOSE,
)


def mask_digits(digits: str) -> str:
    """A number's digits, country code first, fit for a log: `+1555•••1234`."""
    if len(digits) > MOST_DIGITS:
        return MASK
    shown = 4 if len(digits) >= LONG_DIGITS else 2
    return f"+{digits[:shown]}{MASK}{digits[-shown:]}"


def mask_numbers(text: str) -> str:
    """The text with every number in it masked.

    Hidden are numbers in international form, in one piece or grouped, also behind `%2B`, and
    bare runs of 11 to 15 digits that stand alone, since some carriers leave out the `+`.
    """
    return _NUMBER.sub(_masked, text)


def holds_number(text: str) -> bool:
    """Whether `mask_numbers` would find anything to hide."""
    return _NUMBER.search(text) is not None


def _masked(found: re.Match[str]) -> str:
    return mask_digits(re.sub(r"[^0-9]", "", re.sub(r"^(?:%2[Bb]|00)", "", found[0])))
