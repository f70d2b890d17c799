"""`bridge call` and `bridge stop-all`, as processes: beside a server, and by themselves.

Our own promises: design 7, 10.
"""

import asyncio
import json
import re
from pathlib import Path
from signal import SIGINT
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.core.outbound_rules import RULES
from tests.e2e.outbound.calling_out import (
    ALLOWED,
    CALLEE,
    calling_out,
    calls,
    dials,
    picks_up,
    rang,
)
from tests.e2e.provision.office import Office
from tests.fakes.command import Said, run, running
from tests.fakes.program import Program

MESSAGE = "The zeppelin is delayed."
CALL = ("call", CALLEE, "--message", MESSAGE)


def settings(office: Office, bridge: Program | None = None, **more: str) -> dict[str, str]:
    """The office's, with the port of a server that runs, or one where none does."""
    port = urlsplit(bridge.served.url).port if bridge else 1
    return {**office.settings, **ALLOWED, "SERVER__PORT": str(port), **more}


async def types(
    office: Office, *arguments: str, bridge: Program | None = None, **more: str
) -> Said:
    said = await run(*arguments, settings=settings(office, bridge, **more))
    office.check(said.out + said.err)
    return said


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_a_call_is_placed_and_its_id_printed(office: Office, beside_a_server: bool) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, *CALL, "--mode", "notify", "--yes", bridge=server)
        (call,) = await calls(bridge)

    assert (said.code, said.out.strip()) == (0, call["id"])
    assert call["source"] == ("api" if beside_a_server else "command")
    assert (call["state"], call["mode"]) == ("placed", "notify")
    assert len(rang(office)) == 1


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_a_refusal_names_its_rule_and_is_code_6(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, "call", "911", "--yes", bridge=server)
    assert (said.code, said.out) == (6, "")
    assert "'emergency'" in said.err
    assert office.platform.requests == []


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_the_platform_s_refusal_is_code_7_with_its_words(
    office: Office, beside_a_server: bool
) -> None:
    office.platform.refuses_calls = f"Geo permission missing for {CALLEE}"
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, *CALL, "--yes", bridge=server)
    assert said.code == 7
    assert "Geo permission missing for +1555•••7001" in said.err
    assert CALLEE not in said.err


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_a_dry_run_shows_every_rule_and_the_price(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, *CALL, "--dry-run", bridge=server)
        refused = await types(office, "call", "911", "--dry-run", "--json", bridge=server)
    assert said.code == 0
    assert [line.split()[:2] for line in said.out.splitlines()[1:]] == [
        [rule, "passed"] for rule in RULES
    ]
    assert re.search(r"Reckoned at \$\d+\.\d\d", said.err)
    assert refused.code == 6
    assert json.loads(refused.out)["rule"] == "emergency"
    assert office.platform.requests == []


@pytest.mark.parametrize("beside_a_server", [True, False])
async def test_one_key_rings_once(office: Office, beside_a_server: bool) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        first = await types(office, *CALL, "--yes", "--key", "seven", bridge=server)
        again = await types(office, *CALL, "--yes", "--key", "seven", bridge=bridge)
        other = await types(office, "call", CALLEE, "--yes", "--key", "seven", bridge=server)
    assert (first.code, again.code, other.code) == (0, 0, 2)
    assert first.out == again.out
    assert len(rang(office)) == 1


async def test_nobody_is_rung_unasked(office: Office) -> None:
    said = await types(office, *CALL)
    assert said.code == 2
    assert "--yes" in said.err
    assert dials(office) == []


async def test_an_answer_that_is_lost_is_said_and_looked_up(office: Office) -> None:
    office.platform.fail(("POST", "/v1/convai/twilio/outbound-call"), "drop", done=True)
    told = await types(office, *CALL, "--yes")
    assert told.code == 5
    assert "isn't known yet" in told.err
    async with calling_out(office) as bridge:
        async with asyncio.timeout(5):
            while (await calls(bridge))[0]["state"] != "placed":
                await asyncio.sleep(0.02)
    assert len(dials(office)) == len(rang(office)) == 1


async def test_waiting_shows_how_it_goes_and_what_was_said(office: Office) -> None:
    async with (
        calling_out(office) as bridge,
        running(*CALL, "--yes", "--wait", settings=settings(office, bridge)) as command,
    ):
        await command.line(re.compile("Ringing"))
        call = picks_up(office)
        await call.say("spell cat")
        await command.line(re.compile("Answered"))
        await call.hang_up()
        await office.platform.post_call(call)
        said = await command.ended()

    assert said.code == 0
    assert "completed" in said.out
    assert "spell cat" in said.out
    assert CALLEE not in said.out


async def test_waiting_by_itself_asks_the_platform(office: Office) -> None:
    async with running(*CALL, "--yes", "--wait", "--json", settings=settings(office)) as command:
        await command.line(re.compile("Ringing"))
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        said = await command.ended()
    told: dict[str, Any] = json.loads(said.out)
    assert (said.code, told["outcome"], told["fault"]) == (7, "no_answer", "remote")


async def test_who_stops_waiting_leaves_the_call_alone(office: Office) -> None:
    async with calling_out(office) as bridge:
        async with running(*CALL, "--yes", "--wait", settings=settings(office, bridge)) as command:
            await command.line(re.compile("Ringing"))
            command.signal(SIGINT)
            said = await command.ended()
        (call,) = await calls(bridge)
    assert said.code == 130
    assert f"bridge calls {call['id']}" in said.err
    assert call["state"] == "placed"


async def test_stop_all_works_beside_a_server_and_without_one(office: Office) -> None:
    stopped = await types(office, "stop-all")
    async with calling_out(office) as bridge:
        refused = await types(office, *CALL, "--yes", bridge=bridge)
        resumed = await types(office, "stop-all", "--resume", "--json", "--url", bridge.served.url)
        placed = await types(office, *CALL, "--yes", bridge=bridge)
        call = picks_up(office)
        again = await types(office, "stop-all")
        turn = await call.say("Hello")

    assert [said.code for said in (stopped, refused, resumed, placed, again)] == [0, 6, 0, 0, 0]
    assert "'killed'" in refused.err
    assert json.loads(resumed.out)["stopped"] is False
    assert "1" in again.err
    assert [tool.name for tool in turn.tools] == ["end_call"]


async def test_without_an_agent_the_cure_is_said(office: Office, tmp_path: Path) -> None:
    said = await types(office, *CALL, "--yes", STATE_DIR=str(tmp_path / "new"))
    assert said.code == 3
    assert "bridge provision" in said.err
