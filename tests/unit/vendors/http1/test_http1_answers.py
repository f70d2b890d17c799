"""What is read off an answer, and what of it is refused, from a server that says it byte by byte."""

import asyncio

import httpx
import pytest

from bridge.vendors.http1 import Transport
from bridge.vendors.http1.connection import HEAD_BYTES, HELD_BYTES, MOST_HEADERS
from tests.fakes.http1_client import SHORT_S, SOON_S, asked, read, request
from tests.fakes.raw_server import Line, raw_server

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def sized(body: bytes) -> bytes:
    """An answer that says how long it is."""
    return OK + b"content-length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(sized(b"hi you"), (200, b"hi you"), id="a length"),
        pytest.param(sized(b""), (200, b""), id="no body"),
        pytest.param(
            CHUNKED + b"3\r\nhi \r\n3;why=so\r\nyou\r\n0\r\nx-sum: 7\r\n\r\n",
            (200, b"hi you"),
            id="chunks, an extension and a trailer",
        ),
        pytest.param(OK + b"\r\nhi you", (200, b"hi you"), id="until it closes"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
            + sized(b"hi you"),
            (200, b"hi you"),
            id="interim answers before it",
        ),
        pytest.param(
            b"HTTP/1.1 204 No Content\r\ncontent-length: 6\r\n\r\n", (204, b""), id="none by status"
        ),
        pytest.param(
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 6\r\n\r\n",
            (304, b""),
            id="none by status, and a length",
        ),
        pytest.param(b"HTTP/1.0 503 Busy\r\n\r\nlater", (503, b"later"), id="an old server"),
    ],
)
async def test_a_body_ends_where_its_answer_says(
    transport: Transport, answer: bytes, expected: tuple[int, bytes]
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(answer)

    async with raw_server(talk) as server:
        assert await read(transport, request(server.url)) == expected


async def test_an_answer_may_come_in_any_pieces(transport: Transport) -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + CHUNKED + b"3\r\nhi \r\n3\r\nyou\r\n0\r\n\r\n"

    async def talk(line: Line) -> None:
        await line.request()
        for at in range(len(answer)):
            line.say(answer[at : at + 1])
            await line.writer.drain()
            await asyncio.sleep(0)

    async with raw_server(talk) as server:
        assert await read(transport, request(server.url)) == (200, b"hi you")


async def test_interim_headers_are_not_those_of_the_answer(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(b"HTTP/1.1 103 Early\r\nx-early: 1\r\n\r\n" + OK + b"x-late: 2\r\n")
        line.say(b"transfer-encoding: chunked\r\n\r\n0\r\nx-trailer: 3\r\n\r\n")

    async with (
        raw_server(talk) as server,
        asked(transport, request(server.url)) as response,
    ):
        assert response.headers == {"x-late": "2", "transfer-encoding": "chunked"}


async def test_the_answer_to_head_has_no_body_whatever_it_says(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(sized(b"not asked for"))
        await line.gone()

    async with raw_server(talk) as server:
        assert await read(transport, request(server.url, "HEAD", content=b"")) == (200, b"")
        assert transport.idle == 0


async def test_what_has_come_is_given_out_before_what_comes_later(transport: Transport) -> None:
    is_heard = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.request()
        line.say(CHUNKED + b"2\r\nhi\r\n")
        await is_heard.wait()
        line.say(b"3\r\nyou\r\n0\r\n\r\n")

    async with (
        raw_server(talk) as server,
        asked(transport, request(server.url)) as response,
    ):
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"hi"
        is_heard.set()
        assert [piece async for piece in pieces] == [b"you"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(b"220 mail.example ESMTP\r\n", b"", id="another protocol"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", b"", id="TLS"),
        pytest.param(OK + b"no header\r\n\r\n", b"", id="a line that is no header"),
        pytest.param(
            OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\nhi", b"", id="two lengths"
        ),
        pytest.param(CHUNKED + b"2\r\nhi\r\nzz\r\n", b"hi", id="a chunk without a size"),
        pytest.param(CHUNKED + b"2\r\nhi\r\n", b"hi", id="chunks without an end"),
        pytest.param(OK + b"content-length: 6\r\n\r\nhi", b"hi", id="less than its length"),
        pytest.param(OK + b"content-length: 6\r\n\r\n", b"", id="nothing of its length"),
        pytest.param(OK + b"content-le", b"", id="half a head"),
        pytest.param(b"", b"", id="nothing"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            b"",
            id="an upgrade nobody asked for",
        ),
        pytest.param(
            OK + b"".join(b"x-%d: 1\r\n" % n for n in range(MOST_HEADERS + 1)) + b"\r\n",
            b"",
            id="too many headers",
        ),
    ],
)
async def test_of_a_broken_answer_what_came_is_given_out_and_then_it_fails(
    transport: Transport, answer: bytes, said: bytes
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(answer)

    heard: list[bytes] = []
    async with raw_server(talk) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await _hear(transport, server.url, heard)
        assert b"".join(heard) == said
        assert transport.idle == 0


async def _hear(transport: Transport, url: str, heard: list[bytes]) -> None:
    async with asked(transport, request(url)) as response:
        async for piece in response.aiter_raw():
            heard.append(piece)  # noqa: PERF401 - what comes before the failure counts


async def test_the_status_is_known_though_the_server_closes_before_the_body(
    transport: Transport,
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(b"HTTP/1.1 429 Slow\r\ncontent-length: 6\r\n\r\n")

    async with (
        raw_server(talk) as server,
        asked(transport, request(server.url)) as response,
    ):
        assert response.status_code == 429
        with pytest.raises(httpx.RemoteProtocolError):
            await response.aread()


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(OK + b"x-a: " + b"a" * 1000, id="a head"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nx-a: 1\r\n\r\n", id="interim answers"),
        pytest.param(CHUNKED + b"0\r\nx-a: " + b"a" * 1000, id="trailers"),
    ],
)
async def test_what_is_no_body_has_a_limit(transport: Transport, endless: bytes) -> None:
    sent = 0

    async def talk(line: Line) -> None:
        nonlocal sent
        await line.request()
        more = endless
        while True:
            line.say(more)
            sent += len(more)
            await line.writer.drain()
            await asyncio.sleep(0)
            more = b"a" * 1000 if endless.endswith(b"a") else endless

    async with raw_server(talk) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await read(transport, request(server.url))
        await server.over.get()
        assert sent > HEAD_BYTES


async def test_a_trickled_head_has_to_be_whole_in_time(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(OK)
        while not line.writer.is_closing():
            line.say(b"x-a: 1\r\n")
            await asyncio.sleep(SHORT_S / 10)

    async with raw_server(talk) as server:
        with pytest.raises(httpx.ReadTimeout):
            await read(transport, request(server.url, read_s=SHORT_S))


@pytest.mark.parametrize("said", [b"", CHUNKED, CHUNKED + b"2\r\nhi\r\n"])
async def test_a_silent_server_is_late_and_its_connection_closed(
    transport: Transport, said: bytes
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(said)
        await line.gone()

    async with raw_server(talk) as server:
        with pytest.raises(httpx.ReadTimeout):
            await read(transport, request(server.url, read_s=SHORT_S))
        async with asyncio.timeout(SOON_S):
            assert await server.over.get() == 1


async def test_each_piece_in_time_keeps_an_answer_going_for_longer(transport: Transport) -> None:
    """Twelve pieces take longer than the limit that each has."""

    async def talk(line: Line) -> None:
        await line.request()
        line.say(CHUNKED)
        for _ in range(12):
            await asyncio.sleep(0.05)
            line.say(b"2\r\nhi\r\n")
        line.say(b"0\r\n\r\n")

    async with raw_server(talk) as server:
        status, body = await read(transport, request(server.url, read_s=0.5))
        assert (status, body) == (200, b"hi" * 12)


async def test_a_flood_that_nobody_takes_waits_in_the_server(transport: Transport) -> None:
    piece = b"%x\r\n%s\r\n" % (10_000_000, b"a" * 10_000_000)
    is_stuck = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.request()
        line.say(CHUNKED + piece)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.writer.drain(), SHORT_S)
        is_stuck.set()
        line.say(b"0\r\n\r\n")
        await line.gone()

    async with (
        raw_server(talk) as server,
        asked(transport, request(server.url)) as response,
    ):
        await is_stuck.wait()
        sizes = [len(piece) async for piece in response.aiter_raw()]
        assert sum(sizes) == 10_000_000
        assert max(sizes) <= 2 * HELD_BYTES
