"""Numbers as people say them, and as machines write them down: to a value and back to words."""

import re
from fractions import Fraction

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SMALL = {word: value for value, word in enumerate(_ONES)} | _TENS
_SCALES = {"thousand": 1_000, "million": 1_000_000}
_HUNDRED = 100
_DIGITS = re.compile(r"[0-9]{1,12}(?:,[0-9]{3})*(?:\.[0-9]{1,6})?")

_KEYS = (
    {word: str(value) for value, word in enumerate(_ONES[:10])}
    | {"oh": "0", "o": "0", "star": "*", "asterisk": "*", "pound": "#", "hash": "#", "plus": "+"}
    | dict.fromkeys(("and", "then", "the", "key", "keys", "number"), "")
)


def parse_number(words: list[str]) -> Fraction | None:
    """A number: digits (`"1,250.5"`) or words (`"two hundred and five"`). `None` if it is none."""
    if len(words) == 1 and _DIGITS.fullmatch(words[0]):
        return Fraction(words[0].replace(",", ""))
    total, group = 0, 0
    said_one = False
    for word in words:
        if word == "and" and said_one:
            continue
        if word in _SMALL:
            group += _SMALL[word]
        elif word == "hundred":
            group = max(group, 1) * _HUNDRED
        elif word in _SCALES:
            total, group = total + max(group, 1) * _SCALES[word], 0
        else:
            return None
        said_one = True
    return Fraction(total + group) if said_one else None


def parse_whole(text: str) -> int | None:
    """A whole number, as `"seven"`, `"twenty-one"` or `"7"`. `None` if it is none."""
    value = parse_number(text.lower().replace("-", " ").split())
    return int(value) if value is not None and value.denominator == 1 else None


def parse_keys(text: str) -> str:
    """Keys or a telephone number, spoken or written: `"one two pound"` is `"12#"`.

    Stops at the first word that is neither; `""` when there is none.
    """
    keys = ""
    for word in re.findall(r"[a-z]+|[0-9*#+]+|[^\sa-z0-9*#+]", text.lower()):
        if word.isascii() and word.isalpha() and word not in _KEYS:
            break
        keys += _KEYS.get(word, word if set(word) <= set("0123456789*#+") else "")
    return keys


def render_count(value: int) -> str:
    """A whole number from 0 to 99 in words."""
    if value < len(_ONES):
        return _ONES[value]
    tens, ones = divmod(value, 10)
    word = next(name for name, start in _TENS.items() if start == tens * 10)
    return f"{word}-{_ONES[ones]}" if ones else word
