"""Records of calls: what happened, kept so that a crash loses at most the turn in flight.

An adapter promises:

- what a method wrote stays when it has returned, whole or not at all, whatever is killed when; a
  call that we place, and each change of a call, survives a power cut too;
- a call's life only goes forward: every change is `bridge.core.call_life.advance`, made in one act
  with reading what it changes, so that of two who send the same event one sees it move the call;
- one call for each conversation id, and one for each idempotency key;
- lists, search and figures take a fraction of a second over a hundred thousand calls;
- another process may read while this one writes;
- what is purged or erased is gone from its files, not only from its lists;
- every failure is a `VendorError` (or a `SettingsError` when it is opened), without words, numbers
  or keys in its text.

What may not be kept is taken out before it comes here (`bridge.core.redaction`).
Moments are time of day, in seconds since 1970.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.core.call_life import CallEvent
from bridge.core.identity import Direction
from bridge.core.phone import E164
from bridge.core.record import CallRecord, Outcome, TurnRecord

PAGE = 50
"""Calls in a page of a list, when nobody says how many."""

MAX_PAGE = 1000
"""Most calls in one page: about half a megabyte of JSON."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a call that was to be added.

    Attributes:
        call: as it is held: the given one, or the one that was there.
        is_new: false when there was one under its idempotency key or conversation.
    """

    call: CallRecord
    is_new: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A call before and after what was to change it. Equal when nothing did."""

    before: CallRecord
    after: CallRecord

    @property
    def moved(self) -> bool:
        """Whether this very change brought the call to another state: true for one caller only."""
        return self.before.state is not self.after.state


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A turn that is to be added to a call.

    Attributes:
        heard: by run id, what it tells was heard of earlier turns; as `Records.set_heard`.
    """

    call_id: str
    turn: TurnRecord
    heard: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are wanted: those that fit everything that is set.

    Attributes:
        since_s, until_s: bounds of `placed_s`; the second is outside.
        owner: whose token placed them.
        live: only those that may be ringing or talking (`bridge.core.record.LIVE`).
    """

    direction: Direction | None = None
    outcome: Outcome | None = None
    since_s: float | None = None
    until_s: float | None = None
    remote: E164 | None = field(default=None, repr=False)
    owner: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, the latest first. `next` is the cursor of the page behind; empty on the last."""

    calls: tuple[CallRecord, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that a search found, and its call."""

    call: CallRecord
    turn: TurnRecord


@dataclass(frozen=True, slots=True)
class Purged:
    """What is gone: how many calls and turns, and the files of sound that were theirs."""

    calls: int
    turns: int
    recordings: tuple[str, ...] = ()


class Records(Protocol):
    """See the module."""

    async def add(self, call: CallRecord) -> Added:
        """Holds a new call, unless one is held under its idempotency key or conversation id."""

    async def change(self, call_id: str, *events: CallEvent) -> Change | None:
        """Advances a call by these events, in one act. `None` when there is no such call."""

    async def call(self, call_id: str) -> CallRecord | None:
        """The call of that id, or the only one whose id begins so.

        Raises:
            BadRequest: several begin so.
        """

    async def find(
        self, *, conversation: str | None = None, carrier_call: str | None = None
    ) -> CallRecord | None:
        """The call of that conversation, else the latest of that carrier's id."""

    async def calls(self, wanted: Filter, *, limit: int = PAGE, cursor: str = "") -> Page:
        """A page of the calls that fit, by `placed_s`, the latest first.

        Raises:
            BadRequest: the cursor is none of ours.
        """

    async def live(self, silent_since_s: float) -> Sequence[CallRecord]:
        """Calls that have not ended and were last heard of before that.

        Reserved and promised ones too. The longest silent first, and `MAX_PAGE` at most.
        """

    async def add_turns(self, new: Sequence[NewTurn]) -> Sequence[TurnRecord | None]:
        """Adds turns in their order, numbers them, and advances their calls by `Turned`.

        All in one act: when it fails, none of them is held. A turn whose run is held already
        changes nothing.

        Returns:
            Each turn as it is held; `None` where there is no such call.
        """

    async def set_heard(self, call_id: str, heard: Mapping[str, str]) -> int:
        """Says of turns, by run id, what was heard of them. Returns how many that changed."""

    async def turns(self, call_id: str) -> Sequence[TurnRecord]:
        """Every turn of a call, in order."""

    async def search(self, text: str, *, limit: int = PAGE) -> Sequence[Hit]:
        """Turns in which every word of `text` was said, by either side, the latest first.

        A word is found as a part of another too, in upper or lower case, in any script. No
        character in it has a meaning of its own. Text without a letter or digit finds nothing.
        """

    async def stages(self, latest: int) -> Sequence[Mapping[str, float]]:
        """Seconds of each stage of the latest turns that asked the agent, the latest first."""

    async def placed_since(self, at_s: float, remote: E164 | None = None) -> int:
        """How many calls we placed since, in all or to one number.

        Reserved ones count, because they will ring; promised ones don't yet, and refused ones and
        those that were never placed never do.
        """

    async def spent_since(self, at_s: float) -> Mapping[str, float]:
        """What calls cost that we placed since, as far as it is known, by currency."""

    async def erase(self, call_id: str) -> Purged:
        """Deletes one call with all that belongs to it, for good."""

    async def purge(self, before_s: float) -> Purged:
        """Deletes ended calls that were placed before that, for good."""

    async def count(self) -> int:
        """How many calls are held."""
