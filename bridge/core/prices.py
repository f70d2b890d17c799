"""What a call will cost, by a dated table: so much a minute, by region and kind of number.

A guess to stop by, not an invoice: a destination that no row names counts as the dearest, so that
what we don't know is never cheap. All prices are in US dollars.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.core.number_facts import NumberFacts, NumberType

CURRENCY = "USD"
"""What every price, and the ceiling, is in."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What the carrier takes for a minute to some numbers.

    Attributes:
        per_minute: dollars for each begun minute.
        regions: regions it holds for; empty: any.
        types: kinds of number it holds for; empty: any.
        prefixes: beginnings of numbers it holds for, as `+1907`; empty: any. A row with prefixes
            comes before those without.
        source: whose page it is quoted from, and when; or that it is a ceiling of ours.
    """

    per_minute: float
    regions: frozenset[str] = frozenset()
    types: frozenset[NumberType] = frozenset()
    prefixes: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices of one carrier and one voice platform.

    Attributes:
        as_of: the day it was last looked through, as `2026-11-21`.
        carrier: rows, in no order.
        dearest_per_minute: the carrier's price where no row holds.
        platform_per_minute: the voice platform's price, wherever the call goes.

    Raises:
        ValueError: a price is no number of 0 or more, or one row is dearer than the dearest.
    """

    as_of: str
    carrier: tuple[PriceRow, ...]
    dearest_per_minute: float
    platform_per_minute: float

    def __post_init__(self) -> None:
        """Refuse what would make a call look cheap."""
        prices = [row.per_minute for row in self.carrier]
        for price in (*prices, self.dearest_per_minute, self.platform_per_minute):
            if not (math.isfinite(price) and price >= 0):
                raise ValueError("a price must be a number of 0 or more")
        if prices and max(prices) > self.dearest_per_minute:
            raise ValueError("a row is dearer than the dearest")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call would cost.

    Attributes:
        usd: all of it.
        carrier_per_minute, platform_per_minute: its parts.
        is_listed: whether a row names the destination; if not, it counts as the dearest.
        as_of: how old the prices are.
    """

    usd: float
    carrier_per_minute: float
    platform_per_minute: float
    is_listed: bool
    as_of: str


def estimate(table: PriceTable, number: str, facts: NumberFacts, minutes: float) -> Estimate:
    """What a call of so many minutes costs. Carriers count each begun minute whole.

    Args:
        number: E.164.
        minutes: how long it lasts, or may; 0 or more.
    """
    per_minute = _dearest(_rows(table, number, facts))
    is_listed = per_minute is not None
    carrier = table.dearest_per_minute if per_minute is None else per_minute
    begun = math.ceil(minutes)
    return Estimate(
        usd=round(begun * carrier + minutes * table.platform_per_minute, 4),
        carrier_per_minute=carrier,
        platform_per_minute=table.platform_per_minute,
        is_listed=is_listed,
        as_of=table.as_of,
    )


def _rows(table: PriceTable, number: str, facts: NumberFacts) -> list[PriceRow]:
    holding = [row for row in table.carrier if _holds(row, number, facts)]
    return [row for row in holding if row.prefixes] or holding


def _holds(row: PriceRow, number: str, facts: NumberFacts) -> bool:
    return (
        (not row.regions or facts.region in row.regions)
        and (not row.types or facts.type in row.types)
        and (not row.prefixes or number.startswith(row.prefixes))
    )


def _dearest(rows: Iterable[PriceRow]) -> float | None:
    """Where two rows hold, the dearer counts."""
    return max((row.per_minute for row in rows), default=None)
