"""`bridge chat`: a call from the terminal, as the voice platform would make it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.program import program
from tests.fakes.terminal import bridge, point_at

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def alone(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine of its own, with the log left as the test runner has it."""
    monkeypatch.setattr("bridge.log.configure", lambda *_: None)


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeAgent]:
    """A fake agent with a bridge before it, where the settings say."""
    async with (
        FakeAgent() as agent,
        program(agent, {"TURN__FIRST_WORDS_MS": "50"}) as running,
    ):
        point_at(running.served.url, monkeypatch)
        yield agent


def turns(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_what_is_said_is_answered_on_standard_output_and_nothing_else_is(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.reply("It is nine.", to="time")

    assert await bridge("chat", "--say", "What time is it?") == 0

    shown = capsys.readouterr()
    assert shown.out == "It is nine.\n"
    first, second = shown.err.splitlines()
    assert first == "> What time is it?"
    assert second.startswith("  first words 0.")


async def test_the_agent_is_told_the_whole_history_each_time(agent: FakeAgent) -> None:
    agent.reply("Nine.", to="time")

    assert await bridge("chat", "--say", "The time?", "--say", "And the date?") == 0

    asked = agent.requests[-1].body["messages"]
    spoken = [(m["role"], m["content"]) for m in asked if m["role"] != "system"]
    assert spoken == [("user", "The time?"), ("assistant", "Nine."), ("user", "And the date?")]
    assert [tool["function"]["name"] for tool in agent.requests[-1].body["tools"]][:2] == [
        "end_call",
        "transfer_to_number",
    ]


async def test_json_is_an_object_a_turn(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.reply("Nine.", to="time")

    assert await bridge("chat", "--json", "--say", "The time?", "--say", "") == 0

    first, silence = turns(capsys)
    assert first.pop("first_words_ms") <= first.pop("total_ms")
    assert first == {
        "utterance": "The time?",
        "reply": "Nine.",
        "fillers": [],
        "calls": [],
        "status": "done",
    }
    assert silence["calls"][0]["name"] == "skip_turn"
    assert (silence["reply"], silence["first_words_ms"]) == ("", None)


async def test_fillers_are_told_from_the_agents_words(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.reply("Here you are.", to="slow", after_s=0.3)

    assert await bridge("chat", "--json", "--say", "A slow one, please") == 0

    (turn,) = turns(capsys)
    assert len(turn["fillers"]) == 1
    assert turn["reply"] == f"{turn['fillers'][0]}Here you are."


async def test_a_call_that_the_agent_ends_is_over(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.call_tool("end_call", '{"reason": "said goodbye"}', "Goodbye.", to="bye")

    assert await bridge("chat", "--say", "bye", "--say", "one more", "--say", "two more") == 0

    shown = capsys.readouterr()
    assert shown.out == "Goodbye.\n[hangs up]\n"
    assert "The call was over before 2 more could be said." in shown.err
    assert len(agent.requests) == 1


async def test_the_agent_may_open_the_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program(settings={"TURN__GREETING": "Hello, this is Molty."}) as running:
        point_at(running.served.url, monkeypatch)
        assert await bridge("chat", "--greet", "--json", "--say", "") == 0

    assert turns(capsys)[0]["reply"] == "Hello, this is Molty."


async def test_a_caller_whom_policy_refuses_hears_so_and_the_line_is_hung_up(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await bridge("chat", "--caller", "+15550100999", "--say", "Hello") == 0

    assert capsys.readouterr().out == "I'm sorry, I can't take your call. Goodbye.\n[hangs up]\n"
    assert agent.requests == []


# -- what goes wrong -----------------------------------------------------------------------------


async def test_a_wrong_token_is_a_matter_of_credentials(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__TOKEN", "quite-another-token")

    assert await bridge("chat", "--say", "Hello") == 4

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "refuses our token" in shown.err
    assert "BRIDGE_SERVER__TOKEN" in shown.err
    assert "quite-another-token" not in shown.err


async def test_a_named_server_that_does_not_answer_is_remote(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await bridge("chat", "--json", "--url", "127.0.0.1:1", "--say", "Hello") == 5

    *_, error = capsys.readouterr().err.splitlines()
    assert json.loads(error)["error"]["message"] == "No server answers at http://127.0.0.1:1."


async def test_an_address_that_is_none_is_a_usage_error() -> None:
    assert await bridge("chat", "--url", "ftp://here", "--say", "Hello") == 2


async def test_a_server_that_takes_nothing_new_is_remote(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program(agent, {"LIMITS__PER_MINUTE": "1"}) as running:
        point_at(running.served.url, monkeypatch)
        assert await bridge("chat", "--say", "Hello", "--say", "Hello again") == 5

    assert "HTTP 429" in capsys.readouterr().err


async def test_a_reply_that_breaks_off_is_a_failed_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fake agent stands in for a server that is cut down in the middle of a stream."""
    async with FakeAgent(token="t" * 20) as server:
        server.reply("It is ", gate=asyncio.Event())
        monkeypatch.setenv("BRIDGE_SERVER__TOKEN", server.token)
        async with asyncio.TaskGroup() as tasks:
            called = tasks.create_task(bridge("chat", "--url", server.url, "--say", "Time?"))
            await server.asked()
            await server.cut()
        assert called.result() == 7

    assert "broke off" in capsys.readouterr().err


async def test_a_reply_of_nothing_is_a_failed_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeAgent(token="t" * 20) as server:
        server.reply("")
        monkeypatch.setenv("BRIDGE_SERVER__TOKEN", server.token)
        assert await bridge("chat", "--url", server.url, "--say", "Time?") == 7

    assert "The reply was empty." in capsys.readouterr().err


# -- a server of its own -------------------------------------------------------------------------


async def test_without_a_server_the_call_brings_its_own_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "1")

    assert await bridge("chat", "--say", "spell cat") == 0

    shown = capsys.readouterr()
    assert "cat is spelled C, A, T." in shown.out
    assert shown.err.splitlines()[0] == (
        "No server answers at http://127.0.0.1:1: this call brings its own, with the demo agent."
    )


async def test_a_server_of_its_own_that_cannot_start_is_a_matter_of_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "0")
    monkeypatch.setenv("BRIDGE_UPSTREAM__NAME", "openai")

    assert await bridge("chat", "--say", "Hello") == 3
    assert "upstream.url must be set" in capsys.readouterr().err
