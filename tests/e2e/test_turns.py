"""Turns over real sockets, as an impatient and stateless platform makes them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.program import Program, program
from tests.fakes.web_server import until

SETTINGS = {"TURN__FIRST_WORDS_MS": "60", "TURN__GRACE_S": "0.3"}
"""Short times, so that nobody waits; order and counts are what is checked, never durations."""

END_CALL: Any = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Ends the call.",
        "parameters": {
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "system__message_to_speak": {"type": "string"},
            },
            "required": ["reason"],
        },
    },
}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def bridge(agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(agent, SETTINGS) as running:
        yield running


class Request:
    """One streamed request of the platform."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.chunks: list[dict[str, Any]] = []

    async def read(self) -> "Request":
        """To the end."""
        async for line in self._lines:
            if line.startswith("data: {"):
                self.chunks.append(json.loads(line[6:]))
        return self

    async def first_words(self) -> str:
        """Up to the first words."""
        async for line in self._lines:
            if line.startswith("data: {"):
                self.chunks.append(json.loads(line[6:]))
                if self.text:
                    break
        return self.text

    @property
    def text(self) -> str:
        return "".join(c["choices"][0]["delta"].get("content") or "" for c in self.chunks)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [x for c in self.chunks for x in c["choices"][0]["delta"].get("tool_calls", ())]

    @property
    def kind(self) -> str:
        return self.response.headers["x-bridge-turn"].partition(";")[0]


@asynccontextmanager
async def asking(
    bridge: Program, *dialogue: str, call: str = "call-1", **body: Any
) -> AsyncIterator[Request]:
    """The caller's words and the replies in turn, the caller first. Leaving closes it."""
    roles = ("user", "assistant")
    said = [{"role": roles[i % 2], "content": text} for i, text in enumerate(dialogue)]
    system = {"role": "system", "content": "You are the voice of a shop."}
    async with (
        bridge.http(x_bridge_conversation=call) as client,
        client.stream(
            "POST",
            "/v1/chat/completions",
            json={"model": "bridge", "stream": True, "messages": [system, *said], **body},
        ) as response,
    ):
        assert response.status_code == 200
        yield Request(response)


async def ask(bridge: Program, *dialogue: str, **body: Any) -> Request:
    """A whole reply."""
    async with asking(bridge, *dialogue, **body) as request:
        return await request.read()


async def test_five_identical_requests_at_one_moment_make_one_run_and_five_equal_replies(
    bridge: Program, agent: FakeAgent
) -> None:
    gate = asyncio.Event()
    agent.reply("Friday has two meetings.", gate=gate)
    replies = [asyncio.ensure_future(ask(bridge, "What is on?")) for _ in range(5)]
    await agent.asked()
    await until(lambda: bridge.served.connections == 5)
    gate.set()
    read = await asyncio.gather(*replies)

    assert len(agent.requests) == 1
    assert {request.text for request in read} == {"Friday has two meetings."}
    assert sorted(request.kind for request in read) == ["new", *["repeat"] * 4]


async def test_a_retry_after_a_disconnect_before_the_first_word_attaches(
    bridge: Program, agent: FakeAgent
) -> None:
    gate = asyncio.Event()
    agent.reply("Booked for nine.", gate=gate)
    async with asking(bridge, "Book me for nine"):
        await agent.asked()
    async with asking(bridge, "Book me for nine") as retry:
        gate.set()
        await retry.read()

    assert retry.kind == "repeat"
    assert retry.text.endswith("Booked for nine.")
    assert len(agent.requests) == 1


async def test_a_disconnect_before_words_stops_the_agent_after_grace(
    bridge: Program, agent: FakeAgent
) -> None:
    agent.hang()
    async with asking(bridge, "Book me for nine"):
        await agent.asked()
    await agent.closed()

    assert len(agent.requests) == 1


async def test_a_longer_transcript_stops_the_run_and_replaces_it(
    bridge: Program, agent: FakeAgent
) -> None:
    agent.hang(once=True)
    async with asking(bridge, "What is on"):
        await agent.asked()
        longer = await ask(bridge, "What is on on Friday?")
        await agent.closed(1)

    assert longer.kind == "revised"
    assert longer.text.endswith("You said: What is on on Friday?")
    assert [visit.utterance for visit in agent.requests] == ["What is on", "What is on on Friday?"]


async def test_a_disconnect_after_words_stops_the_agent_at_once(
    agent: FakeAgent, record_property: Any
) -> None:
    """The figure is written down; nothing is asserted about time. Grace is longer than the test."""
    async with program(agent, {"TURN__GRACE_S": "30"}) as bridge:
        agent.hang("Let me tell you ", to="story")
        async with asking(bridge, "Tell me a story") as request:
            await request.first_words()
            left_at_s = asyncio.get_running_loop().time()
        visit = await agent.closed()

    assert visit.closed_at_s is not None
    record_property("closed_after_ms", 1000 * (visit.closed_at_s - left_at_s))


async def test_a_slow_agent_is_covered_by_fillers_that_its_next_history_does_not_hold(
    bridge: Program, agent: FakeAgent
) -> None:
    gate = asyncio.Event()
    agent.reply("Two meetings.", gate=gate)
    async with asking(bridge, "What is on?") as request:
        filler = await request.first_words()
        gate.set()
        await request.read()
    agent.reply("Nine and ten.")
    await ask(bridge, "What is on?", request.text, "When?")

    assert filler.endswith("... ")
    assert request.text == f"{filler}Two meetings."
    history = [(m["role"], m["content"]) for m in agent.requests[-1].body["messages"]]
    assert history[-3:] == [
        ("user", "What is on?"),
        ("assistant", "Two meetings."),
        ("user", "When?"),
    ]


async def test_a_failing_agent_is_heard_as_one_honest_sentence(
    bridge: Program, agent: FakeAgent
) -> None:
    agent.refuse(500)
    request = await ask(bridge, "What is on?")

    assert request.response.status_code == 200
    assert request.text.endswith(".")
    assert request.chunks[-1]["choices"][0]["finish_reason"] == "stop"


async def test_last_words_finish_before_the_hang_up(agent: FakeAgent) -> None:
    async with FakeAgent(openclaw=True) as gateway, program(gateway) as bridge:
        gateway.reply("Good", "bye.\n[[ha", "ng up]]")
        request = await ask(bridge, "Bye", tools=[END_CALL])

    assert request.text.strip() == "Goodbye."
    assert [call["function"]["name"] for call in request.calls] == ["end_call"]
    assert json.loads(request.calls[0]["function"]["arguments"])["reason"]
    assert request.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_nothing_is_left_when_everybody_has_gone(bridge: Program, agent: FakeAgent) -> None:
    agent.hang("Once ", to="story")
    for count in range(5):
        async with asking(bridge, f"Tell me story {count}", call=f"call-{count}") as request:
            await request.first_words()
    for count in range(5):
        await agent.closed(count + 1)
    await until(lambda: bridge.bridge.turns.live_runs == 0)
    await until(lambda: agent.connections == 0)

    assert len(agent.requests) == 5
