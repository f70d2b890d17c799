"""Which agent and which session a call joins, and where a caller's number may stand.

Through the whole bridge and the real gateway: the model is told its session key, so the stub
behind the gateway shows what really was joined.
"""

import json
import re

import pytest

from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.prompt import context_of, session_of
from tests.gateway.serving import PHRASES, Bridge, Caller, Serve, Spoken, new_number

pytestmark = pytest.mark.gateway

KEY_HEADER = "x-openclaw-session-key"
DIGEST = "[a-z2-7]{16}"
LINE = "+15555559000"


async def test_a_caller_who_calls_again_is_remembered_and_another_is_not(
    gateway: RealGateway, bridge: Bridge
) -> None:
    number = new_number()
    replies = [await Caller(bridge, who).says("hello") for who in (number, number, new_number())]

    assert [reply.text for reply in replies] == [f"Stub turn {n}: hello" for n in (1, 2, 1)]
    first, again, other = [session_of(seen)[1] for seen in gateway.provider.seen()]
    assert first == again != other
    assert re.fullmatch(f"agent:main:phone:{DIGEST}", first)


async def test_a_withheld_number_gets_a_session_for_this_call_only(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge, number="anonymous")
    await caller.says("hello")

    (seen,) = gateway.provider.seen()
    assert session_of(seen) == ("main", f"agent:main:phone:call:{caller.conversation}")


async def test_with_a_session_for_each_call_a_caller_begins_anew(
    gateway: RealGateway, serve: Serve
) -> None:
    bridge = serve(gateway, SESSION__SCOPE="per_call")
    calls = [Caller(bridge, new_number())]
    calls.append(Caller(bridge, calls[0].number))
    replies = [await call.says("hello") for call in calls]

    assert replies == [Spoken("Stub turn 1: hello")] * 2
    assert [session_of(seen)[1] for seen in gateway.provider.seen()] == [
        f"agent:main:phone:call:{call.conversation}" for call in calls
    ]


async def test_with_one_session_for_all_everybody_joins_it(
    gateway: RealGateway, serve: Serve
) -> None:
    """The gateway lower-cases keys."""
    bridge = serve(gateway, SESSION__SCOPE="fixed", SESSION__KEY="Front-Desk")
    replies = [await Caller(bridge).says("hello") for _ in range(2)]

    assert [reply.text for reply in replies] == [f"Stub turn {n}: hello" for n in (1, 2)]
    assert session_of(gateway.provider.seen()[0]) == ("main", "agent:main:front-desk")


async def test_a_template_is_filled_in_with_digests(gateway: RealGateway, serve: Serve) -> None:
    bridge = serve(gateway, SESSION__SCOPE="template", SESSION__TEMPLATE="desk:{line}:{caller}")
    await Caller(bridge, headers={"x-bridge-called": LINE}).says("hello")

    (seen,) = gateway.provider.seen()
    assert re.fullmatch(f"agent:main:desk:{DIGEST}:{DIGEST}", session_of(seen)[1])


@pytest.mark.parametrize(
    ("key", "agent", "joined"),
    [
        ("Shop:Bare", "errands", "agent:errands:shop:bare"),
        ("agent:desk:Shop:Full", "desk", "agent:desk:shop:full"),
        ("agent:desk", "errands", "agent:errands:agent:desk"),  # too short to be a full one
    ],
)
async def test_the_key_that_a_client_sends_is_obeyed(
    two_agents: RealGateway, serve: Serve, key: str, agent: str, joined: str
) -> None:
    bridge = serve(two_agents, UPSTREAM__AGENT="errands")
    await Caller(bridge, headers={KEY_HEADER: key}).says("hello")

    (seen,) = two_agents.provider.seen()
    assert session_of(seen) == (agent, joined)


async def test_of_two_agents_the_chosen_one_answers_the_phone(
    two_agents: RealGateway, serve: Serve
) -> None:
    await Caller(serve(two_agents, UPSTREAM__AGENT="errands")).says("hello")

    agent, key = session_of(two_agents.provider.seen()[0])
    assert agent == "errands"
    assert re.fullmatch(f"agent:errands:phone:{DIGEST}", key)


@pytest.mark.parametrize("key", ["agent:nobody:x", "subagent:x"])
async def test_a_key_that_the_gateway_refuses_is_a_set_up_that_is_not_right(
    gateway: RealGateway, bridge: Bridge, key: str
) -> None:
    spoken = await Caller(bridge, headers={KEY_HEADER: key}).says("hello")

    assert spoken == Spoken(PHRASES["misconfigured"])
    assert gateway.provider.seen() == []


async def test_a_chosen_agent_that_is_not_there_is_a_set_up_that_is_not_ready(
    two_agents: RealGateway, serve: Serve
) -> None:
    bridge = serve(two_agents, ready_at="/healthz", UPSTREAM__AGENT="nobody")
    spoken = await Caller(bridge).says("hello")

    assert spoken == Spoken(PHRASES["misconfigured"])
    assert bridge.status("/readyz") == 503
    assert two_agents.provider.seen() == []


async def test_a_callers_number_stands_in_our_message_only(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    for utterance in ("hello", "again"):
        await caller.says(utterance)

    digits = caller.number.lstrip("+")
    for seen in gateway.provider.seen():
        ours = context_of(seen)
        assert caller.number in ours
        assert digits not in json.dumps(seen.body).replace(json.dumps(ours)[1:-1], "")


@pytest.mark.parametrize("stated", ["in headers", "in the prompt", "in the platform's own id"])
async def test_a_number_that_may_not_be_told_is_nowhere_in_what_the_model_gets(
    gateway: RealGateway, serve: Serve, stated: str
) -> None:
    bridge = serve(gateway, POLICY__TELL_CALLER="false")
    caller = Caller(bridge)
    digits = caller.number.lstrip("+")
    if stated == "in the prompt":
        said = f"conversation={caller.conversation} caller={caller.number} called={LINE}"
        caller.prompt = f"Be kind.\n[bridge {said}]"
        caller.number = caller.conversation = ""
    if stated == "in the platform's own id":
        caller.conversation = f"conv-{caller.number}"
        caller.number = "anonymous"
    replies = [await caller.says(utterance) for utterance in ("hello", "again")]

    assert [reply.text for reply in replies] == ["Stub turn 1: hello", "Stub turn 2: again"]
    whole = json.dumps([[seen.headers, seen.body] for seen in gateway.provider.seen()])
    assert session_of(gateway.provider.seen()[0])[1].startswith("agent:main:phone:")
    assert [number for number in (digits, LINE.lstrip("+")) if number in whole] == []
