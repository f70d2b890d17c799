"""What becomes of calls that were placed: looked up, followed, ended by rule, never dialled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bridge.calls.aftermath import NOT_DIALLED, NOT_THERE, Aftermath, Patience
from bridge.calls.endings import Endings
from bridge.core.call_life import CallEvent
from bridge.core.record import CallRecord, Mode, Outcome, State
from bridge.errors import VendorUnavailable
from bridge.ports.dialer import Dial, Dialled
from bridge.ports.records import Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import placed
from tests.fakes.log_lines import logging_to

pytestmark = pytest.mark.anyio

NOW_S = 1.7e9
PATIENCE = Patience()
AWAY = VendorUnavailable("'elevenlabs' can't be reached.", vendor="elevenlabs", operation="find")


@dataclass
class Office:
    """Calls of ours on record, somebody who dials, and whoever is asked how calls are.

    Stands in for `Outbound` in what an aftermath needs of it.

    Attributes:
        answers: what the platform says of our ids, in turn; the last one stays.
        looked_for: ids that it was asked for.
        settled: with how many seconds of silence the platform was asked about calls.
    """

    records: Records
    now_s: float = NOW_S
    answers: list[Dialled | VendorUnavailable | None] = field(default_factory=lambda: [None])
    looked_for: list[str] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    doubtful: asyncio.Event = field(default_factory=asyncio.Event)
    fails: list[Exception] = field(default_factory=list)

    def aftermath(self) -> Aftermath:
        outbound: Any = self
        today = lambda: self.now_s  # noqa: E731 - said three times
        endings = Endings(self.records, lambda _name, _call: None, today=today)
        return Aftermath(outbound, self.opens, endings, self.settle, today=today)

    async def add(self, state: State, *, ago_s: float = 0.0) -> None:
        at_s = self.now_s - ago_s
        await self.records.add(
            placed("call_1", state=state, mode=Mode.NOTIFY, placed_s=at_s, touched_s=at_s)
        )

    async def call(self) -> CallRecord:
        found = await self.records.call("call_1")
        assert found is not None
        return found

    async def under_way(self) -> list[CallRecord]:
        if self.fails:
            raise self.fails.pop(0)
        return list(await self.records.live(float("inf")))

    async def change(self, call: CallRecord, _name: str, event: CallEvent) -> CallRecord:
        change = await self.records.change(call.id, event)
        assert change is not None
        return change.after

    async def doubt(self) -> None:
        await self.doubtful.wait()
        self.doubtful.clear()

    async def settle(self, silent_s: float) -> int:
        self.settled.append(silent_s)
        return 0

    @asynccontextmanager
    async def opens(self) -> AsyncIterator["Office"]:
        yield self

    async def dial(self, dial: Dial) -> Dialled:
        raise AssertionError("nothing here dials")

    async def find(self, call: str) -> Dialled | None:
        self.looked_for.append(call)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, VendorUnavailable):
            raise answer
        return answer


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with sqlite.connect(tmp_path / "bridge.db") as records:
        yield Office(records)


# -- not known whether it rings -------------------------------------------------------------------


async def test_a_call_that_the_platform_knows_goes_on(office: Office) -> None:
    await office.add(State.DIALLING)
    office.answers = [Dialled("conv_1", "CA1")]
    await office.aftermath().look()

    call = await office.call()
    assert (call.state, call.conversation, call.carrier_call) == (State.PLACED, "conv_1", "CA1")
    assert office.looked_for == ["call_1"]


async def test_one_that_it_does_not_know_is_over_after_two_minutes_and_not_before(
    office: Office,
) -> None:
    await office.add(State.DIALLING)
    aftermath = office.aftermath()
    office.now_s += PATIENCE.shows_s - 1
    await aftermath.look()
    assert (await office.call()).state is State.DIALLING

    office.now_s += 60
    await aftermath.look()
    call = await office.call()
    assert (call.outcome, call.fault, call.cause) == (
        NOT_THERE.outcome,
        NOT_THERE.fault,
        NOT_THERE.cause,
    )


async def test_while_nobody_answers_it_is_asked_for_again_and_never_given_up(
    office: Office,
) -> None:
    await office.add(State.DIALLING)
    office.answers = [AWAY]
    aftermath = office.aftermath()
    pauses = []
    with logging_to(StringIO(), "json"):
        for _ in range(10):
            pauses.append(await aftermath.look())
            office.now_s += pauses[-1]
        office.now_s += 3600
        await aftermath.look()

    assert (await office.call()).state is State.DIALLING
    assert pauses[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert max(pauses) == PATIENCE.every_s


async def test_it_is_not_asked_for_before_its_pause_is_over(office: Office) -> None:
    await office.add(State.DIALLING)
    aftermath = office.aftermath()
    await aftermath.look()
    office.now_s += 0.4

    assert await aftermath.look() == pytest.approx(0.1, abs=1e-6)
    assert office.looked_for == ["call_1"]


# -- not dialled, and under way -------------------------------------------------------------------


async def test_what_was_written_down_and_not_dialled_is_over_after_a_minute(
    office: Office,
) -> None:
    await office.add(State.RESERVED, ago_s=PATIENCE.reserved_s - 1)
    aftermath = office.aftermath()
    await aftermath.look()
    assert (await office.call()).state is State.RESERVED

    office.now_s += 1
    await aftermath.look()
    call = await office.call()
    assert (call.outcome, call.cause) == (Outcome.NOT_PLACED, NOT_DIALLED.cause)
    assert office.looked_for == []


@pytest.mark.parametrize("state", [State.PLACED, State.ANSWERED])
async def test_a_call_that_is_quiet_is_asked_about(office: Office, state: State) -> None:
    await office.add(state, ago_s=PATIENCE.quiet_s)
    await office.aftermath().look()

    assert office.settled == [PATIENCE.quiet_s]


@pytest.mark.parametrize(
    ("state", "ago_s"),
    [(State.PLACED, 14.0), (State.RESERVED, 30.0), (State.DIALLING, 30.0)],
)
async def test_any_other_is_left_alone(office: Office, state: State, ago_s: float) -> None:
    await office.add(state, ago_s=ago_s)
    await office.aftermath().look()

    assert office.settled == []


async def test_with_nothing_open_the_records_are_looked_through_now_and_then(
    office: Office,
) -> None:
    assert await office.aftermath().look() == PATIENCE.every_s


# -- at work --------------------------------------------------------------------------------------


async def test_doubt_about_a_call_is_looked_into_at_once_whatever_failed_before(
    office: Office,
) -> None:
    office.fails = [AWAY, ValueError("a bug")]
    log = StringIO()
    with logging_to(log, "json"):
        async with office.aftermath().working(), asyncio.timeout(5):
            while office.fails:
                office.doubtful.set()
                await asyncio.sleep(0)
            await office.add(State.DIALLING)
            office.answers = [Dialled("conv_1")]
            office.doubtful.set()
            while (await office.call()).state is not State.PLACED:
                await asyncio.sleep(0.005)

    assert "calls.unsettled" in log.getvalue()
    assert "calls.broke" in log.getvalue()
