"""The fake agent is honest: the official OpenAI client can talk to it, and it sees what it must."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from tests.fakes.agent import FakeAgent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def client(agent: FakeAgent) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=agent.url, api_key=agent.token, max_retries=0) as client:
        yield client


def _user(text: str) -> list[ChatCompletionUserMessageParam]:
    return [{"role": "user", "content": text}]


async def test_the_official_client_reads_a_stream(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    agent.reply("It is nine o'clock.", to="what time")

    stream = await client.chat.completions.create(
        model="m",
        messages=_user("what time is it"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    said = [c.choices[0].delta.content for c in chunks if c.choices]
    assert said == [None, "It", " is", " nine", " o'clock.", None]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 10
    assert (await agent.answered()).messages == _user("what time is it")


async def test_the_official_client_reads_a_whole_reply(client: openai.AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="m", messages=_user("hello"))

    assert whole.choices[0].message.content == "You said: hello"


async def test_the_official_client_reads_a_tool_call_in_pieces(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    agent.call_tool("end_call", '{"reason":"done"}', "Bye.")

    async with client.chat.completions.stream(model="m", messages=_user("hang up")) as stream:
        whole = await stream.get_final_completion()

    calls = whole.choices[0].message.tool_calls
    assert calls is not None
    assert [(c.id, c.function.name, c.function.arguments) for c in calls] == [
        ("call_1", "end_call", '{"reason":"done"}')
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_the_official_client_maps_what_it_refuses(
    agent: FakeAgent,
    client: openai.AsyncOpenAI,
    status: int,
    error: type[openai.APIStatusError],
) -> None:
    agent.refuse(status)

    with pytest.raises(error):
        await client.chat.completions.create(model="m", messages=_user("hello"))


async def test_models_are_listed_to_whoever_has_the_token(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    assert [m.id async for m in await client.models.list()] == ["fake-model"]
    async with openai.AsyncOpenAI(base_url=agent.url, api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.models.list()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"model":"m"}',
        b'{"model":"m","messages":[]}',
        b'{"model":1,"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","stream":"true","messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","messages":[{"role":"nobody","content":"x"}]}',
        b'{"model":"m","messages":[{"role":"tool","tool_call_id":"c","content":"x"}]}',
    ],
)
async def test_a_body_that_openai_refuses_is_refused(agent: FakeAgent, body: bytes) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        got = await client.post(
            f"{agent.url}/chat/completions",
            content=body,
            headers={"authorization": f"Bearer {agent.token}"},
        )

    assert got.status_code == 400
    assert agent.requests == []


async def test_a_gate_holds_the_words_back_and_a_client_that_leaves_is_seen(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    gate = asyncio.Event()
    agent.reply("Hello", gate, " there.")

    stream = await client.chat.completions.create(model="m", messages=_user("hi"), stream=True)
    chunks = aiter(stream)
    said = [(await anext(chunks)).choices[0].delta.content for _ in range(2)]
    await stream.close()
    left = await agent.closed()

    assert said == [None, "Hello"]
    assert not left.was_whole
    assert left.closed_at_s is not None
    assert left.closed_at_s >= left.asked_at_s


async def test_a_connection_is_kept_for_the_next_request(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    for text in ("one", "two"):
        await client.chat.completions.create(model="m", messages=_user(text))

    assert len(agent.requests) == 2
    assert agent.connections == 1


async def test_what_is_told_once_is_done_once_and_the_longest_fit_wins(
    agent: FakeAgent, client: openai.AsyncOpenAI
) -> None:
    agent.reply("any")
    agent.reply("longer", to="hello there")
    agent.reply("shorter", to="hello")
    agent.reply("first", once=True)

    got = [
        (await client.chat.completions.create(model="m", messages=_user(text)))
        for text in ("hello there", "hello there", "hello", "bye")
    ]

    assert [g.choices[0].message.content for g in got] == ["first", "longer", "shorter", "any"]


async def test_an_openclaw_refuses_what_the_gateway_refuses() -> None:
    async with (
        FakeAgent(openclaw=True, agents=("main", "phone")) as agent,
        httpx.AsyncClient(
            trust_env=False, headers={"authorization": f"Bearer {agent.token}"}
        ) as client,
    ):

        async def status(model: str, text: str = "hi", **headers: str) -> int:
            body = {"model": model, "messages": _user(text)}
            url = f"{agent.url}/chat/completions"
            return (await client.post(url, json=body, headers=headers)).status_code

        got = [
            await status("openclaw/phone"),
            await status("openclaw"),
            await status("openclaw", **{"x-openclaw-agent-id": "main"}),
            await status("openclaw/nobody"),
            await status("gpt-4o"),
            await status("openclaw/phone", ""),
            await status("openclaw/phone", **{"x-forwarded-for": "192.0.2.1"}),
        ]
        agent.enabled = False
        got.append(await status("openclaw/phone"))

    assert got == [200, 400, 200, 400, 400, 400, 403, 404]
