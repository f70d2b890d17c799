"""Who may call in.

A list is a screen, not proof: caller ID can be forged, which is what `pin` is for. A withheld
number never matches a list. A request that is no telephone call at all was let in by its token,
and only the `unidentified` rule has a say about it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bridge.core.identity import CallIdentity
from bridge.core.phone import mask, matches, parse_pattern


class Inbound(StrEnum):
    """What happens to calls that come in."""

    DISABLED = "disabled"
    ALLOWLIST = "allowlist"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's rules for calls that come in.

    Attributes:
        inbound: what happens to them.
        allow_from: numbers and prefixes (`+1415*`) for `allowlist`; checked by `check_patterns`.
        unidentified: for requests with no call identity: a curl, a dashboard test.
    """

    inbound: Inbound = Inbound.DISABLED
    allow_from: tuple[str, ...] = ()
    unidentified: Literal["allow", "refuse"] = "allow"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call may come in, and the rule that said so.

    Attributes:
        allowed: whether the agent may be asked.
        rule: `unidentified`, `outbound` (we placed it), `disabled`, `open`, `withheld`,
            `allow_from` (on the list) or `not_listed`. Never holds a number.
    """

    allowed: bool
    rule: str


def decide(policy: Policy, identity: CallIdentity) -> Decision:
    """Whether this request's caller may talk to the agent."""
    if not identity.is_call:
        return Decision(allowed=policy.unidentified == "allow", rule="unidentified")
    if identity.is_outbound:
        return Decision(allowed=True, rule="outbound")
    if policy.inbound is Inbound.DISABLED:
        return Decision(allowed=False, rule="disabled")
    if policy.inbound is Inbound.OPEN:
        return Decision(allowed=True, rule="open")
    return _by_list(policy.allow_from, identity)


def _by_list(allow_from: Iterable[str], identity: CallIdentity) -> Decision:
    caller = identity.caller
    if caller is None:
        return Decision(allowed=False, rule="withheld")
    if any(matches(caller, pattern) for pattern in allow_from):
        return Decision(allowed=True, rule="allow_from")
    return Decision(allowed=False, rule="not_listed")


def check_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """What is wrong with each unusable entry of a list, for a settings error; empty when none is.

    Numbers are masked.
    """
    problems = []
    for place, pattern in enumerate(patterns, 1):
        try:
            parse_pattern(pattern)
        except ValueError as wrong:
            problems.append(f"entry {place} ({mask(pattern) or 'empty'}): {wrong}")
    return tuple(problems)
