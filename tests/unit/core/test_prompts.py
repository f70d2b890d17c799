"""What bridge answers itself: silence, greetings, and results of its own acts."""

from typing import Any

import pytest

from bridge.core import dialogue, prompts
from bridge.core.chat import parse_request
from bridge.core.dialogue import Dialogue
from bridge.core.history import OUR_CALL
from bridge.core.reply import Call, End, Item, Origin, Words
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.phrases import load_phrases

PHRASES = load_phrases().for_language("en")
FIRST_PROMPT, SECOND_PROMPT = PHRASES.still_there
SKIP, END = (
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("skip_turn", "end_call")
)
OURS, THEIRS = f"{OUR_CALL}r1_0", "call_1"
FAILED = '{"status": "error"}'


def read(*wires: dict[str, Any]) -> Dialogue:
    return dialogue.read(parse_request({"messages": list(wires)}).messages)


def caller(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def agent(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def acted(
    name: str, call_id: str = OURS, outcome: str = '{"status": "success"}', says: str = ""
) -> Dialogue:
    """The caller spoke, a tool was called, and this came of it."""
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}
    return read(
        caller("Hi"),
        {"role": "assistant", "content": says or None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": outcome},
    )


def answer(
    turn_class: TurnClass,
    history: Dialogue,
    *tools: dict[str, Any],
    greeting: str = "",
) -> list[Item]:
    return prompts.answer(turn_class, history, PHRASES, tools=tools, greeting=greeting, run_id="r2")


def ours(text: str) -> Words:
    return Words(text, Origin.BRIDGE)


GOODBYE = [
    ours(PHRASES.goodbye),
    Call(f"{OUR_CALL}r2_0", "end_call", "{}", ours=True),
    End("tool_calls"),
]


# -- continuation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "answered_here"),
    [
        (read(caller("Hi")), False),
        (read(caller("Hi"), agent("Hello!")), False),
        (read(agent("Hello!")), False),
        (acted("end_call"), True),
        (acted("transfer_to_number", outcome=FAILED), True),
        (acted("skip_turn", THEIRS), True),
        (acted("end_call", THEIRS), True),
        (acted("transfer_to_number", THEIRS), True),
        (acted("transfer_to_number", THEIRS, outcome=FAILED), False),
        (acted("language_detection", THEIRS), False),
        (acted("language_detection", THEIRS, says="Of course."), True),
        (acted("look_up", THEIRS), False),
        (acted("look_up", THEIRS, says="One moment."), False),
        (
            read(caller("Hi"), {"role": "tool", "tool_call_id": "nobodys", "content": "x"}),
            False,
        ),
    ],
)
def test_results_of_our_acts_need_nothing_of_the_agent_and_its_own_mostly_do(
    history: Dialogue, answered_here: bool
) -> None:
    assert prompts.may_continue(history) is answered_here


@pytest.mark.parametrize(
    ("tool", "answered_here"), [("play_keypad_touch_tone", True), ("look_up", False)]
)
def test_an_agent_that_is_offered_no_acts_can_have_made_none(
    tool: str, answered_here: bool
) -> None:
    """[open]: nobody says that a platform keeps the id of a call."""
    renamed = acted(tool, "toolu_9")

    assert prompts.may_continue(renamed) is False
    assert prompts.may_continue(renamed, acts_are_ours=True) is answered_here


def test_a_continuation_is_an_empty_end() -> None:
    assert answer(TurnClass.CONTINUATION, acted("end_call"), SKIP) == [End()]
    assert answer(TurnClass.CONTINUATION, acted("transfer_to_agent"), SKIP) == [End()]
    assert answer(TurnClass.CONTINUATION, acted("end_call", outcome=FAILED), SKIP) == [End()]


@pytest.mark.parametrize("tool", ["transfer_to_number", "transfer_to_agent"])
def test_a_transfer_that_failed_is_told_to_the_caller(tool: str) -> None:
    history = acted(tool, outcome=FAILED)

    assert answer(TurnClass.CONTINUATION, history) == [ours(PHRASES.transfer_failed), End()]


# -- greeting and silence -------------------------------------------------------------------------


def test_the_agent_opens_the_call_when_it_is_to() -> None:
    history = read(caller("..."))

    assert answer(TurnClass.GREETING, history, SKIP, greeting="Hello, Ann here.") == [
        ours("Hello, Ann here."),
        End(),
    ]


def test_a_call_that_was_greeted_is_not_greeted_again() -> None:
    history = read(agent("Hello!"), caller("..."))

    assert answer(TurnClass.GREETING, history, greeting="Hello!") == [ours(FIRST_PROMPT), End()]


def test_a_greeting_may_be_our_phrase_in_the_callers_language() -> None:
    history = read(caller("..."))

    assert answer(TurnClass.GREETING, history, greeting="auto") == [ours(PHRASES.greeting), End()]


@pytest.mark.parametrize("turn_class", [TurnClass.SILENCE, TurnClass.GREETING])
def test_silence_passes_the_turn_when_it_may(turn_class: TurnClass) -> None:
    items = answer(turn_class, read(agent("Hello!")), END, SKIP)

    assert items == [
        Call(f"{OUR_CALL}r2_0", "skip_turn", "{}", ours=True),
        End("tool_calls"),
    ]


@pytest.mark.parametrize(
    ("since", "items"),
    [
        ([], [ours(FIRST_PROMPT), End()]),
        ([FIRST_PROMPT], [ours(SECOND_PROMPT), End()]),
        ([FIRST_PROMPT, SECOND_PROMPT], GOODBYE),
        ([FIRST_PROMPT, SECOND_PROMPT, FIRST_PROMPT], GOODBYE),
    ],
)
def test_a_silent_caller_is_asked_twice_and_then_the_line_is_hung_up(
    since: list[str], items: list[Item]
) -> None:
    wires = [wire for prompt in since for wire in (agent(prompt), caller("..."))]
    history = read(caller("Hi"), agent("Hello!"), caller("..."), *wires)

    assert answer(TurnClass.SILENCE, history, END) == items


def test_where_nobody_may_hang_up_a_silent_caller_never_gets_an_empty_reply() -> None:
    """The platform takes one for a failure, and ends the call after three."""
    asked = [agent(FIRST_PROMPT), caller("..."), agent(SECOND_PROMPT), caller("...")]
    history = read(caller("Hi"), agent("Hello!"), caller("..."), *asked)

    assert answer(TurnClass.SILENCE, history) == [ours(SECOND_PROMPT), End()]


def test_a_caller_who_spoke_again_is_asked_afresh() -> None:
    history = read(caller("Hi"), agent(FIRST_PROMPT), caller("Yes"), agent("Good."), caller("..."))

    assert answer(TurnClass.SILENCE, history) == [ours(FIRST_PROMPT), End()]


# -- refusal --------------------------------------------------------------------------------------


def refuse(*tools: dict[str, Any], hang_up: bool) -> list[Item]:
    return prompts.refusal("Goodbye.", PHRASES, tools=tools, run_id="r2", hang_up=hang_up)


def test_a_refused_caller_hears_one_sentence_and_the_line_is_hung_up() -> None:
    assert refuse(SKIP, END, hang_up=True) == [
        ours("Goodbye."),
        Call(f"{OUR_CALL}r2_0", "end_call", "{}", ours=True),
        End("tool_calls"),
    ]


def test_without_the_tool_or_the_wish_the_line_is_not_hung_up() -> None:
    assert refuse(SKIP, hang_up=True) == [ours("Goodbye."), End()]
    assert refuse(END, hang_up=False) == [ours("Goodbye."), End()]


def test_whoever_was_promised_a_call_is_told_so_once_more() -> None:
    history = read(caller("Hi"), agent(PHRASES.ring_back), caller("All right, thank you."))

    assert answer(TurnClass.PROMISED, history, SKIP) == [ours(PHRASES.ring_back_soon), End()]
