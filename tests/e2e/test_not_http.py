"""What is not HTTP, or too much of it: told so, hung up on, and never another caller's trouble.

Our own promises: design 15.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import cycle

import pytest

from bridge.web.connections import HEAD_BYTES
from tests.fakes.agent import FakeAgent
from tests.fakes.program import Program, program
from tests.fakes.stranger import answer, chat, deaf, is_served
from tests.fakes.web_server import until


@pytest.fixture(scope="module")
async def one_agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
def agent(one_agent: FakeAgent) -> FakeAgent:
    """An agent that nobody has asked yet. One for all, as a server takes longer than a test."""
    one_agent.requests.clear()
    return one_agent


@pytest.fixture(scope="module")
async def bridge(one_agent: FakeAgent) -> AsyncIterator[Program]:
    """One for all as well: what a test leaves behind, the next one would count."""
    async with program(one_agent, {"TURN__GRACE_S": "0"}) as running:
        yield running


async def test_pipelined_requests_are_answered_in_order(bridge: Program) -> None:
    wire = await bridge.served.connect()
    await wire.say(chat("one") + chat("two") + chat("three"))
    answers = [await answer(wire) for _ in range(3)]
    await wire.close()

    said = [body["choices"][0]["message"]["content"] for _status, body in answers]
    assert said == ["You said: one", "You said: two", "You said: three"]


GARBAGE = {
    "noise": bytes(range(256)) * 4,
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "mail": b"EHLO stranger.example\r\nMAIL FROM:<a@b.example>\r\n",
    "SIP": b"OPTIONS sip:a@b.example SIP/2.0\r\nvia: SIP/2.0/TCP x\r\n\r\n",
    "a blank name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nx y: z\r\n\r\n",
    "two spaces": b"GET  / \r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n\r\n",
    "zeros": b"\x00" * 2000,
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_what_is_not_http_is_told_so_and_hung_up_on(bridge: Program, name: str) -> None:
    wire = await bridge.served.connect()
    await wire.say(GARBAGE[name])
    heard = await wire.hear_all()
    await wire.close()

    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "invalid_http"
    assert await is_served(bridge.served)


@pytest.mark.parametrize(
    "head",
    [
        b"x: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
        b"".join(b"x-%d: y\r\n" % number for number in range(500)) + b"\r\n",
        b"x" * (HEAD_BYTES + 1),
    ],
    ids=["one large header", "five hundred headers", "a name without an end"],
)
async def test_a_huge_head_is_a_431(bridge: Program, head: bytes) -> None:
    wire = await bridge.served.connect()
    await wire.say(b"GET /healthz HTTP/1.1\r\n" + head)
    status, told = await answer(wire)
    rest = await wire.hear_all()
    await wire.close()

    assert (status, told["error"]["code"], rest) == (431, "headers_too_large", b"")


async def test_a_huge_address_is_a_431(bridge: Program) -> None:
    wire = await bridge.served.connect()
    await wire.say(b"GET /" + b"x" * 2 * HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    status, _told = await answer(wire)
    await wire.close()

    assert status == 431


async def test_a_call_goes_on_amid_all_of_this(bridge: Program, agent: FakeAgent) -> None:
    gate = asyncio.Event()
    agent.reply("Friday has ", gate, "two meetings.", to="When")
    agent.hang("Once ", to="story")
    caller = await bridge.served.connect()
    await caller.say(chat("When", stream=True))
    await caller.hear_until(b"Friday has")

    strangers = [await bridge.served.connect() for _ in range(300)]
    for wire, said in zip(strangers, cycle([*GARBAGE.values(), b"", chat()[:50]]), strict=False):
        await wire.say(said)
    async with deaf(bridge.served, chat("story", stream=True)):
        await agent.asked(2)
        for _ in range(20):
            wire = await bridge.served.connect()
            await wire.say(b"GET / HTTP/1.1\r\nx: " + b"x" * 2 * HEAD_BYTES)
            wire.writer.transport.abort()
        gate.set()
        rest = await caller.hear_until(b"[DONE]")
    for wire in [*strangers, caller]:
        await wire.close()
    await until(lambda: bridge.served.connections == 0)

    assert b"two meetings." in rest
    assert b'"finish_reason":"stop"' in rest


@pytest.mark.parametrize(
    "line",
    [b"CONNECT evil.example:443", b"GET http://evil.example/", b"GET //evil.example/../.."],
)
async def test_bridge_is_nobodys_proxy(bridge: Program, line: bytes) -> None:
    wire = await bridge.served.connect()
    await wire.say(line + b" HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
    heard = await wire.hear_all()
    await wire.close()

    assert heard.split()[1] in (b"400", b"401", b"404", b"405")
    assert b"evil" not in heard


async def test_a_websocket_is_refused(bridge: Program) -> None:
    wire = await bridge.served.connect()
    await wire.say(
        b"GET /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\n"
        b"upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n"
    )
    head = await wire.hear_until(b"\r\n\r\n")
    await wire.close()

    assert head.split()[1] in (b"400", b"401", b"403", b"405")
    assert await is_served(bridge.served)
