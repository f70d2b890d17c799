"""The platform's own tools."""

import json

import pytest

from bridge.core.control import offered, parse_result
from bridge.rehearsal.system_tools import (
    DOCUMENTED,
    LIVE,
    Toolbox,
    ToolUse,
    asks_again,
    ends_call,
    result_of,
)

TRANSFER = {
    "params": {
        "transfers": [{"transfer_destination": {"type": "phone", "phone_number": "+15550100"}}]
    }
}


def use(name: str, **arguments: object) -> ToolUse:
    return ToolUse("call_1", name, json.dumps(arguments))


def test_bridge_knows_what_it_may_do_with_them() -> None:
    everything = Toolbox({name: {} for name in LIVE}).offered()

    assert offered(everything) >= {"hang up", "transfer", "language", "wait", "press"}


def test_a_tool_is_offered_when_the_agent_has_it_and_the_platform_does() -> None:
    box = Toolbox({"end_call": {}, "skip_turn": None, "transfer_to_number": TRANSFER}, ["end_call"])

    assert [tool["function"]["name"] for tool in box.offered()] == ["end_call"]
    assert Toolbox({"update_state": {}}).offered() == []


@pytest.mark.parametrize(
    ("documented", "required"),
    [
        (False, ["transfer_number", "agent_message"]),
        (True, ["transfer_number", "client_message", "agent_message"]),
    ],
)
def test_the_schemas_are_the_live_ones_or_the_documented(
    documented: bool,
    required: list[str],
) -> None:
    (tool,) = Toolbox({"transfer_to_number": {}}, documented=documented).offered()

    assert tool["function"]["parameters"]["required"] == required
    assert set(tool["function"]["parameters"]["properties"]) >= set(required)


def test_an_agent_may_describe_its_tools_itself() -> None:
    (tool,) = Toolbox({"end_call": {"name": "end_call", "description": "Bye."}}).offered()

    assert tool["function"]["description"] == "Bye."
    assert Toolbox({"end_call": {"description": ""}}).offered()[0]["function"]["description"]


def test_whole_numbers_are_asked_for_where_the_platform_wants_them() -> None:
    (tool,) = Toolbox({"transfer_to_agent": {}}).offered()

    assert tool["function"]["parameters"]["properties"]["agent_number"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("used", "why"),
    [
        (use("end_call", reason="over"), ""),
        (use("end_call"), "missing argument 'reason'"),
        (ToolUse("call_1", "end_call", "{"), "the arguments are not a JSON object"),
        (ToolUse("call_1", "end_call", "[]"), "the arguments are not a JSON object"),
        (use("skip_turn"), "there is no tool 'skip_turn'"),
        (use("make_coffee"), "there is no tool 'make_coffee'"),
        (use("transfer_to_number", transfer_number="+15550100", agent_message="x"), ""),
        (
            use("transfer_to_number", transfer_number="+15550199", agent_message="x"),
            "not a number that calls may be transferred to",
        ),
    ],
)
def test_a_wrong_call_is_rejected_with_a_reason(used: ToolUse, why: str) -> None:
    assert Toolbox({"end_call": {}, "transfer_to_number": TRANSFER}).why_not(used) == why


def test_any_number_will_do_where_the_agent_names_none() -> None:
    used = use("transfer_to_number", transfer_number="+15550199", agent_message="x")

    assert Toolbox({"transfer_to_number": {}}).why_not(used) == ""


@pytest.mark.parametrize("name", ["system__message_to_speak", "message", "client_message"])
def test_what_a_tool_is_to_say_is_spoken_and_not_repeated_in_its_result(name: str) -> None:
    used = use("end_call", reason="over", **{name: "Bye!"})

    assert used.spoken == "Bye!"
    assert result_of(used, "") == {
        "result_type": "end_call_success",
        "status": "success",
        "reason": "over",
    }


def test_a_tool_that_has_nothing_to_say_says_nothing() -> None:
    assert use("end_call", reason="over", message=7).spoken == ""
    assert ToolUse("call_1", "end_call", "[]").spoken == ""
    assert ToolUse("call_1", "end_call", "").given == {}


@pytest.mark.parametrize("name", LIVE)
def test_bridge_can_read_how_it_went(name: str) -> None:
    assert parse_result(json.dumps(result_of(use(name), ""))).succeeded
    assert not parse_result(json.dumps(result_of(use(name), "no"))).succeeded


def test_after_an_end_or_a_silence_nobody_is_asked_again() -> None:
    assert {name for name in LIVE if not asks_again(name)} == {
        "end_call",
        "transfer_to_number",
        "transfer_to_agent",
        "voicemail_detection",
        "skip_turn",
    }
    assert not ends_call("skip_turn")
    assert asks_again("make_coffee")
    assert DOCUMENTED.keys() == LIVE.keys()
