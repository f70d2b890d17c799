"""What waits together is written together: in order, each told once, and none for another's fault."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bridge.calls import recorder as recording
from bridge.calls.facts import Keeping
from bridge.calls.feed import Feed, Happening
from bridge.calls.recorder import Recorder
from bridge.ports.records import NewTurn, Records
from bridge.stores import sqlite
from tests.fakes.log_lines import logging_to
from tests.unit.calls.recorder_desk import DONE, NOW_S, Desk, caller, desk, exchange

pytestmark = pytest.mark.anyio


@pytest.fixture
async def at_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as found:
        yield found


class Counting:
    """A store that notes how many turns are written in each act, and may be held."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.acts: list[int] = []
        self.may_write = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    async def add_turns(self, new: Sequence[NewTurn]) -> Any:
        self.acts.append(len(new))
        await self.may_write.wait()
        return await self._records.add_turns(new)


@asynccontextmanager
async def counting_desk(tmp_path: Path) -> AsyncIterator[tuple[Desk, Counting]]:
    async with sqlite.connect(tmp_path / "other.db") as records:
        store: Any = Counting(records)
        async with desk(tmp_path, records=store) as found:
            yield found, store


async def test_turns_that_wait_together_are_written_together_up_to_a_bound(tmp_path: Path) -> None:
    async with counting_desk(tmp_path) as (found, store):
        store.may_write.set()
        for number in range(2 * recording.AT_ONCE + 50):
            found.recorder.turned(exchange(f"r{number}"))
        turns = await found.turns()

    assert store.acts == [recording.AT_ONCE, recording.AT_ONCE, 50]
    assert [turn.run_id for turn in turns] == [f"r{number}" for number in range(250)]


async def test_a_turn_that_waits_alone_is_written_at_once(tmp_path: Path) -> None:
    async with counting_desk(tmp_path) as (found, store):
        found.recorder.turned(exchange("r0"))
        async with asyncio.timeout(5):
            while not store.acts:
                await asyncio.sleep(0)
        for number in range(1, 6):
            found.recorder.turned(exchange(f"r{number}"))
        store.may_write.set()
        await found.written()

    assert store.acts == [1, 5]


async def test_facts_of_other_kinds_keep_their_place_among_the_turns(tmp_path: Path) -> None:
    async with counting_desk(tmp_path) as (found, store):
        store.may_write.set()
        found.recorder.rang(caller(), None, "en")
        found.recorder.turned(exchange("r0"))
        found.recorder.turned(exchange("r1"))
        found.recorder.rang(caller("conv_2", call="CA2"), None, "en")
        found.recorder.turned(exchange("r2", caller("conv_2", call="CA2")))
        found.recorder.turned(exchange("r3"))
        assert await found.recorder.reported("post_call_transcription", DONE)
        held = await found.records.find(conversation="conv_1")
        assert held is not None
        assert len(await found.records.turns(held.id)) == 3, "a report is answered behind them"

    assert store.acts == [2, 2]
    assert [one.name for one in found.told] == [
        "call.rang",
        "turn.finished",
        "turn.finished",
        "call.rang",
        "turn.finished",
        "turn.finished",
        "call.reported",
        "call.ended",
    ]
    turns = [one.facts for one in found.told if one.name == "turn.finished"]
    assert [(one["conversation"], one["number"]) for one in turns] == [
        ("conv_1", 1),
        ("conv_1", 2),
        ("conv_2", 1),
        ("conv_1", 3),
    ]


async def test_a_turn_that_can_not_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    written = StringIO()
    with logging_to(written, "json"):
        async with desk(tmp_path) as found:
            for number in range(5):
                broken: dict[str, Any] = {"acts": ({"name": object()},)} if number == 2 else {}
                found.recorder.turned(exchange(f"r{number}", **broken))
            turns = await found.turns()

    assert [turn.run_id for turn in turns] == ["r0", "r1", "r3", "r4"]
    assert [turn.number for turn in turns] == [1, 2, 3, 4]
    assert [one.name for one in found.told].count("turn.finished") == 4
    assert written.getvalue().count("records.broke") == 1


async def test_who_watches_is_told_of_a_turn_once_it_is_on_disk(tmp_path: Path) -> None:
    on_disk: list[int] = []

    class Looking(Feed):
        @override
        def tell(self, happening: Happening) -> None:
            if happening.name == "turn.finished":
                with closing(sqlite3.connect(tmp_path / "bridge.db")) as connection:
                    on_disk.extend(connection.execute("SELECT count(*) FROM turns").fetchone())

    async with sqlite.connect(tmp_path / "bridge.db") as records:
        recorder = Recorder(records, Looking(), Keeping(), now=lambda: 1000.0, today=lambda: NOW_S)
        async with recorder.working():
            for number in range(3):
                recorder.turned(exchange(f"r{number}"))

    assert on_disk == [3, 3, 3]


async def test_calls_that_were_erased_meanwhile_begin_anew_and_lose_no_turn(
    at_desk: Desk,
) -> None:
    at_desk.recorder.turned(exchange("r0"))
    gone = await at_desk.call()
    await at_desk.records.erase(gone.id)
    for number in range(1, 4):
        at_desk.recorder.turned(exchange(f"r{number}"))

    assert [turn.run_id for turn in await at_desk.turns()] == ["r1", "r2", "r3"]
    assert (await at_desk.call()).id != gone.id
