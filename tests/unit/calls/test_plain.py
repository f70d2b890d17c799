"""The plain profile: the agent's text untouched, every request its own run, errors as errors."""

import pytest

from bridge.calls.plain import Plain
from bridge.core.chat import Message
from bridge.core.reply import Call, End, Failure, Item, Words
from bridge.errors import VendorRejected, Why
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, Working
from tests.fakes.scripted_agent import Script, ScriptedAgent

pytestmark = pytest.mark.anyio

ASK = Ask((Message.of("user", "Hi"),), (Message.of("user", "Hi"),), plain=True)


def plain(agent: ScriptedAgent) -> Plain:
    return Plain(agent, lambda _run_id, _failure: None)


async def reply(agent: ScriptedAgent) -> list[Item]:
    async with plain(agent).listen(ASK) as listening:
        assert listening.kind == "plain"
        return [item async for items in listening.items for item in items]


async def test_the_agents_reply_goes_through_untouched() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    script = Script(
        [
            Text("# Hello\n"),
            Working("calendar"),
            Text("[[hang up]]"),
            ToolCall("call_1", "look_up", "{}"),
            Finish("tool_calls", usage),
        ]
    )

    assert await reply(ScriptedAgent(always=script)) == [
        Words("# Hello\n"),
        Words("[[hang up]]"),
        Call("call_1", "look_up", "{}"),
        End("tool_calls", 3, 2),
    ]


async def test_every_request_is_a_run_of_its_own() -> None:
    agent = ScriptedAgent()

    assert await reply(agent) == await reply(agent) == [Words("You said Hi."), End()]
    assert [asked.outcome for asked in agent.asked] == ["whole", "whole"]


async def test_a_failure_is_the_end_and_no_word_of_ours() -> None:
    error = VendorRejected("No.", vendor="acme", operation="chat", why=Why.KEY, status=401)
    agent = ScriptedAgent(always=Script([Text("Hel"), error]))
    told: list[tuple[str, Failure]] = []

    async with Plain(agent, lambda *what: told.append(what)).listen(ASK) as listening:
        items = [item async for items in listening.items for item in items]

    assert items == [Words("Hel"), End(failure=Failure.of(error))]
    assert told == [(listening.run_id, Failure.of(error))]


async def test_a_reply_without_an_end_is_a_broken_promise() -> None:
    words, end = await reply(ScriptedAgent(always=Script([Text("Hel")])))

    assert words == Words("Hel")
    assert isinstance(end, End)
    assert end.failure is not None
    assert (end.failure.code, end.failure.vendor) == ("upstream_broken", "scripted")


async def test_leaving_stops_the_agent() -> None:
    agent = ScriptedAgent(always=Script([Text("One. "), Text("Two. "), Finish()]))
    async with plain(agent).listen(ASK) as listening:
        assert list(await anext(aiter(listening.items))) == [Words("One. ")]

    assert [asked.outcome for asked in agent.asked] == ["left"]


async def test_leaving_before_the_first_item_asks_nobody() -> None:
    agent = ScriptedAgent()
    async with plain(agent).listen(ASK):
        pass

    assert agent.asked == []
