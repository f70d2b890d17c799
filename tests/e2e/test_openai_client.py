"""The official `openai` client works against it unchanged. Its promises: github.com/openai/openai-python."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.fakes.agent import FakeAgent
from tests.fakes.agent_script import VENDOR_TEXT
from tests.fakes.program import PLATFORM_TOKEN, Program, program

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def bridge(agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(agent) as running:
        yield running


def says(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def test_a_whole_reply(bridge: Program, agent: FakeAgent) -> None:
    agent.reply("It is **nine** o'clock.")
    async with bridge.openai() as client:
        reply = await client.chat.completions.create(model="bridge", messages=says("What time?"))

    assert reply.choices[0].message.content == "It is nine o'clock."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "bridge"
    assert reply.usage is not None
    assert reply.usage.total_tokens == 10


async def test_a_streamed_reply_with_usage(bridge: Program, agent: FakeAgent) -> None:
    agent.reply("It is ", "nine ", "o'clock.")
    async with bridge.openai() as client:
        stream = await client.chat.completions.create(
            model="bridge",
            messages=says("What time?"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]

    words = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert words == ["It is ", "nine ", "o'clock."]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 10


@pytest.mark.parametrize("profile", ["voice", "plain"])
async def test_a_tool_call_comes_back_whole_and_its_result_goes_on(
    bridge: Program, agent: FakeAgent, profile: str
) -> None:
    agent.call_tool("weather", '{"city": "Oslo"}', call_id="call_7")
    async with bridge.openai(x_bridge_profile=profile, x_bridge_conversation="c1") as client:
        stream = await client.chat.completions.create(
            model="bridge", messages=says("Weather?"), tools=[WEATHER], stream=True
        )
        chunks = [chunk async for chunk in stream]
        calls = [call for c in chunks for call in c.choices[0].delta.tool_calls or ()]
        function = calls[0].function
        assert function is not None
        agent.reply("Rain in Oslo.")
        answered: Any = [
            *says("Weather?"),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": calls[0].id,
                        "type": "function",
                        "function": {"name": function.name, "arguments": function.arguments},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": calls[0].id, "content": "rain"},
        ]
        reply = await client.chat.completions.create(
            model="bridge", messages=answered, tools=[WEATHER]
        )

    assert [(c.id, function.name, function.arguments) for c in calls] == [
        ("call_7", "weather", '{"city": "Oslo"}')
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert reply.choices[0].message.content == "Rain in Oslo."
    assert agent.requests[-1].body["messages"][-1]["content"] == "rain"


async def test_the_synchronous_client(bridge: Program, agent: FakeAgent) -> None:
    agent.reply("Hello there.")

    def ask() -> tuple[str | None, list[str]]:
        with OpenAI(base_url=bridge.url, api_key=PLATFORM_TOKEN, max_retries=0) as client:
            whole = client.chat.completions.create(model="bridge", messages=says("Hi"))
            stream = client.chat.completions.create(
                model="bridge", messages=says("Hi"), stream=True
            )
            words = [c.choices[0].delta.content or "" for c in stream]
            return whole.choices[0].message.content, words

    whole, words = await asyncio.to_thread(ask)

    assert (whole, "".join(words)) == ("Hello there.", "Hello there.")


async def test_models_are_listed_and_found(bridge: Program) -> None:
    async with bridge.openai() as client:
        listed = [model.id async for model in client.models.list()]
        found = await client.models.retrieve(listed[0])
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-none")

    assert listed == ["bridge", "fake-model"]
    assert found.id == "bridge"


async def test_a_wrong_token_is_an_authentication_error(bridge: Program) -> None:
    async with bridge.openai() as client:
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="wrong").chat.completions.create(
                model="bridge", messages=says("Hi")
            )


async def test_a_bad_request_names_the_field(bridge: Program) -> None:
    async with bridge.openai() as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(
                model="bridge",
                messages=[{"role": "robot", "content": "Hi"}],  # type: ignore[list-item, misc]  # wrong on purpose
            )

    assert caught.value.param == "messages[0].role"


@pytest.mark.parametrize("profile", ["voice", "plain"])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, openai.InternalServerError),
        (401, openai.InternalServerError),
        (429, openai.RateLimitError),
    ],
)
async def test_a_failing_agent_is_a_status_where_nothing_streams(
    bridge: Program, agent: FakeAgent, profile: str, status: int, error: type[openai.APIStatusError]
) -> None:
    agent.refuse(status, retry_after="7")
    async with bridge.openai(x_bridge_profile=profile) as client:
        with pytest.raises(error) as caught:
            await client.chat.completions.create(model="bridge", messages=says("Hi"))

    assert caught.value.response.status_code == (429 if status == 429 else 502)
    assert VENDOR_TEXT not in caught.value.response.text


async def test_a_plain_stream_that_breaks_ends_in_an_error(
    bridge: Program, agent: FakeAgent
) -> None:
    agent.fail("Half a ")
    async with bridge.openai(x_bridge_profile="plain") as client:
        stream = await client.chat.completions.create(
            model="bridge", messages=says("Hi"), stream=True
        )
        with pytest.raises(openai.APIError) as caught:
            async for _chunk in stream:
                pass

    assert VENDOR_TEXT not in str(caught.value)


async def test_a_plain_request_goes_through_untouched(bridge: Program, agent: FakeAgent) -> None:
    agent.reply("**Bold** [[hang up]] `code`")
    asked: Any = [{"role": "system", "content": "Be terse."}, *says("Hi")]
    async with bridge.openai(x_bridge_profile="plain") as client:
        reply = await client.chat.completions.create(
            model="bridge", messages=asked, temperature=0.5, seed=7
        )

    body = agent.requests[0].body
    assert reply.choices[0].message.content == "**Bold** [[hang up]] `code`"
    assert body["messages"] == asked
    assert (body["temperature"], body["seed"]) == (0.5, 7)
