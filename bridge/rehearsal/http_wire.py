"""As much of HTTP/1.1 as a server needs that is asked by bridge alone.

A request is a head and a body of stated length; an answer is whole, or a stream in chunks. A
client that closes ends what is being answered to it, at that moment.

Source: RFC 9112.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from typing_extensions import override

from bridge.web.server import bind

HOST = "127.0.0.1"

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpConnection(asyncio.Protocol):
    """One client's connection, its requests one after another.

    Args:
        serve: answers one request; cancelled when the client goes away.
        tasks: where it does so.
        all_open: where this connection stands while it is open.

    Attributes:
        was_left: the client went away before the answer under way was whole.
    """

    def __init__(
        self,
        serve: Callable[[HttpRequest, "HttpConnection"], Awaitable[None]],
        tasks: asyncio.TaskGroup,
        all_open: "set[HttpConnection]",
    ) -> None:
        self.was_left = False
        self._serve = serve
        self._tasks = tasks
        self._all_open = all_open
        self._received = b""
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._all_open.add(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        self._next()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._all_open.discard(self)
        if self._task is not None:
            self.was_left = True
            self._task.cancel()

    def answer(self, status: int, body: bytes) -> None:
        """A whole answer, of JSON."""
        self._write(
            f"HTTP/1.1 {status} {_phrase(status)}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def begin(self) -> None:
        """The head of a stream of events."""
        self._write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
        )

    def send(self, piece: bytes) -> None:
        """A piece of it."""
        self._write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def end(self) -> None:
        """Its end."""
        self._write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Cuts the connection here and now."""
        assert self._transport is not None, "it is open"
        self._transport.abort()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None, "it is open"
        self._transport.write(data)

    def _next(self) -> None:
        """Begins to answer, once a request is whole and none is being answered."""
        head, found, rest = self._received.partition(END_OF_HEAD)
        if self._task is not None or not found:
            return
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in _split(lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._received = rest[length:]
        path = request_line.split(" ")[1].partition("?")[0]
        self.was_left = False
        self._task = self._tasks.create_task(self._run(HttpRequest(path, headers, rest[:length])))

    async def _run(self, request: HttpRequest) -> None:
        await self._serve(request, self)
        self._task = None
        self._next()


class Listener:
    """A port at which connections come in, or for a while none."""

    host = HOST

    def __init__(self, serve: Callable[[HttpRequest, HttpConnection], Awaitable[None]]) -> None:
        self.port = 0
        self._serve = serve
        self._open: set[HttpConnection] = set()
        self._server: asyncio.Server | None = None

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def open(self, tasks: asyncio.TaskGroup) -> None:
        """Listens, at the same port as before."""
        listening = bind(self.host, self.port)
        self.port = listening.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpConnection(self._serve, tasks, self._open), sock=listening
        )

    def close(self) -> None:
        """Cuts every connection, and listens no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in tuple(self._open):
            connection.abort()


def _split(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
