"""When a connection is made, kept, used again and closed."""

import asyncio
import os
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from bridge.vendors.chat_faults import Source
from bridge.vendors.http1 import Transport
from tests.fakes.http1_client import SHORT_S, SOON_S, asked, read, request
from tests.fakes.raw_server import Line, RawServer, raw_server

pytestmark = pytest.mark.anyio

HI = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
OPEN = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n"
SELF_SIGNED = Path(__file__).parents[2] / "reach" / "self_signed.pem"


async def greet(line: Line) -> None:
    """The same to each request, for as long as there are any."""
    while await line.request():
        line.say(HI)


async def begin(line: Line) -> None:
    """Begins an answer that has no end."""
    await line.request()
    line.say(OPEN)
    await line.gone()


async def closed(server: RawServer) -> int:
    """The number of the connection that is over next."""
    async with asyncio.timeout(SOON_S):
        return await server.over.get()


async def test_a_connection_is_used_again(transport: Transport) -> None:
    async with raw_server(greet) as server:
        for _ in range(5):
            assert await read(transport, request(server.url)) == (200, b"hi")
        assert server.connections == 1
        assert transport.idle == 1


async def test_the_one_used_last_is_used_next(transport: Transport) -> None:
    asked_of: list[int] = []

    async def talk(line: Line) -> None:
        while await line.request():
            asked_of.append(line.number)
            line.say(HI)

    async with raw_server(talk) as server:
        async with asked(transport, request(server.url)) as first:
            async with asked(transport, request(server.url)) as second:
                await second.aread()
            await first.aread()
        assert transport.idle == 2
        for _ in range(3):
            await read(transport, request(server.url))
        assert asked_of == [1, 2, 1, 1, 1]


async def test_each_origin_has_connections_of_its_own(transport: Transport) -> None:
    async with raw_server(greet) as one, raw_server(greet) as other:
        for server in (one, other, one, other):
            await read(transport, request(server.url))
        assert (one.connections, other.connections) == (1, 1)


async def test_an_idle_connection_is_closed_when_it_is_stale() -> None:
    async with (
        Transport(keepalive_s=SHORT_S, most_idle=10) as transport,
        raw_server(greet) as server,
    ):
        await read(transport, request(server.url))
        assert await closed(server) == 1
        assert transport.idle == 0
        await read(transport, request(server.url))
        assert server.connections == 2


async def test_no_more_are_kept_than_may_be() -> None:
    async with Transport(keepalive_s=60, most_idle=1) as transport, raw_server(greet) as server:
        async with asked(transport, request(server.url)) as first:
            async with asked(transport, request(server.url)) as second:
                await second.aread()
            await first.aread()
        assert transport.idle == 1
        assert await closed(server) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HI.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), id="it says so"),
        pytest.param(HI.replace(b"1.1", b"1.0"), id="an old server"),
        pytest.param(HI + b"!", id="more than its length"),
        pytest.param(HI + HI.replace(b"hi", b"ho"), id="an answer nobody asked for"),
        pytest.param(
            HI.replace(b"200 OK", b"204 None").replace(b"2\r\n", b"0\r\n"), id="a body after 204"
        ),
    ],
)
async def test_a_connection_is_not_used_again_after_such_an_answer(
    transport: Transport, answer: bytes
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(answer)
        await line.gone()

    async with raw_server(talk) as server:
        status, body = await read(transport, request(server.url))
        assert (status, body) == ((204, b"") if b"204" in answer else (200, b"hi"))
        assert transport.idle == 0
        assert await closed(server) == 1


async def test_a_second_answer_in_the_same_bytes_changes_nothing_of_the_first(
    transport: Transport,
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(HI + b"HTTP/1.1 500 No\r\nx-second: 1\r\ncontent-length: 2\r\n\r\nno")
        await line.gone()

    async with (
        raw_server(talk) as server,
        asked(transport, request(server.url)) as response,
    ):
        assert response.status_code == 200
        assert "x-second" not in response.headers
        assert await response.aread() == b"hi"


@pytest.mark.parametrize("parting", [b"", b"HTTP/1.1 408 Late\r\ncontent-length: 0\r\n\r\n"])
async def test_a_connection_that_its_server_closed_or_spoke_on_meanwhile_is_not_used(
    transport: Transport, parting: bytes
) -> None:
    spoke = asyncio.Event()
    is_read = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.request()
        line.say(HI)
        if line.number > 1:
            return
        await is_read.wait()
        line.say(parting)
        if not parting:
            line.writer.close()
        spoke.set()
        await line.gone()

    async with raw_server(talk) as server:
        await read(transport, request(server.url))
        is_read.set()
        await spoke.wait()
        assert await read(transport, request(server.url)) == (200, b"hi")
        assert server.connections == 2


async def test_a_server_that_speaks_unasked_loses_its_connection_at_once(
    transport: Transport,
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        line.say(HI)
        await is_read.wait()
        line.say(HI)
        await line.gone()

    is_read = asyncio.Event()
    async with raw_server(talk) as server:
        await read(transport, request(server.url))
        is_read.set()
        assert await closed(server) == 1


async def test_what_the_loop_has_not_told_yet_the_system_is_asked(transport: Transport) -> None:
    """The server's parting lies in the socket while the loop has had no turn to read it."""
    lines: list[Line] = []

    async def talk(line: Line) -> None:
        lines.append(line)
        await line.request()
        line.say(HI)
        await line.gone()

    async with raw_server(talk) as server:
        await read(transport, request(server.url))
        with socket.socket(fileno=os.dup(lines[0].writer.get_extra_info("socket").fileno())) as raw:
            raw.shutdown(socket.SHUT_WR)
        assert await read(transport, request(server.url)) == (200, b"hi")
        assert server.connections == 2


async def test_leaving_in_the_middle_closes_at_once(transport: Transport) -> None:
    async with raw_server(begin) as server:
        async with asked(transport, request(server.url)) as response:
            assert await anext(response.aiter_raw()) == b"hi"
        assert await closed(server) == 1
        assert transport.idle == 0


async def test_closing_an_answer_twice_puts_its_connection_back_once(transport: Transport) -> None:
    async with raw_server(greet) as server:
        async with asked(transport, request(server.url)) as response:
            await response.aread()
            await response.stream.aclose()  # type: ignore[union-attr]
            await response.stream.aclose()  # type: ignore[union-attr]
        assert transport.idle == 1


async def silent(line: Line) -> None:
    """Takes the request and says nothing."""
    await line.request()
    await line.gone()


async def deaf(line: Line) -> None:
    """Doesn't take the request, nor says anything."""
    line.stop_reading()
    await asyncio.sleep(SOON_S)


@pytest.mark.parametrize("talk", [silent, begin])
async def test_who_is_cancelled_while_waiting_leaves_no_connection(
    transport: Transport, talk: object
) -> None:
    has_begun = asyncio.Event()

    async def watched(line: Line) -> None:
        has_begun.set()
        await talk(line)  # type: ignore[operator]

    async with raw_server(watched) as server:
        waiting = asyncio.create_task(read(transport, request(server.url)))
        await has_begun.wait()
        await asyncio.sleep(0.05)  # let it come to its next wait: each of them is a case
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await closed(server) == 1
        assert transport.idle == 0


async def test_who_is_cancelled_while_the_request_is_taken_leaves_no_connection(
    transport: Transport,
) -> None:
    has_begun, goes_on = asyncio.Event(), asyncio.Event()

    async def talk(line: Line) -> None:
        line.stop_reading()
        has_begun.set()
        await goes_on.wait()
        line.go_on_reading()
        await line.gone()

    async with raw_server(talk) as server:
        large = request(server.url, content=b"a" * 20_000_000)
        waiting = asyncio.create_task(read(transport, large))
        await has_begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        goes_on.set()
        assert await closed(server) == 1


async def test_a_server_that_takes_no_request_is_late(transport: Transport) -> None:
    async with raw_server(deaf) as server:
        large = request(server.url, content=b"a" * 20_000_000, write_s=SHORT_S)
        with pytest.raises(httpx.WriteTimeout):
            await read(transport, large)


async def test_a_slow_taker_gets_the_whole_request(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        body = await line.request()
        line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n%8d" % body.count(b"a" * 1000))

    async with raw_server(talk) as server:
        large = request(server.url, content=b"a" * 20_000_000)
        assert await read(transport, large) == (200, b"   20000")


async def test_the_server_may_think_for_longer_than_it_may_take_the_request(
    transport: Transport,
) -> None:
    async def talk(line: Line) -> None:
        await line.request()
        await asyncio.sleep(3 * SHORT_S)
        line.say(HI)

    async with raw_server(talk) as server:
        large = request(server.url, content=b"a" * 20_000_000, write_s=2 * SHORT_S)
        assert await read(transport, large) == (200, b"hi")


async def test_who_took_the_request_slowly_has_no_longer_to_answer(transport: Transport) -> None:
    async with raw_server(silent) as server:
        large = request(server.url, content=b"a" * 20_000_000, write_s=60, read_s=SHORT_S)
        with pytest.raises(httpx.ReadTimeout):
            await read(transport, large)


async def test_an_answer_before_the_request_is_taken_is_the_answer(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        line.stop_reading()
        line.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await asyncio.sleep(SOON_S)

    async with raw_server(talk) as server:
        large = request(server.url, content=b"a" * 20_000_000)
        assert await read(transport, large) == (413, b"")
        assert transport.idle == 0


async def test_closing_the_transport_closes_what_is_kept_and_keeps_nothing_more() -> None:
    async with raw_server(greet) as server:
        transport = Transport(keepalive_s=60, most_idle=10)
        async with asked(transport, request(server.url)) as response:
            async with asked(transport, request(server.url)) as other:
                await other.aread()
            await transport.aclose()
            assert await closed(server) == 2
            assert await response.aread() == b"hi"
        assert await closed(server) == 1
        assert transport.idle == 0


def _why(error: httpx.HTTPError) -> str:
    return Source("acme", "chat").transport(error, 5.0).message


async def test_a_refused_connection_says_that_nothing_listens(transport: Transport) -> None:
    async with raw_server(greet) as server:
        pass
    with pytest.raises(httpx.ConnectError) as caught:
        await read(transport, request(server.url))
    assert "nothing listens there" in _why(caught.value)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64])
async def test_a_name_that_does_not_exist_is_no_connection(transport: Transport, host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        await read(transport, request(f"http://{host}/"))


async def test_a_full_house_is_no_connection_in_time(transport: Transport) -> None:
    """A socket that listens and accepts nobody; its queue is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for guest in (first, second):
            guest.settimeout(0)
            guest.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(httpx.ConnectTimeout) as caught:
            await read(transport, request(url, connect_s=SHORT_S))
    assert "no answer to the call for a connection" in _why(caught.value)


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_no_connection(
    transport: Transport,
) -> None:
    async with raw_server(greet, tls=_tls()) as server:
        with pytest.raises(httpx.ConnectError) as caught:
            await read(transport, request(server.url))
    assert "TLS" in _why(caught.value)


async def test_https_where_it_speaks_http_is_no_connection(transport: Transport) -> None:
    async def talk(line: Line) -> None:
        await line.reader.read(1)
        line.say(b"HTTP/1.1 400 Bad\r\n\r\n")

    async with raw_server(talk) as server:
        with pytest.raises(httpx.ConnectError) as caught:
            await read(transport, request(server.url.replace("http:", "https:")))
    assert "TLS" in _why(caught.value)


async def test_over_tls_all_is_as_without(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ssl.create_default_context(cafile=str(SELF_SIGNED))
    ours.check_hostname = False
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: ours)
    async with raw_server(greet, tls=_tls()) as server:
        for _ in range(3):
            assert await read(transport, request(server.url)) == (200, b"hi")
        assert server.connections == 1
    async with raw_server(begin, tls=_tls()) as server:
        async with asked(transport, request(server.url)) as response:
            assert await anext(response.aiter_raw()) == b"hi"
        assert await closed(server) == 1
