"""A conversation as the platform tells it, whatever it tells."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.platform_call import MAX_SAID, PlatformCall, Said, parse_platform_call

WHOLE: dict[str, Any] = {
    "agent_id": "agent_1",
    "conversation_id": "conv_1",
    "status": "done",
    "transcript": [
        {"role": "agent", "message": "Hello."},
        {"role": "user", "message": " Is there a zeppelin? "},
        {"role": "agent", "message": "On Thurs", "interrupted": True},
        {"role": "agent", "message": None},
        {"role": "tool", "message": "no"},
        "odd",
    ],
    "metadata": {
        "start_time_unix_secs": 1_767_225_600,
        "accepted_time_unix_secs": 1_767_225_605,
        "call_duration_secs": 61,
        "cost": 120,
        "cost_fiat": {"amount": 0.04, "currency": "usd"},
        "termination_reason": "end_call",
        "error": {"code": 1002, "reason": "broken"},
        "phone_call": {
            "type": "twilio",
            "direction": "outbound",
            "agent_number": "+15550100999",
            "external_number": "+15550001234",
            "call_sid": "CA1",
            "call_result": "answered",
        },
    },
}


def test_everything_that_is_told_is_read() -> None:
    assert parse_platform_call("conv_1", WHOLE) == PlatformCall(
        "conv_1",
        status="done",
        reason="end_call",
        error_code="1002",
        error_reason="broken",
        call_result="answered",
        started_s=1_767_225_600,
        accepted_s=1_767_225_605,
        duration_s=61,
        cost=120,
        fiat=0.04,
        currency="USD",
        direction="outbound",
        remote="+15550001234",  # type: ignore[arg-type]
        line="+15550100999",  # type: ignore[arg-type]
        carrier_call="CA1",
        transcript=(
            Said(by_caller=False, text="Hello."),
            Said(by_caller=True, text="Is there a zeppelin?"),
            Said(by_caller=False, text="On Thurs", interrupted=True),
        ),
    )


def test_what_is_private_is_in_no_repr() -> None:
    shown = repr(parse_platform_call("conv_1", WHOLE))

    assert not any(part in shown for part in ("zeppelin", "15550001234", "end_call", "broken"))


@pytest.mark.parametrize(
    "told",
    [
        {"user_id": "call_1"},
        {"user_id": None, "conversation_initiation_client_data": {"user_id": "call_1"}},
    ],
)
def test_whose_conversation_it_is_stands_in_either_place(told: dict[str, Any]) -> None:
    assert parse_platform_call("conv_1", told).user == "call_1"


def test_of_nothing_nothing_is_known() -> None:
    assert parse_platform_call("conv_1", {}) == PlatformCall("conv_1")


def test_a_call_that_could_not_be_placed_has_the_carriers_id() -> None:
    told = {"failure_reason": "busy", "metadata": {"type": "twilio", "body": {"CallSid": "CA9"}}}

    found = parse_platform_call("conv_1", told)

    assert (found.failure, found.carrier_call) == ("busy", "CA9")


@pytest.mark.parametrize(
    ("field", "value", "name", "read"),
    [
        ("start_time_unix_secs", 0, "started_s", None),
        ("start_time_unix_secs", True, "started_s", None),
        ("call_duration_secs", -1, "duration_s", None),
        ("cost", "12", "cost", None),
        ("termination_reason", 7, "reason", ""),
        ("error", {"code": 10**9}, "error_code", ""),
        ("error", {"code": True}, "error_code", ""),
        ("error", {"code": "timeout"}, "error_code", "timeout"),
        ("phone_call", {"direction": "sideways"}, "direction", None),
        ("phone_call", {"direction": "inbound"}, "direction", "inbound"),
        ("phone_call", {"external_number": "anonymous"}, "remote", None),
        ("phone_call", {"external_number": 5}, "remote", None),
        ("phone_call", {"call_sid": "unknown"}, "carrier_call", None),
        ("phone_call", {"call_result": "two words"}, "call_result", ""),
        ("phone_call", [], "line", None),
    ],
)
def test_what_cannot_be_read_is_not_known(field: str, value: Any, name: str, read: Any) -> None:
    found = parse_platform_call("conv_1", {"metadata": {field: value}})

    assert getattr(found, name) == read


def test_a_transcript_has_an_end() -> None:
    entries = [{"role": "user", "message": "x"}] * (MAX_SAID + 1)

    assert len(parse_platform_call("conv_1", {"transcript": entries}).transcript) == MAX_SAID


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON), JSON)
def test_nothing_that_it_sends_is_an_error(told: dict[str, Any], part: Any) -> None:
    parse_platform_call("conv_1", told)
    parse_platform_call("conv_1", {"metadata": {"phone_call": part, "error": part, "cost": part}})


def test_only_these_statuses_mean_that_it_goes_on() -> None:
    statuses = ("", "initiated", "in-progress", "processing", "done", "failed")

    assert [s for s in statuses if PlatformCall("c", status=s).is_live] == [
        "initiated",
        "in-progress",
    ]
