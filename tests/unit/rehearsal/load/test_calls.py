"""Who calls in a load, and with which scenarios; and the server's process that they call."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.core.phone import parse_e164
from bridge.errors import VendorUnavailable
from bridge.rehearsal.choosing import choose
from bridge.rehearsal.load.calls import MOST_CALLS, Load, _callers, mixes, why_not
from bridge.rehearsal.load.server import serving
from bridge.rehearsal.scenario import AgentKind, Event, Fault, Line, OutboundCall, Reply, Scenario
from bridge.settings import Settings, load

PLAIN = Scenario("made", "Made here.", (Line(1, says="Hello."),))


def made(**fields: Any) -> Scenario:
    return Scenario(**{"name": "made", "title": "Made here.", "lines": PLAIN.lines, **fields})


def test_each_call_has_a_name_and_a_number_of_its_own() -> None:
    """Calls that share them would be one call to bridge, and one caller to its limits."""
    both = (PLAIN, made(name="other"))

    callers = list(_callers(Load(both, MOST_CALLS, 1)))

    assert [each.name for each in callers[:3]] == ["made-0", "other-1", "made-2"]
    assert len({each.name for each in callers}) == MOST_CALLS
    assert len({parse_e164(each.caller) for each in callers}) == MOST_CALLS


@pytest.mark.parametrize(
    ("scenario", "kind", "why"),
    [
        (PLAIN, AgentKind.DEMO, ""),
        (PLAIN, AgentKind.CONFIGURED, "it is made for the demo agent"),
        (made(runs_with=(AgentKind.CONFIGURED,)), AgentKind.CONFIGURED, ""),
        (made(outbound=OutboundCall("+14155550142")), AgentKind.DEMO, "bridge places a call in it"),
        (made(lines=(Line(1, picks_up=True),)), AgentKind.DEMO, "bridge places a call in it"),
        (
            made(lines=(Line(1, event=Event.CRASH),)),
            AgentKind.DEMO,
            "something befalls the server in it",
        ),
        (
            made(agent=AgentKind.SCRIPTED, replies=(Reply(times=1),)),
            AgentKind.SCRIPTED,
            "its agent counts who asks",
        ),
        (
            made(agent=AgentKind.SCRIPTED, replies=(Reply(fault=Fault.REFUSE),)),
            AgentKind.SCRIPTED,
            "its agent counts who asks",
        ),
        (made(agent=AgentKind.SCRIPTED, replies=(Reply(),)), AgentKind.SCRIPTED, ""),
    ],
)
def test_a_scenario_that_needs_a_stage_of_its_own_is_not_one_of_many(
    scenario: Scenario, kind: AgentKind, why: str
) -> None:
    assert why_not(scenario, kind) == why


def test_one_server_has_one_set_of_settings_and_one_agent() -> None:
    scripted = made(agent=AgentKind.SCRIPTED, replies=(Reply(),))

    assert mixes(PLAIN, AgentKind.DEMO)
    assert not mixes(made(settings={"turn.fillers": 0}), AgentKind.DEMO)
    assert not mixes(scripted, AgentKind.SCRIPTED)


def test_several_that_come_with_bridge_are_mixed() -> None:
    mixed = [each.name for each in choose([]) if mixes(each, AgentKind.DEMO)]

    assert {"new", "markdown", "silence", "two-languages"} <= {*mixed}
    assert {"restart", "pin", "busy"}.isdisjoint(mixed)


def settings_in(folder: Path, **more: object) -> Settings:
    given = {"state_dir": folder, "server.token": "t" * 24, "server.operator_token": "o" * 24}
    return load({**given, **more}, environ={}, cwd=folder)


async def test_the_server_answers_until_the_block_ends(tmp_path: Path) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        async with serving(settings_in(tmp_path)) as url:
            assert (await http.get(f"{url}/healthz")).json()["status"] == "ok"
            known = await http.get(f"{url}/calls", headers={"authorization": f"Bearer {'o' * 24}"})
            assert known.status_code == 200
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/healthz")


async def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    settings = settings_in(tmp_path).changed({"upstream.name": "nobody"}, origin="the test")

    with pytest.raises(VendorUnavailable, match=r"did not start: .*nobody"):
        async with serving(settings):
            raise AssertionError("it listens")
