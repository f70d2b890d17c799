"""Sums, said or written: `"what is 12 times 7"`. Exact, bounded, and without `eval`."""

import re
from fractions import Fraction

from bridge.upstreams.demo.numerals import parse_number

MAX_WORDS = 60
"""A sum of more words is no sum that anybody says on a telephone."""

_OPERATORS = {
    "+": "+", "plus": "+", "and": "+",
    "-": "-", "minus": "-", "less": "-",
    "*": "*", "x": "*", "×": "*", "times": "*", "multiplied": "*",
    "/": "/", "÷": "/", "over": "/", "divided": "/",
}  # fmt: skip
_OPENING = re.compile(
    r"^(?:please\s+)?(?:what(?:'s| is| are)|how much (?:is|are)|calculate|compute|work out)\s+"
)
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[a-z]+|[+\-*/×÷]|\S")
_TWO_WORDS = re.compile(r"\b(multiplied|divided) by\b")
_DECIMALS = 4

MAX_RESULT = 10**15
"""From here on nobody follows a number by ear."""


def solve(utterance: str) -> str | None:
    """The reply to a sum, or `None` when the utterance is none.

    Multiplication and division come before addition and subtraction.
    """
    text = _OPENING.sub("", utterance.lower().strip().rstrip("?.!= "))
    text = _TWO_WORDS.sub(r"\1", text)
    tokens = _TOKEN.findall(text)
    if len(tokens) > MAX_WORDS:
        return None
    terms = _read(tokens)
    if terms is None:
        return None
    try:
        value = _add(*terms)
    except ZeroDivisionError:
        return "Nothing can be divided by zero."
    return _render(value)


def _read(tokens: list[str]) -> tuple[list[Fraction], list[str]] | None:
    """Numbers and the operators between them, or `None` for anything else."""
    numbers: list[Fraction] = []
    operators: list[str] = []
    word: list[str] = []
    sign = 1
    for part in [*tokens, "+"]:
        operator = _OPERATORS.get(part)
        if part == "and" and word and word[-1] in ("hundred", "thousand", "million"):
            operator = None
        if operator is None:
            word.append(part)
        elif not word and operator == "-" and sign == 1:
            sign = -1
        else:
            value = parse_number(word)
            if value is None:
                return None
            numbers.append(sign * value)
            operators.append(operator)
            word, sign = [], 1
    return (numbers, operators[:-1]) if len(numbers) > 1 else None


def _add(numbers: list[Fraction], operators: list[str]) -> Fraction:
    total, term = Fraction(0), numbers[0]
    for operator, number in zip(operators, numbers[1:], strict=True):
        if operator == "*":
            term *= number
        elif operator == "/":
            term /= number
        else:
            total, term = total + term, number if operator == "+" else -number
    return total + term


def _render(value: Fraction) -> str:
    if abs(value) >= MAX_RESULT:
        return "That is too large a number to say."
    if value.denominator == 1:
        return f"That is {'minus ' if value < 0 else ''}{abs(value.numerator)}."
    rounded = f"{float(abs(value)):.{_DECIMALS}f}".rstrip("0").rstrip(".")
    about = "" if Fraction(rounded) == abs(value) else "about "
    return f"That is {about}{'minus ' if value < 0 else ''}{rounded}."
