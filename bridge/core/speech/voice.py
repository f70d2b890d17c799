"""The way out: lets through only what can't be taken for markup.

Whatever comes in, what goes out is one line of words (`Line`). A character that could be
markup goes out only where it can't be: `*` and `{` between two spaces, `_` within a word, `<`
before a space or a digit; never a backtick or a square bracket. A sign without a sound waits
for what follows it; nothing else does.
"""

import re
from collections.abc import Callable, Mapping
from string import ascii_letters, digits

from bridge.core.speech import addresses, symbols
from bridge.core.speech.line import DASH, Line

_MAX_ENTITY_CHARS = 40
"""The longest entity's name has 31 characters. Source: html.spec.whatwg.org, 13.5."""

_BETWEEN_DIGITS = {"*": "×", "**": "^"}
"""What stars between two digits mean; the stars themselves could open emphasis."""

_DIGITS = frozenset(digits)
_IN_JSON = frozenset("\"'}")
_QUOTES = frozenset("\"'“‘„«")
_AFTER_LESS = frozenset(digits + " =-")
_BEFORE_GREATER = frozenset(digits + "=")
_NAMES_TAG = frozenset(ascii_letters)
_IN_ENTITY = frozenset(ascii_letters + digits + "#")
_SOUNDLESS = re.compile(f"[{symbols.NO_SOUND}]")
_ARROW = re.compile(f"[{symbols.ARROWS}{symbols.DOTS}]")
_SPACE = re.compile(f"[ \r{symbols.SPACES}{symbols.BREAKS}]")


class Voice:
    """Guards the line: everything a reader reads goes through here.

    Attributes:
        line: where the words go.
    """

    def __init__(self, at_sign: str) -> None:
        """`at_sign` is how `@` is said in an address."""
        self.line = Line()
        self._at_sign = at_sign
        self._sign = ""
        self._spaced: list[str] = []
        self._entity = 0
        self._is_braced = False

    @property
    def is_calm(self) -> bool:
        """Whether plain text that opens with no space may simply be added to the line."""
        waits = self._sign or self._spaced or self._entity or self._is_braced
        return not waits and self.line.is_calm

    @property
    def ends_site(self) -> bool:
        """Whether the name of a site stands just before, so that a slash opens its path."""
        waits = self._sign or self._spaced or self.line.is_spaced
        return not waits and addresses.is_site(self.line.tail)

    def plain(self, text: str) -> None:
        """Text without any character that needs care, and no two spaces in a row."""
        end = len(text) if self.line.eager or text[-1] != " " else len(text) - 1
        pos = 0
        while pos < end and not (self.is_calm and text[pos] != " "):
            self.put(text[pos])
            pos += 1
        if pos < end:
            self.line.add(text[pos:end])
        if end < len(text):
            self.space()

    def literal(self, text: str) -> None:
        """Text of any kind in which nothing is markup."""
        for char in text:
            self.put(char)

    def put(self, char: str) -> None:
        """One character of any kind, as text."""
        special = _SPECIAL.get(char)
        if special is not None:
            special(self, char)
        elif _SPACE.match(char):
            self.space()
        elif _ARROW.match(char):
            self._say(DASH)
        elif not _SOUNDLESS.match(char):
            self._say(char)

    def token(self, token: str) -> None:
        """A silence token: said only when more words follow. It is nobody's address."""
        self._sign = self._sign.rstrip("@")
        self._settle("")
        self.line.token(token)

    def space(self) -> None:
        """White space."""
        if self.line.eager and not self._spaced:
            self._settle(" ")
        self._entity = 0
        if not self._waits_spaced():
            self.line.space()

    def line_break(self) -> None:
        """A line ends within a block."""
        self._entity = 0
        if not self._waits_spaced():
            self.line.line_break()

    def pause(self) -> None:
        """A cell ends."""
        self._settle_end()
        self.line.pause()

    def paragraph(self) -> None:
        """A paragraph ends. It gets its stop when something follows."""
        self._settle_end()
        self.line.paragraph()

    def stop(self) -> None:
        """A heading, list item or row ends: it gets its stop at once."""
        self._settle_end()
        self.line.stop()

    def finish(self) -> None:
        """The reply has ended: what waited for a next character is settled without one."""
        self._settle_end()
        self.line.finish()

    def _say(self, char: str) -> None:
        """A visible character."""
        self._settle(char)
        if self._is_braced or self._entity:
            is_json = self._is_braced and char in _IN_JSON
            self._is_braced = is_json and char != "}"
            if is_json or (self._entity and char == ";"):
                return
            self._entity = self._entity - 1 if self._entity and char in _IN_ENTITY else 0
        if char == "&":
            self._entity = _MAX_ENTITY_CHARS
        self.line.say(char)

    def _wait(self, char: str) -> None:
        """A sign whose next neighbour decides about it. Next to another sign, none is kept."""
        self._sign = (self._sign + char)[:2] if self._sign[:1] == char else char

    def _waits_spaced(self) -> bool:
        """White space follows a sign that waits: what comes after that decides about both."""
        if self._sign:
            self._spaced.append(self._sign)
            self._sign = ""
        return bool(self._spaced)

    def _settle(self, following: str) -> None:
        """Decides about the signs that wait, now that their next neighbour is known."""
        spaced, self._spaced = self._spaced, []
        for sign in spaced if following else ():
            if sign[0] != "{" or following not in _IN_JSON:
                self._keep(sign, " ")
            self.line.line_break()
        sign, self._sign = self._sign, ""
        if sign:
            self._keep(sign, following)

    def _keep(self, sign: str, following: str) -> None:
        for char in _KEPT[sign[0]](self, sign, following):
            self.line.say(char) if char != " " else self.line.space()

    def _settle_end(self) -> None:
        """Settles what waits for a next character when a block ends instead."""
        self._settle("")
        self._entity = 0

    def _keep_star(self, sign: str, following: str) -> str:
        if following in _DIGITS and self.line.tail[-1:] in _DIGITS:
            return _BETWEEN_DIGITS[sign]
        is_alone = self.line.is_spaced and not self.line.is_broken and following == " "
        return sign if is_alone else ""

    def _keep_underscore(self, sign: str, following: str) -> str:
        is_within = not self.line.is_spaced and self.line.tail[-1:].isalnum()
        return sign if is_within and following.isalnum() else ""

    def _keep_tilde(self, sign: str, following: str) -> str:
        return sign if len(sign) == 1 and following.isdigit() else ""

    def _keep_less(self, sign: str, following: str) -> str:
        if following in _NAMES_TAG and not self.line.is_spaced:
            return "< " if self.line.tail[-1:].isalnum() else ""
        return sign[:1] if following in _AFTER_LESS else ""

    def _keep_backslash(self, sign: str, following: str) -> str:
        return sign[:1] if following.isalnum() else ""

    def _keep_brace(self, sign: str, following: str) -> str:
        if following in _QUOTES and not self.line.is_spaced and self.line.tail[-1:] == following:
            return sign[:1]
        if not self.line.is_spaced:
            return " " if following.isalnum() else ""
        self._is_braced = following == " "
        return sign[:1] if self._is_braced else ""

    def _keep_at(self, sign: str, following: str) -> str:
        is_address = following.isalnum() and not self.line.is_spaced
        if is_address and addresses.LOCAL_END.match(self.line.tail[-1:]):
            return f" {self._at_sign} "
        return sign

    def _close_brace(self, char: str) -> None:
        if self._sign:
            return
        self._settle(char)
        if self.line.is_spaced or self.line.tail[-1:] in _QUOTES:
            self._say(char)

    def _say_bar(self, char: str) -> None:
        """Between spaces it parts two cells of a row that looks like prose."""
        self._settle(char)
        self._say(DASH if self.line.is_spaced else char)

    def _say_slash(self, char: str) -> None:
        """After the name of a site it opens a path, which is never said."""
        self._settle(char)
        self.line.space() if self.ends_site else self.line.say(char)

    def _say_greater(self, char: str) -> None:
        """Between words or numbers; not as the end of an arrow, or of what looks like a tag."""
        if self._sign:
            return
        self._settle(char)
        if self.line.is_spaced or self.line.tail[-1:] in _BEFORE_GREATER:
            self._say(char)

    def _join(self, char: str) -> None:
        """A joiner: spelling after a letter of some scripts, elsewhere nothing."""
        tail = self.line.tail[-1:]
        if self.is_calm and symbols.JOINING.match(tail):
            self.line.say(char)

    def _drop(self, char: str) -> None:
        """Never part of speech."""


_KEPT: Mapping[str, Callable[[Voice, str, str], str]] = {
    "*": Voice._keep_star,
    "_": Voice._keep_underscore,
    "~": Voice._keep_tilde,
    "<": Voice._keep_less,
    "\\": Voice._keep_backslash,
    "{": Voice._keep_brace,
    "@": Voice._keep_at,
}

_SPECIAL: Mapping[str, Callable[[Voice, str], None]] = {
    "`": Voice._drop,
    "[": Voice._drop,
    "]": Voice._drop,
    "}": Voice._close_brace,
    "|": Voice._say_bar,
    "/": Voice._say_slash,
    ">": Voice._say_greater,
    **dict.fromkeys(_KEPT, Voice._wait),
    **dict.fromkeys(symbols.JOINERS, Voice._join),
}
