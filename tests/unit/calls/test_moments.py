"""When a schedule is due, across clock changes."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.moments import (
    LINE_CHARS,
    At,
    explain,
    moments,
    next_moment,
    parse_at,
    parse_line,
    parse_zone,
)
from bridge.core.schedule import Fire, Missed, Schedule, Wait, due, settle

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Sydney")
CHANGES = {
    "Europe/Berlin": ("2027-03-28", "2027-10-31"),
    "America/New_York": ("2027-03-14", "2027-11-07"),
    "Australia/Sydney": ("2027-10-03", "2027-04-04"),
}
"""The day on which clocks go forward, and the day on which they go back.

Source: the IANA time zone database 2026b.
"""

START = {name: datetime(2027, 1, 1, tzinfo=parse_zone(name)) for name in ZONES}
END = {name: datetime(2028, 1, 1, tzinfo=parse_zone(name)) for name in ZONES}


@cache
def year(line: str, zone: str) -> list[datetime]:
    """Every moment of 2027, in local time."""
    end_s = END[zone].timestamp()
    found = moments(parse_line(line), parse_zone(zone), START[zone].timestamp() - 1)
    in_year = takewhile(lambda moment_s: moment_s < end_s, found)
    return [datetime.fromtimestamp(moment_s, parse_zone(zone)) for moment_s in in_year]


def clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["01:30", "02:00", "02:30", "03:00", "07:00"])
def test_a_daily_line_is_due_exactly_once_on_every_day_of_the_year(zone: str, at: str) -> None:
    hour, minute = at.split(":")

    found = year(f"{minute} {hour} * * *", zone)

    days = Counter(moment.date() for moment in found)
    assert len(days) == 365
    assert set(days.values()) == {1}
    odd = {moment.date().isoformat(): clock(moment) for moment in found if clock(moment) != at}
    forward = CHANGES[zone][0]
    assert odd == ({forward: "03:00"} if at in ("02:00", "02:30") else {})


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", ["0 * * * *", "30 * * * *"])
def test_an_hourly_line_is_due_once_in_every_hour_that_passes(zone: str, line: str) -> None:
    found = year(line, zone)

    hours = Counter(moment.date().isoformat() for moment in found)
    forward, back = CHANGES[zone]
    assert (hours.pop(forward), hours.pop(back)) == (23, 25)
    assert set(hours.values()) == {24}
    gaps = {later.timestamp() - earlier.timestamp() for earlier, later in pairwise(found)}
    assert gaps == {3600}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("*/30 2 * * *", 2),
        ("* 2 * * *", 60),
        ("0 */2 * * *", 12),
        ("0,30 1,2,3 * * *", 6),
        ("15 */1 * * *", 24),
        ("*/20,5 0-23/2 * * *", 48),
    ],
)
def test_a_line_that_names_its_hours_is_never_due_twice_at_one_local_time(
    zone: str, line: str, times: int
) -> None:
    found = year(line, zone)

    forward, _ = CHANGES[zone]
    local = Counter(moment.replace(fold=0, tzinfo=None) for moment in found)
    assert set(local.values()) == {1}
    days = Counter(moment.date().isoformat() for moment in found)
    assert days.pop(forward) <= times
    assert set(days.values()) == {times}


def test_a_line_of_half_an_hour_s_change_is_right_too() -> None:
    """On Lord Howe Island clocks are changed by thirty minutes."""
    howe = parse_zone("Australia/Lord_Howe")
    found = moments(
        parse_line("15 2 * * *"), howe, datetime(2027, 10, 2, 12, tzinfo=UTC).timestamp()
    )

    assert datetime.fromtimestamp(next(found), howe).isoformat() == "2027-10-03T02:30:00+11:00"
    assert datetime.fromtimestamp(next(found), howe).isoformat() == "2027-10-04T02:15:00+11:00"


@pytest.mark.parametrize("minutes_after", [-1, 0, 29, 30, 59, 60, 90, 119, 120])
def test_asked_in_the_hour_that_comes_twice_the_first_time_is_not_due_again(
    minutes_after: int,
) -> None:
    """In Berlin 02:30 is at 00:30 UTC, and for the second time at 01:30."""
    first_s = datetime(2027, 10, 31, 0, 30, tzinfo=UTC).timestamp()
    tomorrow_s = datetime(2027, 11, 1, 1, 30, tzinfo=UTC).timestamp()

    found = next_moment(
        parse_line("30 2 * * *"), parse_zone("Europe/Berlin"), first_s + minutes_after * 60
    )

    assert found == (first_s if minutes_after < 0 else tomorrow_s)


@given(
    zone=st.sampled_from(ZONES),
    line=st.sampled_from(
        ["30 2 * * *", "0 3 * * *", "30 * * * *", "*/7 1-3 * * SUN", "0 0 31 * *"]
    ),
    after_s=st.floats(START["Europe/Berlin"].timestamp(), END["Europe/Berlin"].timestamp()),
)
def test_wherever_one_begins_to_ask_the_moments_are_the_same(
    zone: str, line: str, after_s: float
) -> None:
    whole = [moment.timestamp() for moment in year(line, zone)]
    after_s = min(max(after_s, START[zone].timestamp()), END[zone].timestamp())

    found = next_moment(parse_line(line), parse_zone(zone), after_s)

    later = [moment_s for moment_s in whole if moment_s > after_s]
    assert found is not None
    assert found == later[0] if later else found >= END[zone].timestamp()


@pytest.mark.parametrize("zone", ZONES)
def test_looked_at_every_minute_of_both_changes_a_schedule_fires_once_a_day(zone: str) -> None:
    """The scheduler's own loop: ask, fire, settle, with a look a minute."""
    line, tz = parse_line("30 2 * * *"), parse_zone(zone)
    for day in map(date.fromisoformat, CHANGES[zone]):
        now_s = datetime.combine(day, datetime.min.time(), tz).timestamp()
        schedule = Schedule("sched_1", to="+12025550123", zone=zone, made_s=now_s, line=line.text)
        fired = []
        for minute in range(2 * 24 * 60):
            found = due(schedule, moments(line, tz, schedule.from_s), now_s + minute * 60, 300)
            if isinstance(found, Fire):
                fired.append(found.key)
                schedule = settle(schedule, found)
            assert not isinstance(found, Missed)
        assert len(fired) == len(set(fired)) == 2


def test_a_scheduler_that_slept_through_the_change_tells_of_it_and_does_not_ring() -> None:
    line, tz = parse_line("30 2 * * *"), parse_zone("Europe/Berlin")
    saturday_s = datetime(2027, 10, 30, 12, tzinfo=UTC).timestamp()
    schedule = Schedule("sched_1", "+12025550123", "Europe/Berlin", saturday_s, line=line.text)
    noon_s = saturday_s + 24 * 3600

    found = due(schedule, moments(line, tz, schedule.from_s), noon_s, 300)

    assert found == Missed((datetime(2027, 10, 31, 0, 30, tzinfo=UTC).timestamp(),))
    settled = settle(schedule, found)
    assert isinstance(due(settled, moments(line, tz, settled.from_s), noon_s, 300), Wait)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("30 7 * * MON-FRI", "30 7 * * MON-FRI"),
        (" 0\t0  1 */3 * ", "0 0 1 */3 *"),
        ("0 9 L * *", "0 9 L * *"),
    ],
)
def test_a_cron_line_has_five_fields(text: str, kept: str) -> None:
    assert parse_line(text).text == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("30 7 * *", "five fields"),
        ("0 30 7 * * *", "five fields"),
        ("0 " * LINE_CHARS, "five fields"),
        ("60 7 * * *", "bad minute"),
        ("30 25 * * *", "bad hour"),
        ("30 7 * * noday", "bad day-of-week"),
        ("x y z a b", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 */30 2 MON#5", "never comes due"),
        ("*x 7 * * *", "bad minute"),
        ("1*/2 7 * * *", "bad minute"),
    ],
)
def test_what_is_no_cron_line_or_never_due_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_line(text)


def test_a_line_for_a_leap_day_waits_for_it() -> None:
    found = next_moment(parse_line("0 9 29 2 *"), parse_zone("UTC"), 0)

    assert found == datetime(1972, 2, 29, 9, tzinfo=UTC).timestamp()


def test_at_the_end_of_the_calendar_there_is_no_next_moment() -> None:
    last_s = datetime(9999, 12, 31, 12, tzinfo=UTC).timestamp()

    assert next_moment(parse_line("0 9 * * *"), parse_zone("UTC"), last_s) is None


def test_a_line_is_told_in_english() -> None:
    assert explain(parse_line("30 7 * * MON-FRI")) == "At 07:30 on Monday through Friday"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T07:00", "2026-12-01T06:00+00:00"),
        (" 2026-12-01 07:00:30 ", "2026-12-01T06:00:30+00:00"),
        ("2026-07-01T07:00", "2026-07-01T05:00+00:00"),
        ("2026-12-01T07:00Z", "2026-12-01T07:00+00:00"),
        ("2026-12-01T07:00-05:00", "2026-12-01T12:00+00:00"),
    ],
)
def test_one_moment_is_local_unless_it_has_an_offset_of_its_own(text: str, moment: str) -> None:
    found = parse_at(text, parse_zone("Europe/Berlin"))

    assert found == At(datetime.fromisoformat(moment).timestamp())


@pytest.mark.parametrize(
    ("zone", "text", "moment", "note"),
    [
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:00Z", "02:30 doesn't exist that day: 03:00 is meant"),
        ("Europe/Berlin", "2027-03-28T02:00", "2027-03-28T01:00Z", "02:00 doesn't exist that day: 03:00 is meant"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00Z", ""),
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30Z", "02:30 comes twice that day: the first is meant"),
        ("Europe/Berlin", "2027-10-31T03:00", "2027-10-31T02:00Z", ""),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30Z", "01:30 comes twice that day: the first is meant"),
        ("Australia/Sydney", "2027-10-03T02:59:59", "2027-10-02T16:00Z", "02:59 doesn't exist that day: 03:00 is meant"),
    ],
)  # fmt: skip
def test_a_time_that_does_not_exist_or_comes_twice_is_decided_and_said(
    zone: str, text: str, moment: str, note: str
) -> None:
    """As a cron line decides it."""
    found = parse_at(text, parse_zone(zone))

    assert found == At(datetime.fromisoformat(moment).timestamp(), note)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "07:00", "2026-12-01", "2026-13-01T07:00", "1796104800"]
)
def test_what_is_no_date_with_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a moment such as '2026-12-01T07:00'"):
        parse_at(text, parse_zone("UTC"))


@pytest.mark.parametrize(
    "name", ["", "Berlin", "../etc/passwd", "Europe", "Europe/Berlin\0", "a" * 5000]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone such as 'Europe/Berlin'"):
        parse_zone(name)


def test_moments_rise_without_end() -> None:
    found = moments(parse_line("0 7 * * *"), parse_zone("UTC"), 0.5)

    first, second = next(found), next(found)
    assert second - first == timedelta(days=1).total_seconds()
