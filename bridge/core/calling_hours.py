"""Calling hours: the part of the day in which a telephone may ring.

Times are the callee's own, to the minute. Hours may go over midnight (`22:00-06:00`), and
`00:00-24:00` is always.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

DAY_MIN = 24 * 60
"""Minutes of a day by the clock on the wall, which has no day of 23 or 25 hours."""

LAST_MINUTE = 59
"""The last minute of an hour."""

_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})")

_WANTED = "must be hours such as '08:00-21:00', or '00:00-24:00' for always"


@dataclass(frozen=True, slots=True)
class CallingHours:
    """From a minute of the day to another: the first is inside, the last is not.

    Attributes:
        start_min: 0 to 1439.
        end_min: 1 to 1440; not after `start_min` when the hours go over midnight.
    """

    start_min: int = 8 * 60
    end_min: int = 21 * 60

    @property
    def is_always(self) -> bool:
        """Whether there is no moment outside."""
        return self.start_min == 0 and self.end_min == DAY_MIN

    def hold(self, minute: int) -> bool:
        """Whether a minute of the day, 0 to 1439, is inside."""
        if self.start_min < self.end_min:
            return self.start_min <= minute < self.end_min
        return minute >= self.start_min or minute < self.end_min


def parse_hours(text: str) -> CallingHours:
    """Hours from text, as `08:00-21:00`.

    Raises:
        ValueError: not two times of day, or twice the same; to be read after a setting's name.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(_WANTED)
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > LAST_MINUTE or start >= DAY_MIN or end > DAY_MIN:
        raise ValueError(_WANTED)
    if start == end:
        raise ValueError("must begin and end at different times")
    return CallingHours(start, end or DAY_MIN)


def closed_in(
    hours: CallingHours, zones: Iterable[tzinfo], now_s: float
) -> tuple[tuple[str, str], ...]:
    """The zones in which it is not the hour, each with its time, as `("Australia/Perth", "06:40")`.

    Args:
        now_s: time of day, in seconds since 1970.
    """
    found = []
    for zone in zones:
        local = datetime.fromtimestamp(now_s, zone)
        if not hours.hold(local.hour * 60 + local.minute):
            found.append((str(zone), f"{local:%H:%M}"))
    return tuple(found)
