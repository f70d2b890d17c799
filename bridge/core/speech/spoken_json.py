"""JSON in a reply: the text under `"spoken"` is said as it streams, all else is left out.

Follows an object (or a list of them) from its opening bracket to its end, in any cut. Forgives
what models get wrong and still mean: keys in other quotes or none, raw line breaks in the
spoken text, a missing end. Anything worse is followed by its brackets alone and never said.

    key ── : ──▶ value ──▶ next ── , ──▶ key
                   │         │
                   ▼         └── last bracket ──▶ over
                 text        anything unforeseen ──▶ loose ── last bracket, blank line ──▶ over
"""

import re
from collections.abc import Callable
from enum import Enum

SPOKEN = "spoken"

_BEFORE_KEY = r"(?:\[\s{0,20})?\{\s{0,20}"
_BARE = r"[A-Za-z_]\w{0,40}\s{0,20}"
KEYED = re.compile(
    rf"{_BEFORE_KEY}(?:\"[^\"\n]{{0,60}}\"|'[^'\n]{{0,60}}'|{_BARE}(?=:\s{{0,20}}[\"'\[{{0-9tfn-]))\s{{0,20}}:"
)
"""An object with a key: surely JSON."""

OPENS = re.compile(rf"{KEYED.pattern}|{_BEFORE_KEY}(?:\}}|\"[\w.$-]{{1,60}}\")")
"""What opens JSON rather than prose in braces, perhaps broken."""

MAY_OPEN = re.compile(
    rf"(?:\[\s{{0,20}}|{_BEFORE_KEY}"
    rf"(?:\"[^\"\n]{{0,60}}(?:\"\s{{0,20}})?|'[^'\n]{{0,60}}(?:'\s{{0,20}})?|{_BARE}(?::\s{{0,20}})?)?)\Z"
)
"""What may yet turn out to open JSON."""

BEGUN = re.compile(rf"{_BEFORE_KEY}[\"'][\w.$-]{{0,60}}[\"']?\Z")
"""What has opened JSON in all likelihood, when the text breaks off after it."""

_WHITE = re.compile(r"\s+")
_BARE_KEY = re.compile(r"[A-Za-z_]\w*")
_SCALAR = re.compile(r"[^,{}\[\]\"'\s]+")
_TEXT = {quote: re.compile(rf"[^{quote}\\]+") for quote in "\"'"}
_LOOSE = re.compile(r"[^\"\\{}\[\]\n]+")
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_UNICODE_BEGUN = re.compile(r"\\(?:u[0-9A-Fa-f]{0,4})?\Z")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\n", "b": "", "f": "\n"}
_HIGH, _LOW, _PAIRS_END = 0xD800, 0xDC00, 0xE000


class _State(Enum):
    KEY = "key"
    COLON = "colon"
    VALUE = "value"
    NEXT = "next"
    TEXT = "text"
    LOOSE = "loose"


class SpokenJson:
    """One JSON value under way. Opens with the bracket it is fed first.

    Attributes:
        is_over: its last bracket was read.
        spoke: something under `"spoken"` was said.
    """

    def __init__(self, say: Callable[[str], None], said: Callable[[], None]) -> None:
        """`say` gets the spoken text piece by piece; `said` is called at its end."""
        self.is_over = False
        self.spoke = False
        self._say = say
        self._said = said
        self._open: list[str] = []
        self._state = _State.VALUE
        self._is_key = False
        self._key: list[str] = []
        self._speaks = False
        self._quote = '"'
        self._high = ""
        self._in_quotes = False

    def feed(self, text: str, pos: int) -> int:
        """Reads on from `pos`. Returns where it stopped: the end, or an escape half written."""
        while pos < len(text) and not self.is_over:
            after = _STEPS[self._state](self, text, pos)
            if after is None:
                break
            pos = after
        return pos

    def finish(self) -> None:
        """The reply ended within it."""
        if self._state is _State.TEXT and self._speaks:
            self._said()

    def _read_key(self, text: str, pos: int) -> int | None:
        char = text[pos]
        if char.isspace():
            return pos + 1
        if char == "}":
            return self._close(pos)
        if char in "\"'":
            return self._open_text(char, pos, is_key=True)
        bare = _BARE_KEY.match(text, pos)
        if bare is None:
            return self._loosen(pos)
        self._key.append(bare[0])
        self._state = _State.COLON
        return bare.end()

    def _read_colon(self, text: str, pos: int) -> int | None:
        white = _WHITE.match(text, pos)
        if white:
            return white.end()
        bare = _BARE_KEY.match(text, pos)
        if bare:
            self._key.append(bare[0])
            return bare.end()
        if text[pos] != ":":
            return self._loosen(pos)
        self._state = _State.VALUE
        return pos + 1

    def _read_value(self, text: str, pos: int) -> int | None:
        char = text[pos]
        white = _WHITE.match(text, pos)
        if white:
            return white.end()
        if char in "{[":
            return self._nest(char, pos)
        if char in "\"'":
            return self._open_text(char, pos, is_key=False)
        if char == "]" and self._open[-1] == "[":
            return self._close(pos)
        scalar = _SCALAR.match(text, pos)
        if scalar is None:
            return self._loosen(pos)
        self._state = _State.NEXT
        return scalar.end()

    def _read_next(self, text: str, pos: int) -> int | None:
        white = _WHITE.match(text, pos)
        if white:
            return white.end()
        char = text[pos]
        if char == ",":
            self._key = []
            self._state = _State.KEY if self._open[-1] == "{" else _State.VALUE
            return pos + 1
        if char in "}]":
            return (
                self._close(pos) if (self._open[-1] + char) in ("{}", "[]") else self._loosen(pos)
            )
        scalar = _SCALAR.match(text, pos)
        return scalar.end() if scalar else self._loosen(pos)

    def _read_text(self, text: str, pos: int) -> int | None:
        if text[pos] == self._quote:
            self._end_text()
            return pos + 1
        if text[pos] == "\\":
            return self._read_escape(text, pos)
        run = _TEXT[self._quote].match(text, pos)
        assert run is not None  # neither a quote nor a backslash stands here
        self._hear(run[0])
        return run.end()

    def _read_escape(self, text: str, pos: int) -> int | None:
        if _UNICODE_BEGUN.match(text, pos) and len(text) - pos < len("\\u0000"):
            return None
        code = _UNICODE.match(text, pos)
        if code is None:
            self._hear(_ESCAPES.get(text[pos + 1], text[pos + 1]))
            return pos + 2
        self._hear_unit(int(code[1], 16))
        return code.end()

    def _hear_unit(self, unit: int) -> None:
        if _HIGH <= unit < _LOW:
            self._high = chr(unit)
        elif _LOW <= unit < _PAIRS_END:
            if self._high:
                pair = (ord(self._high) - _HIGH) << 10 | (unit - _LOW)
                self._hear(chr(0x10000 + pair))
        else:
            self._hear(chr(unit))

    def _hear(self, text: str) -> None:
        self._high = ""
        if self._is_key:
            self._key.append(text)
        elif self._speaks and text:
            self.spoke = True
            self._say(text)

    def _open_text(self, quote: str, pos: int, *, is_key: bool) -> int:
        self._quote, self._is_key, self._high = quote, is_key, ""
        if is_key:
            self._key = []
        at_top = self._open in (["{"], ["[", "{"])
        self._speaks = not is_key and at_top and "".join(self._key).strip().lower() == SPOKEN
        self._state = _State.TEXT
        return pos + 1

    def _end_text(self) -> None:
        if self._speaks:
            self._said()
        self._speaks = False
        self._state = _State.COLON if self._is_key else _State.NEXT

    def _nest(self, char: str, pos: int) -> int:
        self._open.append(char)
        self._key = []
        self._state = _State.KEY if char == "{" else _State.VALUE
        return pos + 1

    def _close(self, pos: int) -> int:
        self._open.pop()
        self.is_over = not self._open
        self._state = _State.NEXT
        return pos + 1

    def _loosen(self, pos: int) -> int:
        self._state = _State.LOOSE
        return pos

    def _read_loose(self, text: str, pos: int) -> int | None:
        run = _LOOSE.match(text, pos)
        if run:
            return run.end()
        char = text[pos]
        if char == "\\":
            return pos + 2 if pos + 1 < len(text) else None
        if char == "\n":
            self._in_quotes = False
            if pos + 1 == len(text):
                return None
            self.is_over = text[pos + 1] == "\n"
        elif char == '"':
            self._in_quotes = not self._in_quotes
        elif not self._in_quotes:
            self._balance(char)
        return pos + 1

    def _balance(self, char: str) -> None:
        if char in "{[":
            self._open.append(char)
        else:
            self._open.pop()
            self.is_over = not self._open


_STEPS: dict[_State, Callable[[SpokenJson, str, int], int | None]] = {
    _State.KEY: SpokenJson._read_key,
    _State.COLON: SpokenJson._read_colon,
    _State.VALUE: SpokenJson._read_value,
    _State.NEXT: SpokenJson._read_next,
    _State.TEXT: SpokenJson._read_text,
    _State.LOOSE: SpokenJson._read_loose,
}
