"""What a call will cost, by a dated table."""

import math

import pytest

from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.prices import Estimate, PriceRow, PriceTable, estimate

US = PriceRow(0.01, regions=frozenset({"US", "CA"}), source="a page")
ALASKA = PriceRow(0.09, prefixes=("+1907",), regions=frozenset({"US"}))
GB_MOBILE = PriceRow(0.03, regions=frozenset({"GB"}), types=frozenset({NumberType.MOBILE}))
GB_ANY = PriceRow(0.02, regions=frozenset({"GB"}))
TABLE = PriceTable("2026-11-21", (US, ALASKA, GB_MOBILE, GB_ANY), 1.0, 0.08)


def facts(region: str | None, kind: NumberType = NumberType.MOBILE) -> NumberFacts:
    return NumberFacts(type=kind, region=region)


def per_minute(number: str, known: NumberFacts) -> float:
    return estimate(TABLE, number, known, 1).carrier_per_minute


def test_a_call_costs_each_begun_minute_of_the_carrier_and_the_time_on_the_platform() -> None:
    assert estimate(TABLE, "+14155550100", facts("US"), 2.5) == Estimate(
        usd=0.23,
        carrier_per_minute=0.01,
        platform_per_minute=0.08,
        is_listed=True,
        as_of="2026-11-21",
    )


def test_a_row_with_a_prefix_comes_before_the_region_s() -> None:
    assert per_minute("+19075550100", facts("US")) == 0.09


def test_where_two_rows_hold_the_dearer_counts() -> None:
    assert per_minute("+447400123456", facts("GB")) == 0.03
    assert per_minute("+442070123456", facts("GB", NumberType.FIXED)) == 0.02


@pytest.mark.parametrize("region", ["DE", None])
def test_what_no_row_names_counts_as_the_dearest(region: str | None) -> None:
    found = estimate(TABLE, "+4930123456", facts(region), 1)

    assert (found.carrier_per_minute, found.is_listed) == (1.0, False)


def test_a_table_without_rows_still_has_a_price() -> None:
    assert estimate(PriceTable("2026-11-21", (), 1.0, 0.0), "+1", facts("US"), 2).usd == 2


@pytest.mark.parametrize("price", [-0.01, math.nan, math.inf])
def test_a_price_that_would_make_a_call_look_cheap_is_refused(price: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        PriceTable("2026-11-21", (PriceRow(price),), 1.0, 0.08)
    with pytest.raises(ValueError, match="0 or more"):
        PriceTable("2026-11-21", (), 1.0, price)


def test_no_row_is_dearer_than_the_dearest() -> None:
    with pytest.raises(ValueError, match="dearer than the dearest"):
        PriceTable("2026-11-21", (PriceRow(2.0),), 1.0, 0.08)
