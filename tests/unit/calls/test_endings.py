"""Calls whose end was asked for, over a real store: what is marked, for whom, and who learns of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bridge.calls import endings as ending
from bridge.calls.endings import Endings
from bridge.core.identity import CallIdentity
from bridge.core.record import CallRecord, State
from bridge.ports.records import Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import call, placed
from tests.fakes.log_lines import logging_to

OURS = "call_0123456789abcdef"


@dataclass
class Desk:
    """Endings over one file, and what they told."""

    records: Records
    told: list[tuple[str, str]] = field(default_factory=list)

    def endings(self) -> Endings:
        """What another process would have, which knows nothing yet."""

        def tell(name: str, call: CallRecord) -> None:
            self.told.append((name, call.id))

        return Endings(self.records, tell, today=lambda: 200.0)


@asynccontextmanager
async def desk(tmp_path: Path, *calls: CallRecord) -> AsyncIterator[Desk]:
    async with sqlite.connect(tmp_path / "bridge.db") as records:
        for held in calls:
            await records.add(held)
        yield Desk(records)


def theirs(**changes: Any) -> CallIdentity:
    return CallIdentity(**{"conversation": "conv_1", "is_call": True, **changes})


def ours(call_id: str = OURS) -> CallIdentity:
    return CallIdentity(call=call_id, direction="outbound", is_outbound=True, is_call=True)


async def test_what_is_not_dialled_yet_is_over_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path, placed(OURS)) as here:
        endings = here.endings()
        over = await endings.end(OURS, by="operator")

    assert over is not None
    assert (over.state, over.outcome, over.fault) == (State.ENDED, "not_placed", "operator")
    assert here.told == [("call.ended", OURS)]
    assert not endings.holds(ours())


@pytest.mark.parametrize("state", [State.DIALLING, State.PLACED, State.ANSWERED])
async def test_a_live_call_of_ours_is_known_by_our_id(tmp_path: Path, state: State) -> None:
    async with desk(tmp_path, placed(OURS, state=state)) as here:
        endings = here.endings()
        await endings.end(OURS, by="operator")
        await endings.end(OURS, by="operator")

    assert here.told == [("call.ending", OURS)], "told once"
    assert endings.holds(ours())
    assert not endings.holds(ours("call_ffffffffffffffff"))
    assert not endings.holds(theirs(conversation=None))


async def test_a_call_that_came_in_is_known_by_the_platform_s_id_or_the_carrier_s(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, call(conversation="conv_1", carrier_call="CA1")) as here:
        endings = here.endings()
        await endings.end("call_1", by="operator")

    assert endings.holds(theirs())
    assert endings.holds(theirs(conversation=None, call="CA1"))
    assert not endings.holds(theirs(conversation="conv_2", call="CA2"))
    assert not endings.holds(theirs(conversation=None))


async def test_nobody_poses_as_a_call_of_ours_by_the_carrier_s_id(tmp_path: Path) -> None:
    """An id of ours counts only where a header says that we placed the call."""
    async with desk(tmp_path, placed(OURS, state=State.PLACED)) as here:
        endings = here.endings()
        await endings.end(OURS, by="operator")

    assert not endings.holds(theirs(conversation="conv_9", call="CA9"))


async def test_a_mark_of_another_process_is_learnt_and_none_is_forgotten(tmp_path: Path) -> None:
    live = call("call_2", conversation="conv_2")
    async with desk(tmp_path, call(conversation="conv_1"), live) as here:
        mine, other = here.endings(), here.endings()
        await mine.end("call_2", by="operator")
        await other.end("call_1", by="operator")
        assert not mine.holds(theirs())
        await mine.learn()

    assert mine.holds(theirs())
    assert mine.holds(theirs(conversation="conv_2"))


async def test_the_oldest_marks_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "KEPT", 2)
    async with desk(tmp_path, *(call(f"call_{n}") for n in range(3))) as here:
        endings = here.endings()
        for n in range(3):
            await endings.end(f"call_{n}", by="operator")

    assert len(endings._marked) == 2


async def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        assert await here.endings().end(OURS, by="operator") is None
    assert here.told == []


async def test_calls_go_on_while_the_records_fail(tmp_path: Path) -> None:
    lines = StringIO()
    async with desk(tmp_path, call()) as here:
        endings = here.endings()
    with logging_to(lines, "json"):
        await endings.learn()

    assert "endings.unknown" in lines.getvalue()
