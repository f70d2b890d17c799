"""Calls at times, as their operator orders them: made, shown, paused, removed, run at once.

Whoever orders one comes here: the command, `POST /schedules`. What is due is placed by
`calls/scheduler.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from bridge import log
from bridge.calls.entries import UNPROCESSABLE, change, moments_of, order_of, parse_at, says
from bridge.calls.outbound import Outbound, Placed
from bridge.core.outbound import RuleResult, Verdict
from bridge.core.outbound_rules import Rule
from bridge.core.phone import E164
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import (
    Book,
    Entry,
    is_same_wish,
    with_pause,
    with_resume,
    with_run,
)
from bridge.errors import BadRequest, NotAllowed
from bridge.ports.schedules import MOST, Added, Schedules

SHOWN = 3
"""Moments that are shown of a schedule before it is made: enough to see a wrong day or zone."""

NOT_FOUND, CONFLICT = 404, 409
"""HTTP statuses of what was understood and can't be done."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a schedule means, before it is made.

    Attributes:
        says: its moments in words.
        note: what was decided about a local time that doesn't exist or exists twice; else empty.
        moments_s: the first `SHOWN`.
        verdict: of the guard on a call at the first of them, on a day without other calls.
    """

    says: str
    note: str
    moments_s: tuple[float, ...]
    verdict: Verdict

    @property
    def refusal(self) -> RuleResult | None:
        """Why it can never ring. Hours don't count: they are looked at when a moment comes."""
        return self.verdict.without(Rule.HOURS).refusal

    @property
    def closed(self) -> RuleResult | None:
        """Why it won't ring at the first moment, when that is outside the hours."""
        hours = (result for result in self.verdict.results if result.rule is Rule.HOURS)
        return next((result for result in hours if not result.passed), None)


class Timetable:
    """See the module.

    Args:
        line: our number, called from.
        today: time of day, in seconds.
        woken: told that a schedule has changed.
    """

    def __init__(
        self,
        schedules: Schedules,
        outbound: Outbound,
        *,
        line: Callable[[], E164 | None],
        today: Callable[[], float],
        woken: Callable[[], None] = lambda: None,
    ) -> None:
        self._schedules = schedules
        self._outbound = outbound
        self._line = line
        self._today = today
        self._woken = woken

    @property
    def now_s(self) -> float:
        """Time of day."""
        return self._today()

    async def foresee(self, schedule: Schedule) -> Foreseen:
        """What a schedule would mean. Nothing is kept.

        Raises:
            BadRequest: its zone, line or moment can't be read, or its moment is past.
        """
        note = parse_at(schedule).note if schedule.at else ""
        first = tuple(islice(moments_of(schedule), SHOWN))
        if not first:
            raise BadRequest(
                "'at' can't be used: that moment is past.", param="at", status=UNPROCESSABLE
            )
        order = order_of(schedule, self._line(), key="")
        verdict = await self._outbound.foresee(order, first[0])
        return Foreseen(says(schedule), note, first, verdict)

    async def add(self, schedule: Schedule) -> Added:
        """Keeps a schedule. One that is kept already, and asks for the same, stays as it is.

        Raises:
            BadRequest: as `foresee`; or another schedule has its id (status 409).
            NotAllowed: the guard would refuse its call at any hour, or there are too many.
        """
        held = await self._schedules.entry(schedule.id)
        if held is None:
            refusal = (await self.foresee(schedule)).refusal
            if refusal is not None:
                raise NotAllowed(
                    f"The call would not be placed: {refusal.why} (rule {refusal.rule.value!r}).",
                    rule=refusal.rule,
                )
        added = await self._schedules.add(Entry(schedule))
        if added is None:
            raise NotAllowed(
                f"There are {MOST} schedules already.",
                rule="schedules",
                hint="Remove one first: `bridge schedule remove ID`.",
            )
        if not is_same_wish(added.entry.schedule, schedule):
            raise BadRequest(
                "This key was used for another schedule.", param="Idempotency-Key", status=CONFLICT
            )
        if added.is_new:
            log.event("schedule.made", schedule=schedule.id, called=schedule.to)
        self._woken()
        return added

    async def book(self) -> Book:
        """All schedules, and whether they rest."""
        return await self._schedules.book()

    async def one(self, schedule_id: str) -> Entry:
        """The schedule of that id. Raises `BadRequest` (status 404) when there is none."""
        return _there(await self._schedules.entry(schedule_id))

    async def pause(self, schedule_id: str) -> Entry:
        """Nothing of it is due any more. Raises `BadRequest` (status 404) when there is none."""
        return await self._change("schedule.paused", schedule_id, with_pause)

    async def resume(self, schedule_id: str) -> Entry:
        """It is at work again; what came due meanwhile is passed over. Raises as `pause`."""
        at_s = self._today()
        return await self._change(
            "schedule.resumed", schedule_id, lambda entry: with_resume(entry, at_s)
        )

    async def pause_all(self) -> None:
        """Nothing of any schedule is due any more, over restarts too."""
        await self._schedules.pause_all(self._today())
        log.event("schedules.paused")
        self._woken()

    async def resume_all(self) -> None:
        """Schedules are at work again; what came due meanwhile is passed over."""
        await self._schedules.resume_all(self._today())
        log.event("schedules.resumed")
        self._woken()

    async def remove(self, schedule_id: str) -> None:
        """Deletes it, words and all. Raises `BadRequest` (status 404) when there is none."""
        if not await self._schedules.remove(schedule_id):
            raise _no_such()
        log.event("schedule.removed", schedule=schedule_id)
        self._woken()

    async def run(self, schedule_id: str, key: str) -> Placed:
        """Places its call now, whether it rests or not; once for each key.

        Raises:
            BadRequest: there is no such schedule (status 404).
            SettingsError: nobody could dial: there is no key, or no agent.
            VendorError: the store failed, and nothing was dialled.
        """
        schedule = (await self.one(schedule_id)).schedule
        order = order_of(schedule, self._line(), f"schedule:{schedule_id}:run:{key}")
        placed = await self._outbound.place(order)
        if (call := placed.call) is not None:
            at_s = self._today()
            await change(self._schedules, schedule_id, lambda entry: with_run(entry, call.id, at_s))
        return placed

    async def _change(self, name: str, schedule_id: str, step: Callable[[Entry], Entry]) -> Entry:
        changed = await change(self._schedules, schedule_id, step)
        after = _there(None if changed is None else changed.after)
        log.event(name, schedule=schedule_id)
        self._woken()
        return after


def _there(entry: Entry | None) -> Entry:
    if entry is None:
        raise _no_such()
    return entry


def _no_such() -> BadRequest:
    return BadRequest("There is no schedule of that id.", param="id", status=NOT_FOUND)
