"""What an order is weighed against, counted over real records."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.calls import tally
from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.order import Counts, OutboundRules
from bridge.core.phone import E164
from bridge.core.prices import PriceRow, PriceTable
from bridge.core.record import Outcome, Source, State
from bridge.ports.records import Filter, Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import CALLER, call, placed

pytestmark = pytest.mark.anyio

NOW_S = 1.7e9
OTHER = E164("+15550009999")
RULES = OutboundRules(minutes_assumed=5.0, loop_minutes=10)
PRICES = PriceTable("2026-11-21", (PriceRow(0.10, frozenset({"US"})),), 1.0, 0.05)
HOUR_S, DAY_S = 3600.0, 86_400.0


def look_up(number: str, _home: str | None) -> NumberFacts:
    region = "US" if number.startswith("+1") else None
    return NumberFacts(NumberType.FIXED_OR_MOBILE, region)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    async with sqlite.connect(tmp_path / "bridge.db") as records:
        yield records


async def add(records: Records, name: str, *, ago_s: float = 60.0, **changes: Any) -> None:
    """A call that we placed and that took two minutes, unless said otherwise."""
    fields: dict[str, Any] = {
        "placed_s": NOW_S - ago_s,
        "state": State.ENDED,
        "outcome": Outcome.COMPLETED,
        "conversation": name,
        "duration_s": 120.0,
        **changes,
    }
    await records.add(placed(name, **fields))


async def count(records: Records, number: E164 | None = CALLER) -> Counts:
    return await tally.count(records, number, RULES, PRICES, look_up, is_killed=False, now_s=NOW_S)


async def test_nothing_has_happened_yet(records: Records) -> None:
    assert await count(records) == Counts(
        is_killed=False,
        live=0,
        last_hour=0,
        last_day=0,
        number_last_hour=0,
        number_last_day=0,
        with_number_lately=0,
        usd_last_day=0.0,
    )


async def test_calls_are_counted_by_the_hour_the_day_and_the_number(records: Records) -> None:
    await add(records, "call_now")
    await add(records, "call_today", ago_s=2 * HOUR_S)
    await add(records, "call_other", remote=OTHER)
    await add(records, "call_before", ago_s=2 * DAY_S)

    found = await count(records)

    assert (found.last_hour, found.last_day) == (2, 3)
    assert (found.number_last_hour, found.number_last_day) == (1, 2)


async def test_without_a_number_nothing_is_known_of_it(records: Records) -> None:
    await add(records, "call_now")

    found = await count(records, None)

    assert found.last_hour == 1
    nothing = (found.number_last_hour, found.number_last_day, found.with_number_lately)
    assert nothing == (None, None, None)


async def test_calls_under_way_are_counted_either_way_and_text_is_no_call(records: Records) -> None:
    live: dict[str, Any] = {"state": State.ANSWERED, "outcome": None, "duration_s": None}
    await add(records, "call_out", **live)
    await add(records, "call_in", **live, direction="inbound", source=Source.INBOUND)
    await add(records, "call_text", **live, direction="inbound", source=Source.TEXT)

    assert (await count(records)).live == 2


async def test_a_loop_is_seen_whoever_began_the_calls(records: Records) -> None:
    await add(records, "call_out")
    await add(records, "call_in", direction="inbound", source=Source.INBOUND)
    await add(records, "call_not", outcome=Outcome.NOT_PLACED)
    await add(records, "call_before", ago_s=601.0)

    assert (await count(records)).with_number_lately == 2


@pytest.mark.parametrize(
    ("changes", "usd"),
    [
        ({}, 2 * 0.15),
        ({"duration_s": 61.0}, 2 * 0.10 + 61 / 60 * 0.05),
        ({"remote": E164("+442070123456")}, 2 * 1.05),
        ({"outcome": Outcome.BUSY, "duration_s": None}, 0.0),
        ({"outcome": Outcome.FAILED, "duration_s": None, "conversation": None}, 0.0),
        ({"outcome": Outcome.UNKNOWN, "duration_s": None}, 5 * 0.15),
        ({"duration_s": None, "answered_s": NOW_S - 50, "ended_s": NOW_S - 20}, 0.10 + 0.025),
        ({"state": State.PLACED, "outcome": None, "duration_s": None}, 5 * 0.15),
        (
            {
                "state": State.ANSWERED,
                "outcome": None,
                "duration_s": None,
                "answered_s": NOW_S - 600,
            },
            10 * 0.15,
        ),
        ({"cost": 9.0, "currency": "USD"}, 9.0),
        ({"cost": 0.01, "currency": "USD"}, 2 * 0.15),
        ({"cost": 900.0, "currency": "credits"}, 2 * 0.15),
    ],
    ids=[
        "by its length",
        "the carrier counts begun minutes",
        "a number that no row names is dear",
        "nobody answered",
        "the platform never took it",
        "not known counts as long",
        "by our own clock",
        "not answered yet counts as long",
        "longer than assumed already",
        "the platform says more",
        "the platform says less",
        "in another money",
    ],
)
async def test_what_a_call_costs(records: Records, changes: dict[str, Any], usd: float) -> None:
    await add(records, "call_1", ago_s=700.0, **changes)

    assert (await count(records)).usd_last_day == pytest.approx(usd, abs=1e-4)


async def test_only_our_own_calls_of_a_day_cost(records: Records) -> None:
    await add(records, "call_before", ago_s=DAY_S + 1)
    await records.add(call("call_in", placed_s=NOW_S - 60, remote=CALLER))

    assert (await count(records)).usd_last_day == 0.0


async def test_every_call_is_found_page_by_page(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MAX_PAGE", 2)
    for number in range(5):
        await add(records, f"call_{number}", ago_s=number)

    found = await tally.every_call(records, Filter())

    assert [one.id for one in found] == [f"call_{number}" for number in range(5)]
