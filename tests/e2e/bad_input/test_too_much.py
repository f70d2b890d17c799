"""More than a token may ask, in bytes, by the minute or at once: 413 and 429 in OpenAI's shape.

Our own promises: design 6 and 15.
"""

import asyncio
import json

import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.chat_request import CHAT, body, error_of
from tests.fakes.program import PLATFORM_TOKEN, Program, program

HEAD = (
    f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {PLATFORM_TOKEN}\r\n"
    "content-type: application/json\r\n"
).encode()


async def test_a_body_too_large_is_refused_before_a_byte_of_it_is_sent(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__BODY_BYTES": "1000"}) as bridge:
        wire = await bridge.served.connect()
        await wire.say(HEAD + b"content-length: 1001\r\n\r\n")
        head = await wire.hear_until(b"\r\n\r\n")
        error = json.loads(await wire.hear_until(b"}}"))["error"]
        await wire.close()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert error["code"] == "request_too_large"
    assert "1000 bytes" in error["message"]


async def test_a_body_of_untold_length_is_refused_once_it_is_too_large(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__BODY_BYTES": "1000"}) as bridge:
        wire = await bridge.served.connect()
        await wire.say(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        await wire.say((b"200\r\n" + b" " * 512 + b"\r\n") * 2)
        head = await wire.hear_until(b"\r\n\r\n")
        error = json.loads(await wire.hear_until(b"}}"))["error"]
        await wire.close()

    assert (head[:13], error["code"]) == (b"HTTP/1.1 413 ", "request_too_large")


@pytest.mark.parametrize(
    "lengths",
    [
        b"content-length: -1\r\n",
        b"content-length: +5\r\n",
        b"content-length: five\r\n",
        b"content-length: 0x10\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"content-length: " + b"9" * 400 + b"\r\n",
    ],
)
async def test_a_length_that_can_not_be_is_refused(bridge: Program, lengths: bytes) -> None:
    wire = await bridge.served.connect()
    await wire.say(HEAD + lengths + b"\r\nhello")
    heard = await wire.hear_all()
    await wire.close()

    assert heard.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert heard.count(b"HTTP/1.1 ") == 1


async def test_too_many_a_minute_is_a_429_that_says_when(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__PER_MINUTE": "2"}) as bridge, bridge.http() as client:
        statuses = [(await client.post(CHAT, json=body())).status_code for _ in range(2)]
        response = await client.post(CHAT, json=body())

    assert statuses == [200, 200]
    assert (response.status_code, error_of(response)["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(response.headers["retry-after"]) <= 60


async def test_too_many_at_once_is_a_429_until_one_is_over() -> None:
    gate = asyncio.Event()
    async with FakeAgent() as agent, program(agent, {"LIMITS__CONCURRENT": "1"}) as bridge:
        agent.reply("Done.", gate=gate)
        async with bridge.http() as client:
            first = asyncio.ensure_future(client.post(CHAT, json=body()))
            await agent.asked()
            second = await client.post(CHAT, json=body())
            gate.set()
            done = await first
            third = await client.post(CHAT, json=body())

    assert (second.status_code, error_of(second)["code"]) == (429, "rate_limit_exceeded")
    assert second.headers["retry-after"] == "1"
    assert (done.status_code, third.status_code) == (200, 200)
