"""A thin client of any chat-completions server.

    async with connect(Server("openai", url, token, timeout_s=120)) as client:
        async with client.ask(body) as events:      # entering sends the request
            async for event in events: ...          # leaving early closes the connection

It promises: one request a call, never a retry, never a redirect; nothing but the headers given
here (proxies' settings of the environment are not read); the reply read as it comes; every
failure a `VendorError` in our words. It never decides what is asked: its adapters do.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import httpx
from pydantic import SecretStr
from pydantic_core import from_json

from bridge import __version__
from bridge.core.chat import dump
from bridge.errors import VendorError
from bridge.ports.upstream import UpstreamEvent
from bridge.vendors.chat_faults import NEVER_RUN, Source, code_of
from bridge.vendors.chat_reply import ReplyReader
from bridge.vendors.sse import EventReader, EventTooLong

CONNECT_S = 3.0
"""To get a connection. Loopback takes a millisecond and another continent 0.3 s; a caller should
hear that something is wrong before they wonder."""

WRITE_S = 10.0
"""For the server to take a piece of the request."""

TAIL_S = 1.0
"""After the finish, for usage and `[DONE]`. They come with it; a server that never ends its stream
must not hold the end of a turn."""

DRAIN_S = 0.05
"""After `[DONE]`, for the last bytes of the response, so that the connection can be used again."""

QUICK_S = 10.0
"""For requests that run no model: lists, checks."""

KEEPALIVE_S = 4.0
"""How long an idle connection is kept. Node closes its own after 5 s; a request written into one
that is just closing is lost."""

MAX_IDLE = 4096
"""Connections kept: more than are ever open. A pool that keeps fewer dials anew at each request."""

ERROR_BYTES = 64 * 1024
ERROR_S = 1.0
"""How much of an error's body is read for its code, and how long that may take."""

LIST_BYTES = 8 * 1024 * 1024
"""How long a list of models may be. The longest there is, of a reseller, is under 1 MB."""

_EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Server:
    """Which server, and how it is to be taken.

    Attributes:
        vendor: the adapter's name, for errors.
        url: the base, without a slash at its end; usually ends in `/v1`.
        token: the bearer token, if it wants one.
        timeout_s: how long it may be silent before and between words.
        never_run: statuses that surely come before its agent has seen the request.
    """

    vendor: str
    url: str
    token: SecretStr | None = None
    timeout_s: float = 120.0
    never_run: frozenset[int] = NEVER_RUN


def tidy_url(url: str) -> str:
    """A base URL as settings may give it: no slash or endpoint at its end, a bare host with `/v1`.

    Raises:
        ValueError: it is no http or https address, or holds a user, a query or a fragment.
    """
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise ValueError("must be an address such as 'http://127.0.0.1:18789/v1'") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must begin with http:// or https:// and name a host")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError("must hold no user, query or fragment; a token belongs in upstream.token")
    base = str(parsed).rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return base if httpx.URL(base).path.strip("/") else f"{base}/v1"


@asynccontextmanager
async def connect(server: Server) -> AsyncIterator["ChatClient"]:
    """A client of this server, closed with all its connections at the end. Dials nothing yet."""
    async with _transport() as transport:
        yield ChatClient(server, transport)


def _transport() -> httpx.AsyncBaseTransport:
    """Ours; httpx's own for interpreters that httptools has no build for."""
    try:
        from bridge.vendors.http1 import Transport  # noqa: PLC0415 - it may be missing
    except ImportError:
        limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=KEEPALIVE_S,
        )
        return httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
    return Transport(keepalive_s=KEEPALIVE_S, most_idle=MAX_IDLE)


class ChatClient:
    """See the module. Safe for any number of requests at once."""

    def __init__(self, server: Server, transport: httpx.AsyncBaseTransport) -> None:
        self._server = server
        self._transport = transport
        self._source = Source(server.vendor, "chat", server.never_run)
        self._headers = _headers(server)

    @asynccontextmanager
    async def ask(
        self,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        silence_s: float = 0.0,
    ) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """One streamed chat completion. `silence_s` is how long it may be silent at least.

        Entering sends it and waits for the status. Leaving closes the connection at once, unless
        the reply was read to its end: then the connection is kept for the next.

        Raises:
            VendorError: in entering, and while the events are read.
        """
        reader = ReplyReader(self._source)
        read_s = max(self._server.timeout_s, silence_s)
        async with self._open(
            "POST", "/chat/completions", self._source, body, headers, read_s=read_s
        ) as response:
            await self._check(response)
            async with (
                _body(response) as pieces,
                aclosing(self._events(pieces, reader, read_s)) as events,
            ):
                yield events
                if reader.is_done:
                    await _drain(pieces)

    async def models(self) -> tuple[str, ...]:
        """The ids that `GET /models` lists, in its order.

        Raises:
            VendorError: it can't be reached, refuses, or answers something else.
        """
        source = replace(self._source, operation="models")
        async with self._open("GET", "/models", source) as response:
            if response.status_code != httpx.codes.OK:
                raise await _refusal(response, source)
            listed = await self._json(response, source)
        items = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(items, list):
            raise source.broke_promise("lists its models in no form that is known")
        ids = [item.get("id") for item in items if isinstance(item, dict)]
        return tuple(i for i in ids if isinstance(i, str))

    async def status(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, base: str = ""
    ) -> int:
        """The status that a request gets, for checks. `base` stands for the server's own base.

        Raises:
            VendorError: there was no status at all.
        """
        source = replace(self._source, operation="check")
        async with self._open(method, path, source, body, base=base) as response:
            return response.status_code

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        source: Source,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        base: str = "",
        read_s: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send, wait for the status, hand over the unread response, close it."""
        read_s = min(QUICK_S, self._server.timeout_s) if read_s is None else read_s
        request = httpx.Request(
            method,
            _url((base or self._server.url) + path),
            headers={**self._headers, **_encoded(headers or {})},
            # Half a surrogate pair, which JSON can hold, has no UTF-8: it becomes a question mark.
            content=None if body is None else dump(body).encode("utf-8", "replace"),
            extensions={"timeout": {"connect": CONNECT_S, "read": read_s, "write": WRITE_S}},
        )
        response: httpx.Response | None = None
        try:
            response = await self._transport.handle_async_request(request)
            yield response
        except httpx.HTTPError as error:
            raise source.transport(error, read_s) from None
        finally:
            if response is not None:
                await response.aclose()

    async def _check(self, response: httpx.Response) -> None:
        if response.status_code != httpx.codes.OK:
            raise await _refusal(response, self._source)
        kind = response.headers.get("content-type", "")
        if not kind.lower().startswith(_EVENT_STREAM):
            raise self._source.broke_promise("answered with no event stream")

    async def _events(
        self, pieces: AsyncIterator[bytes], reader: ReplyReader, read_s: float
    ) -> AsyncGenerator[UpstreamEvent, None]:
        lines = EventReader()
        with self._translated(read_s):
            async for piece in pieces:
                for event in _said(reader, lines.feed(piece)):
                    yield event
                if reader.is_finished or reader.is_done:
                    break
            else:
                for event in _said(reader, lines.finish()):
                    yield event
        for call in reader.calls():
            yield call
        if not reader.is_done:
            await _read_tail(pieces, lines, reader)
        yield reader.finish()

    @contextmanager
    def _translated(self, read_s: float) -> Iterator[None]:
        try:
            yield
        except EventTooLong:
            raise self._source.broke_promise("sent a line without an end") from None
        except httpx.HTTPError as error:
            raise self._source.transport(error, read_s) from None

    async def _json(self, response: httpx.Response, source: Source) -> object:
        body = await _read_some(response, LIST_BYTES)
        try:
            return from_json(body)
        except ValueError:
            raise source.broke_promise("answered with something that is no JSON") from None


def _headers(server: Server) -> dict[bytes, bytes]:
    """Every header of each request, but for the host and the length."""
    headers = {
        "accept": f"{_EVENT_STREAM}, application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "content-type": "application/json",
        "user-agent": f"bridge/{__version__}",
    }
    if server.token is not None:
        headers["authorization"] = f"Bearer {server.token.get_secret_value()}"
    return _encoded(headers)


def _encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


@lru_cache(maxsize=64)
def _url(url: str) -> httpx.URL:
    """Read once: the same few are asked for at each turn."""
    return httpx.URL(url)


def _said(reader: ReplyReader, payloads: Iterable[bytes]) -> Iterator[UpstreamEvent]:
    """One payload at a time, so that what came before a failure is still said."""
    for payload in payloads:
        yield from reader.read(payload)


async def _read_tail(pieces: AsyncIterator[bytes], lines: EventReader, reader: ReplyReader) -> None:
    """Usage, if it comes soon. The reply is whole already: nothing that fails here matters."""
    try:
        async with asyncio.timeout(TAIL_S):
            async for piece in pieces:
                for payload in lines.feed(piece):
                    reader.read(payload)
                if reader.is_done:
                    return
    except (TimeoutError, httpx.HTTPError, EventTooLong, VendorError):
        return


@asynccontextmanager
async def _body(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The body as it comes; at the end the response is closed.

    A transport may read through generators inside generators. One that is dropped half-way is
    closed by the event loop, in a loose task for each. So the connection is closed first, and then
    read once more: the end or the error ends them all, here.
    """
    assert isinstance(response.stream, httpx.AsyncByteStream), "an asynchronous transport's"
    pieces = aiter(response.stream)
    try:
        yield pieces
    finally:
        await response.aclose()
        with suppress(httpx.HTTPError, httpx.StreamError):
            async for _ in pieces:
                pass


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """The last bytes of a response. What comes too late costs the connection, nothing else."""
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in pieces:
                pass
    except (TimeoutError, httpx.HTTPError):
        return


async def _refusal(response: httpx.Response, source: Source) -> VendorError:
    """The error for a status that is not 200, read off status, headers and the error's code."""
    try:
        async with asyncio.timeout(ERROR_S):
            answer = from_json(await _read_some(response, ERROR_BYTES))
    except (TimeoutError, httpx.HTTPError, ValueError):
        answer = None
    return source.refused(
        response.status_code,
        code=code_of(answer.get("error")) if isinstance(answer, dict) else "",
        retry_after=response.headers.get("retry-after", ""),
    )


async def _read_some(response: httpx.Response, limit_bytes: int) -> bytes:
    """A short body, whole; of a long one no more than the limit and a piece."""
    pieces: list[bytes] = []
    size = 0
    async with _body(response) as body:
        async for piece in body:
            pieces.append(piece)
            size += len(piece)
            if size > limit_bytes:
                break
    return b"".join(pieces)
