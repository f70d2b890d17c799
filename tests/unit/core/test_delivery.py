"""From what the agent says to what the caller hears, moment by moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, cast

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridge.core.conversation import Stop
from bridge.core.delivery import GAP_FILLER_S, MAX_REPLY_CHARS, Delivery, Style, sentence_for
from bridge.core.history import OUR_CALL
from bridge.core.reply import Call, End, Failure, Item, Origin, Words
from bridge.core.speech import Mark, Shaper
from bridge.errors import Why
from bridge.phrases import load_phrases

PHRASES = load_phrases().for_language("en")
DUE = (1.2, 5.2, 11.2)
BEGAN = 100.0


def tool(name: str, **properties: object) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


END_CALL, SKIP = tool("end_call"), tool("skip_turn")
KEYS = tool("play_keypad_touch_tone", dtmf_tones={"type": "string"})


@dataclass
class Spelled:
    """A shaper whose text says what it is: `~` holds the rest back, `<name argument>` is a mark."""

    held: str = ""
    due_s: float | None = None
    pieces: list[str | Mark] = field(default_factory=list)

    def feed(self, text: str, at_s: float) -> Sequence[str | Mark]:
        said, _, self.held = text.partition("~")
        self.due_s = at_s + 0.4 if self.held else None
        return self._pieces(said)

    def tick(self, at_s: float) -> Sequence[str | Mark]:
        return self.finish() if self.due_s is not None and self.due_s <= at_s else ()

    def finish(self) -> Sequence[str | Mark]:
        held, self.held, self.due_s = self.held, "", None
        return self._pieces(held)

    def _pieces(self, text: str) -> Sequence[str | Mark]:
        if text.startswith("<"):
            name, _, argument = text.strip("<>").partition(":")
            return (Mark(name, argument),)
        return (text,) if text else ()


def deliver(*tools: dict[str, Any], due: tuple[float, ...] = DUE, previous: str = "") -> Delivery:
    style = Style(PHRASES, due, "r1", tools)
    return Delivery(style, cast("Shaper", Spelled()), BEGAN, previous)


def failure(why: Why = Why.SERVER, code: str = "upstream_unavailable") -> Failure:
    return Failure(code, why, "It broke.", "acme", "chat")


def ours(text: str) -> Words:
    return Words(text, Origin.BRIDGE)


# -- words ----------------------------------------------------------------------------------------


def test_words_go_out_as_they_come() -> None:
    reply = deliver()

    assert reply.text("Hello, ", 100.5) == [Words("Hello, ")]
    assert reply.text("there.", 100.6) == [Words("there.")]
    assert reply.finish("stop", 101.0, {"prompt_tokens": 7, "completion_tokens": 2}) == [
        End("stop", 7, 2)
    ]
    assert reply.said == "Hello, there."
    assert (reply.first_text_s, reply.first_words_s, reply.last_word_s) == (100.5, 100.5, 100.6)
    assert reply.failure is None


def test_first_text_is_not_first_words_when_it_is_held_back() -> None:
    reply = deliver()

    assert reply.text("~Hello", 100.5) == []
    assert reply.due_s == 100.9
    assert reply.tick(100.9) == [Words("Hello")]
    assert (reply.first_text_s, reply.first_words_s) == (100.5, 100.9)


def test_what_was_held_back_is_said_before_the_end() -> None:
    reply = deliver()
    reply.text("Hel~lo.", 100.5)

    assert reply.finish("length", 100.6) == [Words("lo."), End("length")]


def test_marks_without_end_are_too_long_as_well() -> None:
    reply = deliver()
    for _ in range(MAX_REPLY_CHARS // len("press1")):
        reply.text("<press:1>", 100.0)
    assert not reply.is_too_long

    reply.text("<press:1>", 100.0)

    assert reply.is_too_long


def test_a_reply_that_outgrows_any_call_is_too_long() -> None:
    reply = deliver()
    reply.text("x" * MAX_REPLY_CHARS, 100.0)
    assert not reply.is_too_long

    reply.text("x", 100.0)
    assert reply.is_too_long


# -- fillers --------------------------------------------------------------------------------------


def test_a_slow_agent_is_covered_by_fillers_at_their_moments_and_never_twice_the_same() -> None:
    reply = deliver(previous="One moment... ")
    said: list[Item] = []
    while reply.due_s is not None:
        moment = reply.due_s
        assert reply.tick(moment - 0.01) == []
        said += reply.tick(moment)

    assert [w.origin for w in said if isinstance(w, Words)] == [Origin.FILLER] * len(DUE)
    assert reply.fillers == [w.text for w in said if isinstance(w, Words)]
    assert reply.first_sound_s is not None
    assert set(reply.fillers) <= set(PHRASES.fillers)
    spoken = ["One moment... ", *reply.fillers]
    assert all(before != after for before, after in pairwise(spoken))


def test_fillers_are_due_from_the_beginning_of_the_turn() -> None:
    reply = deliver()

    assert reply.due_s == BEGAN + 1.2
    reply.tick(BEGAN + 1.2)
    assert reply.due_s == BEGAN + 5.2


def test_a_fast_reply_has_no_filler() -> None:
    reply = deliver()
    reply.text("It is ", 100.5)

    assert reply.due_s is None
    assert reply.tick(101.3) == []


def test_held_words_that_come_due_are_said_instead_of_a_filler() -> None:
    reply = deliver()
    reply.text("~Hello", 100.9)

    assert reply.tick(101.4) == [Words("Hello")]


def test_a_long_gap_after_a_finished_sentence_is_filled() -> None:
    reply = deliver()
    reply.text("Let me look.", 100.5)

    assert reply.due_s == 100.5 + GAP_FILLER_S
    (filler,) = reply.tick(100.5 + GAP_FILLER_S)
    assert isinstance(filler, Words)
    assert (filler.origin, filler.text) == (Origin.FILLER, f" {reply.fillers[0]}")
    assert reply.due_s == 100.5 + 2 * GAP_FILLER_S


def test_a_gap_within_a_sentence_is_not_filled() -> None:
    reply = deliver()
    reply.text("It is ", 100.5)

    assert reply.due_s is None


def test_a_filler_may_say_what_the_agent_is_using_once() -> None:
    reply = deliver()

    assert reply.working("calendar") == []
    assert reply.tick(101.2) == [Words("Checking the calendar... ", Origin.FILLER)]
    (second,) = reply.tick(105.2)
    assert isinstance(second, Words)
    assert second.text in PHRASES.fillers


def test_not_even_a_label_makes_a_filler_come_twice_running() -> None:
    reply = deliver(previous="Checking the calendar... ")
    reply.working("calendar")

    reply.tick(101.2)
    assert reply.fillers[0] in PHRASES.fillers


def test_without_a_schedule_there_are_no_fillers() -> None:
    assert deliver(due=()).due_s is None


# -- acts -----------------------------------------------------------------------------------------


def test_acts_come_after_the_last_word_and_the_hang_up_last_of_all() -> None:
    reply = deliver(END_CALL, KEYS)
    reply.text("<hang up>", 100.1)
    reply.text("<press:12#>", 100.2)
    assert reply.call(Call("call_1", "look_up", "{}"), 100.2) == []
    reply.text("Goodbye.", 100.3)

    assert reply.finish("stop", 100.4) == [
        Call("call_1", "look_up", "{}"),
        Call(f"{OUR_CALL}r1_1", "play_keypad_touch_tone", '{"dtmf_tones":"12#"}', ours=True),
        Call(f"{OUR_CALL}r1_2", "end_call", "{}", ours=True),
        End("tool_calls"),
    ]


def test_it_is_known_when_the_agent_first_called_a_tool() -> None:
    reply = deliver()
    reply.call(Call("call_1", "look_up", "{}"), 100.2)
    reply.call(Call("call_2", "look_up", "{}"), 100.7)

    assert (reply.first_call_s, reply.first_text_s) == (100.2, None)


def test_an_act_that_was_not_offered_is_refused_quietly() -> None:
    reply = deliver(SKIP)
    reply.text("Goodbye.", 100.1)
    reply.text("<hang up>", 100.2)

    assert reply.finish("tool_calls", 100.3) == [End("stop")]


def test_an_act_the_agent_called_itself_is_not_made_twice() -> None:
    reply = deliver(END_CALL)
    reply.text("Bye.", 100.1)
    reply.text("<hang up>", 100.1)
    reply.call(Call("call_1", "end_call", "{}"), 100.2)

    assert reply.finish("stop", 100.3) == [Call("call_1", "end_call", "{}"), End("tool_calls")]


def test_keys_may_be_pressed_one_mark_after_another_and_other_acts_are_made_once() -> None:
    reply = deliver(END_CALL, KEYS)
    for mark in ("<press:1>", "<hang up>", "<press:1>", "<hang up>"):
        reply.text(mark, 100.1)

    *calls, _ = reply.finish("stop", 100.3)

    assert [call.name for call in calls if isinstance(call, Call)] == [
        "play_keypad_touch_tone",
        "play_keypad_touch_tone",
        "end_call",
    ]


def test_keys_that_the_agent_presses_itself_are_not_pressed_twice() -> None:
    reply = deliver(KEYS)
    reply.text("<press:1>", 100.1)
    pressed = Call("call_1", "play_keypad_touch_tone", '{"dtmf_tones":"1"}')
    reply.call(pressed, 100.2)

    assert reply.finish("stop", 100.3) == [pressed, End("tool_calls")]


# -- an empty reply -------------------------------------------------------------------------------


def test_an_empty_reply_passes_the_turn_when_it_may() -> None:
    """Source: elevenlabs.io/docs, Custom LLM: an empty reply counts as a failure (2026-11)."""
    assert deliver(SKIP).finish("stop", 101.0) == [
        Call(f"{OUR_CALL}r1_0", "skip_turn", "{}", ours=True),
        End("tool_calls"),
    ]


def test_an_agent_that_only_asked_for_what_it_may_not_have_did_not_fail() -> None:
    reply = deliver(END_CALL)
    reply.text("<wait>", 100.1)

    assert reply.finish("stop", 101.0) == [ours(PHRASES.still_there[-1]), End()]
    assert reply.failure is None


def test_an_empty_reply_is_said_to_be_lost_and_is_a_failure() -> None:
    reply = deliver(END_CALL)

    lost, end = reply.finish("stop", 101.0)

    assert lost == ours(PHRASES.lost)
    assert isinstance(end, End)
    assert end.failure is not None
    assert end.failure == reply.failure
    assert end.failure.code == "upstream_broken"


# -- failure --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "code", "spoke", "sentence"),
    [
        (Why.UNREACHABLE, "upstream_unavailable", False, PHRASES.unreachable),
        (Why.SERVER, "upstream_unavailable", False, PHRASES.failed),
        (Why.UNKNOWN, "upstream_broken", False, PHRASES.failed),
        (Why.LATE, "upstream_unavailable", False, PHRASES.too_slow),
        (Why.KEY, "upstream_rejected", False, PHRASES.misconfigured),
        (Why.PERMISSION, "upstream_rejected", False, PHRASES.misconfigured),
        (Why.REQUEST, "upstream_rejected", False, PHRASES.misconfigured),
        (Why.RATE, "upstream_unavailable", False, PHRASES.busy),
        (Why.QUOTA, "upstream_rejected", False, PHRASES.busy),
        (Why.LATE, "upstream_timeout", False, PHRASES.too_slow),
        (Why.LATE, "upstream_timeout", True, PHRASES.too_slow),
        (Why.SERVER, "upstream_unavailable", True, PHRASES.cut_off),
        (Why.KEY, "upstream_rejected", True, PHRASES.cut_off),
    ],
)
def test_each_failure_has_its_honest_sentence(
    why: Why, code: str, spoke: bool, sentence: str
) -> None:
    assert sentence_for(failure(why, code), PHRASES, spoke=spoke) == sentence


def test_an_agent_that_takes_nothing_now_is_said_to_be_out_of_reach() -> None:
    """A gateway that is stopping answers 503: asking again at once, as `failed` says, is no help."""
    stopping = replace(failure(), status=503)

    assert sentence_for(stopping, PHRASES, spoke=False) == PHRASES.unreachable
    assert sentence_for(replace(stopping, status=500), PHRASES, spoke=False) == PHRASES.failed


def test_every_cause_has_a_sentence() -> None:
    assert all(sentence_for(failure(why), PHRASES, spoke=False) for why in Why)


def test_a_failure_is_said_after_what_was_said_and_kept_for_the_record() -> None:
    reply = deliver()
    reply.text("Your next ~meet", 100.5)

    assert reply.fail(failure(), 101.0) == [
        Words("meet"),
        ours(f" {PHRASES.cut_off}"),
        End(failure=failure()),
    ]
    assert reply.failure == failure()
    assert reply.said == "Your next meet"


# -- giving up ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "text", "sentence"),
    [
        (Stop.LEFT, "", PHRASES.lost),
        (Stop.SUPERSEDED, "", PHRASES.lost),
        (Stop.LEFT, "Your next ", PHRASES.cut_off),
        (Stop.DRAINING, "", PHRASES.stopping),
        (Stop.DRAINING, "Your next ", PHRASES.stopping),
    ],
)
def test_a_run_that_was_stopped_says_so_to_whoever_still_hears_it(
    cause: Stop, text: str, sentence: str
) -> None:
    reply = deliver()
    reply.text(text, 100.5)

    said, end = reply.give_up(cause, 101.0)

    assert said == ours(sentence)
    assert isinstance(end, End)
    assert end.failure is not None
    assert reply.failure is None, "the agent did nothing wrong"


@pytest.mark.parametrize(
    ("cause", "kept"),
    [
        (Stop.LEFT, []),
        (Stop.SUPERSEDED, []),
        (Stop.DRAINING, [PHRASES.stopping]),
        (Stop.FAILED, [PHRASES.lost]),
    ],
)
def test_what_nobody_was_there_to_hear_is_not_told_as_said(cause: Stop, kept: list[str]) -> None:
    reply = deliver()

    reply.give_up(cause, 101.0)

    assert reply.ours == kept


def test_what_broke_is_not_touched_again() -> None:
    reply = deliver()
    reply.text("Your next ~meeting", 100.5)

    assert reply.give_up(Stop.FAILED, 101.0)[:-1] == [ours(PHRASES.cut_off)]
    assert reply.said == "Your next "


def test_a_run_that_was_stopped_says_what_was_held_back() -> None:
    reply = deliver()
    reply.text("Your next~ meeting", 100.5)

    assert reply.give_up(Stop.LEFT, 101.0)[:-1] == [
        Words(" meeting"),
        ours(f" {PHRASES.cut_off}"),
    ]


# -- every order ----------------------------------------------------------------------------------


def test_nothing_is_due_after_the_end() -> None:
    reply = deliver(SKIP)
    reply.text("Hello.", 100.5)
    reply.finish("stop", 101.0)
    before = replace(reply)

    assert reply.is_over
    assert reply.due_s is None
    assert reply.text("more", 102.0) == []
    assert reply.tick(200.0) == []
    assert reply.finish("stop", 200.0) == []
    assert reply.fail(failure(), 200.0) == []
    assert reply.give_up(Stop.LEFT, 200.0) == []
    assert reply == before


steps = st.sampled_from(
    [
        *("text", "held", "mark", "call", "working", "tick", "announce"),
        *("finish", "fail", "give up", "promise"),
    ]
)


def test_a_sentence_of_ours_may_come_before_the_agent_s_first_word() -> None:
    reply = deliver()

    assert reply.announce("I put that aside.") == [ours("I put that aside. ")]
    assert reply.text("Noon.", 101.0) == [Words("Noon.")]
    reply.finish("stop", 102.0)
    assert (reply.said, reply.ours) == ("Noon.", ["I put that aside."])
    assert reply.announce("Too late.") == []


def test_a_promise_ends_the_reply_and_leaves_what_is_being_shaped() -> None:
    reply = deliver()
    reply.text("Let me see. ", 101.0)
    reply.text("~Held", 102.0)

    assert reply.promise("I'll call you back.") == [ours("I'll call you back."), End()]
    assert (reply.said, reply.failure, reply.due_s) == ("Let me see. ", None, None)
    assert reply.shaper.finish() == ("Held",)
    assert reply.promise("Again.") == []


@given(st.lists(st.tuples(steps, st.floats(0, 6)), max_size=30), st.booleans())
def test_in_any_order_there_is_one_end_and_nothing_after_it(
    order: list[tuple[str, float]], may_skip: bool
) -> None:
    reply = deliver(END_CALL, *([SKIP] if may_skip else []))
    at_s, items = BEGAN, list[Item]()
    for what, after_s in [*order, ("finish", 1.0)]:
        at_s += after_s
        doings: dict[str, Callable[[float], list[Item]]] = {
            "text": lambda at: reply.text("Some words. ", at),
            "held": lambda at: reply.text("Some ~words", at),
            "mark": lambda at: reply.text("<hang up>", at),
            "call": lambda at: reply.call(Call("c1", "look_up", "{}"), at),
            "working": lambda at: reply.working("calendar"),
            "tick": reply.tick,
            "finish": lambda at: reply.finish("stop", at),
            "fail": lambda at: reply.fail(failure(), at),
            "give up": lambda at: reply.give_up(Stop.LEFT, at),
            "promise": lambda at: reply.promise("I'll call you back."),
            "announce": lambda at: reply.announce("I put that aside."),
        }
        items += doings[what](at_s)

    words = [item for item in items if isinstance(item, Words)]
    assert [isinstance(item, End) for item in items] == [False] * (len(items) - 1) + [True]
    assert len(items) > 1, "never empty"
    assert all(word.text for word in words)
    assert reply.said == "".join(w.text for w in words if w.origin is Origin.AGENT)
    fillers = [w.text.lstrip() for w in words if w.origin is Origin.FILLER]
    assert fillers == reply.fillers
    assert len(fillers) <= len(DUE)
    assert all(one != next_ for one, next_ in pairwise(fillers))
