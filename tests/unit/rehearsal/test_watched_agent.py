"""Who watches the agent notes each time that it is asked and let go of, and changes nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge import clock
from bridge.core.chat import Message
from bridge.errors import VendorError, VendorUnavailable
from bridge.ports.upstream import Ask, Finish, Text
from bridge.rehearsal.performance import AgentAsked, AgentFinished
from bridge.rehearsal.tape import Tape
from bridge.rehearsal.watched_agent import Surroundings, WatchedAgent
from tests.fakes.rehearsing import rehearse
from tests.fakes.scripted_agent import Script, ScriptedAgent

SYSTEM, EARLIER, REPLY, NEWEST = (
    Message.of("system", "Be brief."),
    Message.of("user", "Hello."),
    Message.of("assistant", "Hi."),
    Message.of("user", "What time is it?"),
)
ASK = Ask(
    (SYSTEM, EARLIER, REPLY, NEWEST), (NEWEST,), note="[heard: Hi]", instructions="You phone."
)


async def asked(agent: WatchedAgent, ask: Ask = ASK) -> str:
    async with agent.ask(ask) as events:
        return "".join([event.text async for event in events if isinstance(event, Text)])


def test_a_run_is_noted_when_it_begins_and_when_it_came_to_its_end() -> None:
    inner = ScriptedAgent(always=Script([Text("It is "), Text("nine."), Finish()], 2.0))
    inner.keeps_history = True

    async def work() -> tuple[str, list[object]]:
        tape = Tape()
        watched = WatchedAgent(inner, tape, Surroundings())
        return await asked(watched), [*tape.facts, watched.open, watched.runs]

    told = "You phone.\n[heard: Hi]\nWhat time is it?"
    assert rehearse(work) == (
        "It is nine.",
        [AgentAsked(0.0, 1, "What time is it?", told), AgentFinished(2.0, 1, whole=True), 0, 1],
    )


def test_a_run_that_was_left_or_failed_did_not_come_to_its_end() -> None:
    late = VendorUnavailable("gone", vendor="scripted", operation="chat")
    inner = ScriptedAgent(scripts=[Script([late]), Script([Text("One"), Finish()], gap_s=5.0)])

    async def work() -> list[bool]:
        tape = Tape()
        watched = WatchedAgent(inner, tape, Surroundings())
        with pytest.raises(VendorError):
            await asked(watched)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await asked(watched)
        assert [one.outcome for one in inner.asked] == ["failed", "left"]
        return [fact.whole for fact in tape.facts if isinstance(fact, AgentFinished)]

    assert rehearse(work) == [False, False]


@pytest.mark.parametrize(
    ("platform_prompt", "told"),
    [
        (True, "You phone.\nBe brief.\nHello.\nHi.\nWhat time is it?"),
        (False, "You phone.\nHello.\nHi.\nWhat time is it?"),
    ],
)
def test_a_stateless_agent_is_told_the_dialogue(platform_prompt: bool, told: str) -> None:
    async def work() -> str:
        tape = Tape()
        around = Surroundings(platform_prompt=platform_prompt)
        await asked(WatchedAgent(ScriptedAgent(), tape, around))
        fact = tape.facts[0]
        assert isinstance(fact, AgentAsked)
        return fact.told

    assert rehearse(work) == told


def test_it_tells_what_is_about_to_be_asked_and_that_it_was_let_go_of() -> None:
    seen: list[str] = []

    async def before(utterance: str) -> None:
        seen.append(f"before {utterance}")

    async def after() -> None:
        seen.append("after")

    async def work() -> None:
        around = Surroundings(before=before, after=after)
        await asked(WatchedAgent(ScriptedAgent(), Tape(), around))

    rehearse(work)
    assert seen == ["before What time is it?", "after"]


def test_runs_are_counted_on_where_a_server_before_it_stopped() -> None:
    async def work() -> int:
        watched = WatchedAgent(ScriptedAgent(), Tape(), Surroundings(), first=4)
        await asked(watched)
        return watched.runs

    assert rehearse(work) == 4


class Holding:
    """A clock that notes for whom it was held."""

    def __init__(self) -> None:
        self.holds: list[bool] = []

    def now_s(self) -> float:
        return 1.0

    def wall_s(self) -> float:
        return 1.0

    @contextmanager
    def elsewhere(self, *, passes: bool) -> Iterator[None]:
        self.holds.append(passes)
        yield


@pytest.mark.parametrize(("is_foreign", "holds"), [(True, [True] * 4), (False, [])])
def test_while_a_foreign_agent_is_asked_time_passes(is_foreign: bool, holds: list[bool]) -> None:
    watching = Holding()

    async def work() -> None:
        watched = WatchedAgent(ScriptedAgent(), Tape(), Surroundings(is_foreign=is_foreign))
        with clock.replaced(watching):
            await asked(watched)
            await watched.models()
            await watched.warm_up()
            await watched.examine()

    rehearse(work)
    assert watching.holds == holds


def test_it_is_who_it_watches() -> None:
    inner = ScriptedAgent(name="acme", keeps_history=True, calls_tools=True)
    watched = WatchedAgent(inner, Tape(), Surroundings())

    assert (watched.name, watched.keeps_history, watched.calls_tools) == ("acme", True, True)
    assert rehearse(watched.models) == ("scripted",)
