"""Who may call in."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.identity import CallIdentity, identify
from bridge.core.policy import Decision, Inbound, Policy, check_patterns, decide


def calling(caller: str, direction: str = "inbound") -> CallIdentity:
    return identify({"x-bridge-caller": caller, "x-bridge-direction": direction}, [])[0]


LISTED = Policy(Inbound.ALLOWLIST, ("+14155550100", "+1510*"))


@pytest.mark.parametrize(
    ("policy", "identity", "decision"),
    [
        (Policy(), calling("+14155550100"), Decision(allowed=False, rule="disabled")),
        (Policy(), calling(""), Decision(allowed=False, rule="disabled")),
        (Policy(), calling("", "outbound"), Decision(allowed=True, rule="outbound")),
        (Policy(Inbound.OPEN), calling(""), Decision(allowed=True, rule="open")),
        (LISTED, calling("+14155550100"), Decision(allowed=True, rule="allow_from")),
        (LISTED, calling("+15105550100"), Decision(allowed=True, rule="allow_from")),
        (LISTED, calling("+14155550101"), Decision(allowed=False, rule="not_listed")),
        (LISTED, calling("anonymous"), Decision(allowed=False, rule="withheld")),
        (LISTED, calling("sip:+14155550100@x"), Decision(allowed=False, rule="withheld")),
        (LISTED, calling("", "outbound"), Decision(allowed=True, rule="outbound")),
    ],
)
def test_each_rule_has_its_callers(
    policy: Policy, identity: CallIdentity, decision: Decision
) -> None:
    assert decide(policy, identity) == decision


@pytest.mark.parametrize("inbound", list(Inbound))
@pytest.mark.parametrize(("unidentified", "allowed"), [("allow", True), ("refuse", False)])
def test_what_is_no_call_at_all_has_a_rule_of_its_own(
    inbound: Inbound, unidentified: Literal["allow", "refuse"], *, allowed: bool
) -> None:
    policy = Policy(inbound, unidentified=unidentified)
    test_in_the_dashboard = identify({"x-bridge-conversation": "conv_1"}, [])[0]

    for identity in (CallIdentity(), test_in_the_dashboard):
        assert decide(policy, identity) == Decision(allowed=allowed, rule="unidentified")


@given(st.text(max_size=20), st.lists(st.sampled_from(["*", "", "+*", "+1*", "anonymous"])))
def test_no_text_that_is_not_a_number_gets_past_a_list(caller: str, allow: list[str]) -> None:
    identity = calling(caller)

    assert decide(Policy(Inbound.ALLOWLIST, tuple(allow)), identity).allowed is (
        identity.caller is not None and identity.caller.startswith("+1") and "+1*" in allow
    )


def test_patterns_are_checked_without_showing_numbers() -> None:
    assert check_patterns(["+1415*", "+15550001234"]) == ()
    assert check_patterns(["+1415*", "*", "", "15550001234"]) == (
        "entry 2 (•••): not a prefix such as '+1415*'",
        "entry 3 (empty): not an international number such as '+15550001234'",
        "entry 4 (•••): not an international number such as '+15550001234'",
    )
