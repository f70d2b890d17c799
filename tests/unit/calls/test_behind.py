"""A run that outlives its deadline, second by second: promised, gone on with, kept or taken back.

Our own promises: design 3.4, 3.6.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from typing_extensions import override

from bridge.calls.exchange import Exchange
from bridge.calls.rules import Rules
from bridge.calls.witness import Nobody
from bridge.core import manner, ring_back
from bridge.core.reply import End, Item, Origin, Words
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.errors import VendorUnavailable
from bridge.ports.upstream import Ask, Finish, Text, UpstreamEvent
from bridge.stores.memory import MemoryLedger
from tests.fakes.engine import BOOK, Engine, engine, says, text_of
from tests.fakes.replies import failure_of, slow
from tests.fakes.ring_backs import RingBacks
from tests.fakes.scripted_agent import Script, ScriptedAgent
from tests.fakes.timeline import timeline

PHRASES = BOOK.for_language("en")
RULES = Rules(first_words_s=99.0, deadline_s=10.0)
"""No fillers: what is counted here are seconds to the deadline."""

BOOK_IT = says("Book it")
PROMISE: list[Item] = [Words(PHRASES.ring_back, Origin.BRIDGE), End()]
LATE = slow(25.0, "It is booked.")


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(seconds: float, began_s: float) -> None:
    await asyncio.sleep(began_s + seconds - now())


async def promised(e: Engine, began_s: float) -> None:
    """The caller hears the promise at the deadline."""
    assert await e.reply(BOOK_IT) == PROMISE
    assert round(now() - began_s, 3) == 10.0


@timeline
async def test_at_the_deadline_the_reply_ends_with_a_promise_and_the_answer_is_rung_out() -> None:
    rings, began = RingBacks(), now()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        await promised(e, began)
        assert [asked.outcome for asked in e.agent.asked] == ["open"]
        await until(26.0, began)

    (run_id,) = rings.promised
    assert rings.kept == [(run_id, "It is booked.")]
    assert [asked.outcome for asked in e.agent.asked] == ["whole"]


@timeline
async def test_the_report_and_the_record_of_the_turn_say_so_at_once() -> None:
    class Keeps(Nobody):
        def __init__(self) -> None:
            self.kept: list[Exchange] = []

        @override
        def turned(self, exchange: Exchange) -> None:
            self.kept.append(exchange)

    rings, keeps = RingBacks(), Keeps()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings, witness=keeps) as e:
        await e.reply(BOOK_IT)
        (report,), (exchange,) = e.reports, keeps.kept
        await asyncio.sleep(60.0)

    (run_id,) = rings.promised
    assert (report.run_id, report.outcome, report.failure) == (run_id, "ring_back", None)
    assert exchange.ours == PHRASES.ring_back
    assert exchange.acts == ({"name": "ring_back", "arguments": {"call": f"call_{run_id}"}},)
    assert (len(e.reports), len(keeps.kept)) == (1, 1), "the run behind it is no turn"


@timeline
async def test_where_no_call_can_be_promised_the_run_is_ended_with_an_apology() -> None:
    rings, began = RingBacks(refuses=True), now()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        reply = await e.reply(BOOK_IT)

        assert round(now() - began, 3) == 10.0
        assert text_of(reply) == PHRASES.too_slow
        assert failure_of(reply) == "upstream_timeout"
        assert [asked.outcome for asked in e.agent.asked] == ["left"]
        assert "ring them back" not in e.agent.asked[0].ask.instructions
        assert e.agent.asked[0].ask.silence_s == 0
    assert rings.settled == []


@timeline
async def test_the_agent_is_told_and_may_be_silent_for_as_long_as_it_may_take() -> None:
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=RingBacks(60.0)) as e:
        await e.reply(BOOK_IT)

        ask = e.agent.asked[0].ask
        assert manner.MAY_RING_BACK in ask.instructions
        assert ask.silence_s == 70.0


@timeline
async def test_an_answer_in_time_is_simply_said() -> None:
    rings = RingBacks()
    always = slow(9.0, "It is booked.")
    async with engine(ScriptedAgent(always=always), RULES, ring_back=rings) as e:
        assert text_of(await e.reply(BOOK_IT)) == "It is booked."
        await asyncio.sleep(20.0)
    assert rings.promised == []


@timeline
async def test_a_caller_who_hangs_up_is_rung_all_the_same() -> None:
    rings, began = RingBacks(), now()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        call = e.call(BOOK_IT)
        await until(10.1, began)
        await call.close()
        await until(30.0, began)
    assert [answer for _, answer in rings.kept] == ["It is booked."]


@timeline
async def test_speaking_over_the_promise_stops_nothing() -> None:
    """The platform closes the connection as the first words of the promise are out."""
    rings = RingBacks()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        async with e.turns.listen(e.request(BOOK_IT)) as listening:
            first = await anext(listening.items)
        assert first[0] == PROMISE[0]
        await asyncio.sleep(60.0)
    assert [answer for _, answer in rings.kept] == ["It is booked."]


@timeline
async def test_a_retry_of_the_turn_hears_the_promise_and_starts_nothing() -> None:
    rings, began = RingBacks(), now()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        await promised(e, began)
        async with e.turns.listen(e.request(BOOK_IT)) as listening:
            again = [item async for items in listening.items for item in items]
        await until(30.0, began)
        late = await e.reply(BOOK_IT)

    assert (listening.kind, again, late) == (TurnClass.REPEAT, PROMISE, PROMISE)
    assert (len(e.agent.asked), len(rings.kept)) == (1, 1)


@timeline
async def test_all_right_thank_you_is_answered_here_and_the_promise_stands() -> None:
    rings, began = RingBacks(), now()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        await promised(e, began)
        thanks = e.request(says("Book it", PHRASES.ring_back, "All right, thank you"))
        async with e.turns.listen(thanks) as listening:
            said = [item async for items in listening.items for item in items]
        await until(30.0, began)

    assert listening.kind == TurnClass.PROMISED
    assert said == [Words(PHRASES.ring_back_soon, Origin.BRIDGE), End()]
    assert [asked.words for asked in e.agent.asked] == ["Book it"]
    assert [answer for _, answer in rings.kept] == ["It is booked."]


@timeline
async def test_who_goes_on_to_something_else_is_told_and_not_rung() -> None:
    rings, began = RingBacks(), now()
    scripts = [LATE, slow(1.0, "Noon.")]
    agent = ScriptedAgent(keeps_history=True, scripts=scripts)
    async with engine(agent, RULES, ring_back=rings) as e:
        await promised(e, began)
        talk = ["Book it", PHRASES.ring_back, "Thanks", PHRASES.ring_back_soon, "What time is it?"]
        await e.reply(says(*talk[:3]))
        reply = await e.reply(says(*talk))
        await until(60.0, began)

    (run_id,) = rings.promised
    assert text_of(reply) == f"{PHRASES.ring_back_off} Noon."
    assert rings.taken_back == [(run_id, ring_back.TALKED_ON)]
    assert rings.kept == []
    assert [asked.outcome for asked in e.agent.asked] == ["left", "whole"]
    assert e.agent.asked[1].ask.note == manner.PROMISE_BROKEN


@timeline
async def test_the_next_question_is_asked_only_when_the_run_behind_has_let_go() -> None:
    """The agent takes a second to be let go of."""
    open_at_once: list[int] = []

    class Slow(ScriptedAgent):
        @asynccontextmanager
        @override
        async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
            open_at_once.append(len(self.open))
            async with super().ask(ask) as events:
                try:
                    yield events
                finally:
                    with anyio.CancelScope(shield=True):
                        await asyncio.sleep(1.0)

    rings = RingBacks()
    async with engine(Slow(scripts=[LATE]), RULES, ring_back=rings) as e:
        await e.reply(BOOK_IT)
        await e.reply(says("Book it for two"))
    assert open_at_once == [0, 0]


@timeline
async def test_an_agent_that_fails_behind_the_call_leaves_an_apology_to_be_rung() -> None:
    broken = VendorUnavailable("It is gone.", vendor="scripted", operation="chat")
    script = Script([Text("It is "), broken], think_s=20.0)
    rings = RingBacks()
    async with engine(ScriptedAgent(always=script), RULES, ring_back=rings) as e:
        await e.reply(BOOK_IT)
        await asyncio.sleep(30.0)
    assert [answer for _, answer in rings.kept] == [""]


@timeline
async def test_a_run_that_never_ends_is_ended_and_leaves_an_apology_to_be_rung() -> None:
    rings, began = RingBacks(60.0), now()
    async with engine(ScriptedAgent(always=slow(1e6)), RULES, ring_back=rings) as e:
        await promised(e, began)
        await until(69.9, began)
        assert (rings.kept, e.agent.asked[0].outcome) == ([], "open")
        await until(70.1, began)

        assert [answer for _, answer in rings.kept] == [""]
        assert e.agent.asked[0].outcome == "left"
        assert e.turns.live_runs == 0


@timeline
async def test_a_bug_behind_the_call_leaves_an_apology_to_be_rung() -> None:
    class Broken(ScriptedAgent):
        @override
        async def _events(self, script: Script, asked: Any) -> Any:
            await asyncio.sleep(20.0)
            raise ZeroDivisionError
            yield

    rings = RingBacks()
    async with engine(Broken(), RULES, ring_back=rings) as e:
        assert await e.reply(BOOK_IT) == PROMISE
        await asyncio.sleep(30.0)
        assert [answer for _, answer in rings.kept] == [""]
        assert e.turns.live_runs == 0


@timeline
async def test_what_is_under_way_when_the_program_stops_is_lost_and_said_to_be() -> None:
    rings = RingBacks()
    async with engine(ScriptedAgent(always=LATE), RULES, ring_back=rings) as e:
        await e.reply(BOOK_IT)
    (run_id,) = rings.promised
    assert rings.taken_back == [(run_id, ring_back.PROMISE_LOST)]
    assert rings.kept == []


@timeline
async def test_a_reply_that_ends_while_the_promise_is_written_down_is_simply_the_reply() -> None:
    rings = RingBacks(before=lambda: asyncio.sleep(1.0))
    always = slow(10.5, "It is booked.")
    async with engine(ScriptedAgent(always=always), RULES, ring_back=rings) as e:
        assert text_of(await e.reply(BOOK_IT)) == "It is booked."
        await asyncio.sleep(20.0)
    (run_id,) = rings.promised
    assert rings.taken_back == [(run_id, ring_back.NEVER_SAID)]
    assert rings.kept == []


@timeline
async def test_nothing_is_promised_to_somebody_who_has_gone() -> None:
    rings = RingBacks(before=lambda: asyncio.sleep(1.0))
    began = now()
    rules = Rules(first_words_s=99.0, deadline_s=10.0, grace_s=3.0)
    async with engine(ScriptedAgent(always=LATE), rules, ring_back=rings) as e:
        call = e.call(BOOK_IT)
        await until(9.0, began)
        await call.close()
        await until(40.0, began)
    assert [verdict for _, verdict in rings.taken_back] == [ring_back.NEVER_SAID]
    assert rings.kept == []
    assert e.agent.asked[0].outcome == "left"


@timeline
async def test_words_that_come_while_it_is_written_down_are_a_turn_and_nothing_is_promised() -> (
    None
):
    rings = RingBacks(before=lambda: asyncio.sleep(1.0))
    began = now()
    agent = ScriptedAgent(scripts=[LATE])
    async with engine(agent, RULES, ring_back=rings) as e:
        first = e.call(BOOK_IT)
        await until(10.5, began)
        reply = await e.reply(says("Book it for two"))
        await until(40.0, began)
        heard = await first.end()

    assert text_of(reply) == "You said Book it for two."
    assert PHRASES.ring_back not in text_of(heard)
    assert (len(rings.taken_back), rings.kept) == (1, [])


@timeline
async def test_a_run_that_has_not_asked_the_agent_promises_nothing() -> None:
    rings = RingBacks()
    rules = Rules(first_words_s=99.0, deadline_s=1.0, settle_s=5.0)
    async with engine(ScriptedAgent(), rules, ring_back=rings) as e:
        assert text_of(await e.reply(BOOK_IT)) == PHRASES.too_slow
    assert (rings.promised, e.agent.asked) == ([], [])


@timeline
async def test_an_answer_that_came_and_a_turn_that_took_it_back_are_never_both_true() -> None:
    """The run behind ends at the very moment at which its promise is taken back."""
    told = set()
    for offset_ms in range(-8, 24):
        rings, began = RingBacks(), now()
        agent = ScriptedAgent(scripts=[LATE, slow(0.5, "Noon.")])
        async with engine(agent, RULES, SlowLedger(), rings) as e:
            assert await e.reply(BOOK_IT) == PROMISE
            await until(25.0 + offset_ms / 1000, began)
            reply = await e.reply(says("Book it, for two"))
            await asyncio.sleep(10.0)

        was_told = PHRASES.ring_back_off in text_of(reply)
        told.add(was_told)
        assert len(rings.settled) == 1
        assert bool(rings.taken_back) == was_told
    assert told == {True, False}, "it was tried on both sides of the moment"


class SlowLedger(MemoryLedger):
    """One whose every write takes some time."""

    @override
    async def replace(self, *held: Any, **more: Any) -> bool:
        await asyncio.sleep(0.002)
        return await super().replace(*held, **more)


@timeline
async def test_a_run_behind_that_will_not_let_go_is_over_for_the_next_one() -> None:
    class Stubborn(ScriptedAgent):
        @override
        async def _events(self, script: Script, asked: Any) -> Any:
            if asked.words != "Book it":
                async for event in super()._events(script, asked):
                    yield event
                return
            while True:
                try:
                    await asyncio.sleep(12.0)
                    break
                except asyncio.CancelledError:
                    await asyncio.sleep(0)
            yield Finish()

    rings = RingBacks()
    async with engine(Stubborn(), RULES, ring_back=rings) as e:
        assert await e.reply(BOOK_IT) == PROMISE
        reply = await e.reply(says("Book it for two"))
        assert text_of(reply).endswith("You said Book it for two.")
        await asyncio.sleep(30.0)
    assert len(rings.settled) == 1
