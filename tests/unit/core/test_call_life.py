"""A call's life: what may follow what, and what the platform may still add."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.call_life import (
    ASKED,
    CREDITS,
    TOLD,
    CallEvent,
    Dialling,
    EndAsked,
    Ordered,
    Over,
    Placed,
    Rang,
    Recorded,
    Reported,
    Telling,
    Turned,
    Unkept,
    Untold,
    Vanished,
    advance,
)
from bridge.core.call_outcome import BUSY, COMPLETED, PROMISE_LOST, VOICEMAIL, Verdict
from bridge.core.platform_call import PlatformCall
from bridge.core.record import LIVE, NEXT, CallRecord, Fault, Mode, Outcome, Source, State
from tests.fakes.calls_on_record import CALLER, LINE, call, placed

REFUSED = Verdict(Outcome.REFUSED, Fault.POLICY, "Policy: allowlist.")
DONE = PlatformCall("conv_1", status="done", started_s=90, accepted_s=95, duration_s=61, cost=12)


def after(record: CallRecord, *events: CallEvent) -> CallRecord:
    for event in events:
        record = advance(record, event)
    return record


def report(told: PlatformCall = DONE, kind: str = "post_call_transcription") -> Reported:
    return Reported(200.0, kind, told)


def test_a_call_that_we_place_goes_through_every_state() -> None:
    record = placed()
    seen = [record.state]
    for event in (
        Dialling(101.0),
        Placed(102.0, "conv_1", "CA1"),
        Turned(105.0),
        Over(110.0, COMPLETED),
    ):
        record = advance(record, event)
        seen.append(record.state)

    assert [State.PROMISED, *seen] == list(State)
    assert (record.conversation, record.carrier_call) == ("conv_1", "CA1")
    assert (record.answered_s, record.ended_s, record.touched_s) == (105.0, 110.0, 110.0)
    assert (record.outcome, record.fault) == (Outcome.COMPLETED, Fault.NOBODY)


@pytest.mark.parametrize("state", State)
def test_no_event_moves_a_call_where_the_table_does_not_let_it(state: State) -> None:
    record = placed(state=state)
    for event in (
        Ordered(101, Mode.NOTIFY),
        Unkept(101, REFUSED),
        Dialling(101),
        Placed(101),
        Rang(101),
        Turned(101),
        Over(101, BUSY),
        Recorded(101, "sound", "f.mp3"),
        Vanished(101),
        EndAsked(101, "operator"),
        report(),
    ):
        moved = advance(record, event)
        assert moved.state is state or moved.state in NEXT[state]


PROMISED = placed(state=State.PROMISED, details={"about": 1})


def test_a_promise_becomes_an_order_that_counts_from_then_on() -> None:
    ordered = Ordered(140.0, Mode.NOTIFY, "It is booked.", "brief", {"order": "digest"})

    assert advance(PROMISED, ordered) == replace(
        PROMISED,
        state=State.RESERVED,
        placed_s=140.0,
        touched_s=140.0,
        mode=Mode.NOTIFY,
        message="It is booked.",
        brief="brief",
        details={"about": 1, "order": "digest"},
    )
    assert advance(placed(), ordered) == placed()


def test_a_promise_that_is_not_kept_ends_and_an_order_that_was_given_does_not() -> None:
    ended = advance(PROMISED, Unkept(140.0, REFUSED))

    assert (ended.state, ended.outcome, ended.cause) == (
        State.ENDED,
        Outcome.REFUSED,
        "Policy: allowlist.",
    )
    assert advance(placed(), Unkept(140.0, REFUSED)) == placed()
    assert advance(ended, Ordered(150.0, Mode.NOTIFY)) == ended


def test_a_promise_of_which_nothing_is_heard_was_lost_with_the_program() -> None:
    lost = advance(PROMISED, Vanished(140.0))

    assert (lost.outcome, lost.fault, lost.cause) == (
        Outcome.NOT_PLACED,
        Fault.BRIDGE,
        PROMISE_LOST.cause,
    )


def test_nothing_dials_what_is_only_promised() -> None:
    assert advance(PROMISED, Dialling(140.0)) == PROMISED


EVENTS = st.one_of(
    st.builds(Ordered, st.floats(100, 300), st.sampled_from(Mode)),
    st.builds(Unkept, st.floats(100, 300), st.just(REFUSED)),
    st.builds(Dialling, st.floats(100, 300)),
    st.builds(Placed, st.floats(100, 300), st.sampled_from([None, "conv_1", "conv_2"])),
    st.builds(Turned, st.floats(100, 300)),
    st.builds(Over, st.floats(100, 300), st.sampled_from([BUSY, COMPLETED, REFUSED])),
    st.builds(Vanished, st.floats(100, 300)),
    st.builds(EndAsked, st.floats(100, 300), st.sampled_from(["operator", "agent"])),
    st.sampled_from([report(), report(kind="answering_machine_detection"), report(kind=ASKED)]),
)


@given(st.lists(EVENTS), st.sampled_from([State.PROMISED, State.RESERVED]))
def test_whatever_comes_in_whatever_order_life_goes_forward(
    events: list[CallEvent], state: State
) -> None:
    order = list(State)
    record = placed(state=state)
    for event in events:
        before, record = record, advance(record, event)
        assert order.index(record.state) >= order.index(before.state)
        assert record.touched_s >= before.touched_s
        assert (record.outcome is None) == (record.state is not State.ENDED)
        assert before.conversation in (None, record.conversation)
        assert advance(record, event).state is record.state


def test_a_call_is_live_from_dialling_until_it_ends() -> None:
    assert {state for state in State if placed(state=state).is_live} == LIVE


def test_a_dialled_call_that_is_talked_on_is_answered_though_nobody_said_it_was_placed() -> None:
    record = after(placed(), Dialling(101), Turned(102))

    assert (record.state, record.answered_s) == (State.ANSWERED, 102)


def test_a_turn_after_the_end_changes_nothing() -> None:
    record = after(call(), Over(110, REFUSED))

    assert advance(record, Turned(111)) == record


def test_the_first_turn_is_when_it_was_answered() -> None:
    assert after(call(), Turned(103), Turned(109)).answered_s == 103


def test_what_rings_is_learnt_once() -> None:
    first = Rang(101, "conv_1", "CA1", CALLER, LINE, "phone:a", "de")
    record = after(call(), first)

    assert (record.remote, record.line) == (CALLER, LINE)
    assert (record.session_key, record.language) == ("phone:a", "de")
    other = Rang(105, "conv_2", "CA2", LINE, CALLER, "phone:b", "en")
    assert advance(record, other) == record


def test_what_was_refused_stays_so_whatever_the_platform_says() -> None:
    record = after(call(), Over(110, REFUSED), report())

    assert (record.outcome, record.fault, record.cause) == (
        Outcome.REFUSED,
        Fault.POLICY,
        "Policy: allowlist.",
    )
    assert record.duration_s == 61, "but what only it knows is filled in"


def test_a_report_ends_a_call_by_the_platforms_clock() -> None:
    record = after(call(), report())

    assert (record.state, record.answered_s, record.ended_s) == (State.ENDED, 95, 156)
    assert (record.cost, record.currency) == (12, CREDITS)
    assert record.reported == ("post_call_transcription",)


def test_a_report_without_moments_ends_it_when_it_came() -> None:
    assert after(call(), report(PlatformCall("conv_1", status="done"))).ended_s == 200
    longer = PlatformCall("conv_1", status="done", started_s=190, duration_s=61)
    assert after(call(), report(longer)).ended_s == 200, "and never later"


def test_money_goes_before_credits() -> None:
    told = replace(DONE, fiat=0.04, currency="USD")

    record = after(call(), report(told))

    assert (record.cost, record.currency) == (0.04, "USD")


def test_a_report_counts_once_for_its_type() -> None:
    record = after(call(), report())
    again = Reported(900.0, "post_call_transcription", replace(DONE, duration_s=5))

    assert advance(record, again) == record
    other = advance(record, report(PlatformCall("conv_1", machine="machine_start"), "amd"))
    assert (other.outcome, other.reported) == (
        Outcome.VOICEMAIL,
        ("post_call_transcription", "amd"),
    )


def test_an_answer_that_we_asked_for_may_come_again_with_more() -> None:
    record = after(call(), report(PlatformCall("conv_1", status="in-progress"), ASKED))
    assert record.state is State.PLACED

    record = after(record, report(kind=ASKED))
    assert (record.state, record.reported) == (State.ENDED, ())


def test_a_verdict_comes_in_the_place_of_not_knowing() -> None:
    lost = after(call(), Vanished(150))
    assert (lost.outcome, lost.fault) == (Outcome.UNKNOWN, Fault.UNKNOWN)

    told = after(lost, report(replace(DONE, reason="end_call tool was called")))
    assert (told.outcome, told.cause, told.ended_s) == (
        Outcome.COMPLETED,
        "The agent hung up.",
        150,
    )


def test_a_cause_is_added_to_an_end_that_had_none() -> None:
    record = after(call(), Over(150, COMPLETED))

    told = after(record, report(replace(DONE, reason="Call ended by remote party")))

    assert told.cause == "The other side hung up."


def test_a_machine_that_picked_up_was_one_whichever_report_came_first() -> None:
    record = after(call(), Over(150, VOICEMAIL), report())

    assert record.outcome is Outcome.VOICEMAIL


def test_what_vanishes_ends_by_what_it_was() -> None:
    assert after(placed(), Vanished(900)).outcome is Outcome.NOT_PLACED
    assert after(placed(), Dialling(101), Vanished(900)).outcome is Outcome.UNKNOWN
    text = after(call(source=Source.TEXT), Turned(101), Vanished(900))
    assert (text.outcome, text.cause) == (Outcome.COMPLETED, "It fell silent.")
    assert after(placed(), Vanished(50)).ended_s == 100, "never before it began"


@pytest.mark.parametrize(("by", "fault"), [("operator", Fault.OPERATOR), ("agent", Fault.AGENT)])
def test_a_call_that_is_taken_back_before_it_is_dialled_never_is(by: str, fault: Fault) -> None:
    over = after(placed(), EndAsked(101, by))

    assert (over.state, over.outcome, over.fault) == (State.ENDED, Outcome.NOT_PLACED, fault)
    assert over.cause == f"The {by} took it back before it was dialled."
    assert advance(over, Dialling(102)) == over


def test_a_live_call_whose_end_is_asked_for_is_marked_and_goes_on() -> None:
    live = after(call(details={"order": "x"}), Turned(101))

    asked = after(live, EndAsked(102, "agent"))

    assert asked == replace(live, details={"order": "x", "end_asked": {"by": "agent", "at_s": 102}})
    assert asked.end_asked_by == "agent"
    assert advance(asked, EndAsked(103, "operator")) == asked, "the first to ask stays"


def test_an_end_that_is_asked_for_too_late_changes_nothing() -> None:
    over = after(call(), Over(150, COMPLETED))

    assert advance(over, EndAsked(151, "operator")) == over
    assert over.end_asked_by == ""


@pytest.mark.parametrize(
    ("reason", "fault", "cause"),
    [
        ("end_call tool was called", Fault.AGENT, "It was ended: the agent asked for that."),
        ("Call ended by remote party", Fault.NOBODY, "The other side hung up."),
    ],
)
def test_how_a_marked_call_ended_is_told_as_it_was(reason: str, fault: Fault, cause: str) -> None:
    marked = after(call(), Turned(101), EndAsked(102, "agent"))

    over = after(marked, report(replace(DONE, reason=reason)))

    assert (over.outcome, over.fault, over.cause) == (Outcome.COMPLETED, fault, cause)
    assert over.details["end_asked"] == {"by": "agent", "at_s": 102}


def test_kept_sound_is_noted_once() -> None:
    record = after(call(), Recorded(150, "post_call_audio", "a.mp3"))

    assert (record.recording, record.state) == ("a.mp3", State.PLACED)
    assert advance(record, Recorded(160, "post_call_audio", "b.mp3")) == record


def test_of_two_who_are_about_to_tell_the_agent_one_changes_the_record() -> None:
    ended = after(placed(details={"order": "d"}), Over(150, COMPLETED))

    first = advance(ended, Telling(151))

    assert first.details == {"order": "d", TOLD: 151}
    assert advance(first, Telling(152)) == first


def test_what_was_not_told_is_owed_again() -> None:
    ended = after(placed(), Over(150, COMPLETED))

    assert after(ended, Telling(151), Untold(152)) == ended
    assert advance(ended, Untold(152)) == ended


def test_nothing_is_told_of_a_call_before_its_end() -> None:
    assert advance(placed(), Telling(101)) == placed()
