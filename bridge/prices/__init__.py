"""What calls cost: one TOML file for each carrier, with the voice platform's share, dated.

`load_prices` reads one into a `bridge.core.prices.PriceTable`. To renew a price, change its row,
its `source` (who read it, and where) and `as_of`; to add a carrier, copy the file. Nothing here is
a decision, and no price is asked for over the network: the ceiling must hold when nobody answers.
"""

import tomllib
from importlib.resources import files
from typing import Any

from bridge.core.number_facts import NumberType
from bridge.core.prices import CURRENCY, PriceRow, PriceTable


def load_prices(carrier: str = "twilio") -> PriceTable:
    """The prices of a carrier. Reads one small file: call it once.

    Raises:
        FileNotFoundError: there are no prices of that carrier.
        KeyError, ValueError: the file is not as it should be. Ours alone, so a bug.
    """
    text = files(__name__).joinpath(f"{carrier}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    if table["currency"] != CURRENCY:
        raise ValueError(f"prices of {carrier!r} must be in {CURRENCY}")
    return PriceTable(
        as_of=table["as_of"].isoformat(),
        carrier=tuple(_row(row) for row in table["row"]),
        dearest_per_minute=float(table["dearest_per_minute"]),
        platform_per_minute=float(table["platform"]["per_minute"]),
    )


def _row(row: dict[str, Any]) -> PriceRow:
    return PriceRow(
        per_minute=float(row["per_minute"]),
        regions=frozenset(row.get("regions", ())),
        types=frozenset(NumberType(kind) for kind in row.get("types", ())),
        prefixes=tuple(row.get("prefixes", ())),
        source=row["source"],
    )
