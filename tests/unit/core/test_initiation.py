"""What the platform tells while a call rings, and what we answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.chat import Message
from bridge.core.identity import CallIdentity, Strength, identify
from bridge.core.initiation import (
    NOT_STATED,
    UNKNOWN_CALL,
    VARIABLES,
    WITHHELD_CALLER,
    Introduction,
    first_message,
    language_by_number,
    opens_with,
    parse_ringing,
    variables,
)
from bridge.core.language import LANGUAGE_HEADER, language_of
from bridge.core.phone import E164
from bridge.core.session import SessionKey
from bridge.phrases import load_phrases

ENGLISH = load_phrases().for_language("en")
RINGING = {
    "caller_id": "+15550001234",
    "agent_id": "agent_0001",
    "called_number": "+15550100",
    "call_sid": "CA00000000000000000000000000000001",
    "conversation_id": "conv_0001",
}
"""As the platform sends it. Source: elevenlabs.io/docs, Twilio personalization (2026-11)."""

CALL = CallIdentity(
    conversation="conv_0001",
    caller=E164("+15550001234"),
    called=E164("+15550100"),
    call="CA00000000000000000000000000000001",
    direction="inbound",
    is_call=True,
    strength=Strength.CONVERSATION,
    thread="conv:conv_0001",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=5,
)

# -- what rings -----------------------------------------------------------------------------------


def test_a_call_that_rings_is_read_whole() -> None:
    assert parse_ringing(RINGING) == CALL


def test_it_is_the_call_that_its_own_requests_will_name() -> None:
    """Whatever we state in variables comes back as headers, and means the same caller."""
    stated = variables(CALL, key=SessionKey("phone:x"))
    headers = {VARIABLES[name]: value for name, value in stated.items()}
    headers["x-bridge-conversation"] = "conv_0001"

    assert identify(headers, [])[0] == CALL


@pytest.mark.parametrize(
    "caller", [None, "", "anonymous", "Restricted", "+266696687", "sip:a@b", 15550001234, ["+1"]]
)
def test_a_caller_that_is_no_number_is_withheld_and_stays_so(caller: object) -> None:
    ringing = parse_ringing({**RINGING, "caller_id": caller})
    stated = variables(ringing)
    headers = {VARIABLES[name]: value for name, value in stated.items()}

    assert (ringing.caller, ringing.is_call) == (None, True)
    assert stated["bridge_caller"] == WITHHELD_CALLER
    assert identify(headers, [])[0].is_call
    assert identify(headers, [])[0].caller is None


@pytest.mark.parametrize("conversation", [None, "", "{{x}}", "x" * 257, "a\x07b", 7])
def test_a_conversation_that_can_not_be_is_left_to_the_turns(conversation: object) -> None:
    ringing = parse_ringing({**RINGING, "conversation_id": conversation})

    assert (ringing.conversation, ringing.caller) == (None, CALL.caller)


@given(st.dictionaries(st.sampled_from([*RINGING, "more"]), JSON))
def test_nothing_in_a_ringing_is_an_error_and_every_variable_is_always_stated(
    body: dict[str, Any],
) -> None:
    stated = variables(parse_ringing(body))

    assert stated.keys() == VARIABLES.keys()
    assert all(value and value.isascii() and value.isprintable() for value in stated.values())
    assert stated["bridge_direction"] == "inbound"
    assert stated["bridge_call"] != NOT_STATED


# -- variables ------------------------------------------------------------------------------------


def test_variables_hold_what_is_known() -> None:
    assert variables(CALL, key=SessionKey("phone:x"), language="de") == {
        "bridge_session_key": "phone:x",
        "bridge_caller": "+15550001234",
        "bridge_called": "+15550100",
        "bridge_call": "CA00000000000000000000000000000001",
        "bridge_direction": "inbound",
        "bridge_language": "de",
    }


def test_what_is_not_known_leaves_the_rest_to_the_turns_and_is_still_a_call() -> None:
    assert variables(CallIdentity()) == {
        "bridge_session_key": NOT_STATED,
        "bridge_caller": WITHHELD_CALLER,
        "bridge_called": NOT_STATED,
        "bridge_call": UNKNOWN_CALL,
        "bridge_direction": "inbound",
        "bridge_language": NOT_STATED,
    }


def test_a_call_that_we_place_says_so_and_names_both_sides_and_our_id() -> None:
    ours = CallIdentity(
        caller=E164("+15550100"),
        called=E164("+15550001234"),
        call="call_0123456789abcdef",
        direction="outbound",
        is_outbound=True,
        is_call=True,
    )
    told = variables(ours, key=SessionKey("phone:x"), language=None)
    assert told == {
        "bridge_session_key": "phone:x",
        "bridge_caller": "+15550100",
        "bridge_called": "+15550001234",
        "bridge_call": "call_0123456789abcdef",
        "bridge_direction": "outbound",
        "bridge_language": NOT_STATED,
    }


def test_a_call_id_that_no_header_can_carry_is_not_known() -> None:
    assert variables(CallIdentity(call="звонок"))["bridge_call"] == UNKNOWN_CALL


def test_a_language_that_nobody_stated_leaves_the_caller_to_be_heard() -> None:
    german = [Message.of("user", "Guten Morgen, ich möchte bitte einen Termin")]

    assert language_of(german, {LANGUAGE_HEADER: NOT_STATED}, "en") == "de"
    assert language_of(german, {LANGUAGE_HEADER: "es"}, "en") == "es"


# -- the greeting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "greeting", "said"),
    [
        ("auto", "", ENGLISH.greeting),
        ("auto", "auto", ENGLISH.greeting),
        ("auto", "Ada's desk.", "Ada's desk."),
        ("Hello!", "Ada's desk.", "Hello!"),
        ("Hello!", "", "Hello!"),
        ("", "Ada's desk.", ""),
    ],
)
def test_what_is_said_first(setting: str, greeting: str, said: str) -> None:
    assert first_message(setting, greeting, ENGLISH) == said


def test_the_question_for_the_code_comes_with_the_greeting_and_never_alone() -> None:
    asked = first_message("Hello!", "", ENGLISH, asks_code=True)

    assert asked == f"Hello! {ENGLISH.pin_ask}"
    assert first_message("", "", ENGLISH, asks_code=True) == ""


@pytest.mark.parametrize(
    ("number", "language"),
    [
        ("+4930123456", "de"),
        ("+41445556677", "de"),
        ("+41915556677", "it"),
        ("+5511988887777", "pt-BR"),
        ("+15550001234", None),
        (None, None),
    ],
)
def test_the_longest_prefix_says_the_language(number: E164 | None, language: str | None) -> None:
    entries = ("+41=de", "+4191=it", "+49=de", "+55=pt-BR")

    assert language_by_number(number, entries) == language
    assert language_by_number(number, reversed(entries)) == language


# -- the answer -----------------------------------------------------------------------------------


def test_an_answer_overrides_nothing_that_needn_t_be() -> None:
    stated = variables(CALL)
    plain = {"type": "conversation_initiation_client_data", "dynamic_variables": stated}

    assert Introduction(stated).render() == plain
    assert Introduction(stated, "Hello!").render() == {
        **plain,
        "conversation_config_override": {"agent": {"first_message": "Hello!"}},
    }
    assert Introduction(stated, "Olá!", "pt-BR").render() == {
        **plain,
        "conversation_config_override": {"agent": {"first_message": "Olá!", "language": "pt-br"}},
    }


# -- a refusal that was heard ---------------------------------------------------------------------

SYSTEM = Message.of("system", "Be brief.")
REFUSED = Message.of("assistant", ENGLISH.refused)


@pytest.mark.parametrize(
    ("messages", "opens"),
    [
        ([], False),
        ([SYSTEM], False),
        ([SYSTEM, REFUSED], True),
        ([SYSTEM, REFUSED, Message.of("user", "But why?")], True),
        ([Message.of("assistant", f" {ENGLISH.refused.replace(' ', '  ')}\n")], True),
        ([Message.of("assistant", ""), REFUSED], True),
        ([Message.of("user", "Hello"), REFUSED], False),
        ([Message.of("user", ENGLISH.refused)], False),
        ([Message.of("assistant", "Hello!"), REFUSED], False),
        ([Message.of("assistant", ENGLISH.refused[:12])], False),
    ],
)
def test_a_refusal_counts_as_heard_when_it_came_first_and_whole(
    messages: list[Message], *, opens: bool
) -> None:
    assert opens_with(messages, {ENGLISH.refused}) is opens
