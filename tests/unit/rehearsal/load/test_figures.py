"""The figures of many calls, from facts written by hand."""

from typing import Any

import pytest

from bridge.rehearsal.load.figures import CallFigures, Figures, of_call, sum_up
from bridge.rehearsal.performance import (
    Answered,
    Broke,
    Delivered,
    Fact,
    FirstWords,
    Over,
    Requested,
    Why,
    Withdrawn,
)
from bridge.rehearsal.platform.conversation import SILENT
from bridge.rehearsal.platform.record import GENERATION_FAILED
from tests.fakes.performances import a_turn

OVER = Over(9.0, "caller", "hung up")


def summed(*calls: CallFigures, turns: dict[str, list[dict[str, Any]]] | None = None) -> Figures:
    return sum_up(calls, turns or {}, at_once=2, took_s=4.0, late_s=[0.001, 0.003])


def test_first_words_count_from_the_request_with_the_utterance_and_not_from_its_repeat() -> None:
    facts: list[Fact] = [
        Requested(1.0, 1, 1, Why.UTTERANCE, utterance="Hello."),
        FirstWords(1.4, 1, "Hi"),
        Answered(2.0, 1, "stop", "Hi there", longest_gap_s=0.3),
        Requested(3.0, 2, 1, Why.RETRY, attempt=2, utterance="Hello."),
        FirstWords(3.1, 2, "Hi"),
        Requested(4.0, 3, 1, Why.TOOL, utterance="Hello."),
        FirstWords(4.9, 3, "Done"),
        OVER,
    ]

    call = of_call("conv_1", facts, [])

    assert list(call.first_words_s) == pytest.approx([0.4])
    assert call.gaps_s == (0.3,)
    assert call.asked == {"Hello.": 1}
    assert (call.errors, call.failed, call.lasted_s) == ((), "", 9.0)


@pytest.mark.parametrize(
    ("facts", "problems", "failed"),
    [
        ([], [], "the call did not end"),
        ([Over(9.0, "platform", GENERATION_FAILED)], [], f"given up: {GENERATION_FAILED}"),
        ([Over(9.0, "platform", SILENT)], [], ""),
        ([OVER], ["Request 1: An event is not JSON."], "Request 1: An event is not JSON."),
        ([OVER], [], ""),
    ],
)
def test_a_call_failed_that_could_not_be_talked_to_its_end(
    facts: list[Fact], problems: list[str], failed: str
) -> None:
    call = of_call("conv_1", facts, problems)

    assert call.failed == failed
    assert call.errors == ((failed,) if failed else ())


def test_what_was_put_right_again_is_an_error_and_no_failure() -> None:
    facts: list[Fact] = [
        Broke(1.0, 1, 503),
        Broke(2.0, 2, 0, "ReadError"),
        Withdrawn(3.0, 3, "late"),
        Withdrawn(3.5, 4, "barge_in"),
        Delivered(9.5, "post_call_transcription", 500),
        Delivered(9.6, "post_call_transcription", 200),
        OVER,
    ]

    call = of_call("conv_1", facts, [])

    assert call.errors == (
        "request answered 503",
        "request: ReadError",
        "request: no words in time",
        "report answered 500",
    )
    assert call.failed == ""


def test_calls_come_to_percentiles_and_sums() -> None:
    one = CallFigures("a", first_words_s=(0.1, 0.2), gaps_s=(0.5,), asked={"Hi": 1, "Bye": 1})
    two = CallFigures("b", first_words_s=(0.3,), asked={"Hi": 1}, errors=("x", "x"), failed="x")
    turns = {"a": [a_turn(utterance="Hi", outcome="done", failure="late")]}

    figures = summed(one, two, turns=turns)

    assert figures.first_words_s == {"p50": 0.2, "p90": 0.3, "p99": 0.3, "max": 0.3}
    assert figures.stalls_s["max"] == 0.5
    assert figures.errors == {"x": 2, "turn failed: late": 1}
    assert (figures.calls, figures.failed, figures.utterances, figures.runs) == (2, 1, 3, 1)
    assert figures.calls_a_second == 0.5
    assert figures.client_late_s == 0.003
    assert not figures.passed


def runs_of(asked: int, *turns: tuple[str, str]) -> tuple[int, bool]:
    """Most runs for one utterance that was said so often, of turns with utterance and outcome."""
    of_one = [a_turn(utterance=said, outcome=outcome, failure="") for said, outcome in turns]
    figures = summed(CallFigures("a", asked={"Hi": asked}), turns={"a": of_one})
    return figures.most_runs, figures.passed


def test_an_utterance_that_made_two_runs_is_told() -> None:
    assert runs_of(1, ("Hi", "done")) == (1, True)
    assert runs_of(1, ("Hi", "superseded"), ("Hi", "done")) == (2, False)
    assert runs_of(2, ("Hi", "done"), ("Hi", "done")) == (1, True)


def test_what_was_answered_without_the_agent_is_no_run() -> None:
    assert runs_of(1, ("Hi", "here"), ("Hi", "done"), ("", "done")) == (1, True)


def test_no_calls_have_no_percentiles() -> None:
    figures = sum_up([], {}, at_once=0, took_s=0.0, late_s=[])

    assert (figures.first_words_s, figures.calls_a_second, figures.client_late_s) == ({}, 0.0, 0.0)
