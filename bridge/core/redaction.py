"""What may never be written down: card numbers and the operator's code, in figures or in words.

A row of digits is found as it is said or written: "4111 1111-1111 1111", "four one one one …",
「四一一一…」. One that holds a card's number (Luhn's check) or the code is replaced whole.

Source: ISO/IEC 7812-1 (2017): a card's number has up to 19 digits, the last is Luhn's; the issuers'
published ranges (2026-11).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bridge.core.pin import MAX_DIGITS
from bridge.core.record import CallRecord, TurnRecord
from bridge.core.spoken_digits import DIGIT_WORDS, MIN_DIGITS, REPEATING_WORDS, plain_word

CARD_DIGITS = range(13, 20)
"""How many digits the number of a payment card has."""

CARD = "[card number]"
CODE = "[code]"
"""What stands where one was."""

LONGEST_ROW = 64
"""Digits of a row that are looked through: three cards said in one breath."""

_ISSUED = re.compile(
    "4[0-9]{12}(?:[0-9]{3}){0,2}"  # Visa
    "|(?:5[1-5]|2[2-7])[0-9]{14}"  # Mastercard
    "|3[47][0-9]{13}"  # American Express
    "|3[0689][0-9]{12}|35[0-9]{14}"  # Diners, JCB
    "|(?:5[06-9]|6[0-9])[0-9]{10,17}"  # Discover, UnionPay, Maestro
)
_TOKEN = re.compile(r"\d|[^\W\d_]+")
_BETWEEN = re.compile(r"[\s.,;:!?…/·()_'\"\u2010-\u2015-]{0,5}")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes out of text what may not be kept.

    Attributes:
        is_code: whether digits are the operator's code, such as `Pin.matches`; `None` for none.
        works: false keeps every text as it is.
    """

    is_code: Callable[[str], bool] | None = None
    works: bool = True

    def text(self, text: str) -> str:
        """The text without card numbers and codes."""
        if not self.works or not text:
            return text
        kept, at = [], 0
        for start, end, digits in _rows(text):
            instead = self._instead_of(digits)
            if instead:
                kept += [text[at:start], instead]
                at = end
        return "".join((*kept, text[at:]))

    def json(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """The value with every text in it redacted; keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.json(part) for part in value]
        if isinstance(value, dict):
            return {key: self.json(part) for key, part in value.items()}
        return value

    def call(self, record: CallRecord) -> CallRecord:
        """The record, fit to be written."""
        return replace(
            record,
            message=self.text(record.message),
            brief=self.text(record.brief),
            details=self.json(dict(record.details)),
        )

    def turn(self, turn: TurnRecord) -> TurnRecord:
        """The turn, fit to be written."""
        return replace(
            turn,
            utterance=self.text(turn.utterance),
            sent=self.text(turn.sent),
            ours=self.text(turn.ours),
            heard=None if turn.heard is None else self.text(turn.heard),
            fillers=tuple(map(self.text, turn.fillers)),
            acts=tuple(self.json(dict(act)) for act in turn.acts),
        )

    def _instead_of(self, digits: str) -> str:
        digits = digits[:LONGEST_ROW]
        if any(map(_is_card, _windows(digits, CARD_DIGITS, _ISSUED))):
            return CARD
        if self.is_code is None:
            return ""
        sizes = range(MIN_DIGITS, MAX_DIGITS + 1)
        return CODE if any(map(self.is_code, _windows(digits, sizes))) else ""


def _windows(digits: str, sizes: range, begins: re.Pattern[str] | None = None) -> Iterator[str]:
    """Every part of that size; with `begins`, only where that can begin."""
    for start in range(len(digits) - sizes.start + 1):
        if begins is None or begins.match(digits, start):
            for size in range(sizes.start, min(sizes.stop, len(digits) - start + 1)):
                yield digits[start : start + size]


def _is_card(digits: str) -> bool:
    """Begins and is as long as the cards of an issuer, and passes Luhn's check."""
    if _ISSUED.fullmatch(digits) is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)  # noqa: PLR2004 - the sum of its two digits
    return total % 10 == 0


def _rows(text: str) -> Iterator[tuple[int, int, str]]:
    """Rows of `MIN_DIGITS` digits or more: where each begins and ends, and its digits."""
    start, end, row, times = 0, 0, "", 1
    for token in _TOKEN.finditer(text):
        if row and _BETWEEN.fullmatch(text, end, token.start()) is None:
            yield from _long_enough(start, end, row)
            row, times = "", 1
        digits, repeats = _digits_of(token[0])
        if not digits and (repeats == 1 or not row):
            yield from _long_enough(start, end, row)
            start, end, row, times = token.start(), token.end(), "", repeats
            continue
        if not row and times == 1:
            start = token.start()
        row += digits * (times if len(digits) == 1 else 1)
        end, times = token.end(), repeats
    yield from _long_enough(start, end, row)


def _long_enough(start: int, end: int, row: str) -> Iterator[tuple[int, int, str]]:
    if len(row) >= MIN_DIGITS:
        yield start, end, row


def _digits_of(token: str) -> tuple[str, int]:
    """The digits that a token says, and how often the next one is said by it."""
    if token.isdigit():
        return "".join(str(unicodedata.digit(char)) for char in token), 1
    if len(token) > LONGEST_ROW:
        return "", 1
    word = plain_word(token)
    if word in REPEATING_WORDS:
        return "", REPEATING_WORDS[word]
    if word in DIGIT_WORDS:
        return DIGIT_WORDS[word], 1
    if not word.isascii() and all(char in DIGIT_WORDS for char in word):
        return "".join(DIGIT_WORDS[char] for char in word), 1
    return "", 1
