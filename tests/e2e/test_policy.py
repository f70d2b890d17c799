"""Who may talk to the agent, in which session, and after which code: over real requests.

Our own promises: design 5.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.phrases import load_phrases
from tests.fakes.agent import FakeAgent
from tests.fakes.program import Program, program

CHAT = "/v1/chat/completions"
CALLER, OTHER, LINE = "+15550001234", "+14155550123", "+15550100"
CALLS = count(1)
OURS = load_phrases().for_language("en")
OPEN = {"POLICY__INBOUND": "open"}
PIN = {**OPEN, "POLICY__PIN": "4711", "LIMITS__PER_NUMBER_PER_MINUTE": "0"}

END_CALL: Any = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Ends the call.",
        "parameters": {
            "type": "object",
            "properties": {"reason": {"type": "string"}},
            "required": ["reason"],
        },
    },
}


@pytest.fixture(scope="module")
async def one_agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture(scope="module")
async def one_gateway() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True) as gateway:
        yield gateway


@pytest.fixture
def agent(one_agent: FakeAgent) -> FakeAgent:
    """An agent that nobody has asked yet. One for all, as a server takes longer than a test."""
    one_agent.requests.clear()
    return one_agent


@pytest.fixture
def gateway(one_gateway: FakeAgent) -> FakeAgent:
    one_gateway.requests.clear()
    return one_gateway


@pytest.fixture(scope="module")
async def closed(one_agent: FakeAgent) -> AsyncIterator[Program]:
    """Nothing set: callers are refused."""
    async with program(one_agent) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def listing(one_agent: FakeAgent) -> AsyncIterator[Program]:
    settings = {"POLICY__INBOUND": "allowlist", "POLICY__ALLOW_FROM": "+15550100999,+1415*"}
    async with program(one_agent, settings) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def opened(one_agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(one_agent, OPEN) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def coded(one_agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(one_agent, PIN) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def office(one_gateway: FakeAgent) -> AsyncIterator[Program]:
    """In front of an OpenClaw gateway."""
    async with program(one_gateway, OPEN) as bridge:
        yield bridge


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller's platform got back from one request."""

    status: int
    text: str = ""
    tools: tuple[str, ...] = ()
    finish: str = ""
    error: dict[str, Any] = field(default_factory=dict)


def heard(response: httpx.Response) -> Heard:
    if response.status_code != 200:
        return Heard(response.status_code, error=response.json()["error"])
    lines = response.text.splitlines()
    choices = [json.loads(line[6:])["choices"][0] for line in lines if line.startswith("data: {")]
    deltas = [choice["delta"] for choice in choices]
    calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", ())]
    assert all(json.loads(call["arguments"]) for call in calls)
    return Heard(
        200,
        "".join(delta.get("content") or "" for delta in deltas),
        tuple(call["name"] for call in calls),
        choices[-1]["finish_reason"],
    )


def history(*dialogue: str) -> list[dict[str, Any]]:
    """The caller's words and the replies in turn, the caller first."""
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text} for i, text in enumerate(dialogue)]


@dataclass(frozen=True, slots=True)
class Line:
    """The platform's side of one call: the same headers with every request."""

    client: httpx.AsyncClient

    async def ask(self, *dialogue: str, **changes: Any) -> Heard:
        """One request, streamed unless `changes` say otherwise."""
        asked = {"model": "bridge", "stream": True, "messages": history(*dialogue), **changes}
        return heard(await self.client.post(CHAT, json=asked))

    async def tell(self, *said: str) -> list[str]:
        """A whole conversation: each utterance once, with the history so far. All our replies."""
        dialogue: list[str] = []
        for utterance in said:
            reply = await self.ask(*dialogue, utterance, tools=[END_CALL])
            dialogue += [utterance, reply.text]
        return dialogue[1::2]


def calling(
    bridge: Program, caller: str | None = CALLER, call: str = "", **headers: str
) -> httpx.AsyncClient:
    """A client whose requests belong to a call, a new one unless named.

    Args:
        caller: as the platform writes it; `None` when it says nothing about one.
    """
    call = call or f"call-{next(CALLS)}"
    who = {} if caller is None else {"x_bridge_caller": caller}
    return bridge.http(x_bridge_conversation=call, **who, **headers)


# -- who may ---------------------------------------------------------------------------------------


async def test_by_default_a_caller_hears_one_sentence_and_the_line_is_hung_up(
    closed: Program,
    agent: FakeAgent,
) -> None:
    async with calling(closed) as client:
        offered = await Line(client).ask("Hello", tools=[END_CALL])
        not_offered = await Line(client).ask("Hello")

    assert offered == Heard(200, OURS.refused, ("end_call",), "tool_calls")
    assert not_offered == Heard(200, OURS.refused, (), "stop")
    assert agent.requests == []


@pytest.mark.parametrize(
    "changes", [{"stream": False}, {"stream": False, "tools": [END_CALL]}], ids=["bare", "tools"]
)
async def test_a_refused_request_without_a_stream_is_a_403(
    closed: Program, agent: FakeAgent, changes: dict[str, Any]
) -> None:
    async with calling(closed) as client:
        refused = await Line(client).ask("Hello", **changes)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []


@pytest.mark.parametrize("stream", [True, False])
async def test_the_plain_profile_is_no_way_around_the_policy(
    closed: Program, agent: FakeAgent, *, stream: bool
) -> None:
    async with calling(closed, x_bridge_profile="plain") as client:
        refused = await Line(client).ask("Hello", stream=stream)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []


async def test_a_caller_named_by_the_prompt_is_refused_as_well(
    closed: Program, agent: FakeAgent
) -> None:
    marker = {"role": "system", "content": f"[bridge conversation=c1 caller={CALLER}]"}
    async with closed.http() as client:
        refused = await Line(client).ask(messages=[marker, *history("Hello")])

    assert refused.text == OURS.refused
    assert agent.requests == []


async def test_what_follows_our_hang_up_is_silence(closed: Program, agent: FakeAgent) -> None:
    """The platform sends the result of the tool back; nobody listens any more."""
    async with calling(closed) as client:
        asked = {"stream": True, "tools": [END_CALL]}
        response = await client.post(CHAT, json={"messages": history("Hello"), **asked})
        chunks = [json.loads(x[6:]) for x in response.text.splitlines() if x.startswith("data: {")]
        calls = [c for x in chunks for c in x["choices"][0]["delta"].get("tool_calls", ())]
        call = {key: calls[0][key] for key in ("id", "type", "function")}
        grown = [
            *history("Hello"),
            {"role": "assistant", "content": OURS.refused, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": "ok"},
        ]
        after = await Line(client).ask(messages=grown, tools=[END_CALL])

    assert after == Heard(200, "", (), "stop")
    assert agent.requests == []


@pytest.mark.parametrize(
    ("caller", "is_let_in"),
    [
        ("+15550100999", True),
        ("+1 (555) 010-0999", True),
        ("tel:+15550100999", True),
        ("+15550100998", False),
        ("+155501009990", False),
        ("+14155550123", True),
        ("+14155550199", True),
        ("+14165550123", False),
        ("+4914155550123", False),
        ("", False),
        ("anonymous", False),
        ("Restricted", False),
        ("{{system__caller_id}}", False),
        ("+266696687", False),
        ("sip:anonymous@anonymous.invalid", False),
        ("+1415*", False),
        ("+15550100999, +14155550123", False),
    ],
)
async def test_an_allowlist_lets_in_whom_it_lists(
    listing: Program, agent: FakeAgent, caller: str, *, is_let_in: bool
) -> None:
    async with calling(listing, caller) as client:
        reply = await Line(client).ask("Hello")

    assert reply.text == ("You said: Hello" if is_let_in else OURS.refused)
    assert len(agent.requests) == is_let_in


@pytest.mark.parametrize("caller", [CALLER, "", "anonymous", "{{system__caller_id}}", None])
async def test_an_open_line_lets_in_everybody(
    opened: Program, agent: FakeAgent, caller: str | None
) -> None:
    async with calling(opened, caller) as client:
        assert (await Line(client).ask("Hello")).text == "You said: Hello"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_that_names_no_call_is_governed_by_its_own_rule(
    agent: FakeAgent, *, stream: bool
) -> None:
    async with program(agent) as bridge, bridge.http() as client:
        assert (await client.post(CHAT, json={"messages": history("Hi")})).status_code == 200
    asked = len(agent.requests)
    refusing = {**OPEN, "POLICY__UNIDENTIFIED": "refuse"}
    async with program(agent, refusing) as bridge, bridge.http() as client:
        refused = await Line(client).ask("Hi", stream=stream)

    assert (refused.status, refused.text) == ((200, OURS.refused) if stream else (403, ""))
    assert (asked, len(agent.requests)) == (1, 1)


async def test_a_number_may_ask_so_often_and_no_other_pays_for_it(agent: FakeAgent) -> None:
    paced = {**OPEN, "LIMITS__PER_NUMBER_PER_MINUTE": "2"}
    async with program(agent, paced) as bridge:
        async with calling(bridge) as client:
            said = [(await Line(client).ask(f"Hello {i}")).status for i in range(2)]
        async with calling(bridge) as client:
            response = await client.post(CHAT, json={"messages": history("Hi"), "stream": True})
        async with calling(bridge, OTHER) as client:
            other = await Line(client).ask("Hello")
        async with calling(bridge, "") as client:
            withheld = [(await Line(client).ask(f"Hello {i}")).status for i in range(3)]

    assert said == [200, 200]
    assert heard(response).error["code"] == "rate_limit_exceeded"
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert (other.status, withheld) == (200, [200, 200, 200])
    assert len(agent.requests) == 6


# -- which session ---------------------------------------------------------------------------------

DIGEST = r"[a-z2-7]{16}"


async def key_of(bridge: Program, gateway: FakeAgent, client: httpx.AsyncClient) -> str | None:
    """The session key that the agent is given for one more request."""
    before = len(gateway.requests)
    async with client:
        await Line(client).ask("Hello")
    assert len(gateway.requests) == before + 1
    return gateway.requests[-1].headers.get("x-openclaw-session-key")


async def test_one_telephone_is_one_session_whatever_the_call(
    office: Program, gateway: FakeAgent
) -> None:
    first = await key_of(office, gateway, calling(office))
    again = await key_of(office, gateway, calling(office, "tel:+1-555-000-1234"))
    other = await key_of(office, gateway, calling(office, OTHER))
    outwards = {"x_bridge_called": CALLER, "x_bridge_direction": "outbound"}
    placed = await key_of(office, gateway, calling(office, LINE, **outwards))

    assert re.fullmatch(f"agent:main:phone:{DIGEST}", first or "")
    assert re.fullmatch(f"agent:main:phone:{DIGEST}", other or "")
    assert (again, placed) == (first, first)
    assert other != first


async def test_a_withheld_number_is_a_session_of_its_call(
    office: Program, gateway: FakeAgent
) -> None:
    keys = [
        await key_of(office, gateway, calling(office, caller, call))
        for caller, call in [("", "c1"), ("anonymous", "c2"), ("{{system__caller_id}}", "c3")]
    ]

    assert keys == [f"agent:main:phone:call:{call}" for call in ("c1", "c2", "c3")]


async def test_two_installs_name_one_number_differently_and_each_keeps_its_name(
    gateway: FakeAgent, tmp_path: Path
) -> None:
    keys = []
    for folder in ("one", "other", "one"):
        (tmp_path / folder).mkdir(exist_ok=True)
        async with program(gateway, {**OPEN, "STATE_DIR": str(tmp_path / folder)}) as bridge:
            keys.append(await key_of(bridge, gateway, calling(bridge)))

    assert keys[0] == keys[2]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"SESSION__SCOPE": "per_call"}, r"agent:main:phone:call:call-\d+"),
        ({"SESSION__SCOPE": "fixed"}, r"agent:main:main"),
        ({"SESSION__SCOPE": "fixed", "SESSION__KEY": "desk"}, r"agent:main:desk"),
        (
            {"SESSION__SCOPE": "template", "SESSION__TEMPLATE": "desk:{line}:{caller}"},
            rf"agent:main:desk:{DIGEST}:{DIGEST}",
        ),
    ],
    ids=["per_call", "fixed", "fixed key", "template"],
)
async def test_every_scope_reaches_the_agent_as_its_key(
    gateway: FakeAgent, settings: dict[str, str], expected: str
) -> None:
    async with program(gateway, {**OPEN, **settings}) as bridge:
        key = await key_of(bridge, gateway, calling(bridge, x_bridge_called=LINE))

    assert re.fullmatch(expected, key or "")
    body = json.dumps(gateway.requests[-1].body)
    assert str(key) not in body


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("desk", "agent:main:desk"),
        ("main", "agent:main:main"),
        ("agent:main:desk", "agent:main:desk"),
        ("desk:with:parts", "agent:main:desk:with:parts"),
    ],
)
@pytest.mark.parametrize("profile", ["voice", "plain"])
async def test_a_client_that_names_its_session_is_obeyed(
    office: Program, gateway: FakeAgent, asked: str, given: str, profile: str
) -> None:
    named = {"x_openclaw_session_key": asked, "x_bridge_profile": profile}
    key = await key_of(office, gateway, calling(office, **named))

    assert key == given


async def test_a_session_key_names_the_agent_that_is_asked() -> None:
    async with FakeAgent(openclaw=True, agents=("main", "desk")) as gateway:
        settings = {**OPEN, "UPSTREAM__AGENT": "main"}
        async with program(gateway, settings) as bridge:
            named = calling(bridge, x_openclaw_session_key="agent:desk:notes")
            key = await key_of(bridge, gateway, named)
            usual = await key_of(bridge, gateway, calling(bridge))

    assert key == "agent:desk:notes"
    assert (usual or "").startswith("agent:main:phone:")
    asked = [visit.headers["x-openclaw-agent-id"] for visit in gateway.requests]
    assert asked == ["desk", "main"]


async def test_a_request_that_stands_alone_joins_no_session(
    office: Program, gateway: FakeAgent
) -> None:
    assert await key_of(office, gateway, office.http()) is None


# -- the code --------------------------------------------------------------------------------------


async def test_the_code_is_asked_for_and_then_the_agent_is_free(
    coded: Program, agent: FakeAgent
) -> None:
    async with calling(coded) as client:
        replies = await Line(client).tell("Hello", "It is 4 7 1 1", "What is on?", "And then?")

    said = ["You said: What is on?", "You said: And then?"]
    assert replies == [OURS.pin_ask, OURS.pin_ok, *said]
    assert [visit.utterance for visit in agent.requests] == ["What is on?", "And then?"]


@pytest.mark.parametrize("code", ["4711", "four seven one one", "It's 47, 11.", "4 7 1 1 #"])
async def test_the_code_never_reaches_the_agent_not_even_as_history(
    coded: Program, agent: FakeAgent, code: str
) -> None:
    async with calling(coded) as client:
        replies = await Line(client).tell("Hello", "9999", code, "What is on?", "And then?")

    assert replies[2] == OURS.pin_ok
    assert len(agent.requests) == 2
    for visit in agent.requests:
        told = json.dumps(visit.body)
        assert not any(secret in told for secret in (code, "4711", "9999"))


@pytest.mark.parametrize("code", ["4711", "4711#", "Four seven one one.", "четыре семь один один"])
async def test_who_says_the_code_at_once_is_not_asked_for_it(
    coded: Program, agent: FakeAgent, code: str
) -> None:
    """A voice agent's greeting may have asked; and who calls every day knows."""
    async with calling(coded, f"+1555010{next(CALLS):04d}") as client:
        replies = await Line(client).tell(code, "What is on?")

    assert OURS.pin_ask not in replies
    assert replies[1] == "You said: What is on?"
    assert len(agent.requests) == 1


async def test_a_wrong_code_said_at_once_is_a_try(agent: FakeAgent) -> None:
    async with program(agent, PIN) as bridge:
        heard_first = []
        for code in ("1111", "2222", "3333", "4711"):
            async with calling(bridge) as client:
                heard_first += await Line(client).tell(code)

    assert heard_first == [OURS.pin_wrong, OURS.pin_wrong, OURS.pin_locked, OURS.pin_locked]
    assert agent.requests == []


async def test_three_wrong_codes_lock_the_number_out_and_hang_up(agent: FakeAgent) -> None:
    async with program(agent, PIN) as bridge:
        async with calling(bridge) as client:
            line = Line(client)
            replies = await line.tell("Hello", "1111", "2222", "3333")
            dialogue = [
                x for pair in zip(["Hello", "1111", "2222"], replies, strict=False) for x in pair
            ]
            last = await line.ask(*dialogue, "3333", tools=[END_CALL])
            right = await line.ask(*dialogue, "3333", replies[3], "4711", tools=[END_CALL])
            silent = await line.ask(*dialogue, "3333", stream=False)
        async with calling(bridge) as client:
            hung_up = await Line(client).ask("Hello", tools=[END_CALL])
        async with calling(bridge, OTHER) as client:
            other = await Line(client).ask("Hello", tools=[END_CALL])

    locked = Heard(200, OURS.pin_locked, ("end_call",), "tool_calls")
    assert replies == [OURS.pin_ask, OURS.pin_wrong, OURS.pin_wrong, OURS.pin_locked]
    assert (last, right, hung_up) == (locked, locked, locked)
    assert (silent.status, silent.error["code"]) == (403, "not_allowed")
    assert other.text == OURS.pin_ask
    assert agent.requests == []


async def test_a_wrong_code_sent_again_is_not_a_second_try(
    coded: Program, agent: FakeAgent
) -> None:
    async with calling(coded) as client:
        line = Line(client)
        asked = await line.ask("Hello")
        wrong = [await line.ask("Hello", asked.text, "1111") for _ in range(5)]
        after = ("Hello", asked.text, "1111", OURS.pin_wrong)
        second = [await line.ask(*after, "2222") for _ in range(5)]
        right = await line.ask(*after, "2222", OURS.pin_wrong, "4711")

    assert {reply.text for reply in (*wrong, *second)} == {OURS.pin_wrong}
    assert right.text == OURS.pin_ok
    assert agent.requests == []


async def test_every_call_proves_itself_anew(coded: Program, agent: FakeAgent) -> None:
    async with calling(coded) as client:
        await Line(client).tell("Hello", "4711", "What is on?")
    async with calling(coded) as client:
        again = await Line(client).ask("What is on?")

    assert again.text == OURS.pin_ask
    assert len(agent.requests) == 1


async def test_a_call_that_can_not_be_told_from_others_can_not_prove_itself(
    coded: Program,
    agent: FakeAgent,
) -> None:
    async with coded.http(x_bridge_caller="anonymous") as client:
        reply = await Line(client).ask("4711", tools=[END_CALL])

    assert reply == Heard(200, OURS.pin_locked, ("end_call",), "tool_calls")
    assert agent.requests == []


async def test_the_plain_profile_is_no_way_around_the_code(
    coded: Program, agent: FakeAgent
) -> None:
    async with calling(coded, x_bridge_profile="plain") as client:
        refused = await Line(client).ask("Hello", stream=False)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []
