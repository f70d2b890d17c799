"""A turn as the gateway wants it."""

from typing import Any

import pytest

from bridge.core.chat import Message, parse_request
from bridge.core.session import SessionKey
from bridge.ports.upstream import Ask
from bridge.upstreams.openclaw.request import PASSED, agent_of, render_body, render_headers

KEY = SessionKey("phone:abc")
SYSTEM = {"role": "system", "content": "You are Ada."}
HISTORY = (
    SYSTEM,
    {"role": "user", "content": "Is nine free?"},
    {"role": "assistant", "content": "It is."},
)
USER = {"role": "user", "content": "Book it"}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "done"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
TOOL = {"type": "function", "function": {"name": "send_sms"}}


def _messages(*wires: dict[str, Any]) -> tuple[Message, ...]:
    return parse_request({"messages": list(wires)}).messages


def _sent(*newest: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    ask = Ask(_messages(*HISTORY, *newest), _messages(*newest), **{"session_key": KEY, **fields})
    return list(render_body(ask, "main")["messages"])


def test_only_what_is_new_is_sent() -> None:
    assert _sent(USER) == [USER]


def test_our_instructions_go_along_every_time_and_the_platforms_do_not() -> None:
    assert _sent(USER, instructions="OURS") == [{"role": "system", "content": "OURS"}, USER]


def test_what_was_heard_stands_in_front_of_the_utterance() -> None:
    assert _sent(USER, note="[heard: It]") == [{"role": "user", "content": "[heard: It]\nBook it"}]


def test_several_new_utterances_are_one_message() -> None:
    assert _sent({"role": "user", "content": "Yes"}, USER, note="[n]") == [
        {"role": "user", "content": "[n]\nYes\nBook it"}
    ]


def test_a_result_goes_alone() -> None:
    assert _sent({"role": "user", "content": "earlier"}, RESULT) == [RESULT]


def test_a_note_without_an_utterance_goes_beside_the_result() -> None:
    assert _sent(RESULT, note="[n]", instructions="OURS") == [
        {"role": "system", "content": "OURS\n\n[n]"},
        RESULT,
    ]


def test_a_result_before_an_utterance_is_not_lost() -> None:
    assert _sent(RESULT, USER) == [RESULT, USER]


def test_pictures_stay_with_the_words() -> None:
    parts = [{"type": "text", "text": "What is this?"}, PICTURE]

    assert _sent({"role": "user", "content": parts}, note="[n]") == [
        {"role": "user", "content": [{"type": "text", "text": "[n]\nWhat is this?"}, PICTURE]}
    ]


def test_a_plain_client_means_its_own_system_messages() -> None:
    assert _sent(USER, plain=True) == [SYSTEM, USER]


def test_a_request_that_stands_alone_brings_its_whole_dialogue() -> None:
    assert _sent(USER, session_key=None, instructions="OURS", note="[n]") == [
        SYSTEM,
        {"role": "system", "content": "OURS"},
        *HISTORY[1:],
        {"role": "user", "content": "[n]\nBook it"},
    ]
    assert _sent(USER, session_key=None) == [*HISTORY, USER]


def test_only_fields_that_the_gateway_hands_on_are_passed() -> None:
    known: dict[str, Any] = dict.fromkeys(PASSED, 1)
    unknown = {"user": "u", "n": 1, "tool_choice": "auto", "metadata": {}, "reasoning_effort": "x"}
    ask = Ask(_messages(USER), _messages(USER), session_key=KEY, params={**known, **unknown})

    assert render_body(ask, "main") == {
        **known,
        "model": "openclaw/main",
        "messages": [USER],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_tools_go_along_with_their_choice() -> None:
    ask = Ask(
        _messages(USER),
        _messages(USER),
        session_key=KEY,
        tools=(TOOL,),
        params={"tool_choice": "required"},
    )
    body = render_body(ask, "")

    assert (body["model"], body["tools"], body["tool_choice"]) == ("openclaw", [TOOL], "required")


@pytest.mark.parametrize(
    ("key", "agent", "headers"),
    [
        (
            "phone:abc",
            "main",
            {"x-openclaw-agent-id": "main", "x-openclaw-session-key": "agent:main:phone:abc"},
        ),
        (
            "agent:desk:main",
            "desk",
            {"x-openclaw-agent-id": "desk", "x-openclaw-session-key": "agent:desk:main"},
        ),
        (
            "agent:desk",
            "main",
            {"x-openclaw-agent-id": "main", "x-openclaw-session-key": "agent:main:agent:desk"},
        ),
        ("phone:abc", "", {"x-openclaw-session-key": "phone:abc"}),
        (None, "main", {"x-openclaw-agent-id": "main"}),
        (None, "", {}),
    ],
)
def test_the_headers_that_route_a_turn(
    key: str | None, agent: str, headers: dict[str, str]
) -> None:
    session = None if key is None else SessionKey(key)

    assert render_headers(session, agent) == {"x-openclaw-message-channel": "voice", **headers}


@pytest.mark.parametrize(
    ("key", "agent"),
    [
        ("agent:desk:main", "desk"),
        ("AGENT:Desk:a:b", "Desk"),
        ("agent:desk", ""),
        ("agent:desk:", ""),
        ("agent::x", ""),
        ("phone:abc:def", ""),
        (None, ""),
    ],
)
def test_a_full_key_names_its_agent(key: str | None, agent: str) -> None:
    assert agent_of(None if key is None else SessionKey(key)) == agent
