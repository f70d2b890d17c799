"""The voice platform's side of a call."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.platform import PROMPT, TOOLS, Call, ToolUse
from bridge.core.chat import parse_request
from bridge.core.control import offered, parse_result
from bridge.core.dialogue import News, read

SYSTEM = {"role": "system", "content": PROMPT}


def use(name: str, **arguments: object) -> ToolUse:
    return ToolUse("call_1", name, json.dumps(arguments))


def hang_up() -> ToolUse:
    return use("end_call", reason="over")


def test_each_request_has_the_whole_history_and_every_tool() -> None:
    call = Call("conv_1")
    call.say("What time is it?")
    call.hear("It is nine.")
    call.say("Thanks.")

    assert call.body == {
        "model": "bridge",
        "messages": [
            SYSTEM,
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": "It is nine."},
            {"role": "user", "content": "Thanks."},
        ],
        "temperature": 0.0,
        "max_tokens": 5000,
        "stream": True,
        "tools": list(TOOLS),
    }


def test_its_tools_are_those_that_bridge_knows_as_control_acts() -> None:
    assert offered(TOOLS) == {"hang up", "transfer", "language", "wait", "press"}


def test_the_conversation_and_the_caller_travel_as_headers() -> None:
    assert Call("conv_1").headers == {"x-bridge-conversation": "conv_1"}
    assert Call("conv_1", "+15550100").headers == {
        "x-bridge-conversation": "conv_1",
        "x-bridge-caller": "+15550100",
    }


@pytest.mark.parametrize("silence", ["", "  "])
def test_silence_leaves_the_history_as_it_is(silence: str) -> None:
    call = Call("conv_1")
    call.say("Hello")
    call.hear("Hi.")
    before = call.body
    call.say(silence)
    call.hear("")

    assert call.body == before
    assert read(parse_request(call.body).messages).news is News.NOTHING


def test_a_tool_call_is_carried_out_and_its_result_sent_back() -> None:
    call = Call("conv_1")
    call.say("Bye")
    call.hear("Goodbye.", [hang_up()])

    assert call.is_over
    *_, reply, result = call.body["messages"]
    assert reply == {
        "role": "assistant",
        "content": "Goodbye.",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "end_call", "arguments": '{"reason": "over"}'},
            }
        ],
    }
    assert json.loads(result.pop("content")) == {
        "result_type": "end_call_success",
        "status": "success",
        "reason": "over",
    }
    assert result == {"role": "tool", "tool_call_id": "call_1"}


def test_a_reply_of_nothing_but_a_tool_call_has_no_words() -> None:
    call = Call("conv_1")
    call.hear("", [use("skip_turn")])

    assert call.body["messages"][1]["content"] is None
    assert not call.is_over


@pytest.mark.parametrize(
    ("used", "shown", "ends"),
    [
        (hang_up(), "[hangs up]", True),
        (
            use("transfer_to_number", transfer_number="+15550100", agent_message="A caller."),
            "[transfers to +15550100]",
            True,
        ),
        (use("language_detection", reason="", language="es"), "[goes on in es]", False),
        (use("skip_turn"), "[waits]", False),
        (use("play_keypad_touch_tone", dtmf_tones="12#"), "[presses 12#]", False),
    ],
)
def test_each_act_is_shown_and_carried_out(used: ToolUse, shown: str, ends: bool) -> None:
    call = Call("conv_1")
    call.hear("", [used])

    assert used.describe() == shown
    assert call.is_over is ends
    assert parse_result(call.body["messages"][-1]["content"]).succeeded


@pytest.mark.parametrize(
    ("used", "wrong"),
    [
        (use("make_coffee"), "there is no tool 'make_coffee'"),
        (use("end_call"), "missing argument 'reason'"),
        (ToolUse("call_1", "end_call", "{"), "the arguments are not a JSON object"),
        (ToolUse("call_1", "end_call", "[]"), "the arguments are not a JSON object"),
    ],
)
def test_what_the_platform_refuses_is_not_carried_out(used: ToolUse, wrong: str) -> None:
    call = Call("conv_1")
    call.hear("", [used])

    assert used.describe() == f"[refused: {wrong}]"
    assert not call.is_over
    assert not parse_result(call.body["messages"][-1]["content"]).succeeded


def test_what_a_tool_is_to_say_is_spoken() -> None:
    assert use("end_call", reason="", system__message_to_speak="Bye!").spoken == "Bye!"
    assert hang_up().spoken == ""


@given(st.lists(st.tuples(st.text(), st.text(), st.booleans()), max_size=8))
def test_whatever_is_said_and_heard_is_a_request_that_bridge_takes(
    turns: list[tuple[str, str, bool]],
) -> None:
    call = Call("conv_1")
    for utterance, heard, ends in turns:
        call.say(utterance)
        call.hear(heard, [hang_up()] if ends else [])

    request = parse_request(call.body)

    said = [utterance for utterance, _, _ in turns if utterance.strip()]
    assert [m.text for m in request.messages if m.role == "user"] == said
    assert call.is_over is any(ends for _, _, ends in turns)
