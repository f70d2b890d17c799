"""A call that is to end: marked, hung up at its next turn, and recorded as what it was.

Our own promises: design 6, `DELETE /calls/{id}`.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.core.identity import CallIdentity
from bridge.wiring.bookkeeping import open_bookkeeping
from bridge.wiring.calling import open_calling
from tests.e2e.outbound.calling_out import (
    ALLOWED,
    CALLEE,
    SOMEBODY,
    by_hand,
    calling_out,
    calls,
    loaded_for,
    picks_up,
    post,
    until,
)
from tests.e2e.provision.office import LINE, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.command import Said, run
from tests.fakes.program import OPERATOR_TOKEN, Program

MESSAGE = "The zeppelin is delayed."


async def delete(bridge: Program, call_id: str, query: str = "") -> tuple[int, dict[str, Any]]:
    async with bridge.http(OPERATOR_TOKEN) as client:
        answer = await client.delete(f"/calls/{call_id}{query}")
    return answer.status_code, answer.json()


async def test_a_live_call_is_hung_up_at_its_next_turn_with_a_goodbye(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        agent.reply("It is late.")
        _, placed = await post(bridge, message=MESSAGE)
        call = picks_up(office)
        await call.say("How late?")
        live = await until(bridge, placed["id"], "answered")
        status, told = await delete(bridge, placed["id"])
        again, _ = await delete(bridge, placed["id"])
        assert call.is_up
        turn = await call.say("And now?")
        await office.platform.post_call(call)
        ended = await until(bridge, placed["id"], "ended")

    assert (status, again) == (202, 202)
    assert (told["state"], told["conversation"]) == ("answered", live["conversation"])
    assert "at its next turn" in told["note"]
    assert turn.text.startswith("Goodbye.")
    assert [tool.name for tool in turn.tools] == ["end_call"]
    assert not call.is_up
    assert len(agent.requests) == 1, "the agent isn't asked for what is over"
    assert (ended["outcome"], ended["fault"]) == ("completed", "operator")
    assert ended["cause"] == "It was ended: the operator asked for that."
    assert [turn["outcome"] for turn in ended["turns"]] == ["done", "here"]


async def test_a_call_that_still_rings_is_hung_up_once_somebody_speaks(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        status, told = await delete(bridge, placed["id"])
        call = picks_up(office)
        await call.silence()

    assert (status, told["state"]) == (202, "placed")
    assert "may ring on" in told["note"]
    assert not call.is_up
    assert agent.requests == []


async def test_who_calls_in_is_hung_up_as_well_and_no_other_call_is(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent, **OPEN) as bridge:
        theirs = await office.platform.ring(CALLEE, LINE)
        other = await office.platform.ring(SOMEBODY, LINE)
        await theirs.say("Hello")
        (found,) = [c for c in await calls(bridge) if c["conversation"] == theirs.conversation_id]
        status, _ = await delete(bridge, found["id"])
        turn = await theirs.say("Are you there?")
        await other.say("Hello")
        await office.platform.post_call(theirs)
        ended = await until(bridge, found["id"], "ended")

    assert status == 202
    assert [tool.name for tool in turn.tools] == ["end_call"]
    assert (theirs.is_up, other.is_up) == (False, True)
    assert (ended["outcome"], ended["fault"]) == ("completed", "operator")
    assert len(agent.requests) == 2


async def the_call(bridge: Program) -> dict[str, Any]:
    """The only one on record. It is written behind the caller's back."""
    async with asyncio.timeout(5):
        while not (there := await calls(bridge)):
            await asyncio.sleep(0.02)
    (found,) = there
    return found


async def test_it_holds_over_a_restart(office: Office) -> None:
    async with calling_out(office, None, **OPEN) as bridge:
        theirs = await office.platform.ring(CALLEE, LINE)
        await theirs.say("spell cat")
        await delete(bridge, (await the_call(bridge))["id"])
    async with calling_out(office, None, **OPEN):
        turn = await theirs.say("spell dog")

    assert [tool.name for tool in turn.tools] == ["end_call"]


async def test_a_mark_is_known_before_the_first_turn_after_a_restart(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        await delete(bridge, placed["id"])
    settings = loaded_for(office)
    async with open_bookkeeping(settings) as keeps, open_calling(settings, keeps) as outgoing:
        assert outgoing.endings.holds(ours(placed["id"]))


async def test_a_mark_of_another_process_is_learnt_meanwhile(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        async with by_hand(office) as (outgoing, aftermath):
            await delete(bridge, placed["id"])
            assert not outgoing.endings.holds(ours(placed["id"]))
            await aftermath.look()
            assert outgoing.endings.holds(ours(placed["id"]))


def ours(call_id: str) -> CallIdentity:
    """What a turn tells of a call that we placed."""
    return CallIdentity(call=call_id, direction="outbound", is_outbound=True, is_call=True)


async def test_nobody_is_asked_for_a_code_whose_call_is_to_end(office: Office) -> None:
    async with calling_out(office, None, **OPEN, POLICY__PIN="4711") as bridge:
        theirs = await office.platform.ring(CALLEE, LINE)
        await theirs.say("Hello")
        await delete(bridge, (await the_call(bridge))["id"])
        turn = await theirs.say("What code?")

    assert [tool.name for tool in turn.tools] == ["end_call"]


async def test_who_hung_up_first_is_who_ended_it(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        call = picks_up(office)
        await call.say("spell cat")
        await until(bridge, placed["id"], "answered")
        await delete(bridge, placed["id"])
        await call.hang_up()
        await office.platform.post_call(call)
        ended = await until(bridge, placed["id"], "ended")

    assert (ended["outcome"], ended["fault"]) == ("completed", "nobody")
    assert ended["cause"] == "The other side hung up."


async def test_what_is_over_stays_as_it_is_and_what_is_not_there_is_not_found(
    office: Office,
) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        await office.platform.post_call(conversation)
        before = await until(bridge, placed["id"], "ended")
        status, told = await delete(bridge, placed["id"])
        beginning, _ = await delete(bridge, placed["id"][:12])
        unknown, _ = await delete(bridge, "call_0000000000000000")
        after = await until(bridge, placed["id"], "ended")

    assert (status, told["outcome"], told["note"]) == (200, "no_answer", "It is over.")
    assert (beginning, unknown) == (404, 404)
    assert before == after


async def test_a_call_is_erased_for_good_and_only_when_it_is_over(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        early, told = await delete(bridge, placed["id"], "?erase=true")
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        await office.platform.post_call(conversation)
        await until(bridge, placed["id"], "ended")
        erased, gone = await delete(bridge, placed["id"], "?erase=true")
        again, _ = await delete(bridge, placed["id"], "?erase=true")
        left = await calls(bridge)

    assert (early, told["error"]["param"]) == (409, "erase")
    assert (erased, gone) == (200, {"erased": {"calls": 1, "turns": 0}})
    assert (again, left) == (404, [])


# -- the command -----------------------------------------------------------------------------------


async def types(office: Office, *arguments: str, bridge: Program | None = None) -> Said:
    port = urlsplit(bridge.served.url).port if bridge else 1
    settings = {**office.settings, **ALLOWED, "SERVER__PORT": str(port)}
    said = await run(*arguments, settings=settings)
    office.check(said.out + said.err)
    return said


async def test_the_command_ends_a_call_by_the_beginning_of_its_id(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        said = await types(office, "calls", placed["id"][:13], "--end", "--yes", bridge=bridge)
        call = picks_up(office)
        await call.say("Hello?")

    assert (said.code, said.out.strip()) == (0, placed["id"])
    assert "may ring on" in said.err
    assert not call.is_up


async def test_the_command_ends_a_call_while_no_server_runs(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
    said = await types(office, "calls", placed["id"], "--end", "--yes", "--json")
    async with calling_out(office):
        call = picks_up(office)
        await call.say("Hello?")

    assert said.code == 0
    assert json.loads(said.out)["id"] == placed["id"]
    assert not call.is_up


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_the_command_erases_a_call_once_it_is_over(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        _, placed = await post(bridge, message=MESSAGE)
        erase = ("calls", placed["id"], "--erase", "--yes")
        early = await types(office, *erase, bridge=server)
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        await office.platform.post_call(conversation)
        await until(bridge, placed["id"], "ended")
        erased = await types(office, *erase, "--json", bridge=server)
        again = await types(office, *erase, bridge=server)
        left = await calls(bridge)

    assert (early.code, erased.code) == (2, 0)
    assert again.code in (2, 5), "by the database, by the server"
    assert "not over yet" in early.err
    assert json.loads(erased.out) == {"erased": {"calls": 1, "turns": 0}}
    assert left == []


@pytest.mark.parametrize(
    "arguments", [("call_1", "--end"), ("--end", "--yes"), ("call_1", "--end", "--erase", "--yes")]
)
async def test_nothing_is_ended_unasked_or_at_a_guess(
    office: Office, arguments: tuple[str, ...]
) -> None:
    said = await types(office, "calls", *arguments)
    assert said.code == 2
