"""The code that a caller must say or key before the agent is asked anything.

    first words ──▶ ASK ──┬─ no code in it ──▶ ASK
      └─ a code alone ────┼─ wrong ──▶ WRONG, the third time ──▶ LOCKED for `LOCKOUT_S`
                          └─ right ──▶ ACCEPTED, and PASS from then on

Who calls every day says the code at once, and a voice agent's greeting may have asked for it.
Every call proves itself anew. Wrong tries count against the number, over all its calls, so that
hanging up does not help; a withheld number has nothing to count against but the call.

A platform sends one utterance several times and may send it early and then longer. So an
utterance is decided once and keeps its decision, and what grows out of an earlier one within
`REVISION_S` counts as the same try.

The words in which a code was asked for and given are for bridge alone: `PinGate.kept_out` names
them. They stand here as digests only.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import TypeVar

from bridge.core.spoken_digits import MIN_DIGITS, digits_in, is_code

_Kept = TypeVar("_Kept")

LOCKOUT_S = 900.0
"""How long a number is locked out after `MAX_TRIES` wrong codes: 15 minutes. From one
number it then takes some 17 days of calling to try out half of the codes of four digits."""

MAX_TRIES = 3
"""Wrong codes until the lock-out. Two slips are human."""

REVISION_S = 5.0
"""How long after an utterance a longer one is its revision and not the next thing said.

Revisions were seen to follow each other by up to 2.8 s; to hear our question and answer it
takes longer than that.
"""

FORGET_S = 3600.0
"""After how long without a word a call or number is forgotten: as long as the turns themselves.
Longer than `LOCKOUT_S`, so nothing locked is forgotten early."""

MAX_ENTRIES = 10_000
"""How many calls, and how many numbers, are remembered at once."""

MAX_DECIDED = 128
"""Utterances of one call that are remembered as decided. Many more than anybody says unheard."""

MAX_DIGITS = 12
"""Longest code. More can't be remembered, or said without a slip."""


class PinDecision(StrEnum):
    """What to do with an utterance."""

    ASK = "ask"
    """Ask for the code. The agent is not asked."""

    WRONG = "wrong"
    """Say that it was wrong, and ask again."""

    LOCKED = "locked"
    """Say that it was wrong too often, and hang up."""

    ACCEPTED = "accepted"
    """Say thanks. The agent is not asked: this utterance was the code."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    """The caller has proved who they are: the utterance is the agent's."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The operator's code, as a digest. Its length is not kept."""

    _digest: bytes = field(repr=False)

    @classmethod
    def of(cls, code: str) -> "Pin":
        """The pin for a code.

        Raises:
            ValueError: not `MIN_DIGITS` to `MAX_DIGITS` digits. The message never holds the code.
        """
        if not (code.isascii() and code.isdigit() and MIN_DIGITS <= len(code) <= MAX_DIGITS):
            raise ValueError(f"a pin has {MIN_DIGITS} to {MAX_DIGITS} digits and nothing else")
        return cls(_digest(code))

    def matches(self, digits: str) -> bool:
        """Whether these are the digits, in a time that tells nothing about how nearly."""
        return hmac.compare_digest(_digest(digits), self._digest)


@dataclass(frozen=True, slots=True)
class Lock:
    """What counts against a number (or against the call of a withheld one).

    Attributes:
        wrong: wrong tries since the last right one, 0 to `MAX_TRIES`.
        until_s: until when it is locked out; 0 when it isn't.
    """

    wrong: int = 0
    until_s: float = 0.0

    def holds(self, at_s: float) -> bool:
        """Whether it is locked out at this moment."""
        return at_s < self.until_s


@dataclass(frozen=True, slots=True)
class Trace:
    """A text that was said, to recognise what grows out of it, without keeping it."""

    chars: int
    digest: bytes = field(repr=False)
    at_s: float

    @classmethod
    def of(cls, text: str, at_s: float) -> "Trace":
        """The trace that a text leaves."""
        return cls(len(text), _digest(text), at_s)

    def grew_into(self, text: str, at_s: float) -> bool:
        """Whether a text begins with the traced one, or is it, within `REVISION_S`."""
        in_time = at_s - self.at_s <= REVISION_S
        return in_time and hmac.compare_digest(_digest(text[: self.chars]), self.digest)


@dataclass(frozen=True, slots=True)
class PinGate:
    """How far one call has come, with the lock of its number.

    Attributes:
        opening: the first words, after which the code was asked for. Judged only when they are
            digits and nothing else: any other caller didn't know of a code.
        tried: the digits of the last wrong try.
        accepted: the words that held the right code; the gate is open.
        decided: utterance keys and their decisions, oldest first; `PASS` is not kept.
        lock: what counts against the number.
    """

    opening: Trace | None = None
    tried: Trace | None = None
    accepted: Trace | None = None
    decided: tuple[tuple[str, PinDecision], ...] = ()
    lock: Lock = Lock()

    @property
    def kept_out(self) -> frozenset[str]:
        """Keys of the utterances that were ours alone, to be left out of what the agent gets."""
        return frozenset(key for key, _ in self.decided)


def step(
    gate: PinGate,
    utterance_key: str,
    utterance: str,
    pin_ok: Callable[[str], bool],
    at_s: float,
) -> tuple[PinGate, PinDecision]:
    """Decide about one utterance.

    Args:
        gate: how far this call has come.
        utterance_key: the same for the same utterance however often it is sent, and different
            for any other text or place in the call. A known key changes nothing.
        utterance: what the caller said or keyed.
        pin_ok: whether digits are the code, such as `Pin.matches`. Asked at most once.
        at_s: now, on a clock that never goes back.
    """
    known = dict(gate.decided).get(utterance_key)
    if known is not None:
        return gate, known
    gate, decision = _decide(gate, utterance, pin_ok, at_s)
    if decision is not PinDecision.PASS:
        decided = (*gate.decided, (utterance_key, decision))[-MAX_DECIDED:]
        gate = replace(gate, decided=decided)
    return gate, decision


def _decide(
    gate: PinGate, utterance: str, pin_ok: Callable[[str], bool], at_s: float
) -> tuple[PinGate, PinDecision]:
    if gate.accepted is not None:
        is_the_code = gate.accepted.grew_into(utterance, at_s)
        return gate, PinDecision.ACCEPTED if is_the_code else PinDecision.PASS
    digits = digits_in(utterance)
    is_same_try = gate.tried is not None and gate.tried.grew_into(digits, at_s)
    if gate.lock.holds(at_s) and not is_same_try:
        return gate, PinDecision.LOCKED
    if gate.lock.until_s and not gate.lock.holds(at_s):
        gate = replace(gate, lock=Lock())
    if gate.opening is None or gate.opening.grew_into(utterance, at_s):
        gate = replace(gate, opening=Trace.of(utterance, at_s))
        if not is_code(utterance):
            return gate, PinDecision.ASK
    if len(digits) < MIN_DIGITS:
        return gate, PinDecision.ASK
    if pin_ok(digits):
        accepted = Trace.of(utterance, at_s)
        return replace(gate, accepted=accepted, tried=None, lock=Lock()), PinDecision.ACCEPTED
    return _count(gate, digits, is_same_try, at_s)


def _count(
    gate: PinGate, digits: str, is_same_try: bool, at_s: float
) -> tuple[PinGate, PinDecision]:
    """A wrong try. What it grows into is still the same try, even the last one.

    That gives nobody more guesses: of such a row, each longer than the one before and beginning
    with it, only one has the length of the code.
    """
    wrong = gate.lock.wrong + (not is_same_try)
    until_s = gate.lock.until_s or (at_s + LOCKOUT_S if wrong >= MAX_TRIES else 0.0)
    gate = replace(gate, tried=Trace.of(digits, at_s), lock=Lock(wrong, until_s))
    return gate, PinDecision.LOCKED if until_s else PinDecision.WRONG


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class PinBook:
    """The gates of all calls and the locks of all numbers, bounded in number and in time.

    One `step` is one change. A call or number without a word for `FORGET_S` is forgotten. When
    there are more than `max_entries`, the oldest goes that is not locked out; when all are, the
    oldest. Whoever is speaking stays, so that their tries count even then.

    Args:
        max_entries: how many calls, and how many numbers, are remembered; at least 1.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._gates: dict[str, tuple[PinGate, float]] = {}  # the one that spoke last comes last
        self._locks: dict[str, tuple[Lock, float]] = {}

    def __len__(self) -> int:
        """How many calls and numbers are remembered together."""
        return len(self._gates) + len(self._locks)

    def gate(self, conversation: str) -> PinGate:
        """How far a call has come; a fresh gate for one that isn't known."""
        return self._gates.get(conversation, (PinGate(), 0.0))[0]

    def step(
        self,
        *,
        conversation: str,
        number: str | None,
        utterance_key: str,
        utterance: str,
        pin_ok: Callable[[str], bool],
        at_s: float,
    ) -> PinDecision:
        """Decide about one utterance of a call, as the function `step` does.

        Args:
            conversation: names the call.
            number: the caller's number or its digest; `None` when withheld.
            utterance_key: see `step`.
            utterance: what the caller said or keyed.
            pin_ok: whether digits are the code.
            at_s: now, on a clock that never goes back.
        """
        _forget(self._gates, at_s)
        _forget(self._locks, at_s)
        owner = f"number:{number}" if number else f"conversation:{conversation}"
        lock = self._locks.pop(owner, (Lock(), 0.0))[0]
        before = replace(self.gate(conversation), lock=lock)
        after, decision = step(before, utterance_key, utterance, pin_ok, at_s)
        self._gates.pop(conversation, None)
        self._gates[conversation] = (after, at_s)
        if after.lock.wrong:
            self._locks[owner] = (after.lock, at_s)
        self._evict(at_s, conversation, owner)
        return decision

    def _evict(self, at_s: float, conversation: str, owner: str) -> None:
        """Make room, but never by forgetting who has just spoken."""
        if len(self._gates) > self._max_entries:
            idle = (key for key, (gate, _) in self._gates.items() if not gate.lock.holds(at_s))
            del self._gates[_other_than(conversation, idle, self._gates)]
        if len(self._locks) > self._max_entries:
            free = (key for key, (lock, _) in self._locks.items() if not lock.holds(at_s))
            del self._locks[_other_than(owner, free, self._locks)]


def _other_than(newest: str, preferred: Iterable[str], entries: Iterable[str]) -> str:
    """The first of the preferred, else of all, that is not the newest."""
    return next(key for key in chain(preferred, entries) if key != newest)


def _forget(entries: dict[str, tuple[_Kept, float]], at_s: float) -> None:
    while entries:
        oldest = next(iter(entries))
        if at_s - entries[oldest][1] < FORGET_S:
            return
        del entries[oldest]
