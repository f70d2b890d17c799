"""How many words of a speech were understood wrongly, however each side writes them.

Case, punctuation and spelling by digits are no errors: a recogniser writes "15" for "fifteen",
"Good bye" for "goodbye" and "bridges" for "bridge's". A word that was taken for another one that
sounds the same is an error.
"""

import re
from typing import Literal

import jiwer

Reading = Literal["whole", "digits", "pairs"]
"""How 4711 is read: as one number, as four seven one one, or as forty-seven eleven."""

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_BIGGEST_WORDS = 1_000_000
"""From here on digits are read one by one: nobody says such a number on the telephone."""

_SAME = {
    "ok": "okay",
    "good bye": "goodbye",
    "a m": "am",
    "p m": "pm",
    "mr": "mister",
    "dr": "doctor",
    "to morrow": "tomorrow",
    "to day": "today",
}
"""One word, written in two ways. Source: what tiny.en writes (2026-11)."""


def spelled(text: str, reading: Reading = "whole") -> str:
    """The words as they are said: lower case, no punctuation, numbers in words."""
    text = re.sub(r"(?<=\w)['’](?=\w)", "", text.lower())
    text = re.sub(r"\$(\d[\d,]*(?:\.\d+)?)", r"\1 dollars", text).replace("%", " percent ")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\b(\d{1,2}):00\b", r"\1", text)
    text = re.sub(r"\b(\d{1,2}):0(\d)\b", r"\1 oh \2", text)
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", lambda found: _ordinal(int(found[1])), text)
    text = re.sub(r"(?<=\d)\.(?=\d)", " point ", text)
    text = re.sub(r"(?<=\w)\.(?=\w)", " ", text)
    text = re.sub(r"\d+", lambda found: f" {_number(found[0], reading)} ", text)
    text = re.sub(r"[^\w]|_", " ", text)
    text = " ".join(text.split())
    for one, other in _SAME.items():
        text = re.sub(rf"\b{one}\b", other, text)
    return text


def compare(said: str, understood: str) -> tuple[int, int]:
    """How many words were said, and how many of them were taken for others, lost or made up.

    Digits stand for several readings; the one that fits the other side best is taken, for each
    side as a whole.
    """
    readings: tuple[Reading, ...] = ("whole", "digits", "pairs")
    counted = [
        _count(spelled(said, one), spelled(understood, other))
        for one in (readings if re.search(r"\d", said) else readings[:1])
        for other in (readings if re.search(r"\d", understood) else readings[:1])
    ]
    return min(counted, key=lambda words_and_errors: words_and_errors[1])


def _count(said: str, understood: str) -> tuple[int, int]:
    if not said:
        return 0, len(understood.split())
    found = jiwer.process_words(said, understood)
    return len(said.split()), found.substitutions + found.deletions + found.insertions


def _number(digits: str, reading: Reading) -> str:
    match reading:
        case "digits":
            return " ".join(_UNITS[int(digit)] for digit in digits)
        case "pairs" if len(digits) > len("99") and not digits.endswith("00"):
            pairs = re.findall(r"..?", digits[::-1])[::-1]
            return " ".join(_pair(pair[::-1]) for pair in pairs)
        case _ if int(digits) >= _BIGGEST_WORDS or (digits.startswith("0") and len(digits) > 1):
            return _number(digits, "digits")
        case _:
            return _cardinal(int(digits))


def _pair(digits: str) -> str:
    return f"oh {_UNITS[int(digits[-1])]}" if digits[0] == "0" else _cardinal(int(digits))


def _cardinal(number: int) -> str:
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{_cardinal(number // size)} {name}" + (f" {_cardinal(rest)}" if rest else "")
    if number < len(_UNITS):
        return _UNITS[number]
    ten, unit = divmod(number, 10)
    return _TENS[ten] + (f" {_UNITS[unit]}" if unit else "")


def _ordinal(number: int) -> str:
    rest, _, last = _cardinal(number).rpartition(" ")
    ordinal = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{rest} {ordinal}".strip()
