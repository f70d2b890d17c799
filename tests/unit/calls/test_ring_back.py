"""Ringing back where something is slow, or comes between: the rest is tried over real sockets."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from bridge.calls.live import Promise
from bridge.calls.outbound import Outbound, Placed
from bridge.calls.request import TurnRequest
from bridge.calls.ring_back import DECIDED_WITHIN_S, RingBacks, Terms
from bridge.core import dialogue, ring_back
from bridge.core.call_outcome import Verdict
from bridge.core.identity import CallIdentity, Strength
from bridge.core.order import Order
from bridge.core.phone import E164
from bridge.core.record import CallRecord, State
from bridge.errors import VendorUnavailable
from bridge.phrases import load_phrases
from bridge.ports.desk import Desk, Switch
from tests.fakes.calls_on_record import CALLER, LINE, placed
from tests.fakes.engine import says
from tests.fakes.timeline import timeline

IDENTITY = CallIdentity(
    "conv_1", caller=CALLER, is_call=True, strength=Strength.CONVERSATION, thread="conv:conv_1"
)
TERMS = Terms(900.0, E164(LINE))


@dataclass
class Orders:
    """Takes orders as `Outbound` does, slowly or not at all."""

    after_s: float = 0.0
    fails: bool = False
    unkept: list[tuple[str, Verdict]] = field(default_factory=list)
    ordered: list[Order] = field(default_factory=list)

    async def promise(self, order: Order, about: Mapping[str, Any]) -> Placed:
        self.ordered.append(order)
        await asyncio.sleep(self.after_s)
        return Placed(placed("call_1", state=State.PROMISED, details=about))

    async def place(self, order: Order) -> Placed:
        self.ordered.append(order)
        return Placed(placed("call_1"))

    async def unkeep(self, call_id: str, ending: Verdict) -> CallRecord | None:
        if self.fails:
            raise VendorUnavailable("The disk is full.", vendor="records", operation="change")
        self.unkept.append((call_id, ending))
        return placed("call_1", state=State.ENDED, outcome=ending.outcome)

    async def promised(self) -> list[CallRecord]:
        if self.fails:
            raise VendorUnavailable("The disk is full.", vendor="records", operation="list")
        return [placed("call_1", state=State.PROMISED)]


@dataclass
class Switched:
    """A desk with such a kill switch."""

    held: Switch = field(default_factory=Switch)

    def switch(self) -> Switch:
        return self.held


def ring_backs(orders: Orders, switch: Switch | None = None) -> RingBacks:
    desk = Switched(switch or Switch())
    return RingBacks(cast("Outbound", orders), cast("Desk", desk), load_phrases(), TERMS)


def request() -> TurnRequest:
    messages = says("Book it")
    return TurnRequest(
        "conv:conv_1",
        Strength.CONVERSATION,
        IDENTITY,
        messages,
        dialogue.read(messages),
        None,
        "en",
        0.0,
    )


PROMISE = Promise("call_1", Order(str(CALLER), key="ring-back:r1"), "en", "Book it", 100.0)


@timeline
async def test_what_takes_too_long_to_write_down_is_not_promised_and_is_taken_back() -> None:
    orders = Orders(after_s=60.0)
    began_s = asyncio.get_running_loop().time()

    assert await ring_backs(orders).promise(request(), "r1") is None
    assert asyncio.get_running_loop().time() - began_s == DECIDED_WITHIN_S
    assert [verdict for _, verdict in orders.unkept] == [ring_back.NEVER_SAID]


@timeline
async def test_the_call_that_is_taken_back_is_the_one_that_was_being_written() -> None:
    slow, quick = Orders(after_s=60.0), Orders()
    await ring_backs(slow).promise(request(), "r1")
    held = await ring_backs(quick).promise(request(), "r1")

    assert held is not None
    assert slow.ordered == quick.ordered
    ((own_id, _),) = slow.unkept
    await ring_backs(slow).promise(request(), "r2")
    assert own_id.startswith("call_")
    assert slow.unkept[1][0] != own_id, "each run has its own"


@timeline
async def test_what_was_promised_before_all_was_stopped_is_not_rung_after_it_is_resumed() -> None:
    orders = Orders()
    await ring_backs(orders, Switch(is_on=False, stopped_s=101.0)).keep(PROMISE, "It is booked.")

    assert orders.ordered == []
    assert orders.unkept == [("call_1", ring_back.STOPPED)]


@timeline
async def test_what_was_promised_after_it_was_resumed_is_rung() -> None:
    orders = Orders()
    await ring_backs(orders, Switch(is_on=False, stopped_s=99.0)).keep(PROMISE, "It is booked.")

    (order,) = orders.ordered
    assert order.message.endswith("It is booked.")
    assert orders.unkept == []


@timeline
async def test_records_that_fail_raise_nothing_at_whoever_is_on_the_line() -> None:
    rings = ring_backs(Orders(fails=True))
    await rings.take_back(PROMISE, ring_back.TALKED_ON)

    assert await rings.recover() == 0


@timeline
async def test_a_start_ends_what_was_promised_before_it() -> None:
    orders = Orders()

    assert await ring_backs(orders).recover() == 1
    assert orders.unkept == [("call_1", ring_back.PROMISE_LOST)]
