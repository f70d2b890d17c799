"""Whole numbers as English words: `42` is said `forty-two`.

Only a number that stands alone is spelled, perhaps with thousands commas and with punctuation
after it: times, prices, dates, versions, ordinals and telephone numbers are left to the voice,
which knows them better. A number is held until it is known where it ends.
"""

import re

LARGEST = 999_999_999
"""Beyond it people say digits, or round."""

WORD_CHARS = 40
"""A longer run of characters with a digit in it is no number."""

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))

_DIGIT = re.compile(r"[0-9]")
_RUN = re.compile(r"\S*")
_ALONE = re.compile(r"(0|[1-9][0-9]{0,8}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,2})([.,;:!?…)\"'’”»]*)")
_OPENERS = frozenset("(\"'“‘«¿¡")


def spell(number: int) -> str:
    """A whole number from 0 to `LARGEST` as one says it."""
    for scale, name in _SCALES:
        if number >= scale:
            rest = number % scale
            return f"{spell(number // scale)} {name}" + (f" {spell(rest)}" if rest else "")
    if number < len(_ONES):
        return _ONES[number]
    rest = number % 10
    return _TENS[number // 10] + (f"-{_ONES[rest]}" if rest else "")


class NumberWords:
    """Speakable text in, the same with its numbers spelled out, in any cut."""

    def __init__(self) -> None:
        self._held = ""
        self._before = " "
        self._in_long_run = False

    @property
    def holds(self) -> bool:
        """Whether a number may still go on."""
        return self._held != ""

    def feed(self, text: str, *, is_end: bool = False) -> str:
        """More text. Returns what is decided: all of it at an end."""
        text, self._held = self._held + text, ""
        said: list[str] = []
        pos = 0
        while pos < len(text):
            pos = self._read(text, pos, said, is_end=is_end)
        joined = "".join(said)
        self._before = joined[-1:] or self._before
        return joined

    def _read(self, text: str, pos: int, said: list[str], *, is_end: bool) -> int:
        digit = None if self._in_long_run else _DIGIT.search(text, pos)
        start = digit.start() if digit else self._plain_end(text, pos)
        if start > pos:
            said.append(text[pos:start])
            return start
        run = _RUN.match(text, pos, pos + WORD_CHARS)
        assert run is not None  # it matches nothing, too
        if len(run[0]) == WORD_CHARS:
            self._in_long_run = True
        elif run.end() == len(text) and not is_end:
            self._held = text[pos:]
            return len(text)
        before = text[pos - 1] if pos else self._before
        said.append(_spelled(run[0], before))
        return run.end()

    def _plain_end(self, text: str, pos: int) -> int:
        if not self._in_long_run:
            return len(text)
        run = _RUN.match(text, pos)
        assert run is not None  # it matches nothing, too
        if run.end() < len(text):
            self._in_long_run = False
            return run.end() + 1
        return len(text)


def _spelled(run: str, before: str) -> str:
    number = _ALONE.fullmatch(run)
    if number is None or not (before.isspace() or before in _OPENERS):
        return run
    return spell(int(number[1].replace(",", ""))) + number[2]
