"""What strangers' connections may cost, seen over real sockets."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from bridge.web.connections import (
    HEADERS_WITHIN_S,
    MAX_HEADERS,
    SPARE_FILES,
    Bounds,
    bounded,
    make_room,
)
from tests.fakes.web_server import WITHIN_S, Served, Wire, served, until

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def app(held: asyncio.Event | None = None) -> Starlette:
    """Says hello, at once or once it is let go of; echoes a body's size."""

    async def hello(_request: Request) -> Response:
        if held is not None:
            await held.wait()
        return PlainTextResponse("hello")

    async def size(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    return Starlette(
        routes=[
            Route("/", hello, methods=["GET", "POST"]),
            Route("/size", size, methods=["POST"]),
        ]
    )


@contextlib.asynccontextmanager
async def serving(
    *,
    most: int = 0,
    headers_within_s: float = HEADERS_WITHIN_S,
    head_bytes: int = 1000,
    held: asyncio.Event | None = None,
) -> AsyncIterator[Served]:
    """The app behind bounded connections."""
    http = bounded(Bounds(most, headers_within_s, head_bytes))
    async with served(app(held), http=http, timeout_keep_alive=60) as server:
        yield server


async def ask(wire: Wire, request: bytes = GET) -> bytes:
    """One request on a connection, up to the end of its body."""
    await wire.say(request)
    return await wire.hear_until(b"hello")


async def test_a_connection_serves_one_request_after_another() -> None:
    async with serving(most=4) as server:
        wire = await server.connect()
        for _ in range(3):
            assert (await ask(wire)).startswith(b"HTTP/1.1 200 OK")
        await wire.close()


async def test_pipelined_requests_are_all_answered() -> None:
    async with serving(most=4) as server:
        wire = await server.connect()
        await wire.say(GET * 3)
        for _ in range(3):
            await wire.hear_until(b"hello")
        assert (await ask(wire)).startswith(b"HTTP/1.1 200 OK")
        await wire.close()


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with serving(headers_within_s=0.05) as server:
        wire = await server.connect()
        assert await wire.hear_all() == b""
        await until(lambda: server.connections == 0)
        await wire.close()


async def test_a_head_that_trickles_is_cut_off_however_lively_it_is() -> None:
    async with serving(headers_within_s=0.1, head_bytes=10**9) as server:
        wire = await server.connect()
        await wire.say(b"GET / HTTP/1.1\r\n")
        heard = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:

            async def listen() -> None:
                try:
                    assert await wire.hear_all() == b""
                finally:
                    heard.set()

            tasks.create_task(listen())
            while not heard.is_set():
                await wire.say(b"a: b\r\n")
                await asyncio.sleep(0)
        await wire.close()


async def test_a_second_head_that_trickles_is_cut_off_too() -> None:
    async with serving(headers_within_s=0.05) as server:
        wire = await server.connect()
        await ask(wire)
        await wire.say(b"GET / HT")
        assert await wire.hear_all() == b""
        await wire.close()


async def test_a_slow_answer_is_not_cut_off() -> None:
    """The bound is on heads only: an agent may think for longer."""
    held = asyncio.Event()
    async with serving(headers_within_s=0.05, held=held) as server:
        idle, asking = await server.connect(), await server.connect()
        await asking.say(GET)
        assert await idle.hear_all() == b""
        held.set()
        assert b"200 OK" in await asking.hear_until(b"hello")
        await idle.close()
        await asking.close()


SOME = b"x" * 65_536


async def talk_on(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers in pieces, more than a system's buffers hold."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(200):
        await send({"type": "http.response.body", "body": SOME, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def say_much(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers more than a system's buffers hold, all at once, and hangs up."""
    hang_up = [(b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": hang_up})
    await send({"type": "http.response.body", "body": SOME * 200})


@pytest.mark.parametrize("answer", [talk_on, say_much], ids=["amid an answer", "after it"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_who_never_reads_is_cut_off(answer: ASGIApp, loop: str) -> None:
    """Closing would wait for them for ever: what was written must first be taken."""

    async def outwait() -> None:
        http = bounded(Bounds(most=10, taken_within_s=0.1))
        async with served(answer, http=http) as server:
            deaf = socket.socket()
            deaf.setblocking(False)  # noqa: FBT003 - its own name says what is false
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", server.port))
            deaf.send(GET)
            await until(lambda: server.connections == 1)
            await until(lambda: server.connections == 0)
            await until(lambda: not server.server.server_state.tasks)
            deaf.close()
            assert len(http.untaken) == 0

    factory = None if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(outwait())


async def test_who_reads_gets_a_large_answer_whole() -> None:
    http = bounded(Bounds(most=10, taken_within_s=WITHIN_S))
    async with served(say_much, http=http) as server:
        wire = await server.connect()
        await wire.say(b"GET / HTTP/1.0\r\nhost: x\r\n\r\n")
        _head, _, body = (await wire.hear_all()).partition(b"\r\n\r\n")
        await wire.close()

    assert body.count(b"x") == 200 * len(SOME)


async def test_who_is_silent_for_many_looks_keeps_the_connection() -> None:
    """Nothing lies there for them to take."""
    http = bounded(Bounds(most=10, taken_within_s=0.001))
    async with served(app(), http=http) as server:
        waiting, hurried = await server.connect(), await server.connect()
        for _ in range(50):
            await ask(hurried)
        assert b"200 OK" in await ask(waiting)
        await waiting.close()
        await hurried.close()


async def test_a_body_may_come_after_its_head() -> None:
    async with serving() as server:
        wire = await server.connect()
        await wire.say(b"POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n")
        for _ in range(5):
            await wire.say(b"x" * 1000)
        assert b"200 OK" in await wire.hear_until(b"5000")
        await wire.close()


async def test_an_answer_to_half_a_body_closes_the_connection() -> None:
    async with serving() as server:
        wire = await server.connect()
        await wire.say(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf")
        assert (await wire.hear_all()).endswith(b"hello")
        await wire.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"x" * 1100 + b"\r\n\r\n",
        b"GET /" + b"x" * 1100 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"GET / HTTP/1.1\r\nlong: " + b"x" * 1100,
    ],
    ids=["one header", "address", "many headers", "never ending"],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes) -> None:
    async with serving() as server:
        wire = await server.connect()
        await wire.say(head)
        assert (await wire.hear_all()).startswith(b"HTTP/1.1 431 ")
        await wire.close()


async def test_a_head_too_large_behind_a_request_under_way_ends_the_connection() -> None:
    """An answer now would be taken for the answer to the first request."""
    held = asyncio.Event()
    async with serving(held=held) as server:
        wire = await server.connect()
        await wire.say(GET)
        await wire.say(b"GET / HTTP/1.1\r\nlong: ")
        for _ in range(12):
            await wire.say(b"x" * 100)
            await asyncio.sleep(0)
        assert await wire.hear_all() == b""
        await until(lambda: server.connections == 0)
        held.set()
        await wire.close()


async def test_what_is_not_http_is_told_so_in_our_form() -> None:
    async with serving() as server:
        wire = await server.connect()
        await wire.say(b"\x16\x03\x01 hello\r\n\r\n")
        heard = await wire.hear_all()
        assert heard.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"invalid_http"' in heard
        await wire.close()


async def test_the_longest_idle_connection_gives_way_to_a_new_one() -> None:
    async with serving(most=2) as server:
        first, second = await server.connect(), await server.connect()
        await ask(first)
        await ask(second)
        third = await server.connect()
        assert (await ask(third)).startswith(b"HTTP/1.1 200 OK")
        assert await first.hear_all() == b""
        assert (await ask(second)).startswith(b"HTTP/1.1 200 OK")
        for wire in (first, second, third):
            await wire.close()


async def test_a_busy_connection_never_gives_way() -> None:
    held = asyncio.Event()
    async with serving(most=1, held=held) as server:
        busy = await server.connect()
        await busy.say(GET)
        await until(lambda: len(server.server.server_state.tasks) == 1)
        refused = await server.connect()
        assert (await refused.hear_all()).startswith(b"HTTP/1.1 503 ")
        held.set()
        assert b"200 OK" in await busy.hear_until(b"hello")
        await busy.close()
        await refused.close()


async def test_a_thousand_silent_connections_keep_nobody_out() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    try:
        async with serving(most=50) as server:
            silent = [await server.connect() for _ in range(1000)]
            caller = await server.connect()
            assert (await ask(caller)).startswith(b"HTTP/1.1 200 OK")
            await until(lambda: server.connections <= 50)
            for wire in [*silent, caller]:
                await wire.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Upgraded(asyncio.Protocol):
    """Stands for a WebSocket library: repeats what it is sent."""

    def __init__(self, **_uvicorns: object) -> None:
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


async def test_a_connection_that_became_a_websocket_is_out_of_our_hands() -> None:
    http = bounded(Bounds(most=1, headers_within_s=0.05))
    async with served(app(), http=http, ws=Upgraded) as server:
        wire = await server.connect()
        await wire.say(b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        await wire.hear_until(b"upgrade: websocket\r\n\r\n")
        silent = await server.connect()
        assert await silent.hear_all() == b""
        await wire.say(b"still here")
        await wire.hear_until(b"still here")
        await wire.close()
        await silent.close()


async def test_nothing_is_remembered_of_connections_that_are_gone() -> None:
    http = bounded(Bounds(most=10))
    async with served(app(), http=http) as server:
        for _ in range(5):
            wire = await server.connect()
            await ask(wire)
            await wire.close()
        await until(lambda: server.connections == 0)
        assert http.waiting == {}


def test_every_server_counts_for_itself() -> None:
    one, other = bounded(Bounds(1)), bounded(Bounds(2))
    assert (one.bounds, other.bounds) == (Bounds(1), Bounds(2))
    assert one.waiting is not other.waiting


def test_room_is_made_for_as_many_connections_as_the_system_grants() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        fits = (soft - SPARE_FILES) // 2
        assert make_room(0) == 0
        assert make_room(fits) == fits
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
        assert 0 < make_room(fits + 10) <= fits + 10
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
