"""bridge at work on a stage: one server after another, at one port and with one state.

Each runs in a task of its own, from its settings to its end, as a process would. It is told to
stop, or dies; the next one begins where it left off.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bridge.ports.upstream import Upstream
from bridge.rehearsal.jumping_loop import Stuck
from bridge.rehearsal.servers import HOST, QuietServer, make_quiet
from bridge.rehearsal.tape import Tape
from bridge.rehearsal.watched_agent import Surroundings, WatchedAgent
from bridge.settings import Settings
from bridge.web.server import bind
from bridge.wiring.bridge import open_bridge, warm_up

STARTS_WITHIN_S = 30.0
STOPS_WITHIN_S = 700.0
"""How long a server may take to be there, and to be gone: longer than any `server.drain_s`."""


@dataclass(slots=True)
class _Running:
    """A server at work, and the task that owns it."""

    server: QuietServer
    agent: WatchedAgent
    task: "asyncio.Task[None]"


@dataclass(slots=True)
class OneServer:
    """See the module. Enters nothing by itself: `start`, and in the end `close`.

    Attributes:
        settings: bridge's, with both tokens in them.
        tape: where is noted that the agent is asked.
        around: what is to be done around that.
        tasks: where servers run.
        port: where they listen; 0 until the first one does.
    """

    settings: Settings
    tape: Tape
    around: Surroundings
    tasks: asyncio.TaskGroup
    port: int = 0
    _run_ids: Iterator[int] = field(default_factory=lambda: count(1))
    _runs: int = 0
    _running: _Running | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether bridge answers nobody, and nobody is asked by it."""
        running = self._running
        return running is None or not (running.server.under_way or running.agent.open)

    async def start(self) -> None:
        """A server begins to work.

        Raises:
            SettingsError: it can't with its settings.
        """
        up: asyncio.Future[_Running] = asyncio.get_running_loop().create_future()
        task = self.tasks.create_task(self._serve(up))
        either: set[asyncio.Future[Any]] = {up, task}
        await asyncio.wait(either, timeout=STARTS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task  # raises what kept it from starting
        self._running = await up

    async def stop(self) -> None:
        """As a process that is told to stop: nothing new, streams may finish, records are kept."""
        running, self._running = self._running, None
        assert running is not None, "one server at a time is at work"
        running.server.told_to_stop()
        await _gone(running.task)

    async def die(self) -> None:
        """As a process that is killed, as far as one inside another can be.

        Its connections are cut, what it was doing is cancelled, and what waited to be written is
        lost. What can't be shown is a write that was half done: each comes to its end.
        """
        running, self._running = self._running, None
        assert running is not None, "one server at a time is at work"
        running.task.cancel()
        await running.server.cut()
        await _gone(running.task)

    async def close(self) -> None:
        """The server goes; streams under way are not waited for."""
        running, self._running = self._running, None
        if running is not None:
            running.server.should_exit = running.server.force_exit = True
            await running.server.cut()
            await _gone(running.task)

    async def _serve(self, up: "asyncio.Future[_Running]") -> None:
        settings, watched = self.settings, list[WatchedAgent]()

        def watch(upstream: Upstream) -> Upstream:
            watched.append(WatchedAgent(upstream, self.tape, self.around, self._runs + 1))
            return watched[0]

        with bind(HOST, self.port) as listening:
            self.port = listening.getsockname()[1]
            async with open_bridge(settings, watched=watch, new_id=self._new_id) as bridge:
                server = make_quiet(
                    bridge.app,
                    bridge.gate,
                    listening,
                    connections=settings.limits.connections,
                    drain_s=settings.server.drain_s,
                )
                if settings.upstream.warm_up:
                    await warm_up(bridge.upstream)
                task = asyncio.current_task()
                assert task is not None, "it runs in one"
                up.set_result(_Running(server, watched[0], task))
                try:
                    await server.serve(sockets=[listening])
                finally:
                    self._runs = watched[0].runs

    def _new_id(self) -> str:
        """Names a run: the same ones in every performance, so that what is drawn is the same."""
        return f"{next(self._run_ids):016x}"


async def _gone(task: "asyncio.Task[None]") -> None:
    """Returns when a server's task is over; raises what ended it."""
    done, _ = await asyncio.wait([task], timeout=STOPS_WITHIN_S)
    if not done:
        raise Stuck("bridge does not stop.", hint="Something in it outlives its server.")
    if not task.cancelled():
        task.result()
