"""What became of a call, beside what becomes of it today."""

from typing import Any

import pytest

from bridge.core.turn_events import (
    TurnClass,
)
from bridge.rehearsal.replay_differences import compare, render_pairs
from tests.unit.rehearsal.test_replay import STAGES, turn


def differs(then: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    [pair] = compare([turn("Hello.", **then)], [turn("Hello.", **now)])
    return pair.differs


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({}, ()),
        ({"sent": "fine.", "heard": "  FINE. "}, ()),
        ({"sent": "Bad.", "heard": "Bad."}, ("words",)),
        ({"ours": "One moment."}, ("words",)),
        ({"acts": [{"name": "end_call", "arguments": {}}]}, ("acts",)),
        ({"stages_s": {**STAGES, "think": 0.79}}, ()),
        ({"stages_s": {**STAGES, "think": 0.81}}, ("first words",)),
        ({"stages_s": {**STAGES, "settle": 0.31, "think": 0.5}}, ("first words",)),
        ({"stages_s": {**STAGES, "speak": 9.0}}, ()),
        ({"sent": "", "heard": ""}, ("words",)),
    ],
)
def test_a_turn_differs_in_what_a_caller_would_notice(
    now: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert differs({}, now) == found


def test_what_was_heard_counts_and_not_what_was_sent() -> None:
    assert differs({"sent": "Fine. And you?", "heard": "Fine."}, {}) == ()
    assert differs({"sent": "Fine.", "heard": None}, {}) == ()


def test_what_a_run_says_that_was_let_go_is_heard_by_nobody() -> None:
    let_go = {"outcome": "left", "ours": "Sorry, I was cut off."}

    assert differs({"outcome": "left"}, let_go) == ()


def test_turns_are_paired_by_what_was_said_in_the_calls_order() -> None:
    then = [turn("Hello."), turn("What?"), turn("Bye.")]
    now = [turn("hello."), turn("Bye."), turn("Still there?")]

    pairs = compare(then, now)

    assert [(p.utterance, p.then is not None, p.now is not None) for p in pairs] == [
        ("Hello.", True, True),
        ("What?", True, False),
        ("Bye.", True, True),
        ("Still there?", False, True),
    ]
    assert [pair.differs for pair in pairs] == [(), ("turn",), (), ("turn",)]


def test_turns_in_another_order_are_told() -> None:
    pairs = compare([turn("A"), turn("B")], [turn("B"), turn("A")])

    assert [pair.differs for pair in pairs] == [("turn",), (), ("turn",)]


def test_a_class_is_read_from_the_record() -> None:
    silent = turn("", sent="", heard=None, ours="Are you there?", outcome="here")
    results = turn("", sent="Booked.")
    early = turn("Book", sent="", heard=None, outcome="superseded")

    def classes(*turns: dict[str, Any]) -> list[str]:
        return [pair.then.turn_class for pair in compare(turns, []) if pair.then]

    assert classes(silent, silent) == [TurnClass.GREETING, TurnClass.SILENCE]
    assert classes(turn("Book it."), results) == [TurnClass.NEW, TurnClass.NEW]
    assert classes(early, turn("Book it.")) == [TurnClass.NEW, TurnClass.REVISED]
    assert differs({}, {}) == ()


def test_as_json_both_sides_stand_beside_each_other() -> None:
    [pair, missing] = render_pairs(
        compare([turn("Hello."), turn("Bye.")], [turn("Hello.", sent="", heard="")])
    )

    assert pair["then"] == {
        "words": "Fine.",
        "is_cut": False,
        "acts": [],
        "class": "new",
        "first_words_s": 0.5,
        "outcome": "done",
    }
    assert (pair["now"]["first_words_s"], pair["differs"]) == (None, ["words"])
    assert (missing["now"], missing["differs"]) == (None, ["turn"])
