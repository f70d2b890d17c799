"""The agent's text in, speakable pieces out, each with its moment."""

from typing import Protocol

from bridge.core.speech.ending import Ending
from bridge.core.speech.marks import MarkFinder
from bridge.core.speech.numerals import NumberWords
from bridge.core.speech.options import Piece, SpeechOptions
from bridge.core.speech.reader import Reader


class _Source(Protocol):
    """What text goes through: the reader, or only the search for marks."""

    @property
    def holds(self) -> bool: ...

    def takes_plain(self, text: str) -> bool: ...

    def feed(self, text: str, ending: Ending = Ending.OPEN) -> None: ...

    def finish(self) -> None: ...

    def take(self) -> list[Piece]: ...


class Shaper:
    """One reply under way. Feed it text as it comes; call `tick` when `due_s` has come."""

    def __init__(self, options: SpeechOptions) -> None:
        self._hold_s = options.hold_s
        self._source: _Source = Reader(options) if options.shape else MarkFinder()
        speaks_english = options.language.lower().startswith("en")
        spells = options.shape and options.numbers == "words" and speaks_english
        self._numbers = NumberWords() if spells else None
        self._due_s: float | None = None
        self._is_over = False

    @property
    def due_s(self) -> float | None:
        """The moment by which `tick` must be called; `None` when nothing is held."""
        return self._due_s

    def feed(self, text: str, at_s: float) -> tuple[Piece, ...]:
        """More of the agent's text.

        Args:
            text: in any cut; `""` is allowed.
            at_s: the moment it came.

        Returns:
            What may be spoken now, in order; `()` when all of it is held.
        """
        if self._numbers is None and self._source.takes_plain(text):
            return (text,)
        self._source.feed(text)
        pieces = self._take()
        if not self._holds:
            self._due_s = None
        elif self._due_s is None:
            self._due_s = at_s + self._hold_s
        return pieces

    def tick(self, at_s: float) -> tuple[Piece, ...]:
        """Time has passed: what has been held too long is said as plain text.

        What is still held afterwards holds back no word: a mark, a tag, an address under way.
        """
        if self._due_s is None or at_s < self._due_s:
            return ()
        self._due_s = None
        self._source.feed("", Ending.LATE)
        return self._take(is_end=True)

    def finish(self) -> tuple[Piece, ...]:
        """The reply has ended: the rest of it. `()` the second time."""
        if self._is_over:
            return ()
        self._is_over = True
        self._due_s = None
        self._source.finish()
        return self._take(is_end=True)

    @property
    def _holds(self) -> bool:
        return self._source.holds or (self._numbers is not None and self._numbers.holds)

    def _take(self, *, is_end: bool = False) -> tuple[Piece, ...]:
        pieces = self._source.take()
        if self._numbers is None:
            return tuple(pieces)
        said: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, str):
                said.append(self._numbers.feed(piece))
            else:
                said += (self._numbers.feed("", is_end=True), piece)
        said.append(self._numbers.feed("", is_end=is_end))
        return tuple(piece for piece in said if piece)


_DEFAULT = SpeechOptions()


def shape(text: str, options: SpeechOptions = _DEFAULT) -> str:
    """A whole text made speakable at once. Its marks are dropped."""
    shaper = Shaper(options)
    pieces = (*shaper.feed(text, 0.0), *shaper.finish())
    return "".join(piece for piece in pieces if isinstance(piece, str))
