"""After which code a caller may talk to the agent, over real requests. Our own promises: design 5."""

import json
from collections.abc import AsyncIterator

import pytest

from bridge.phrases import load_phrases
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLS, END_CALL, OPEN, OTHER, Caller, Heard, calling
from tests.fakes.program import Program, program

OURS = load_phrases().for_language("en")
PIN = {**OPEN, "POLICY__PIN": "4711", "LIMITS__PER_NUMBER_PER_MINUTE": "0"}


@pytest.fixture(scope="module")
async def coded(one_agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(one_agent, PIN) as bridge:
        yield bridge


async def test_the_code_is_asked_for_and_then_the_agent_is_free(
    coded: Program, agent: FakeAgent
) -> None:
    async with calling(coded) as client:
        replies = await Caller(client).tell("Hello", "It is 4 7 1 1", "What is on?", "And then?")

    said = ["You said: What is on?", "You said: And then?"]
    assert replies == [OURS.pin_ask, OURS.pin_ok, *said]
    assert [visit.utterance for visit in agent.requests] == ["What is on?", "And then?"]


@pytest.mark.parametrize("code", ["4711", "four seven one one", "It's 47, 11.", "4 7 1 1 #"])
async def test_the_code_never_reaches_the_agent_not_even_as_history(
    coded: Program, agent: FakeAgent, code: str
) -> None:
    async with calling(coded) as client:
        replies = await Caller(client).tell("Hello", "9999", code, "What is on?", "And then?")

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
        replies = await Caller(client).tell(code, "What is on?")

    assert OURS.pin_ask not in replies
    assert replies[1] == "You said: What is on?"
    assert len(agent.requests) == 1


async def test_a_wrong_code_said_at_once_is_a_try(agent: FakeAgent) -> None:
    async with program(agent, PIN) as bridge:
        heard_first = []
        for code in ("1111", "2222", "3333", "4711"):
            async with calling(bridge) as client:
                heard_first += await Caller(client).tell(code)

    assert heard_first == [OURS.pin_wrong, OURS.pin_wrong, OURS.pin_locked, OURS.pin_locked]
    assert agent.requests == []


async def test_three_wrong_codes_lock_the_number_out_and_hang_up(agent: FakeAgent) -> None:
    async with program(agent, PIN) as bridge:
        async with calling(bridge) as client:
            caller = Caller(client)
            replies = await caller.tell("Hello", "1111", "2222", "3333")
            dialogue = [
                x for pair in zip(["Hello", "1111", "2222"], replies, strict=False) for x in pair
            ]
            last = await caller.ask(*dialogue, "3333", tools=[END_CALL])
            right = await caller.ask(*dialogue, "3333", replies[3], "4711", tools=[END_CALL])
            silent = await caller.ask(*dialogue, "3333", stream=False)
        async with calling(bridge) as client:
            hung_up = await Caller(client).ask("Hello", tools=[END_CALL])
        async with calling(bridge, OTHER) as client:
            other = await Caller(client).ask("Hello", tools=[END_CALL])

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
        caller = Caller(client)
        asked = await caller.ask("Hello")
        wrong = [await caller.ask("Hello", asked.text, "1111") for _ in range(5)]
        after = ("Hello", asked.text, "1111", OURS.pin_wrong)
        second = [await caller.ask(*after, "2222") for _ in range(5)]
        right = await caller.ask(*after, "2222", OURS.pin_wrong, "4711")

    assert {reply.text for reply in (*wrong, *second)} == {OURS.pin_wrong}
    assert right.text == OURS.pin_ok
    assert agent.requests == []


async def test_every_call_proves_itself_anew(coded: Program, agent: FakeAgent) -> None:
    async with calling(coded) as client:
        await Caller(client).tell("Hello", "4711", "What is on?")
    async with calling(coded) as client:
        again = await Caller(client).ask("What is on?")

    assert again.text == OURS.pin_ask
    assert len(agent.requests) == 1


async def test_a_call_that_can_not_be_told_from_others_can_not_prove_itself(
    coded: Program,
    agent: FakeAgent,
) -> None:
    async with coded.http(x_bridge_caller="anonymous") as client:
        reply = await Caller(client).ask("4711", tools=[END_CALL])

    assert reply == Heard(200, OURS.pin_locked, ("end_call",), "tool_calls")
    assert agent.requests == []


async def test_the_plain_profile_is_no_way_around_the_code(
    coded: Program, agent: FakeAgent
) -> None:
    async with calling(coded, x_bridge_profile="plain") as client:
        refused = await Caller(client).ask("Hello", stream=False)

    assert (refused.status, refused.error["code"]) == (403, "not_allowed")
    assert agent.requests == []
