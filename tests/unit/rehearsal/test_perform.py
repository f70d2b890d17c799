"""A scenario performed, whole: what is known of it afterwards, and that nothing else is left."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typing_extensions import override

from bridge.errors import SettingsError
from bridge.rehearsal import perform as performing
from bridge.rehearsal.jumping_loop import BEGINS_WALL_S, Stuck
from bridge.rehearsal.perform import Options, perform
from bridge.rehearsal.performance import (
    AgentAsked,
    AgentFinished,
    Answered,
    Befell,
    Broke,
    Fact,
    Over,
    Performance,
    Requested,
    Spoke,
)
from bridge.rehearsal.scenario import AgentKind, Event, Fault, Line, Manners, Reply, Scenario
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import Spoken
from bridge.settings import load
from tests.fakes.agent import FakeAgent

STORY = Reply(to="story", says="Once upon a time there was a king. He had three sons.", after_s=1.0)
ASKS = Line(1, says="Tell me a story.")
HANGS_UP = Line(9, hangs_up=True)


def scenario(*lines: Line, **more: Any) -> Scenario:
    settings: dict[str, Any] = {"agent": AgentKind.SCRIPTED, "replies": (STORY,), **more}
    return Scenario("made", "Made here.", (*lines, HANGS_UP), **settings)


def heard(performance: Performance) -> str:
    """What the caller heard in reply."""
    return " ".join(
        fact.text
        for fact in performance.facts
        if isinstance(fact, Spoke) and fact.party == "agent" and fact.line
    )


def of_kind(performance: Performance, *kinds: type) -> list[type]:
    return [type(fact) for fact in performance.facts if isinstance(fact, kinds)]


def test_a_call_is_acted_out_and_on_record() -> None:
    told: list[Fact] = []
    done = perform(scenario(ASKS), Options(progress=told.append))

    assert heard(done) == "Once upon a time there was a king. He had three sons."
    assert list(done.facts) == told
    assert done.problems == ()
    assert done.record is not None
    assert (done.record["state"], done.record["outcome"]) == ("ended", "completed")
    assert done.record["remote"] == "+15550001234"
    assert [turn["utterance"] for turn in done.turns] == ["Tell me a story."]
    assert (done.jumped, done.began_s) == (True, BEGINS_WALL_S)
    assert [line["event"] for line in done.log] == [
        "call.ringing",
        "turn.finished",
        "call.reported",
    ]


def test_five_minutes_of_silence_take_none(capfd: pytest.CaptureFixture[str]) -> None:
    quiet = Line(1, silent_s=300.0)
    done = perform(scenario(quiet, manners=Manners(silence_end_s=-1.0)))

    assert done.length_s > 300.0
    assert done.real_s < 5.0
    assert done.problems == ()
    assert capfd.readouterr() == ("", "")


BUSY = scenario(
    Line(1, says="Tell me a story.", heard_first=("Tell", "Tell me a"), burst_s=0.15),
    Line(2, says="No, another story.", cuts_in_after_words=4),
    Line(3, event=Event.RESTART, cuts_in_after_words=3),
    Line(4, says="Are you there?"),
    manners=Manners(twice=True, speculative=True, impatient=True, retry_after_s=0.7),
)
"""Whatever may happen at one moment in a call does in this one."""


def test_twenty_performances_of_a_busy_call_are_alike() -> None:
    performances = [perform(BUSY) for _ in range(10)]
    with _other_core_loaded():
        performances += [perform(BUSY) for _ in range(10)]

    first = performances[0]
    assert [fact for fact in first.facts if isinstance(fact, Befell)]
    for other in performances:
        assert other.facts == first.facts
        assert other.turns == first.turns
        assert other.problems == first.problems == ()


@contextlib.contextmanager
def _other_core_loaded() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as load:
        try:
            yield
        finally:
            load.kill()


def test_a_server_that_restarts_in_mid_call_goes_on_with_it() -> None:
    restarts = Line(2, event=Event.RESTART, after_s=0.5)
    done = perform(scenario(ASKS, restarts, Line(3, says="Another story.")))

    assert heard(done).count("three sons.") == 2
    assert of_kind(done, AgentAsked, Befell) == [AgentAsked, Befell, AgentAsked]
    assert [turn["utterance"] for turn in done.turns] == ["Tell me a story.", "Another story."]
    assert done.problems == ()


def test_a_server_that_crashes_in_mid_reply_is_asked_again_by_the_platform() -> None:
    crashes = Line(2, event=Event.CRASH, cuts_in_after_s=1.3)
    slow = Reply(to="story", says="Once upon a time. The end.", after_s=1.0, chunk_s=0.5)
    done = perform(scenario(ASKS, crashes, Line(3, says="Go on with the story."), replies=(slow,)))

    assert of_kind(done, Broke) == [Broke]
    assert heard(done).endswith("The end.")
    assert done.record is not None
    assert done.record["state"] == "ended"
    assert done.problems == ()


def test_after_the_address_moved_the_call_goes_on_at_the_new_one() -> None:
    moves = Line(2, event=Event.TUNNEL_MOVES, after_s=0.5)
    done = perform(scenario(ASKS, moves, Line(3, says="Another story.")))

    assert heard(done).count("three sons.") == 2
    assert of_kind(done, Broke) == []
    assert done.problems == ()


def test_an_agent_that_restarts_in_mid_reply_is_an_honest_sentence() -> None:
    slow = Reply(to="story", says="Once upon a time. The end.", after_s=1.0, chunk_s=0.5)
    restarts = Line(2, event=Event.AGENT_RESTARTS, cuts_in_after_s=1.2)
    done = perform(scenario(ASKS, restarts, replies=(slow,)))

    assert [fact.whole for fact in done.facts if isinstance(fact, AgentFinished)] == [False]
    assert "The end." not in heard(done)
    assert [turn["failure"] for turn in done.turns] == ["upstream_unavailable server"]
    assert done.problems == ()


@pytest.mark.parametrize("fault", [Fault.STATUS, Fault.DROP, Fault.REFUSE, Fault.ERROR_EVENT])
def test_whatever_fails_the_caller_hears_something_and_the_record_knows(fault: Fault) -> None:
    failing = Reply(to="story", fault=fault)
    done = perform(scenario(ASKS, replies=(failing,)))

    assert heard(done)
    assert [bool(turn["failure"]) for turn in done.turns] == [True]
    assert done.problems == ()


def test_an_agent_that_hangs_is_given_up_at_the_deadline() -> None:
    hangs = Reply(to="story", says="Once", fault=Fault.HANG)
    done = perform(scenario(ASKS, replies=(hangs,), settings={"turn.deadline_s": 20.0}))

    asked, let_go = (f for f in done.facts if isinstance(f, AgentAsked | AgentFinished))
    assert let_go.at_s - asked.at_s == pytest.approx(20.0)
    assert done.problems == ()


def test_what_goes_on_after_the_call_is_waited_for_and_on_record() -> None:
    """A run that nobody listens to any more ends when its grace is over."""
    slow = Reply(to="story", says="Once.", after_s=60.0)
    leaves = Line(2, hangs_up=True, cuts_in_after_s=1.0)
    done = perform(scenario(ASKS, leaves, replies=(slow,), settings={"turn.grace_s": 10.0}))

    over, let_go = (f for f in done.facts if isinstance(f, Over | AgentFinished))
    assert let_go.at_s - over.at_s == pytest.approx(10.0, abs=0.1)
    assert len(done.turns) == 1
    assert done.problems == ()


async def test_of_several_calls_on_record_the_first_is_the_scenario_s() -> None:
    """The others were rung back. The list has the latest first."""

    async def answer(request: Request) -> JSONResponse:
        name = request.path_params.get("id")
        return JSONResponse(
            {"id": name, "turns": []} if name else {"calls": [{"id": "later"}, {"id": "first"}]}
        )

    paths = ("/calls", "/calls/{id}", "/calls/{id}/transcript")
    app = Starlette(routes=[Route(path, answer) for path in paths])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as http:
        found = await performing._look(http)

    assert found.record == {"id": "first", "turns": []}


def test_a_caller_who_is_refused_is_on_record_and_the_agent_was_not_asked() -> None:
    done = perform(scenario(ASKS, settings={"policy.inbound": "disabled"}))

    assert of_kind(done, AgentAsked) == []
    assert done.record is not None
    assert done.record["outcome"] == "refused"


def test_settings_that_can_t_work_are_said_as_such() -> None:
    with pytest.raises(SettingsError, match="gateway refuses other names"):
        perform(scenario(ASKS, settings={"upstream.name": "openclaw", "upstream.model": "gpt"}))
    with pytest.raises(SettingsError, match=r"turn\.fillers"):
        perform(scenario(ASKS, settings={"turn.fillers": 99}))


def test_a_call_that_does_not_end_is_stopped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing, "LONGEST_S", 5.0)

    with pytest.raises(Stuck, match="did not come to its end"):
        perform(scenario(Line(1, silent_s=300.0)))


class _Messy(SilentVoice):
    """A voice that leaves a task and a connection behind whenever it speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: set[asyncio.Task[None]] = set()
        self.sockets: list[socket.socket] = []

    @override
    async def speak(self, text: str, language: str) -> Spoken:
        loop = asyncio.get_running_loop()
        self.tasks.add(loop.create_task(asyncio.sleep(1e6)))
        self.sockets.extend(socket.socketpair())
        loop.add_reader(self.sockets[-1], print)
        return await super().speak(text, language)


def test_tasks_and_connections_that_are_left_behind_are_a_problem() -> None:
    voice = _Messy()
    done = perform(scenario(ASKS), Options(voice=voice))
    for one in voice.sockets:
        one.close()

    assert done.problems == (
        f"Tasks that were left behind: {len(voice.tasks)}.",
        f"Connections that were left open: {len(voice.sockets) // 2}.",
    )


def test_a_failure_that_nobody_expects_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one behind the caller's back: here the records break."""

    async def turns(_clerk: object, _facts: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bridge.calls.clerk.Clerk.turns", turns)
    done = perform(scenario(ASKS))

    assert heard(done)
    assert done.problems == ("bridge failed: records.broke (ZeroDivisionError).",)


class _Broken(SilentVoice):
    @override
    async def speak(self, text: str, language: str) -> Spoken:
        if text.startswith("Once"):
            raise ZeroDivisionError
        return await super().speak(text, language)


def test_a_bug_of_ours_is_raised_as_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        perform(scenario(ASKS), Options(voice=_Broken()))


def test_the_operator_s_own_agent_answers_at_its_own_pace() -> None:
    """It is another process, on the machine's clock; this one is another thread."""
    with _agent_in_a_thread() as (agent, url):
        theirs = load(
            {
                "upstream.name": "openai",
                "upstream.url": url,
                "upstream.token": agent.token,
                "upstream.model": "fake-model",
            },
            environ={},
        )
        done = perform(scenario(ASKS), Options(settings=theirs, agent=AgentKind.CONFIGURED))

    asked, let_go = (f for f in done.facts if isinstance(f, AgentAsked | AgentFinished))
    assert heard(done) == "There you are."
    assert let_go.at_s - asked.at_s >= 0.3
    assert done.problems == ()


@contextlib.contextmanager
def _agent_in_a_thread() -> Iterator[tuple[FakeAgent, str]]:
    agent, is_up, is_over = FakeAgent(), threading.Event(), threading.Event()
    agent.reply("There ", 0.3, "you are.")

    async def serve() -> None:
        async with agent:
            is_up.set()
            while not is_over.is_set():
                await asyncio.sleep(0.005)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert is_up.wait(5.0)
    try:
        yield agent, agent.url
    finally:
        is_over.set()
        thread.join(5.0)


def test_on_the_machine_s_own_clock_a_call_takes_its_time() -> None:
    fast = Manners(words_a_minute=6000.0, endpointing_s=0.05)
    quick = Reply(to="story", says="The end.", after_s=0.05)
    done = perform(
        scenario(Line(1, says="A story.", after_s=0.05), manners=fast, replies=(quick,)),
        Options(jumps=False),
    )

    assert heard(done) == "The end."
    assert not done.jumped
    assert done.real_s >= done.length_s
    assert of_kind(done, Over, Requested, Answered) == [Requested, Answered, Over]
    assert done.problems == ()
