"""How a conversation begins at the platform."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from bridge.core.initiation import NOT_STATED, Introduction, parse_ringing, variables
from bridge.provision.agent import created
from bridge.provision.wish import Wish
from bridge.rehearsal.platform.opening import (
    NORMALISATION,
    PROMPT,
    Opening,
    PhoneCall,
    Stopped,
    check_introduction,
    opening,
)

WISH = Wish(
    name="bridge",
    public_url="https://phone.example",
    token="token",
    webhook_token="hook",
    greetings={"en": "Hello.", "de": "Hallo."},
)
AGENT = created(WISH, {"token": "s1", "webhook_token": "s2", "post_call": "w1"})
CALL = PhoneCall("conv_1", "inbound", "+15550001234", "+15550100", "CA1")


def begins(
    introduced: Mapping[str, Any] | None = None,
    agent: Mapping[str, Any] = AGENT,
    call: PhoneCall = CALL,
    first_message: str | None = None,
) -> Opening:
    return opening(agent, introduced or {}, call, "token", first_message)


def changed(path: str, value: Any) -> dict[str, Any]:
    agent: dict[str, Any] = copy.deepcopy(dict(AGENT))
    part = agent
    *steps, last = path.split(".")
    for step in steps:
        part = part[step]
    part[last] = value
    return agent


def test_it_begins_as_it_was_provisioned() -> None:
    begun = begins()

    assert (begun.first_message, begun.language, begun.system) == ("Hello.", "en", PROMPT)
    assert begun.agent_id == "agent_rehearsal"
    assert begun.headers["authorization"] == "Bearer token"
    assert begun.headers["x-bridge-conversation"] == "conv_1"
    assert begun.headers["x-bridge-caller"] == NOT_STATED
    assert begun.headers["ngrok-skip-browser-warning"] == "1"


def test_bridges_own_answer_is_obeyed() -> None:
    ringing = parse_ringing(CALL.ringing("agent_1"))
    answer = Introduction(variables(ringing), "Guten Tag.", "DE").render()

    begun = begins(answer)

    assert (begun.first_message, begun.language) == ("Guten Tag.", "de")
    assert begun.headers["x-bridge-caller"] == "+15550001234"
    assert begun.headers["x-bridge-call"] == "CA1"
    assert begun.headers["x-bridge-direction"] == "inbound"


@pytest.mark.parametrize(
    ("answer", "own", "said"),
    [
        ({}, None, "Hello."),
        ({}, "Good day.", "Good day."),
        ({}, "", ""),
        ({"language": "de"}, None, "Hallo."),
        ({"language": "nl"}, None, "Hello."),
        ({"language": "de", "first_message": "Moin."}, "Good day.", "Moin."),
    ],
)
def test_the_nearest_first_message_is_said(
    answer: Mapping[str, Any], own: str | None, said: str
) -> None:
    introduced = {"conversation_config_override": {"agent": answer}}

    assert begins(introduced, first_message=own).first_message == said


def test_who_calls_whom_depends_on_the_direction() -> None:
    outbound = PhoneCall("conv_1", "outbound", "+15550001234", "+15550100", "CA1")

    assert CALL.system()["system__caller_id"] == "+15550001234"
    assert outbound.system()["system__caller_id"] == "+15550100"
    assert outbound.system()["system__called_number"] == "+15550001234"


def test_a_withheld_number_is_told_as_such() -> None:
    withheld = PhoneCall("conv_1", "inbound", "", "+15550100", "CA1")

    assert withheld.ringing("agent_1")["caller_id"] == "anonymous"
    assert parse_ringing(withheld.ringing("agent_1")).caller is None


def test_variables_are_filled_into_prompt_and_greeting() -> None:
    agent = changed("conversation_config.agent.first_message", "Hello {{ bridge_language }}.")
    agent["conversation_config"]["agent"]["prompt"]["prompt"] = "On {{system__conversation_id}}."
    agent["conversation_config"]["tts"]["text_normalisation_type"] = "system_prompt"

    begun = begins({"dynamic_variables": {"bridge_language": "nl"}}, agent)

    assert begun.first_message == "Hello nl."
    assert begun.system == "On conv_1." + NORMALISATION


def test_authorization_among_the_request_headers_is_not_sent() -> None:
    path = "conversation_config.agent.prompt.custom_llm.request_headers"
    headers = {"Authorization": "Basic x", "x-secret": {"secret_id": "s9"}, "x-plain": "1"}

    sent = begins(agent=changed(path, headers)).headers

    assert sent == {"x-plain": "1", "authorization": "Bearer token"}


STOPS: list[tuple[Mapping[str, Any], str]] = [
    ({"conversation_config_override": {"agent": {"prompt": {}}}}, "Override not allowed"),
    ({"conversation_config_override": {"tts": {"voice_id": "x"}}}, "tts.voice_id"),
    ({"dynamic_variables": {"system__caller_id": "x"}}, "Invalid dynamic variables"),
    ({"dynamic_variables": {"bridge_caller": None}}, "bridge_caller"),
    ({"dynamic_variables": []}, ""),
    ({"dynamic_variables": "x"}, "wrong at dynamic_variables"),
    ({"conversation_config_override": 7}, "wrong at conversation_config_override"),
    ({"greeting": "Hi."}, "nobody knows: greeting"),
]


@pytest.mark.parametrize(("introduced", "why"), [one for one in STOPS if one[1]])
def test_what_the_platform_would_give_up_for_stops_the_call(
    introduced: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(Stopped, match=why):
        begins(introduced)


def test_an_introduction_is_an_object() -> None:
    with pytest.raises(Stopped, match="no object"):
        check_introduction([])


def test_a_variable_without_a_value_stops_the_call() -> None:
    agent = changed("conversation_config.agent.first_message", "Hello {{name}}.")

    with pytest.raises(Stopped, match="Missing required dynamic variables: name"):
        begins(agent=agent)


def test_what_goes_on_with_each_request_must_be_permitted() -> None:
    introduced = {"custom_llm_extra_body": {"x": 1}}
    path = "platform_settings.overrides.custom_llm_extra_body"

    assert begins(introduced).introduced == introduced
    with pytest.raises(Stopped, match="custom_llm_extra_body"):
        begins(introduced, changed(path, value=False))
