"""The first characters of a reply, which alone could be taken for the markup of a block.

What goes out is one line, so a heading, list, quotation or rule could only stand at its very
beginning. Signs that would open one are dropped unless they belong to a word or a number
(`-5`, `#1`, `+49`); a number with a dot or `、` after it is said with a colon instead.
"""

from string import digits

_DROPPED = frozenset(">|=•–—~*_")
_KEPT_BEFORE_WORDS = frozenset("#+-:")
_AFTER_SIGN = frozenset("$€£¥.,")

_MAX_MARKER_DIGITS = 9
"""A longer number before a dot opens no list. Source: commonmark.org, 0.31.2, 5.2."""

MAX_COUNTED_DIGITS = 3
"""The same before `、`, which stands in numbers of more digits, too."""


class Beginning:
    """How far a reply's beginning has come.

    Attributes:
        is_done: nothing that follows can turn the beginning into markup.
    """

    def __init__(self) -> None:
        self.is_done = False
        self._sign = ""
        self._digits = 0
        self._label = ""

    @property
    def is_number(self) -> bool:
        """Whether all that was said is a number: a full stop after it would open a list."""
        return self._digits > 0 and not self.is_done

    def say(self, char: str) -> str:
        """A visible character comes. Returns what goes out, perhaps nothing yet."""
        if self._sign:
            sign, self._sign = self._sign, ""
            if char.isalnum() or char in _AFTER_SIGN:
                self.is_done = True
                return sign + char
        if self._digits:
            return self._go_on(char)
        if char in _DROPPED:
            return ""
        if char in _KEPT_BEFORE_WORDS:
            self._sign = char
            return ""
        self._digits = int(char in digits)
        self.is_done = not self._digits
        return char

    def _go_on(self, char: str) -> str:
        if char in ".)" and not self._label:
            self._label = char
            return ""
        if char in "、．" and self._digits <= MAX_COUNTED_DIGITS and not self._label:
            self.is_done = True
            return "："
        if char in digits and not self._label and self._digits < _MAX_MARKER_DIGITS:
            self._digits += 1
            return char
        self.is_done = True
        return self._label + char

    def space(self) -> str:
        """White space comes. Returns what goes out before it."""
        self._sign = ""
        label, self._label = self._label, ""
        self.is_done = bool(label)
        return ":" if label else ""

    def end(self) -> None:
        """A block ends."""
        self._sign = self._label = ""
