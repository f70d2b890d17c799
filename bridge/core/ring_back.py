"""Ringing back: may it be promised, what is said, and how a promise ends that isn't kept.

    deadline ─▶ refusal? ─┬─ may not ─▶ "that is taking too long", and the run is stopped
                          └─ may ─▶ promised ─┬─ the agent finishes ──▶ rung with what it said
                                              ├─ fails, says nothing ─▶ rung with an apology
                                              └─ talked on, stopped ──▶ on record, nobody is rung

The guard before dialling has its say as well, when it is promised and again when it is dialled.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from bridge.core.call_outcome import PROMISE_LOST, Verdict
from bridge.core.delivery import MAX_REPLY_CHARS
from bridge.core.identity import CallIdentity, Strength
from bridge.core.order import MESSAGE_CHARS
from bridge.core.record import Fault, Outcome
from bridge.core.speech import Mark, Piece, Shaper
from bridge.core.speech.symbols import CLOSERS, SENTENCE_ENDS

OWNER = "bridge"
"""The `owner` of calls that bridge promised by itself: no token asked for them."""

UNSAID_CHARS = 3000
"""Longest rest of an answer that goes to the agent with each turn of the ring-back: three minutes
of speech. With what was asked it fits into a brief; an agent with a history has all of it anyway.
"""

ASKED_CHARS = 500
"""Longest quotation of what the caller had asked, in the same brief."""

TALKED_ON = Verdict(
    Outcome.NOT_PLACED,
    Fault.REMOTE,
    "The caller went on with something else: the promise was taken back, and they were told.",
)
NEVER_SAID = Verdict(
    Outcome.NOT_PLACED,
    Fault.NOBODY,
    "It was written down, but never said: the reply ended first, or nobody listened any more.",
)
STOPPED = Verdict(
    Outcome.NOT_PLACED, Fault.OPERATOR, "Everything was stopped before the answer came."
)


class NoPromise(StrEnum):
    """Why a call can't be promised, whatever the guard would say."""

    NO_CALL = "no_call"
    """Nothing names a telephone call of its own: another's answer must not be rung out."""

    WITHHELD = "withheld"
    """There is no number to ring."""

    CODE = "code"
    """Callers must give a code, and whoever picks up has given none."""


def refusal(identity: CallIdentity, *, asks_code: bool) -> NoPromise | None:
    """Why the caller can't be promised a call; `None` when nothing here is against it."""
    if identity.strength is not Strength.CONVERSATION or not identity.is_call:
        return NoPromise.NO_CALL
    if identity.remote is None:
        return NoPromise.WITHHELD
    return NoPromise.CODE if asks_code else None


def not_allowed(rule: str) -> Verdict:
    """How a promise ends that the guard refuses when the answer is there."""
    cause = f"It was promised, but when the answer was there the rule {rule!r} refused the call."
    return Verdict(Outcome.NOT_PLACED, Fault.POLICY, cause)


def not_placed(why: str) -> Verdict:
    """How a promise ends that nobody could keep. `why` is a sentence of an error of ours."""
    cause = f"It was promised, but could not be placed: {why}"
    return Verdict(Outcome.NOT_PLACED, Fault.OPERATOR, cause)


__all__ = [
    "NEVER_SAID",
    "OWNER",
    "PROMISE_LOST",
    "STOPPED",
    "TALKED_ON",
    "Answer",
    "Behind",
    "NoPromise",
    "brief",
    "known_language",
    "not_allowed",
    "not_placed",
    "refusal",
]


# -- what the agent says behind the call ----------------------------------------------------------


@dataclass(slots=True)
class Behind:
    """Gathers what the agent says after the promise, made speakable.

    A sentence that the promise broke off begins it again: nobody understands half of one.

    Attributes:
        shaper: of the reply so far; it goes on where it stood.
        said: the agent's words before the promise, as sent.
        has_failed: the agent failed, or was too late for this as well.
    """

    shaper: Shaper
    said: str = field(default="", repr=False)
    has_failed: bool = False
    _pieces: list[str] = field(default_factory=list, repr=False)
    _length: int = 0

    @property
    def is_too_long(self) -> bool:
        """Whether no call could be long enough for it."""
        return self._length > MAX_REPLY_CHARS

    def text(self, text: str, at_s: float) -> None:
        """The agent said this."""
        self._take(self.shaper.feed(text, at_s))

    def answer(self) -> str:
        """What the caller is to be told, once the agent is done; `""` when that is nothing.

        When all had been said before the promise it is said again: they wait for a call.
        """
        self._take(self.shaper.finish())
        if self.has_failed:
            return ""
        rest = "".join(self._pieces)
        whole = f"{self.said[_end_of_sentences(self.said, len(self.said)) :]}{rest}"
        return whole.strip() if rest.strip() else self.said.strip()

    def _take(self, pieces: tuple[Piece, ...]) -> None:
        """Control marks are of the call that is over, and not obeyed."""
        for piece in pieces:
            if not isinstance(piece, Mark):
                self._pieces.append(piece)
                self._length += len(piece)


# -- what is said when they pick up ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as a ring-back tells it: what the voice says first, and what the agent has left."""

    message: str
    unsaid: str = ""

    @classmethod
    def of(cls, opening: str, answer: str) -> "Answer":
        """An answer behind an opening, cut after a sentence where the platform takes no more."""
        message = f"{opening} {answer}"
        if len(message) <= MESSAGE_CHARS:
            return cls(message)
        room = MESSAGE_CHARS - len(opening) - 1
        cut = _end_of_sentences(answer, room) or answer.rfind(" ", 0, room) + 1 or room
        said, rest = answer[:cut].strip(), answer[cut:].strip()
        return cls(f"{opening} {said}", rest[:UNSAID_CHARS])


def brief(asked: str, unsaid: str) -> str:
    """What the agent is told of a ring-back: what it is about, and what is left to be said."""
    lines = [f'They had asked, in their own words: "{_quoted(asked)}"'] if asked.strip() else []
    if unsaid:
        lines.append(f"This is left of the answer, and has not been said yet: {unsaid}")
    return "\n".join(lines)


def _quoted(asked: str) -> str:
    """The caller's words on one line, in which nothing closes the quotation or opens a tag."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in asked).split())
    return plain[:ASKED_CHARS].translate(_HARMLESS)


_HARMLESS = str.maketrans({'"': "'", "“": "'", "”": "'", "<": "(", ">": ")", "[": "(", "]": ")"})


def _end_of_sentences(text: str, room: int) -> int:
    """Where the last whole sentence ends within so many characters; 0 when none does."""
    for i in range(min(room, len(text)) - 1, -1, -1):
        if text[i] in SENTENCE_ENDS:
            end = i + 1
            while end < len(text) and text[end] in CLOSERS:
                end += 1
            if end <= room and (end == len(text) or text[end].isspace() or ord(text[i]) > _ASCII):
                return end
    return 0


_ASCII = 127
"""Signs beyond end a sentence without white space behind it, as Chinese and Japanese do."""


def known_language(tag: str, known: frozenset[str]) -> str:
    """The language that the voice agent has for a caller's; `""` when it has none.

    Args:
        tag: the caller's, as `de-AT`.
        known: the tags that the voice agent knows, in lower case.
    """
    whole = tag.lower()
    primary = whole.partition("-")[0]
    return next((found for found in (whole, primary) if found in known), "")
