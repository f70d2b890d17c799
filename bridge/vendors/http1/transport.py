"""Connections by origin, kept while they are fresh; the one method of httpx's seam."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
from typing_extensions import override

from bridge.vendors.http1.connection import Connection, connect
from bridge.vendors.http1.wire import render_request

PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


@dataclass(slots=True)
class _Timeouts:
    connect: float | None = None
    read: float | None = None
    write: float | None = None
    pool: float | None = None


class Transport(httpx.AsyncBaseTransport):
    """See the package. Safe for any number of requests at once, of one event loop.

    Args:
        keepalive_s: how long a connection is kept that nobody uses.
        most_idle: how many are kept.
    """

    def __init__(self, *, keepalive_s: float, most_idle: int) -> None:
        self._keepalive_s = keepalive_s
        self._most_idle = most_idle
        self._idle: dict[Origin, deque[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None

    @property
    def idle(self) -> int:
        """How many connections are kept for later."""
        return sum(len(kept) for kept in self._idle.values())

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it, and waits for status and headers. Never again: a request may have effects.

        Args:
            request: with a body that is there already; `extensions["timeout"]` as httpx has it.

        Raises:
            httpx.TransportError: as httpx's own transport.
        """
        timeouts = _Timeouts(**request.extensions.get("timeout", {}))
        origin = _origin(request)
        wire = render_request(request)
        connection = self._kept(origin)
        if connection is None:
            connection = await self._dial(origin, timeouts.connect)
        status, headers = await connection.ask(
            wire,
            is_head=request.method == "HEAD",
            write_s=timeouts.write,
            read_s=timeouts.read,
        )
        stream = _Body(self, origin, connection, timeouts.read)
        return httpx.Response(status, headers=headers, stream=stream, request=request)

    @override
    async def aclose(self) -> None:
        """Closes what is kept. An answer that is still read closes its own connection."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        self._most_idle = 0
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()
        await asyncio.sleep(0)  # the loop tells the connections that they are closed

    def put_back(self, origin: Origin, connection: Connection) -> None:
        """An answer was read, or left: the connection is kept, or closed."""
        if not connection.release():
            return
        if self.idle >= self._most_idle:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        self._idle.setdefault(origin, deque()).append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._keepalive_s, self._drop_stale)

    def _kept(self, origin: Origin) -> Connection | None:
        """The one used last: the others grow old and are closed."""
        kept = self._idle.get(origin)
        while kept:
            connection = kept.pop()
            if connection.is_fit():
                return connection
            connection.close()
        return None

    def _drop_stale(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        until_s = loop.time() - self._keepalive_s
        for origin, kept in list(self._idle.items()):
            while kept and (kept[0].is_closed or kept[0].idle_since_s <= until_s):
                kept.popleft().close()
            if not kept:
                del self._idle[origin]
        oldest_s = min((kept[0].idle_since_s for kept in self._idle.values()), default=None)
        if oldest_s is not None:
            self._sweep = loop.call_at(oldest_s + self._keepalive_s, self._drop_stale)

    async def _dial(self, origin: Origin, within_s: float | None) -> Connection:
        scheme, host, port = origin
        tls = self._tls_context() if scheme == "https" else None
        try:
            async with asyncio.timeout(within_s):
                return await connect(
                    host, port, ssl=tls, server_hostname=host if tls is not None else None
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except (OSError, UnicodeError) as error:  # a refusal, a certificate, a name
            raise httpx.ConnectError("no connection") from error

    def _tls_context(self) -> ssl.SSLContext:
        """Made when it is first needed: it reads some hundred certificates."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


@dataclass(slots=True)
class _Body(httpx.AsyncByteStream):
    """An answer's body: what has come, each time it is asked for. Closed once, however it ends."""

    transport: Transport
    origin: Origin
    connection: Connection
    read_s: float | None
    _is_closed: bool = field(default=False)

    @override
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """What has come since the last time; waits for something."""
        piece = b"" if self._is_closed else await self.connection.piece(self.read_s)
        if not piece:
            raise StopAsyncIteration
        return piece

    @override
    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.transport.put_back(self.origin, self.connection)


def _origin(request: httpx.Request) -> Origin:
    url = request.url
    if url.scheme not in PORTS or not url.host:
        raise httpx.UnsupportedProtocol("not an http or https address", request=request)
    return url.scheme, url.raw_host.decode("ascii").strip("[]"), url.port or PORTS[url.scheme]
