"""Whether what happened is what was expected, by calls written by hand."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.evidence import Evidence, joined, plain, unspeakable, without
from bridge.rehearsal.judging import ALWAYS, judge
from bridge.rehearsal.performance import (
    Acted,
    AgentAsked,
    AgentFinished,
    Answered,
    Broke,
    Delivered,
    Fact,
    Over,
    Performance,
    PickedUp,
    Rang,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)
from bridge.rehearsal.scenario import (
    Expectation,
    Line,
    LineExpectation,
    Manners,
    OutboundCall,
)
from bridge.rehearsal.verdict import Verdict, counted, listed, quoted, seconds
from tests.fakes.performances import (
    CALM,
    ENDED,
    a_performance,
    a_scenario,
    a_turn,
    finished,
)


def of_line(expect: LineExpectation, facts: Sequence[Fact] = CALM, **fields: Any) -> list[Verdict]:
    """Verdicts of the one line."""
    judged = judge(a_performance(a_scenario(expect), facts, **fields))
    return [verdict for verdict in judged if verdict.line == 1]


def of_call(expect: Expectation, facts: Sequence[Fact] = CALM, **fields: Any) -> list[Verdict]:
    """Verdicts of the call that were asked for: those that always hold stand behind them."""
    judged = judge(a_performance(a_scenario(call=expect), facts, **fields))
    return list(judged[: len(judged) - len(judge(a_performance(facts=facts, **fields)))])


def failing(performance: Performance) -> list[str]:
    """What is not as it must be, in words."""
    return [verdict.what for verdict in judge(performance) if not verdict.passed]


def test_a_calm_call_is_as_it_must_be() -> None:
    verdicts = judge(a_performance())

    assert [verdict.what for verdict in verdicts] == [
        "the agent is asked at most 1 time for any one utterance",
        "the agent is asked one thing at a time",
        "the agent is asked in one session",
        "the agent is let go of when nobody listens any more",
        "every reply is as the wire's rules have it",
        "nothing is heard that isn't fit for a voice",
        "nobody waits longer than 15 s in silence",
        "the call's record has ended",
        "the platform's report of the call is taken",
        "the stages of each turn sum to its whole",
    ]
    assert all(verdict.passed for verdict in verdicts)
    assert len(ALWAYS) == 12  # and the guard's, which is for calls that bridge places


# -- one line --------------------------------------------------------------------------------------

LINES = {
    "heard": (LineExpectation(heard=("lunch IS at", "enjoy")), LineExpectation(heard=("dinner",))),
    "heard in order": (LineExpectation(heard=("noon", "it")), LineExpectation(heard=("enjoy", "noon"))),
    "never heard": (LineExpectation(never_heard=("dinner",)), LineExpectation(never_heard=("NOON",))),
    "first sound": (LineExpectation(first_sound_by_s=1.0), LineExpectation(first_sound_by_s=0.9)),
    "no sound before": (LineExpectation(no_sound_before_s=1.0), LineExpectation(no_sound_before_s=1.1)),
    "fillers": (LineExpectation(fillers=(0, 0)), LineExpectation(fillers=(1, 2))),
    "pauses": (LineExpectation(longest_silence_s=0.5), LineExpectation(longest_silence_s=0.4)),
    "asked": (LineExpectation(agent_asked=1), LineExpectation(agent_asked=0)),
    "acts": (LineExpectation(acts=()), LineExpectation(acts=("end_call",))),
    "class": (LineExpectation(turn_class="new"), LineExpectation(turn_class="repeat")),
    "told": (LineExpectation(told_agent=("be brief",)), LineExpectation(told_agent=("be long",))),
    "not told": (LineExpectation(not_told_agent=("be long",)), LineExpectation(not_told_agent=("be brief",))),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_an_expectation_of_a_line_holds_or_does_not(name: str) -> None:
    right, wrong = LINES[name]

    assert [verdict.passed for verdict in of_line(right)] == [True] * len(of_line(right))
    assert [verdict.passed for verdict in of_line(wrong)].count(False) == 1


def test_a_failed_expectation_says_what_was_seen_instead() -> None:
    wanted = LineExpectation(
        heard=("dinner",), first_sound_by_s=0.5, agent_asked=0, turn_class="silence", acts=("x",)
    )

    assert [(verdict.what, verdict.why) for verdict in of_line(wanted)] == [
        ("“dinner” is heard", "heard was “Lunch is at noon. Enjoy it.”"),
        ("something is heard within 0.5 s", "after 1 s"),
        ("the agent is not asked", "it was asked 1 time"),
        ("tools carried out: x", "carried out: nothing"),
        ("it is classified 'silence'", "it was classified 'new'"),
    ]


def test_words_in_the_wrong_order_are_said_to_be() -> None:
    [_, late] = of_line(LineExpectation(heard=("enjoy", "noon")))

    assert late.why.startswith("it was heard before that: ")


def test_where_nothing_is_heard_a_limit_is_missed_and_a_silence_kept() -> None:
    facts = [fact for fact in CALM if not (isinstance(fact, Spoke) and fact.line == 1)]
    wanted = LineExpectation(heard=("noon",), first_sound_by_s=5, no_sound_before_s=5)

    assert [(v.passed, v.why) for v in of_line(wanted, facts)] == [
        (False, "nothing was heard"),
        (False, "nothing was heard"),
        (True, "nothing was heard"),
    ]


def test_the_wait_begins_with_the_final_words_and_not_with_early_ones() -> None:
    early = Requested(2.5, 9, 1, Why.EARLY, utterance="When")

    assert of_line(LineExpectation(first_sound_by_s=1.0), [early, *CALM])[0].passed


def test_the_wait_begins_with_what_there_is_when_nothing_final_was_asked() -> None:
    only_early = [
        Requested(3.0, 1, 1, Why.EARLY) if isinstance(fact, Requested) else fact for fact in CALM
    ]
    unasked = [fact for fact in CALM if not isinstance(fact, Requested)]
    nobody: list[Fact] = [Over(1.0, "caller", "")]

    assert of_line(LineExpectation(first_sound_by_s=2.0), only_early)[0].why == "after 1.5 s"
    assert of_line(LineExpectation(first_sound_by_s=2.0), unasked)[0].why == "after 1.5 s"
    assert of_line(LineExpectation(first_sound_by_s=2.0), nobody)[0].why == "nothing was heard"


def test_fillers_are_counted_between_their_bounds() -> None:
    fillers = [Spoke(at_s, at_s + 0.1, "agent", 1, "Hm... ", kind="filler") for at_s in (4.0, 4.2)]
    facts = [*CALM, *fillers]

    assert [of_line(LineExpectation(fillers=bounds), facts)[0] for bounds in ((2, 2), (3, 4))] == [
        Verdict("2 fillers heard", passed=True, why="2 heard", line=1),
        Verdict("3 to 4 fillers heard", passed=False, why="2 heard", line=1),
    ]


def test_what_the_agent_is_asked_belongs_to_the_request_before_it() -> None:
    """Two things at the same moment stand in the order of the facts."""
    later: list[Fact] = [
        Requested(10.0, 2, 2, Why.UTTERANCE, utterance="Thanks."),
        AgentAsked(10.0, 2, "Thanks."),
    ]

    assert of_line(LineExpectation(agent_asked=1), [*CALM, *later])[0].passed


def test_what_is_asked_before_any_request_belongs_to_no_line() -> None:
    warm_up = AgentAsked(0.0, 9, "ok")

    assert of_line(LineExpectation(agent_asked=1), [warm_up, *CALM])[0].passed


def test_an_agent_that_was_not_asked_was_not_told() -> None:
    facts = [fact for fact in CALM if not isinstance(fact, AgentAsked)]

    [verdict] = of_line(LineExpectation(told_agent=("brief",)), facts)

    assert (verdict.passed, verdict.why) == (False, "it was not asked")


def test_an_act_that_failed_was_not_carried_out() -> None:
    acts = [Acted(5.0, 1, "end_call", error="no reason"), Acted(5.1, 1, "end_call")]

    assert of_line(LineExpectation(acts=("end_call",)), [*CALM, *acts])[0].passed


def test_a_class_is_looked_for_among_the_turns_of_the_line() -> None:
    """A turn of another line, or one that the log doesn't know, says nothing about this one."""
    later: list[Fact] = [*CALM, Requested(10.0, 2, 2, Why.UTTERANCE)]
    turns = (a_turn("r1"), a_turn("r2", 2, at_s=10.0), a_turn("r3", 3, at_s=3.6))
    log = (finished("r1"), finished("r2", "revised"), {"event": "other"})

    judged = [
        of_line(LineExpectation(turn_class=kind), later, turns=turns, log=log)[0].passed
        for kind in ("new", "revised")
    ]
    assert judged == [True, False]


def test_a_line_that_asked_nothing_has_no_class() -> None:
    facts = [fact for fact in CALM if not isinstance(fact, Requested)]

    [verdict] = of_line(LineExpectation(turn_class="new"), facts)

    assert verdict.why == "it was classified nothing"


# -- the whole call --------------------------------------------------------------------------------

CALLS = {
    "heard": (Expectation(heard=("hello", "noon")), Expectation(heard=("noon", "hello"))),
    "never heard": (Expectation(never_heard=("dinner",)), Expectation(never_heard=("hello",))),
    "asked at most": (Expectation(agent_asked_at_most=1), Expectation(agent_asked_at_most=0)),
    "acts": (Expectation(acts=()), Expectation(acts=("end_call",))),
    "ended by": (Expectation(ended_by="caller"), Expectation(ended_by="platform")),
    "outcome": (Expectation(outcome="completed"), Expectation(outcome="failed")),
    "fault": (Expectation(fault="nobody"), Expectation(fault="bridge")),
    "record": (Expectation(record={"state": "ended"}), Expectation(record={"state": "placed"})),
    "turns": (Expectation(turns_on_record=1), Expectation(turns_on_record=2)),
    "rings": (Expectation(rings=0), Expectation(rings=1)),
    "posted": (Expectation(posted=(200,)), Expectation(posted=(200, 200))),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_expectation_of_the_call_holds_or_does_not(name: str) -> None:
    right, wrong = CALLS[name]
    judged = [judge(a_performance(a_scenario(call=expect))) for expect in (right, wrong)]

    assert [all(verdict.passed for verdict in verdicts) for verdicts in judged] == [True, False]
    assert [v.passed for v in judged[1]].count(False) == 1


def test_of_a_table_on_record_what_was_asked_for_is_enough() -> None:
    record = {**ENDED, "details": {"status": "done", "interruptions": 1}}
    wanted = Expectation(record={"details": {"interruptions": 1}})

    assert of_call(wanted, record=record)[0].passed
    assert not of_call(Expectation(record={"details": {"interruptions": 2}}), record=record)[
        0
    ].passed


def test_without_a_record_nothing_on_it_holds() -> None:
    [verdict] = of_call(Expectation(outcome="completed"), record=None)

    assert (verdict.passed, verdict.why) == (False, "there is no record")


def test_a_call_that_did_not_end_was_ended_by_nobody() -> None:
    facts = [fact for fact in CALM if not isinstance(fact, Over)]

    [verdict] = of_call(Expectation(ended_by="caller"), facts)

    assert (verdict.passed, verdict.why) == (False, "it did not end")


# -- what must always hold -------------------------------------------------------------------------

ASKED_TWICE = "the agent is asked at most 1 time for any one utterance"


def test_an_utterance_that_is_asked_twice_fails_unasked() -> None:
    again: list[Fact] = [Requested(6.0, 2, 1, Why.RETRY, 2), AgentAsked(6.0, 2, "When is lunch?")]
    facts = [*CALM[:-2], *again, *CALM[-2:]]

    assert failing(a_performance(facts=facts)) == [ASKED_TWICE]
    assert failing(a_performance(a_scenario(call=Expectation(runs_per_utterance=2)), facts)) == []


def test_a_silence_that_asks_the_agent_with_the_words_before_it_fails() -> None:
    again: list[Fact] = [Requested(7.5, 2, 2, Why.SILENCE), AgentAsked(7.5, 2, "When is lunch?")]
    facts = [*CALM[:-2], *again, *CALM[-2:]]

    assert failing(a_performance(facts=facts)) == [ASKED_TWICE]


def test_the_same_words_in_two_lines_are_two_utterances() -> None:
    again: list[Fact] = [Requested(7.5, 2, 2, Why.UTTERANCE), AgentAsked(7.5, 2, "When is lunch?")]
    facts = [*CALM[:-2], *again, *CALM[-2:]]

    assert failing(a_performance(facts=facts)) == []


def test_results_of_tools_may_be_asked_with_the_words_before_them() -> None:
    """An agent that calls tools is asked with each result; a result that is sent twice is not."""
    results: list[Fact] = [Requested(7.5, 2, 1, Why.TOOL), AgentAsked(7.5, 2, "When is lunch?")]
    twice: list[Fact] = [
        *results,
        AgentFinished(7.55, 2, whole=True),
        Requested(7.6, 3, 1, Why.RETRY, 2),
        AgentAsked(7.6, 3, "When is lunch?"),
    ]

    assert failing(a_performance(facts=[*CALM[:-2], *results, *CALM[-2:]])) == []
    assert failing(a_performance(facts=[*CALM[:-2], *twice, *CALM[-2:]])) == [ASKED_TWICE]


def test_a_call_in_which_the_agent_is_never_asked_is_fine() -> None:
    facts = [fact for fact in CALM if not isinstance(fact, AgentAsked)]
    verdict = next(v for v in judge(a_performance(facts=facts)) if v.what == ASKED_TWICE)

    assert (verdict.passed, verdict.why) == (True, "never")


def test_each_problem_of_the_platform_fails_the_call() -> None:
    verdicts = judge(a_performance(problems=("no [DONE]", "no role")))

    assert [verdict.why for verdict in verdicts if not verdict.passed] == ["no [DONE]", "no role"]


UNFIT = "nothing is heard that isn't fit for a voice"


def test_marks_that_are_heard_fail_the_call_unless_it_wants_them() -> None:
    facts = [*CALM[:-2], Spoke(7.2, 7.5, "agent", 1, "This is **bold**."), *CALM[-2:]]
    untouched = a_scenario(settings={"speech.shape": False})

    assert failing(a_performance(facts=facts)) == [UNFIT]
    assert failing(a_performance(untouched, facts)) == []


def test_what_the_caller_says_may_be_anything() -> None:
    facts = [*CALM[:-2], Spoke(7.2, 7.5, "caller", 2, "https://example.com"), *CALM[-2:]]

    assert failing(a_performance(facts=facts)) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# Heading", "a heading mark"),
        ("some `code`", "a code mark"),
        ("an *apple* a day", "bold or italic marks"),
        ("an _apple_ a day", "bold or italic marks"),
        ("see https://example.com", "a link"),
        ("[text](address", "a link"),
        ("a | b", "a table mark"),
        ("[[hang up]]", "a control mark"),
        ("<think>hm", "a tag"),
        ('{"spoken": "hi"}', "JSON"),
        ("well done 🎉", "an emoji"),
        ("ok ☑️", "an emoji"),
        ("zero\u200bwidth", "an invisible sign"),
    ],
)
def test_what_nobody_would_say_is_found(text: str, what: str) -> None:
    assert what in unspeakable(text)


@pytest.mark.parametrize(
    "text",
    [
        "Press 12# and then *.",
        "It's 5 * 3, less than 16 < 20 and > 10.",
        "Number 1. And number 2! “Quoted”, isn't it?",
        "Zwölf Uhr — für Sie. 東京は午後七時です。 الساعة السابعة.",
        "file_name is a word",
        "3 - 2 = 1",
    ],
)
def test_plain_words_are_fit(text: str) -> None:
    assert unspeakable(text) == ""


SILENCE = "nobody waits longer than 15 s in silence"


def silent_for(silence_s: float, *between: Fact) -> list[Fact]:
    """A call in which the reply takes so long."""
    said_s = 3.5 + silence_s
    return [
        Rang(0.0, status=200),
        Requested(3.5, 1, 1, Why.UTTERANCE),
        *between,
        Answered(said_s + 1, 1, "stop", "Noon."),
        Spoke(said_s, said_s + 1, "agent", 1, "Noon."),
        Over(said_s + 5, "caller", ""),
        Delivered(said_s + 6, "post_call_transcription", 200),
    ]


def test_a_wait_in_silence_fails_when_it_is_too_long() -> None:
    patient = a_scenario(call=Expectation(silent_at_most_s=20))

    assert failing(a_performance(facts=silent_for(14.9))) == []
    assert failing(a_performance(facts=silent_for(15.1))) == [SILENCE]
    assert failing(a_performance(patient, silent_for(15.1))) == []


def test_a_sound_in_between_parts_the_wait() -> None:
    filler = Spoke(10.0, 11.0, "agent", 1, "One moment... ", kind="filler")

    assert failing(a_performance(facts=silent_for(20.0, filler))) == []


def test_a_retry_is_the_same_wait() -> None:
    retried = silent_for(20.0, Withdrawn(12.0, 1, "late"), Requested(12.0, 2, 1, Why.RETRY, 2))
    facts = [Answered(f.at_s, 2, "stop", "") if isinstance(f, Answered) else f for f in retried]

    assert failing(a_performance(facts=facts)) == [SILENCE]


def test_a_request_that_never_ends_is_a_wait_until_the_call_is_over() -> None:
    facts = [fact for fact in silent_for(1.0) if not isinstance(fact, Answered | Spoke)]
    facts.append(Over(30.0, "platform", "no words"))

    assert failing(a_performance(facts=facts)) == [SILENCE]


def test_nobody_waits_once_a_request_has_failed() -> None:
    facts = silent_for(20.0, Broke(4.0, 1, 502))
    facts = [fact for fact in facts if not isinstance(fact, Answered)]

    assert failing(a_performance(facts=facts)) == []


def test_a_transcript_that_will_still_change_is_no_wait() -> None:
    facts: list[Fact] = [
        Requested(1.0, 9, 1, Why.EARLY),
        *silent_for(1.0),
        Over(60.0, "caller", ""),
    ]

    assert failing(a_performance(facts=facts)) == []


def test_a_record_that_has_not_ended_fails() -> None:
    active = a_performance(record={"state": "answered"})
    absent = a_performance(record=None)

    assert failing(active) == failing(absent) == ["the call's record has ended"]


REPORT = "the platform's report of the call is taken"


def test_a_report_that_is_refused_or_missing_fails() -> None:
    refused = [*CALM[:-1], Delivered(9.0, "post_call_transcription", 500)]

    assert failing(a_performance(facts=refused)) == [REPORT]
    assert failing(a_performance(facts=CALM[:-1])) == [REPORT]


@pytest.mark.parametrize(
    "scenario",
    [
        a_scenario(manners=Manners(webhooks=False)),
        a_scenario(manners=Manners(repeat_post_call=0)),
        a_scenario(call=Expectation(posted=())),
    ],
)
def test_no_report_is_missed_where_none_is_sent(scenario: Any) -> None:
    assert failing(a_performance(scenario, CALM[:-1])) == []


ORDER = a_scenario(outbound=OutboundCall(to="+14155550142"))


def test_a_call_that_was_placed_and_not_picked_up_needs_no_report() -> None:
    unanswered: list[Fact] = [Rang(0.0, placed=True), Over(30.0, "platform", "no answer")]
    answered: list[Fact] = [Rang(0.0, placed=True), PickedUp(4.0), Over(30.0, "caller", "")]

    assert failing(a_performance(ORDER, unanswered)) == []
    assert failing(a_performance(ORDER, answered)) == [REPORT]


REFUSED = a_scenario(outbound=OutboundCall(to="+14155550142", refused_by="hours"), lines=())


def test_a_call_that_the_guard_must_refuse_leaves_nothing_behind() -> None:
    for refusal in ({"rule": "hours"}, {"error": {"rule": "hours"}}):
        assert failing(a_performance(REFUSED, (), record=None, refusal=refusal, turns=())) == []


def test_a_call_that_the_guard_lets_pass_or_refuses_for_another_reason_fails() -> None:
    rang: list[Fact] = [Rang(0.0, placed=True), Over(1.0, "caller", "")]

    assert failing(a_performance(REFUSED, rang)) == [
        "rule 'hours' refuses the call",
        "nothing rings",
    ]
    assert failing(a_performance(REFUSED, (), refusal={"error": {"rule": "region"}})) == [
        "rule 'hours' refuses the call"
    ]
    assert failing(a_performance(REFUSED, (), refusal={"error": "no"})) == [
        "rule 'hours' refuses the call"
    ]


def test_a_call_that_is_refused_and_should_not_be_fails() -> None:
    assert "the guard lets the call pass" in failing(
        a_performance(ORDER, (), refusal={"rule": "hours"})
    )


STAGES = "the stages of each turn sum to its whole"


@pytest.mark.parametrize(
    "stages_s",
    [
        {},
        {"classify": 1.0},
        {"classify": 0.001, "settle": 0.0, "think": 0.7, "shape": 0.2, "speak": 0.9},
        {"classify": 0.101, "settle": -0.1, "think": 0.7, "shape": 0.1, "speak": 0.9},
    ],
    ids=["none", "one", "more than the whole", "backward"],
)
def test_stages_that_do_not_sum_fail(stages_s: dict[str, float]) -> None:
    assert failing(a_performance(turns=(a_turn(stages_s=stages_s),))) == [STAGES]


def test_a_turn_that_the_log_does_not_tell_of_is_judged_by_itself() -> None:
    assert failing(a_performance(log=())) == []


def test_without_turns_no_stages_are_judged() -> None:
    assert STAGES not in [verdict.what for verdict in judge(a_performance(turns=()))]


# -- parts -----------------------------------------------------------------------------------------

STRETCHES = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 20)).map(lambda p: (p[0] / 2, (p[0] + p[1]) / 2)),
    max_size=8,
)


@given(STRETCHES)
def test_joined_stretches_are_in_order_apart_and_cover_the_same(
    stretches: list[tuple[float, float]],
) -> None:
    found = joined(stretches)

    assert found == joined(found)
    assert all(a[1] < b[0] for a, b in zip(found, found[1:], strict=False))
    assert all(any(a <= c and d <= b for a, b in found) for c, d in stretches)


@given(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted), STRETCHES)
def test_what_is_left_of_a_stretch_is_outside_the_others(
    ends: list[int], stretches: list[tuple[float, float]]
) -> None:
    others = joined(stretches)
    begin_s, end_s = float(ends[0]), float(ends[1])

    left = without((begin_s, end_s), others)

    taken = sum(max(0.0, min(end_s, b) - max(begin_s, a)) for a, b in others)
    assert sum(b - a for a, b in left) == pytest.approx(end_s - begin_s - taken)
    assert all(begin_s <= a < b <= end_s for a, b in left)
    assert not any(a < d and c < b for a, b in left for c, d in others)


@given(st.text())
def test_a_text_that_is_plain_stays_so(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_curly_and_straight_quotes_are_the_same() -> None:
    assert plain("It’s  “Noon”") == 'it\'s "noon"'


def test_how_things_are_said() -> None:
    assert quoted("a " * 200).count("…") == 1
    assert len(quoted("a " * 200)) < 170
    assert (counted(1, "turn"), counted(0, "turn")) == ("1 turn", "0 turns")
    assert (seconds(1.234), seconds(12.0)) == ("1.23 s", "12 s")
    assert (listed([]), listed(["a", "b"])) == ("nothing", "a, b")
    assert Verdict("x", passed=True, line=3).place == "line 3"
    assert Verdict("x", passed=True).place == "call"


def test_the_last_call_is_the_one_that_ended() -> None:
    facts: list[Fact] = [Over(1.0, "caller", "first"), Over(2.0, "agent", "second")]
    scenario = a_scenario(lines=(Line(1, picks_up=True),))

    over = Evidence(a_performance(scenario, facts)).over
    assert over is not None
    assert over.reason == "second"


def test_a_report_that_counts_twice_is_told_by_its_kind() -> None:
    counted_once = {"event": "call.reported", "conversation": "c1", "kind": "post_call"}
    another = {**counted_once, "kind": "machine"}
    ring_back = {**counted_once, "conversation": "c2"}
    what = "each report of the call counts once"

    def why(*lines: dict[str, str]) -> str:
        judged = judge(a_performance(log=(finished(), *lines)))
        return next(verdict.why for verdict in judged if verdict.what == what)

    assert why(counted_once, another, ring_back) == ""
    assert why(counted_once, another, counted_once) == (
        "it counted 3 reports, post_call more than once"
    )
