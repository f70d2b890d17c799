"""A verdict: what was expected, whether it is so, and what was seen. And the words to say it in."""

from collections.abc import Iterable
from dataclasses import dataclass

QUOTED_CHARS = 160
"""Longest text that a verdict quotes: about what is said in ten seconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation, judged.

    Attributes:
        what: the expectation in words.
        passed: whether it holds.
        why: what was seen; instead of it, when it doesn't hold.
        line: the number of the scenario's line; `None` is the whole call.
    """

    what: str
    passed: bool
    why: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it belongs, in words."""
        return "call" if self.line is None else f"line {self.line}"


def quoted(text: str) -> str:
    """A text in quotes, cut in its middle when it is long."""
    one_line = " ".join(text.split())
    if len(one_line) > QUOTED_CHARS:
        half = QUOTED_CHARS // 2
        one_line = f"{one_line[:half].rstrip()} … {one_line[-half:].lstrip()}"
    return f"“{one_line}”"


def counted(number: int, thing: str) -> str:
    """`1 time`, `2 times`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def seconds(took_s: float) -> str:
    """A duration as people say it: `0.85 s`, `12 s`."""
    return f"{round(took_s, 2):g} s"


def listed(texts: Iterable[str]) -> str:
    """Texts with commas between them, or `nothing`."""
    return ", ".join(texts) or "nothing"
