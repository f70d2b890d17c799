"""What the manual says of the guard is what the guard does."""

import re
from pathlib import Path

from bridge.core.outbound_rules import RULES
from bridge.prices import load_prices
from bridge.settings.table import SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "explain" / "calling-out.md").read_text("utf-8")
GUARD = PAGE.partition("## The guard")[2].partition("## ")[0]


def test_the_page_has_every_rule_in_the_order_of_the_guard() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", GUARD, re.MULTILINE) == [str(rule) for rule in RULES]


def test_every_setting_of_the_guard_has_its_place_on_the_page() -> None:
    ours = {name for name in SETTINGS if name.startswith(("policy.outbound.", "schedule."))}
    with_another = {"policy.outbound.loop_minutes"}  # says what `loop_calls` counts in

    assert {name for name in ours if f"`{name}`" not in PAGE} == with_another


def test_the_page_says_how_old_the_prices_are_and_what_the_dearest_is() -> None:
    prices = load_prices()

    assert prices.as_of in PAGE
    assert prices.dearest_per_minute == 1.0
    assert "at one dollar a minute" in PAGE
