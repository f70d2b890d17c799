"""Real servers on loopback within a rehearsal: bridge's own kind, in one loop with everybody else.

They differ from a process's own in two things that no caller hears: signals stay with whoever
rehearses, and nothing looks at the time ten times a second, so that a clock can jump.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from bridge.web.server import CLOSING_S, DrainGate, Server, bind, make_config

HOST = "127.0.0.1"

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of these servers: it trusts nobody, and is never asked to. Without it each client
reads a hundred certificates, which takes longer than the call."""

CONNECTIONS = 1000
"""Of a server that is not bridge: as many as a rehearsal of a busy hour has calls, and more."""


class QuietServer(Server):
    """See the module."""

    def __init__(self, config: uvicorn.Config, gate: DrainGate, drain_s: float) -> None:
        self._stops = asyncio.Event()
        super().__init__(config, gate, drain_s)
        self.servers = []

    @property  # type: ignore[explicit-override]  # mypy doesn't see the mark on a property here
    @override
    def should_exit(self) -> bool:
        """Whether it closes."""
        return self._stops.is_set()

    @should_exit.setter
    @override
    def should_exit(self, value: bool) -> None:
        if value:
            self._stops.set()

    @override
    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._stops.wait()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def told_to_stop(self) -> None:
        """What a process does that is told to stop: nothing new, and streams may finish."""
        self.handle_exit(signal.SIGTERM, None)

    async def cut(self) -> None:
        """Cuts every connection, as the end of a process does.

        What was being answered sees that nobody listens any more, and ends; if not, it is ended.
        """
        for server in self.servers:
            server.close()
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        answering = tuple(self.server_state.tasks)
        if answering:
            _, late = await asyncio.wait(answering, timeout=CLOSING_S)
            for task in late:
                task.cancel()


def make_quiet(
    app: ASGIApp, gate: DrainGate, listening: socket.socket, *, connections: int, drain_s: float
) -> QuietServer:
    """A server on that socket, ready to be run by `serve(sockets=[listening])`."""
    port = listening.getsockname()[1]
    config = make_config(app, host=HOST, port=port, connections=connections)
    return QuietServer(config, gate, drain_s)


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serves an app until the block ends; its address, without a path."""
    with bind(HOST, 0) as listening:
        server = make_quiet(app, DrainGate(), listening, connections=CONNECTIONS, drain_s=0.0)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listening]))
            try:
                yield f"http://{HOST}:{listening.getsockname()[1]}"
            finally:
                server.should_exit = server.force_exit = True
                await server.cut()
