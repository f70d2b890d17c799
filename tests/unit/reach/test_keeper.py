"""The keeper: on a clock that jumps, with a tunnel and a proof that a test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bridge.errors import SettingsError, VendorUnavailable
from bridge.ports.tunnel import Lost, Opened
from bridge.ports.upstream import Finding
from bridge.reach.keeper import UNEXPECTED, Keeper, Whereabouts
from bridge.reach.outside import Trouble
from bridge.reach.steps import ASK_EVERY_S
from tests.fakes.timeline import timeline

HERE = "https://here.test"
THERE = "https://there.test"
DOWN = VendorUnavailable("It is down.", vendor="x", operation="tunnel", hint="Wait.")


@dataclass
class World:
    """A tunnel, who asks from outside, and whoever is told.

    Attributes:
        openings: what each opening gives; the last one goes on for ever.
        leads_here: whether the addresses do.
    """

    openings: list[str | Exception]
    leads_here: bool = True
    lost: "asyncio.Queue[Lost]" = field(default_factory=asyncio.Queue)
    told: list[str] = field(default_factory=list)
    asked_at_s: list[float] = field(default_factory=list)
    open_count: int = 0
    is_open: bool = False
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    fails_to_listen: bool = False
    is_stopping: bool = False

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[Opened]:
        assert port == 8787
        assert not self.is_open, "one at a time"
        self.open_count += 1
        found = self.openings.pop(0) if len(self.openings) > 1 else self.openings[0]
        if isinstance(found, Exception):
            raise found
        self.is_open = True
        try:
            yield Opened(found, self.lost.get)
        finally:
            self.is_open = False

    async def fetches(self, port: int) -> str:
        return ""

    async def examine(self) -> tuple[Finding, ...]:
        return ()

    async def prove(self, url: str) -> Trouble | None:
        self.asked_at_s.append(asyncio.get_running_loop().time())
        return None if self.leads_here else Trouble(f"{url} is not ours.", "Do this.")

    async def opened(self, url: str) -> None:
        self._tell(f"opened {url}")

    async def reached_at(self, url: str) -> None:
        self._tell(f"reached at {url}")

    async def restored(self, url: str) -> None:
        self._tell(f"restored {url}")

    async def lost_(self, reason: str) -> None:
        self._tell(f"lost: {reason}")

    async def troubled(self, reason: str) -> None:
        self._tell(f"troubled: {reason}")

    def _tell(self, what: str) -> None:
        self.told.append(what)
        if self.fails_to_listen:
            raise ZeroDivisionError

    @property
    def keeper(self) -> Keeper:
        return Keeper(
            self,
            8787,
            prove=self.prove,
            whereabouts=self.whereabouts,
            listener=_Listener(self),
            is_stopping=lambda: self.is_stopping,
        )


class _Listener:
    """The world's ears: its `lost` is the queue of losses."""

    def __init__(self, world: World) -> None:
        self.opened = world.opened
        self.reached_at = world.reached_at
        self.restored = world.restored
        self.lost = world.lost_
        self.troubled = world.troubled


async def keep_for(world: World, seconds: float) -> None:
    """Runs the keeper that long, and then stops it."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await world.keeper.keep()
    assert not world.is_open


@timeline
async def test_an_address_that_leads_here_is_told_of_and_known() -> None:
    world = World([HERE])
    await keep_for(world, 1)

    assert world.told == [f"opened {HERE}", f"reached at {HERE}"]
    assert world.whereabouts.proven == HERE


@timeline
async def test_it_is_asked_from_outside_four_times_an_hour() -> None:
    world = World([HERE])
    await keep_for(world, 3600 + 1)

    assert len(world.asked_at_s) == 1 + 3600 / ASK_EVERY_S
    assert world.open_count == 1


@timeline
async def test_without_an_address_nothing_is_asked_and_nothing_told() -> None:
    world = World([""])
    await keep_for(world, 10_000)

    assert (world.asked_at_s, world.told, world.whereabouts.proven) == ([], [], None)


@timeline
async def test_an_address_that_can_not_be_opened_even_once_is_an_error() -> None:
    world = World([SettingsError("no token")])
    with pytest.raises(SettingsError, match="no token"):
        await world.keeper.keep()

    assert world.told == []


@timeline
async def test_a_loss_is_told_of_and_the_new_address_too() -> None:
    world = World([HERE, THERE])
    world.lost.put_nowait(Lost("the program ended"))
    await keep_for(world, 5)

    assert world.told == [
        f"opened {HERE}",
        f"reached at {HERE}",
        "lost: the program ended",
        f"opened {THERE}",
        f"reached at {THERE}",
    ]
    assert world.whereabouts.proven == THERE


@timeline
async def test_while_it_is_lost_no_address_is_known() -> None:
    world = World([HERE, DOWN])
    world.lost.put_nowait(Lost("the program ended"))
    await keep_for(world, 5)

    assert world.whereabouts.proven is None


@timeline
async def test_it_is_tried_for_ever_and_ever_less_often() -> None:
    world = World([HERE, DOWN])
    world.lost.put_nowait(Lost("the program ended"))
    await keep_for(world, 3600)

    assert 60 <= world.open_count <= 70
    assert world.told[2:] == ["lost: the program ended", "troubled: It is down. Wait."]


@timeline
async def test_what_nobody_expected_ends_nothing_either() -> None:
    world = World([HERE, ZeroDivisionError(), HERE])
    world.lost.put_nowait(Lost("the program ended"))
    await keep_for(world, 10)

    assert world.told[2:] == [
        "lost: the program ended",
        f"troubled: {UNEXPECTED}",
        f"restored {HERE}",
    ]


@timeline
async def test_a_server_that_stops_is_not_lost() -> None:
    """What listens is closed first; the address stays open for the streams under way."""
    world = World([HERE])

    async def stop() -> None:
        await asyncio.sleep(ASK_EVERY_S - 1)
        world.leads_here, world.is_stopping = False, True

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stop())
        await keep_for(world, 2 * ASK_EVERY_S)

    assert world.told == [f"opened {HERE}", f"reached at {HERE}"]
    assert (world.open_count, len(world.asked_at_s)) == (1, 2)


@timeline
async def test_an_address_that_leads_elsewhere_says_why_and_is_opened_again() -> None:
    world = World([HERE], leads_here=False)
    await keep_for(world, 200)

    assert world.told == [f"opened {HERE}", f"troubled: {HERE} is not ours. Do this."]
    assert world.open_count == 2
    assert world.whereabouts.proven is None


@timeline
async def test_a_doubt_is_asked_about_at_once() -> None:
    world = World([HERE])
    world.lost.put_nowait(Lost("perhaps", is_certain=False))
    await keep_for(world, 1)

    assert len(world.asked_at_s) == 2
    assert world.told == [f"opened {HERE}", f"reached at {HERE}"]


@timeline
async def test_a_loss_between_two_questions_is_noticed_before_the_next() -> None:
    world = World([HERE, THERE], leads_here=False)
    world.lost.put_nowait(Lost("the program ended"))
    await keep_for(world, 1.5)

    assert world.told == [
        f"opened {HERE}",
        f"troubled: {HERE} is not ours. Do this.",
        "troubled: the program ended",
        f"opened {THERE}",
        f"troubled: {THERE} is not ours. Do this.",
    ]


@timeline
async def test_who_is_told_and_fails_changes_nothing() -> None:
    world = World([HERE], fails_to_listen=True)
    await keep_for(world, ASK_EVERY_S + 1)

    assert world.told == [f"opened {HERE}", f"reached at {HERE}"]
    assert len(world.asked_at_s) == 2
