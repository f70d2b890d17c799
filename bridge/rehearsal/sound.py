"""What a voice and an ear are to the platform, whether there is sound or only its duration.

The voice platform asks a `Voice` how a text is spoken and an `Ear` what a stretch of sound says.
`silent.py` has a voice that only knows how long words take; `audio/` has real ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

RATE_HZ = 8000
"""Samples a second on a telephone line."""

FRAME_S = 0.02
"""Length of one frame on a telephone line."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and when it has been said, in seconds from the beginning of its text."""

    text: str
    until_s: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text as it is spoken.

    Attributes:
        text: all of it.
        words: its words, in order; joined by their own spacing they are the text.
        frames: G.711 μ-law at 8000 Hz, mono, 160 bytes each (20 ms); empty without sound.
    """

    text: str
    words: Sequence[Word]
    frames: Sequence[bytes] = field(default=(), repr=False)

    @property
    def duration_s(self) -> float:
        """How long it takes to say."""
        return self.words[-1].until_s if self.words else 0.0


@dataclass(frozen=True, slots=True)
class CallSound:
    """What was on the telephone line in a call: frames by the moment at which each stretch begins.

    Attributes:
        caller: what the person said, as `(at_s, frames)`.
        agent: what the voice agent said, the same way. Only what was really heard.
    """

    caller: Sequence[tuple[float, Sequence[bytes]]] = ()
    agent: Sequence[tuple[float, Sequence[bytes]]] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A stretch of speech: what was said, and what the ear made of its sound.

    Attributes:
        at_s: when it began.
        party: who said it.
        line: the number of the scenario's line, as in `performance.Spoke`.
        said: the words that were spoken.
        understood: the words that were recognised.
        words: how many words were said, numbers spelled out.
        errors: how many were taken for others, left out or made up.
        is_cut: it was cut off, so its last word may be half a word.
    """

    at_s: float
    party: Literal["caller", "agent"]
    line: int
    said: str
    understood: str
    words: int
    errors: int
    is_cut: bool = False

    @property
    def word_error_rate(self) -> float:
        """Wrong words by words said; may be above 1."""
        return self.errors / self.words if self.words else float(self.errors > 0)


@dataclass(frozen=True, slots=True)
class AudioReport:
    """How well the sound of a call was understood, both ways. Nothing is left out of the sums."""

    compared: Sequence[Compared] = ()

    def word_error_rate(self, party: Literal["caller", "agent"] | None = None) -> float:
        """Wrong words by words said, of one party or of both."""
        mine = [each for each in self.compared if party in {None, each.party}]
        words, errors = sum(each.words for each in mine), sum(each.errors for each in mine)
        return errors / words if words else float(errors > 0)


class Voice(Protocol):
    """Speaks."""

    async def speak(self, text: str, language: str) -> Spoken:
        """The text as it is spoken. Takes no time on a rehearsal's clock."""


class Ear(Protocol):
    """Listens."""

    async def hear(self, frames: Sequence[bytes], language: str) -> str:
        """The words in the frames (G.711 μ-law, 8000 Hz, mono, 20 ms each); empty for none."""


@dataclass(frozen=True, slots=True)
class BeganToSpeak:
    """Somebody has begun to speak."""


@dataclass(frozen=True, slots=True)
class FinishedSpeaking:
    """Somebody has finished, and has been silent for the pause that says so.

    Attributes:
        frames: what they said, from a little before its beginning to the end of that pause.
    """

    frames: Sequence[bytes]


class Person(Protocol):
    """Somebody real at the other end of the line, in real time."""

    async def next(self) -> BeganToSpeak | FinishedSpeaking | None:
        """What they do next; `None` when they have hung up."""

    def play(self, frames: Sequence[bytes]) -> None:
        """Plays to them, after what is still to be played."""

    def stop(self) -> None:
        """Drops what is still to be played."""
