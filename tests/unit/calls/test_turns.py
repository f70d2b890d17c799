"""Turns as timelines: which requests make a run, which join one, which end one."""

import asyncio

import pytest
from typing_extensions import override

from bridge.calls.report import TurnReport
from bridge.calls.rules import Rules
from bridge.calls.turns import Turns
from bridge.core.conversation import Conversation
from bridge.core.identity import Strength
from bridge.core.reply import Call, End, Origin
from bridge.errors import Draining, VendorUnavailable, Why
from bridge.ports.upstream import Finish, Text
from bridge.stores.memory import MemoryLedger
from tests.fakes.engine import BOOK, engine, says, text_of
from tests.fakes.replies import acted, failure_of, fillers_of, slow, tool
from tests.fakes.scripted_agent import Script, ScriptedAgent
from tests.fakes.timeline import timeline

PHRASES = BOOK.for_language("en")
HI = says("Hi")


def now() -> float:
    return asyncio.get_running_loop().time()


# -- at most once ---------------------------------------------------------------------------------


@timeline
async def test_five_identical_requests_at_one_moment_make_one_run_and_five_equal_replies() -> None:
    async with engine(ScriptedAgent(always=slow(1.0, "Hello. ", "How are you?"))) as e:
        calls = [e.call(HI) for _ in range(5)]
        replies = [await call.end() for call in calls]

        assert [call.kind for call in calls] == ["new", *["repeat"] * 4]
        assert len(e.agent.asked) == 1
        assert replies == [replies[0]] * 5
        assert text_of(replies[0]) == "Hello. How are you?"


@timeline
async def test_a_retry_after_a_disconnect_before_the_first_word_attaches() -> None:
    async with engine(ScriptedAgent(always=slow(2.0))) as e:
        impatient = e.call(HI)
        await asyncio.sleep(1.0)
        await impatient.close()
        await asyncio.sleep(2.0)
        retry = e.call(HI)

        assert text_of(await retry.end(), Origin.AGENT) == "Hello."
        assert retry.kind == "repeat"
        assert [asked.outcome for asked in e.agent.asked] == ["whole"]


@timeline
async def test_a_repeat_of_a_finished_turn_hears_the_same_again() -> None:
    async with engine() as e:
        first = await e.reply(HI)
        await asyncio.sleep(600)

        assert await e.reply(HI) == first
        assert len(e.agent.asked) == 1


@timeline
async def test_a_longer_transcript_aborts_and_replaces() -> None:
    async with engine(ScriptedAgent(always=slow(0.9, "Booked."))) as e:
        early = e.call(says("Book a"))
        await asyncio.sleep(0.3)
        longer = e.call(says("Book a table"))

        assert text_of(await longer.end()) == "Booked."
        assert longer.kind == "revised"
        assert [(a.words, a.outcome) for a in e.agent.asked] == [
            ("Book a", "left"),
            ("Book a table", "whole"),
        ]
        assert text_of(await early.end()) == PHRASES.lost
        assert failure_of(early.items) == "upstream_unavailable"


@timeline
async def test_a_new_turn_aborts_what_still_runs() -> None:
    async with engine(ScriptedAgent(always=slow(1.0, "A. ", "B. ", gap_s=1.0))) as e:
        e.call(HI)
        await asyncio.sleep(1.5)
        await e.reply(says("Hi", "A.", "Stop"))

        assert [(a.words, a.outcome) for a in e.agent.asked] == [("Hi", "left"), ("Stop", "whole")]


# -- going away -----------------------------------------------------------------------------------


@timeline
async def test_a_disconnect_after_words_stops_the_agent_at_once() -> None:
    async with engine(ScriptedAgent(always=slow(0.0, "One. ", "Two. ", gap_s=1.0))) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        assert text_of(call.items) == "One. "
        before = now()
        await call.close()
        while e.agent.open:
            await asyncio.sleep(0)

        assert now() == before
        assert e.agent.asked[0].outcome == "left"


@pytest.mark.parametrize("after_s", [1.0, 2.0], ids=["before a filler", "after a filler"])
@timeline
async def test_a_disconnect_before_words_stops_the_agent_after_grace(after_s: float) -> None:
    async with engine(ScriptedAgent(always=slow(10.0))) as e:
        call = e.call(HI)
        await asyncio.sleep(after_s)
        assert bool(fillers_of(call.items)) == (after_s > 1.2)
        await call.close()

        await asyncio.sleep(2.9)
        assert len(e.agent.open) == 1
        await asyncio.sleep(0.2)
        assert e.agent.asked[0].outcome == "left"
        assert [report.outcome for report in e.reports] == ["left"]


@timeline
async def test_a_retry_that_goes_away_too_has_the_whole_grace_again() -> None:
    async with engine(ScriptedAgent(always=slow(10.0))) as e:
        first = e.call(HI)
        await asyncio.sleep(0.5)
        await first.close()
        await asyncio.sleep(2.0)
        retry = e.call(HI)
        await asyncio.sleep(0.5)
        await retry.close()

        await asyncio.sleep(2.9)
        assert len(e.agent.open) == 1
        await asyncio.sleep(0.2)
        assert e.agent.open == []


@timeline
async def test_without_grace_a_disconnect_stops_the_agent_at_once() -> None:
    async with engine(ScriptedAgent(always=slow(10.0)), Rules(grace_s=0.0)) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        await call.close()
        await asyncio.sleep(0.01)

        assert e.agent.open == []


@timeline
async def test_a_run_goes_on_while_one_of_its_listeners_stays() -> None:
    async with engine(ScriptedAgent(always=slow(0.0, "One. ", "Two. ", gap_s=1.0))) as e:
        goes, stays = e.call(HI), e.call(HI)
        await asyncio.sleep(0.5)
        await goes.close()

        assert text_of(await stays.end()) == "One. Two. "


@pytest.mark.parametrize("reached", [True, False])
@timeline
async def test_a_repeat_of_what_failed_is_asked_only_if_the_agent_surely_never_saw_it(
    *, reached: bool
) -> None:
    error = VendorUnavailable(
        "Nobody there.", vendor="acme", operation="chat", why=Why.UNREACHABLE, asked=reached
    )
    agent = ScriptedAgent(scripts=[Script([error])], always=slow(0.1, "Hello."))
    async with engine(agent) as e:
        assert text_of(await e.reply(HI)) == PHRASES.unreachable
        again = text_of(await e.reply(HI))

        assert again == (PHRASES.unreachable if reached else "Hello.")
        assert len(e.agent.asked) == (1 if reached else 2)


@timeline
async def test_a_retry_after_the_grace_is_asked_to_say_it_again() -> None:
    """The agent may have acted on the words: they are never asked twice."""
    async with engine(ScriptedAgent(always=slow(10.0))) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        await call.close()
        await asyncio.sleep(4.0)

        assert text_of(await e.reply(HI), Origin.BRIDGE) == PHRASES.lost
        assert len(e.agent.asked) == 1


# -- settling -------------------------------------------------------------------------------------


@timeline
async def test_a_calm_line_settles_for_nothing_and_a_restless_one_for_a_quarter_second() -> None:
    async with engine(ScriptedAgent(always=slow(1.0))) as e:
        withdrawn = e.call(says("Book"))
        await asyncio.sleep(0.1)
        await withdrawn.close()
        await e.reply(says("Book a table"))
        await e.reply(says("Book a table", "Hello.", "Thanks"))

        settled = [round(r.moments.stages()["settle"], 3) for r in e.reports]
        assert settled == [0.0, 0.25, 0.0]


@pytest.mark.parametrize("closes_first", [True, False])
@timeline
async def test_of_a_burst_of_longer_transcripts_only_the_first_and_the_last_are_asked(
    *, closes_first: bool
) -> None:
    """A platform closes one and sends the next, and is heard in either order."""
    async with engine(ScriptedAgent(always=slow(1.0))) as e:
        calls = [e.call(says("Book me a"))]
        for words in ("Book me a table", "Book me a table for", "Book me a table for Friday"):
            await asyncio.sleep(0.15)
            if closes_first:
                await calls[-1].close()
            calls.append(e.call(says(words)))
            await asyncio.sleep(0)
            await calls[-2].close()
        await calls[-1].end()

        assert [a.words for a in e.agent.asked] == ["Book me a", "Book me a table for Friday"]


@timeline
async def test_a_fixed_settling_time_is_waited_every_time() -> None:
    async with engine(rules=Rules(settle_s=0.6)) as e:
        for words in ("Hi", "Bye"):
            await e.reply(says(words), conversation=words)

        assert [round(r.moments.stages()["settle"], 3) for r in e.reports] == [0.6, 0.6]


@timeline
async def test_words_taken_back_while_settling_are_never_asked() -> None:
    async with engine(rules=Rules(settle_s=0.6)) as e:
        call = e.call(HI)
        await asyncio.sleep(0.2)
        await call.close()
        await asyncio.sleep(10)

        assert e.agent.asked == []
        assert text_of(await e.reply(HI)) == "You said Hi."


# -- answered here --------------------------------------------------------------------------------


@timeline
async def test_results_of_our_own_act_are_a_continuation_and_nobody_is_asked() -> None:
    async with engine() as e:
        messages = [*says("Bye"), *acted("end_call", "call_bridge_x_0", "Goodbye.")]

        assert await e.reply(messages) == [End()]
        assert e.agent.asked == []
        assert [(r.turn_class, r.outcome) for r in e.reports] == [("continuation", "here")]


@timeline
async def test_a_silent_caller_is_asked_twice_and_never_gets_an_empty_reply() -> None:
    async with engine() as e:
        history = [*says("Hi", text_of(await e.reply(HI))), *says("...")]
        heard = []
        for _ in range(3):
            heard.append(text_of(await e.reply(history)))
            history += [*says("", heard[-1]), *says("...")]

        assert heard == [*PHRASES.still_there, PHRASES.still_there[-1]]
        assert len(e.agent.asked) == 1


@timeline
async def test_silence_passes_the_turn_where_that_is_offered() -> None:
    async with engine() as e:
        call, _ = await e.reply(says("Hi", "Hello.", "..."), tools=(tool("skip_turn"),))

        assert isinstance(call, Call)
        assert call.name == "skip_turn"


@timeline
async def test_a_caller_who_heard_only_a_filler_is_owed_the_reply() -> None:
    async with engine(ScriptedAgent(always=slow(3.0))) as e:
        call = e.call(HI)
        await asyncio.sleep(2.0)
        heard = text_of(call.items)
        await call.close()

        assert text_of(await e.reply(says("Hi", heard, "...")), Origin.AGENT) == "Hello."
        assert len(e.agent.asked) == 1


@timeline
async def test_the_agent_opens_the_call_when_there_is_a_greeting() -> None:
    async with engine(rules=Rules(greeting="Hello, Ann here.")) as e:
        assert text_of(await e.reply(says("..."))) == "Hello, Ann here."
        assert [r.turn_class for r in e.reports] == ["greeting"]
    async with engine() as e:
        assert text_of(await e.reply(says("..."))) == PHRASES.still_there[0]
        assert e.agent.asked == []


@timeline
async def test_a_tool_call_that_arrived_is_not_made_again_when_the_caller_stays_silent() -> None:
    async with engine() as e:
        e.agent.scripts = [Script([Text("[[press 1]]"), Finish()])]
        keypad = tool("play_keypad_touch_tone", "dtmf_tones")
        first = await e.reply(says("Press one."), tools=(keypad,))
        assert [i.name for i in first if isinstance(i, Call)] == ["play_keypad_touch_tone"]

        pressed = acted("play_keypad_touch_tone", "call_bridge_x_0")
        silence = [*says("Press one."), *pressed, *says("...")]

        assert [i for i in await e.reply(silence, tools=(keypad,)) if isinstance(i, Call)] == []


# -- weak identity --------------------------------------------------------------------------------


@timeline
async def test_by_a_key_alone_identical_requests_join_for_a_minute() -> None:
    async with engine() as e:

        async def ask() -> str:
            return text_of(await e.reply(HI, conversation=None, key="shared"))

        assert await ask() == await ask()
        await asyncio.sleep(59)
        await ask()
        assert len(e.agent.asked) == 1
        await asyncio.sleep(2)
        await ask()
        assert len(e.agent.asked) == 2


@timeline
async def test_by_a_key_alone_nothing_is_superseded() -> None:
    async with engine(ScriptedAgent(always=slow(1.0))) as e:
        first = e.call(HI, conversation=None, key="shared")
        await asyncio.sleep(0.2)
        others = [
            e.call(messages, conversation=None, key="shared")
            for messages in (says("Hi there"), says("Hi", "Hello.", "Bye"))
        ]
        for call in (first, *others):
            assert text_of(await call.end()) == "Hello."
            assert call.kind == "new"


@timeline
async def test_requests_that_stand_alone_are_never_joined() -> None:
    async with engine(ScriptedAgent(always=slow(1.0))) as e:
        calls = [e.call(HI, conversation=None) for _ in range(2)]
        requests = [e.request(list(HI), conversation=None) for _ in range(2)]

        assert {r.strength for r in requests} == {Strength.ALONE}
        for call in calls:
            assert text_of(await call.end()) == "Hello."
            assert call.kind == "new"
        assert len(e.agent.asked) == 2


@timeline
async def test_a_request_that_stands_alone_is_stopped_when_it_goes_away() -> None:
    async with engine(ScriptedAgent(always=slow(10.0))) as e:
        call = e.call(HI, conversation=None)
        await asyncio.sleep(1.0)
        await call.close()
        await asyncio.sleep(0.01)

        assert e.agent.open == []


@timeline
async def test_a_listener_that_is_slow_to_begin_still_hears_a_reply_that_stood_alone() -> None:
    async with engine() as e:
        request = e.request(HI, conversation=None)
        async with e.turns.listen(request) as listening:
            await asyncio.sleep(5.0)
            items = [item async for some in listening.items for item in some]

        assert text_of(items) == "You said Hi."
        assert await e.turns._ledger.read(request.thread) == await e.turns._ledger.read("nothing")


@timeline
async def test_a_reply_that_was_forgotten_is_said_to_be_lost() -> None:
    async with engine(ScriptedAgent(always=slow(5.0))) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        await e.turns._ledger.forget("conv:c1")

        assert text_of(await call.end()) == PHRASES.lost
        assert failure_of(call.items) == "upstream_unavailable"


# -- the engine itself ----------------------------------------------------------------------------


@timeline
async def test_stopping_the_engine_ends_every_run_and_says_why() -> None:
    async with engine(ScriptedAgent(always=slow(60.0))) as e:
        calls = [e.call(HI, conversation=f"c{i}") for i in range(3)]
        await asyncio.sleep(1.0)
    for call in calls:
        items = await call.end()
        assert (text_of(items), failure_of(items)) == (PHRASES.stopping, "upstream_unavailable")

    assert e.agent.open == []
    assert e.turns.live_runs == 0
    with pytest.raises(Draining):
        await e.reply(HI)


@timeline
async def test_a_bug_in_counting_harms_nobody() -> None:
    def miscount(report: TurnReport) -> None:
        raise ValueError("a bug")

    async with engine() as e:
        e.turns._runs._observe = e.turns._observe = miscount
        assert text_of(await e.reply(HI)) == "You said Hi."
        assert text_of(await e.reply(says("Bye"))) == "You said Bye."


@timeline
async def test_a_request_that_comes_while_the_engine_stops_is_told_so() -> None:
    """The ledger already holds its run when there is nobody left to run it."""

    class Late(MemoryLedger):
        """The engine stops while this is asked."""

        turns: Turns

        @override
        async def replace(
            self,
            thread: str,
            version: int,
            conversation: Conversation,
            at_s: float,
            opens: str | None = None,
        ) -> bool:
            self.turns._runs._tasks = None
            return await super().replace(thread, version, conversation, at_s, opens)

    ledger = Late()
    async with engine(ledger=ledger) as e:
        ledger.turns = e.turns
        items = await e.reply(HI)

        assert (text_of(items), failure_of(items)) == (PHRASES.stopping, "upstream_unavailable")
        assert e.agent.asked == []
        assert all(run.is_over for run in (await ledger.read("conv:c1")).conversation.runs)
