"""What must always hold of how the agent is asked, by calls written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.rehearsal.judging import judge
from bridge.rehearsal.performance import (
    AgentAsked,
    AgentFinished,
    Fact,
    FirstWords,
    Over,
    PickedUp,
    Rang,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)
from bridge.rehearsal.scenario import Scenario
from tests.fakes.performances import a_performance, a_scenario

ONE = "the agent is asked one thing at a time"
GO = "the agent is let go of when nobody listens any more"
SESSION = "the agent is asked in one session"

RANG = Rang(0.0, status=200)
ASKED = (
    Requested(3.0, 1, 1, Why.UTTERANCE, utterance="When is lunch?"),
    AgentAsked(3.0, 1, "When is lunch?"),
)


def failing(facts: Sequence[Fact], scenario: Scenario | None = None) -> dict[str, str]:
    """Which of the three rules fail, and what was seen."""
    verdicts = judge(a_performance(scenario, facts))
    return {v.what: v.why for v in verdicts if v.what in (ONE, GO, SESSION) and not v.passed}


def of_settings(**settings: Any) -> Scenario:
    return a_scenario(settings={name.replace("__", "."): v for name, v in settings.items()})


def test_what_is_asked_while_the_agent_is_at_work_is_one_too_many() -> None:
    second = AgentAsked(4.0, 2, "And dinner?")
    done = (AgentFinished(5.0, 1, whole=True), AgentFinished(6.0, 2, whole=True))

    assert failing((RANG, *ASKED, second, *done)) == {
        ONE: "at 4.0 s it still worked on “When is lunch?”"
    }
    assert failing((RANG, *ASKED, AgentFinished(4.0, 1, whole=False), second, done[1])) == {}


def test_a_run_that_never_ends_counts_to_the_end_of_the_call() -> None:
    over = Over(60.0, "caller", "hung up")

    assert failing((RANG, *ASKED, AgentAsked(40.0, 2, "And dinner?"), over)).keys() == {ONE}


@pytest.mark.parametrize("because", ["barge_in", "hang_up", "over"])
def test_when_its_words_were_heard_the_agent_stops_with_the_last_listener(because: Any) -> None:
    words, left = FirstWords(4.0, 1, "Lunch is"), Withdrawn(5.0, 1, because)

    assert failing((RANG, *ASKED, words, left, AgentFinished(5.4, 1, whole=False))) == {}
    assert failing((RANG, *ASKED, words, left, AgentFinished(5.6, 1, whole=False))) == {
        GO: "“When is lunch?” went on for 0.6 s"
    }


@pytest.mark.parametrize("first", [(), (FirstWords(4.0, 1, "One moment... "),)])
def test_before_that_it_may_go_on_for_as_long_as_a_retry_may_take(
    first: tuple[Fact, ...],
) -> None:
    left = Withdrawn(5.0, 1, "hang_up")

    def ends(at_s: float, scenario: Scenario | None = None) -> dict[str, str]:
        return failing((RANG, *ASKED, *first, left, AgentFinished(at_s, 1, whole=False)), scenario)

    assert ends(8.4) == {}
    assert ends(8.6).keys() == {GO}
    assert ends(8.6, of_settings(turn__grace_s=4.0)) == {}
    assert ends(6.6, of_settings(turn__grace_s=1.0)).keys() == {GO}


@pytest.mark.parametrize("because", ["late", "revised"])
def test_a_request_that_will_come_again_is_no_leaving(because: Any) -> None:
    words, left = FirstWords(4.0, 1, "Lunch is"), Withdrawn(5.0, 1, because)

    assert failing((RANG, *ASKED, words, left, AgentFinished(30.0, 1, whole=True))) == {}


def test_a_twin_that_still_listens_keeps_the_agent_at_work() -> None:
    twin = Requested(3.0, 2, 1, Why.TWIN, utterance="When is lunch?")
    words, left = FirstWords(4.0, 1, "Lunch is"), Withdrawn(5.0, 1, "hang_up")
    late = AgentFinished(9.0, 1, whole=True)

    assert failing((RANG, *ASKED, twin, words, left, late)) == {}
    both = (left, replace(left, request=2))
    heard = (words, replace(words, request=2))
    assert failing((RANG, *ASKED, twin, *heard, *both, late)).keys() == {GO}


def test_all_is_asked_in_one_session_but_where_each_call_is_one() -> None:
    first = AgentAsked(3.0, 1, "When is lunch?", session="phone:a")
    other = AgentAsked(9.0, 2, "And dinner?", session="phone:b")
    facts = (RANG, first, AgentFinished(4.0, 1, whole=True), other)
    back = (Rang(8.0, placed=True), PickedUp(8.5), Spoke(8.6, 8.8, "caller", 2, "Yes?"))

    assert failing(facts) == {SESSION: "it was asked in 2"}
    assert failing((RANG, first, AgentFinished(4.0, 1, whole=True), *back, other)).keys() == {
        SESSION
    }
    per_call = of_settings(session__scope="per_call")
    assert failing(facts, per_call).keys() == {SESSION}
    assert failing((RANG, first, AgentFinished(4.0, 1, whole=True), *back, other), per_call) == {}


def test_a_call_in_which_the_agent_is_not_asked_has_no_session() -> None:
    assert SESSION not in [verdict.what for verdict in judge(a_performance(facts=(RANG,)))]
