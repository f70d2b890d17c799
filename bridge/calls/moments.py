"""When a schedule is due: cron lines and single moments, in a zone, right across clock changes.

A cron line that names its hours is due once for each local time it names. Where clocks go forward
and the time doesn't exist, it is due at the first moment after the gap; where they go back and it
exists twice, the first time alone. A line for every hour (`*` in the second field) means every
hour that passes: 23 or 25 on such a day. `at` decides in the same way, and says so.

Source: cron(8) of Debian, on clock changes; `cronsim` does as it says (github.com/cuu508/cronsim).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FIELDS = 5
"""Minute, hour, day, month, day of the week. With a sixth, for seconds, nobody should be rung."""

LINE_CHARS = 200
"""Longest cron line: a real one has at most a few dozen characters."""

_ANY_DAY = datetime(2027, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CronLine:
    """A line that can come due, as it was written, single blanks between its fields."""

    text: str


@dataclass(frozen=True, slots=True)
class At:
    """One moment.

    Attributes:
        at_s: seconds since 1970.
        note: what was decided about a local time that doesn't exist or exists twice; else empty.
    """

    at_s: float
    note: str = ""


def parse_zone(name: str) -> ZoneInfo:
    """A time zone by its name, as `Europe/Berlin`.

    Raises:
        ValueError: this machine knows no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone such as 'Europe/Berlin' or 'UTC'") from None


def parse_line(text: str) -> CronLine:
    """A cron line of five fields, as `30 7 * * MON-FRI`.

    Raises:
        ValueError: not such a line, or one that never comes due, such as 30 February.
    """
    fields = text.split()
    if len(text) > LINE_CHARS or len(fields) != FIELDS:
        raise ValueError("not a cron line of five fields such as '30 7 * * MON-FRI'")
    line = CronLine(" ".join(fields))
    try:
        next(_sim(line, _ANY_DAY))
    except CronSimError as wrong:
        raise ValueError(f"not a cron line: {str(wrong).lower()}") from None
    except StopIteration:
        raise ValueError("a cron line that never comes due") from None
    return line


def explain(line: CronLine) -> str:
    """The line in English, as "At 07:30 on Monday through Friday"."""
    return CronSim(line.text, _ANY_DAY).explain()


def moments(line: CronLine, zone: ZoneInfo, after_s: float) -> Iterator[float]:
    """The moments after `after_s` when the line is due, in seconds since 1970, rising."""
    reached_s = after_s
    try:
        for due in _sim(line, datetime.fromtimestamp(after_s, zone)):
            due_s = due.timestamp()
            if due_s > reached_s:  # in the hour that comes twice, the line's first time is past
                reached_s = due_s
                yield due_s
    except OverflowError:
        return  # the year 9999


def next_moment(line: CronLine, zone: ZoneInfo, after_s: float) -> float | None:
    """The first moment after `after_s` when the line is due; `None` when there is none."""
    return next(moments(line, zone, after_s), None)


def _sim(line: CronLine, start: datetime) -> CronSim:
    """Every field but an hour of `*` is spelt out, so that a named hour counts once on any day.

    `cronsim` follows Debian in this too: a field that begins with `*` is taken for an interval,
    and `*/30 2 * * *` would ring four times in the hour that comes twice.
    """
    minute, hour, *rest = line.text.split()
    if hour != "*":
        minute, hour = _spelt(minute, 59), _spelt(hour, 23)
    return CronSim(" ".join((minute, hour, *rest)), start)


def _spelt(field: str, last: int) -> str:
    terms = field.split(",")
    return ",".join(f"0-{last}{term[1:]}" if term.startswith("*") else term for term in terms)


def parse_at(text: str, zone: ZoneInfo) -> At:
    """One moment, as `2026-12-01T07:00` in local time, or with an offset of its own.

    Raises:
        ValueError: not a date with a time.
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        local = None
    if local is None or not {"T", " "} & set(text.strip()):
        raise ValueError("not a moment such as '2026-12-01T07:00'")
    if local.tzinfo is not None:
        return At(local.timestamp())
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return At(first.timestamp())
    if first.timestamp() < second.timestamp():
        return At(first.timestamp(), f"{local:%H:%M} comes twice that day: the first is meant")
    after = _after_gap(local, zone)
    return At(after.timestamp(), f"{local:%H:%M} doesn't exist that day: {after:%H:%M} is meant")


def _after_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The first minute that exists after a local time that does not."""
    later = local.replace(second=0, microsecond=0, tzinfo=None)
    while True:
        later += _STEP
        real = later.replace(tzinfo=zone)
        if real.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == later:
            return real
