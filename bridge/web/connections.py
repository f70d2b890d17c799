"""How many may be connected, and for how long without asking anything.

The server's own limits begin with a whole request: it waits for one without end, and keeps the
headers it has read so far without bound. Here a connection

- is closed when its request's head is not whole within `headers_within_s` of the connection or
  of the head's first byte, however the bytes trickle;
- is refused with 431 when the head is larger than `head_bytes` or has too many headers;
- is closed once answered when the rest of its body was never read;
- is cut off when bytes of an answer lie here for `taken_within_s` because its client takes none,
  or too few; closing alone would wait for that client for ever;
- gives way, if it is the one that has waited longest without a request, when there are too many.
  Only when all are busy is a new one refused, with 503.

So a thousand silent strangers cost at most `most` sockets for `headers_within_s`, and never keep
a caller out. Where httptools is missing, h11 bounds the head (`h11_max_incomplete_event_size`)
and answers 400. Built on uvicorn's protocol; the hooks relied on are asserted by tests.

Source: uvicorn 0.54, protocols/http/httptools_impl.py (2026-11); RFC 6585 5 for 431.
"""

import asyncio
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from bridge.core.chat import dump, render_error

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Http
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
else:
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Http
    except ImportError:  # an interpreter that httptools has no build for
        from uvicorn.protocols.http.h11_impl import H11Protocol as Http

HEADERS_WITHIN_S = 10.0
"""How long a request's head may take: a platform's arrives in one packet."""

HEAD_BYTES = 32_768
"""Largest head: dynamic variables travel in headers, and proxies stop at 8 to 32 KiB."""

MAX_HEADERS = 128
"""Most headers in one head: real requests have fewer than forty."""

TAKEN_WITHIN_S = 20.0
"""How long bytes of an answer may lie here because the client takes none, or too few.

They lie here only once the system's own buffers are full, which hold hours of a spoken reply.
"""

LOOKS = 4
"""How often we look within that time."""

SPARE_FILES = 128
"""Open files kept for everything that is not a connection or its upstream."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one server allows.

    Attributes:
        most: open connections; 0 is off.
        headers_within_s: how long a request's head may take.
        head_bytes: largest head.
        taken_within_s: how long bytes of an answer may wait for a client to take them.
    """

    most: int
    headers_within_s: float = HEADERS_WITHIN_S
    head_bytes: int = HEAD_BYTES
    taken_within_s: float = TAKEN_WITHIN_S


class Untaken:
    """Since when each connection of a server has bytes that its client doesn't take.

    A stopwatch for each write would cost every chunk; one look at all costs a microsecond each.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._since_s: dict[Connection, float | None] = {}
        self._next_look: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many connections are watched."""
        return len(self._since_s)

    def watch(self, connection: "Connection") -> None:
        """From now on, until `forget`."""
        self._since_s[connection] = None
        if self._next_look is None:
            self._look_later(connection.loop)

    def forget(self, connection: "Connection") -> None:
        """It is gone, or no longer ours."""
        self._since_s.pop(connection, None)
        if not self._since_s and self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next_look = loop.call_later(self._within_s / LOOKS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for connection, since_s in tuple(self._since_s.items()):
            if connection.transport.get_write_buffer_size() == 0:
                self._since_s[connection] = None
            elif since_s is None:
                self._since_s[connection] = now_s
            elif now_s - since_s >= self._within_s:
                connection.give_way()
        self._look_later(loop)


class Connection(Http):
    """One client's connection, bounded. Made into a server's own class by `bounded`."""

    bounds: ClassVar[Bounds]
    waiting: ClassVar[dict["Connection", None]]
    """Connections without a request under way, the one that has waited longest first."""

    untaken: ClassVar[Untaken]

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_too_large = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.untaken.watch(self)
        if 0 < self.bounds.most < len(self.connections):
            longest = next(iter(self.waiting), None)
            if longest is None:
                self._refuse(503, "Too many connections.", "server_error", "too_many_connections")
                return
            longest.give_way()
        self._wait()
        self._start_deadline()

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        before = self._newest
        was_reading_body = before is not None and before.more_body
        super().data_received(data)
        if self.transport.is_closing() or self not in self.connections:
            return
        if self._newest is not before or was_reading_body:
            self._head_bytes = 0
        else:
            self._head_bytes += len(data)
        if self._head_bytes > self.bounds.head_bytes:
            self._refuse_head()
        elif self._is_idle():
            self._start_deadline()
        else:
            self._stop_waiting()

    @override
    def on_headers_complete(self) -> None:
        # Judged before anything is started for it. The parser answers an exception with a 400.
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.bounds.head_bytes or len(self.headers) > MAX_HEADERS:
            self._is_too_large = True
            raise ValueError("head too large")
        super().on_headers_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        if self._is_too_large:
            self._refuse_head()
        else:
            self._refuse(400, "This is not HTTP.", "invalid_request_error", "invalid_http")

    @override
    def on_response_complete(self) -> None:
        has_next = bool(getattr(self, "pipeline", None))  # h11's protocol queues in its parser
        was_unread = not has_next and self.cycle.more_body
        super().on_response_complete()
        if was_unread:
            self.transport.close()
        if self._is_idle() and not self.transport.is_closing():
            self._wait()

    @override
    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        self.untaken.forget(self)
        super().handle_websocket_upgrade()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.untaken.forget(self)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Closes at once: somebody else needs the place, or time is up."""
        self._stop_waiting()
        self.transport.abort()

    @property
    def _newest(self) -> "RequestResponseCycle | None":
        """The newest request whose head is whole; none on a fresh connection."""
        return self.cycle

    def _is_idle(self) -> bool:
        newest = self._newest
        return newest is None or newest.response_complete

    def _wait(self) -> None:
        self.waiting[self] = None

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.bounds.headers_within_s, self.give_way)

    def _stop_waiting(self) -> None:
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse_head(self) -> None:
        kind = "invalid_request_error"
        self._refuse(431, "The request's headers are too large.", kind, "headers_too_large")

    def _refuse(self, status: int, message: str, kind: str, code: str) -> None:
        """Answers without asking the app, and closes; amid another answer it only closes."""
        self._stop_waiting()
        if not self._is_idle():
            self.transport.abort()
            return
        body = dump(render_error(message, kind, code=code)).encode()
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


_PHRASES = {
    400: "Bad Request",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def bounded(bounds: Bounds) -> type[Connection]:
    """A class of connections for one server, for `uvicorn.Config(http=…)`."""
    own = {"bounds": bounds, "waiting": {}, "untaken": Untaken(bounds.taken_within_s)}
    return type("BoundedConnection", (Connection,), own)


def make_room(most: int) -> int:
    """Asks the system for enough open files, and says how many connections then fit.

    Each connection may bring one to the upstream. Where files are not counted, or `most` is 0,
    the answer is `most`.
    """
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * most + SPARE_FILES
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return most
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return min(most, max(1, (int(granted) - SPARE_FILES) // 2))
