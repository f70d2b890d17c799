"""A run that dies after any of its steps is gone on with by the next, to the same end.

Every write of a run is struck in turn, in every way: the connection breaks before the act, or after
it; the process is cancelled between the act and its note; the note itself can't be written. How
many writes there are is counted in a run that nothing disturbs.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import VendorError
from bridge.provision import memory
from tests.fakes.elevenlabs.faults import Fault, Faults, Record
from tests.unit.provision.workbench import (
    ELSEWHERE,
    HAND_MADE,
    LINE,
    Workbench,
    workbench,
)

pytestmark = pytest.mark.anyio

KILLS = ("before the act", "after the act", "cancelled", "unwritten")


class Killed(Exception):
    """The process is gone."""


@dataclass(frozen=True)
class Story:
    """What was there, and the run that is struck."""

    prepare: Callable[[Workbench], Awaitable[object]]
    run: Callable[[Workbench], Awaitable[object]]
    leaves: str = "something"
    maps: str = "merge"


async def _nothing(bench: Workbench) -> None:
    pass


async def _by_hand(bench: Workbench) -> None:
    """An agent that answers our number, and another that is to take over."""
    other = bench.fake.add_agent("Receptionist")
    bench.fake.add_number(LINE, "reception", other)
    hook = bench.fake.add_webhook("crm", "https://crm.example/calls")
    settings: dict[str, Any] = {"workspace_overrides": {"webhooks": {"post_call_webhook_id": hook}}}
    talk, platform = HAND_MADE["conversation_config"], HAND_MADE["platform_settings"]
    bench.adopt = bench.fake.add_agent("Pirate", talk, {**platform, **settings}, ["sea"])


async def _provisioned(bench: Workbench) -> None:
    await bench.apply()


async def _adopted(bench: Workbench) -> None:
    await _by_hand(bench)
    await bench.apply()
    bench.adopt = None


async def _moving(bench: Workbench) -> None:
    await bench.apply()
    bench.set["SERVER__PUBLIC_URL"] = ELSEWHERE


async def _greeting(bench: Workbench) -> None:
    await _moving(bench)
    await bench.apply()
    bench.set["TURN__GREETING"] = "Good evening."
    await bench.apply()


STORIES = {
    "first": Story(_nothing, Workbench.apply),
    "moved": Story(_moving, Workbench.apply),
    "followed": Story(_moving, lambda bench: bench.follow(ELSEWHERE)),
    "adopting": Story(_by_hand, Workbench.apply),
    "adopting, maps replaced": Story(_by_hand, Workbench.apply, maps="replace"),
    "undo": Story(_provisioned, lambda bench: bench.back("undo"), "nothing"),
    "undo of the second": Story(_greeting, lambda bench: bench.back("undo")),
    "undo of adopting": Story(_adopted, lambda bench: bench.back("undo"), "nothing"),
    "undo of adopting, maps replaced": Story(
        _adopted, lambda bench: bench.back("undo"), "nothing", "replace"
    ),
    "destroy": Story(_greeting, lambda bench: bench.back("destroy"), "nothing"),
    "destroy of adopted": Story(_adopted, lambda bench: bench.back("destroy"), "nothing"),
}


@dataclass(frozen=True)
class Undisturbed:
    """What is there after a run that nothing struck, and what it took."""

    there: dict[str, Any]
    writes: int
    writes_at_carrier: int
    writes_of_files: int

    def cells(self, kill: str) -> list[tuple[str, int]]:
        """Every place to be struck: who, and the how-manieth write there."""
        if kill == "unwritten":
            return [("files", n + 1) for n in range(self.writes_of_files)]
        at_platform = [("platform", n + 1) for n in range(self.writes)]
        return [*at_platform, *(("carrier", n + 1) for n in range(self.writes_at_carrier))]


@pytest.fixture(scope="module")
async def one_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    async with workbench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


class _Files:
    """Counts what is written to the state folder, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = 0) -> None:
        self.count = 0
        self._fails_at = fails_at
        self._write = memory._write
        monkeypatch.setattr(memory, "_write", self)

    def __call__(self, path: Path, text: str) -> None:
        self.count += 1
        if self.count == self._fails_at:
            raise Killed
        self._write(path, text)


async def _undisturbed(
    story: Story, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> Undisturbed:
    before = len(bench.fake.writes), len(bench.carrier.writes)
    with monkeypatch.context() as patch:
        files = _Files(patch)
        await story.run(bench)
    assert bench.memory_file.exists() is (story.leaves == "something")
    return Undisturbed(
        bench.there(),
        len(bench.fake.writes) - before[0],
        len(bench.carrier.writes) - before[1],
        files.count,
    )


async def _strike(
    bench: Workbench, story: Story, kill: str, who: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs, and dies there."""
    struck = bench.carrier if who == "carrier" else bench.fake
    match kill:
        case "unwritten":
            with monkeypatch.context() as patch:
                _Files(patch, n)
                with pytest.raises(Killed):
                    await story.run(bench)
        case "cancelled":
            await _cancelled(bench, story, struck, n)
        case _:
            struck.fail_write(n, Fault.DROP, done=kill == "after the act")
            with pytest.raises(VendorError, match=r"^Could not "):
                await story.run(bench)
            struck.heal()


async def _cancelled(bench: Workbench, story: Story, struck: Faults, n: int) -> None:
    """Cancelled when the act is done, before anybody has noted it."""
    count = 0

    async def kill(record: Record) -> None:
        nonlocal count
        count += 1
        if count == n:
            run.cancel()
            raise Killed

    struck.after_write = kill
    run = asyncio.ensure_future(story.run(bench))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(run, 5)
    struck.after_write = None


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("name", STORIES)
async def test_the_next_run_ends_as_if_nothing_had_happened(
    one_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kill: str
) -> None:
    story = STORIES[name]
    monkeypatch.setattr(one_bench.fake, "maps", story.maps)
    bench = one_bench.anew(tmp_path / "at first")
    await story.prepare(bench)
    kept = bench.keep()
    undisturbed = await _undisturbed(story, bench.anew(tmp_path / "all well", kept), monkeypatch)
    cells = undisturbed.cells(kill)
    for who, n in cells:
        bench = one_bench.anew(tmp_path / f"{who} {n}", kept)
        await _strike(bench, story, kill, who, n, monkeypatch)
        await story.run(bench)

        assert bench.there() == undisturbed.there, (who, n)
        assert bench.memory_file.exists() is (story.leaves == "something"), (who, n)
        await _nothing_is_left_to_do(bench, story)
    assert len(cells) > 0


async def _nothing_is_left_to_do(bench: Workbench, story: Story) -> None:
    writes = len(bench.fake.writes), len(bench.carrier.writes)
    await story.run(bench)
    if story.leaves == "something":
        assert bench.knows_webhook_secret()
    assert (len(bench.fake.writes), len(bench.carrier.writes)) == writes


BACKS = {
    "undo": ("undo",),
    "destroy": ("destroy",),
    "undo after going on": ("apply", "undo"),
    "destroy after going on": ("apply", "destroy"),
}


@pytest.mark.parametrize("back", BACKS)
@pytest.mark.parametrize("kill", ["before the act", "after the act"])
@pytest.mark.parametrize("name", ["first", "moved", "adopting", "adopting, maps replaced"])
async def test_a_run_that_died_can_be_taken_back_whole(
    one_bench: Workbench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kill: str,
    back: str,
) -> None:
    story = STORIES[name]
    monkeypatch.setattr(one_bench.fake, "maps", story.maps)
    bench = one_bench.anew(tmp_path / "at first")
    was = bench.there()
    await story.prepare(bench)
    if name.startswith("adopting"):
        was = bench.there()
    kept = bench.keep()
    undisturbed = await _undisturbed(story, bench.anew(tmp_path / "all well", kept), monkeypatch)
    for who, n in undisturbed.cells(kill):
        bench = one_bench.anew(tmp_path / f"{who} {n}", kept)
        await _strike(bench, story, kill, who, n, monkeypatch)
        for way in BACKS[back]:
            if way == "apply":
                await bench.apply()
            else:
                bench.adopt = None
                await bench.back(way)

        assert bench.there() == was, (who, n)
        assert not bench.memory_file.exists(), (who, n)


@pytest.mark.parametrize("name", ["first", "moved"])
async def test_two_runs_may_die_one_after_the_other(
    one_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    story = STORIES[name]
    bench = one_bench.anew(tmp_path / "at first")
    await story.prepare(bench)
    kept = bench.keep()
    undisturbed = await _undisturbed(story, bench.anew(tmp_path / "all well", kept), monkeypatch)
    for _, first in undisturbed.cells("after the act"):
        for second in range(1, undisturbed.writes + 1):
            bench = one_bench.anew(tmp_path / f"{first} {second}", kept)
            await _strike(bench, story, "after the act", "platform", first, monkeypatch)
            bench.fake.fail_write(second, Fault.DROP, done=True)
            with contextlib.suppress(VendorError):  # when so many writes are still to be made
                await story.run(bench)
            bench.fake.heal()
            await story.run(bench)

            assert bench.there() == undisturbed.there, (first, second)
            assert bench.knows_webhook_secret(), (first, second)
