"""A schedule as it is kept, with what became of its moments.

Every change is a function here, from an entry to an entry. The store writes it only where nobody
else has written meanwhile; whoever loses takes what is there now and does the change once more. So
each change says what is to be, whatever another process did first, and doing it twice is doing it
once.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bridge.core.phone import E164, mask
from bridge.core.record import Outcome
from bridge.core.schedule import Again, Fire, Missed, Schedule, after_call, paused, resumed, settle
from bridge.masking import mask_numbers

NOTES = 20
"""Latest notes that are kept of a schedule: a week of mornings, each with its retries."""


class What(StrEnum):
    """What became of a moment."""

    FIRED = "fired"
    """A call was placed."""

    ENDED = "ended"
    """That call is over."""

    MISSED = "missed"
    """It went by, and nothing was placed."""

    REFUSED = "refused"
    """The guard refused the call."""

    FAILED = "failed"
    """Nobody would dial."""

    RAN = "ran"
    """A call was placed because somebody said so, at no moment of the schedule."""


@dataclass(frozen=True, slots=True)
class Note:
    """What became of a moment, for the operator. No words spoken, no numbers, no secrets.

    Attributes:
        at_s: when it was found out.
        moment_s: the moment; the last of them where there are several; `None` with `RAN`.
        count: how many moments.
        why: the rule and its reason, the cause, or how the call came out.
        call: our id of the call, or empty.
    """

    what: What
    at_s: float
    moment_s: float | None = None
    count: int = 1
    why: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A schedule as it is kept.

    Attributes:
        version: counts what was written; a store writes an entry only over the one it came from.
        call: our id of the call that was placed last, while it isn't known how it came out.
        done_s: since when nothing of it is to come; `None` while something is.
        notes: the latest, the oldest first.
    """

    schedule: Schedule
    version: int = 0
    call: str = ""
    done_s: float | None = None
    notes: tuple[Note, ...] = ()


def is_settled(entry: Entry, fire: Fire) -> bool:
    """Whether that moment, or that try of it, is over."""
    settled_s, tries = entry.schedule.settled_s, entry.schedule.tries
    return settled_s is not None and (settled_s, tries) >= (fire.moment_s, fire.tries)


def with_fired(entry: Entry, fire: Fire, call: str, at_s: float, why: str = "") -> Entry:
    """The call of a moment was placed. Of two processes that did so at once, each says the same."""
    is_known = any(note.call == call for note in entry.notes)
    note = Note(What.FIRED, at_s, fire.moment_s, why=why, call=call)
    noted = entry if is_known else _noted(entry, note)
    schedule = entry.schedule
    if not is_settled(entry, fire):
        return replace(noted, schedule=settle(schedule, fire), call=call)
    if is_known:
        return entry
    is_same = (schedule.settled_s, schedule.tries) == (fire.moment_s, fire.tries)
    return replace(noted, call=call) if is_same and not entry.call else noted


def with_refused(entry: Entry, fire: Fire, note: Note) -> Entry:
    """No call was placed for a moment, as the note says, and none will be."""
    if is_settled(entry, fire):
        return entry
    return replace(_noted(entry, note), schedule=settle(entry.schedule, fire))


def with_missed(entry: Entry, missed: Missed, at_s: float, why: str = "") -> Entry:
    """Moments went by. Those found out at one look are one note, however many they are."""
    last_s, count = missed.moments_s[-1], len(missed.moments_s)
    is_over = (entry.schedule.settled_s or 0.0) >= last_s
    if entry.schedule.retry_s is None if missed.was_retry else is_over:
        return entry
    why = why or ("too late for another try" if missed.was_retry else "")
    before = entry.notes[-1] if entry.notes else None
    if before is not None and (before.what, before.at_s, before.why) == (What.MISSED, at_s, why):
        entry = replace(entry, notes=entry.notes[:-1])
        count += before.count
    note = Note(What.MISSED, at_s, last_s, count, why)
    return replace(_noted(entry, note), schedule=settle(entry.schedule, missed))


@dataclass(frozen=True, slots=True)
class End:
    """A call is over.

    Attributes:
        call: our id of it.
        cause: one sentence on why it came out so; may be empty.
    """

    call: str
    outcome: Outcome
    ended_s: float
    cause: str = ""


def with_ended(entry: Entry, end: End, at_s: float, again: Again) -> Entry:
    """The call that was placed last is over: whether its moment is tried again."""
    if entry.call != end.call:
        return entry
    schedule = entry.schedule
    why = f"{end.outcome}: {end.cause}" if end.cause else str(end.outcome)
    fired = next((note for note in entry.notes if note.call == end.call), None)
    if fired is not None and fired.moment_s is not None:
        fire = Fire(fired.moment_s, schedule.tries, "")
        schedule = after_call(schedule, fire, end.outcome, end.ended_s, again)
    note = Note(What.ENDED, at_s, fired.moment_s if fired else None, why=why, call=end.call)
    return replace(_noted(entry, note), schedule=schedule, call="")


def with_call_gone(entry: Entry, call: str) -> Entry:
    """The record of the call that was placed last was erased: nobody follows it any more."""
    return replace(entry, call="") if entry.call == call else entry


def with_run(entry: Entry, call: str, at_s: float) -> Entry:
    """A call was placed because somebody said so. Moments and retries are as they were."""
    if any(note.call == call for note in entry.notes):
        return entry
    return _noted(entry, Note(What.RAN, at_s, call=call))


def with_pause(entry: Entry) -> Entry:
    """At rest."""
    return replace(entry, schedule=paused(entry.schedule))


def with_resume(entry: Entry, at_s: float) -> Entry:
    """At work again, if it rested."""
    if not entry.schedule.paused:
        return entry
    return replace(entry, schedule=resumed(entry.schedule, at_s))


def passed_over(entry: Entry, at_s: float) -> Entry:
    """All schedules are at work again: what came due until now is passed over, untold.

    One that rests by itself goes on doing so.
    """
    if entry.schedule.paused or entry.done_s is not None:
        return entry
    return with_resume(with_pause(entry), at_s)


def with_done(entry: Entry, at_s: float) -> Entry:
    """Nothing of it is to come any more."""
    return entry if entry.done_s is not None else replace(entry, done_s=at_s)


def _noted(entry: Entry, note: Note) -> Entry:
    return replace(entry, notes=(*entry.notes, note)[-NOTES:])


def is_same_wish(one: Schedule, other: Schedule) -> bool:
    """Whether two schedules ask for the same, whenever each was made and whatever became of it."""
    return _wish(one) == _wish(other)


def _wish(schedule: Schedule) -> Schedule:
    return replace(schedule, id="", made_s=0.0, paused=False, settled_s=None, tries=0, retry_s=None)


def render_entry(
    entry: Entry, *, says: str, next_s: float | None, reveal: bool = False
) -> dict[str, Any]:
    """A schedule as JSON, without words: no message, no brief. Its keys only grow.

    Args:
        says: its moments in words.
        next_s: when it is due next; `None` when it isn't known to be.
        reveal: show numbers whole.
    """
    schedule, key = entry.schedule, entry.schedule.session
    return {
        "id": schedule.id,
        "state": _state(entry),
        "to": schedule.to if reveal else mask(E164(schedule.to)),
        "cron": schedule.line or None,
        "at": schedule.at or None,
        "zone": schedule.zone,
        "says": says,
        "mode": str(schedule.mode),
        "language": schedule.language,
        "session": key if key is None or reveal else mask_numbers(key),
        "owner": schedule.owner,
        "made_s": schedule.made_s,
        "next_s": next_s,
        "tries": schedule.tries,
        "call": entry.call or None,
        "done_s": entry.done_s,
        "notes": [_render_note(note) for note in entry.notes],
    }


def _state(entry: Entry) -> str:
    if entry.done_s is not None:
        return "done"
    if entry.schedule.paused:
        return "paused"
    if entry.call:
        return "calling"
    return "waiting" if entry.schedule.retry_s is None else "trying again"


def _render_note(note: Note) -> dict[str, Any]:
    return {
        "what": str(note.what),
        "at_s": note.at_s,
        "moment_s": note.moment_s,
        "count": note.count,
        "why": note.why,
        "call": note.call or None,
    }


@dataclass(frozen=True, slots=True)
class Book:
    """All schedules.

    Attributes:
        paused_s: since when all of them rest; `None` while they don't.
        entries: the oldest first.
    """

    paused_s: float | None = None
    entries: tuple[Entry, ...] = ()
