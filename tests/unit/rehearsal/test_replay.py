"""A call on record as a scenario: lines with their timing, replies as they were, numbers hidden."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.errors import BadRequest
from bridge.rehearsal.choosing import choose
from bridge.rehearsal.judging import judge
from bridge.rehearsal.perform import perform
from bridge.rehearsal.performance import Requested, Spoke, Why
from bridge.rehearsal.replay import CALLEE, CALLER, NO_SKIPPING, scenario_of, with_expectations
from bridge.rehearsal.replay_differences import compare
from bridge.rehearsal.replay_replies import COLLEAGUE
from bridge.rehearsal.scenario import (
    AgentKind,
    Fault,
    Line,
    LineExpectation,
    Manners,
    OutboundCall,
    PickUp,
    Reply,
    Scenario,
)

Json = dict[str, Any]

STAGES = {"classify": 0.0, "settle": 0.0, "think": 0.5, "shape": 0.0, "speak": 0.0}
WORD_S = 60 / 170
"""How long the simulated voices take for a word."""

HUNG_UP = Line(0, hangs_up=True)


def turn(utterance: str, at_s: float = 10.0, sent: str = "Fine.", **changes: Any) -> Json:
    usual: Json = {
        "run_id": f"run_{at_s}",
        "number": 1,
        "at_s": at_s,
        "utterance": utterance,
        "sent": sent,
        "ours": "",
        "heard": sent,
        "fillers": [],
        "acts": [],
        "outcome": "done",
        "failure": "",
        "stages_s": STAGES,
    }
    return {**usual, **changes}


def call(*turns: Json, **changes: Any) -> Json:
    usual: Json = {
        "id": "call_0123456789",
        "direction": "inbound",
        "state": "ended",
        "outcome": "completed",
        "remote": "+4915112345678",
        "language": "de",
        "mode": None,
        "message": "",
        "brief": "",
        "turns": list(turns),
    }
    return {**usual, **changes}


def lines(*turns: Json, **changes: Any) -> list[Line]:
    """The lines without their numbers, and without the hanging up at the end."""
    found = [replace(line, number=0) for line in scenario_of(call(*turns, **changes)).lines]
    assert found[-1] == HUNG_UP
    return found[:-1]


# -- lines ------------------------------------------------------------------------------------


def test_a_line_comes_as_long_after_the_reply_as_it_did() -> None:
    """The reply begins at 10.5 and takes four words; the second line has two, and then endpointing."""
    ends_s = 10.0 + 0.5 + 4 * WORD_S
    second_s = ends_s + 2.0 + 2 * WORD_S + Manners().endpointing_s

    first, second = lines(turn("Hello.", 10.0, "I am very well."), turn("Good bye.", second_s))

    assert first == Line(0, says="Hello.")
    assert second == Line(0, says="Good bye.", after_s=2.0)


def test_no_pause_is_so_long_that_the_platform_would_ask() -> None:
    _, second = lines(turn("Hello.", 10.0), turn("Bye.", 500.0))

    assert second.after_s == Manners().turn_timeout_s - 1.0


def test_a_reply_that_was_cut_off_is_cut_off_after_as_many_words() -> None:
    story = turn("A story.", 10.0, "Once upon a time there was a king.", heard="Once upon a time")

    _, second = lines(story, turn("Stop.", 14.0))
    *_, last = scenario_of(call(story)).lines

    assert second == Line(0, says="Stop.", cuts_in_after_words=4)
    assert replace(last, number=0) == replace(HUNG_UP, cuts_in_after_words=4)


def test_who_cut_in_before_a_word_does_so_as_long_after_the_request() -> None:
    left = turn("A story.", 10.0, "", heard=None, outcome="left")
    at_s = 10.0 + 3.0 + WORD_S + Manners().endpointing_s

    _, second = lines(left, turn("Stop.", at_s))

    assert second == Line(0, says="Stop.", cuts_in_after_s=3.0)


def test_transcripts_that_were_taken_back_are_heard_first() -> None:
    early: Json = {"sent": "", "heard": None, "outcome": "superseded"}

    [line] = lines(
        turn("Book", 10.0, **early), turn("Book a", 10.2, **early), turn("Book a table.", 10.4)
    )

    assert line == Line(0, says="Book a table.", heard_first=("Book", "Book a"), burst_s=0.2)


@pytest.mark.parametrize(
    "early",
    [
        {"outcome": "done", "sent": "", "heard": None},
        {"outcome": "left", "sent": "Fi", "heard": "Fi"},
        {"outcome": "left", "sent": "", "heard": None, "at_s": 5.0},
        {"outcome": "left", "sent": "", "heard": None, "utterance": "Look"},
    ],
)
def test_what_was_answered_is_older_or_was_other_words_is_a_line_of_its_own(early: Json) -> None:
    first = {**turn("Book", 10.0), **early}

    assert [line.says for line in lines(first, turn("Book a table.", 10.4))] == [
        first["utterance"],
        "Book a table.",
    ]


def test_a_silence_is_as_long_as_the_platform_asks_as_often_again() -> None:
    asked: Json = {"sent": "", "heard": None, "outcome": "here"}

    scenario = scenario_of(
        call(
            turn("Hello.", 10.0),
            turn("", 18.0, ours="Are you there?", **asked),
            turn("", 27.0, ours="I am here.", **asked),
            turn("Yes.", 31.0),
        )
    )

    assert [line.silent_s for line in scenario.lines] == [
        None,
        round(15 + 3 * WORD_S, 1),
        None,
        None,
    ]
    assert scenario.manners.tools == NO_SKIPPING


def test_a_silence_that_was_skipped_is_skipped_again() -> None:
    skip = [{"name": "skip_turn", "arguments": {}}]
    silent = turn("", 18.0, "", heard=None, outcome="here", acts=skip)

    scenario = scenario_of(call(turn("Hello.", 10.0), silent))

    assert scenario.lines[1].silent_s == 8.0
    assert scenario.manners == Manners()


def test_digits_are_keys() -> None:
    assert lines(turn("4711#")) == [Line(0, keys="4711#")]


def test_results_of_tools_belong_to_the_line_before() -> None:
    assert [line.says for line in lines(turn("Book it."), turn("", 12.0, "Booked."))] == [
        "Book it."
    ]


def test_nobody_hangs_up_after_the_agent_did() -> None:
    ended = turn("Bye.", acts=[{"name": "end_call", "arguments": {}}])

    assert [line.hangs_up for line in scenario_of(call(ended)).lines] == [False]


# -- the call ---------------------------------------------------------------------------------


def test_nobodys_number_stands_for_the_callers() -> None:
    turns = (turn("I am +4915112345678."),)

    hidden = scenario_of(call(*turns))
    assert (hidden.caller, hidden.language) == (CALLER, "de")
    assert hidden.lines[0].says == "I am +4915•••5678."
    assert hidden.replies[0].to == "I am +4915•••5678."

    shown = scenario_of(call(*turns), reveal=True, masks_words=False)
    assert shown.caller == "+4915112345678"
    assert shown.lines[0].says == "I am +4915112345678."

    assert scenario_of(call(*turns, remote="+4915•••5678"), reveal=True).caller == CALLER
    assert scenario_of(call(*turns, remote=None)).caller == ""


def test_who_is_put_through_reaches_nobody() -> None:
    given = {"transfer_number": "+493012345678", "agent_message": "From +49301234567.", "why": None}
    acts = [{"name": "transfer_to_number", "arguments": given}]

    scenario = scenario_of(call(turn("Transfer me.", acts=acts)), {"turn.fillers": 1})

    [reply] = scenario.replies
    [made] = reply.calls
    assert made["arguments"] == {
        "transfer_number": COLLEAGUE,
        "agent_message": "From +4930•••4567.",
    }
    assert scenario.settings == {"turn.fillers": 1, "elevenlabs.transfer_to": [COLLEAGUE]}


def test_a_call_that_bridge_placed_is_placed_again() -> None:
    placed = {
        "direction": "outbound",
        "mode": "notify",
        "message": "It is nine.",
        "brief": "Be kind.",
    }

    scenario = scenario_of(call(outcome="busy", **placed))

    assert scenario.outbound == OutboundCall(
        CALLEE, "notify", "It is nine.", "Be kind.", pick_up=PickUp.BUSY
    )
    assert (scenario.caller, scenario.lines) == (CALLER, ())


def test_who_was_told_something_hears_it_to_its_end() -> None:
    [line] = scenario_of(call(direction="outbound", mode="notify", message="It is nine.")).lines

    assert line.silent_s == pytest.approx(1.0 + 3 * WORD_S)


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([], "it has no turns on record"),
        ([turn("", sent="", heard=None)], "its words were not kept (records.words)"),
        ([turn("", sent="", ours="Are you there?")], "nobody said anything in it"),
    ],
)
def test_what_can_not_be_replayed_is_refused_with_the_reason(turns: list[Json], why: str) -> None:
    with pytest.raises(BadRequest) as raised:
        scenario_of(call(*turns))

    assert raised.value.message == f"Call 'call_0123456789' can't be replayed: {why}."


# -- the agent --------------------------------------------------------------------------------


def test_the_agent_says_again_what_it_said_at_its_pace() -> None:
    stages = {**STAGES, "think": 1.234, "speak": 2.0}
    said = turn("Hello.", sent="x" * 48, stages_s=stages)

    assert scenario_of(call(said)).replies == (
        Reply(to="Hello.", says="x" * 48, after_s=1.23, chunk_s=0.5, times=1),
    )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"failure": "vendor_unavailable server", "sent": ""}, Fault.STATUS),
        ({"failure": "vendor_unavailable server"}, Fault.DROP),
        ({"failure": "vendor_too_slow late", "sent": ""}, Fault.HANG),
        ({"outcome": "superseded", "sent": ""}, Fault.HANG),
        ({"outcome": "done", "sent": ""}, None),
    ],
)
def test_the_agent_fails_again_as_it_failed(changes: Json, fault: Fault | None) -> None:
    [reply] = scenario_of(call(turn("Hello.", **changes))).replies

    assert reply.fault == fault


def test_what_was_answered_here_is_no_reply_of_the_agents() -> None:
    here = turn("Hello.", sent="", ours="Who?", outcome="here")
    scenario = scenario_of(call(here))

    assert (scenario.agent, scenario.replies) == (AgentKind.DEMO, ())
    assert scenario.runs_with == (AgentKind.CONFIGURED,)


def test_expected_is_what_holds_with_any_agent() -> None:
    acts = [{"name": "end_call", "arguments": {}}]
    record = call(turn("Hello."), turn("", 12.0, "Booked."), turn("Bye.", 20.0, acts=acts))

    scenario = with_expectations(scenario_of(record), record)

    assert [line.expect for line in scenario.lines] == [
        LineExpectation(acts=()),
        LineExpectation(acts=("end_call",), agent_asked=1),
    ]
    assert scenario.expect.outcome == "completed"
    live = with_expectations(scenario_of(record), {**record, "state": "answered", "outcome": None})
    assert live.expect.outcome is None


# -- acted out --------------------------------------------------------------------------------

FAITHFUL = (
    "agent-fails", "barge-in", "continuation", "impatient", "new", "outbound-conversation",
    "outbound-notify", "revised", "silence", "silence-skipped", "speculative", "transfer", "working",
)  # fmt: skip


@pytest.mark.parametrize("name", FAITHFUL)
def test_a_replay_of_a_rehearsed_call_goes_as_that_did(name: str) -> None:
    """The record of one call is made a scenario, and its record tells the same again."""
    [scenario] = choose([name])
    performance = perform(scenario)
    assert performance.record is not None
    record = {**performance.record, "turns": performance.turns}

    replayed = perform(with_expectations(_as_then(scenario, record), record))

    assert [verdict for verdict in judge(replayed) if not verdict.passed] == []
    differing = [pair for pair in compare(performance.turns, replayed.turns) if pair.differs]
    assert differing == []


def _as_then(scenario: Scenario, record: Json) -> Scenario:
    """With the settings of the call that it is made from, and the agent's words of then."""
    theirs = {k: v for k, v in scenario.settings.items() if k.startswith(("turn.", "speech."))}
    return scenario_of(record, theirs)


def test_a_barge_in_comes_at_the_same_word_again() -> None:
    [scenario] = choose(["barge-in"])
    performance = perform(scenario)
    assert performance.record is not None

    replayed = perform(scenario_of({**performance.record, "turns": performance.turns}))

    cut = [fact for fact in replayed.facts if isinstance(fact, Spoke) and fact.unheard]
    assert [spoke.text.split()[-1] for spoke in cut] == ["every"]
    early = [f for f in replayed.facts if isinstance(f, Requested) and f.why is Why.EARLY]
    assert early == []
