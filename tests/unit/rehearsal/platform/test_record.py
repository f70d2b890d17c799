"""A conversation as the platform has it on record."""

import json

import pytest

from bridge.core.call_outcome import verdict
from bridge.core.platform_call import parse_platform_call
from bridge.core.post_call import parse_post_call
from bridge.core.record import Outcome
from bridge.core.webhook_signature import parse_signature, verify
from bridge.rehearsal.platform.history import Carried, History
from bridge.rehearsal.platform.opening import PhoneCall
from bridge.rehearsal.platform.record import (
    GENERATION_FAILED,
    Facts,
    Json,
    initiation_failure,
    machine_detection,
    record,
    rendered,
    signature,
    summary,
    transcription,
)
from bridge.rehearsal.system_tools import ToolUse
from tests.fakes.elevenlabs.schema import named, problems

CALL = PhoneCall("conv_1", "outbound", "+15550001234", "+15550100", "CA1")
HISTORY = (
    History()
    .heard("Hello", 0.0, original="Hello there.")
    .said("Hang up.", 2.0)
    .heard("", 3.0, carried=[Carried(ToolUse("call_1", "end_call", '{"reason": "x"}'))])
)
BEGAN_S = 1_800_000_000.0
OVER = Facts(
    "agent_1", "done", BEGAN_S, BEGAN_S + 4, BEGAN_S + 14.5, "end_call tool was called",
    introduced={"type": "x", "user_id": "call_1"}, variables={"bridge_caller": "+15550001234"},
)  # fmt: skip


def whole(facts: Facts = OVER) -> Json:
    return record(CALL, facts, HISTORY)


@pytest.mark.parametrize(
    "facts",
    [
        OVER,
        Facts("agent_1", "initiated", BEGAN_S),
        Facts("agent_1", "failed", BEGAN_S, BEGAN_S, BEGAN_S + 3, GENERATION_FAILED),
    ],
)
def test_it_is_what_the_vendors_document_describes(facts: Facts) -> None:
    assert problems(named("GetConversationResponseModel"), whole(facts)) == []


def test_bridge_reads_all_of_it() -> None:
    told = parse_platform_call("conv_1", whole())

    assert (told.status, told.duration_s, told.cost) == ("done", 10.0, 100.0)
    assert (told.direction, told.remote, told.line) == ("outbound", "+15550001234", "+15550100")
    assert (told.carrier_call, told.user) == ("CA1", "call_1")
    assert [(said.by_caller, said.text, said.interrupted) for said in told.transcript] == [
        (False, "Hello", True),
        (True, "Hang up.", False),
    ]
    outcome = verdict(told)
    assert outcome is not None
    assert outcome.cause == "The agent hung up."


def test_a_failure_has_its_code_and_its_reason() -> None:
    facts = Facts("agent_1", "failed", BEGAN_S, BEGAN_S, BEGAN_S + 3, GENERATION_FAILED)
    told = parse_platform_call("conv_1", whole(facts))

    assert (told.error_code, told.error_reason) == ("1002", GENERATION_FAILED)
    outcome = verdict(told)
    assert outcome is not None
    assert outcome.outcome is Outcome.FAILED


@pytest.mark.parametrize("result", ["busy", "no_answer", "voicemail"])
def test_what_the_carrier_says_became_of_it_is_told(result: str) -> None:
    facts = Facts("agent_1", "done", BEGAN_S, result=result)
    told = parse_platform_call("conv_1", whole(facts))

    assert (told.call_result, told.duration_s) == (result, 0.0)
    outcome = verdict(told)
    assert outcome is not None
    assert outcome.outcome == result


def test_a_list_has_it_in_short() -> None:
    assert summary(whole()) == {
        "agent_id": "agent_1",
        "conversation_id": "conv_1",
        "start_time_unix_secs": 1_800_000_000,
        "call_duration_secs": 10,
        "message_count": 3,
        "status": "done",
        "call_successful": "success",
        "direction": "outbound",
        "termination_reason": "end_call tool was called",
    }


def test_every_delivery_is_one_that_bridge_takes() -> None:
    sent = [
        transcription(whole(), BEGAN_S),
        initiation_failure(CALL, "agent_1", "busy", BEGAN_S),
        machine_detection(CALL, "agent_1", "machine_start", BEGAN_S),
    ]
    reports = [parse_post_call(json.loads(rendered(one))) for one in sent]
    told = [parse_platform_call("conv_1", one["data"]) for one in sent]

    assert [one.outcome for one in reports if one] == ["success", "busy", ""]
    assert {one.conversation for one in reports if one} == {"conv_1"}
    assert [one.machine for one in told] == ["", "", "machine_start"]
    assert told[1].carrier_call == "CA1"


def test_the_signature_is_the_platforms() -> None:
    body = rendered(transcription(whole(), BEGAN_S))

    verify(parse_signature(signature("secret", body, BEGAN_S + 0.9)), body, ["secret"], BEGAN_S)
