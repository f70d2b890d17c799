"""The whole bridge, over HTTP, on the real gateway: what a caller hears and what the agent gets.

The stub provider behind the gateway obeys `[[stub …]]` in the newest utterance and shows every
request that the model received. Each caller has a number of its own, so each has its own session.
"""

import json
import re
from typing import Any

import pytest

from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.kit.stub_model import Seen
from tests.gateway.serving import (
    PLATFORM_PROMPT,
    Bridge,
    Caller,
    Serve,
    Spoken,
    new_number,
)

pytestmark = pytest.mark.gateway

END_CALL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Hang up.",
        "parameters": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "message": {"type": "string"}},
            "required": ["reason"],
        },
    },
}


def session_of(seen: Seen) -> tuple[str, str]:
    """The agent and the session key that the model is told, on a session's first turn."""
    found = re.search(r"Runtime: agent=(\S+) \| session=(\S+) \|", seen.dialogue[0])
    assert found
    return found[1], found[2]


def context_of(seen: Seen) -> str:
    """What the gateway shows the model of our system message."""
    found = re.search(r"## Conversation Context\n(.*?)\n## Runtime", seen.system, re.DOTALL)
    assert found
    return found[1]


async def test_three_turns_reach_the_model_with_every_utterance_once(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    flowers = ("tulips", "asters", "dahlias")
    replies = [await caller.says(f"I like {flower}.") for flower in flowers]

    assert replies == [Spoken(f"Stub turn {n}: I like {f}.") for n, f in enumerate(flowers, 1)]
    last = gateway.provider.seen()[-1]
    assert [line.partition(":")[0] for line in last.dialogue] == ["user", "assistant"] * 2 + [
        "user"
    ]
    said = [line for line in last.dialogue if line.startswith("user")]
    assert [sum(f"I like {f}." in line for line in said) for f in flowers] == [1, 1, 1]


async def test_our_manner_comes_with_every_turn_and_is_never_stored(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    for utterance in ("one", "two", "three"):
        await caller.says(utterance)

    seen = gateway.provider.seen()
    manner, *others = [context_of(s) for s in seen]
    assert manner.strip()
    assert others == [manner, manner]
    dialogue = "\n".join(line for s in seen for line in s.dialogue)
    assert not [line for line in manner.splitlines() if len(line) > 20 and line in dialogue]
    assert PLATFORM_PROMPT not in dialogue


async def test_a_callers_session_is_named_by_a_digest_and_never_by_the_number(
    gateway: RealGateway, bridge: Bridge
) -> None:
    number = new_number()
    await Caller(bridge, number).says("hello")

    (seen,) = gateway.provider.seen()
    agent, key = session_of(seen)
    assert agent == "main"
    assert re.fullmatch(r"agent:main:phone:[0-9a-z_-]{8,}", key)
    outside_our_message = json.dumps(seen.body).replace(json.dumps(context_of(seen))[1:-1], "")
    assert number.lstrip("+") not in outside_our_message


async def test_a_caller_who_calls_again_is_remembered_and_another_is_not(
    gateway: RealGateway, bridge: Bridge
) -> None:
    number = new_number()
    replies = [await Caller(bridge, who).says("hello") for who in (number, number, new_number())]

    assert [reply.text for reply in replies] == [f"Stub turn {n}: hello" for n in (1, 2, 1)]
    first, again, other = [session_of(seen)[1] for seen in gateway.provider.seen()]
    assert first == again != other


async def test_a_withheld_number_gets_a_session_for_this_call_only(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge, number="anonymous")
    await caller.says("hello")

    (seen,) = gateway.provider.seen()
    assert session_of(seen) == ("main", f"agent:main:phone:call:{caller.conversation}")


async def test_a_tool_in_sight_is_called_in_one_chunk(
    two_agents: RealGateway, serve: Serve
) -> None:
    bridge = serve(two_agents, UPSTREAM__AGENT="desk", UPSTREAM__CALLS_TOOLS="true")
    caller = Caller(bridge, tools=[END_CALL])
    bye = 'Bye. [[stub say="Goodbye then, my friend." delay=0.1 tool=end_call args={"reason":"x"}]]'
    spoken = await caller.says(bye)

    assert spoken.text == "Goodbye then, my friend."
    assert [(name, json.loads(arguments)["reason"]) for name, arguments in spoken.calls] == [
        ("end_call", "x")
    ]
    assert spoken.reason == "tool_calls"


async def test_with_tools_hidden_a_mark_in_the_reply_does_the_same(
    gateway: RealGateway, bridge: Bridge
) -> None:
    """As the gateway comes, the model can't see a request's tools: it is told of marks."""
    caller = Caller(bridge, tools=[END_CALL])
    spoken = await caller.says('Bye. [[stub text="Goodbye then.\\n[[hang up]]"]]')

    assert "[[hang up]]" in context_of(gateway.provider.seen()[0])
    assert spoken.text == "Goodbye then."
    assert [name for name, _ in spoken.calls] == ["end_call"]
    assert spoken.reason == "tool_calls"


async def test_of_two_agents_the_chosen_one_answers_the_phone(
    two_agents: RealGateway, serve: Serve
) -> None:
    await Caller(serve(two_agents, UPSTREAM__AGENT="errands")).says("hello")

    agent, key = session_of(two_agents.provider.seen()[0])
    assert agent == "errands"
    assert key.startswith("agent:errands:phone:")
