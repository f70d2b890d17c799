"""The prices that calls are reckoned with."""

from datetime import date

import phonenumbers
import pytest

from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.prices import estimate
from bridge.prices import load_prices

TABLE = load_prices()


def per_minute(number: str, region: str, kind: NumberType) -> float:
    return estimate(TABLE, number, NumberFacts(kind, region), 1).carrier_per_minute


def test_the_prices_are_dated() -> None:
    assert date.fromisoformat(TABLE.as_of) >= date(2026, 11, 21)


def test_every_row_says_who_quotes_its_price_or_that_it_is_ours() -> None:
    """Nobody has read a vendor's page for it: a source that claims so would be wrong."""
    known = ("quoted from ", "our own ceiling")

    assert [row.source for row in TABLE.carrier if not row.source.startswith(known)] == []


def test_every_region_of_a_row_is_one() -> None:
    named = {region for row in TABLE.carrier for region in row.regions}

    assert named <= phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize(
    ("number", "region", "kind", "price"),
    [
        ("+12025550123", "US", NumberType.FIXED_OR_MOBILE, 0.014),
        ("+19075550123", "US", NumberType.FIXED_OR_MOBILE, 0.09),
        ("+447400123456", "GB", NumberType.MOBILE, 0.0305),
        ("+442070123456", "GB", NumberType.FIXED, 0.0158),
        ("+4917012345678", "DE", NumberType.MOBILE, 0.50),
        ("+18762345678", "JM", NumberType.MOBILE, 1.0),
    ],
)
def test_a_minute_costs_what_the_table_says(
    number: str, region: str, kind: NumberType, price: float
) -> None:
    assert per_minute(number, region, kind) == price


def test_nothing_is_dearer_than_what_is_not_listed() -> None:
    assert TABLE.dearest_per_minute > max(row.per_minute for row in TABLE.carrier)


def test_a_carrier_without_prices_is_no_table() -> None:
    with pytest.raises(FileNotFoundError):
        load_prices("acme")
