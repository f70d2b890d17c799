"""How the guard treats the webhooks: secrets, places, sizes, and what strangers use up."""

import asyncio

import pytest
from starlette.types import Message
from typing_extensions import override

from bridge.web.doors import INBOUND_PATH, POST_CALL_PATH
from bridge.web.guard import DELIVERIES_AT_ONCE, DELIVERY_BYTES, Limits
from tests.unit.web.test_guard import PLATFORM, WEBHOOK, Client, House

RINGS = {"x-bridge-webhook-secret": WEBHOOK}
SIGNED = {"elevenlabs-signature": "t=1,v0=x"}


async def test_webhooks_come_in_while_stopping_too() -> None:
    house = House(draining=True)
    assert (await house.ask(path=INBOUND_PATH, token="", **RINGS)).status_code == 200
    assert (await house.ask(path=POST_CALL_PATH, token="", **SIGNED)).status_code == 200


async def test_calls_that_ring_have_an_allowance_that_wrong_secrets_do_not_use_up() -> None:
    house = House()
    for _ in range(20):
        wrong = {"x-bridge-webhook-secret": "wrong"}
        refused = await house.ask(path=INBOUND_PATH, token=PLATFORM, **wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        assert (await house.ask()).status_code in (200, 429)
    answers = [await house.ask(path=INBOUND_PATH, token="", **RINGS) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_deliveries_are_not_counted_before_their_signature_is_checked() -> None:
    house = House(limits=Limits(1000, 2, 1))
    for _ in range(9):
        assert (await house.ask(path=POST_CALL_PATH, token="", **SIGNED)).status_code == 200


async def test_a_delivery_without_a_signature_is_not_read() -> None:
    house = House()
    response = await house.ask(path=POST_CALL_PATH, token=PLATFORM)
    assert (response.status_code, house.came_in) == (401, [])


@pytest.mark.parametrize("body_bytes", [1000, 0])
async def test_deliveries_have_a_body_limit_of_their_own(body_bytes: int) -> None:
    house = House(limits=Limits(body_bytes, 2, 5))
    large, larger = b"x" * DELIVERY_BYTES, b"x" * (DELIVERY_BYTES + 1)
    assert (await house.ask(path=POST_CALL_PATH, body=large, **SIGNED)).status_code == 200
    assert (await house.ask(path=POST_CALL_PATH, body=larger, **SIGNED)).status_code == 413


class Slow(Client):
    """A client that begins a body and never goes on."""

    def __init__(self) -> None:
        super().__init__([])
        self.is_awaited = asyncio.Event()

    @override
    async def receive(self) -> Message:
        self.is_awaited.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_deliveries_have_few_places_of_their_own() -> None:
    house = House(limits=Limits(0, 100, 0))
    head = [(b"elevenlabs-signature", b"t=1,v0=x"), (b"content-length", b"2")]
    scope = {"type": "http", "method": "POST", "path": POST_CALL_PATH, "headers": head}
    async with asyncio.TaskGroup() as tasks:
        slow = [Slow() for _ in range(DELIVERIES_AT_ONCE)]
        reading = [tasks.create_task(house.guard(scope, c.receive, c.send)) for c in slow]
        for client in slow:
            await asyncio.wait_for(client.is_awaited.wait(), 5)
        refused = await house.ask(path=POST_CALL_PATH, token="", **SIGNED)
        chats = await house.ask()
        for task in reading:
            task.cancel()
    assert (refused.status_code, chats.status_code) == (429, 200)
    assert (await house.ask(path=POST_CALL_PATH, token="", **SIGNED)).status_code == 200
