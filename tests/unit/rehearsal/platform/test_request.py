"""What the platform asks."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.rehearsal.performance import Why
from bridge.rehearsal.platform.history import Carried, History
from bridge.rehearsal.platform.opening import PROMPT, Opening
from bridge.rehearsal.platform.request import chat_url, question
from bridge.rehearsal.system_tools import Toolbox, ToolUse

PROMPT_CONFIG = {"custom_llm": {"url": "https://phone.example/v1", "model_id": "bridge"}}
HISTORY = History().heard("Hello.", 0.0).said("What time is it?", 2.0)


def opened(
    introduced: Mapping[str, Any] | None = None, prompt: Mapping[str, Any] = PROMPT_CONFIG
) -> Opening:
    return Opening("agent_1", "Hello.", "en", prompt, PROMPT, {}, {}, introduced or {})


def test_it_has_the_whole_history_and_the_tools() -> None:
    tools = Toolbox({"end_call": {}})

    asked = question(opened(), HISTORY, tools, 1, Why.UTTERANCE)

    assert asked.body == {
        "model": "bridge",
        "messages": [
            {"role": "system", "content": PROMPT},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "What time is it?"},
        ],
        "max_tokens": 5000,
        "stream": True,
        "temperature": 0.0,
        "tools": tools.offered(),
    }
    assert (asked.line, asked.why, asked.utterance) == (1, Why.UTTERANCE, "What time is it?")
    assert not asked.tells_results


def test_who_is_called_goes_with_it_where_it_was_introduced() -> None:
    introduced = {"user_id": "call_1", "custom_llm_extra_body": {"a": 1}}

    body = question(opened(introduced), HISTORY, Toolbox({}), 1, Why.UTTERANCE).body

    assert (body["user_id"], body["elevenlabs_extra_body"]) == ("call_1", {"a": 1})
    assert "tools" not in body


@pytest.mark.parametrize(
    ("prompt", "key", "value"),
    [({"temperature": None}, "temperature", None), ({"max_tokens": 80}, "max_tokens", 80)],
)
def test_it_follows_the_agents_settings(prompt: Mapping[str, Any], key: str, value: object) -> None:
    asked = opened(prompt={**PROMPT_CONFIG, **prompt})

    assert question(asked, HISTORY, Toolbox({}), 1, Why.UTTERANCE).body.get(key) == value


def test_results_of_tools_are_known_as_such() -> None:
    history = HISTORY.heard("", 3.0, carried=[Carried(ToolUse("call_1", "skip_turn", "{}"))])

    assert question(opened(), history, Toolbox({}), 1, Why.TOOL).tells_results


@pytest.mark.parametrize("path", ["/v1", "/v1/"])
def test_it_is_asked_where_the_address_is_now(path: str) -> None:
    prompt = {"custom_llm": {"url": f"https://phone.example{path}"}}

    url = chat_url(opened(prompt=prompt), "https://moved.example/")

    assert url == "https://moved.example/v1/chat/completions"
