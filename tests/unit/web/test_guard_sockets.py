"""The guard over real sockets: slow senders, large bodies, streams, and those who vanish."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import openai
import pytest
from starlette.types import Receive, Scope, Send

from bridge.clock import now_s
from bridge.web.connections import Bounds, bounded
from bridge.web.doors import Tokens
from bridge.web.faults import Faults
from bridge.web.guard import Guard, Limits
from tests.fakes.web_server import Served, served, until

PLATFORM, OPERATOR = "p" * 43, "o" * 43
HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer " + PLATFORM.encode() + b"\r\n"
)


@dataclass
class Streaming:
    """An app that streams three chunks, each when told to, and notices who leaves."""

    draining: bool = False
    steps: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    came_in: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came_in += 1
        await receive()
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self.write(send))
            watching = tasks.create_task(self.watch(receive, writing))
            await asyncio.wait([writing])
            watching.cancel()

    async def write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await self.steps.acquire()
            body = b"data: %d\n\n" % number
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def watch(self, receive: Receive, writing: asyncio.Task[None]) -> None:
        assert (await receive())["type"] == "http.disconnect"
        self.left.set()
        writing.cancel()

    @contextlib.asynccontextmanager
    async def open(self, limits: Limits) -> AsyncIterator[Served]:
        tokens = Tokens(PLATFORM, OPERATOR)
        guard = Guard(self, tokens=tokens, limits=limits, clock=now_s, gate=self)
        async with served(Faults(guard), http=bounded(Bounds(most=50))) as server:
            yield server


async def test_a_stream_is_heard_chunk_by_chunk() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 5, 0)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"content-length: 2\r\n\r\n{}")
        for number in range(3):
            app.steps.release()
            assert (await wire.hear_until(b"\n\n")).endswith(b"data: %d\n\n" % number)
        await wire.hear_until(b"0\r\n\r\n")
        await wire.close()


async def test_a_listener_that_vanishes_is_noticed_and_its_place_is_free() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"content-length: 2\r\n\r\n{}")
        app.steps.release()
        await wire.hear_until(b"\n\n")
        await wire.close()
        await asyncio.wait_for(app.left.wait(), 5)
        await until(lambda: server.connections == 0)
        app.steps = asyncio.Semaphore(9)
        again = await server.connect()
        await again.say(HEAD + b"content-length: 2\r\n\r\n{}")
        assert (await again.hear_until(b"data: 2\n\n")).startswith(b"HTTP/1.1 200 OK")
        await again.close()


async def test_a_slow_sender_is_told_and_cut_off() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0, body_within_s=0.05)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"content-length: 100\r\n\r\n{")
        heard = await wire.hear_all()
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"request_timeout"' in heard
        assert app.came_in == 0
        await wire.close()


async def test_a_body_too_large_is_refused_before_it_is_sent() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"content-length: 9999999999\r\n\r\n")
        heard = await wire.hear_until(b"}}")
        assert heard.startswith(b"HTTP/1.1 413 ")
        assert await wire.hear_all() == b""
        assert app.came_in == 0
        await wire.close()


async def test_a_body_in_pieces_is_cut_at_the_limit() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(3):
            await wire.say(b"190\r\n" + b"x" * 400 + b"\r\n")
        assert (await wire.hear_until(b"}}")).startswith(b"HTTP/1.1 413 ")
        assert app.came_in == 0
        await wire.close()


async def test_a_client_that_asks_first_is_spared_sending_its_body() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0)) as server:
        wire = await server.connect()
        await wire.say(HEAD + b"content-length: 2000\r\nexpect: 100-continue\r\n\r\n")
        heard = await wire.hear_all()
        assert heard.startswith(b"HTTP/1.1 413 ")
        assert b"100 Continue" not in heard
        await wire.close()


async def test_wrong_tokens_are_answered_without_their_body() -> None:
    app = Streaming()
    async with app.open(Limits(1000, 1, 0)) as server:
        wire = await server.connect()
        wrong = HEAD.replace(b"Bearer p", b"Bearer q")
        await wire.say(wrong + b"content-length: 900\r\n\r\n")
        assert (await wire.hear_until(b"}}")).startswith(b"HTTP/1.1 401 ")
        await wire.close()


async def test_the_official_client_reads_a_refusal_of_a_body_it_is_still_sending() -> None:
    app = Streaming()
    async with (
        app.open(Limits(1000, 1, 0)) as server,
        openai.AsyncOpenAI(base_url=server.url + "/v1", api_key=PLATFORM, max_retries=0) as client,
    ):
        for size in (2_000, 200_000, 4_000_000):
            with pytest.raises(openai.APIStatusError) as caught:
                await client.chat.completions.create(
                    model="bridge", messages=[{"role": "user", "content": "x" * size}]
                )
            assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")
        assert app.came_in == 0


async def test_the_official_client_knows_a_wrong_token_and_too_many_requests() -> None:
    app = Streaming()
    app.steps = asyncio.Semaphore(9)
    async with app.open(Limits(1000, 5, 1)) as server:
        url = server.url + "/v1"
        for key, raised in (
            ("wrong", openai.AuthenticationError),
            (PLATFORM, None),
            (PLATFORM, openai.RateLimitError),
        ):
            async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
                expected = pytest.raises(raised) if raised else contextlib.nullcontext()
                with expected:
                    await client.models.with_raw_response.list()
