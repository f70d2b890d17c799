"""Upkeep over a real store: silent calls are settled, old ones deleted, trouble is survived."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from bridge.calls import upkeep as doing
from bridge.calls.facts import Keeping
from bridge.calls.feed import Feed
from bridge.calls.recorder import Recorder
from bridge.calls.upkeep import Upkeep
from bridge.core.platform_call import PlatformCall, Said
from bridge.core.record import Outcome, State
from bridge.core.upkeep import DAY_S, GIVE_UP_S, SILENT_S, UNKNOWN_S
from bridge.errors import VendorUnavailable
from bridge.ports.records import Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import add_turn, call, placed, turn
from tests.fakes.log_lines import logging_to

pytestmark = pytest.mark.anyio


@dataclass
class Office:
    """Upkeep with a platform that says what it is told to."""

    records: Records
    recorder: Recorder
    now_s: float = 100.0
    knows: dict[str, PlatformCall] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    is_down: bool = False
    keep_days: int = 90

    @asynccontextmanager
    async def opens(self) -> AsyncIterator["Office"]:
        yield self

    async def conversation(self, conversation: str) -> PlatformCall | None:
        self.asked.append(conversation)
        if self.is_down:
            raise VendorUnavailable("Down.", vendor="elevenlabs", operation="read")
        return self.knows.get(conversation)

    def discard(self, names: Sequence[str]) -> None:
        self.discarded += names

    def upkeep(self, *, account: bool = True) -> Upkeep:
        return Upkeep(
            self.records,
            self.recorder,
            self.opens if account else None,
            self.discard,
            keep_days=self.keep_days,
            today=lambda: self.now_s,
        )

    async def state(self, name: str = "call_1") -> tuple[State, Outcome | None]:
        """How the call is once everything is written."""
        async with asyncio.timeout(5):
            await self.recorder.reported("asked", PlatformCall("conv_nobody", status="initiated"))
        held = await self.records.call(name)
        assert held is not None
        return held.state, held.outcome


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with sqlite.connect(tmp_path / "bridge.db") as records:
        recorder = Recorder(records, Feed(), Keeping(), now=lambda: 0.0, today=lambda: found.now_s)
        found = Office(records, recorder)
        async with recorder.working():
            yield found


LIVE = PlatformCall("conv_1", status="in-progress")
DONE = PlatformCall(
    "conv_1",
    status="done",
    duration_s=61,
    transcript=(Said(by_caller=False, text="She does"),),
)


async def test_a_silent_call_ends_as_the_platform_says(office: Office) -> None:
    await office.records.add(call(conversation="conv_1"))
    await add_turn(office.records, "call_1", turn())
    office.knows["conv_1"] = DONE
    office.now_s = 200 + SILENT_S

    assert await office.upkeep().settle() == 1

    assert await office.state() == (State.ENDED, Outcome.COMPLETED)
    (held,) = await office.records.turns("call_1")
    assert held.heard == "She does,"


async def test_a_call_that_was_heard_of_lately_is_not_asked_about(office: Office) -> None:
    await office.records.add(call(conversation="conv_1"))
    office.now_s = 100 + SILENT_S

    assert await office.upkeep().settle() == 0
    assert office.asked == []


async def test_a_call_that_goes_on_is_left_alone(office: Office) -> None:
    await office.records.add(call(conversation="conv_1"))
    office.knows["conv_1"] = LIVE
    office.now_s = 100 + 2 * GIVE_UP_S

    assert await office.upkeep().settle() == 0
    assert (await office.state())[0] is State.PLACED


@pytest.mark.parametrize(
    ("account", "is_down", "silent_s", "ended"),
    [
        (True, False, UNKNOWN_S, 1),
        (True, True, UNKNOWN_S, 0),
        (True, True, GIVE_UP_S, 1),
        (False, False, UNKNOWN_S, 0),
        (False, False, GIVE_UP_S, 1),
    ],
)
async def test_nothing_stays_live_for_ever(
    office: Office, account: bool, is_down: bool, silent_s: float, ended: int
) -> None:
    await office.records.add(call(conversation="conv_1"))
    office.is_down = is_down
    office.now_s = 100 + silent_s

    assert await office.upkeep(account=account).settle() == ended
    expected = (State.ENDED, Outcome.UNKNOWN) if ended else (State.PLACED, None)
    assert await office.state() == expected


async def test_a_call_that_was_never_dialled_ends_as_not_placed(office: Office) -> None:
    await office.records.add(placed())
    office.now_s = 100 + UNKNOWN_S

    assert await office.upkeep().settle() == 1
    assert await office.state() == (State.ENDED, Outcome.NOT_PLACED)
    assert office.asked == []


async def test_one_round_asks_only_so_much(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "AT_ONCE", 3)
    for number in range(5):
        name = f"conv_{number}"
        await office.records.add(call(f"call_{number}", conversation=name))
    office.now_s = 100 + UNKNOWN_S

    assert await office.upkeep().settle() == 3
    await office.state("call_0")
    assert len(office.asked) == 3
    assert await office.upkeep().settle() >= 2


async def test_old_calls_are_deleted_with_their_sound(office: Office) -> None:
    ended = {"state": State.ENDED, "outcome": Outcome.COMPLETED}
    await office.records.add(call("old", recording="old.mp3", **ended))
    await office.records.add(call("new", placed_s=50 * DAY_S, **ended))
    office.now_s = 100 * DAY_S

    assert await office.upkeep().purge() == 1

    assert office.discarded == ["old.mp3"]
    assert await office.records.call("old") is None
    assert await office.records.call("new") is not None
    office.keep_days = 0
    assert await office.upkeep().purge() == 0


async def test_at_start_everything_is_looked_at_and_then_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "EVERY_S", 0.0)
    await office.records.add(call(conversation="conv_1", placed_s=99.0))
    await office.records.add(call("old", state=State.ENDED))
    office.knows["conv_1"] = LIVE
    office.now_s = 100.0 + 100 * DAY_S
    async with office.upkeep().working(), asyncio.timeout(5):
        while len(office.asked) < 3:
            await asyncio.sleep(0)
        while await office.records.call("old") is not None:
            await asyncio.sleep(0)
        office.knows["conv_1"] = DONE
        while (await office.state())[0] is not State.ENDED:
            await asyncio.sleep(0)


async def test_at_start_a_call_that_was_live_a_moment_ago_is_asked_about(office: Office) -> None:
    await office.records.add(call(conversation="conv_1", placed_s=99.0))
    office.knows["conv_1"] = DONE
    async with office.upkeep().working(), asyncio.timeout(5):
        while (await office.state())[0] is not State.ENDED:
            await asyncio.sleep(0)


async def test_a_round_that_breaks_is_told_and_the_next_one_comes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "EVERY_S", 0.0)
    upkeep, rounds = office.upkeep(), 0

    async def breaks(_silent_s: float) -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise KeyError("zeppelin")
        raise VendorUnavailable("No disk.", vendor="sqlite", operation="x")

    monkeypatch.setattr(upkeep, "settle", breaks)
    written = StringIO()
    with logging_to(written, "json"):
        async with upkeep.working(), asyncio.timeout(5):
            while rounds < 3:
                await asyncio.sleep(0)

    assert "records.broke" in written.getvalue()
    assert "records.unsettled" in written.getvalue()
    assert "zeppelin" not in written.getvalue()
