"""The guard before dialling."""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bridge.core.calling_hours import CallingHours, parse_hours
from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.order import (
    BRIEF_CHARS,
    MESSAGE_CHARS,
    QUIET_DAY,
    Case,
    Counts,
    Order,
    OutboundRules,
)
from bridge.core.outbound import Verdict, decide
from bridge.core.outbound_rules import CALLABLE, RULES, Rule
from bridge.core.phone import E164
from bridge.core.prices import PriceRow, PriceTable
from bridge.core.record import Mode, Source

LINE = E164("+14155550100")
ORDER = Order(to="+12025550123", line=LINE, message="Good morning.", mode=Mode.NOTIFY)
NEW_YORK, PERTH, SYDNEY = map(ZoneInfo, ("America/New_York", "Australia/Perth", "Australia/Sydney"))
FACTS = NumberFacts(
    NumberType.FIXED_OR_MOBILE, "US", "US", is_possible=True, is_valid=True, zones=(NEW_YORK,)
)
LINE_FACTS = FACTS
RULES_SET = OutboundRules(own_lines=frozenset({LINE}))
PRICES = PriceTable("2026-11-21", (PriceRow(0.014, regions=frozenset({"US"})),), 1.0, 0.08)
SYDNEY_MORNING_S = datetime(2027, 1, 15, 8, 30, tzinfo=SYDNEY).timestamp()
NOON_S = datetime(2026, 12, 1, 12, tzinfo=NEW_YORK).timestamp()

CASE: dict[str, Any] = {
    "order": ORDER,
    "facts": FACTS,
    "line_facts": LINE_FACTS,
    "rules": RULES_SET,
    "counts": QUIET_DAY,
    "prices": PRICES,
    "now_s": NOON_S,
}
"""A call that every rule lets pass."""


def changed(**changes: Any) -> dict[str, Any]:
    """The case with some of it changed: `rules__per_day=3`, or the whole of a part."""
    case = dict(CASE)
    for name, value in changes.items():
        part, _, field = name.partition("__")
        case[part] = replace(case[part], **{field: value}) if field else value
    return case


def verdict(**changes: Any) -> Verdict:
    case = changed(**changes)
    return decide(case.pop("order"), case.pop("facts"), case.pop("line_facts"), **case)


def refusal(**changes: Any) -> tuple[str, str]:
    """The rule that refused, and its sentence; both empty when the call may be placed."""
    found = verdict(**changes).refusal
    return (found.rule, found.why) if found else ("", "")


def test_a_call_that_every_rule_lets_pass_may_be_placed_and_each_rule_says_so() -> None:
    found = verdict()

    assert found.allowed
    assert found.refusal is None
    assert [result.rule for result in found.results] == list(Rule)
    assert all(result.passed and result.why for result in found.results)
    assert found.estimate is not None
    assert found.estimate.usd == pytest.approx(5 * 0.014 + 5 * 0.08)


def test_a_refusal_names_the_first_rule_that_failed_and_all_have_had_their_say() -> None:
    found = verdict(counts__is_killed=True, facts__region="JM", counts__last_day=60)

    assert not found.allowed
    assert [result.rule for result in found.results if not result.passed] == [
        Rule.KILLED,
        Rule.REGION,
        Rule.PER_DAY,
    ]
    assert found.refusal == found.results[0]


REFUSED = [
    ("killed", "kill switch is on", {"counts__is_killed": True}),
    ("killed", "isn't known", {"counts__is_killed": None}),
    ("enabled", "enabled is false", {"rules__enabled": False}),
    ("agents", "agents is false", {"rules__agents": False, "order__source": Source.AGENT}),
    ("agents", "agents is false", {"rules__agents": False, "order__owner": "agent"}),
    ("emergency", "never called", {"facts__is_emergency": True}),
    ("emergency", "isn't known what kind", {"facts": None}),
    ("number", "who is to be called", {"order__to": "anonymous"}),
    ("number", "who is to be called", {"order__to": "+1202"}),
    ("number", "who is to be called", {"order__to": ""}),
    ("number", "can be dialled", {"facts__is_possible": False}),
    ("own_line", "never call ourselves", {"order__to": "+1 415 555 0100"}),
    ("own_line", "never call ourselves", {"rules__own_lines": frozenset({"+12025550123"})}),
    (
        "own_line",
        "never call ourselves",
        {"rules__own_lines": frozenset(), "order__line": E164("+12025550123")},
    ),
    ("own_line", "which line is ours", {"order__line": None}),
    ("do_not_call", "do-not-call list", {"rules__do_not_call": ("+1202*",)}),
    ("do_not_call", "do-not-call list", {"rules__do_not_call": ("+12025550123",)}),
    ("do_not_call", "can't be decided: ValueError", {"rules__do_not_call": ("mum",)}),
    ("type", "never called", {"facts__type": NumberType.PREMIUM}),
    ("type", "isn't known what kind", {"facts__type": NumberType.UNKNOWN}),
    ("region", "JM isn't among policy.outbound.regions: US", {"facts__region": "JM"}),
    ("region", "isn't among", {"rules__regions": ("CA", "GB")}),
    ("region", "which region the number", {"facts__region": None}),
    ("region", "which region the number", {"facts__region": None, "rules__regions": ("*",)}),
    ("region", "our own line", {"line_facts": None}),
    ("region", "our own line", {"line_facts": NumberFacts()}),
    ("hours", "outside policy.outbound.hours", {"now_s": NOON_S + 9 * 3600}),
    ("hours", "what time it is there", {"facts__zones": ()}),
    ("hours", "Australia/Perth", {"facts__zones": (SYDNEY, PERTH), "now_s": SYDNEY_MORNING_S}),
    ("loop", "6 of 6 calls with this number in 10 minutes", {"counts__with_number_lately": 6}),
    ("loop", "isn't known how many", {"counts__with_number_lately": None}),
    ("live_calls", "4 of 4 calls under way", {"counts__live": 4}),
    ("live_calls", "isn't known how many", {"counts__live": None}),
    ("per_number_per_hour", "6 of 6", {"counts__number_last_hour": 6}),
    ("per_number_per_hour", "isn't known how many", {"counts__number_last_hour": None}),
    ("per_number_per_day", "12 of 12", {"counts__number_last_day": 12}),
    ("per_number_per_day", "isn't known how many", {"counts__number_last_day": None}),
    ("per_hour", "20 of 20 calls in an hour", {"counts__last_hour": 20}),
    ("per_hour", "0 of 0 calls", {"rules__per_hour": 0}),
    ("per_hour", "isn't known how many", {"counts__last_hour": None}),
    ("per_day", "60 of 60 calls in a day", {"counts__last_day": 60}),
    ("per_day", "isn't known how many", {"counts__last_day": None}),
    ("money_a_day", "$20.01 of $20.00 a day", {"counts__usd_last_day": 19.54}),
    ("money_a_day", "of $0.00 a day", {"rules__money_a_day": 0.0}),
    ("money_a_day", "a day", {"rules__minutes_assumed": 1e6}),
    ("money_a_day", "a day", {"counts__usd_last_day": math.nan}),
    ("money_a_day", "a day", {"counts__usd_last_day": -math.inf}),
    ("money_a_day", "what the calls of today cost", {"counts__usd_last_day": None}),
    ("money_a_day", "what the calls of today cost", {"prices": None}),
    ("words", "needs a message", {"order__message": " \n"}),
    ("words", "message is longer", {"order__message": "x" * (MESSAGE_CHARS + 1)}),
    ("words", "brief is longer", {"order__brief": "x" * (BRIEF_CHARS + 1)}),
]


@pytest.mark.parametrize(("rule", "why", "changes"), REFUSED)
def test_each_rule_refuses_by_its_name_and_says_why(
    rule: str, why: str, changes: dict[str, Any]
) -> None:
    found = refusal(**changes)

    assert found[0] == rule
    assert why in found[1]
    assert "202" not in found[1]


def test_every_rule_has_been_seen_to_refuse() -> None:
    assert {rule for rule, _, _ in REFUSED} == set(Rule) == set(RULES)


ALLOWED = [
    {"rules__agents": False},  # a person asks
    {"order__source": Source.AGENT, "order__owner": "agent"},
    {"order__to": "+1 (202) 555-0123"},
    {"order__mode": Mode.CONVERSATION, "order__message": ""},
    {"order__message": "x" * MESSAGE_CHARS, "order__brief": "x" * BRIEF_CHARS},
    {"facts__region": "JM", "rules__regions": ("*",)},
    {"facts__region": "JM", "rules__regions": ("US", "JM")},
    {"facts__region": "JM", "rules__allow_to": ("+1202*",)},
    {"line_facts": NumberFacts(code_region="US")},
    {"facts__is_valid": False},
    {"rules__do_not_call": ("+1203*", "+12025550124")},
    {"facts__zones": (), "rules__hours": parse_hours("00:00-24:00")},
    {"now_s": NOON_S + 12 * 3600, "rules__hours": parse_hours("22:00-06:00")},
    {"counts__last_hour": 19, "counts__last_day": 59, "counts__live": 3},
    {"counts__number_last_hour": 5, "counts__number_last_day": 11, "counts__with_number_lately": 5},
    {"counts__usd_last_day": 19.53},
]


@pytest.mark.parametrize("changes", ALLOWED)
def test_what_a_rule_does_not_speak_of_it_lets_pass(changes: dict[str, Any]) -> None:
    assert refusal(**changes) == ("", "")


def test_a_number_of_which_nothing_is_known_is_called_when_it_is_listed_by_name() -> None:
    nothing = {"facts__type": NumberType.UNKNOWN, "facts__region": None, "facts__is_valid": False}

    assert refusal(**nothing)[0] == Rule.TYPE
    assert refusal(**nothing, rules__allow_to=("+12025550123",)) == ("", "")


@pytest.mark.parametrize("kind", sorted(set(NumberType) - CALLABLE - {NumberType.UNKNOWN}))
def test_a_listed_number_of_a_kind_that_is_never_called_is_still_not_called(
    kind: NumberType,
) -> None:
    listed = {"rules__allow_to": ("+12025550123",), "rules__regions": ("*",)}

    assert refusal(facts__type=kind, **listed)[0] == Rule.TYPE


def test_the_hours_must_hold_wherever_the_callee_may_be() -> None:
    """In Sydney it is 08:30, in Perth 05:30."""
    here = {"now_s": SYDNEY_MORNING_S}

    assert refusal(**here, facts__zones=(SYDNEY,)) == ("", "")
    assert refusal(**here, facts__zones=(SYDNEY, PERTH)) == (
        "hours",
        "it is 05:30 in Australia/Perth, outside policy.outbound.hours",
    )


def test_an_unlisted_destination_costs_as_much_as_the_dearest() -> None:
    found = verdict(facts__region="JM", rules__regions=("*",)).estimate

    assert found is not None
    assert (found.is_listed, found.carrier_per_minute) == (False, 1.0)


def test_the_price_is_that_of_the_number_however_it_is_written() -> None:
    dear = PriceTable("2026-11-21", (PriceRow(0.9, prefixes=("+1202",)),), 1.0, 0.08)

    found = verdict(prices=dear, order__to="+1 (202) 555-0123").estimate

    assert found is not None
    assert found.carrier_per_minute == 0.9


def test_a_rule_that_breaks_refuses_and_says_no_more_than_what_broke() -> None:
    class Broken(tzinfo):
        @override
        def utcoffset(self, moment: datetime | None) -> timedelta:
            raise RuntimeError("+12025550123")

        @override
        def dst(self, moment: datetime | None) -> None:
            return None

        @override
        def tzname(self, moment: datetime | None) -> str:
            return "Nowhere"

    assert refusal(facts__zones=(Broken(),)) == ("hours", "can't be decided: RuntimeError")


def test_a_verdict_without_a_rule_allows_nothing() -> None:
    assert not Verdict(()).allowed


def test_with_nothing_known_of_what_has_happened_no_call_is_placed() -> None:
    failed = {result.rule for result in verdict(counts=Counts()).results if not result.passed}

    counted = {"live_calls", "per_hour", "per_day", "per_number_per_hour", "per_number_per_day"}
    assert failed == {"killed", "loop", "money_a_day", *counted}


def test_no_representation_holds_a_number_or_a_word() -> None:
    listed = OutboundRules(allow_to=("+12025550123",), do_not_call=("+12025550123",))
    case = Case(replace(ORDER, brief="Book it."), FACTS, FACTS, listed, Counts(), None, 0)

    text = repr(ORDER) + repr(listed) + repr(case) + repr(verdict())

    assert [private for private in ("555", "morning", "Book") if private in text] == []


AMOUNT = st.one_of(st.none(), st.integers(0, 80))
COUNTS = st.builds(
    Counts,
    is_killed=st.sampled_from([None, True, False, False]),
    live=AMOUNT,
    last_hour=AMOUNT,
    last_day=AMOUNT,
    number_last_hour=AMOUNT,
    number_last_day=AMOUNT,
    with_number_lately=AMOUNT,
    usd_last_day=st.one_of(st.none(), st.floats()),
)
LOOSE_RULES = st.builds(
    OutboundRules,
    enabled=st.booleans(),
    agents=st.booleans(),
    regions=st.sampled_from([(), ("*",), ("US",), ("JM", "*")]),
    allow_to=st.sampled_from([(), ("+12025550123",), ("+1*",), ("rubbish",)]),
    do_not_call=st.sampled_from([(), ("+1203*",), ("+1202*",), ("rubbish",)]),
    hours=st.sampled_from([CallingHours(), parse_hours("00:00-24:00"), parse_hours("22:00-06:00")]),
    live_calls=st.integers(0, 90),
    per_hour=st.integers(0, 90),
    per_day=st.integers(0, 90),
    per_number_per_hour=st.integers(0, 90),
    per_number_per_day=st.integers(0, 90),
    loop_calls=st.integers(0, 90),
    money_a_day=st.floats(0, 1e9),
    minutes_assumed=st.floats(0.1, 100),
    own_lines=st.sampled_from([frozenset(), frozenset({"+12025550123"})]),
)
NUMBER_FACTS = st.one_of(
    st.none(),
    st.builds(
        NumberFacts,
        type=st.sampled_from(NumberType),
        region=st.sampled_from([None, "US", "JM"]),
        code_region=st.sampled_from([None, "US"]),
        is_possible=st.booleans(),
        is_valid=st.booleans(),
        is_emergency=st.booleans(),
        zones=st.sampled_from([(), (NEW_YORK,), (SYDNEY, PERTH), (UTC,)]),
    ),
)
ORDERS = st.builds(
    Order,
    to=st.sampled_from(["+12025550123", "911", "anonymous", LINE]),
    line=st.sampled_from([LINE, None]),
    mode=st.sampled_from(Mode),
    message=st.sampled_from(["", "Good morning.", "x" * 1001]),
    source=st.sampled_from(Source),
    owner=st.sampled_from(["operator", "agent"]),
)


@given(
    order=ORDERS,
    facts=NUMBER_FACTS,
    line_facts=NUMBER_FACTS,
    rules=LOOSE_RULES,
    counts=COUNTS,
    prices=st.sampled_from([PRICES, None]),
    now_s=st.floats(0, 4e9),
)
def test_no_call_is_placed_when_any_rule_fails_or_anything_is_not_known(
    order: Order, facts: NumberFacts | None, counts: Counts, rules: OutboundRules, **rest: Any
) -> None:
    found = decide(order, facts, rest.pop("line_facts"), rules=rules, counts=counts, **rest)

    assert [result.rule for result in found.results] == list(Rule)
    assert found.allowed is all(result.passed for result in found.results)
    if not found.allowed:
        return
    assert facts is not None
    assert facts.is_possible
    assert not facts.is_emergency
    assert facts.type in CALLABLE or (facts.type is NumberType.UNKNOWN and rules.allow_to)
    assert order.to == "+12025550123"
    assert rest["prices"] is not None
    assert None not in [getattr(counts, field.name) for field in fields(Counts)]
    assert (counts.is_killed, rules.enabled) == (False, True)


HARD: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("emergency", lambda c: {**c, "facts": replace(c["facts"], is_emergency=True)}),
    ("premium", lambda c: {**c, "facts": replace(c["facts"], type=NumberType.PREMIUM)}),
    ("satellite", lambda c: {**c, "facts": replace(c["facts"], type=NumberType.SATELLITE)}),
]


@pytest.mark.parametrize(("name", "harden"), HARD, ids=[name for name, _ in HARD])
@given(rules=LOOSE_RULES, counts=COUNTS, now_s=st.floats(0, 4e9))
def test_no_setting_lets_a_call_out_to_a_number_that_is_never_called(
    name: str,
    harden: Callable[[dict[str, Any]], dict[str, Any]],
    rules: OutboundRules,
    counts: Counts,
    now_s: float,
) -> None:
    case = harden({**CASE, "rules": rules, "counts": counts, "now_s": now_s})

    assert not decide(case.pop("order"), case.pop("facts"), case.pop("line_facts"), **case).allowed


def test_a_verdict_without_a_rule_is_what_the_others_say() -> None:
    early = decide(**changed(now_s=NOON_S - 8 * 3600))
    twice = decide(**changed(now_s=NOON_S - 8 * 3600, rules__enabled=False))

    assert early.refusal is not None
    assert early.refusal.rule is Rule.HOURS
    assert early.without(Rule.HOURS).allowed
    assert early.without(Rule.HOURS).estimate == early.estimate
    assert [result.rule for result in twice.without(Rule.HOURS).results if not result.passed] == [
        Rule.ENABLED
    ]
