"""The promises of `ports/schedules.py`, run over every adapter.

An adapter joins by one `Kind` in `KINDS`: how to open a place to keep schedules in, any number of
times, each as a process of its own would. Only the port's own methods are used, and for what must
be gone, the files.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.core.record import Mode
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import (
    Book,
    Entry,
    Note,
    What,
    with_done,
    with_pause,
    with_run,
)
from bridge.errors import BridgeError
from bridge.ports.schedules import Added, Schedules
from bridge.stores import sqlite

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Kind:
    """An adapter: how the schedules in a folder are opened, as often as one likes."""

    name: str
    opens: Callable[[Path], AbstractAsyncContextManager[Schedules]]


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[Schedules]:
    async with sqlite.connect_store(folder / "bridge.db") as store:
        yield store.schedules


KINDS = [Kind("sqlite", in_sqlite)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    assert isinstance(request.param, Kind)
    return request.param


@pytest.fixture
async def schedules(kind: Kind, tmp_path: Path) -> AsyncIterator[Schedules]:
    async with kind.opens(tmp_path) as schedules:
        yield schedules


MADE_S = 1796104790.25


def entry(name: str = "sched_1", **changes: object) -> Entry:
    schedule = Schedule(
        id=name, to="+12025550123", zone="Europe/Berlin", made_s=MADE_S, line="0 7 * * *"
    )
    return Entry(replace(schedule, **changes))  # type: ignore[arg-type]  # named by the test


EVERYTHING = Entry(
    Schedule(
        id="sched_all",
        to="+12025550123",
        zone="America/New_York",
        made_s=MADE_S,
        at="2026-12-01T07:00",
        mode=Mode.NOTIFY,
        message="Grüß Gott, 今日は 🙂",
        brief="Find out when she is back.",
        language="de",
        session="desk",
        owner="agent",
        paused=True,
        settled_s=MADE_S + 0.5,
        tries=2,
        retry_s=MADE_S + 600.5,
    ),
    call="call_1",
    done_s=MADE_S + 700.5,
    notes=(
        Note(What.FIRED, MADE_S + 1, MADE_S, call="call_1"),
        Note(What.MISSED, MADE_S + 2, None, 3, "Grüß Gott"),
    ),
)


async def test_a_schedule_is_read_back_as_it_was_added(schedules: Schedules) -> None:
    assert await schedules.add(EVERYTHING) == Added(EVERYTHING, is_new=True)
    assert await schedules.entry("sched_all") == EVERYTHING
    assert await schedules.book() == Book(None, (EVERYTHING,))


async def test_words_are_kept_as_they_were_given(schedules: Schedules) -> None:
    await schedules.add(EVERYTHING)
    held = await schedules.entry("sched_all")

    assert held is not None
    assert (held.schedule.message, held.schedule.brief) == (
        "Grüß Gott, 今日は 🙂",
        "Find out when she is back.",
    )


async def test_it_is_there_for_whoever_opens_it_later(kind: Kind, tmp_path: Path) -> None:
    async with kind.opens(tmp_path) as schedules:
        await schedules.add(EVERYTHING)
        await schedules.pause_all(5.0)
    async with kind.opens(tmp_path) as schedules:
        assert await schedules.book() == Book(5.0, (EVERYTHING,))


async def test_of_ten_that_add_one_id_at_once_one_is_new(schedules: Schedules) -> None:
    added = await asyncio.gather(*(schedules.add(entry(brief=str(number))) for number in range(10)))

    assert sum(one is not None and one.is_new for one in added) == 1
    assert len({one.entry.schedule.brief for one in added if one is not None}) == 1


async def test_they_are_listed_by_when_they_were_made(schedules: Schedules) -> None:
    for number in (3, 1, 2):
        await schedules.add(entry(f"sched_{number}", made_s=float(number)))

    names = [one.schedule.id for one in (await schedules.book()).entries]
    assert names == ["sched_1", "sched_2", "sched_3"]


async def test_there_is_nothing_of_an_id_that_nobody_added(schedules: Schedules) -> None:
    assert await schedules.entry("sched_9") is None
    assert await schedules.write(entry("sched_9")) is None
    assert not await schedules.remove("sched_9")


async def test_a_change_is_written_over_the_version_that_it_came_from(schedules: Schedules) -> None:
    await schedules.add(entry())
    after = await schedules.write(with_pause(entry()))

    assert after == replace(with_pause(entry()), version=1)
    assert await schedules.entry("sched_1") == after


async def test_who_looked_before_another_wrote_must_look_again(
    kind: Kind, tmp_path: Path, schedules: Schedules
) -> None:
    await schedules.add(entry())
    async with kind.opens(tmp_path) as other:
        mine, theirs = await schedules.entry("sched_1"), await other.entry("sched_1")
        assert mine is not None
        assert theirs is not None
        won = await other.write(with_pause(theirs))
        lost = await schedules.write(with_done(mine, 7.0))

    assert lost is None
    assert won is not None
    assert await schedules.entry("sched_1") == won


async def test_no_change_is_lost_when_two_processes_make_many(
    kind: Kind, tmp_path: Path, schedules: Schedules
) -> None:
    await schedules.add(entry())

    async def note(place: Schedules, who: str) -> None:
        for number in range(10):
            while True:
                held = await place.entry("sched_1")
                assert held is not None
                if await place.write(with_run(held, f"{who}{number}", 1.0)):
                    break

    async with kind.opens(tmp_path) as other:
        await asyncio.gather(note(schedules, "a"), note(other, "b"))
    held = await schedules.entry("sched_1")

    assert held is not None
    assert held.version == 20
    assert {n.call for n in held.notes} == {f"{w}{n}" for w in "ab" for n in range(10)}


async def test_there_are_so_many_and_no_more_those_that_are_done_not_counted(
    schedules: Schedules,
) -> None:
    await schedules.add(with_done(entry("sched_done"), 1.0))
    for number in range(3):
        assert await schedules.add(entry(f"sched_{number}"), most=3) is not None

    assert await schedules.add(entry("sched_more"), most=3) is None
    held = await schedules.add(entry("sched_0"), most=3)
    assert held is not None
    assert not held.is_new
    await schedules.remove("sched_0")
    assert await schedules.add(entry("sched_more"), most=3) is not None


async def test_all_rest_and_rest_on_when_told_twice(schedules: Schedules) -> None:
    assert await schedules.paused_s() is None
    await schedules.pause_all(5.0)
    await schedules.pause_all(9.0)

    assert await schedules.paused_s() == 5.0


async def test_what_came_due_while_all_rested_is_passed_over(schedules: Schedules) -> None:
    working = entry("sched_working", retry_s=MADE_S + 60, tries=1, settled_s=MADE_S)
    resting, done = with_pause(entry("sched_resting")), with_done(entry("sched_done"), 1.0)
    for one in (working, resting, done):
        await schedules.add(one)
    await schedules.pause_all(MADE_S + 10)
    await schedules.resume_all(MADE_S + 500)

    after = {one.schedule.id: one for one in (await schedules.book()).entries}
    assert after["sched_working"] == replace(
        working,
        version=1,
        schedule=replace(working.schedule, settled_s=MADE_S + 500, tries=0, retry_s=None),
    )
    assert (after["sched_resting"], after["sched_done"]) == (resting, done)
    assert await schedules.paused_s() is None


async def test_resuming_what_does_not_rest_changes_nothing(schedules: Schedules) -> None:
    await schedules.add(entry())
    await schedules.resume_all(MADE_S + 500)

    assert await schedules.entry("sched_1") == entry()


async def test_what_is_removed_is_gone_from_the_files(tmp_path: Path, schedules: Schedules) -> None:
    said = "zeppelin-to-umbrellaville"
    await schedules.add(entry(message=said, to="+12025550199"))
    assert said.encode() in on_disk(tmp_path)

    assert await schedules.remove("sched_1")
    assert await schedules.entry("sched_1") is None
    assert [part for part in (said, "2025550199") if part.encode() in on_disk(tmp_path)] == []


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_half_of_a_surrogate_pair_is_replaced_and_not_refused(schedules: Schedules) -> None:
    await schedules.add(entry(message="\ud800 hello"))
    held = await schedules.entry("sched_1")

    assert held is not None
    assert held.schedule.message == "? hello"
    assert await schedules.entry("\ud800") is None


async def test_a_store_that_was_closed_says_so(kind: Kind, tmp_path: Path) -> None:
    async with kind.opens(tmp_path) as schedules:
        pass
    with pytest.raises(BridgeError) as found:
        await schedules.add(entry(message="zeppelin"))

    assert "zeppelin" not in str(found.value)
    assert "2025550123" not in str(found.value)


async def test_what_was_written_survives_a_power_cut(tmp_path: Path) -> None:
    """SQLite: the log is synced at each act (`synchronous = FULL`). Source: sqlite.org/pragma.html."""
    async with sqlite.connect_store(tmp_path / "bridge.db") as store:
        await store.schedules.add(entry())
        assert await synchronous(store.schedules) == 2
        await store.schedules.write(with_pause(entry()))
        assert await synchronous(store.schedules) == 2


async def synchronous(schedules: object) -> int:
    """How the connection that writes was set for its last act: 2 is FULL."""
    database = schedules._database  # type: ignore[attr-defined]  # SQLite's own
    writer: sqlite3.Connection = database._writer
    loop = asyncio.get_running_loop()
    row = await loop.run_in_executor(
        database._thread, lambda: writer.execute("PRAGMA synchronous").fetchone()
    )
    return int(row[0])
