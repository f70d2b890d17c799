"""The HTTP/1.1 side of the fake agent: one connection, its requests, and when the client left."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import h11
from typing_extensions import override

from bridge.clock import now_s

Headers = Sequence[tuple[str, str]]
Serve = Callable[["Visit", "Answer"], Awaitable[None]]


@dataclass(slots=True)
class Visit:
    """One request, as it came, and what became of it.

    Attributes:
        headers: by lower-case name.
        body: the decoded JSON body of a chat request, else `None`.
        asked_at_s: when it was whole here, on `bridge.clock.now_s`.
        closed_at_s: when the client closed the connection before the reply was whole, else `None`.
        was_whole: whether the reply went out whole.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    asked_at_s: float
    body: Any = None
    closed_at_s: float | None = None
    was_whole: bool = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat request."""
        return cast("list[dict[str, Any]]", self.body["messages"])

    @property
    def utterance(self) -> str:
        """The text of the newest user message, or `""`."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return _text_of(message.get("content"))
        return ""


def _text_of(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content if isinstance(content, str) else ""


class Refusal(Exception):
    """An error status, raised where it is found out. Written in OpenAI's shape unless `body`."""

    def __init__(
        self,
        status: int,
        message: str = "",
        code: str | None = None,
        *,
        param: str | None = None,
        body: bytes = b"",
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        self.status = status
        self.body = body or json.dumps({"error": error}).encode()
        self.headers = headers


class Answer:
    """Writes the reply to one request. A client that left ends the task that writes."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def whole(self, status: int, body: bytes, headers: Headers = ()) -> None:
        """A reply of known length."""
        kind = (("content-type", "application/json"), ("content-length", str(len(body))))
        await self.begin(status, (*kind, *headers))
        await self.send(body)
        await self.end()

    async def begin(self, status: int, headers: Headers) -> None:
        """The status line and headers; without a content-length the body is chunked."""
        self._connection.write(h11.Response(status_code=status, headers=list(headers)))

    async def send(self, body: bytes, *, is_last: bool = False) -> None:
        """A piece of the body, as a write of its own. After the last the reply counts as whole."""
        self._connection.write(h11.Data(data=body))
        if is_last:
            self._connection.is_whole()
        await asyncio.sleep(0)

    async def end(self) -> None:
        """The end of the body."""
        self._connection.write(h11.EndOfMessage())
        self._connection.is_whole()

    async def drop(self) -> None:
        """Close the connection here."""
        self._connection.hang_up()
        await asyncio.Event().wait()


class Connection(asyncio.Protocol):
    """One TCP connection: requests one after another, each served in a task of its own.

    Args:
        serve: answers one request.
        tell: called when something happened that a test may be waiting for.
        alive: where this connection is held while it is open.
        tasks: where its task is held; their owner cancels and awaits them.
    """

    def __init__(
        self,
        serve: Serve,
        tell: Callable[[], None],
        alive: "set[Connection]",
        tasks: "set[asyncio.Task[None]]",
    ) -> None:
        self._serve = serve
        self._tell = tell
        self._alive = alive
        self._tasks = tasks
        self._wire = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = b""
        self._visit: Visit | None = None
        self._task: asyncio.Task[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._alive.add(self)
        self._tell()

    @override
    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        self._read()

    @override
    def eof_received(self) -> None:
        self._client_left()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._client_left()
        self._alive.discard(self)
        if self._task is not None:
            self._task.cancel()
        self._tell()

    def _client_left(self) -> None:
        visit = self._visit
        if visit is not None and not visit.was_whole and visit.closed_at_s is None:
            visit.closed_at_s = now_s()
        self._tell()

    def write(self, event: h11.Event) -> None:
        """Send one event of the reply; nothing once the client has gone."""
        if not self._transport.is_closing():
            self._transport.write(self._wire.send(event) or b"")

    def is_whole(self) -> None:
        """Nothing is missing of the reply: a client that leaves now has not cut it short."""
        if self._visit is not None and self._visit.closed_at_s is None:
            self._visit.was_whole = True
        self._tell()

    def hang_up(self) -> None:
        """Close from our side, now."""
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _read(self) -> None:
        while True:
            match self._wire.next_event():
                case h11.Request() as head:
                    self._head, self._body = head, b""
                case h11.Data() as piece:
                    self._body += bytes(piece.data)
                case h11.EndOfMessage():
                    self._begin()
                case _:
                    return

    def _begin(self) -> None:
        assert self._head is not None
        headers = {name.decode(): value.decode() for name, value in self._head.headers}
        path = self._head.target.decode().partition("?")[0]
        visit = Visit(self._head.method.decode(), path, headers, self._body, now_s())
        self._visit = visit
        self._task = asyncio.get_running_loop().create_task(self._run(visit))
        self._tasks.add(self._task)

    async def _run(self, visit: Visit) -> None:
        await self._serve(visit, Answer(self))
        if self._wire.our_state is h11.DONE and self._wire.their_state is h11.DONE:
            self._wire.start_next_cycle()
            self._read()
        elif self._wire.our_state is h11.MUST_CLOSE:
            self.hang_up()
