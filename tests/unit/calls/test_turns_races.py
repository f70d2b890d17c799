"""What happens between two steps: whoever goes, stops, refuses or clings in that moment.

A shared ledger takes its time and may refuse; an agent may break its promise to let go at once.
The engine is the real one; the ledgers and agents here are real ones that are told to be slow.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest
from typing_extensions import override

from bridge.calls.rules import Rules
from bridge.calls.runs import LETTING_GO_S
from bridge.calls.steps import MOST_TRIES
from bridge.core.conversation import Conversation, Standing, Stop
from bridge.core.reply import End, Item, Origin
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.ports.upstream import Ask, UpstreamEvent
from bridge.stores.memory import MemoryLedger
from tests.fakes.engine import BOOK, Engine, engine, says, text_of
from tests.fakes.replies import failure_of, fillers_of, slow
from tests.fakes.scripted_agent import ScriptedAgent
from tests.fakes.timeline import timeline

PHRASES = BOOK.for_language("en")
HI, BYE = says("Hi"), says("Bye")


class Reluctant(MemoryLedger):
    """Takes `takes_s` for each new state, and refuses so many of one conversation's."""

    def __init__(self, *, takes_s: float = 0.0, refusals: int = 0, thread: str = "conv:c1") -> None:
        super().__init__()
        self.takes_s = takes_s
        self.refusals = refusals
        self.thread = thread

    @override
    async def replace(
        self,
        thread: str,
        version: int,
        conversation: Conversation,
        at_s: float,
        opens: str | None = None,
    ) -> bool:
        if thread == self.thread and self.refusals:
            self.refusals -= 1
            return False
        is_taken = await super().replace(thread, version, conversation, at_s, opens)
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return is_taken


FOR_EVER = 1_000_000


@dataclass(slots=True)
class Clinging(ScriptedAgent):
    """Lets go of its first question only after `clings_s`, whoever asks it to stop."""

    clings_s: float = 30.0
    freed: list[str] = field(default_factory=list)

    @override
    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        is_first = not self.asked
        async with ScriptedAgent.ask(self, ask) as events:
            try:
                yield events
            finally:
                if is_first:
                    with anyio.CancelScope(shield=True):
                        await asyncio.sleep(self.clings_s)
                self.freed.append(ask.newest[-1].text)


def now() -> float:
    return asyncio.get_running_loop().time()


# -- the ledger refuses ---------------------------------------------------------------------------


@timeline
async def test_a_decision_that_others_forestalled_is_made_again_until_it_is_held() -> None:
    async with engine(ledger=Reluctant(refusals=MOST_TRIES - 1)) as e:
        assert text_of(await e.reply(HI)) == "You said Hi."
        assert len(e.agent.asked) == 1


@timeline
async def test_a_ledger_that_refuses_everything_costs_one_sentence_and_asks_nobody() -> None:
    ledger = Reluctant(refusals=FOR_EVER)
    async with engine(ledger=ledger) as e:
        call = e.call(HI)
        items = await call.end()

        assert (text_of(items), failure_of(items)) == (PHRASES.failed, "upstream_unavailable")
        assert call.kind == "failed"
        assert ledger.refusals == FOR_EVER - MOST_TRIES
        assert [a.words for a in e.agent.asked] == []
        assert text_of(await e.reply(BYE, conversation="c2")) == "You said Bye."


@timeline
async def test_a_run_that_may_not_be_told_of_is_never_asked() -> None:
    ledger = Reluctant()
    async with engine(rules=Rules(settle_s=1.0), ledger=ledger) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        ledger.refusals = MOST_TRIES

        assert text_of(await call.end()) == PHRASES.failed
        assert e.agent.asked == []
        assert text_of(await e.reply(HI)) == "You said Hi."


@timeline
async def test_a_run_whose_end_the_ledger_refuses_is_heard_to_its_end_and_harms_nobody() -> None:
    ledger = Reluctant()
    async with engine(ScriptedAgent(always=slow(1.0)), ledger=ledger) as e:
        call, other = e.call(HI), e.call(BYE, conversation="c2")
        await asyncio.sleep(0.5)
        ledger.refusals = FOR_EVER

        assert text_of(await call.end()) == text_of(await other.end()) == "Hello."
        assert e.turns.live_runs == 0


@timeline
async def test_a_grace_that_the_ledger_refuses_to_end_harms_nobody() -> None:
    ledger = Reluctant()
    async with engine(ScriptedAgent(always=slow(10.0)), ledger=ledger) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        await call.close()
        ledger.refusals = MOST_TRIES
        await asyncio.sleep(60.0)

        assert ledger.refusals == 0
        assert text_of(await e.reply(BYE, conversation="c2"), Origin.AGENT) == "Hello."
        assert e.turns.live_runs == 0


# -- somebody goes --------------------------------------------------------------------------------


@timeline
async def test_who_leaves_while_their_run_is_being_decided_leaves_one_that_a_retry_can_join() -> (
    None
):
    async with engine(ScriptedAgent(always=slow(2.0)), ledger=Reluctant(takes_s=0.2)) as e:
        async with anyio.create_task_group() as impatient:
            impatient.start_soon(e.reply, HI)
            await asyncio.sleep(0.1)
            impatient.cancel_scope.cancel()
        await asyncio.sleep(0.5)
        retry = e.call(HI)

        assert text_of(await retry.end(), Origin.AGENT) == "Hello."
        assert (retry.kind, len(e.agent.asked)) == (TurnClass.REPEAT, 1)


@timeline
async def test_who_leaves_while_their_run_is_being_decided_and_stays_away_has_it_stopped() -> None:
    ledger = Reluctant(takes_s=0.2)
    async with engine(ScriptedAgent(always=slow(60.0)), ledger=ledger) as e:
        async with anyio.create_task_group() as impatient:
            impatient.start_soon(e.reply, HI)
            await asyncio.sleep(0.1)
            impatient.cancel_scope.cancel()
        await asyncio.sleep(10.0)

        assert [a.outcome for a in e.agent.asked] == ["left"]
        assert e.turns.live_runs == 0
        (run,) = (await ledger.read("conv:c1")).conversation.runs
        assert (run.listeners, run.stop, run.is_over) == (0, Stop.LEFT, True)


@timeline
async def test_a_run_that_ends_before_its_new_listener_begins_to_follow_is_heard_whole() -> None:
    async with engine(ScriptedAgent(always=slow(1.0, "Hello. ", "How are you?"))) as e:
        first = e.call(HI)
        await asyncio.sleep(0.5)
        async with e.turns.listen(e.request(HI)) as listening:
            assert listening.kind == TurnClass.REPEAT
            whole = await first.end()
            await asyncio.sleep(5.0)

            assert [i async for items in listening.items for i in items] == whole


@timeline
async def test_of_a_request_that_stood_alone_nothing_stays_when_it_left_before_reading_the_end() -> (
    None
):
    ledger = MemoryLedger()
    async with (
        engine(ledger=ledger) as e,
        e.turns.listen(e.request(HI, conversation=None)) as listening,
    ):
        assert text_of(await anext(aiter(listening.items))) == "You said Hi."
        await asyncio.sleep(1.0)
        assert e.turns.live_runs == 0

    assert len(ledger) == 0


@timeline
async def test_a_run_superseded_in_the_moment_it_settles_is_told_to_have_been_superseded() -> None:
    async with engine(rules=Rules(settle_s=0.5)) as e:
        early = e.call(HI)
        await asyncio.sleep(0.5)
        async with e.turns.listen(e.request(says("Hi there"))) as longer:
            items = [item async for some in longer.items for item in some]

        assert text_of(items) == "You said Hi there."
        assert text_of(await early.end()) == PHRASES.lost
        assert [a.words for a in e.agent.asked] == ["Hi there"]
        assert [r.outcome for r in e.reports] == ["superseded", "done"]


# -- the engine goes ------------------------------------------------------------------------------


@timeline
async def test_an_engine_that_stops_while_a_run_settles_asks_nobody_and_says_why() -> None:
    ledger = MemoryLedger()
    async with engine(rules=Rules(settle_s=5.0), ledger=ledger) as e:
        call = e.call(HI)
        await asyncio.sleep(1.0)
    items = await call.end()

    assert (text_of(items, Origin.BRIDGE), e.agent.asked) == (PHRASES.stopping, [])
    (run,) = (await ledger.read("conv:c1")).conversation.runs
    assert (run.standing, run.stop, run.asked, run.is_over) == (
        Standing.STOPPED,
        Stop.DRAINING,
        False,
        True,
    )


@timeline
async def test_an_engine_that_is_cancelled_from_outside_says_so_too() -> None:
    """The tasks may be told before their owner is: nothing half said may pass for the whole."""
    ledger = MemoryLedger()
    with anyio.CancelScope() as world:
        async with engine(
            ScriptedAgent(always=slow(0.0, "A. ", "B.", gap_s=9.0)), ledger=ledger
        ) as e:
            call = e.call(HI)
            await asyncio.sleep(1.0)
            world.cancel()
            await anyio.sleep_forever()
    items = await call.end()

    assert text_of(items) == f"A. {PHRASES.stopping}"
    assert failure_of(items) == "upstream_unavailable"
    (run,) = (await ledger.read("conv:c1")).conversation.runs
    assert (run.stop, run.said) == (Stop.DRAINING, "A. ")


# -- the agent stays ------------------------------------------------------------------------------


async def until_answered(e: Engine, call_at: float, *texts: str) -> tuple[float, list[Item]]:
    items = await e.reply(says(*texts))
    return round(now() - call_at, 3), items


@timeline
async def test_a_stuck_agent_keeps_the_next_utterance_waiting_for_two_seconds_at_most() -> None:
    async with engine(Clinging(scripts=[slow(60.0)])) as e:
        stuck = e.call(HI)
        await asyncio.sleep(1.0)
        took_s, items = await until_answered(e, now(), "Hi", "", "Bye")

        assert (took_s, text_of(items, Origin.AGENT)) == (LETTING_GO_S, "You said Bye.")
        assert len(fillers_of(items)) == 1
        assert text_of(await stuck.end()) == PHRASES.lost


@timeline
async def test_whoever_follows_a_stuck_run_hears_its_end_within_two_seconds() -> None:
    agent = Clinging(scripts=[slow(60.0)])
    ledger = MemoryLedger()
    async with engine(agent, Rules(grace_s=1.0, fillers=0), ledger) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        await call.close()
        await asyncio.sleep(1.5)
        took_s, items = await until_answered(e, now(), "Hi")

        assert took_s == LETTING_GO_S - 0.5
        assert (text_of(items), failure_of(items)) == (PHRASES.lost, "upstream_unavailable")
        assert (e.turns.live_runs, len(agent.asked), agent.freed) == (0, 1, [])
        await asyncio.sleep(60.0)
        assert agent.freed == ["Hi"]
        assert [r.outcome for r in e.reports] == ["joined", "left"]
        (run,) = (await ledger.read("conv:c1")).conversation.runs
        assert (run.stop, run.is_over) == (Stop.LEFT, True)


@pytest.mark.parametrize("clings_s", [0.0, 0.5, 1.9])
@timeline
async def test_an_agent_that_lets_go_in_time_is_not_taken_for_stuck(clings_s: float) -> None:
    agent = Clinging(scripts=[slow(60.0)], clings_s=clings_s)
    async with engine(agent) as e:
        stuck = e.call(HI)
        await asyncio.sleep(1.0)
        took_s, items = await until_answered(e, now(), "Hi", "", "Bye")

        assert (took_s, text_of(items, Origin.AGENT)) == (clings_s, "You said Bye.")
        assert agent.freed[0] == "Hi"
        assert isinstance((await stuck.end())[-1], End)


# -- two conversations, one thread ----------------------------------------------------------------


@timeline
async def test_two_calls_that_share_a_key_stop_nothing_of_one_anothers() -> None:
    """One leaves in the middle of a word, the other's run goes on."""
    async with engine(ScriptedAgent(always=slow(0.0, "One. ", "Two.", gap_s=1.0))) as e:
        goes = e.call(HI, conversation=None, key="shared")
        stays = e.call(BYE, conversation=None, key="shared")
        await asyncio.sleep(0.5)
        await goes.close()

        assert text_of(await stays.end()) == "One. Two."
        assert [(a.words, a.outcome) for a in e.agent.asked] == [("Hi", "left"), ("Bye", "whole")]
