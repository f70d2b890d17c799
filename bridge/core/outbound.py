"""The guard before dialling: may this call be placed?

Every rule of `bridge.core.outbound_rules` has a look at every order, in the order of their table,
and all must hold. What isn't known counts against the call, and so does a rule that fails to
decide. No sentence here holds a number: it is shown to whoever asked.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.number_facts import NumberFacts
from bridge.core.order import Case, Counts, NotKnown, Order, OutboundRules
from bridge.core.outbound_rules import RULES, Finding, Rule
from bridge.core.phone import parse_e164
from bridge.core.prices import Estimate, PriceTable, estimate


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's say: whether the order passed it, and why, for a person."""

    rule: Rule
    passed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all rules say of one order.

    Attributes:
        results: every rule, in the order of `RULES`.
        estimate: what the call would cost; `None` when that can't be said.
    """

    results: tuple[RuleResult, ...]
    estimate: Estimate | None = None

    @property
    def refusal(self) -> RuleResult | None:
        """The first rule that the order failed; `None` when the call may be placed."""
        return next((result for result in self.results if not result.passed), None)

    @property
    def allowed(self) -> bool:
        """Whether the call may be placed. A verdict without a rule allows nothing."""
        return bool(self.results) and self.refusal is None

    def without(self, *rules: Rule) -> "Verdict":
        """What all other rules say."""
        others = tuple(result for result in self.results if result.rule not in rules)
        return Verdict(others, self.estimate)


def decide(
    order: Order,
    facts: NumberFacts | None,
    line_facts: NumberFacts | None,
    *,
    rules: OutboundRules,
    counts: Counts,
    prices: PriceTable | None,
    now_s: float,
) -> Verdict:
    """Whether a call may be placed, by every rule.

    Args:
        order: what is asked for.
        facts: what is known of the callee's number; `None` when it could not be looked up.
        line_facts: the same of our own line.
        rules: the operator's.
        counts: what has happened already.
        prices: the table to reckon with; `None` when there is none.
        now_s: time of day, in seconds since 1970.
    """
    cost = _estimate(order, facts, rules, prices)
    case = Case(order, facts, line_facts, rules, counts, cost, now_s)
    return Verdict(tuple(_result(rule, look, case) for rule, look in RULES.items()), cost)


def _estimate(
    order: Order, facts: NumberFacts | None, rules: OutboundRules, prices: PriceTable | None
) -> Estimate | None:
    if facts is None or prices is None:
        return None
    try:
        number = parse_e164(order.to)
    except ValueError:
        return None
    return estimate(prices, number, facts, rules.minutes_assumed)


def _result(rule: Rule, look: Callable[[Case], Finding], case: Case) -> RuleResult:
    try:
        found = look(case)
    except NotKnown as lacking:
        return RuleResult(rule, passed=False, why=f"it isn't known {lacking}")
    except Exception as fault:  # noqa: BLE001 - whatever breaks a rule, the call is not placed
        return RuleResult(rule, passed=False, why=f"can't be decided: {type(fault).__name__}")
    return RuleResult(rule, found.holds, found.why)
