"""The client on a real socket: what it sends, and what it makes of servers that are a bit off."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bridge.errors import VendorBrokePromise, VendorRejected, VendorUnavailable
from bridge.ports.upstream import Finish, Text, ToolCall, UpstreamEvent
from bridge.vendors import chat_completions, sse
from bridge.vendors.chat_completions import ChatClient, Server, tidy_url
from tests.fakes.agent import Act, FakeAgent, Part, Script
from tests.fakes.agent_wire import Chunks, call_delta

pytestmark = pytest.mark.anyio

BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def client(agent: FakeAgent) -> AsyncIterator[ChatClient]:
    async with chat_completions.connect(_server(agent)) as client:
        yield client


def _server(agent: FakeAgent, token: str = "") -> Server:
    return Server("acme", agent.url, SecretStr(token or agent.token), timeout_s=5)


async def _hear(client: ChatClient) -> list[UpstreamEvent]:
    async with asyncio.timeout(5), client.ask(BODY) as events:
        return [event async for event in events]


async def test_every_header_is_one_of_ours(agent: FakeAgent, client: ChatClient) -> None:
    await _hear(client)

    headers = dict((await agent.asked()).headers)
    assert headers.pop("user-agent").startswith("bridge/")
    assert headers.pop("content-length").isdigit()
    assert headers == {
        "host": agent.url.split("/")[2],
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {agent.token}",
        "connection": "keep-alive",
        "content-type": "application/json",
    }


async def test_proxies_of_the_environment_are_not_used(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with chat_completions.connect(_server(agent)) as client:
        assert (await _hear(client))[-1] == Finish("stop")


async def test_a_token_that_no_header_may_hold_is_told_without_showing_it(
    agent: FakeAgent,
) -> None:
    async with chat_completions.connect(_server(agent, "two\nlines")) as client:
        with pytest.raises(VendorRejected) as caught:
            await _hear(client)

    assert "lines" not in f"{caught.value.message} {caught.value.__cause__}"
    assert not caught.value.asked


CHUNK = Chunks("id", "m")
HI = CHUNK.delta({"content": "Hi"})
STOP = CHUNK.delta({}, "stop")
USAGE = CHUNK.bare(choices=[], usage={"total_tokens": 5})


@pytest.mark.parametrize(
    ("parts", "usage"),
    [
        ((HI, STOP, USAGE, b"data: [DONE]\n\n"), {"total_tokens": 5}),
        ((HI, STOP, USAGE, b"data: [DONE]"), {"total_tokens": 5}),
        ((HI, STOP, USAGE), {"total_tokens": 5}),
        ((HI, STOP, USAGE[:20], USAGE[20:]), {"total_tokens": 5}),
        ((HI, STOP), None),
        ((HI, STOP, USAGE[:20]), None),
        ((HI, b"data: [DONE]\n\n"), None),
        ((HI + STOP, Act.DROP), None),
        ((HI, STOP, b"data: rubbish\n\n", Act.DROP), None),
        ((HI, b"data: [DONE]\n\n", Act.DROP), None),
        ((CHUNK.delta({"content": "Hi"}, "stop")[:-2],), None),
        ((b": hello\r\n\r\n", HI.replace(b"\n", b"\r\n"), STOP), None),
    ],
)
async def test_a_reply_is_whole_however_its_server_ends_it(
    agent: FakeAgent, client: ChatClient, parts: tuple[Part, ...], usage: object
) -> None:
    agent.play(Script(parts, opens=False, finish=None, done=False))

    assert await _hear(client) == [Text("Hi"), Finish("stop", usage)]  # type: ignore[arg-type] # parametrized


@pytest.mark.parametrize("last", [STOP, STOP + b"data: [DONE]\n\n"])
async def test_a_server_that_never_ends_its_stream_does_not_hold_the_turn(
    agent: FakeAgent, client: ChatClient, monkeypatch: pytest.MonkeyPatch, last: bytes
) -> None:
    monkeypatch.setattr(chat_completions, "TAIL_S", 0.01)
    monkeypatch.setattr(chat_completions, "DRAIN_S", 0.01)
    agent.play(Script((HI, last, Act.HANG), opens=False))

    assert await _hear(client) == [Text("Hi"), Finish("stop")]
    await agent.until(lambda: agent.connections == 0)


async def test_a_tool_call_is_told_before_usage_is_waited_for(
    agent: FakeAgent, client: ChatClient
) -> None:
    gate = asyncio.Event()
    call = CHUNK.delta(call_delta({"id": "c1", "function": {"name": "look_up", "arguments": "{}"}}))
    agent.play(Script((call, STOP, gate, USAGE), opens=False, finish=None))
    async with asyncio.timeout(5), client.ask(BODY) as events:
        first = await anext(events)
        gate.set()
        rest = [event async for event in events]

    assert first == ToolCall("c1", "look_up", "{}")
    assert rest == [Finish("tool_calls", {"total_tokens": 5})]


async def test_bytes_cut_anywhere_give_the_same_words(agent: FakeAgent, client: ChatClient) -> None:
    whole = CHUNK.delta({"content": "漢字 é 😀"}) + STOP
    agent.play(Script(tuple(whole[i : i + 1] for i in range(len(whole))), opens=False))

    assert (await _hear(client))[0] == Text("漢字 é 😀")


async def test_a_line_without_an_end_is_a_broken_promise(
    agent: FakeAgent, client: ChatClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    agent.rubbish(b"data: " + b"x" * 2000)

    with pytest.raises(VendorBrokePromise, match="line without an end"):
        await _hear(client)


async def test_many_turns_at_once_keep_their_connections(
    agent: FakeAgent, client: ChatClient
) -> None:
    """Httpcore's default would close every connection once more than 20 are open."""
    gate = asyncio.Event()
    agent.reply("Hi", gate=gate)
    for _ in range(2):
        gate.clear()
        seen = len(agent.requests)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_hear(client)) for _ in range(40)]
            await agent.asked(seen + 40)
            gate.set()
        assert all(task.result()[-1] for task in tasks)

    assert agent.connections == 40


async def test_an_error_with_a_long_body_is_still_told(
    agent: FakeAgent, client: ChatClient
) -> None:
    agent.refuse(500, body=b"x" * 1_000_000)

    with pytest.raises(VendorUnavailable):
        await _hear(client)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"data":{}}'])
async def test_a_list_of_models_in_no_known_form_is_a_broken_promise(
    agent: FakeAgent, client: ChatClient, body: bytes
) -> None:
    agent.models_body = body

    with pytest.raises(VendorBrokePromise):
        await client.models()


async def test_odd_entries_in_a_list_of_models_are_passed_over(
    agent: FakeAgent, client: ChatClient
) -> None:
    agent.models_body = b'{"data":[{"id":"one"},{"id":5},{},"two"]}'

    assert await client.models() == ("one",)


async def test_an_endless_list_of_models_is_cut(
    agent: FakeAgent, client: ChatClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_completions, "LIST_BYTES", 1000)
    agent.models_body = b"x" * 1_000_000

    with pytest.raises(VendorBrokePromise):
        await client.models()


async def test_the_code_of_an_error_is_read(agent: FakeAgent, client: ChatClient) -> None:
    agent.refuse(429, body=b'{"error":{"code":"insufficient_quota","message":"secret"}}')

    with pytest.raises(VendorRejected) as caught:
        await _hear(client)
    assert caught.value.why == "quota"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:18789/v1", "http://127.0.0.1:18789/v1"),
        (" http://127.0.0.1:18789/v1/ ", "http://127.0.0.1:18789/v1"),
        ("http://127.0.0.1:18789", "http://127.0.0.1:18789/v1"),
        ("https://example.com/", "https://example.com/v1"),
        ("https://example.com/v1/chat/completions", "https://example.com/v1"),
        ("https://example.com/v1beta/openai", "https://example.com/v1beta/openai"),
        ("http://[::1]:80/v1", "http://[::1]/v1"),
    ],
)
def test_a_base_url_is_tidied(given: str, base: str) -> None:
    assert tidy_url(given) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "example.com/v1",
        "ftp://example.com",
        "http://",
        "http://user:pass@example.com/v1",
        "http://example.com/v1?key=secret",
        "http://example.com:port/v1",
    ],
)
def test_what_is_no_base_url_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        tidy_url(given)

    assert "pass" not in str(caught.value)
    assert "secret" not in str(caught.value)
