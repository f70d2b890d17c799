"""A mark becomes a call of the tool the platform offers, as its schema wants it, or nothing."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.control import (
    CONTROL_TOOLS,
    MAX_DIGITS,
    Act,
    ToolCallWire,
    ToolOutcome,
    build_call,
    is_control,
    is_terminal,
    offered,
    parse_result,
    split_tools,
)
from bridge.phrases import load_phrases

BOOK = load_phrases()
ENGLISH, SPANISH = BOOK.for_language("en"), BOOK.for_language("es")
TEXT: Mapping[str, Any] = {"type": "string"}


def tool(name: str, properties: object = None, required: object = None) -> dict[str, Any]:
    """A function tool as a platform offers it."""
    parameters: dict[str, Any] = {"type": "object"}
    if properties is not None:
        parameters["properties"] = properties
    if required is not None:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


END_CALL = tool("end_call", {"reason": TEXT, "message": TEXT}, ["reason"])
END_CALL_LIVE = tool(
    "end_call",
    {"reason": TEXT, "system__message_to_speak": TEXT},
    ["reason", "system__message_to_speak"],
)
SKIP = tool("skip_turn", {"reason": TEXT})
BOOKING = tool("book_table", {"seats": {"type": "integer"}}, ["seats"])
TRANSFER = tool(
    "transfer_to_number",
    {"reason": TEXT, "transfer_number": TEXT, "client_message": TEXT, "agent_message": TEXT},
    ["transfer_number", "client_message", "agent_message"],
)
TRANSFER_LIVE = tool(
    "transfer_to_number",
    {
        "transfer_number": {"type": "string", "enum": ["+15550100", "sip:desk@example.org"]},
        "agent_message": TEXT,
        "system__message_to_speak": {"anyOf": [TEXT, {"type": "null"}]},
    },
    ["transfer_number", "agent_message"],
)
TO_AGENT = tool(
    "transfer_to_agent",
    {"reason": TEXT, "agent_number": {"type": "integer", "minimum": 0, "maximum": 2}},
    ["agent_number"],
)
LANGUAGE = tool(
    "language_detection",
    {"reason": TEXT, "language": {"type": "string", "enum": ["en", "es", "pt-br"]}},
    ["reason", "language"],
)
KEYPAD = tool("play_keypad_touch_tone", {"reason": TEXT, "dtmf_tones": TEXT}, ["dtmf_tones"])
VOICEMAIL = tool("voicemail_detection", {"reason": TEXT}, ["reason"])

ALL = [BOOKING, END_CALL, SKIP, TRANSFER, TO_AGENT, LANGUAGE, KEYPAD, VOICEMAIL]


def arguments(
    mark: str, argument: str, *tools: dict[str, Any], last_words: str = "Goodbye then."
) -> Any:
    """What the call made of a mark holds, or `None` when it was refused."""
    call = build_call(mark, argument, tools, "call_1", last_words=last_words, phrases=ENGLISH)
    return None if call is None else json.loads(call.arguments)


def test_every_act_has_a_tool_that_can_stand_for_it() -> None:
    assert offered(ALL) == frozenset(act.value for act in Act)


def test_only_what_the_request_offers_is_offered() -> None:
    assert offered([BOOKING, END_CALL, SKIP]) == frozenset({"hang up", "wait"})
    assert offered([BOOKING]) == frozenset()


def test_control_tools_are_told_from_the_agents_own_tools() -> None:
    assert split_tools(ALL) == (tuple(ALL[1:]), (BOOKING,))
    assert is_control("end_call")
    assert not is_control("book_table")


def test_hanging_up_transferring_and_voicemail_end_our_part_of_the_call() -> None:
    assert {name for name in CONTROL_TOOLS if is_terminal(name)} == {
        "end_call",
        "transfer_to_number",
        "transfer_to_agent",
        "voicemail_detection",
    }
    assert not is_terminal("book_table")


def test_a_mark_becomes_one_whole_call() -> None:
    call = build_call("hang up", "", ALL, "call_7", last_words="Bye.", phrases=ENGLISH)

    assert call == ToolCallWire(
        id="call_7", name="end_call", arguments='{"reason":"The conversation is over."}'
    )


@pytest.mark.parametrize("name", ["hang up", "hang_up", "Hang Up", " hang-up "])
def test_a_mark_is_known_however_it_is_spelled(name: str) -> None:
    assert arguments(name, "", END_CALL) == {"reason": "The conversation is over."}


def test_an_act_that_is_not_offered_is_refused_quietly() -> None:
    assert arguments("transfer", "+15550100", END_CALL, BOOKING) is None
    assert arguments("dance", "", *ALL) is None


def test_a_goodbye_is_said_in_content_or_by_the_tool_and_never_by_both() -> None:
    said = arguments("hang up", "", END_CALL_LIVE, last_words="Goodbye, Ada.")
    unsaid = arguments("hang up", "", END_CALL_LIVE, last_words=" ")
    assert said["system__message_to_speak"] == ""
    assert unsaid["system__message_to_speak"] == "Goodbye."


@pytest.mark.parametrize(
    ("mark", "tool", "spoken"),
    [
        ("hang up", END_CALL_LIVE, {"system__message_to_speak": SPANISH.goodbye}),
        (
            "transfer +15550100",
            TRANSFER,
            {"client_message": SPANISH.putting_through, "agent_message": SPANISH.handed_over},
        ),
    ],
)
def test_what_a_tool_says_is_in_the_callers_language(
    mark: str, tool: dict[str, Any], spoken: dict[str, str]
) -> None:
    name, _, argument = mark.rpartition(" +")
    call = build_call(name or mark, f"+{argument}", [tool], "c", last_words="", phrases=SPANISH)
    assert call is not None
    assert spoken.items() <= json.loads(call.arguments).items()
    assert next(iter(spoken.values())) in call.arguments


def test_a_transfer_fills_the_documented_schema() -> None:
    assert arguments("transfer", "+1 (555) 010-0123", TRANSFER) == {
        "transfer_number": "+15550100123",
        "client_message": "",
        "agent_message": ENGLISH.handed_over,
    }


def test_a_transfer_fills_the_live_schema_and_spells_the_number_as_the_platform_does() -> None:
    assert arguments("transfer", "+1 555 0100", TRANSFER_LIVE) == {
        "transfer_number": "+15550100",
        "agent_message": ENGLISH.handed_over,
    }


def test_a_transfer_may_name_any_destination_the_platform_lists() -> None:
    made = arguments("transfer", "SIP:desk@example.org", TRANSFER_LIVE)
    assert made["transfer_number"] == "sip:desk@example.org"


@pytest.mark.parametrize("argument", ["", "the front desk", "911", "5550100", "+0123456789"])
def test_a_transfer_to_what_is_no_number_is_refused(argument: str) -> None:
    assert arguments("transfer", argument, TRANSFER) is None


def test_a_transfer_to_a_number_the_platform_does_not_list_is_refused() -> None:
    assert arguments("transfer", "+15550199", TRANSFER_LIVE) is None


def test_a_transfer_without_a_destination_takes_the_only_one_there_is() -> None:
    only = tool("transfer_to_number", {"number": {"enum": ["+15550100"]}}, ["number"])
    assert arguments("transfer", "", only) == {"number": "+15550100"}
    assert arguments("transfer", "", TRANSFER_LIVE) is None


def test_a_short_number_is_an_agents_place_in_the_list() -> None:
    assert arguments("transfer", "1", TRANSFER, TO_AGENT) == {"agent_number": 1}
    assert arguments("transfer", "3", TRANSFER, TO_AGENT) is None


def test_an_agents_place_stays_whole_when_the_schema_leaves_its_type_open() -> None:
    assert arguments("transfer", "1", tool("transfer_to_agent")) == {"agent_number": 1}
    as_text = tool("transfer_to_agent", {"agent_number": TEXT}, ["agent_number"])
    assert arguments("transfer", "1", as_text) == {"agent_number": "1"}
    listed = tool("transfer_to_agent", {"agent_number": {"enum": [0, 1]}}, ["agent_number"])
    assert arguments("transfer", "1", listed) == {"agent_number": 1}


@pytest.mark.parametrize(
    ("argument", "keys"),
    [("12#", "12#"), ("1 2-3", "123"), ("1,,2", "1ww2"), ("*0ab", "*0AB"), ("1W2w", "1W2w")],
)
def test_keys_are_pressed_as_written(argument: str, keys: str) -> None:
    assert arguments("press", argument, KEYPAD) == {"dtmf_tones": keys}


@pytest.mark.parametrize("argument", ["", "one", "1x", "١٢", "1" * (MAX_DIGITS + 1)])
def test_what_no_keypad_has_is_refused(argument: str) -> None:
    assert arguments("press", argument, KEYPAD) is None


def test_keys_may_be_wanted_one_by_one() -> None:
    keys = {"type": "array", "items": TEXT}
    assert arguments("press", "12#", tool("play_dtmf", {"digits": keys}, ["digits"])) == {
        "digits": ["1", "2", "#"]
    }


@pytest.mark.parametrize(
    ("argument", "language"),
    [("es", "es"), ("ES", "es"), ("es-MX", "es"), ("pt", "pt-br"), ("pt_BR", "pt-br")],
)
def test_a_language_is_taken_from_those_the_platform_speaks(argument: str, language: str) -> None:
    assert arguments("language", argument, LANGUAGE) == {
        "language": language,
        "reason": "The caller speaks another language.",
    }


@pytest.mark.parametrize("argument", ["", "ja", "Spanish please"])
def test_a_language_the_platform_does_not_speak_is_refused(argument: str) -> None:
    assert arguments("language", argument, LANGUAGE) is None


def test_an_optional_property_is_filled_only_when_it_carries_the_argument() -> None:
    optional = tool("play_dtmf", {"tones": TEXT, "reason": TEXT, "speed": {"type": "integer"}})
    assert arguments("press", "5", optional) == {"tones": "5"}
    assert arguments("wait", "", SKIP) == {}


def test_every_required_name_of_the_argument_is_given_it() -> None:
    both = tool("transfer_to_number", {}, ["transfer_number", "phone_number"])
    assert arguments("transfer", "+15550100", both) == {
        "transfer_number": "+15550100",
        "phone_number": "+15550100",
    }


def test_a_tool_without_a_place_for_the_argument_is_refused() -> None:
    assert arguments("press", "5", tool("play_dtmf", {"reason": TEXT}, ["reason"])) is None


def test_a_tool_without_a_schema_gets_the_documented_name() -> None:
    bare = {"type": "function", "function": {"name": "play_dtmf"}}
    assert arguments("press", "5", bare) == {"dtmf_tones": "5"}


def test_a_voicemail_is_left_to_the_platform() -> None:
    assert arguments("voicemail", "", VOICEMAIL) == {"reason": "An answering machine picked up."}


RESULTS = [
    ('{"result_type":"end_call_success","status":"success"}', True, "end_call_success"),
    (
        '{"result_type":"transfer_to_number_error","error":"busy"}',
        False,
        "transfer_to_number_error",
    ),
    ('[{"result_type":"play_dtmf_error"}]', False, "play_dtmf_error"),
    ('{"result_type":"noted","status":"error"}', False, "noted"),
    ('{"status":"success","error":null}', True, ""),
    ('{"error":"no such agent"}', False, ""),
    ('{"is_error":true}', False, ""),
    ('{"result_type":7}', True, ""),
    ("Error: the line is busy", False, ""),
    ('"error: busy"', False, ""),
    ("Tool called.", True, ""),
    ("[]", True, ""),
    ("", True, ""),
    ("[" * 100_000, True, ""),
]


@pytest.mark.parametrize(("content", "succeeded", "result_type"), RESULTS)
def test_a_result_says_whether_the_act_succeeded(
    content: str, succeeded: bool, result_type: str
) -> None:
    assert parse_result(content) == ToolOutcome(succeeded, result_type)


@settings(max_examples=150)
@given(st.sampled_from(["hang up", *Act]), st.text(max_size=40), st.text(max_size=5))
def test_no_argument_breaks_the_call(mark: str, argument: str, last_words: str) -> None:
    call = build_call(mark, argument, ALL, "c", last_words=last_words, phrases=ENGLISH)
    assert call is None or isinstance(json.loads(call.arguments), dict)


@settings(max_examples=150)
@given(st.text(max_size=200))
def test_no_result_breaks_the_reading(content: str) -> None:
    assert isinstance(parse_result(content).succeeded, bool)
