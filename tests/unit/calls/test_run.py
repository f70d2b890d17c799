"""One run of the agent as a timeline: never silent, never late, honest when it fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from typing_extensions import override

from bridge.calls.rules import Rules
from bridge.core.chat import Message
from bridge.core.delivery import MAX_REPLY_CHARS, Delivery
from bridge.core.reply import Call, End, Item, Origin, Words
from bridge.errors import VendorError, VendorRejected, VendorUnavailable, Why
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, UpstreamEvent, Working
from tests.fakes.engine import BOOK, Engine, engine, says, text_of
from tests.fakes.replies import failure_of, fillers_of, slow, tool
from tests.fakes.scripted_agent import Script, ScriptedAgent
from tests.fakes.timeline import timeline

PHRASES = BOOK.for_language("en")
HI = says("Hi")
HELLO = Script([Text("Hello."), Finish()])


def now() -> float:
    return asyncio.get_running_loop().time()


async def moments(e: Engine, messages: Sequence[Message]) -> list[tuple[float, Item]]:
    """A reply, each item with its second since the request."""
    began = now()
    async with e.turns.listen(e.request(messages)) as listening:
        return [
            (round(now() - began, 3), item) async for items in listening.items for item in items
        ]


# -- never silent, never late ---------------------------------------------------------------------


@timeline
async def test_a_seven_second_think_is_covered_by_two_fillers_at_their_moments() -> None:
    async with engine(ScriptedAgent(always=slow(7.0))) as e:
        heard = await moments(e, HI)

        first, second, words, end = heard
        assert [at for at, _ in heard] == [1.2, 5.2, 7.0, 7.0]
        assert len(set(fillers_of([first[1], second[1]]))) == 2
        assert (words[1], end[1]) == (Words("Hello."), End())


@timeline
async def test_a_filler_says_what_the_agent_is_using() -> None:
    script = Script([Working("calendar"), Text("Two."), Finish()], gap_s=3.0)
    async with engine(ScriptedAgent(always=script)) as e:
        assert fillers_of(await e.reply(HI)) == ["Checking the calendar... "]


@timeline
async def test_there_are_three_fillers_in_a_turn_at_most() -> None:
    async with engine(ScriptedAgent(always=slow(60.0))) as e:
        heard = await moments(e, HI)

        assert [at for at, _ in heard[:-2]] == [1.2, 5.2, 11.2]
        assert len(fillers_of([item for _, item in heard])) == 3


@timeline
async def test_a_fast_turn_has_no_filler() -> None:
    async with engine(ScriptedAgent(always=slow(1.1))) as e:
        assert fillers_of(await e.reply(HI)) == []


@timeline
async def test_no_filler_is_said_twice_running_over_a_whole_call() -> None:
    async with engine(ScriptedAgent(always=slow(7.0))) as e:
        history: list[Message] = []
        said: list[str] = []
        for turn in range(12):
            history += says(f"Question {turn}")
            items = await e.reply(history)
            history += says("", text_of(items))
            said += fillers_of(items)

        assert len(said) == 24
        assert all(one != following for one, following in pairwise(said))


@timeline
async def test_not_even_a_revised_turn_repeats_the_filler_of_the_one_it_replaces() -> None:
    async with engine(ScriptedAgent(always=slow(2.0))) as e:
        words, said = "And", list[str]()
        for _ in range(12):
            call = e.call(says(words))
            await asyncio.sleep(1.6)
            said += fillers_of(call.items)
            words += " more"
        assert len(said) == 12
        assert all(one != following for one, following in pairwise(said))


@timeline
async def test_the_deadline_gives_one_honest_sentence_and_lets_go_of_the_agent() -> None:
    async with engine(ScriptedAgent(always=slow(60.0)), Rules(deadline_s=5.0, fillers=0)) as e:
        heard = await moments(e, HI)

        assert [(at, i.text) for at, i in heard if isinstance(i, Words)] == [
            (5.0, PHRASES.too_slow)
        ]
        assert failure_of([item for _, item in heard]) == "upstream_timeout"
        assert e.agent.asked[0].outcome == "left"
        assert [(r.outcome, r.failure and r.failure.why) for r in e.reports] == [
            ("failed", Why.LATE)
        ]


@timeline
async def test_who_has_heard_the_end_may_rely_on_the_agent_being_free() -> None:
    class Clinging(ScriptedAgent):
        """Takes a while to let go."""

        @override
        @asynccontextmanager
        async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
            async with super().ask(ask) as events:
                yield events
                self.asked[-1].outcome = "open"
                await asyncio.sleep(0.5)
                self.asked[-1].outcome = "whole"

    async with engine(Clinging(always=HELLO)) as e:
        heard = await moments(e, HI)

        assert heard == [(0.0, Words("Hello.")), (0.5, End())]
        assert e.agent.open == []


# -- when something fails -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (Why.UNREACHABLE, PHRASES.unreachable),
        (Why.KEY, PHRASES.misconfigured),
        (Why.PERMISSION, PHRASES.misconfigured),
        (Why.REQUEST, PHRASES.misconfigured),
        (Why.RATE, PHRASES.busy),
        (Why.QUOTA, PHRASES.busy),
        (Why.LATE, PHRASES.too_slow),
        (Why.SERVER, PHRASES.failed),
        (Why.UNKNOWN, PHRASES.failed),
    ],
)
@timeline
async def test_each_failure_is_one_sentence_and_its_cause_is_kept(why: Why, sentence: str) -> None:
    error = VendorUnavailable("It broke.", vendor="acme", operation="chat", why=why)
    async with engine(ScriptedAgent(always=Script([error]))) as e:
        items = await e.reply(HI)

        assert text_of(items) == sentence
        assert failure_of(items) == "upstream_unavailable"
        assert [(r.outcome, r.failure and r.failure.why) for r in e.reports] == [("failed", why)]


@timeline
async def test_a_failure_in_mid_reply_says_that_it_was_cut_off() -> None:
    error: VendorError = VendorRejected("No.", vendor="acme", operation="chat", why=Why.SERVER)
    async with engine(ScriptedAgent(always=Script([Text("Friday has two "), error]))) as e:
        items = await e.reply(HI)

        assert text_of(items, Origin.AGENT).strip() == "Friday has two"
        assert text_of(items, Origin.BRIDGE).strip() == PHRASES.cut_off


@timeline
async def test_a_reply_without_an_end_is_a_broken_promise() -> None:
    async with engine(ScriptedAgent(always=Script([]))) as e:
        items = await e.reply(HI)

        assert (text_of(items), failure_of(items)) == (PHRASES.failed, "upstream_broken")


@timeline
async def test_an_empty_reply_is_not_silence() -> None:
    async with engine(ScriptedAgent(always=Script([Finish()]))) as e:
        items = await e.reply(HI)

        assert (text_of(items), failure_of(items)) == (PHRASES.lost, "upstream_broken")
        assert [report.outcome for report in e.reports] == ["failed"]


@timeline
async def test_an_empty_reply_passes_the_turn_where_that_is_offered() -> None:
    async with engine(ScriptedAgent(always=Script([Finish()]))) as e:
        call, end = await e.reply(HI, tools=(tool("skip_turn"),))

        assert isinstance(call, Call)
        assert (call.name, call.ours, end) == ("skip_turn", True, End("tool_calls"))


@timeline
async def test_a_bug_in_an_adapter_ends_in_a_sentence_and_harms_nobody_else() -> None:
    class Broken(ScriptedAgent):
        """Has a bug that shows on one word."""

        @override
        @asynccontextmanager
        async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
            if ask.newest[-1].text == "Hi":
                raise ValueError("a bug")
            async with super().ask(ask) as events:
                yield events

    async with engine(Broken()) as e:
        items = await e.reply(HI)

        assert text_of(items) == PHRASES.lost
        assert failure_of(items) == "upstream_unavailable"
        assert [report.outcome for report in e.reports] == ["failed"]
        assert text_of(await e.reply(says("Bye"))) == "You said Bye."


@pytest.mark.parametrize("cause", ["left", "superseded"])
@timeline
async def test_a_bug_while_a_run_is_given_up_harms_nobody_else(
    cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[Item]:
        raise ValueError("a bug")

    monkeypatch.setattr(Delivery, "give_up", broken)
    async with engine(ScriptedAgent(scripts=[slow(60.0)])) as e:
        call = e.call(HI)
        await asyncio.sleep(0.5)
        if cause == "left":
            await call.close()
            await asyncio.sleep(5.0)
        assert text_of(await e.reply(says("Hi", "", "Bye"))) == "You said Bye."
        if cause == "superseded":
            assert await call.end() == [End()]
        assert e.turns.live_runs == 0


@timeline
async def test_a_reply_without_end_is_ended_where_it_outgrows_any_call() -> None:
    chapter = "All work and no play. " * 1000
    script = Script([*[Text(chapter)] * 10, Finish()])
    async with engine(ScriptedAgent(always=script)) as e:
        items = await e.reply(HI)

        assert items[-1] == End("length")
        assert MAX_REPLY_CHARS < len(text_of(items)) <= MAX_REPLY_CHARS + len(chapter)
        assert [asked.outcome for asked in e.agent.asked] == ["left"]


# -- control acts ---------------------------------------------------------------------------------


@timeline
async def test_a_mark_becomes_a_tool_call_after_the_last_word() -> None:
    script = Script([Text("Good"), Text("bye.\n[[hang"), Text(" up]]\n"), Finish()])
    async with engine(ScriptedAgent(always=script)) as e:
        items = await e.reply(HI, tools=(tool("end_call"),))
        *words, call, end = items

        assert text_of(words).strip() == "Goodbye."
        assert isinstance(call, Call)
        assert (call.name, call.arguments, call.ours) == ("end_call", "{}", True)
        assert end == End("tool_calls")


@timeline
async def test_a_mark_that_was_not_offered_is_refused_quietly() -> None:
    script = Script([Text("Goodbye.\n[[hang up]]"), Finish()])
    async with engine(ScriptedAgent(always=script)) as e:
        items = await e.reply(HI, tools=(tool("skip_turn"),))

        assert text_of(items).strip() == "Goodbye."
        assert items[-1] == End("stop")


@timeline
async def test_an_agent_that_only_calls_a_tool_thought_until_it_did() -> None:
    script = Script([ToolCall("call_1", "look_up", "{}"), Finish("tool_calls")], 0.7, gap_s=0.4)
    async with engine(ScriptedAgent(always=script)) as e:
        await e.reply(HI, tools=(tool("look_up"),))

        (report,) = e.reports
        stages = report.moments.stages()
        assert stages["think"] == pytest.approx(0.7)
        assert sum(stages.values()) == pytest.approx(report.moments.total_s) == pytest.approx(1.1)


@timeline
async def test_a_tool_call_of_the_agents_goes_out_after_its_words() -> None:
    script = Script([ToolCall("call_1", "end_call", "{}"), Text("Goodbye."), Finish("tool_calls")])
    async with engine(ScriptedAgent(calls_tools=True, always=script)) as e:
        items = await e.reply(HI, tools=(tool("end_call"),))

        assert items == [
            Words("Goodbye."),
            Call("call_1", "end_call", "{}"),
            End("tool_calls"),
        ]
