"""What a stateless server is sent, and how it is examined."""

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bridge.core.chat import Message, parse_request
from bridge.errors import VendorRejected
from bridge.ports.upstream import Ask, Verdict
from bridge.upstreams import openai
from bridge.upstreams.openai import Settings, render_body
from tests.fakes.agent import FakeAgent

pytestmark = pytest.mark.anyio

SETTINGS = Settings(url="http://127.0.0.1:1/v1")
SYSTEM = {"role": "system", "content": "You are Ada."}
DEVELOPER = {"role": "developer", "content": "Be brief."}
USER = {"role": "user", "content": "hello", "name": "caller"}
TOOL = {"type": "function", "function": {"name": "end_call"}}


def _messages(*wires: dict[str, Any]) -> tuple[Message, ...]:
    return parse_request({"messages": list(wires)}).messages


def _ask(*wires: dict[str, Any], **fields: Any) -> Ask:
    messages = _messages(*wires)
    return Ask(messages, messages[-1:], **fields)


def test_the_whole_history_goes_along_with_every_field_it_came_with() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "end_call", "arguments": "{}"}}
    wires = (
        SYSTEM,
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    )
    ask = _ask(*wires, tools=(MappingProxyType(TOOL),), params={"user": "u", "tool_choice": "auto"})

    assert render_body(SETTINGS, ask, "m") == {
        "user": "u",
        "tool_choice": "auto",
        "model": "m",
        "messages": list(wires),
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [TOOL],
    }


@pytest.mark.parametrize(
    ("keep", "sent"),
    [
        (True, ["You are Ada.", "Be brief.", "OURS", "hello", "Mind the time."]),
        (False, ["OURS", "hello"]),
    ],
)
def test_our_manner_stands_behind_the_platforms_prompt_or_in_its_place(
    keep: bool, sent: list[str]
) -> None:
    settings = SETTINGS.model_copy(update={"platform_prompt": keep})
    ask = _ask(
        SYSTEM,
        DEVELOPER,
        USER,
        {"role": "system", "content": "Mind the time."},
        instructions="OURS",
    )

    assert [m["content"] for m in render_body(settings, ask, "m")["messages"]] == sent


def test_no_instructions_add_no_message() -> None:
    assert render_body(SETTINGS, _ask(SYSTEM, USER), "m")["messages"] == [SYSTEM, USER]


def test_the_plain_profile_is_passed_as_it_came() -> None:
    settings = SETTINGS.model_copy(update={"platform_prompt": False})
    ask = _ask(SYSTEM, USER, plain=True, params={"tool_choice": "none"})

    body = render_body(settings, ask, "m")

    assert body["messages"] == [SYSTEM, USER]
    assert body["tool_choice"] == "none"


def test_the_note_is_for_agents_that_remember() -> None:
    ask = _ask(USER, note="[The caller heard only: One]")

    assert render_body(SETTINGS, ask, "m")["messages"] == [USER]


def test_fields_that_need_tools_stay_behind_without_any() -> None:
    ask = _ask(USER, params={"tool_choice": "auto", "parallel_tool_calls": False, "seed": 1})

    body = render_body(SETTINGS, ask, "m")

    assert set(body) == {"model", "messages", "stream", "stream_options", "seed"}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(models=("one", "two")) as agent:
        yield agent


def _settings(agent: FakeAgent, **more: object) -> Settings:
    return Settings.model_validate({"url": agent.url, "token": agent.token, **more})


@pytest.mark.parametrize(
    ("setting", "asked_for", "sent"),
    [("mine", "theirs", "mine"), ("mine", "", "mine"), ("", "theirs", "theirs")],
)
async def test_a_model_that_was_set_goes_before_a_plain_requests_own(
    agent: FakeAgent, setting: str, asked_for: str, sent: str
) -> None:
    async with (
        openai.connect(_settings(agent, model=setting)) as upstream,
        upstream.ask(_ask(USER, model=asked_for, plain=True)) as events,
    ):
        _ = [event async for event in events]

    assert (await agent.asked()).body["model"] == sent


@pytest.mark.parametrize("name", ["", "bridge", "openai"])
async def test_a_plain_request_for_what_we_call_our_model_gets_the_servers_only_one(
    agent: FakeAgent, name: str
) -> None:
    agent.models = ("only",)
    async with (
        openai.connect(_settings(agent)) as upstream,
        upstream.ask(_ask(USER, model=name, plain=True)) as events,
    ):
        _ = [event async for event in events]

    assert (await agent.asked()).body["model"] == "only"


@pytest.mark.parametrize(
    ("status", "listed", "asked_for", "sent", "lists"),
    [
        (404, b"", "bridge", "bridge", 1),
        (200, b"<html>", "bridge", "bridge", 1),
        (200, b'{"data":[]}', "bridge", "bridge", 1),
        (501, b"", "bridge", "bridge", 2),
        (404, b"", "", "default", 1),
        (200, b'{"data":[{"id":"one"},{"id":"two"}]}', "two", "two", 2),
    ],
)
async def test_a_server_that_lists_no_models_is_asked_for_what_the_platform_asks_for(
    agent: FakeAgent, status: int, listed: bytes, asked_for: str, sent: str, lists: int
) -> None:
    agent.models_status, agent.models_body = status, listed
    async with openai.connect(_settings(agent)) as upstream:
        for _ in range(2):
            async with upstream.ask(_ask(USER, model=asked_for)) as events:
                _ = [event async for event in events]

    assert [visit.body["model"] for visit in agent.requests] == [sent, sent]
    assert [visit.path for visit in agent.visits].count("/v1/models") == lists


async def test_a_server_that_refuses_our_token_is_not_asked_without_knowing_its_model(
    agent: FakeAgent,
) -> None:
    agent.models_status = 401
    async with openai.connect(_settings(agent)) as upstream:
        with pytest.raises(VendorRejected):
            await upstream.ask(_ask(USER)).__aenter__()

    assert agent.requests == []


async def test_without_any_model_the_only_one_is_learnt_once(agent: FakeAgent) -> None:
    agent.models = ("only",)
    async with openai.connect(_settings(agent)) as upstream:
        for _ in range(2):
            async with upstream.ask(_ask(USER)) as events:
                _ = [event async for event in events]

    assert [visit.path for visit in agent.visits].count("/v1/models") == 1
    assert [visit.body["model"] for visit in agent.requests] == ["only", "only"]


async def test_without_any_model_and_several_to_choose_from_the_hint_names_them(
    agent: FakeAgent,
) -> None:
    async with openai.connect(_settings(agent)) as upstream:
        with pytest.raises(VendorRejected) as caught:
            await upstream.ask(_ask(USER)).__aenter__()

    assert not caught.value.asked
    assert "'one', 'two'" in caught.value.hint
    assert agent.requests == []


async def test_warming_up_runs_no_model(agent: FakeAgent) -> None:
    async with openai.connect(_settings(agent)) as upstream:
        await upstream.warm_up()

    assert [(visit.method, visit.path) for visit in agent.visits] == [("GET", "/v1/models")]


@pytest.mark.parametrize(
    ("model", "models", "verdict", "said"),
    [
        ("two", ("one", "two"), Verdict.OK, "has 'two'"),
        ("", ("one",), Verdict.OK, "one model, 'one'"),
        ("three", ("one", "two"), Verdict.WARN, "does not list 'three'"),
        ("", ("one", "two"), Verdict.WARN, "No model is set"),
        ("three", (), Verdict.WARN, "does not list 'three'"),
    ],
)
async def test_the_model_is_examined(
    agent: FakeAgent, model: str, models: tuple[str, ...], verdict: Verdict, said: str
) -> None:
    agent.models = models
    async with openai.connect(_settings(agent, model=model)) as upstream:
        address, token, found = await upstream.examine()

    assert (address.verdict, token.verdict, found.verdict) == (Verdict.OK, Verdict.OK, verdict)
    assert said in found.message
    assert ("upstream.model" in found.cure) is (verdict is not Verdict.OK and bool(models))


async def test_a_server_without_a_list_of_models_is_a_doubt_and_no_failure(
    agent: FakeAgent,
) -> None:
    agent.models_status = 404
    async with openai.connect(_settings(agent, model="m")) as upstream:
        (found,) = await upstream.examine()

    assert (found.check, found.verdict) == ("upstream address", Verdict.WARN)


async def test_a_hint_names_no_more_models_than_one_can_read(agent: FakeAgent) -> None:
    agent.models = tuple(f"model-{n}" for n in range(300))
    async with openai.connect(_settings(agent)) as upstream:
        found = (await upstream.examine())[-1]

    assert found.cure.count("model-") == 8
    assert found.cure.endswith("….")


@pytest.mark.parametrize(("given", "calls"), [(None, True), (True, True), (False, False)])
async def test_whether_it_calls_tools_is_a_setting(given: bool | None, calls: bool) -> None:
    async with openai.connect(SETTINGS.model_copy(update={"calls_tools": given})) as upstream:
        assert upstream.calls_tools is calls


def test_the_token_is_never_shown() -> None:
    settings = Settings(url="http://127.0.0.1", token=SecretStr("sesame"))

    assert "sesame" not in f"{settings!r} {settings.model_dump_json()}"


def test_a_wrong_address_is_refused_with_its_setting() -> None:
    with pytest.raises(ValidationError, match="must begin with http"):
        Settings(url="example.com")
