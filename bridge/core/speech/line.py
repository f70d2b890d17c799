"""The one line that goes out: words, and what stands between them.

Nothing that is emitted is ever taken back. Between words there is one space; between blocks,
and at the end of headings, list items and rows, there is something that makes a voice pause.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bridge.core.speech import symbols
from bridge.core.speech.beginning import Beginning
from bridge.core.speech.options import Mark, Piece

TAIL_CHARS = 48
"""How much of what was said is remembered: enough to find the last letter before a stop."""

DASH = "–"
"""Makes a pause where the space has already gone out, and a full stop would look astray."""

MAX_AFTER_TOKEN = 64
"""How much is remembered after a silence token while no word follows; an agent writes less."""


@dataclass(slots=True)
class _Gap:
    """What will stand before the next word."""

    space: bool = False
    pause: bool = False
    block: bool = False

    def __bool__(self) -> bool:
        return self.space or self.pause or self.block


@dataclass(slots=True)
class _Waiting:
    """A silence token, and what came after it. All of it is said when a word follows.

    Attributes:
        tail: as the line's, had it been said.
        is_spaced: as the line's.
        steps: what was to be done, in order.
        breaks: those of the steps that end a block, to be done even if no word follows.
    """

    tail: str
    is_spaced: bool = False
    steps: list[Callable[[], None]] = field(default_factory=list)
    breaks: list[Callable[[], None]] = field(default_factory=list)


class Line:
    """Speakable text under way.

    Attributes:
        eager: whether a space goes out at once. True within plain prose, where nothing is held;
            False within headings, list items and rows, whose end may still want a stop.
    """

    def __init__(self) -> None:
        self.eager = True
        self._tail = ""
        self._pieces: list[Piece] = []
        self._beginning = Beginning()
        self._gap = _Gap()
        self._block_has_words = False
        self._waiting: _Waiting | None = None

    @property
    def tail(self) -> str:
        """The end of what was said, `TAIL_CHARS` of it when there is as much."""
        return self._tail if self._waiting is None else self._waiting.tail

    @property
    def is_calm(self) -> bool:
        """Whether plain text that opens with no space may simply be added."""
        return self._beginning.is_done and not self._gap and self._waiting is None

    @property
    def is_spaced(self) -> bool:
        """Whether there is some space before the next word."""
        if self._waiting is not None:
            return self._waiting.is_spaced
        return bool(self._gap) or self._tail.endswith(" ")

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
        self._tail = text if len(text) >= TAIL_CHARS else (self._tail + text)[-TAIL_CHARS:]
        self._block_has_words = True

    def say(self, char: str) -> None:
        """A visible character."""
        if self._waiting is not None:
            if not char.isalnum():
                self._wait(partial(self.say, char), char)
                return
            self._say_waiting()
        self._separate()
        text = char if self._beginning.is_done else self._beginning.say(char)
        if text:
            self._emit(text)
            self._block_has_words = True

    def mark(self, mark: Mark) -> None:
        """A control mark stands here."""
        self._pieces.append(mark)

    def token(self, token: str) -> None:
        """A silence token: said, with the signs after it, only when a word follows."""
        if self._waiting is None:
            self._waiting = _Waiting(self._tail)
        for char in token:
            self._wait(partial(self.say, char), char)

    def space(self) -> None:
        """White space."""
        if self._waiting is not None:
            self._wait(self.space)
            return
        if not self._beginning.is_done:
            self._emit(self._beginning.space())
        if not self._tail or self._tail.endswith(" "):
            return
        if self.eager and not self._gap:
            self._beginning.is_done = True
            self._emit(" ")
        else:
            self._gap.space = True

    def line_break(self) -> None:
        """A line ends within a block: a space, once something follows."""
        if self._waiting is not None:
            self._wait(self.line_break)
            return
        if not self._beginning.is_done:
            self._emit(self._beginning.space())
        self._gap.space = bool(self._tail)

    def pause(self) -> None:
        """A cell ends: a comma before the next one."""
        if self._waiting is not None:
            self._wait(self.pause)
            return
        self._beginning.end()
        self._gap.pause = self._gap.pause or self._block_has_words

    def paragraph(self) -> None:
        """A paragraph ends. It gets its stop when something follows."""
        if self._waiting is not None:
            self._wait(self.paragraph)
            return
        self._beginning.end()
        self._gap.block = bool(self._tail)
        self._block_has_words = False

    def stop(self) -> None:
        """A heading, list item or row ends: it gets its stop at once."""
        if self._waiting is not None:
            self._waiting.breaks.append(self.stop)
            self._wait(self.stop)
            return
        wants = self._block_has_words and not self._beginning.is_number
        self.paragraph()
        self._gap.pause = False
        if wants and symbols.needs_stop(self._tail):
            self._emit(self._stop_sign())

    def finish(self) -> None:
        """The reply has ended."""
        self._beginning.end()
        waiting, self._waiting = self._waiting, None
        for end in waiting.breaks[:1] if waiting else ():
            end()

    def _wait(self, step: Callable[[], None], char: str = "") -> None:
        """Does something later, if a word follows. Of what is no word, only so much is kept."""
        waiting = self._waiting
        assert waiting is not None
        if len(waiting.steps) < MAX_AFTER_TOKEN or not (char or waiting.is_spaced):
            waiting.steps.append(step)
            waiting.is_spaced = not char
            waiting.tail = (waiting.tail + (char or " "))[-TAIL_CHARS:]

    def _say_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        for step in waiting.steps:
            step()

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._tail = (self._tail + text)[-TAIL_CHARS:]

    def _separate(self) -> None:
        if not self._gap:
            return
        gap, self._gap = self._gap, _Gap()
        if (gap.block or gap.pause) and symbols.needs_stop(self._tail):
            self._emit(self._stop_sign() if gap.block or self._tail.endswith(" ") else ",")
        self._beginning.is_done = True
        if not self._tail.endswith(" "):
            self._emit(" ")

    def _stop_sign(self) -> str:
        if self._beginning.is_number:
            return ":"
        return DASH if self._tail.endswith(" ") else symbols.stop_for(self._tail)


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
