"""A kept schedule: what becomes of its moments, whoever says so first and however often."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.record import Mode, Outcome
from bridge.core.schedule import Again, Fire, Missed, Schedule, key_of
from bridge.core.schedule_entry import (
    NOTES,
    Book,
    End,
    Entry,
    Note,
    What,
    is_same_wish,
    is_settled,
    passed_over,
    render_entry,
    with_call_gone,
    with_done,
    with_ended,
    with_fired,
    with_missed,
    with_pause,
    with_refused,
    with_resume,
    with_run,
)

SEVEN_S, DAY_S = 1796104800.0, 86_400.0
AGAIN = Again(after_s=600, times=2)
MORNING = Schedule(
    id="sched_1",
    to="+12025550123",
    zone="Europe/Berlin",
    made_s=SEVEN_S - 10,
    line="0 7 * * *",
    message="Good morning.",
    session="desk:+12025550123",
)
ENTRY = Entry(MORNING)
FIRE = Fire(SEVEN_S, 0, key_of("sched_1", SEVEN_S))
AT_S = SEVEN_S + 1
FIRED = with_fired(ENTRY, FIRE, "call_1", AT_S)
REFUSED = Note(What.REFUSED, AT_S, SEVEN_S, why="hours: it is 07:00")


def end(outcome: Outcome = Outcome.BUSY, call: str = "call_1", cause: str = "") -> End:
    return End(call, outcome, AT_S + 20, cause)


def test_a_call_that_was_placed_settles_its_moment_and_is_followed() -> None:
    settled = replace(MORNING, settled_s=SEVEN_S)
    note = Note(What.FIRED, AT_S, SEVEN_S, call="call_1")
    assert Entry(settled, call="call_1", notes=(note,)) == FIRED
    assert is_settled(FIRED, FIRE)
    assert not is_settled(ENTRY, FIRE)


def test_what_is_said_twice_of_a_moment_changes_nothing() -> None:
    assert with_fired(FIRED, FIRE, "call_1", AT_S + 5) == FIRED
    assert with_refused(FIRED, FIRE, REFUSED) == FIRED
    assert with_missed(FIRED, Missed((SEVEN_S,)), AT_S + 5) == FIRED
    done = with_done(FIRED, AT_S)
    assert with_done(done, AT_S + 5) == done


def test_a_call_that_is_noted_settles_a_moment_that_is_not() -> None:
    noted = replace(FIRED, schedule=MORNING, call="")

    assert with_fired(noted, FIRE, "call_1", AT_S + 5) == FIRED


def test_a_call_that_another_process_placed_is_followed_though_this_one_was_refused() -> None:
    refused = with_refused(ENTRY, FIRE, REFUSED)
    both = with_fired(refused, FIRE, "call_1", AT_S + 1)

    assert refused == Entry(replace(MORNING, settled_s=SEVEN_S), notes=(REFUSED,))
    assert (both.call, both.schedule) == ("call_1", refused.schedule)
    assert [note.what for note in both.notes] == [What.REFUSED, What.FIRED]


def test_a_call_of_a_moment_that_is_long_over_is_noted_and_not_followed() -> None:
    later = with_fired(ENTRY, Fire(SEVEN_S + DAY_S, 0, ""), "call_2", AT_S + DAY_S)
    both = with_fired(later, FIRE, "call_1", AT_S + DAY_S)

    assert (both.call, both.schedule) == ("call_2", later.schedule)
    assert both.notes[-1].call == "call_1"


def test_a_busy_line_is_tried_again_and_the_try_is_followed_too() -> None:
    busy = with_ended(FIRED, end(cause="The line was busy."), AT_S + 30, AGAIN)
    again = with_fired(busy, Fire(SEVEN_S, 1, ""), "call_2", AT_S + 620)

    assert (busy.call, busy.schedule.retry_s) == ("", AT_S + 620)
    assert busy.notes[-1] == Note(
        What.ENDED, AT_S + 30, SEVEN_S, why="busy: The line was busy.", call="call_1"
    )
    assert (again.call, again.schedule.tries, again.schedule.retry_s) == ("call_2", 1, None)
    answered = with_ended(again, end(Outcome.COMPLETED, "call_2"), AT_S + 700, AGAIN)
    assert (answered.call, answered.schedule.retry_s) == ("", None)
    assert answered.notes[-1].why == "completed"


def test_the_end_of_another_call_changes_nothing() -> None:
    assert with_ended(FIRED, end(call="call_9"), AT_S, AGAIN) == FIRED
    assert with_call_gone(FIRED, "call_9") == FIRED


def test_a_call_whose_record_was_erased_is_followed_no_more() -> None:
    assert with_call_gone(FIRED, "call_1") == replace(FIRED, call="")


def test_nothing_is_tried_again_when_it_was_resumed_meanwhile() -> None:
    resumed = with_resume(with_pause(FIRED), AT_S + 10)
    ended = with_ended(resumed, end(), AT_S + 30, AGAIN)

    assert ended.schedule == replace(MORNING, settled_s=AT_S + 10)
    assert ended.notes[-1].what is What.ENDED


def test_nothing_is_tried_again_while_it_rests() -> None:
    assert with_ended(with_pause(FIRED), end(), AT_S + 30, AGAIN).schedule.retry_s is None


def test_the_end_of_a_call_whose_beginning_is_forgotten_is_only_noted() -> None:
    forgotten = replace(FIRED, notes=())
    ended = with_ended(forgotten, end(), AT_S, AGAIN)

    assert (ended.call, ended.schedule) == ("", FIRED.schedule)
    assert ended.notes == (Note(What.ENDED, AT_S, None, why="busy", call="call_1"),)


def test_misses_of_one_look_are_one_note_and_those_of_another_are_another() -> None:
    first = with_missed(ENTRY, Missed((SEVEN_S, SEVEN_S + 60)), AT_S)
    second = with_missed(first, Missed((SEVEN_S + 120,)), AT_S)
    third = with_missed(second, Missed((SEVEN_S + DAY_S,)), AT_S + DAY_S)

    assert second.notes == (Note(What.MISSED, AT_S, SEVEN_S + 120, 3),)
    assert third.notes == (*second.notes, Note(What.MISSED, AT_S + DAY_S, SEVEN_S + DAY_S))
    assert third.schedule.settled_s == SEVEN_S + DAY_S
    assert with_missed(third, Missed((SEVEN_S,)), AT_S) == third


def test_a_retry_that_comes_too_late_is_missed_once() -> None:
    busy = with_ended(FIRED, end(), AT_S + 30, AGAIN)
    late = Missed((SEVEN_S,), was_retry=True)
    missed = with_missed(busy, late, AT_S + 5000)

    assert missed.notes[-1] == Note(
        What.MISSED, AT_S + 5000, SEVEN_S, why="too late for another try"
    )
    assert missed.schedule.retry_s is None
    assert with_missed(missed, late, AT_S + 6000) == missed


def test_only_the_latest_notes_are_kept() -> None:
    entry = ENTRY
    for number in range(NOTES + 5):
        entry = with_run(entry, f"call_{number}", AT_S + number)

    assert [note.call for note in entry.notes] == [f"call_{n}" for n in range(5, NOTES + 5)]
    assert entry.schedule == MORNING


def test_a_call_placed_by_hand_is_noted_once() -> None:
    ran = with_run(ENTRY, "call_1", AT_S)

    assert ran.notes == (Note(What.RAN, AT_S, call="call_1"),)
    assert with_run(ran, "call_1", AT_S + 1) == ran


def test_all_that_were_at_work_pass_over_what_came_due_while_all_rested() -> None:
    busy = with_ended(FIRED, end(), AT_S + 30, AGAIN)
    resting, done = with_pause(ENTRY), with_done(ENTRY, AT_S)
    after_s = SEVEN_S + 3 * DAY_S

    assert passed_over(busy, after_s).schedule == replace(MORNING, settled_s=after_s)
    assert passed_over(resting, after_s) == resting
    assert passed_over(done, after_s) == done


def test_what_does_not_rest_is_not_changed_by_resuming_it() -> None:
    assert with_resume(FIRED, AT_S) == FIRED


@pytest.mark.parametrize(
    "change", [{"to": "+12025550124"}, {"zone": "UTC"}, {"message": ""}, {"line": "1 7 * * *"}]
)
def test_two_wishes_are_the_same_whatever_became_of_one(change: dict[str, Any]) -> None:
    later = replace(MORNING, made_s=SEVEN_S, settled_s=SEVEN_S, tries=1, paused=True)

    assert is_same_wish(MORNING, later)
    assert not is_same_wish(MORNING, replace(later, **change))


def shown(entry: Entry, **how: Any) -> dict[str, Any]:
    return render_entry(entry, says="At 07:00", next_s=SEVEN_S, **how)


def test_it_is_shown_without_words_and_with_its_number_masked() -> None:
    told = shown(FIRED)

    assert told == {
        "id": "sched_1",
        "state": "calling",
        "to": "+1202•••0123",
        "cron": "0 7 * * *",
        "at": None,
        "zone": "Europe/Berlin",
        "says": "At 07:00",
        "mode": str(Mode.CONVERSATION),
        "language": "",
        "session": "desk:+1202•••0123",
        "owner": "operator",
        "made_s": SEVEN_S - 10,
        "next_s": SEVEN_S,
        "tries": 0,
        "call": "call_1",
        "done_s": None,
        "notes": [
            {
                "what": "fired",
                "at_s": AT_S,
                "moment_s": SEVEN_S,
                "count": 1,
                "why": "",
                "call": "call_1",
            }
        ],
    }
    assert "morning" not in str(told)


def test_numbers_are_shown_whole_to_who_asks() -> None:
    told = shown(ENTRY, reveal=True)
    nameless = shown(Entry(replace(MORNING, session=None, line="", at="2026-12-01T07:00")))

    assert (told["to"], told["session"]) == ("+12025550123", "desk:+12025550123")
    assert (nameless["session"], nameless["cron"], nameless["at"]) == (
        None,
        None,
        "2026-12-01T07:00",
    )


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (ENTRY, "waiting"),
        (FIRED, "calling"),
        (with_ended(FIRED, end(), AT_S, AGAIN), "trying again"),
        (with_pause(FIRED), "paused"),
        (with_done(with_pause(FIRED), AT_S), "done"),
    ],
)
def test_its_state_in_a_word(entry: Entry, state: str) -> None:
    assert shown(entry)["state"] == state


def test_an_empty_book_is_at_work() -> None:
    assert Book() == Book(None, ())
