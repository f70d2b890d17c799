"""`bridge call --as-agent`, `bridge calls --as-agent`: what an agent that has the skill types.

Our own promises: design 7, 10.
"""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.settings import load
from bridge.settings.tokens import ensure_agent_token
from tests.e2e.outbound.calling_out import (
    ALLOWED,
    CALLEE,
    SOMEBODY,
    calling_out,
    dials,
    picks_up,
    post,
    rang,
    until,
)
from tests.e2e.provision.office import Office
from tests.fakes.command import Said, run
from tests.fakes.program import Program

MESSAGE = "The zeppelin is delayed."
CALL = ("call", CALLEE, "--as-agent", "--yes", "--json", "--message", MESSAGE)


@pytest.fixture
def office(office: Office) -> Office:
    """With an agent's token in its state folder."""
    environ = {"HOME": str(office.state), "BRIDGE_STATE_DIR": str(office.state)}
    ensure_agent_token(load(environ=environ, cwd=office.state))
    return office


async def types(office: Office, bridge: Program | None, *arguments: str, **more: str) -> Said:
    port = urlsplit(bridge.served.url).port if bridge else 1
    settings = {**office.settings, **ALLOWED, "SERVER__PORT": str(port), **more}
    settings["SERVER__OPERATOR_TOKEN"] = "not-the-operator-token-of-that-server"
    said = await run(*arguments, settings=settings)
    assert (office.state / "agent-token").read_text().strip() not in said.out + said.err
    return said


def read(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


async def test_an_agent_places_reads_and_ends_its_call_without_the_operator_s_token(
    office: Office,
) -> None:
    async with calling_out(office) as bridge:
        placed = read(await types(office, bridge, *CALL, "--key", "late"))
        again = read(await types(office, bridge, *CALL, "--key", "late"))
        call = picks_up(office)
        await call.say("spell cat")
        await until(bridge, placed["id"], "answered")
        whole = read(await types(office, bridge, "calls", placed["id"], "--as-agent", "--json"))
        ended = read(
            await types(
                office, bridge, "calls", placed["id"], "--as-agent", "--end", "--yes", "--json"
            )
        )
        await call.say("Hello?")

    assert (placed["source"], placed["owner"], placed["is_new"]) == ("agent", "agent", True)
    assert (again["id"], again["is_new"]) == (placed["id"], False)
    assert (whole["remote"], whole["turns"][0]["utterance"]) == (CALLEE, "spell cat")
    assert "at its next turn" in ended["note"]
    assert not call.is_up
    assert len(rang(office)) == 1


async def test_it_sees_its_own_calls_alone(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, theirs = await post(bridge, to=SOMEBODY, message=MESSAGE)
        ours = read(await types(office, bridge, *CALL))
        listed = read(await types(office, bridge, "calls", "--as-agent", "--json"))
        other = await types(office, bridge, "calls", theirs["id"], "--as-agent", "--json")
        end = await types(office, bridge, "calls", theirs["id"], "--as-agent", "--end", "--yes")
        erase = await types(office, bridge, "calls", ours["id"], "--as-agent", "--erase", "--yes")

    assert [call["id"] for call in listed] == [ours["id"]]
    assert (other.code, end.code) == (5, 5)
    assert "404" in other.err
    assert erase.code == 6


async def test_a_rule_that_refuses_it_is_named(office: Office) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__AGENTS="false") as bridge:
        refused = await types(office, bridge, *CALL)
        dry = await types(office, bridge, "call", CALLEE, "--as-agent", "--dry-run", "--json")
        session = await types(office, bridge, *CALL, "--session", "main")

    assert (refused.code, dry.code, session.code) == (6, 6, 6)
    assert "'agents'" in refused.err
    assert json.loads(dry.out)["rule"] == "agents"
    assert "session" in session.err
    assert dials(office) == []


async def test_without_a_server_nothing_is_placed_past_it(office: Office) -> None:
    """A command of the operator's would place the call itself; an agent's never does."""
    placed = await types(office, None, *CALL)
    dry = await types(office, None, "call", CALLEE, "--as-agent", "--dry-run")
    listed = await types(office, None, "calls", "--as-agent")

    assert (placed.code, dry.code, listed.code) == (5, 5, 5)
    assert "bridge serve" in placed.err
    assert dials(office) == []


async def test_without_a_token_the_agent_is_told_who_makes_one(office: Office) -> None:
    kept = (office.state / "agent-token").read_text()
    async with calling_out(office) as bridge:
        (office.state / "agent-token").unlink()
        said = [
            await run(*asked, settings={**office.settings, **ALLOWED, "SERVER__PORT": port})
            for port in [str(urlsplit(bridge.served.url).port)]
            for asked in (CALL, ("calls", "--as-agent"))
        ]

    assert kept
    assert [one.code for one in said] == [3, 3]
    assert all("bridge skill install" in one.err for one in said)
    assert dials(office) == []
