"""The rules before dialling, one by one: each looks at an order and says whether it holds.

`RULES` is the table that `bridge.core.outbound` goes through. A rule says why in one sentence
without a number in it, and raises `NotKnown` for what it needs and doesn't have.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bridge.core.calling_hours import closed_in
from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.order import AGENT, BRIEF_CHARS, MESSAGE_CHARS, Case, NotKnown
from bridge.core.phone import E164, matches, parse_pattern
from bridge.core.record import Mode, Source

ANY_REGION = "*"
"""In `regions`: every region that is known. A number of no known region is still refused."""

CALLABLE = frozenset(
    {
        NumberType.MOBILE,
        NumberType.FIXED,
        NumberType.FIXED_OR_MOBILE,
        NumberType.VOIP,
        NumberType.TOLL_FREE,
    }
)
"""Kinds of number that a person or a company is reached at, at an ordinary price."""


class Rule(StrEnum):
    """The rules by name, as a refusal says them. Those that count are called as their setting."""

    KILLED = "killed"
    ENABLED = "enabled"
    AGENTS = "agents"
    EMERGENCY = "emergency"
    NUMBER = "number"
    OWN_LINE = "own_line"
    DO_NOT_CALL = "do_not_call"
    TYPE = "type"
    REGION = "region"
    HOURS = "hours"
    LOOP = "loop"
    LIVE_CALLS = "live_calls"
    PER_NUMBER_PER_HOUR = "per_number_per_hour"
    PER_NUMBER_PER_DAY = "per_number_per_day"
    PER_HOUR = "per_hour"
    PER_DAY = "per_day"
    MONEY_A_DAY = "money_a_day"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at the order says: whether the rule holds, and why in one sentence."""

    holds: bool
    why: str


def _killed(case: Case) -> Finding:
    if case.counts.is_killed is None:
        raise NotKnown("whether the kill switch is on")
    if case.counts.is_killed:
        return Finding(holds=False, why="the kill switch is on: no call is placed")
    return Finding(holds=True, why="the kill switch is off")


def _enabled(case: Case) -> Finding:
    if case.rules.enabled:
        return Finding(holds=True, why="calls may be placed")
    return Finding(holds=False, why="policy.outbound.enabled is false: no call is placed")


def _agents(case: Case) -> Finding:
    if case.order.source is not Source.AGENT and case.order.owner != AGENT:
        return Finding(holds=True, why="no agent asks")
    if case.rules.agents:
        return Finding(holds=True, why="agents may place calls")
    return Finding(holds=False, why="policy.outbound.agents is false: agents place no calls")


def _emergency(case: Case) -> Finding:
    if case.facts.is_emergency:
        return Finding(holds=False, why="an emergency number, or taken for one, is never called")
    return Finding(holds=True, why="no emergency number")


def _number(case: Case) -> Finding:
    if case.number and case.facts.is_possible:
        return Finding(holds=True, why="an international number of a possible length")
    return Finding(holds=False, why="no number that long can be dialled there")


def _own_line(case: Case) -> Finding:
    if case.order.line is None:
        raise NotKnown("which line is ours, to call from")
    if case.number == case.order.line or case.number in case.rules.own_lines:
        return Finding(holds=False, why="the number is our own: we never call ourselves")
    return Finding(holds=True, why="not our own line")


def _do_not_call(case: Case) -> Finding:
    if _is_listed(case.number, case.rules.do_not_call):
        return Finding(holds=False, why="the number is on the do-not-call list")
    return Finding(holds=True, why="not on the do-not-call list")


def _is_listed(number: E164, patterns: Iterable[str]) -> bool:
    """Whether a list has the number. Raises `ValueError` at an entry that can't be read."""
    return any(matches(number, parse_pattern(pattern)) for pattern in patterns)


def _type(case: Case) -> Finding:
    kind = case.facts.type
    if kind in CALLABLE:
        return Finding(holds=True, why=f"its kind is {_said(kind)}")
    if kind is NumberType.UNKNOWN and _is_listed(case.number, case.rules.allow_to):
        return Finding(holds=True, why="its kind isn't known, and policy.outbound.allow_to has it")
    if kind is NumberType.UNKNOWN:
        raise NotKnown("what kind of number this is; policy.outbound.allow_to may list it")
    return Finding(holds=False, why=f"its kind is {_said(kind)}, which is never called")


def _said(kind: NumberType) -> str:
    return kind.value.replace("_", " ")


def _region(case: Case) -> Finding:
    if _is_listed(case.number, case.rules.allow_to):
        return Finding(holds=True, why="policy.outbound.allow_to has it")
    region = case.facts.region
    if region is None:
        raise NotKnown("which region the number belongs to; policy.outbound.allow_to may list it")
    allowed = case.rules.regions or _home(case.line_facts)
    if ANY_REGION in allowed or region in allowed:
        return Finding(holds=True, why=f"{region} may be called")
    listed = ", ".join(allowed)
    return Finding(holds=False, why=f"{region} isn't among policy.outbound.regions: {listed}")


def _home(line: NumberFacts | None) -> tuple[str, ...]:
    """The region of our own line, or the chief one of its country code."""
    region = (line.region or line.code_region) if line else None
    if region is None:
        raise NotKnown("which region our own line is in; set policy.outbound.regions")
    return (region,)


def _hours(case: Case) -> Finding:
    if case.rules.hours.is_always:
        return Finding(holds=True, why="every hour is allowed")
    if not case.facts.zones:
        raise NotKnown("what time it is there")
    closed = closed_in(case.rules.hours, case.facts.zones, case.now_s)
    if closed:
        zone, clock = closed[0]
        return Finding(holds=False, why=f"it is {clock} in {zone}, outside policy.outbound.hours")
    return Finding(holds=True, why="it is the hour wherever the callee may be")


def _loop(case: Case) -> Finding:
    minutes = case.rules.loop_minutes
    span = f"with this number in {minutes} minutes, either way"
    return _below(case.counts.with_number_lately, case.rules.loop_calls, span)


def _live_calls(case: Case) -> Finding:
    return _below(case.counts.live, case.rules.live_calls, "under way")


def _per_number_per_hour(case: Case) -> Finding:
    return _below(
        case.counts.number_last_hour, case.rules.per_number_per_hour, "to this number in an hour"
    )


def _per_number_per_day(case: Case) -> Finding:
    return _below(
        case.counts.number_last_day, case.rules.per_number_per_day, "to this number in a day"
    )


def _per_hour(case: Case) -> Finding:
    return _below(case.counts.last_hour, case.rules.per_hour, "in an hour")


def _per_day(case: Case) -> Finding:
    return _below(case.counts.last_day, case.rules.per_day, "in a day")


def _below(count: int | None, most: int, span: str) -> Finding:
    """One more may be, when there are fewer than so many."""
    if count is None:
        raise NotKnown(f"how many calls there were {span}")
    return Finding(holds=count < most, why=f"{count} of {most} calls {span}")


def _money_a_day(case: Case) -> Finding:
    spent, cost, most = case.counts.usd_last_day, case.estimate, case.rules.money_a_day
    if spent is None or cost is None:
        raise NotKnown("what the calls of today cost, or what this one would")
    total = spent + cost.usd
    why = f"${total:.2f} of ${most:.2f} a day, this call reckoned at ${cost.usd:.2f}"
    return Finding(holds=0 <= total <= most, why=why)  # also false for what is no number


def _words(case: Case) -> Finding:
    order = case.order
    if order.mode is Mode.NOTIFY and not order.message.strip():
        return Finding(holds=False, why="a call that says one thing needs a message")
    for name, text, most in (
        ("message", order.message, MESSAGE_CHARS),
        ("brief", order.brief, BRIEF_CHARS),
    ):
        if len(text) > most:
            return Finding(holds=False, why=f"the {name} is longer than {most} characters")
    return Finding(holds=True, why="message and brief are of a length to be said")


RULES: Mapping[Rule, Callable[[Case], Finding]] = MappingProxyType(
    {
        Rule.KILLED: _killed,
        Rule.ENABLED: _enabled,
        Rule.AGENTS: _agents,
        Rule.EMERGENCY: _emergency,
        Rule.NUMBER: _number,
        Rule.OWN_LINE: _own_line,
        Rule.DO_NOT_CALL: _do_not_call,
        Rule.TYPE: _type,
        Rule.REGION: _region,
        Rule.HOURS: _hours,
        Rule.LOOP: _loop,
        Rule.LIVE_CALLS: _live_calls,
        Rule.PER_NUMBER_PER_HOUR: _per_number_per_hour,
        Rule.PER_NUMBER_PER_DAY: _per_number_per_day,
        Rule.PER_HOUR: _per_hour,
        Rule.PER_DAY: _per_day,
        Rule.MONEY_A_DAY: _money_a_day,
        Rule.WORDS: _words,
    }
)
"""Every rule, in the order in which they are named to whoever asked."""
