"""A real uvicorn on a free loopback port, for tests of what only sockets show."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from socket import socket
from typing import Any

import uvicorn
from typing_extensions import override

WITHIN_S = 5.0
"""No wait in a test is longer."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # a test's signals are pytest's


@dataclass(frozen=True, slots=True)
class Served:
    """Where the app answers."""

    port: int
    server: uvicorn.Server

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self.server.server_state.connections)

    async def connect(self) -> "Wire":
        """A raw connection of a client's."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        return Wire(reader, writer)


@dataclass(frozen=True, slots=True)
class Wire:
    """One raw connection: bytes out, bytes in, every wait bounded."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        """Sends bytes. A connection that the server closed is not an error here."""
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self.writer.drain(), WITHIN_S)

    async def hear_until(self, end: bytes) -> bytes:
        """Everything up to and with `end`."""
        return await asyncio.wait_for(self.reader.readuntil(end), WITHIN_S)

    async def hear_all(self) -> bytes:
        """Everything until the server closes; a reset counts as closing."""
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := await asyncio.wait_for(self.reader.read(65536), WITHIN_S):
                heard += piece
        return heard

    async def close(self) -> None:
        """Hangs up."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self.writer.wait_closed(), WITHIN_S)


@contextlib.asynccontextmanager
async def served(app: Any, **config: Any) -> AsyncIterator[Served]:
    """Serves an ASGI app until the block ends. `config` goes to `uvicorn.Config`."""
    settings = {"lifespan": "off", "log_config": None, "access_log": False, "ws": "none", **config}
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, **settings))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.serve())
        await asyncio.wait_for(server.is_up.wait(), WITHIN_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(port, server)
        finally:
            server.should_exit = server.force_exit = True
            await asyncio.wait_for(running, WITHIN_S)


async def until(claim: Any) -> None:
    """Waits, letting others run, until the claim holds; fails after `WITHIN_S`."""
    async with asyncio.timeout(WITHIN_S):
        while not claim():
            await asyncio.sleep(0)
