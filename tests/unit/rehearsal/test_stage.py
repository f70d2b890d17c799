"""The stage of a rehearsed call: bridge's real server, and what befalls it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bridge import clock
from bridge.errors import SettingsError
from bridge.rehearsal.options import Options
from bridge.rehearsal.performance import AgentAsked, AgentFinished, Befell
from bridge.rehearsal.scenario import AgentKind, Event, Reply, Scenario
from bridge.rehearsal.stage import RESTART_S, Stage, open_stage
from bridge.settings import load
from tests.fakes.rehearsing import rehearse

LONG = Reply(to="story", says="Once upon a time. And so on.", after_s=1.0, chunk_s=1.0)


def scenario(*replies: Reply, **more: Any) -> Scenario:
    return Scenario(
        "made", "Made here.", (), agent=AgentKind.SCRIPTED, replies=(*replies, LONG), **more
    )


@asynccontextmanager
async def stage_of(
    made: Scenario | None = None, options: Options | None = None
) -> AsyncIterator[Stage]:
    async with open_stage(made or scenario(), options or Options(), Starlette()) as stage:
        yield stage


@asynccontextmanager
async def platform(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever has the platform token, on a line of its own."""
    headers = {
        "authorization": f"Bearer {stage.platform_token}",
        "x-bridge-conversation": "conv_1",
        "x-bridge-direction": "inbound",
        "x-bridge-caller": "+15550001234",
        "x-bridge-called": "+15550100",
    }
    async with httpx.AsyncClient(headers=headers, timeout=300.0, trust_env=False) as http:
        yield http


async def reply(stage: Stage, utterance: str) -> str:
    """The words of a turn, as the platform hears them."""
    async with platform(stage) as http:
        answer = await http.post(
            stage.reach(f"{stage.public_url}/v1/chat/completions"),
            json={"messages": [{"role": "user", "content": utterance}]},
        )
        return str(answer.raise_for_status().json()["choices"][0]["message"]["content"])


async def streamed(stage: Stage, utterance: str) -> str:
    """The same as a stream, raw."""
    async with platform(stage) as http:
        answer = await http.post(
            stage.reach(f"{stage.public_url}/v1/chat/completions"),
            json={"messages": [{"role": "user", "content": utterance}], "stream": True},
        )
        return answer.text


def test_a_turn_goes_through_the_real_server_to_the_agent_and_back() -> None:
    async def work() -> tuple[str, list[object]]:
        async with stage_of(scenario(Reply(says="Here I am.", after_s=0.5, chunk_s=0.25))) as stage:
            stage.tape.begin()
            words = await reply(stage, "Where are you?")
            return words, [type(fact) for fact in stage.tape.facts] + [stage.tape.at_s]

    assert rehearse(work) == ("Here I am.", [AgentAsked, AgentFinished, 0.5])


def test_who_has_not_the_token_is_refused() -> None:
    async def work() -> int:
        async with stage_of() as stage, httpx.AsyncClient(trust_env=False) as http:
            url = stage.reach(f"{stage.public_url}/v1/models")
            return (await http.get(url)).status_code

    assert rehearse(work) == 401


def test_the_voice_agent_is_what_provisioning_would_make_for_these_settings() -> None:
    async def work() -> None:
        made = scenario(settings={"turn.greeting": "Anna's line."})
        async with stage_of(made) as stage:
            agent = stage.voice_agent["conversation_config"]["agent"]
            custom = agent["prompt"]["custom_llm"]
            assert agent["first_message"] == "Anna's line."
            assert custom["url"] == f"{stage.public_url}/v1"
            assert custom["request_headers"]["x-bridge-conversation"] == {
                "variable_name": "system__conversation_id"
            }

    rehearse(work)


def test_what_the_operator_has_set_is_not_the_stage_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bridge.toml").write_text("turn.fillers = 7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_TURN__GRACE_S", "17")

    async def work() -> tuple[int, float, float]:
        made = scenario(settings={"turn.deadline_s": 33.0})
        async with stage_of(made) as stage:
            turn = stage.settings.turn
            return turn.fillers, turn.grace_s, turn.deadline_s

    assert rehearse(work) == (3, 3.0, 33.0)


def test_of_the_operator_s_settings_only_the_agent_counts_where_it_is_to_answer() -> None:
    theirs = load(
        {"upstream.name": "openai", "upstream.url": "http://127.0.0.1:9/v1", "turn.fillers": 7},
        environ={},
    )
    made = scenario(settings={"upstream.name": "openclaw"})

    async def work() -> tuple[str | None, int]:
        options = Options(settings=theirs, agent=AgentKind.CONFIGURED)
        async with stage_of(made, options) as stage:
            return stage.settings.upstream.url, stage.settings.turn.fillers

    assert rehearse(work) == ("http://127.0.0.1:9/v1", 3)


def test_the_operator_s_agent_can_t_answer_where_no_settings_name_it() -> None:
    async def work() -> None:
        with pytest.raises(SettingsError, match="configured agent"):
            async with stage_of(scenario(), Options(agent=AgentKind.CONFIGURED)):
                pass

    rehearse(work)


def test_nothing_of_a_stage_is_left_on_disk() -> None:
    async def work() -> Path:
        async with stage_of() as stage:
            assert (stage.settings.state_dir / "bridge.db").exists()
            return stage.settings.state_dir

    assert not rehearse(work).exists()


# -- what befalls it ------------------------------------------------------------------------------


def test_a_server_that_restarts_lets_its_streams_finish_and_keeps_its_records() -> None:
    async def work() -> tuple[str, list[str], int, list[Befell | AgentAsked]]:
        async with stage_of() as stage:
            stage.tape.begin()
            port = stage.server.port
            under_way = asyncio.ensure_future(streamed(stage, "A story"))
            await asyncio.sleep(1.5)
            await stage.befall(Event.RESTART)
            heard = await under_way
            async with stage.operator() as http:
                calls = (await http.get("/calls")).json()["calls"]
            again = await reply(stage, "A story")
            facts = [fact for fact in stage.tape.facts if isinstance(fact, Befell | AgentAsked)]
            assert port == stage.server.port
            return heard + again, [one["conversation"] for one in calls], len(calls), facts

    heard, calls, _, facts = rehearse(work)
    assert "so on." in heard
    assert heard.endswith("Once upon a time. And so on.")
    assert calls == ["conv_1"]
    first, befell, second = facts
    assert isinstance(first, AgentAsked)
    assert isinstance(second, AgentAsked)
    assert isinstance(befell, Befell)
    assert (first.run, second.run) == (1, 2)
    assert (befell.at_s, befell.event) == (1.5, Event.RESTART)
    assert 1.5 + RESTART_S < befell.at_s + befell.took_s < 5.0


def test_while_a_server_drains_it_takes_nothing_new() -> None:
    async def work() -> int:
        async with stage_of() as stage, platform(stage) as http:
            under_way = asyncio.ensure_future(streamed(stage, "A story"))
            await asyncio.sleep(0.5)
            restarting = asyncio.ensure_future(stage.befall(Event.RESTART))
            await asyncio.sleep(0.1)
            url = stage.reach(f"{stage.public_url}/v1/models")
            status = (await http.get(url)).status_code
            await under_way
            await restarting
            return status

    assert rehearse(work) == 503


def test_a_server_that_crashes_cuts_its_streams_and_another_begins_with_its_state() -> None:
    async def work() -> tuple[float, str, bool]:
        async with stage_of() as stage:
            stage.tape.begin()
            under_way = asyncio.ensure_future(streamed(stage, "A story"))
            await asyncio.sleep(1.5)
            crashing = asyncio.ensure_future(stage.befall(Event.CRASH))
            with pytest.raises(httpx.HTTPError):
                await under_way
            cut_s = stage.tape.at_s
            await crashing
            finished = [fact for fact in stage.tape.facts if isinstance(fact, AgentFinished)]
            return cut_s, await reply(stage, "A story"), finished[0].whole

    assert rehearse(work) == (1.5, "Once upon a time. And so on.", False)


def test_when_the_address_moves_the_former_one_leads_nowhere() -> None:
    async def work() -> tuple[str, str]:
        async with stage_of() as stage, platform(stage) as http:
            former = stage.public_url
            await stage.befall(Event.TUNNEL_MOVES)
            with pytest.raises(httpx.ConnectError):
                await http.get(stage.reach(f"{former}/v1/models"))
            now = await http.get(stage.reach(f"{stage.public_url}/v1/models"))
            assert now.status_code == 200
            assert stage.public_url != former
            assert stage.reach("https://elsewhere.example/x") == "https://elsewhere.example/x"
            custom = stage.voice_agent["conversation_config"]["agent"]["prompt"]["custom_llm"]
            return str(custom["url"]), f"{stage.public_url}/v1"

    told, is_at = rehearse(work)
    assert told == is_at


def test_the_kill_switch_is_turned_on() -> None:
    async def work() -> object:
        async with stage_of() as stage, stage.operator() as http:
            await stage.befall(Event.STOP_ALL)
            return (await http.get("/stop")).json()["stopped"]

    assert rehearse(work) is True


def test_a_scripted_agent_restarts_and_one_that_isn_t_stays() -> None:
    async def work(made: Scenario) -> list[object]:
        async with stage_of(made) as stage:
            stage.tape.begin()
            under_way = asyncio.ensure_future(streamed(stage, "Tell me a story"))
            await asyncio.sleep(0.5)
            await stage.befall(Event.AGENT_RESTARTS)
            await under_way
            return [fact.whole for fact in stage.tape.facts if isinstance(fact, AgentFinished)]

    assert rehearse(lambda: work(scenario())) == [False]
    demo = Scenario("made", "Made here.", (), agent=AgentKind.DEMO)
    assert rehearse(lambda: work(demo)) == [True]


def test_runs_have_the_same_names_in_every_performance() -> None:
    async def work() -> list[str]:
        async with stage_of() as stage:
            await streamed(stage, "A story")
            await asyncio.sleep(1.0)
            async with stage.operator() as http:
                call = (await http.get("/calls")).json()["calls"][0]["id"]
                turns = (await http.get(f"/calls/{call}/transcript")).json()["turns"]
            return [turn["run_id"] for turn in turns]

    assert rehearse(work) == rehearse(work) == ["0000000000000001"]


def test_a_stage_stands_on_the_machine_s_own_clock_too() -> None:
    async def work() -> tuple[str, float]:
        began_s = clock.now_s()
        async with stage_of(scenario(Reply(says="Yes.", after_s=0.05))) as stage:
            return await reply(stage, "Really?"), clock.now_s() - began_s

    words, took_s = asyncio.run(work())
    assert (words, took_s >= 0.05) == ("Yes.", True)
