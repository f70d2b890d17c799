"""What an operator sees of turns afterwards: one line each, figures, a hint. Our design 13."""

import json
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from typing import Any

import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, Program, program
from tests.fakes.web_server import until

CHAT = "/v1/chat/completions"
STAGES = ("classify_ms", "settle_ms", "think_ms", "shape_ms", "speak_ms")


class Written(StringIO):
    """The log, at its most talkative."""

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The lines of that event."""
        read = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in read if line["event"] == event]


@pytest.fixture
def written() -> Iterator[Written]:
    stream = Written()
    with logging_to(stream, "json"):
        yield stream


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def bridge(agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(agent) as running:
        yield running


async def ask(
    bridge: Program, words: str = "Hi", *, path: str = CHAT, **headers: str
) -> tuple[int, str]:
    """One streamed request of the platform: the status, the body."""
    named = {"x_bridge_conversation": "conv_1", **headers}
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": words}]}
    async with bridge.http(**named) as client:
        answer = await client.post(path, json=body)
    return answer.status_code, answer.text


async def test_each_turn_is_a_line_with_its_conversation_and_stages_that_sum_to_the_whole(
    bridge: Program, agent: FakeAgent, written: Written
) -> None:
    agent.reply("Two ", "meetings.", after_s=0.01, gap_s=0.01)
    await ask(bridge)
    await until(lambda: written.lines("turn.finished"))

    (line,) = written.lines("turn.finished")
    assert (line["conversation"], line["kind"], line["outcome"]) == ("conv_1", "new", "done")
    assert sum(line[stage] for stage in STAGES) == pytest.approx(line["took_ms"], abs=0.01)
    assert min(line["think_ms"], line["speak_ms"]) > 0


async def test_a_repeat_is_counted_beside_the_run_it_joined(
    bridge: Program, written: Written
) -> None:
    await ask(bridge)
    await ask(bridge)
    async with bridge.http(OPERATOR_TOKEN) as operator:
        figures = (await operator.get("/metrics")).text

    assert 'bridge_turns_total{class="new",outcome="done"} 1.0' in figures
    assert 'bridge_turns_total{class="repeat",outcome="joined"} 1.0' in figures
    assert [line["conversation"] for line in written.lines("turn.joined")] == ["conv_1"]
    assert len(written.lines("turn.finished")) == 1


async def test_a_plain_request_that_failed_leaves_its_cause(
    bridge: Program, agent: FakeAgent, written: Written
) -> None:
    agent.refuse(503)
    status, _ = await ask(bridge, x_bridge_profile="plain")
    async with bridge.http(OPERATOR_TOKEN) as operator:
        figures = (await operator.get("/metrics")).text

    (line,) = written.lines("plain.failed")
    assert (status, line["code"], line["why"], line["status"]) == (
        502,
        "upstream_unavailable",
        "server",
        503,
    )
    assert 'bridge_upstream_errors_total{why="server"} 1.0' in figures


async def test_an_odd_path_is_answered_and_hinted_at_once(
    bridge: Program, written: Written
) -> None:
    odd = "/v1/chat/completions/chat/completions"
    for count in range(2):
        assert (await ask(bridge, f"Hi {count}", path=odd))[0] == 200
    await ask(bridge)

    (line,) = written.lines("request.odd_path")
    assert (line["level"], line["path"]) == ("warning", odd)
    assert "/v1" in line["reason"]
