"""The openclaw adapter against the real gateway: what the model gets, and what we get back.

Each test has a session of its own. The stub provider behind the gateway obeys `[[stub …]]` in the
newest utterance and shows every request that the model received.
"""

import json
from typing import Any

import pytest

from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.errors import BridgeError, VendorRejected, Why
from bridge.ports.upstream import Ask, Finding, ToolCall, Verdict
from bridge.upstreams.openclaw import OpenClaw
from tests.gateway.asking import END_CALL, Reply, open_upstream, reply_to, turn
from tests.gateway.kit.real_gateway import RealGateway

pytestmark = pytest.mark.gateway


async def test_three_turns_reach_the_model_with_every_utterance_once(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    said: list[str] = []
    async with open_upstream(gateway) as upstream:
        for utterance in ("I like tulips", "I like asters", "I like dahlias"):
            said.append(utterance)
            said.append((await reply_to(upstream, turn(session_key, *said))).text)

    last = gateway.provider.seen()[-1]
    assert said[-1] == "Stub turn 3: I like dahlias"
    assert [line.partition(":")[0] for line in last.dialogue] == ["user", "assistant"] * 2 + [
        "user"
    ]
    everything = "\n".join(last.dialogue)
    assert [everything.count(words) for words in said[:-1]] == [2, 1, 2, 1, 1]  # the stub echoes


async def test_instructions_come_with_every_turn_and_are_never_stored(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    async with open_upstream(gateway) as upstream:
        for n in (1, 2, 3):
            await reply_to(upstream, turn(session_key, f"turn {n}", instructions=f"Manner {n}."))

    seen = gateway.provider.seen()
    in_system = [[n for n in (1, 2, 3) if f"Manner {n}." in s.system] for s in seen]
    assert in_system == [[1], [2], [3]]
    assert "Manner" not in "\n".join(line for s in seen for line in s.dialogue)


async def test_the_gateway_is_told_that_the_reply_will_be_spoken(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """Any channel but the default takes out what teaches the model chat-window markup."""
    async with open_upstream(gateway) as upstream:
        await reply_to(upstream, turn(session_key, "hello"))

    (seen,) = gateway.provider.seen()
    assert "| channel=voice |" in seen.dialogue[0]
    assert "[embed" not in seen.system


@pytest.mark.parametrize("front", ["agent:main:", ""])
async def test_a_session_key_names_the_agent_whether_it_came_full_or_bare(
    gateway: RealGateway, rest_of_key: str, front: str
) -> None:
    async with open_upstream(gateway) as upstream:
        await reply_to(upstream, turn(SessionKey(front + rest_of_key), "hello"))

    (seen,) = gateway.provider.seen()
    assert f"Runtime: agent=main | session=agent:main:{rest_of_key} |" in seen.dialogue[0]


async def test_what_was_heard_stands_on_a_line_of_its_own_before_the_new_words(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    note = '[The caller heard only: "We open at"]'
    async with open_upstream(gateway) as upstream:
        await reply_to(upstream, turn(session_key, "When do you open?"))
        await reply_to(upstream, turn(session_key, "a", "b", "Never mind.", note=note))

    assert gateway.provider.seen()[-1].newest.splitlines() == [note, "Never mind."]


async def test_a_tool_in_sight_is_called_with_whole_arguments(
    two_agents: RealGateway, rest_of_key: str
) -> None:
    """`tools.toolSearch: {mode: "directory"}`; long arguments come in pieces of 256 characters."""
    arguments = {"reason": "x" * 700}
    ask = f"bye [[stub tool=end_call args={json.dumps(arguments)}]]"
    async with open_upstream(two_agents, agent="desk") as upstream:
        reply = await reply_to(upstream, turn(SessionKey(rest_of_key), ask, tools=(END_CALL,)))

    (seen,) = two_agents.provider.seen()
    assert "end_call" in seen.tool_names
    assert reply == Reply("", (("end_call", arguments),), "tool_calls")


async def test_the_result_of_a_tool_is_enough_to_continue(
    two_agents: RealGateway, rest_of_key: str
) -> None:
    """The gateway shows it to the model as words, behind its own record of the call."""
    key = SessionKey(rest_of_key)
    asked = Message.of("user", "bye [[stub tool=end_call]]")
    async with open_upstream(two_agents, agent="desk") as upstream:
        async with upstream.ask(Ask((asked,), (asked,), session_key=key, tools=(END_CALL,))) as got:
            (call,) = [event async for event in got if isinstance(event, ToolCall)]
        wire: dict[str, Any] = {"role": "tool", "tool_call_id": call.id, "content": "line is free"}
        result = Message("tool", "line is free", (call.id,), wire)
        follow_up = Ask((asked, result), (result,), session_key=key, tools=(END_CALL,))
        reply = await reply_to(upstream, follow_up)

    last = two_agents.provider.seen()[-1]
    assert (last.user_turns, last.newest.count("line is free")) == (2, 1)
    assert reply.reason == "stop"
    assert reply.text.endswith("line is free")


async def test_by_default_the_model_does_not_see_the_tools_of_a_request(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """The gateway's promise: they hide behind its search, and a call by name fails inside."""
    ask = turn(session_key, "bye [[stub tool=end_call]]", tools=(END_CALL,))
    async with open_upstream(gateway) as upstream:
        reply = await reply_to(upstream, ask)

    assert "end_call" not in gateway.provider.seen()[0].tool_names
    assert reply.calls == ()


async def test_of_two_agents_the_chosen_one_is_asked(
    two_agents: RealGateway, rest_of_key: str
) -> None:
    async with open_upstream(two_agents, agent="errands") as upstream:
        await reply_to(upstream, turn(SessionKey(rest_of_key), "hello"))

    (seen,) = two_agents.provider.seen()
    assert f"Runtime: agent=errands | session=agent:errands:{rest_of_key} |" in seen.dialogue[0]


async def test_of_two_agents_none_is_guessed(two_agents: RealGateway, rest_of_key: str) -> None:
    async with open_upstream(two_agents) as upstream:
        with pytest.raises(BridgeError) as caught:
            await reply_to(upstream, turn(SessionKey(rest_of_key), "hello"))

    assert "desk" in caught.value.hint
    assert "errands" in caught.value.hint
    assert two_agents.provider.seen() == []


async def test_an_agent_that_is_not_there_is_a_rejected_request_and_found_by_an_examination(
    two_agents: RealGateway, rest_of_key: str
) -> None:
    async with open_upstream(two_agents, agent="nobody") as upstream:
        with pytest.raises(VendorRejected) as caught:
            await reply_to(upstream, turn(SessionKey(rest_of_key), "hello"))
        findings = await upstream.examine()

    error = caught.value
    assert (error.why, error.status, error.asked) == (Why.REQUEST, 400, False)
    assert [("desk" in f.cure, "errands" in f.cure) for f in findings if f.cure] == [(True, True)]
    assert two_agents.provider.seen() == []


async def test_models_are_the_agents(two_agents: RealGateway) -> None:
    async with open_upstream(two_agents, agent="desk") as upstream:
        assert {"openclaw/desk", "openclaw/errands"} <= set(await upstream.models())


async def test_an_examination_of_a_good_set_up_finds_nothing_wrong(gateway: RealGateway) -> None:
    async with open_upstream(gateway, agent="main") as upstream:
        findings = await upstream.examine()

    assert findings
    assert [f for f in findings if f.verdict is Verdict.FAIL] == []


async def test_an_examination_finds_two_agents_without_a_choice(two_agents: RealGateway) -> None:
    async with open_upstream(two_agents) as upstream:
        findings = await upstream.examine()

    (finding,) = [f for f in findings if f.verdict is Verdict.FAIL]
    assert "desk" in finding.cure
    assert "errands" in finding.cure


async def test_a_deep_examination_finds_hidden_tools_and_how_to_show_them(
    gateway: RealGateway,
) -> None:
    finding = await examine_tools(gateway, "main")

    assert finding.verdict is Verdict.WARN
    assert "toolSearch" in finding.cure


async def test_a_deep_examination_finds_tools_in_sight(two_agents: RealGateway) -> None:
    assert (await examine_tools(two_agents, "desk")).verdict is Verdict.OK


async def examine_tools(gateway: RealGateway, agent: str) -> Finding:
    """The last finding, with a model that does call the tool that it is asked to call."""
    gateway.provider.reply_otherwise("tool=bridge_check")
    async with open_upstream(gateway, agent=agent) as upstream:
        assert isinstance(upstream, OpenClaw)
        *others, finding = await upstream.examine(deep=True)
    assert {other.verdict for other in others} == {Verdict.OK}
    return finding


async def test_a_warm_up_leaves_no_trace_in_a_callers_session(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    async with open_upstream(gateway) as upstream:
        await upstream.warm_up()
        asked = len(gateway.provider.seen())
        await reply_to(upstream, turn(session_key, "hello"))

    assert asked == 1
    assert len(gateway.provider.seen()[-1].dialogue) == 1
