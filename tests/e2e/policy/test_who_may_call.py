"""Who may talk to the agent: the inbound policy over real requests. Our own promises: design 5."""

import json
from typing import Any

import pytest

from bridge.phrases import load_phrases
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, END_CALL, OPEN, OTHER, Caller, Heard, calling, heard, history
from tests.fakes.chat_request import CHAT
from tests.fakes.program import Program, program

OURS = load_phrases().for_language("en")


async def test_by_default_a_caller_hears_one_sentence_and_the_line_is_hung_up(
    closed: Program,
    agent: FakeAgent,
) -> None:
    async with calling(closed) as client:
        offered = await Caller(client).ask("Hello", tools=[END_CALL])
        not_offered = await Caller(client).ask("Hello")

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
        refused = await Caller(client).ask("Hello", **changes)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []


@pytest.mark.parametrize("stream", [True, False])
async def test_the_plain_profile_is_no_way_around_the_policy(
    closed: Program, agent: FakeAgent, *, stream: bool
) -> None:
    async with calling(closed, x_bridge_profile="plain") as client:
        refused = await Caller(client).ask("Hello", stream=stream)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []


async def test_a_caller_named_by_the_prompt_is_refused_as_well(
    closed: Program, agent: FakeAgent
) -> None:
    marker = {"role": "system", "content": f"[bridge conversation=c1 caller={CALLER}]"}
    async with closed.http() as client:
        refused = await Caller(client).ask(messages=[marker, *history("Hello")])

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
        after = await Caller(client).ask(messages=grown, tools=[END_CALL])

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
        reply = await Caller(client).ask("Hello")

    assert reply.text == ("You said: Hello" if is_let_in else OURS.refused)
    assert len(agent.requests) == is_let_in


@pytest.mark.parametrize("caller", [CALLER, "", "anonymous", "{{system__caller_id}}", None])
async def test_an_open_line_lets_in_everybody(
    opened: Program, agent: FakeAgent, caller: str | None
) -> None:
    async with calling(opened, caller) as client:
        assert (await Caller(client).ask("Hello")).text == "You said: Hello"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_that_names_no_call_is_governed_by_its_own_rule(
    agent: FakeAgent, *, stream: bool
) -> None:
    async with program(agent) as bridge, bridge.http() as client:
        assert (await client.post(CHAT, json={"messages": history("Hi")})).status_code == 200
    asked = len(agent.requests)
    refusing = {**OPEN, "POLICY__UNIDENTIFIED": "refuse"}
    async with program(agent, refusing) as bridge, bridge.http() as client:
        refused = await Caller(client).ask("Hi", stream=stream)

    assert (refused.status, refused.text) == ((200, OURS.refused) if stream else (403, ""))
    assert (asked, len(agent.requests)) == (1, 1)


async def test_a_number_may_ask_so_often_and_no_other_pays_for_it(agent: FakeAgent) -> None:
    paced = {**OPEN, "LIMITS__PER_NUMBER_PER_MINUTE": "2"}
    async with program(agent, paced) as bridge:
        async with calling(bridge) as client:
            said = [(await Caller(client).ask(f"Hello {i}")).status for i in range(2)]
        async with calling(bridge) as client:
            response = await client.post(CHAT, json={"messages": history("Hi"), "stream": True})
        async with calling(bridge, OTHER) as client:
            other = await Caller(client).ask("Hello")
        async with calling(bridge, "") as client:
            withheld = [(await Caller(client).ask(f"Hello {i}")).status for i in range(3)]

    assert said == [200, 200]
    assert heard(response).error["code"] == "rate_limit_exceeded"
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert (other.status, withheld) == (200, [200, 200, 200])
    assert len(agent.requests) == 6
