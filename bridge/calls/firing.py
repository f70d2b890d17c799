"""What is done about one schedule: its call placed, a miss told, its call's outcome taken.

Every act may be done twice, by this process after a crash or by another at the same moment: the
moment's key makes the call ring once, and an entry is changed by whoever is first. What became of a
moment is told to the log and the feed by that process alone, and kept with the schedule.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from bridge import log
from bridge.calls.entries import change, moments_of, order_of
from bridge.calls.feed import Feed, Happening
from bridge.calls.outbound import Placed
from bridge.core.order import Order
from bridge.core.phone import E164
from bridge.core.record import CallRecord, Outcome, State
from bridge.core.schedule import Again, Due, Fire, Missed, Wait, due, key_of
from bridge.core.schedule_entry import (
    End,
    Entry,
    Note,
    What,
    with_call_gone,
    with_done,
    with_ended,
    with_fired,
    with_missed,
    with_refused,
)
from bridge.errors import BadRequest, SettingsError
from bridge.ports.records import Records
from bridge.ports.schedules import Schedules

GRACE_S = 2.0
"""Seconds after its moment in which a call is never late, whatever the settings say: we wake a few
milliseconds behind it."""

UNREADABLE_S = 3600.0
"""When a schedule that can't be read here is looked at again: a renewed zone needs a restart."""

NOT_KNOWN = "it isn't known yet whether it rings"


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings under `schedule`: see `bridge.core.schedule`."""

    late_s: float = 300.0
    again: Again = field(default_factory=Again)


class Places(Protocol):
    """Who places calls: `bridge.calls.outbound.Outbound`."""

    async def place(self, order: Order) -> Placed:
        """Places a call, at most once for each key of an owner."""

    async def placed_under(self, owner: str, key: str) -> CallRecord | None:
        """The call that was placed under a key."""


class Firing:
    """See the module.

    Args:
        line: our number, called from.
        today: time of day, in seconds. May jump.
    """

    def __init__(
        self,
        schedules: Schedules,
        places: Places,
        records: Records,
        feed: Feed,
        rules: Rules,
        *,
        line: Callable[[], E164 | None],
        today: Callable[[], float],
    ) -> None:
        self._schedules = schedules
        self._places = places
        self._records = records
        self._feed = feed
        self._rules = replace(rules, late_s=max(rules.late_s, GRACE_S))
        self._line = line
        self._today = today

    def due(self, entry: Entry, now_s: float) -> Due:
        """What is to be done about it now."""
        try:
            coming = moments_of(entry.schedule)
        except BadRequest as error:  # this machine doesn't know its zone, say
            log.warning("schedule.unreadable", schedule=entry.schedule.id, reason=error.message)
            return Wait(now_s + UNREADABLE_S)
        return due(entry.schedule, coming, now_s, self._rules.late_s)

    async def follow(self, entry: Entry, now_s: float) -> Entry | None:
        """The entry, once its call has ended with what that changed."""
        if not entry.call:
            return entry
        name, call = entry.schedule.id, await self._records.call(entry.call)
        if call is None:
            return await self._change(name, partial(with_call_gone, call=entry.call), now_s)
        if call.state is not State.ENDED:
            return entry
        ended_s = now_s if call.ended_s is None else call.ended_s
        end = End(call.id, call.outcome or Outcome.UNKNOWN, ended_s, call.cause)
        ended = partial(with_ended, end=end, at_s=now_s, again=self._rules.again)
        return await self._change(name, ended, now_s)

    async def finish(self, entry: Entry, now_s: float) -> None:
        """Nothing of it is to come any more."""
        await self._change(entry.schedule.id, partial(with_done, at_s=now_s), now_s)

    async def do_next(self, name: str, looked_s: float) -> bool:
        """Does one thing that is due of the schedule of that id; whether there was any.

        Args:
            looked_s: when it was found to be due. Misses of one look are told of together.

        Raises:
            VendorError: the store or the desk failed. Nothing was settled: ask again.
        """
        # The switch first: where it is off, what came due while it was on is passed over below.
        if await self._schedules.paused_s() is not None:
            return False
        entry = await self._schedules.entry(name)
        if entry is None or entry.done_s is not None:
            return False
        match found := self.due(entry, self._today()):
            case Wait():
                return False
            case Missed():
                await self._miss(entry, found, looked_s)
            case Fire():
                await self._fire(entry, found)
        after = await self._schedules.entry(name)
        if after is not None and after.version == entry.version:
            raise RuntimeError("what was due was done, and is due as before")
        return True

    async def _miss(self, entry: Entry, missed: Missed, looked_s: float) -> None:
        first_s, tries = missed.moments_s[0], 0
        if missed.was_retry:
            tries = entry.schedule.tries + 1
        fire = Fire(first_s, tries, key_of(entry.schedule.id, first_s, tries))
        if await self._found(entry, fire):
            return
        step = partial(with_missed, missed=missed, at_s=looked_s)
        await self._change(entry.schedule.id, step, looked_s, count=len(missed.moments_s))

    async def _fire(self, entry: Entry, fire: Fire) -> None:
        if await self._found(entry, fire):
            return
        name = entry.schedule.id
        try:
            order = order_of(entry.schedule, self._line(), fire.key)
            placed = await self._places.place(order)
        except (BadRequest, SettingsError) as error:
            now_s = self._today()
            note = Note(What.FAILED, now_s, fire.moment_s, why=error.message)
            await self._change(name, partial(with_refused, fire=fire, note=note), now_s)
            return
        now_s = self._today()
        if placed.call is None:
            note = Note(What.REFUSED, now_s, fire.moment_s, why=_why_not(placed))
            await self._change(name, partial(with_refused, fire=fire, note=note), now_s)
            return
        why = NOT_KNOWN if placed.error is not None and placed.error.asked else ""
        await self._settle(entry, fire, placed.call, why)

    async def _found(self, entry: Entry, fire: Fire) -> bool:
        """Whether the call was placed already, and bridge stopped before that was kept."""
        call = await self._places.placed_under(entry.schedule.owner, fire.key)
        if call is not None:
            await self._settle(entry, fire, call)
        return call is not None

    async def _settle(self, entry: Entry, fire: Fire, call: CallRecord, why: str = "") -> None:
        now_s = self._today()
        fired = partial(with_fired, fire=fire, call=call.id, at_s=now_s, why=why)
        after = await self._change(entry.schedule.id, fired, now_s)
        if after is not None:
            await self.follow(after, now_s)  # nobody would dial, say: it is over at once

    # -- telling --------------------------------------------------------------------------------

    async def _change(
        self, name: str, step: Callable[[Entry], Entry], at_s: float, *, count: int = 1
    ) -> Entry | None:
        """Changes an entry, and tells the log and whoever watches what became of a moment.

        Told by the process whose change it was, and by no other.
        """
        changed = await change(self._schedules, name, step)
        if changed is None:
            return None
        before, after = changed.before.notes, changed.after.notes
        if after and after != before:
            self._tell(name, replace(after[-1], count=count), at_s)
        return changed.after

    def _tell(self, name: str, note: Note, at_s: float) -> None:
        event = f"schedule.{note.what}"
        tell = log.event if note.what in (What.FIRED, What.ENDED) else log.warning
        call, why, count = note.call or None, note.why or None, note.count
        tell(event, schedule=name, call=call, reason=why, count=count)
        moment_s = note.moment_s
        moment = None if moment_s is None else f"{datetime.fromtimestamp(moment_s, UTC):%FT%TZ}"
        facts = {"schedule": name, "call": call, "moment": moment, "count": count, "why": why}
        self._feed.tell(Happening(event, at_s, facts))


def _why_not(placed: Placed) -> str:
    refusal = placed.verdict.refusal if placed.verdict else None
    return f"{refusal.rule}: {refusal.why}" if refusal else "no rule was asked"
