"""What the agent is told of ended calls: once each, whatever fails, over a real store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
import pytest

from bridge.calls import teller as telling_calls
from bridge.calls.feed import Feed, Happening
from bridge.calls.teller import Teller
from bridge.core import telling
from bridge.core.call_life import TOLD
from bridge.core.record import Fault, Mode, Outcome, Source, State
from bridge.errors import VendorError, VendorRejected, VendorTooSlow, VendorUnavailable, Why
from bridge.ports.records import Records
from bridge.ports.upstream import Finding, Verdict
from bridge.stores import sqlite
from tests.fakes.calls_on_record import placed
from tests.fakes.log_lines import logging_to

pytestmark = pytest.mark.anyio

NOW_S = 1.7e9


def refused(status: int | None = None) -> VendorError:
    return VendorUnavailable(
        "'openclaw' can't be reached: nothing listens there.",
        vendor="openclaw",
        operation="wake",
        why=Why.UNREACHABLE,
        status=status,
        asked=False,
    )


def lost() -> VendorError:
    return VendorTooSlow("Too late.", vendor="openclaw", operation="wake", why=Why.LATE)


@dataclass
class Scripted:
    """A herald that fails as it is told to, and then takes everything in."""

    fails: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    holds: asyncio.Event | None = None

    async def tell(self, text: str) -> None:
        self.asked.append(text)
        if self.holds is not None:
            await self.holds.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.told.append(text)

    async def examine(self) -> Finding:
        return Finding("upstream hooks", Verdict.OK, "All is well.")

    def calls(self) -> list[str]:
        """The ids that it was told of."""
        return [text.split()[3] for text in self.told]


@dataclass
class Office:
    """A teller, its herald, and what it reads."""

    records: Records
    herald: Scripted
    feed: Feed = field(default_factory=Feed)
    now_s: float = NOW_S

    def teller(self) -> Teller:
        """One that has just been started."""
        return Teller(self.records, self.herald, self.feed, today=lambda: self.now_s)

    async def ended(self, name: str = "call_1", *, ago_s: float = 10.0, **changes: Any) -> None:
        """A call that was ordered has ended."""
        at_s = self.now_s - ago_s
        fields: dict[str, Any] = {
            "source": Source.AGENT,
            "mode": Mode.CONVERSATION,
            "state": State.ENDED,
            "outcome": Outcome.BUSY,
            "fault": Fault.REMOTE,
            "cause": "The line was busy.",
            "placed_s": at_s - 30,
            "ended_s": at_s,
            **changes,
        }
        await self.records.add(placed(name, **fields))

    async def mark(self, name: str = "call_1") -> object:
        call = await self.records.call(name)
        assert call is not None
        return call.details.get(TOLD)

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_true():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    async with sqlite.connect(folder / "bridge.db") as records:
        yield Office(records, Scripted())


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


# -- once -----------------------------------------------------------------------------------------


async def test_each_call_is_told_once_in_the_order_of_their_ends(office: Office) -> None:
    for name, ago_s in (("call_2", 20), ("call_1", 30), ("call_3", 10)):
        await office.ended(name, ago_s=ago_s)
    teller = office.teller()

    await teller.look()
    await teller.look()

    assert office.herald.calls() == ["call_1", "call_2", "call_3"]
    assert "Outcome: busy; fault: remote. Cause: The line was busy." in office.herald.told[0]
    assert await office.mark() == NOW_S


async def test_nobody_is_told_again_after_a_restart(office: Office) -> None:
    await office.ended()
    await office.teller().look()
    await office.teller().look()

    assert office.herald.calls() == ["call_1"]


async def test_calls_that_nobody_ordered_are_not_told(office: Office) -> None:
    await office.ended("call_a", source=Source.RING_BACK)
    await office.ended("call_b", source=Source.INBOUND, direction="inbound")
    await office.ended("call_c", state=State.PLACED, outcome=None, ended_s=None)
    await office.teller().look()

    assert office.herald.asked == []


async def test_of_two_processes_that_see_a_call_at_once_one_tells(
    office: Office, tmp_path: Path
) -> None:
    await office.ended()
    async with opened(tmp_path) as other, asyncio.TaskGroup() as tasks:
        has_looked, may_go_on = asyncio.Event(), asyncio.Event()

        class Slow:
            def __getattr__(self, name: str) -> Any:
                return getattr(held, name)

            async def calls(self, *arguments: Any, **more: Any) -> Any:
                page = await held.calls(*arguments, **more)
                has_looked.set()
                await may_go_on.wait()
                return page

        held, other.records = other.records, Slow()
        tasks.create_task(other.teller().look())
        await has_looked.wait()
        await office.teller().look()
        may_go_on.set()

    assert (office.herald.calls(), other.herald.asked) == (["call_1"], [])


async def test_a_call_is_marked_before_it_is_told_so_that_a_crash_tells_nobody_twice(
    office: Office,
) -> None:
    await office.ended()
    office.herald.holds = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(office.teller().look())
        await office.until(lambda: bool(office.herald.asked))

        assert await office.mark() == NOW_S
        office.herald.holds.set()


@pytest.mark.parametrize("error", [lost(), ValueError("a bug")], ids=["lost", "bug"])
async def test_what_was_perhaps_heard_is_never_told_again(office: Office, error: Exception) -> None:
    await office.ended()
    office.herald.fails = [error]
    with suppress(ValueError):
        await office.teller().look()
    office.now_s += 3600
    await office.teller().look()

    assert len(office.herald.asked) == 1


async def test_an_answer_that_does_not_come_is_waited_for_so_long_and_counts_as_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling_calls, "WITHIN_S", 0.01)
    await office.ended()
    office.herald.holds = asyncio.Event()
    with logging_to(log := StringIO(), "json"):
        async with asyncio.timeout(5):
            await office.teller().look()

    assert await office.mark() == NOW_S
    assert "never again" in log.getvalue()


async def test_a_call_that_was_erased_meanwhile_is_not_told(office: Office) -> None:
    await office.ended("call_1", ago_s=20)
    await office.ended("call_2", ago_s=10)
    office.herald.holds = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(office.teller().look())
        await office.until(lambda: bool(office.herald.asked))
        await office.records.erase("call_2")
        office.herald.holds.set()

    assert office.herald.calls() == ["call_1"]


# -- while it can't be told -----------------------------------------------------------------------


async def test_an_unreachable_agent_is_told_later_with_growing_pauses(office: Office) -> None:
    await office.ended()
    await office.ended("call_2", ago_s=5)
    office.herald.fails = [refused() for _ in range(7)]
    teller = office.teller()
    pauses = []
    for _ in range(7):
        pauses.append(await teller.look())
        assert await office.mark() is None
        office.now_s += pauses[-1]
    await teller.look()

    assert pauses == [1, 5, 15, 60, 300, 300, 300]
    assert office.herald.calls() == ["call_1", "call_2"]


async def test_nothing_is_tried_before_the_pause_is_over(office: Office) -> None:
    await office.ended()
    office.herald.fails = [refused(), refused()]
    teller = office.teller()
    await teller.look()
    office.now_s += 1
    await teller.look()
    office.now_s += 2

    assert await teller.look() == 3
    assert len(office.herald.asked) == 2


async def test_pauses_begin_anew_once_somebody_was_told(office: Office) -> None:
    await office.ended("call_1", ago_s=20)
    await office.ended("call_2", ago_s=10)
    office.herald.fails = [refused(), refused()]
    teller = office.teller()
    for pause_s in (1, 5):
        assert await teller.look() == pause_s
        office.now_s += pause_s
    await teller.look()
    await office.ended("call_3")
    office.herald.fails = [refused()]

    assert await teller.look() == 1


async def test_a_clock_that_was_set_back_ends_a_pause(office: Office) -> None:
    await office.ended()
    office.herald.fails = [refused()]
    teller = office.teller()
    await teller.look()
    office.now_s -= 3600
    await teller.look()

    assert office.herald.calls() == ["call_1"]


async def test_after_six_hours_it_is_given_up_and_said(office: Office) -> None:
    await office.ended("call_1", ago_s=telling.GIVE_UP_S + 1)
    await office.ended("call_2", ago_s=telling.GIVE_UP_S - 1)
    with logging_to(log := StringIO(), "json"):
        await office.teller().look()
        await office.teller().look()

    assert office.herald.calls() == ["call_2"]
    assert log.getvalue().count("too old by now") == 1


async def test_what_piled_up_is_told_six_a_minute(office: Office) -> None:
    for number in range(8):
        await office.ended(f"call_{number}", ago_s=60 - number)
    teller = office.teller()

    wait_s = await teller.look()
    assert (wait_s, len(office.herald.told)) == (60, 6)
    office.now_s += wait_s
    await teller.look()
    assert office.herald.calls() == [f"call_{number}" for number in range(8)]


async def test_a_refusal_says_why_in_the_log_and_no_number(office: Office) -> None:
    await office.ended()
    office.herald.fails = [
        VendorRejected(
            "no", vendor="openclaw", operation="wake", why=Why.KEY, status=401, asked=False
        )
    ]
    with logging_to(log := StringIO(), "json"):
        await office.teller().look()

    line = log.getvalue()
    assert all(said in line for said in ("call.not_told", "call_1", "401", "key", "again later"))
    assert "5550001234" not in line


# -- at work --------------------------------------------------------------------------------------


async def test_an_end_is_told_as_soon_as_it_is_heard_of(office: Office) -> None:
    async with office.teller().working():
        await office.until(lambda: len(office.feed) == 1)
        await office.ended()
        office.feed.tell(Happening("turn.finished", NOW_S))
        office.feed.tell(Happening("call.ended", NOW_S))
        await office.until(lambda: bool(office.herald.told))

    assert len(office.feed) == 0


async def test_what_ended_while_nobody_ran_is_told_at_the_start(office: Office) -> None:
    await office.ended()
    async with office.teller().working():
        await office.until(lambda: bool(office.herald.told))


async def test_records_that_fail_for_a_while_end_nothing(office: Office) -> None:
    await office.ended()
    failing = [refused(), ValueError("a bug")]
    change = office.records.change

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return getattr(held, name)

        async def change(self, *arguments: Any) -> Any:
            if failing:
                raise failing.pop(0)
            return await change(*arguments)

    held, office.records = office.records, Failing()
    with logging_to(log := StringIO(), "json"):
        async with office.teller().working():
            await office.until(lambda: len(failing) == 1)
            office.feed.tell(Happening("call.ended", NOW_S))
            await office.until(lambda: failing == [])
            office.feed.tell(Happening("call.ended", NOW_S))
            await office.until(lambda: bool(office.herald.told))

    assert "calls.not_told" in log.getvalue()
    assert "calls.broke" in log.getvalue()


async def test_a_stop_sees_through_what_is_being_told(office: Office) -> None:
    await office.ended()
    office.herald.holds = asyncio.Event()
    async with anyio.create_task_group() as tasks, office.teller().working():
        await office.until(lambda: bool(office.herald.asked))
        tasks.start_soon(_soon, office.herald.holds)
    assert office.herald.calls() == ["call_1"]
    assert await office.mark() == NOW_S


async def _soon(event: asyncio.Event) -> None:
    await asyncio.sleep(0)
    event.set()
