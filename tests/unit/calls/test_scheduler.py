"""Calls at times, over a real store, with a clock that the test sets: what rings, when, how often.

Our own promises: design 10; docs/explain/calling-out.md, schedules.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bridge.calls import scheduler as doing
from bridge.calls.entries import change, next_s
from bridge.calls.feed import Feed, Happening
from bridge.calls.firing import NOT_KNOWN, Firing, Rules
from bridge.calls.moments import parse_zone
from bridge.calls.outbound import Placed
from bridge.calls.scheduler import DONE_KEPT_S, LOOK_EVERY_S, Scheduler
from bridge.core.call_life import Over
from bridge.core.call_outcome import BUSY, COMPLETED, NO_ANSWER, VOICEMAIL, Verdict
from bridge.core.order import Order
from bridge.core.outbound import RuleResult
from bridge.core.outbound import Verdict as Decision
from bridge.core.outbound_rules import Rule
from bridge.core.phone import E164
from bridge.core.record import CallRecord, Fault, Outcome, Source, State
from bridge.core.schedule import Again, Fire, Schedule, key_of
from bridge.core.schedule_entry import Entry, Note, What, with_pause, with_refused, with_resume
from bridge.errors import BadRequest, SettingsError, VendorError, VendorUnavailable
from bridge.ports.store import Store
from bridge.stores import sqlite
from tests.fakes.log_lines import logging_to

pytestmark = pytest.mark.anyio

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
TO = "+12025550123"
DAY_S = 86_400.0
LATE_S = 300.0
REFUSED = Decision((RuleResult(Rule.PER_DAY, passed=False, why="60 of 60 calls in a day"),))


def at(text: str, zone: str = BERLIN) -> float:
    """A moment by its local time."""
    return datetime.fromisoformat(text).replace(tzinfo=parse_zone(zone)).timestamp()


SEVEN_S = at("2026-12-01T07:00")
MORNING = Schedule(id="sched_1", to=TO, zone=BERLIN, made_s=SEVEN_S - 600, line="0 7 * * *")
KEY = key_of("sched_1", SEVEN_S)


class Killed(BaseException):
    """The program ends here, whatever it was doing."""


class Told(Feed):
    """A feed whose happenings end up in a list."""

    def __init__(self, told: list[Happening]) -> None:
        super().__init__()
        self._told = told

    @override
    def tell(self, happening: Happening) -> None:
        self._told.append(happening)


@dataclass
class Office:
    """A scheduler in front of somebody who places calls as they are told to.

    Attributes:
        placed: every call that rang, by its key.
        asked: every key that a call was asked for under.
        answers: how the next calls are answered; a call rings when there is nothing here.
        dies: whether the program is killed once the call rings, before anything is settled.
    """

    store: Store
    now_s: float = SEVEN_S - 300
    placed: dict[str, CallRecord] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    answers: list[Placed | Exception] = field(default_factory=list)
    is_stopping: bool = False
    dies: bool = False
    told: list[Happening] = field(default_factory=list)
    gate: asyncio.Event | None = None

    def scheduler(self, **rules: Any) -> Scheduler:
        """One that works on the store, as a process of its own would."""
        firing = Firing(
            self.store.schedules,
            self,
            self.store.records,
            Told(self.told),
            Rules(**{"late_s": LATE_S, "again": Again(after_s=600, times=2), **rules}),
            line=lambda: E164("+14155550100"),
            today=lambda: self.now_s,
        )
        return Scheduler(
            self.store.schedules,
            firing,
            today=lambda: self.now_s,
            is_stopping=lambda: self.is_stopping,
        )

    async def place(self, order: Order) -> Placed:
        """As `Outbound.place`: a key rings once."""
        assert order.key is not None
        self.asked.append(order.key)
        self.orders.append(order)
        if (held := await self.placed_under(order.owner, order.key)) is not None:
            return Placed(held)
        if self.gate is not None:
            await self.gate.wait()
        if self.answers:
            match answer := self.answers.pop(0):
                case Exception():
                    raise answer
                case Placed(call=None):
                    return answer
                case Placed():
                    assert answer.call is not None
                    await self.store.records.add(replace(answer.call, idempotency_key=order.key))
                    self.placed[order.key] = answer.call
                    return answer
        number = list(dict.fromkeys(self.asked)).index(order.key) + 1
        call = rung(f"call_{number}", self.now_s)
        added = await self.store.records.add(replace(call, idempotency_key=order.key))
        if added.is_new:
            self.placed[order.key] = added.call
        if self.dies:
            raise Killed
        return Placed(added.call, is_new=added.is_new)

    async def placed_under(self, owner: str, key: str) -> CallRecord | None:
        assert owner == "operator"
        return self.placed.get(key)

    async def ends(self, key: str, verdict: Verdict, after_s: float = 30.0) -> None:
        """The call that was placed under a key is over."""
        self.now_s += after_s
        await self.store.records.change(self.placed[key].id, Over(self.now_s, verdict))

    async def add(self, schedule: Schedule = MORNING) -> None:
        await self.store.schedules.add(Entry(schedule))

    async def held(self, name: str = "sched_1") -> Entry:
        found = await self.store.schedules.entry(name)
        assert found is not None
        return found

    async def notes(self) -> list[tuple[What, str]]:
        return [(note.what, note.why) for note in (await self.held()).notes]

    async def runs_until(self, end_s: float, worker: Scheduler) -> list[float]:
        """Sleeps as the worker does, with a clock that jumps to what it sleeps until; the moments.

        Every look a few milliseconds late, as in life.
        """
        rang: list[float] = []
        while self.now_s < end_s:
            before = len(self.placed)
            until_s = await worker.look()
            rang += [self.now_s] * (len(self.placed) - before)
            for key in list(self.placed)[before:]:
                await self.ends(key, COMPLETED, after_s=0.0)
            self.now_s = end_s if until_s is None else max(until_s, self.now_s) + 0.005
        return rang


def rung(name: str, at_s: float, **changes: Any) -> CallRecord:
    call = CallRecord(
        id=name,
        direction="outbound",
        source=Source.SCHEDULE,
        state=State.PLACED,
        placed_s=at_s,
        touched_s=at_s,
        remote=E164(TO),
    )
    return replace(call, **changes)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    async with sqlite.connect_store(folder / "bridge.db") as store:
        yield Office(store)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


# -- a moment -------------------------------------------------------------------------------------


async def test_it_sleeps_until_the_moment_and_then_rings_once(office: Office) -> None:
    await office.add()
    worker = office.scheduler()

    assert await worker.look() == SEVEN_S
    assert office.asked == []
    office.now_s = SEVEN_S + 0.005
    assert await worker.look() == SEVEN_S + DAY_S
    await worker.look()
    assert office.asked == [KEY]


async def test_the_order_is_that_of_the_schedule(office: Office) -> None:
    await office.add(
        replace(MORNING, message="Good morning.", brief="Wake them.", language="de", session="desk")
    )
    office.now_s = SEVEN_S
    await office.scheduler().look()

    assert office.orders == [
        Order(
            to=TO,
            line=E164("+14155550100"),
            message="Good morning.",
            brief="Wake them.",
            language="de",
            source=Source.SCHEDULE,
            owner="operator",
            key=KEY,
            session="desk",
        )
    ]


async def test_a_crash_between_ringing_and_settling_rings_nobody_twice(office: Office) -> None:
    await office.add()
    office.now_s, office.dies = SEVEN_S, True
    with pytest.raises(BaseExceptionGroup):
        await office.scheduler().look()
    assert (await office.held()).schedule.settled_s is None

    office.dies = False
    office.now_s += 60
    await office.scheduler().look()
    assert office.asked == [KEY]
    assert await office.notes() == [(What.FIRED, "")]
    assert (await office.held()).call == "call_1"


async def test_what_rang_before_a_crash_is_never_told_as_missed(office: Office) -> None:
    await office.add()
    office.now_s, office.dies = SEVEN_S, True
    with pytest.raises(BaseExceptionGroup):
        await office.scheduler().look()

    office.dies = False
    office.now_s += 3 * DAY_S - 60
    await office.scheduler().look()
    assert await office.notes() == [(What.FIRED, ""), (What.MISSED, "")]
    assert (await office.held()).notes[1].count == 2
    assert office.asked == [KEY]


async def test_two_processes_on_one_store_ring_once(tmp_path: Path, office: Office) -> None:
    async with opened(tmp_path) as second:
        second.placed = office.placed  # the records are one; `Outbound` reads them
        await office.add()
        office.now_s = second.now_s = SEVEN_S
        office.told = second.told
        workers = [office.scheduler(), second.scheduler()]
        for day in range(5):
            office.now_s = second.now_s = SEVEN_S + day * DAY_S
            await asyncio.gather(*(worker.look() for worker in workers))

        assert len(office.placed) == 5
        assert [note.what for note in (await office.held()).notes].count(What.FIRED) == 5
        assert Counter(h.name for h in office.told)["schedule.fired"] == 5


async def test_who_was_refused_while_another_process_rang_follows_that_call(
    office: Office,
) -> None:
    await office.add()
    office.now_s, office.gate = SEVEN_S, asyncio.Event()
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(5):
        looking = tasks.create_task(office.scheduler().look())
        while not office.asked:
            await asyncio.sleep(0)
        note = Note(What.REFUSED, office.now_s, SEVEN_S, why="live_calls: 4 of 4")
        fire = Fire(SEVEN_S, 0, KEY)
        await change(
            office.store.schedules, "sched_1", lambda entry: with_refused(entry, fire, note)
        )
        office.gate.set()
        await looking

    held = await office.held()
    assert held.call == "call_1"
    assert [note.what for note in held.notes] == [What.REFUSED, What.FIRED]


# -- clock changes --------------------------------------------------------------------------------

CHANGES = {
    BERLIN: ("2027-03-28", "2027-10-31"),
    NEW_YORK: ("2027-03-14", "2027-11-07"),
    LORD_HOWE: ("2027-10-03", "2027-04-04"),
}
"""The day on which clocks go forward, and the day on which they go back; by half an hour on Lord
Howe. Source: the IANA time zone database 2026b."""

DAYS = [(zone, day) for zone, days in CHANGES.items() for day in days]


@pytest.mark.parametrize(("zone", "day"), DAYS)
@pytest.mark.parametrize("clock", ["01:30", "01:45", "02:00", "02:15", "02:30", "03:00", "07:00"])
async def test_a_daily_line_rings_once_a_day_on_the_days_when_clocks_change(
    office: Office, zone: str, day: str, clock: str
) -> None:
    hour, minute = clock.split(":")
    noon_s = at(f"{day}T12:00", zone)
    begin_s, end_s = noon_s - 1.5 * DAY_S, noon_s + 1.5 * DAY_S
    office.now_s = begin_s
    await office.add(replace(MORNING, zone=zone, line=f"{minute} {hour} * * *", made_s=begin_s))

    rang = await office.runs_until(end_s, office.scheduler())

    days = Counter(datetime.fromtimestamp(at_s, parse_zone(zone)).date() for at_s in rang)
    assert set(days.values()) == {1}
    assert len(days) in (3, 4)
    assert days[datetime.fromisoformat(day).date()] == 1
    assert len(set(office.asked)) == len(office.asked) == len(rang)
    assert What.MISSED not in [what for what, _ in await office.notes()]


@pytest.mark.parametrize(("zone", "day"), DAYS)
async def test_an_hourly_line_rings_in_each_hour_that_passes(
    office: Office, zone: str, day: str
) -> None:
    begin_s = at(f"{day}T00:00", zone) - 1
    end_s = at(f"{day}T23:59", zone) + 59
    office.now_s = begin_s
    await office.add(replace(MORNING, zone=zone, line="0 * * * *", made_s=begin_s))

    rang = await office.runs_until(end_s, office.scheduler())

    hours = {
        (BERLIN, "2027-03-28"): 23,
        (BERLIN, "2027-10-31"): 25,
        (NEW_YORK, "2027-03-14"): 23,
        (NEW_YORK, "2027-11-07"): 25,
        (LORD_HOWE, "2027-10-03"): 23,  # from 02:00 straight to 02:30: no clock shows 02:00
        (LORD_HOWE, "2027-04-04"): 24,  # from 02:00 back to 01:30: once more half past, no hour
    }
    assert len(rang) == hours[zone, day]
    assert len(set(office.asked)) == len(rang)


async def test_a_clock_put_back_rings_nobody_a_second_time(office: Office) -> None:
    await office.add()
    worker = office.scheduler()
    office.now_s = SEVEN_S + 1
    await worker.look()
    office.now_s = SEVEN_S - 3600
    await worker.look()
    office.now_s = SEVEN_S + 2
    assert await worker.look() == SEVEN_S + DAY_S

    assert office.asked == [KEY]


async def test_a_clock_that_jumps_over_a_moment_is_noticed_at_the_next_look(
    office: Office,
) -> None:
    await office.add()
    worker = office.scheduler()
    await worker.look()
    office.now_s = SEVEN_S + LATE_S - 1
    await worker.look()
    assert office.asked == [KEY]


# -- missed ---------------------------------------------------------------------------------------


async def test_what_went_by_while_nobody_looked_is_told_and_does_not_ring(office: Office) -> None:
    await office.add()
    office.now_s = SEVEN_S + 3 * DAY_S + LATE_S + 1
    written = StringIO()
    with logging_to(written, "json"):
        await office.scheduler().look()

    assert office.asked == []
    held = await office.held()
    assert [(note.what, note.count, note.moment_s) for note in held.notes] == [
        (What.MISSED, 4, SEVEN_S + 3 * DAY_S)
    ]
    assert written.getvalue().count("schedule.missed") == 2  # three at once, and the last by itself
    assert [(h.name, h.facts["count"], h.facts["moment"]) for h in office.told] == [
        ("schedule.missed", 3, "2026-12-03T06:00:00Z"),
        ("schedule.missed", 1, "2026-12-04T06:00:00Z"),
    ]


async def test_of_several_that_went_by_the_last_rings_while_it_is_not_too_late(
    office: Office,
) -> None:
    await office.add()
    office.now_s = SEVEN_S + 2 * DAY_S + LATE_S
    await office.scheduler().look()

    assert office.asked == [key_of("sched_1", SEVEN_S + 2 * DAY_S)]
    assert [note.what for note in (await office.held()).notes] == [What.MISSED, What.FIRED]


async def test_even_without_patience_a_moment_that_comes_rings(office: Office) -> None:
    await office.add()
    worker = office.scheduler(late_s=0.0)
    office.now_s = SEVEN_S + 1.0
    await worker.look()
    assert office.asked == [KEY]

    office.now_s = SEVEN_S + DAY_S + 5.0
    await worker.look()
    assert office.asked == [KEY]
    assert (await office.notes())[-1] == (What.MISSED, "")


async def test_a_month_of_minutes_is_one_note(office: Office) -> None:
    await office.add(replace(MORNING, line="* * * * *"))
    office.now_s = MORNING.made_s + 3 * DAY_S
    await office.scheduler(late_s=0).look()

    (note,) = [n for n in (await office.held()).notes if n.what is What.MISSED]
    assert note.count == 3 * 24 * 60 - 1  # the last minute still rings
    assert len(office.asked) == 1


# -- how it comes out -----------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [BUSY, NO_ANSWER])
async def test_who_was_busy_is_tried_again_and_then_answers(
    office: Office, verdict: Verdict
) -> None:
    await office.add()
    worker = office.scheduler()
    office.now_s = SEVEN_S
    await worker.look()
    await office.ends(KEY, verdict)
    ended_s = office.now_s
    assert await worker.look() == ended_s + 600
    office.now_s = ended_s + 600
    await worker.look()
    await office.ends(f"{KEY}:1", COMPLETED)
    assert await worker.look() == SEVEN_S + DAY_S

    assert office.asked == [KEY, f"{KEY}:1"]
    assert await office.notes() == [
        (What.FIRED, ""),
        (What.ENDED, f"{verdict.outcome}: {verdict.cause}"),
        (What.FIRED, ""),
        (What.ENDED, "completed"),
    ]


async def test_the_outcome_is_taken_by_another_process_after_a_restart(office: Office) -> None:
    await office.add()
    office.now_s = SEVEN_S
    await office.scheduler().look()
    await office.ends(KEY, BUSY)

    later = office.scheduler()
    assert await later.look() == office.now_s + 600
    office.now_s += 600
    await office.scheduler().look()
    assert office.asked == [KEY, f"{KEY}:1"]


async def test_a_retry_that_comes_too_late_is_told_as_missed(office: Office) -> None:
    await office.add()
    office.now_s = SEVEN_S
    await office.scheduler().look()
    await office.ends(KEY, BUSY)
    office.now_s += 3 * 3600
    await office.scheduler().look()

    assert office.asked == [KEY]
    assert (await office.notes())[-1] == (What.MISSED, "too late for another try")


async def test_a_retry_that_rang_before_a_crash_is_not_told_as_missed(office: Office) -> None:
    await office.add()
    worker = office.scheduler()
    office.now_s = SEVEN_S
    await worker.look()
    await office.ends(KEY, BUSY)
    await worker.look()
    office.now_s, office.dies = office.now_s + 600, True
    with pytest.raises(BaseExceptionGroup):
        await worker.look()
    office.dies = False
    office.now_s += 3 * 3600
    await office.scheduler().look()

    assert [what for what, _ in await office.notes()] == [What.FIRED, What.ENDED, What.FIRED]
    assert (await office.held()).call == "call_2"


async def test_who_got_a_machine_is_not_rung_again(office: Office) -> None:
    await office.add()
    worker = office.scheduler()
    office.now_s = SEVEN_S
    await worker.look()
    await office.ends(KEY, VOICEMAIL)
    assert await worker.look() == SEVEN_S + DAY_S


async def test_a_call_whose_record_was_erased_is_followed_no_more(office: Office) -> None:
    await office.add()
    worker = office.scheduler()
    office.now_s = SEVEN_S
    await worker.look()
    await office.store.records.erase("call_1")
    assert await worker.look() == SEVEN_S + DAY_S
    assert (await office.held()).call == ""


# -- what goes wrong ------------------------------------------------------------------------------


async def test_a_refusal_is_told_with_its_rule_and_not_asked_again(office: Office) -> None:
    await office.add()
    office.now_s, office.answers = SEVEN_S, [Placed(None, REFUSED)]
    written, worker = StringIO(), office.scheduler()
    with logging_to(written, "json"):
        assert await worker.look() == SEVEN_S + DAY_S

    assert office.asked == [KEY]
    assert await office.notes() == [(What.REFUSED, "per_day: 60 of 60 calls in a day")]
    assert '"schedule.refused"' in written.getvalue()
    assert "per_day" in written.getvalue()
    assert [h.name for h in office.told] == ["schedule.refused"]


@pytest.mark.parametrize(
    "error",
    [
        SettingsError("there is no voice agent yet"),
        BadRequest("This key was used for another call.", status=409),
    ],
)
async def test_what_nobody_can_place_is_told_as_failed(office: Office, error: Exception) -> None:
    await office.add()
    office.now_s, office.answers = SEVEN_S, [error]
    assert await office.scheduler().look() == SEVEN_S + DAY_S
    assert await office.notes() == [(What.FAILED, str(error))]


def vendor(*, asked: bool) -> VendorError:
    return VendorUnavailable("The platform says no.", vendor="x", operation="dial", asked=asked)


async def test_a_call_that_the_platform_refuses_is_told_with_the_cause(office: Office) -> None:
    over = rung(
        "call_no",
        SEVEN_S,
        state=State.ENDED,
        outcome=Outcome.FAILED,
        fault=Fault.PLATFORM,
        cause="The platform says no.",
        ended_s=SEVEN_S,
    )
    await office.add()
    office.now_s = SEVEN_S
    office.answers = [Placed(over, is_new=True, error=vendor(asked=False))]
    assert await office.scheduler().look() == SEVEN_S + DAY_S
    assert await office.notes() == [
        (What.FIRED, ""),
        (What.ENDED, "failed: The platform says no."),
    ]


async def test_a_call_that_may_ring_is_said_so_and_followed(office: Office) -> None:
    doubtful = rung("call_may", SEVEN_S, state=State.DIALLING)
    await office.add()
    office.now_s = SEVEN_S
    office.answers = [Placed(doubtful, is_new=True, error=vendor(asked=True))]
    await office.scheduler().look()
    assert await office.notes() == [(What.FIRED, NOT_KNOWN)]
    assert (await office.held()).call == "call_may"


@pytest.mark.parametrize("error", [vendor(asked=False), RuntimeError("a bug of ours")])
async def test_trouble_of_the_store_is_survived_and_the_moment_asked_for_again(
    office: Office, error: Exception
) -> None:
    await office.add()
    await office.add(replace(MORNING, id="sched_2"))
    office.now_s, office.answers = SEVEN_S, [error]
    worker = office.scheduler()
    assert await worker.look() == SEVEN_S + LOOK_EVERY_S
    assert len(office.placed) == 1, "the other one came all the same"
    office.now_s += LOOK_EVERY_S
    assert await worker.look() == SEVEN_S + DAY_S

    assert sorted(office.placed) == [KEY, key_of("sched_2", SEVEN_S)]


async def test_what_changes_nothing_is_not_done_for_ever(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_firing: Firing, _entry: Entry, _fire: Fire) -> None:
        """A bug of ours: nothing is settled."""

    monkeypatch.setattr(Firing, "_fire", lost)
    await office.add()
    office.now_s = SEVEN_S
    written = StringIO()
    with logging_to(written, "json"):
        assert await office.scheduler().look() == SEVEN_S + LOOK_EVERY_S
    assert written.getvalue().count("schedules.broke") == 1


async def test_a_store_that_fails_is_survived_while_working(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    office.now_s = SEVEN_S
    worker, books = office.scheduler(), [vendor(asked=False), RuntimeError("a bug of ours")]
    book = office.store.schedules.book

    async def failing() -> Any:
        if books:
            worker.wake()
            raise books.pop()
        return await book()

    monkeypatch.setattr(office.store.schedules, "book", failing)
    async with asyncio.timeout(5), worker.working():
        while not office.placed:
            await asyncio.sleep(0.001)
    assert books == []


async def test_a_zone_that_this_machine_does_not_know_harms_no_other(office: Office) -> None:
    await office.add(replace(MORNING, zone="Mars/Olympus"))
    await office.add(replace(MORNING, id="sched_2"))
    office.now_s = SEVEN_S
    written, worker = StringIO(), office.scheduler()
    with logging_to(written, "json"):
        await worker.look()
        await worker.look()
    assert office.asked == [key_of("sched_2", SEVEN_S)]
    assert written.getvalue().count("schedule.unreadable") == 1
    assert next_s(await office.held(), office.now_s) is None


# -- rest, and the end ----------------------------------------------------------------------------


async def test_one_that_rests_does_not_ring_and_passes_over_what_came_due(office: Office) -> None:
    await office.add()
    worker = office.scheduler()
    await worker.look()
    await change(office.store.schedules, "sched_1", with_pause)
    office.now_s = SEVEN_S + 1
    assert await worker.look() is None
    office.now_s += 60
    await change(office.store.schedules, "sched_1", lambda entry: with_resume(entry, office.now_s))
    assert await worker.look() == SEVEN_S + DAY_S
    assert office.asked == []
    assert await office.notes() == []


async def test_while_all_rest_none_rings_and_calls_are_followed_all_the_same(
    office: Office,
) -> None:
    await office.add()
    office.now_s = SEVEN_S
    await office.scheduler().look()
    await office.store.schedules.pause_all(office.now_s)
    await office.ends(KEY, BUSY)
    assert await office.scheduler().look() is None
    assert (await office.held()).notes[-1].what is What.ENDED
    office.now_s += DAY_S
    assert await office.scheduler().look() is None
    await office.store.schedules.resume_all(office.now_s)
    assert await office.scheduler().look() == SEVEN_S + 2 * DAY_S

    assert office.asked == [KEY]
    assert What.MISSED not in [what for what, _ in await office.notes()]


async def test_one_that_is_paused_between_the_look_and_the_call_does_not_ring(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    await office.add(replace(MORNING, id="sched_2"))
    office.now_s = SEVEN_S
    schedules = office.store.schedules
    book = schedules.book

    async def read() -> Any:
        found = await book()
        monkeypatch.setattr(schedules, "book", book)
        await change(schedules, "sched_1", with_pause)
        await schedules.remove("sched_2")
        return found

    monkeypatch.setattr(schedules, "book", read)
    await office.scheduler().look()
    assert office.asked == []


async def test_all_paused_between_the_look_and_the_call_is_heeded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    office.now_s = SEVEN_S
    schedules = office.store.schedules
    book = schedules.book

    async def read() -> Any:
        found = await book()
        await schedules.pause_all(office.now_s)
        return found

    monkeypatch.setattr(schedules, "book", read)
    await office.scheduler().look()
    assert office.asked == []


async def test_one_moment_rings_once_is_done_and_is_removed_after_a_week(office: Office) -> None:
    await office.add(replace(MORNING, line="", at="2026-12-01T07:00"))
    worker = office.scheduler()
    assert await worker.look() == SEVEN_S
    office.now_s = SEVEN_S
    await worker.look()
    assert (await office.held()).done_s is None, "its call goes on"
    await office.ends(KEY, COMPLETED)
    assert await worker.look() is None
    done_s = (await office.held()).done_s
    assert done_s == office.now_s
    office.now_s += DONE_KEPT_S
    await worker.look()
    assert (await office.held()).done_s == done_s
    office.now_s += 1
    await worker.look()
    assert await office.store.schedules.entry("sched_1") is None
    assert office.asked == [KEY]


async def test_one_moment_that_was_missed_is_done_too(office: Office) -> None:
    await office.add(replace(MORNING, line="", at="2026-12-01T07:00"))
    office.now_s = SEVEN_S + DAY_S
    await office.scheduler().look()

    assert (await office.held()).done_s == office.now_s
    assert await office.notes() == [(What.MISSED, "")]


async def test_one_moment_with_a_busy_line_is_not_done_while_it_is_tried_again(
    office: Office,
) -> None:
    await office.add(replace(MORNING, line="", at="2026-12-01T07:00"))
    worker = office.scheduler()
    office.now_s = SEVEN_S
    await worker.look()
    await office.ends(KEY, BUSY)
    assert await worker.look() == office.now_s + 600
    assert (await office.held()).done_s is None


async def test_a_program_that_stops_begins_nothing(office: Office) -> None:
    await office.add()
    office.now_s, office.is_stopping = SEVEN_S, True
    assert await office.scheduler().look() is None
    assert office.asked == []


# -- asleep and awake -----------------------------------------------------------------------------


async def test_it_looks_when_it_is_woken(office: Office) -> None:
    office.now_s = SEVEN_S
    worker = office.scheduler()
    async with asyncio.timeout(5), worker.working():
        await asyncio.sleep(0)
        await office.add()
        while not office.placed:
            worker.wake()
            await asyncio.sleep(0.001)
    assert office.asked == [KEY]


async def test_it_looks_by_itself_when_the_moment_comes(office: Office) -> None:
    await office.add()
    office.now_s = SEVEN_S - 0.05
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    clock = office.now_s
    worker = office.scheduler()
    async with asyncio.timeout(5), worker.working():
        while not office.placed:
            office.now_s = clock + (loop.time() - began_s)
            await asyncio.sleep(0.001)
    assert office.asked == [KEY]


async def test_one_slow_call_holds_up_no_other(office: Office) -> None:
    office.gate = asyncio.Event()
    await office.add()
    office.now_s = SEVEN_S
    worker = office.scheduler()
    async with asyncio.timeout(5), worker.working():
        while office.asked != [KEY]:
            await asyncio.sleep(0.001)
        await office.add(replace(MORNING, id="sched_2"))
        worker.wake()
        while len(office.asked) < 2:
            await asyncio.sleep(0.001)
        assert office.placed == {}
        office.gate.set()
        while len(office.placed) < 2:
            await asyncio.sleep(0.001)
    assert office.asked == [KEY, key_of("sched_2", SEVEN_S)]


async def test_a_look_at_another_s_changes_is_never_further_away_than_promised(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "LOOK_EVERY_S", 0.01)
    worker = office.scheduler()
    await office.add(replace(MORNING, id="sched_far", line="0 7 1 1 *"))
    office.now_s = SEVEN_S
    assert await worker.look() == at("2027-01-01T07:00")
    async with asyncio.timeout(5), worker.working():
        await office.add()
        while not office.placed:
            await asyncio.sleep(0.001)
    assert LOOK_EVERY_S <= 15


# -- privacy --------------------------------------------------------------------------------------


async def test_no_log_line_and_no_happening_holds_a_number_or_a_word(office: Office) -> None:
    await office.add(replace(MORNING, message="zeppelin", brief="gout"))
    written = StringIO()
    with logging_to(written, "json"):
        office.now_s = SEVEN_S + 3 * DAY_S
        worker = office.scheduler()
        await worker.look()
        await office.ends(key_of("sched_1", SEVEN_S + 3 * DAY_S), BUSY)
        office.answers = [RuntimeError("zeppelin +12025550123")]
        office.now_s += 600
        await worker.look()
    seen = written.getvalue() + str([(h.facts, h.words) for h in office.told])

    assert "schedule.fired" in seen
    assert "schedules.broke" in seen
    assert [part for part in ("zeppelin", "gout", "2025550123") if part in seen] == []
