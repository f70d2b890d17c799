"""Waiting for moments that may move."""

import anyio

from bridge.rehearsal.platform.waiting import Waiting
from tests.fakes.rehearsing import rehearse


class Clock:
    """When it is, since it was made."""

    def __init__(self) -> None:
        self._began_s = anyio.current_time()

    def at_s(self) -> float:
        return anyio.current_time() - self._began_s


def test_it_returns_when_it_is_time() -> None:
    async def work() -> float:
        clock = Clock()
        await Waiting(clock.at_s).until(lambda: 5.0)
        return round(clock.at_s(), 3)

    assert rehearse(work) == 5.0


def test_a_moment_that_has_come_is_not_waited_for() -> None:
    async def work() -> float:
        clock = Clock()
        await Waiting(clock.at_s).until(lambda: -1.0)
        return clock.at_s()

    assert rehearse(work) == 0.0


def test_a_moment_moves_when_somebody_stirs() -> None:
    async def work() -> float:
        clock, moments = Clock(), [100.0]
        waiting = Waiting(clock.at_s)

        async def move() -> None:
            await waiting.pause(2.0)
            moments.append(3.0)
            waiting.stir()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(move)
            await waiting.until(lambda: moments[-1])
        return round(clock.at_s(), 3)

    assert rehearse(work) == 3.0


def test_nobody_knows_when_until_somebody_stirs() -> None:
    async def work() -> float:
        clock, moments = Clock(), list[float]()
        waiting = Waiting(clock.at_s)

        async def come() -> None:
            await waiting.pause(7.0)
            waiting.stir()
            moments.append(0.0)
            waiting.stir()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(come)
            await waiting.until(lambda: moments[-1] if moments else None)
        return round(clock.at_s(), 3)

    assert rehearse(work) == 7.0
