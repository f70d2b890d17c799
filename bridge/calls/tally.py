"""Counts what an order is weighed against: calls on record, and what they cost.

Counted while the desk is held, so that of two orders at one moment the second sees the first.
"""

import asyncio
import math
from collections.abc import Callable, Sequence

from bridge.core.number_facts import NumberFacts
from bridge.core.order import Counts, OutboundRules
from bridge.core.phone import E164
from bridge.core.prices import CURRENCY, PriceTable, estimate
from bridge.core.record import CallRecord, Outcome, Source, State
from bridge.ports.records import MAX_PAGE, Filter, Records

HOUR_S, DAY_S = 3600.0, 86_400.0

UNANSWERED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REFUSED, Outcome.NOT_PLACED})
"""How a call comes out that costs nothing."""

LookUp = Callable[[str, str | None], NumberFacts]
"""What is known of a number, by its text and the region of our own line. Takes its time."""


async def count(
    records: Records,
    number: E164 | None,
    rules: OutboundRules,
    prices: PriceTable,
    look_up: LookUp,
    *,
    is_killed: bool | None,
    now_s: float,
) -> Counts:
    """What happened already.

    Args:
        number: the callee's; `None` when the order names none, and nothing is known of it.
        is_killed: whether the kill switch is on; `None` when that isn't known.
        now_s: time of day.

    Raises:
        VendorError: the records can't be read.
    """
    live = [call for call in await records.live(math.inf) if _is_under_way(call)]
    placed = await every_call(records, Filter(direction="outbound", since_s=now_s - DAY_S))
    spent = await asyncio.to_thread(_spent, placed, rules, prices, look_up, now_s)
    lately: int | None = None
    hour: int | None = None
    day: int | None = None
    if number is not None:
        with_them = Filter(remote=number, since_s=now_s - 60 * rules.loop_minutes)
        lately = sum(_was_tried(call) for call in await every_call(records, with_them))
        hour = await records.placed_since(now_s - HOUR_S, number)
        day = await records.placed_since(now_s - DAY_S, number)
    return Counts(
        is_killed=is_killed,
        live=len(live),
        last_hour=await records.placed_since(now_s - HOUR_S),
        last_day=await records.placed_since(now_s - DAY_S),
        number_last_hour=hour,
        number_last_day=day,
        with_number_lately=lately,
        usd_last_day=spent,
    )


def _is_under_way(call: CallRecord) -> bool:
    return call.source is not Source.TEXT and call.state is not State.PROMISED


def _was_tried(call: CallRecord) -> bool:
    return call.outcome is not Outcome.NOT_PLACED and call.state is not State.PROMISED


async def every_call(records: Records, wanted: Filter) -> Sequence[CallRecord]:
    """Every call that fits, the latest first. Raises `VendorError` when they can't be read."""
    found: list[CallRecord] = []
    cursor = ""
    while True:
        page = await records.calls(wanted, limit=MAX_PAGE, cursor=cursor)
        found += page.calls
        if not (cursor := page.next):
            return found


def _spent(
    calls: Sequence[CallRecord],
    rules: OutboundRules,
    prices: PriceTable,
    look_up: LookUp,
    now_s: float,
) -> float:
    """Dollars, by our table; what the platform says counts where it says more."""
    known: dict[str, NumberFacts] = {}
    total = 0.0
    for call in calls:
        number = call.remote or ""
        if number not in known:
            known[number] = look_up(number, None)
        minutes = _minutes(call, rules.minutes_assumed, now_s)
        ours = estimate(prices, number, known[number], minutes).usd
        theirs = call.cost if call.currency == CURRENCY and call.cost is not None else 0.0
        total += max(ours, theirs)
    return round(total, 4)


def _minutes(call: CallRecord, assumed: float, now_s: float) -> float:
    """How long it took, or is reckoned to; what isn't known counts as long.

    What is only promised costs nothing yet: the guard reckons with it when it is to be dialled.
    """
    if call.state is State.PROMISED:
        return 0.0
    if call.duration_s is not None:
        return call.duration_s / 60
    if call.outcome in UNANSWERED:
        return 0.0
    if call.state is State.ENDED and call.conversation is None:
        return 0.0  # it was never taken by the platform
    until_s = now_s if call.ended_s is None else call.ended_s
    talked_s = 0.0 if call.answered_s is None else until_s - call.answered_s
    if call.state is State.ENDED and call.answered_s is not None:
        return max(0.0, talked_s) / 60
    return max(assumed, talked_s / 60)
