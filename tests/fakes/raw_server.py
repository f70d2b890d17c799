r"""A server that says what it is told to, byte for byte, over a socket.

    async def talk(line: Line) -> None:
        await line.request()
        line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    async with raw_server(talk) as server: ...      # `talk` has each connection in turn

A connection is closed when its `talk` returns.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")


@dataclass(slots=True)
class Line:
    """One connection; `number` counts from 1."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        return head + await self.reader.readexactly(int(length[1]) if length else 0)

    def say(self, data: bytes) -> None:
        """Sends it."""
        self.writer.write(data)

    async def gone(self) -> None:
        """Until the client has closed; what it says meanwhile is not looked at."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def stop_reading(self) -> None:
        """Takes nothing more of what the client sends."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    def go_on_reading(self) -> None:
        """Takes it again."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.resume_reading()


@dataclass(slots=True)
class RawServer:
    """What can be seen of it.

    Attributes:
        url: its base, without a slash at the end.
        connections: how many were made so far.
        over: has the number of each connection whose `talk` is over.
    """

    url: str = ""
    connections: int = 0
    over: asyncio.Queue[int] = field(default_factory=asyncio.Queue)


@asynccontextmanager
async def raw_server(
    talk: Callable[[Line], Awaitable[None]], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serves on loopback while the block lasts."""
    seen = RawServer()
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        seen.connections += 1
        number = seen.connections
        try:
            # Cancelled below: asyncio's streams complain of a handler that ends so.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(Line(number, reader, writer))
        finally:
            talks.discard(task)
            writer.close()
            seen.over.put_nowait(number)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    seen.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield seen
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
