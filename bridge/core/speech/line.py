"""The one line that goes out: words, and what stands between them.

Nothing that is emitted is ever taken back. Between words there is one space; between blocks,
and at the end of headings, list items and rows, there is something that makes a voice pause.
"""

from dataclasses import dataclass

from bridge.core.speech import symbols
from bridge.core.speech.beginning import Beginning
from bridge.core.speech.options import Mark, Piece

TAIL_CHARS = 48
"""How much of what was said is remembered: enough to find the last letter before a stop."""

DASH = "–"
"""Makes a pause where the space has already gone out, and a full stop would look astray."""


@dataclass(slots=True)
class _Gap:
    """What will stand before the next word."""

    space: bool = False
    pause: bool = False
    block: bool = False

    def __bool__(self) -> bool:
        return self.space or self.pause or self.block


class Line:
    """Speakable text under way.

    Attributes:
        eager: whether a space goes out at once. True within plain prose, where nothing is held;
            False within headings, list items and rows, whose end may still want a stop.
        tail: the end of what was said, `TAIL_CHARS` of it when there is as much.
    """

    def __init__(self) -> None:
        self.eager = True
        self.tail = ""
        self._pieces: list[Piece] = []
        self._beginning = Beginning()
        self._gap = _Gap()
        self._block_has_words = False
        self._token = ""
        self._before_token = _Gap()
        self._owes_stop = False

    @property
    def is_calm(self) -> bool:
        """Whether plain text that opens with no space may simply be added."""
        return self._beginning.is_done and not self._gap and not self._token

    @property
    def is_spaced(self) -> bool:
        """Whether there is some space before the next word."""
        return bool(self._gap) or self.tail.endswith(" ")

    @property
    def is_broken(self) -> bool:
        """Whether the next word opens a block."""
        return self._gap.block

    def take(self) -> list[Piece]:
        """What may be spoken now. Each piece is given once."""
        pieces, self._pieces = self._pieces, []
        return _joined(pieces) if len(pieces) > 1 else pieces

    def add(self, text: str) -> None:
        """Plain text at a calm moment: nothing in it needs care, and it opens with no space."""
        self._pieces.append(text)
        self.remember(text)

    def remember(self, text: str) -> None:
        """As `add`, for text that goes out by another way."""
        self.tail = text if len(text) >= TAIL_CHARS else (self.tail + text)[-TAIL_CHARS:]
        self._block_has_words = True

    def say(self, char: str) -> None:
        """A visible character."""
        if self._token and not self._say_token(char):
            return
        self._separate()
        text = char if self._beginning.is_done else self._beginning.say(char)
        if text:
            self._emit(text)
            self._block_has_words = True

    def mark(self, mark: Mark) -> None:
        """A control mark stands here."""
        self._pieces.append(mark)

    def token(self, token: str) -> None:
        """A silence token: said only when more words follow."""
        if self._token:
            self._token += " " + token
        else:
            self._token, self._before_token, self._gap = token, self._gap, _Gap()

    def space(self) -> None:
        """White space."""
        if not self._beginning.is_done:
            self._emit(self._beginning.space())
        if not self.tail or (self.tail.endswith(" ") and not self._token):
            return
        if self.eager and not self._gap and not self._token:
            self._beginning.is_done = True
            self._emit(" ")
        else:
            self._gap.space = True

    def line_break(self) -> None:
        """A line ends within a block: a space, once something follows."""
        if not self._beginning.is_done:
            self._emit(self._beginning.space())
        self._gap.space = bool(self.tail)

    def pause(self) -> None:
        """A cell ends: a comma before the next one."""
        self._beginning.end()
        self._gap.pause = self._gap.pause or self._block_has_words

    def paragraph(self) -> None:
        """A paragraph ends. It gets its stop when something follows."""
        self._beginning.end()
        self._gap.block = bool(self.tail)
        self._block_has_words = False

    def stop(self) -> None:
        """A heading, list item or row ends: it gets its stop at once."""
        wants = self._block_has_words and not self._beginning.is_number
        self.paragraph()
        self._gap.pause = False
        self._owes_stop = wants and bool(self._token)
        if wants and not self._token and symbols.needs_stop(self.tail):
            self._emit(self._stop_sign())

    def finish(self) -> None:
        """The reply has ended."""
        self._beginning.end()
        self._token = ""
        if self._owes_stop and symbols.needs_stop(self.tail):
            self._emit(self._stop_sign())

    def _say_token(self, char: str) -> bool:
        """More follows a silence token. Returns whether it turned out to be a word.

        Signs after it don't make it one, and go with it.
        """
        if not char.isalnum():
            self._token += char if char in symbols.ENDS and not self._gap else ""
            return False
        token, after = self._token, self._gap
        self._token, self._gap, self._owes_stop = "", self._before_token, False
        for sign in token:
            self.say(sign) if sign != " " else self.space()
        self._gap = after
        return True

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self.tail = (self.tail + text)[-TAIL_CHARS:]

    def _separate(self) -> None:
        if not self._gap:
            return
        gap, self._gap = self._gap, _Gap()
        if (gap.block or gap.pause) and symbols.needs_stop(self.tail):
            self._emit(self._stop_sign() if gap.block or self.tail.endswith(" ") else ",")
        self._beginning.is_done = True
        if not self.tail.endswith(" "):
            self._emit(" ")

    def _stop_sign(self) -> str:
        if self._beginning.is_number:
            return ":"
        return DASH if self.tail.endswith(" ") else symbols.stop_for(self.tail)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The same pieces with neighbouring texts made one."""
    joined: list[Piece] = []
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts:
            joined.append("".join(texts))
            texts = []
        joined.append(piece)
    if texts:
        joined.append("".join(texts))
    return joined
