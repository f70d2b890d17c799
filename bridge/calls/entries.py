"""A kept schedule: what is read out of it (moments, words, order), and how it is changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from bridge.calls import moments
from bridge.calls.moments import At
from bridge.core.order import Order
from bridge.core.phone import E164
from bridge.core.record import Source
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import Entry
from bridge.errors import BadRequest
from bridge.ports.schedules import Schedules

T = TypeVar("T")

UNPROCESSABLE = 422
"""HTTP status of a field that was understood and can't be."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry before and after what was to change it. Equal when nothing did."""

    before: Entry
    after: Entry


async def change(
    schedules: Schedules, schedule_id: str, step: Callable[[Entry], Entry]
) -> Change | None:
    """Changes an entry, once more for as often as another process was quicker.

    Returns:
        `None` when there is no such schedule (any more).
    """
    while (before := await schedules.entry(schedule_id)) is not None:
        wanted = step(before)
        if wanted == before:
            return Change(before, before)
        if (after := await schedules.write(wanted)) is not None:
            return Change(before, after)
    return None


def moments_of(schedule: Schedule) -> Iterator[float]:
    """Its moments after `from_s`, rising.

    Raises:
        BadRequest: its zone, line or moment can't be read, here.
    """
    if schedule.at:
        at_s = parse_at(schedule).at_s
        return iter([at_s] if at_s > schedule.from_s else [])
    return _moments_after(schedule, schedule.from_s)


def _moments_after(schedule: Schedule, after_s: float) -> Iterator[float]:
    zone = _read("zone", moments.parse_zone, schedule.zone)
    line = _read("cron", moments.parse_line, schedule.line)
    return moments.moments(line, zone, after_s)


def parse_at(schedule: Schedule) -> At:
    """The one moment of a schedule that has one.

    Raises:
        BadRequest: its zone or moment can't be read.
    """
    zone = _read("zone", moments.parse_zone, schedule.zone)
    return _read("at", lambda text: moments.parse_at(text, zone), schedule.at)


def _read(param: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except OverflowError:
        raise BadRequest(
            f"{param!r} can't be used: no calendar has it.", param=param, status=UNPROCESSABLE
        ) from None
    except ValueError as wrong:
        raise BadRequest(
            f"{param!r} can't be used: it is {wrong}.", param=param, status=UNPROCESSABLE
        ) from None


def says(schedule: Schedule) -> str:
    """Its moments in words, as "At 07:30 on Monday through Friday"."""
    if schedule.at:
        return f"once, at {schedule.at}"
    return moments.explain(_read("cron", moments.parse_line, schedule.line))


def next_s(entry: Entry, now_s: float) -> float | None:
    """When it is due next, as far as that can be said; `None` when it never is, or rests."""
    schedule = entry.schedule
    if schedule.paused or entry.done_s is not None:
        return None
    try:
        coming = (at_s for at_s in _coming(schedule, now_s) if at_s > now_s)
        following_s = next(coming, None)
    except BadRequest:
        return None
    dues = [at_s for at_s in (schedule.retry_s, following_s) if at_s is not None]
    return min(dues, default=None)


def _coming(schedule: Schedule, now_s: float) -> Iterator[float]:
    if schedule.at:
        return moments_of(schedule)
    return _moments_after(schedule, max(now_s, schedule.from_s))


def order_of(schedule: Schedule, line: E164 | None, key: str) -> Order:
    """The call of a schedule."""
    return Order(
        to=schedule.to,
        line=line,
        mode=schedule.mode,
        message=schedule.message,
        brief=schedule.brief,
        language=schedule.language,
        source=Source.SCHEDULE,
        owner=schedule.owner,
        key=key,
        session=schedule.session,
    )
