"""Calls at times: what of a schedule is due now, what was missed, and what is tried again.

    waiting ── moment comes ──▶ fire ── settled ──▶ waiting
       ▲  └──── moment long past ──▶ missed ── settled ──┤
       └── busy, no answer ◀── retry_s set by `after_call` ─┘

The moments themselves come from outside, since a cron line needs a calendar and a zone. A moment
fires once: its `key` is what the call is placed under, and stays the same however often it is
asked for, so a crash between placing the call and settling the moment rings nobody twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from bridge.core.record import Mode, Outcome

MISSED_AT_ONCE = 100
"""Moments told of in one `Missed`: after a month's sleep a line for every minute has 40,000."""

TRIED_AGAIN = frozenset({Outcome.BUSY, Outcome.NO_ANSWER})
"""How a call may come out and still reach its callee a little later. A machine that answered, a
refusal and a failure would be met again."""


@dataclass(frozen=True, slots=True)
class Again:
    """How calls that reached nobody are tried again: the settings under `schedule`.

    Attributes:
        after_s: seconds from the end of one try to the next.
        times: most tries after the first, for each moment.
    """

    after_s: float = 600.0
    times: int = 2


@dataclass(frozen=True, slots=True)
class Schedule:
    """A call that is to be placed at times.

    Attributes:
        id: ours, `sched_…`.
        to: who is called, E.164.
        line, at: a cron line, or one moment in local time as it was written; the other is empty.
        zone: the time zone of either, as `Europe/Berlin`.
        mode, message, brief, language, session: of the call, as in an order.
        owner: whose token made it.
        made_s: when it was made. No earlier moment counts.
        paused: nothing is due while it is.
        settled_s: the last moment that was fired, missed or passed over; `None` before the first.
        tries: calls placed after the first for that moment.
        retry_s: when to try that moment again; `None` when not.
    """

    id: str
    to: str = field(repr=False)
    zone: str
    made_s: float
    line: str = ""
    at: str = ""
    mode: Mode = Mode.CONVERSATION
    message: str = field(default="", repr=False)
    brief: str = field(default="", repr=False)
    language: str = ""
    session: str | None = None
    owner: str = "operator"
    paused: bool = False
    settled_s: float | None = None
    tries: int = 0
    retry_s: float | None = None

    @property
    def from_s(self) -> float:
        """The moments after this one are still to come: ask for those."""
        return self.made_s if self.settled_s is None else self.settled_s


@dataclass(frozen=True, slots=True)
class Fire:
    """Place the call now.

    Attributes:
        moment_s: the moment it stands for.
        tries: 0 for the first call of the moment.
        key: what to place it under.
    """

    moment_s: float
    tries: int
    key: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Tell the operator: these went by and are not fired any more.

    Attributes:
        moments_s: rising; at most `MISSED_AT_ONCE`, and then there may be more.
        was_retry: whether the one moment was fired, and only its next try is too late.
    """

    moments_s: tuple[float, ...]
    was_retry: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until then; `None` is until somebody changes the schedule."""

    until_s: float | None


Due = Fire | Missed | Wait
"""What to do about a schedule. Settle all but `Wait`, and ask again until that comes."""


def due(schedule: Schedule, moments_s: Iterable[float], now_s: float, late_s: float) -> Due:
    """What is to be done about a schedule now.

    Of several moments that went by unseen, none but the last is fired: nobody is rung twice in a
    row because we slept. A moment that comes takes the place of a retry of the one before.

    Args:
        schedule: as it stands.
        moments_s: its moments after `schedule.from_s`, rising; may be without end.
        now_s: time of day.
        late_s: seconds after a moment in which it is still fired.
    """
    if schedule.paused:
        return Wait(None)
    passed, following_s = _split(moments_s, now_s)
    if not passed:
        return _between(schedule, following_s, now_s, late_s)
    if len(passed) > 1:
        return Missed(tuple(passed[:-1]))
    [moment_s] = passed
    if now_s - moment_s > late_s:
        return Missed((moment_s,))
    return Fire(moment_s, 0, key_of(schedule.id, moment_s))


def _split(moments_s: Iterable[float], now_s: float) -> tuple[list[float], float | None]:
    """The moments up to now, and the first after it. Asks for no more: each takes a calendar."""
    passed: list[float] = []
    for moment_s in islice(moments_s, MISSED_AT_ONCE + 1):
        if moment_s > now_s:
            return passed, moment_s
        passed.append(moment_s)
    return passed, None


def _between(schedule: Schedule, following_s: float | None, now_s: float, late_s: float) -> Due:
    retry_s, moment_s = schedule.retry_s, schedule.settled_s
    if retry_s is None or moment_s is None:
        return Wait(following_s)
    if now_s < retry_s:
        return Wait(retry_s if following_s is None else min(retry_s, following_s))
    if now_s - retry_s > late_s:
        return Missed((moment_s,), was_retry=True)
    tries = schedule.tries + 1
    return Fire(moment_s, tries, key_of(schedule.id, moment_s, tries))


def key_of(schedule_id: str, moment_s: float, tries: int = 0) -> str:
    """What the call of a moment is placed under: `schedule:<id>:<moment>`, the moment in UTC."""
    moment = datetime.fromtimestamp(moment_s, UTC)
    key = f"schedule:{schedule_id}:{moment:%Y-%m-%dT%H:%M:%SZ}"
    return f"{key}:{tries}" if tries else key


def settle(schedule: Schedule, done: Fire | Missed) -> Schedule:
    """The schedule after a call was placed, or a miss was told of: that moment is over."""
    if isinstance(done, Missed):
        return replace(schedule, settled_s=done.moments_s[-1], tries=0, retry_s=None)
    return replace(schedule, settled_s=done.moment_s, tries=done.tries, retry_s=None)


def after_call(
    schedule: Schedule, fired: Fire, outcome: Outcome, ended_s: float, again: Again
) -> Schedule:
    """The schedule once the call of `fired` has ended: whether that moment is tried again.

    A call of an earlier moment, or of an earlier try, changes nothing. While the schedule is
    paused, nothing is tried again.
    """
    if (schedule.settled_s, schedule.tries) != (fired.moment_s, fired.tries):
        return schedule
    if schedule.paused or outcome not in TRIED_AGAIN or fired.tries >= again.times:
        return replace(schedule, retry_s=None)
    return replace(schedule, retry_s=ended_s + again.after_s)


def paused(schedule: Schedule) -> Schedule:
    """The schedule at rest: nothing of it is due, and a retry is given up."""
    return replace(schedule, paused=True, retry_s=None)


def resumed(schedule: Schedule, now_s: float) -> Schedule:
    """The schedule at work again. What came due while it was paused is passed over, untold."""
    return replace(schedule, paused=False, settled_s=max(now_s, schedule.from_s), tries=0)
