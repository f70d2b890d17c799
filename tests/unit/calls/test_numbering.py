"""What the world's numbering plans say of a number, and what the guard makes of it."""

import sys
from collections.abc import Iterator
from subprocess import run
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType, shortnumberinfo

from bridge.calls import numbering
from bridge.calls.numbering import facts
from bridge.core.calling_hours import parse_hours
from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.order import Counts, Order, OutboundRules
from bridge.core.outbound import decide
from bridge.core.outbound_rules import CALLABLE, Rule
from bridge.core.phone import E164
from bridge.prices import load_prices

PRICES = load_prices()
LINE = E164("+14155550100")
HOME = "US"

ALMOST = OutboundRules(
    regions=("*",),
    allow_to=tuple(f"+{digit}*" for digit in range(1, 10)),
    hours=parse_hours("00:00-24:00"),
    money_a_day=1e9,
)
NOTHING_YET = Counts(
    is_killed=False,
    live=0,
    last_hour=0,
    last_day=0,
    number_last_hour=0,
    number_last_day=0,
    with_number_lately=0,
    usd_last_day=0,
)
NOON_S = 1796144400.0
"""2026-12-01T17:00Z: noon in New York, nine in Los Angeles."""


def refusal(to: str, rules: OutboundRules = ALMOST) -> str:
    """The rule that refuses a call to a number, or empty."""
    found = decide(
        Order(to=to, line=LINE),
        facts(to, HOME),
        facts(LINE),
        rules=rules,
        counts=NOTHING_YET,
        prices=PRICES,
        now_s=NOON_S,
    ).refusal
    return found.rule if found else ""


def zones(of: NumberFacts) -> list[str]:
    return sorted(str(zone) for zone in of.zones)


@pytest.mark.parametrize(
    ("number", "kind", "region", "some_zones"),
    [
        ("+14155550100", "fixed_or_mobile", "US", ["America/Los_Angeles"]),
        ("+12025550123", "fixed_or_mobile", "US", ["America/New_York"]),
        ("+18762345678", "mobile", "JM", ["America/Jamaica"]),
        ("+12423456789", "fixed", "BS", ["America/Nassau"]),
        ("+14165550123", "fixed_or_mobile", "CA", ["America/Toronto"]),
        ("+447400123456", "mobile", "GB", ["Europe/London"]),
        ("+447624123456", "mobile", "IM", ["Europe/Isle_of_Man"]),
        ("+447012345678", "personal", "GB", ["Europe/London"]),
        ("+493012345678", "fixed", "DE", ["Europe/Berlin"]),
        ("+61412345678", "mobile", "AU", ["Australia/Perth", "Australia/Sydney", "Indian/Cocos"]),
        ("+18002345678", "toll_free", "US", ["America/New_York", "Pacific/Honolulu"]),
        ("+19002345678", "premium", "US", []),
        ("+12129761234", "premium", "US", []),
        ("+16002345678", "satellite", "CA", []),
        ("+61147101234", "satellite", "AU", []),
        ("+881612345678", "satellite", None, []),
        ("+870301234567", "satellite", None, []),
        ("+88216123456789", "satellite", None, []),
        ("+883510012345", "satellite", None, []),
        ("+979123456789", "premium", None, []),
        ("+80812345678", "shared_cost", None, []),
        ("+80012345678", "toll_free", None, []),
        ("+878101234567890", "personal", None, []),
        ("+15550001234", "unknown", None, []),
    ],
)
def test_a_number_has_its_kind_its_region_and_its_clocks(
    number: str, kind: str, region: str | None, some_zones: list[str]
) -> None:
    found = facts(number)

    assert (found.type, found.region) == (kind, region)
    assert set(some_zones) <= set(zones(found))


def test_an_example_number_is_possible_and_not_valid_and_so_not_known() -> None:
    """`+1 555 …` in an area code of its own is in nobody's plan."""
    assert facts("+15550001234") == NumberFacts(code_region="US", is_possible=True)


@pytest.mark.parametrize(
    "text", ["", "anonymous", "withheld", "12025550123x", "+1202555", "sip:me@x"]
)
def test_of_what_is_no_number_nothing_is_known(text: str) -> None:
    assert not facts(text).is_possible
    assert facts(text).type is NumberType.UNKNOWN


@pytest.mark.parametrize("text", ["+999123456789", "+2101234567"])
def test_a_country_code_that_nobody_has_tells_nothing(text: str) -> None:
    assert facts(text) == NumberFacts()


@pytest.mark.parametrize("text", ["+15550100", "+1202555012", "+120255501234", "+447400123456789"])
def test_a_number_too_short_or_too_long_for_its_country_is_not_possible(text: str) -> None:
    """Seven digits of North America are dialled in their own town alone."""
    assert not facts(text).is_possible


EMERGENCIES = [
    "911", "+911", "+1911", "1911", "+1 911", "112", "+112", "+49112", "+49 110", "999", "+44999",
    "000", "+61000", "15", "+3315", "119", "+81119", "+86110",
]  # fmt: skip


@pytest.mark.parametrize("text", EMERGENCIES)
def test_emergency_numbers_are_known_with_a_country_code_and_without(text: str) -> None:
    assert facts(text).is_emergency
    assert refusal(text) == Rule.EMERGENCY


def test_a_long_number_that_begins_like_an_emergency_and_is_nobody_s_is_one() -> None:
    """Some networks listen to the first digits alone."""
    assert facts("+19112345678").is_emergency
    assert refusal("+19112345678") == Rule.EMERGENCY


@pytest.mark.parametrize("number", ["+33155123456", "+33112345678", "+4917012345678"])
def test_a_number_that_somebody_has_is_no_emergency_for_its_first_digits(number: str) -> None:
    assert facts(number).is_valid
    assert not facts(number, "US").is_emergency


def test_a_mobile_of_the_caribbean_has_its_island_s_clock_and_not_all_of_its_code_s() -> None:
    assert zones(facts("+18762345678")) == ["America/Jamaica"]


def test_an_emergency_number_of_our_own_region_counts_though_the_code_is_another_s() -> None:
    """911 is Nuremberg's area code: its numbers are called. In no given range it is 911."""
    assert not facts("+499111234567", "US").is_emergency
    assert facts("+44911000000", "US").is_emergency
    assert not facts("+44911000000").is_emergency


ISSUE = {
    "+18762345678": Rule.REGION,
    "911": Rule.EMERGENCY,
    "+19002345678": Rule.TYPE,
    "+881612345678": Rule.TYPE,
    "anonymous": Rule.NUMBER,
    "+15550100": Rule.NUMBER,
    "+1202555012345": Rule.NUMBER,
    "+15550001234": Rule.TYPE,
    "+61412345678": Rule.REGION,
    "+14155550100": Rule.OWN_LINE,
    "+12025550123": "",
}


@pytest.mark.parametrize(("to", "rule"), ISSUE.items())
def test_with_nothing_set_only_our_own_region_is_called(to: str, rule: str) -> None:
    assert refusal(to, OutboundRules()) == rule


def test_a_mobile_of_australia_is_called_when_it_is_the_hour_from_cocos_to_sydney() -> None:
    def at(now_s: float) -> str:
        found = decide(
            Order(to="+61412345678", line=LINE),
            facts("+61412345678"),
            facts(LINE),
            rules=OutboundRules(regions=("AU",)),
            counts=NOTHING_YET,
            prices=PRICES,
            now_s=now_s,
        ).refusal
        return found.why if found else ""

    noon_in_sydney_s = 1796086800.0  # 2026-12-01T01:00Z
    assert "Indian/" in at(noon_in_sydney_s)
    assert at(noon_in_sydney_s + 3600) == ""
    assert "Australia/" in at(noon_in_sydney_s + 9 * 3600)


def examples() -> Iterator[tuple[str, int]]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                yield _e164(example), kind
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        example = phonenumbers.example_number_for_non_geo_entity(code)
        if example is not None:
            yield _e164(example), PhoneNumberType.UNKNOWN


def _e164(number: Any) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


NEVER = {
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PAGER,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}


def test_no_region_s_premium_shared_cost_pager_or_personal_numbers_are_called_by_any_rules() -> (
    None
):
    """The plans' own examples of every region and kind: some 1200 numbers."""
    numbers = list(examples())
    called = {number: refusal(number) == "" for number, _ in numbers}
    wrongly = [number for number, kind in numbers if kind in NEVER and called[number]]

    assert wrongly == []
    assert len(numbers) > 1000
    assert sum(called.values()) > 700  # the rest of the world can be called


def test_whatever_is_called_is_of_a_callable_kind_and_in_a_known_region() -> None:
    for number, _ in examples():
        if refusal(number) == "":
            known = facts(number)
            assert known.type in CALLABLE, number
            assert not known.is_emergency, number


def test_no_number_of_a_code_that_is_no_country_s_is_called_but_free_ones() -> None:
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        example = phonenumbers.example_number_for_non_geo_entity(code)
        assert example is not None
        if code != 800:
            assert refusal(_e164(example)) == Rule.TYPE, code


def test_a_code_that_is_no_country_s_and_newer_than_we_are_counts_as_a_satellite_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbering, "CODES", {})

    assert facts("+881612345678").type is NumberType.SATELLITE


def test_every_country_s_emergency_numbers_are_refused_as_such() -> None:
    for region in shortnumberinfo.SUPPORTED_SHORT_REGIONS:
        for text in ("112", "911", "999", "110", "15", "17", "18", "119", "190", "000"):
            if shortnumberinfo.is_emergency_number(text, region):
                code = phonenumbers.country_code_for_region(region)
                assert refusal(text) == refusal(f"+{code}{text}") == Rule.EMERGENCY, (region, text)


def test_a_zone_that_this_machine_has_not_leaves_the_number_without_a_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Better no clock than one of two."""

    def some_are_missing(name: str) -> Any:
        if name == "Australia/Perth":
            raise ZoneInfoNotFoundError(name)
        return ZoneInfo(name)

    monkeypatch.setattr(numbering, "ZoneInfo", some_are_missing)

    assert facts("+61412345678").zones == ()
    assert zones(facts("+12025550123")) == ["America/New_York"]


def test_the_plans_are_loaded_when_a_number_is_looked_up_and_not_before() -> None:
    script = (
        "import sys; from bridge.calls import numbering; import bridge.cli.main;"
        "print([m for m in sys.modules if m.startswith('phonenumbers')])"
    )

    assert (
        run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
