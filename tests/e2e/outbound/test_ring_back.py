"""A turn that outlives its deadline, over real sockets: promised, rung, once; and what else it is.

Our own promises: design 3.4, 10.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import pytest

from bridge.core import ring_back
from bridge.core.manner import MAY_RING_BACK
from bridge.core.order import MESSAGE_CHARS
from bridge.phrases import load_phrases
from tests.e2e.outbound.calling_out import (
    CALLEE,
    DIAL,
    LINE,
    SOMEBODY,
    calling_out,
    calls,
    dials,
    picks_up,
    post,
    rang,
    shown,
    until,
)
from tests.e2e.provision.office import Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.elevenlabs.call import Call
from tests.fakes.elevenlabs.faults import Fault
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, Program
from tests.fakes.web_server import until as soon

PHRASES = load_phrases().for_language("en")
RINGS = {
    **OPEN,
    "TURN__RING_BACK": "true",
    "TURN__DEADLINE_S": "0.3",
    "TURN__FIRST_WORDS_MS": "15000",
}
QUESTION = "Is there a table for four on the zeppelin?"
ANSWER = "There are two tables, one of them by the window."


class Desk:
    """Somebody who asked what takes longer, and the agent's answer, which waits at a gate."""

    def __init__(self, bridge: Program, agent: FakeAgent, office: Office) -> None:
        self.bridge = bridge
        self.agent = agent
        self.office = office
        self.gate = asyncio.Event()
        agent.reply(ANSWER, gate=self.gate, to=QUESTION)

    async def asks(self, caller: str = CALLEE) -> tuple[Call, str]:
        """The call, and what was heard at the deadline."""
        call = await self.office.platform.ring(caller, LINE)
        assert call.is_up, call.failed
        return call, (await call.say(QUESTION)).text

    async def is_promised(self) -> tuple[Call, dict[str, Any]]:
        """A call on which it was promised, and the record of the promise."""
        call, heard = await self.asks()
        assert heard == PHRASES.ring_back
        (promise,) = [c for c in await calls(self.bridge) if c["source"] == "ring_back"]
        assert (promise["state"], dials(self.office)) == ("promised", [])
        return call, promise

    async def settles(self, promise: dict[str, Any], *states: str) -> dict[str, Any]:
        return await until(self.bridge, promise["id"], *states)


@asynccontextmanager
async def desk(office: Office, **settings: str) -> AsyncIterator[Desk]:
    is_openclaw = settings.pop("OPENCLAW", "") == "yes"
    async with (
        FakeAgent(openclaw=is_openclaw) as agent,
        calling_out(office, agent, **{**RINGS, **settings}) as bridge,
    ):
        yield Desk(bridge, agent, office)


# -- kept -----------------------------------------------------------------------------------------


async def test_the_caller_is_rung_with_the_answer_once(office: Office) -> None:
    async with desk(office) as at:
        call, promise = await at.is_promised()
        await call.hang_up()
        at.gate.set()
        placed = await at.settles(promise, "placed")
        theirs = picks_up(office)
        at.agent.reply("You are welcome.", to="Thank you")
        turn = await theirs.say("Thank you, by the window then.")
        answered = await at.settles(promise, "answered")

    assert len(dials(office)) == len(rang(office)) == 1
    assert dials(office)[0]["to_number"] == CALLEE
    assert theirs.greeting == f"{PHRASES.ring_back_here} {ANSWER}"
    assert turn.text == "You are welcome."
    assert (placed["mode"], placed["source"], placed["owner"]) == (
        "conversation",
        "ring_back",
        "bridge",
    )
    assert placed["details"]["rings_back"]["conversation"] == call.conversation_id
    assert [t["utterance"] for t in answered["turns"]] == ["Thank you, by the window then."]


async def test_the_agent_knows_that_it_rings_back_and_what_was_said(office: Office) -> None:
    async with desk(office) as at:
        _, promise = await at.is_promised()
        at.gate.set()
        await at.settles(promise, "placed")
        await picks_up(office).say("Hello?")

    first, second = (str(visit.body["messages"]) for visit in at.agent.requests)
    assert MAY_RING_BACK in first
    assert "You ring them back" in second
    assert f"{PHRASES.ring_back_here} {ANSWER}" in second
    assert f'They had asked, in their own words: "{QUESTION}"' in second


async def test_the_agent_knows_it_after_a_restart_as_well(office: Office) -> None:
    async with desk(office) as at:
        _, promise = await at.is_promised()
        at.gate.set()
        await at.settles(promise, "placed")
    async with desk(office) as at:
        await picks_up(office).say("Hello?")
    assert "You ring them back" in str(at.agent.requests[0].body["messages"])


@pytest.mark.parametrize("scope", ["per_phone", "per_call", "fixed"])
async def test_it_is_in_the_session_of_the_call_that_it_was_promised_in(
    office: Office, scope: str
) -> None:
    async with desk(office, OPENCLAW="yes", SESSION__SCOPE=scope) as at:
        _, promise = await at.is_promised()
        at.gate.set()
        await at.settles(promise, "placed")
        await picks_up(office).say("Hello?")

    keys = [visit.headers["x-openclaw-session-key"] for visit in at.agent.requests]
    assert len(keys) == 2
    assert keys[0] == keys[1]


async def test_both_records_name_each_other(office: Office) -> None:
    async with desk(office) as at:
        call, promise = await at.is_promised()
        at.gate.set()
        placed = await at.settles(promise, "placed")
        (own,) = [c for c in await calls(at.bridge) if c["conversation"] == call.conversation_id]
        (turn,) = (await shown(at.bridge, own["id"]))["turns"]
        page = (await office.types("calls", promise["id"])).out

    assert turn["outcome"] == "ring_back"
    assert turn["ours"] == PHRASES.ring_back
    assert turn["acts"] == [{"name": "ring_back", "arguments": {"call": promise["id"]}}]
    assert placed["details"]["rings_back"]["turn"] == turn["run_id"]
    assert f"rings back turn {turn['run_id']} of {call.conversation_id}" in page


async def test_a_long_answer_is_begun_and_the_agent_has_the_rest(office: Office) -> None:
    sentences = [f"Table number {i} is by the window, with a view of the sea." for i in range(40)]
    async with desk(office) as at:
        at.agent.reply(" ".join(sentences), gate=at.gate, to=QUESTION)
        _, promise = await at.is_promised()
        at.gate.set()
        await at.settles(promise, "placed")
        theirs = picks_up(office)
        await theirs.say("Go on.")

    assert len(theirs.greeting) <= MESSAGE_CHARS
    assert theirs.greeting.endswith("of the sea.")
    told = str(at.agent.requests[1].body["messages"])
    assert all(sentence in told for sentence in sentences)


async def test_it_is_said_in_the_language_of_the_call(office: Office) -> None:
    german = load_phrases().for_language("de")
    async with desk(office, TURN__LANGUAGES="+1555=de") as at:
        _, heard = await at.asks()
        (promise,) = [c for c in await calls(at.bridge) if c["source"] == "ring_back"]
        at.gate.set()
        await at.settles(promise, "placed")

    override = dials(office)[0]["conversation_initiation_client_data"][
        "conversation_config_override"
    ]["agent"]
    assert heard == german.ring_back
    assert override == {"first_message": f"{german.ring_back_here} {ANSWER}", "language": "de"}


@pytest.mark.parametrize("how", [Fault.SERVER, Fault.DROP])
async def test_an_answer_of_the_platform_that_is_lost_is_looked_up_and_it_rings_once(
    office: Office, how: Fault
) -> None:
    office.platform.fail(DIAL, how, done=True)
    async with desk(office) as at:
        _, promise = await at.is_promised()
        at.gate.set()
        await at.settles(promise, "placed")
    assert len(dials(office)) == len(rang(office)) == 1


# -- no answer ------------------------------------------------------------------------------------


async def apologised(at: Desk, promise: dict[str, Any]) -> None:
    """The caller is rung, told that there is no answer, and the line is hung up."""
    placed = await at.settles(promise, "placed")
    theirs = picks_up(at.office)
    asked = len(at.agent.requests)
    await theirs.say("Oh.")

    assert placed["mode"] == "notify"
    assert theirs.greeting == PHRASES.ring_back_empty
    assert not theirs.is_up
    assert len(at.agent.requests) == asked
    assert len(rang(at.office)) == 1


async def test_an_agent_that_fails_is_apologised_for(office: Office) -> None:
    async with desk(office) as at:
        at.agent.drop(at.gate, "There ", to=QUESTION)
        _, promise = await at.is_promised()
        at.gate.set()
        await apologised(at, promise)


async def test_an_agent_that_says_nothing_is_apologised_for(office: Office) -> None:
    async with desk(office) as at:
        at.agent.reply(gate=at.gate, to=QUESTION)
        _, promise = await at.is_promised()
        at.gate.set()
        await apologised(at, promise)


async def test_an_agent_that_never_ends_is_stopped_and_apologised_for(office: Office) -> None:
    async with desk(office, TURN__RING_BACK_S="0.2") as at:
        at.agent.hang(to=QUESTION)
        _, heard = await at.asks()
        (promise,) = [c for c in await calls(at.bridge) if c["source"] == "ring_back"]
        await at.agent.closed()
        await apologised(at, promise)
    assert heard == PHRASES.ring_back


async def test_a_silent_agent_has_longer_than_its_adapter_would_give_it(office: Office) -> None:
    async with desk(office, UPSTREAM__TIMEOUT_S="0.5") as at:
        at.agent.reply(ANSWER, after_s=0.9, to=QUESTION)
        _, promise = await at.is_promised()
        await at.settles(promise, "placed")
        assert picks_up(office).greeting.endswith(ANSWER)


# -- not promised ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "caller"),
    [
        ({"TURN__RING_BACK": "false"}, CALLEE),
        ({}, "anonymous"),
        ({"POLICY__OUTBOUND__ENABLED": "false"}, CALLEE),
        ({"POLICY__OUTBOUND__ALLOW_TO": ""}, CALLEE),
        ({"POLICY__OUTBOUND__HOURS": "08:00-08:01"}, CALLEE),
        ({"POLICY__OUTBOUND__DO_NOT_CALL": CALLEE}, CALLEE),
        ({"TWILIO__PHONE_NUMBER": ""}, CALLEE),
    ],
)
async def test_what_can_not_be_kept_is_not_promised(
    office: Office, settings: dict[str, str], caller: str
) -> None:
    async with desk(office, **settings) as at:
        _, heard = await at.asks(caller)
        await at.agent.closed()
        kept = await calls(at.bridge)

    assert heard == PHRASES.too_slow
    assert [c["source"] for c in kept] == ["inbound"]
    assert dials(office) == []


async def test_whoever_gave_a_code_is_promised_nothing(office: Office) -> None:
    """Whoever picks up has not given it."""
    async with desk(office, POLICY__PIN="4711"):
        call = await office.platform.ring(CALLEE, LINE)
        await call.say("four seven one one")
        heard = (await call.say(QUESTION)).text
    assert heard == PHRASES.too_slow


async def test_nothing_is_promised_while_all_is_stopped(office: Office) -> None:
    async with desk(office) as at:
        async with at.bridge.http(OPERATOR_TOKEN) as client:
            await client.post("/stop")
        _, heard = await at.asks()
    assert heard == PHRASES.too_slow


async def test_nothing_is_promised_where_nobody_can_dial(office: Office) -> None:
    (office.state / "provision.json").unlink()
    async with desk(office) as at:
        _, heard = await at.asks()
    assert heard == PHRASES.too_slow


async def test_nothing_is_promised_while_the_records_take_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.calls.ring_back.DECIDED_WITHIN_S", 0.0)
    async with desk(office) as at:
        _, heard = await at.asks()
        kept = [c for c in await calls(at.bridge) if c["source"] == "ring_back"]
    assert heard == PHRASES.too_slow
    assert [c for c in kept if c["state"] != "ended"] == []


# -- not kept -------------------------------------------------------------------------------------


async def test_stopping_all_takes_back_what_was_promised(office: Office) -> None:
    async with desk(office) as at:
        _, promise = await at.is_promised()
        async with at.bridge.http(OPERATOR_TOKEN) as client:
            told = (await client.post("/stop")).json()
            await client.delete("/stop")
        ended = await shown(at.bridge, promise["id"])
        at.gate.set()
        await soon(lambda: at.bridge.bridge.turns.live_runs == 0)

    assert told["under_way"] == 0, "nothing rings that could be hung up"
    assert (ended["state"], ended["outcome"], ended["fault"]) == ("ended", "not_placed", "operator")
    assert dials(office) == []


async def test_who_says_thank_you_is_rung_and_who_goes_on_is_not(office: Office) -> None:
    async with desk(office) as at:
        call, promise = await at.is_promised()
        thanks = await call.say("All right, thank you.")
        at.agent.reply("It is noon.", to="time")
        noon = await call.say("Oh, and what time is it?")
        ended = await at.settles(promise, "ended")
        at.gate.set()
        await soon(lambda: at.bridge.bridge.turns.live_runs == 0)

    assert thanks.text == PHRASES.ring_back_soon
    assert noon.text == f"{PHRASES.ring_back_off} It is noon."
    assert (ended["outcome"], ended["fault"]) == ("not_placed", "remote")
    assert ended["cause"] == ring_back.TALKED_ON.cause
    assert len(at.agent.requests) == 2, "the thanks alone were not put to it"
    assert dials(office) == []


async def test_a_rule_that_holds_no_more_is_named_in_the_record(office: Office) -> None:
    async with desk(office, POLICY__OUTBOUND__PER_NUMBER_PER_HOUR="1") as at:
        _, promise = await at.is_promised()
        status, _ = await post(at.bridge, message="Something else.")
        at.gate.set()
        ended = await at.settles(promise, "ended")

    assert status == 201, "a promise is no call yet: it takes nobody's place"
    assert (ended["outcome"], ended["fault"]) == ("not_placed", "policy")
    assert "'per_number_per_hour'" in ended["cause"]
    assert len(dials(office)) == 1


async def test_an_agent_that_went_meanwhile_is_named_in_the_record(office: Office) -> None:
    async with desk(office) as at:
        _, promise = await at.is_promised()
        (office.state / "provision.json").unlink()
        at.gate.set()
        ended = await at.settles(promise, "ended")
    assert (ended["outcome"], ended["fault"]) == ("not_placed", "operator")
    assert "no voice agent" in ended["cause"]


async def test_a_server_that_stops_meanwhile_says_so_in_the_record(office: Office) -> None:
    async with desk(office) as at:
        _, promise = await at.is_promised()
    async with desk(office) as later:
        ended = await shown(later.bridge, promise["id"])
    assert (ended["state"], ended["outcome"], ended["fault"]) == ("ended", "not_placed", "bridge")
    assert "bridge stopped before the answer came" in ended["cause"]
    assert dials(office) == []


async def test_two_people_are_both_rung_and_a_promise_takes_no_place(office: Office) -> None:
    limits = {"POLICY__OUTBOUND__LIVE_CALLS": "3"}
    async with desk(office, **limits) as at:
        first, _ = await at.asks()
        second, _ = await at.asks(SOMEBODY)
        await first.hang_up()
        await second.hang_up()
        for call in (first, second):
            await office.platform.post_call(call)
        at.gate.set()
        await soon(lambda: len(rang(office)) == 2)
    assert sorted(d["to_number"] for d in dials(office)) == [CALLEE, SOMEBODY]


# -- nothing private ------------------------------------------------------------------------------


async def test_no_number_and_no_word_is_in_the_log(office: Office) -> None:
    lines = StringIO()
    with logging_to(lines, "json"):
        async with desk(office) as at:
            call, promise = await at.is_promised()
            await call.say("Thank you.")
            at.gate.set()
            await at.settles(promise, "placed")
            await picks_up(office).say("Hello there")
    said = lines.getvalue()
    assert "call.promised" in said
    for private in (CALLEE[1:], "zeppelin", "window", "Hello there"):
        assert private not in said
