"""Calls at times: what is due, what was missed, what is tried again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.record import Outcome
from bridge.core.schedule import (
    MISSED_AT_ONCE,
    TRIED_AGAIN,
    Again,
    Fire,
    Missed,
    Schedule,
    Wait,
    after_call,
    due,
    key_of,
    paused,
    resumed,
    settle,
)

SEVEN_S = 1796104800.0
"""2026-12-01T06:00:00Z: seven in Berlin."""

DAY_S = 86_400.0
LATE_S = 300.0
AGAIN = Again(after_s=600, times=2)
MORNING = Schedule(
    id="sched_1", to="+12025550123", zone="Europe/Berlin", made_s=SEVEN_S - 10, line="0 7 * * *"
)
KEY = "schedule:sched_1:2026-12-01T06:00:00Z"


def mornings(after_s: float) -> Iterator[float]:
    """Every morning at seven, after a moment."""
    return (at for n in count() if (at := SEVEN_S + n * DAY_S) > after_s)


def look(schedule: Schedule, now_s: float) -> Fire | Missed | Wait:
    return due(schedule, mornings(schedule.from_s), now_s, LATE_S)


def test_nothing_is_due_before_its_moment_and_the_wait_is_until_then() -> None:
    assert look(MORNING, SEVEN_S - 1) == Wait(SEVEN_S)


@pytest.mark.parametrize("late_s", [0, 1, LATE_S])
def test_a_moment_that_has_come_is_fired_under_its_own_key(late_s: float) -> None:
    assert look(MORNING, SEVEN_S + late_s) == Fire(SEVEN_S, 0, KEY)


def test_asked_again_the_same_moment_has_the_same_key_until_it_is_settled() -> None:
    first, second = look(MORNING, SEVEN_S), look(MORNING, SEVEN_S + 200)

    assert first == second
    assert isinstance(first, Fire)
    assert look(settle(MORNING, first), SEVEN_S) == Wait(SEVEN_S + DAY_S)


def test_a_moment_too_long_past_is_told_of_and_not_fired() -> None:
    found = look(MORNING, SEVEN_S + LATE_S + 1)

    assert found == Missed((SEVEN_S,))
    assert look(settle(MORNING, found), SEVEN_S + LATE_S + 1) == Wait(SEVEN_S + DAY_S)


def test_of_several_moments_that_went_by_only_the_last_may_still_be_fired() -> None:
    now_s = SEVEN_S + 2 * DAY_S + 60

    found = look(MORNING, now_s)
    assert found == Missed((SEVEN_S, SEVEN_S + DAY_S))
    assert look(settle(MORNING, found), now_s) == Fire(
        SEVEN_S + 2 * DAY_S, 0, key_of("sched_1", SEVEN_S + 2 * DAY_S)
    )


def test_after_a_long_sleep_the_misses_are_told_in_portions() -> None:
    now_s = SEVEN_S + 250 * DAY_S + LATE_S + 1
    schedule, portions = MORNING, []
    while isinstance(found := look(schedule, now_s), Missed):
        portions.append(len(found.moments_s))
        schedule = settle(schedule, found)

    assert found == Wait(SEVEN_S + 251 * DAY_S)
    assert sum(portions) == 251
    assert max(portions) == MISSED_AT_ONCE


def test_no_more_moments_are_asked_for_than_the_next_one() -> None:
    asked: list[float] = []

    def watched() -> Iterator[float]:
        for moment_s in mornings(0):
            asked.append(moment_s)
            yield moment_s

    due(MORNING, watched(), SEVEN_S - 1, LATE_S)
    assert asked == [SEVEN_S]


def test_a_single_moment_is_fired_once_and_then_there_is_nothing_to_wait_for() -> None:
    once = replace(MORNING, line="", at="2026-12-01T07:00")

    found = due(once, [SEVEN_S], SEVEN_S, LATE_S)
    assert isinstance(found, Fire)
    assert due(settle(once, found), [], SEVEN_S, LATE_S) == Wait(None)


def test_a_paused_schedule_is_never_due() -> None:
    assert look(paused(MORNING), SEVEN_S) == Wait(None)


def test_what_came_due_in_a_pause_is_passed_over_when_it_ends() -> None:
    again = resumed(paused(MORNING), SEVEN_S + 60)

    assert not again.paused
    assert look(again, SEVEN_S + 61) == Wait(SEVEN_S + DAY_S)


def test_a_pause_that_ends_on_a_clock_put_back_fires_nothing_twice() -> None:
    fired = settle(MORNING, Fire(SEVEN_S, 0, KEY))

    assert look(resumed(paused(fired), SEVEN_S - 60), SEVEN_S) == Wait(SEVEN_S + DAY_S)


def fire(schedule: Schedule, now_s: float) -> tuple[Fire, Schedule]:
    found = look(schedule, now_s)
    assert isinstance(found, Fire)
    return found, settle(schedule, found)


@pytest.mark.parametrize("outcome", sorted(TRIED_AGAIN))
def test_who_was_busy_or_not_there_is_tried_again_so_often_and_no_more(outcome: Outcome) -> None:
    schedule, now_s, keys = MORNING, SEVEN_S, []
    while isinstance(found := look(schedule, now_s), Fire):
        keys.append(found.key)
        schedule = after_call(settle(schedule, found), found, outcome, now_s + 30, AGAIN)
        assert isinstance(look(schedule, now_s + 30), Wait)
        now_s += 630

    assert keys == [KEY, f"{KEY}:1", f"{KEY}:2"]
    assert found == Wait(SEVEN_S + DAY_S)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - TRIED_AGAIN))
def test_any_other_outcome_is_the_end_of_the_moment(outcome: Outcome) -> None:
    fired, schedule = fire(MORNING, SEVEN_S)

    assert after_call(schedule, fired, outcome, SEVEN_S + 30, AGAIN).retry_s is None


def test_the_wait_is_until_the_retry_or_the_next_moment_whichever_is_first() -> None:
    fired, schedule = fire(MORNING, SEVEN_S)
    soon = after_call(schedule, fired, Outcome.BUSY, SEVEN_S, AGAIN)
    late = after_call(schedule, fired, Outcome.BUSY, SEVEN_S, Again(2 * DAY_S, 1))

    assert look(soon, SEVEN_S + 1) == Wait(SEVEN_S + 600)
    assert look(late, SEVEN_S + 1) == Wait(SEVEN_S + DAY_S)
    assert due(soon, [], SEVEN_S + 1, LATE_S) == Wait(SEVEN_S + 600)


def test_the_next_moment_takes_the_place_of_a_retry() -> None:
    fired, schedule = fire(MORNING, SEVEN_S)
    late = after_call(schedule, fired, Outcome.BUSY, SEVEN_S, Again(DAY_S, 1))

    found, settled = fire(late, SEVEN_S + DAY_S)
    assert (found.tries, settled.retry_s, settled.tries) == (0, None, 0)


def test_a_retry_too_long_past_is_told_of_and_given_up() -> None:
    fired, schedule = fire(MORNING, SEVEN_S)
    schedule = after_call(schedule, fired, Outcome.NO_ANSWER, SEVEN_S, AGAIN)

    found = look(schedule, SEVEN_S + 600 + LATE_S + 1)
    assert found == Missed((SEVEN_S,), was_retry=True)
    assert look(settle(schedule, found), SEVEN_S + 5000) == Wait(SEVEN_S + DAY_S)


def test_the_end_of_an_earlier_call_changes_nothing() -> None:
    first, schedule = fire(MORNING, SEVEN_S)
    _, schedule = fire(schedule, SEVEN_S + DAY_S)

    assert after_call(schedule, first, Outcome.BUSY, SEVEN_S + DAY_S, AGAIN) == schedule


def test_a_pause_gives_a_retry_up() -> None:
    fired, schedule = fire(MORNING, SEVEN_S)
    schedule = after_call(schedule, fired, Outcome.BUSY, SEVEN_S, AGAIN)

    assert look(resumed(paused(schedule), SEVEN_S + 1), SEVEN_S + 600) == Wait(SEVEN_S + DAY_S)


def test_a_call_that_ends_while_its_schedule_rests_is_not_tried_again() -> None:
    fired, schedule = fire(MORNING, SEVEN_S)

    assert after_call(paused(schedule), fired, Outcome.BUSY, SEVEN_S + 30, AGAIN).retry_s is None


def test_no_representation_holds_a_number_or_a_word() -> None:
    text = repr(replace(MORNING, message="Good morning.", brief="Wake them."))

    assert [private for private in ("555", "morning", "Wake") if private in text] == []


@given(
    gaps_s=st.lists(st.floats(0, 2e5), max_size=40),
    outcomes=st.lists(st.sampled_from(Outcome), min_size=40, max_size=40),
    crashes=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_however_the_clock_jumps_and_whatever_is_asked_twice_a_key_stands_for_one_call(
    gaps_s: list[float], outcomes: list[Outcome], crashes: list[bool]
) -> None:
    """A crash before a moment is settled asks for the same key again, which rings nobody."""
    schedule, now_s = MORNING, SEVEN_S - 100
    rung: list[str] = []
    told: list[float] = []
    for gap_s, outcome, has_crashed in zip(gaps_s, outcomes, crashes, strict=False):
        now_s += gap_s
        while not isinstance(found := look(schedule, now_s), Wait):
            if isinstance(found, Fire) and found.key not in rung:
                assert now_s - found.moment_s <= (found.tries + 1) * (LATE_S + 630)
                rung.append(found.key)
            if has_crashed and isinstance(found, Fire):
                break
            schedule = settle(schedule, found)
            if isinstance(found, Fire):
                schedule = after_call(schedule, found, outcome, now_s + 30, AGAIN)
            elif not found.was_retry:
                told.extend(found.moments_s)

    moments = [key_of("sched_1", moment_s) for moment_s in told]
    assert len(rung) == len(set(rung))
    assert len(moments) == len(set(moments))


def _rising(moments_s: Iterable[float]) -> bool:
    seen = list(moments_s)
    return seen == sorted(set(seen))


def test_misses_are_told_in_rising_order() -> None:
    found = look(MORNING, SEVEN_S + 9 * DAY_S)

    assert isinstance(found, Missed)
    assert _rising(found.moments_s)
