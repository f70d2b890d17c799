"""A clock that jumps: minutes in milliseconds, over real sockets and real threads, always alike."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge import clock
from bridge.rehearsal.jumping_loop import BEGINS_S, BEGINS_WALL_S, JumpingLoop, Stuck
from tests.fakes.rehearsing import rehearse

WITHIN_S = 5.0


def test_an_hour_passes_at_once_and_both_clocks_follow() -> None:
    async def wait() -> tuple[float, float]:
        await asyncio.sleep(3600.0)
        return clock.now_s(), clock.wall_s()

    began_s = time.monotonic()

    assert rehearse(wait) == (BEGINS_S + 3600.0, BEGINS_WALL_S + 3600.0)
    assert time.monotonic() - began_s < WITHIN_S


def test_calls_may_be_placed_when_it_begins() -> None:
    at = time.gmtime(BEGINS_WALL_S)

    assert (at.tm_wday, at.tm_hour) == (1, 18)


def test_timers_come_in_their_order_each_at_its_moment() -> None:
    async def wait() -> list[tuple[float, str]]:
        seen: list[tuple[float, str]] = []

        async def note(after_s: float, name: str) -> None:
            await asyncio.sleep(after_s)
            seen.append((clock.now_s() - BEGINS_S, name))

        await asyncio.gather(note(7.0, "c"), note(0.25, "a"), note(3.5, "b"))
        return seen

    assert rehearse(wait) == [(0.25, "a"), (3.5, "b"), (7.0, "c")]


def test_what_is_said_over_a_socket_arrives_at_the_moment_it_is_said() -> None:
    """However long the kernel takes, however the machine is loaded."""

    async def chat() -> list[float]:
        arrived: list[float] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(100):
                arrived.append(clock.now_s() - BEGINS_S)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for _ in range(300):
            await asyncio.sleep(0.125)
            writer.write(b"tick")
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return arrived

    assert rehearse(chat) == [0.125 * (i + 1) for i in range(300)]


def test_what_is_still_on_its_way_is_not_jumped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load the system delivers late. Here it does so just when it is asked."""
    ours, theirs = socket.socketpair()
    late = [b"late"]

    def deliver(_echo: object) -> None:
        if late:
            theirs.send(late.pop())

    async def listen() -> float:
        with ours, theirs:
            ours.setblocking(False)  # noqa: FBT003 - the socket takes it by position only
            async with asyncio.timeout(60.0):
                await asyncio.get_running_loop().sock_recv(ours, 100)
            return clock.now_s()

    monkeypatch.setattr("bridge.rehearsal.jumping_loop._Echo.wait", deliver)
    assert rehearse(listen) == BEGINS_S


def test_a_thread_takes_no_time_however_long_it_works() -> None:
    async def work() -> tuple[str, float]:
        return await asyncio.to_thread(_slowly, "done"), clock.now_s()

    assert rehearse(work) == ("done", BEGINS_S)


def _slowly(result: str) -> str:
    threading.Event().wait(0.02)
    return result


def test_of_two_threads_the_first_that_was_asked_is_heard_first() -> None:
    """Not the quicker one: that would be chance."""

    async def work() -> list[str]:
        seen: list[str] = []

        async def note(job: Awaitable[str]) -> None:
            seen.append(await job)

        await asyncio.gather(
            note(asyncio.to_thread(_slowly, "slow")), note(asyncio.to_thread(str, "quick"))
        )
        return seen

    assert rehearse(work) == ["slow", "quick"]


def test_an_executor_of_ones_own_keeps_its_thread_and_its_errors() -> None:
    async def work() -> str:
        with ThreadPoolExecutor(1, "mine") as mine:
            loop = asyncio.get_running_loop()
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(mine, lambda: 1 // 0)
            return await loop.run_in_executor(mine, lambda: threading.current_thread().name)

    assert rehearse(work) == "mine_0"


def test_the_clock_stands_still_while_somebody_waits_elsewhere() -> None:
    """A thread that was not started by the loop, as aiosqlite has one."""

    async def work() -> tuple[float, bool]:
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        early = loop.call_later(0.001, came.set)  # would be jumped to at once
        back = loop.create_future()
        with clock.elsewhere():
            answer = threading.Thread(
                target=lambda: (_slowly(""), loop.call_soon_threadsafe(back.set_result, None))
            )
            answer.start()
            await back
            at_s, was_early = clock.now_s(), came.is_set()
        answer.join()
        early.cancel()
        return at_s, was_early

    assert rehearse(work) == (BEGINS_S, False)


def test_the_clock_goes_as_the_machine_s_while_how_long_it_takes_matters() -> None:
    async def work() -> tuple[float, float]:
        loop, back = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        began_s = clock.machine_s()
        with clock.elsewhere(passes=True):
            answer = threading.Thread(
                target=lambda: (_slowly(""), loop.call_soon_threadsafe(back.set_result, None))
            )
            answer.start()
            await asyncio.sleep(0.005)
            await back
        answer.join()
        return clock.now_s() - BEGINS_S, clock.machine_s() - began_s

    passed_s, real_s = rehearse(work)

    assert 0.015 < passed_s <= real_s


def test_jumping_goes_on_when_nobody_waits_elsewhere_any_more() -> None:
    async def work() -> float:
        with clock.elsewhere(), clock.elsewhere(passes=True):
            pass
        began_s = clock.now_s()
        await asyncio.sleep(100.0)
        return clock.now_s() - began_s

    assert rehearse(work) == pytest.approx(100.0)


def test_what_waits_for_ever_is_told_and_does_not_hang() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    loop = JumpingLoop()
    task = loop.create_task(wait())
    with pytest.raises(Stuck, match="nothing is left that could happen"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_what_hangs_elsewhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.rehearsal.jumping_loop.ELSEWHERE_WITHIN_S", 0.01)

    async def wait() -> None:
        with clock.elsewhere():
            await asyncio.sleep(1.0)

    loop = JumpingLoop()
    with clock.replaced(loop):
        task = loop.create_task(wait())
        with pytest.raises(Stuck, match="another thread or process"):
            loop.run_until_complete(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
    loop.close()
