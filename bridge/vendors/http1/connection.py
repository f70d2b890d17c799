"""One connection: a request out, its answer in, piece by piece; then perhaps the next.

    idle ─▶ asked ─▶ status and headers known ─▶ body ─┬─ whole ─▶ idle, if the server keeps it
      ▲                                                └─ left, broken, late ─▶ closed
      └────────────────────────────────────────────────────┘

`data_received` parses at once and wakes whoever waits; there is no queue and no task. When nobody
takes what has come, reading is paused: a server that floods us fills its own memory.
"""

import asyncio
import select
from typing import Any, cast

import httptools
import httpx
from typing_extensions import override

HEAD_BYTES = 65_536
"""Most bytes in a row that are no body: a head, trailers. Far above any server's."""

MOST_HEADERS = 256
"""Most headers in one."""

_POLLS = hasattr(select, "poll")  # Windows has none

HELD_BYTES = 262_144
"""How much of a body may wait to be taken before reading is paused: hours of spoken words, and
one piece as the system hands them out."""

Header = tuple[bytes, bytes]


class Connection(asyncio.Protocol):
    """See the module. Made by `loop.create_connection`; one request at a time.

    Attributes:
        is_closed: it can't be used any more.
        idle_since_s: when it was last put back; by the loop's clock.
    """

    __slots__ = (
        "_deadline_s",
        "_ends_with_close",
        "_error",
        "_headers",
        "_held",
        "_is_full",
        "_is_head",
        "_is_head_whole",
        "_is_paused",
        "_is_whole",
        "_keeps",
        "_late",
        "_loop",
        "_overhead",
        "_parser",
        "_pieces",
        "_status",
        "_timer",
        "_transport",
        "_waiter",
        "idle_since_s",
        "is_closed",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._is_full = False  # the server is slow to take what we send
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline_s: float | None = None
        self._late: type[httpx.TimeoutException] = httpx.ReadTimeout
        self.is_closed = False
        self.idle_since_s = 0.0
        self._begin(is_head=False)
        self._is_whole = True  # nothing was asked yet

    def _begin(self, *, is_head: bool) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[Header] = []
        self._overhead = 0
        self._is_head = is_head
        self._is_head_whole = False
        self._ends_with_close = False
        self._is_whole = False
        self._keeps = False
        self._pieces: list[bytes] = []
        self._held = 0
        self._is_paused = False
        self._error: httpx.HTTPError | None = None

    # -- one exchange ----------------------------------------------------------------------------

    async def ask(
        self, request: bytes, *, is_head: bool, write_s: float | None, read_s: float | None
    ) -> tuple[int, list[Header]]:
        """Sends a request; the answer's status and headers, once they are whole.

        An answer that comes before the whole request is taken, such as a refusal, is the answer.

        Args:
            is_head: whether its method is HEAD, whose answers have no body.
            write_s: seconds in which the server must take it; `None` is any.
            read_s: seconds in which the head must be whole; `None` is any.

        Raises:
            httpx.WriteTimeout, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError: as
            httpx's own transport. The connection is closed.
        """
        assert self._transport is not None, "connected first"
        self._begin(is_head=is_head)
        try:
            self._transport.write(request)
            self._allow(write_s, httpx.WriteTimeout)
            while self._is_full and not self._is_head_whole:
                await self._wait()
            self._allow(read_s, httpx.ReadTimeout)
            while not self._is_head_whole:
                await self._wait()
        except BaseException:
            self.close()
            raise
        return self._status, self._headers

    async def piece(self, read_s: float | None) -> bytes:
        """All of the body that has come since the last one; empty at its end.

        Args:
            read_s: seconds in which some of it must come; `None` is any.

        Raises:
            httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError: as httpx's own transport,
            behind what had come. The connection is closed.
        """
        if not self._pieces and not self._is_whole:
            self._allow(read_s, httpx.ReadTimeout)
            while not self._pieces and not self._is_whole:
                await self._wait()
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    def release(self) -> bool:
        """The exchange is over, read to its end or not; whether it may be used for another."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        is_over = self._is_whole and not self._pieces and not self._is_full
        may_stay = is_over and self._keeps and not self.is_closed
        if not may_stay:
            self.close()
        return may_stay

    def is_fit(self) -> bool:
        """Whether an idle connection may be used: the server hasn't closed it, nor said anything.

        Asked of the system, because the loop may not have come round to telling us.
        """
        if self.is_closed or self._transport is None or self._transport.is_closing():
            return False
        if not _POLLS:
            return True
        watch = select.poll()
        watch.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not watch.poll(0)

    def close(self) -> None:
        """Closes at once: what is not sent by now is not sent."""
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    # -- waiting -----------------------------------------------------------------------------------

    def _allow(self, within_s: float | None, late: type[httpx.TimeoutException]) -> None:
        """What is waited for next must come within that, or `late` it is."""
        self._late = late
        self._deadline_s = None if within_s is None else self._loop.time() + within_s

    async def _wait(self) -> None:
        """Until something came, or it is too late. One timer serves an exchange, not each piece."""
        if self._error is not None:
            raise self._error
        if self._deadline_s is not None:
            if self._timer is not None and self._timer.when() > self._deadline_s:
                self._timer.cancel()
                self._timer = None
            if self._timer is None:
                self._timer = self._loop.call_at(self._deadline_s, self._look)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _look(self) -> None:
        """Whether what is waited for is late by now."""
        self._timer = None
        if self._waiter is None or self._deadline_s is None:
            return
        if self._loop.time() < self._deadline_s:
            self._timer = self._loop.call_at(self._deadline_s, self._look)
            return
        self._fail(self._late("nothing came in time"))
        self.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: httpx.HTTPError) -> None:
        """What was received before it is still given out."""
        if self._error is None and not self._is_whole:
            self._error = error
        self._wake()

    # -- asyncio's side ----------------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_whole:
            self.close()  # nobody asked for this
            return
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(httpx.RemoteProtocolError("the answer is not HTTP"))
            self.close()
            return
        if self._overhead > HEAD_BYTES and not self._is_whole:
            self._fail(httpx.RemoteProtocolError("the answer's head is too large"))
            self.close()
            return
        if self._held > HELD_BYTES and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        was_ours, self.is_closed = self.is_closed, True
        if self._is_head_whole and self._ends_with_close and exc is None and not was_ours:
            self._is_whole = True
        if exc is None:
            self._fail(httpx.RemoteProtocolError("the server closed before its answer was whole"))
        else:
            self._fail(httpx.ReadError("the connection broke"))

    @override
    def pause_writing(self) -> None:
        self._is_full = True

    @override
    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    # -- the parser's side -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Of another answer in the same bytes, which nobody asked for, nothing is taken."""
        if self._is_whole:
            raise ValueError("another answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What is raised here the parser turns into an error of its own."""
        if self._is_head_whole:
            return  # a trailer
        if len(self._headers) >= MOST_HEADERS:
            raise ValueError("too many headers")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; one that only announces another (1xx) is passed over."""
        status = self._parser.get_status_code()
        if status < 200:  # noqa: PLR2004 - the class of interim answers
            self._headers = []
            return
        self._status = status
        self._is_head_whole = True
        if self._is_head:
            self._is_whole = True
            return
        named = {name.lower() for name, _value in self._headers}
        self._ends_with_close = not named & {b"content-length", b"transfer-encoding"}

    def on_body(self, body: bytes) -> None:
        """A part of the body, decoded."""
        if self._is_whole:
            raise ValueError("the body of an answer that has none")
        self._overhead = 0
        self._pieces.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """The answer is whole; the interim ones too say so."""
        if self._is_head_whole:
            self._is_whole = True
            self._keeps = self._parser.should_keep_alive()


async def connect(host: str, port: int, **options: Any) -> Connection:  # noqa: ANN401 - asyncio's own
    """A connection to there. `options` go to `loop.create_connection`."""
    loop = asyncio.get_running_loop()
    _transport, connection = await loop.create_connection(
        lambda: Connection(loop), host, port, **options
    )
    return connection
