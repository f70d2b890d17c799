"""Calling hours: the part of the day in which a telephone may ring."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.calling_hours import DAY_MIN, CallingHours, closed_in, parse_hours

BERLIN, PERTH, SYDNEY = map(ZoneInfo, ("Europe/Berlin", "Australia/Perth", "Australia/Sydney"))


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("08:00-21:00", CallingHours()),
        (" 8:30 - 21:15 ", CallingHours(510, 1275)),
        ("08:00–21:00", CallingHours()),
        ("22:00-06:00", CallingHours(1320, 360)),
        ("00:00-24:00", CallingHours(0, DAY_MIN)),
        ("08:00-00:00", CallingHours(480, DAY_MIN)),
    ],
)
def test_hours_are_two_times_of_day(text: str, hours: CallingHours) -> None:
    assert parse_hours(text) == hours


@pytest.mark.parametrize(
    "text",
    ["", "always", "8-21", "08:00", "08:00-21:60", "08:60-21:00", "24:00-06:00", "08:00-24:01"],
)
def test_what_is_no_hours_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="must be hours such as '08:00-21:00'"):
        parse_hours(text)


@pytest.mark.parametrize("text", ["08:00-08:00", "00:00-00:00"])
def test_hours_that_end_where_they_begin_say_neither_always_nor_never(text: str) -> None:
    with pytest.raises(ValueError, match="different times"):
        parse_hours(text)


@pytest.mark.parametrize(
    ("hours", "minute", "hold"),
    [
        ("08:00-21:00", 479, False),
        ("08:00-21:00", 480, True),
        ("08:00-21:00", 1259, True),
        ("08:00-21:00", 1260, False),
        ("22:00-06:00", 1319, False),
        ("22:00-06:00", 1320, True),
        ("22:00-06:00", 0, True),
        ("22:00-06:00", 359, True),
        ("22:00-06:00", 360, False),
    ],
)
def test_the_first_minute_is_inside_and_the_last_is_not(
    hours: str, minute: int, hold: bool
) -> None:
    assert parse_hours(hours).hold(minute) is hold


@given(st.integers(0, DAY_MIN - 1))
def test_always_leaves_no_minute_out(minute: int) -> None:
    always = parse_hours("00:00-24:00")

    assert always.is_always
    assert always.hold(minute)


@given(st.integers(0, DAY_MIN - 1), st.integers(0, DAY_MIN - 1), st.integers(0, DAY_MIN - 1))
def test_hours_and_those_turned_about_share_the_day_without_a_rest(a: int, b: int, at: int) -> None:
    if a == b:
        assert not CallingHours(a, b + 1).is_always or (a, b) == (0, DAY_MIN - 1)
        return
    assert CallingHours(a, b).hold(at) is not CallingHours(b, a).hold(at)


def test_every_zone_where_it_is_not_the_hour_is_told_with_its_time() -> None:
    """Half past eight in Sydney is half past five in Perth: summer time is Sydney's alone."""
    now_s = at("2027-01-15T08:30+11:00")

    assert closed_in(CallingHours(), [SYDNEY, PERTH], now_s) == (("Australia/Perth", "05:30"),)
    assert closed_in(CallingHours(), [SYDNEY], now_s) == ()


@pytest.mark.parametrize(
    ("moment", "clock"),
    [
        ("2027-03-28T05:59:59+00:00", "07:59"),  # clocks went forward at 01:00 UTC
        ("2027-03-27T06:59:59+00:00", "07:59"),
        ("2027-10-31T06:59:59+00:00", "07:59"),  # and back at 01:00 UTC
        ("2027-10-30T05:59:59+00:00", "07:59"),
    ],
)
def test_hours_follow_the_clock_on_the_wall_when_it_is_changed(moment: str, clock: str) -> None:
    assert closed_in(CallingHours(), [BERLIN], at(moment)) == (("Europe/Berlin", clock),)
    assert closed_in(CallingHours(), [BERLIN], at(moment) + 1) == ()


def test_without_a_zone_nothing_is_closed_and_the_rule_must_look_first() -> None:
    assert closed_in(CallingHours(), [], datetime(2027, 1, 1, tzinfo=UTC).timestamp()) == ()
