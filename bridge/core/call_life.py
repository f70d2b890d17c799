"""A call's life: what happened, with its moment, and the record that follows from it.

    promised ─▶ reserved ─▶ dialling ─▶ placed ─▶ answered ─▶ ended
        └──────────┴──────────┴──────────┴──────────┴───────────▲

`advance` is the one place that changes a record. What happened can't be refused: an event that
comes late or again fills in what it knows and moves nothing back. Whoever must know whether *this*
event moved the call (before dialling, say) compares the states before and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.core import call_outcome
from bridge.core.call_outcome import Verdict
from bridge.core.phone import E164
from bridge.core.platform_call import PlatformCall
from bridge.core.record import END_ASKED, NEXT, CallRecord, Fault, Mode, Outcome, Source, State


@dataclass(frozen=True, slots=True)
class Ordered:
    """What was promised is ordered now. Of no other call.

    Attributes:
        details: what else is to be kept, as JSON.
    """

    at_s: float
    mode: Mode
    message: str = field(default="", repr=False)
    brief: str = field(default="", repr=False)
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unkept:
    """What was promised will not be. A call that was ordered meanwhile is left alone."""

    at_s: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Dialling:
    """The platform is about to be asked to dial. To be held before it is asked."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Placed:
    """The platform has taken the call. What it doesn't tell is `None`."""

    at_s: float
    conversation: str | None = None
    carrier_call: str | None = None


@dataclass(frozen=True, slots=True)
class Rang:
    """The call rings in, or its ids and numbers became known in a turn of it."""

    at_s: float
    conversation: str | None = None
    carrier_call: str | None = None
    remote: E164 | None = field(default=None, repr=False)
    line: E164 | None = field(default=None, repr=False)
    session_key: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of it is over: somebody talks."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Over:
    """It is over, as far as we saw: refused, not placed, hung up."""

    at_s: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reported:
    """The platform tells what it knows. Each `kind` counts once.

    Attributes:
        kind: type of the report; `asked` for an answer to a question of ours.
        details: what else is to be kept, as JSON.
    """

    at_s: float
    kind: str
    told: PlatformCall
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Its sound was kept, in a file of that name."""

    at_s: float
    kind: str
    file: str


@dataclass(frozen=True, slots=True)
class Vanished:
    """Nothing was heard of it for so long that it must be over, and nobody could tell how."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Telling:
    """The agent is about to be told how it came out. To be held before it is told."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Untold:
    """The agent surely was not told: it is to be told again."""

    at_s: float


@dataclass(frozen=True, slots=True)
class EndAsked:
    """Somebody wants it over. `by`: whose token asked, as `owner` of a record."""

    at_s: float
    by: str


CallEvent = (
    Ordered | Unkept | Dialling | Placed | Rang | Turned | Over | Reported | Recorded | Vanished
    | EndAsked | Telling | Untold
)  # fmt: skip

TOLD = "told_s"
"""Where a record's details keep when the agent was told how the call came out."""

CREDITS = "credits"
"""The platform's own money, in which it tells a cost when it doesn't tell one in a currency."""

ASKED = "asked"
"""Kind of a report that we asked for: an answer may come again, with more in it."""


def advance(record: CallRecord, event: CallEvent) -> CallRecord:
    """The record after an event; an equal one when it changes nothing."""
    at_s = event.at_s
    match event:
        case Ordered() | Unkept():
            return _settled(record, event)
        case Dialling() | Placed():
            return _dialled(record, event)
        case Rang():
            return _introduced(record, event)
        case Turned():
            return _answered(record, at_s)
        case Over() | Vanished():
            verdict = event.verdict if isinstance(event, Over) else _lost(record)
            return _ended(record, at_s, verdict)
        case Recorded():
            return _recorded(record, event)
        case EndAsked():
            return _asked_to_end(record, event)
        case Telling() | Untold():
            return _told(record, event)
        case _:
            return _reported(record, event)


def _dialled(record: CallRecord, event: Dialling | Placed) -> CallRecord:
    if isinstance(event, Dialling):
        return _moved(record, State.DIALLING, event.at_s)
    known = _with_ids(record, event.conversation, event.carrier_call)
    return _moved(known, State.PLACED, event.at_s)


def _introduced(record: CallRecord, event: Rang) -> CallRecord:
    known = _with_ids(record, event.conversation, event.carrier_call)
    known = replace(
        known,
        remote=known.remote or event.remote,
        line=known.line or event.line,
        session_key=known.session_key or event.session_key,
        language=known.language or event.language,
    )
    return record if known == record else _touched(known, event.at_s)


def _settled(record: CallRecord, event: Ordered | Unkept) -> CallRecord:
    """What became of a promise. An order counts from now: limits and the kill switch look at it."""
    if record.state is not State.PROMISED:
        return record
    if isinstance(event, Unkept):
        return _ended(record, event.at_s, event.verdict)
    return replace(
        record,
        state=State.RESERVED,
        placed_s=event.at_s,
        touched_s=max(record.touched_s, event.at_s),
        mode=event.mode,
        message=event.message,
        brief=event.brief,
        details={**record.details, **event.details},
    )


def _answered(record: CallRecord, at_s: float) -> CallRecord:
    moved = _moved(record, State.ANSWERED, at_s)
    is_first = moved.state is State.ANSWERED and moved.answered_s is None
    return replace(moved, answered_s=at_s) if is_first else moved


def _lost(record: CallRecord) -> Verdict:
    if record.state is State.PROMISED:
        return call_outcome.PROMISE_LOST
    if record.state is State.RESERVED:
        return Verdict(Outcome.NOT_PLACED, Fault.BRIDGE, "bridge stopped before it was dialled.")
    is_text = record.source is Source.TEXT
    return call_outcome.FELL_SILENT if is_text else call_outcome.VANISHED


def _asked_to_end(record: CallRecord, event: EndAsked) -> CallRecord:
    """One that nobody dials yet is over; one that lives is marked, once; one that is over stays."""
    if record.state is State.RESERVED:
        return _ended(record, event.at_s, call_outcome.taken_back(event.by))
    if not record.is_live or record.end_asked_by:
        return record
    asked = {"by": event.by, "at_s": event.at_s}
    return replace(record, details={**record.details, END_ASKED: asked})


def _recorded(record: CallRecord, event: Recorded) -> CallRecord:
    if event.kind in record.reported:
        return record
    return replace(record, recording=event.file, reported=(*record.reported, event.kind))


def _told(record: CallRecord, event: Telling | Untold) -> CallRecord:
    """Of two who are about to tell the agent, one changes the record, and tells."""
    if isinstance(event, Untold):
        kept = {name: value for name, value in record.details.items() if name != TOLD}
        return replace(record, details=kept)
    if record.state is not State.ENDED or TOLD in record.details:
        return record
    return replace(record, details={**record.details, TOLD: event.at_s})


def _reported(record: CallRecord, event: Reported) -> CallRecord:
    if event.kind in record.reported:
        return record
    told = event.told
    known = _with_ids(record, told.conversation, told.carrier_call)
    known = replace(
        known,
        remote=known.remote or told.remote,
        line=known.line or told.line,
        answered_s=_either(known.answered_s, told.accepted_s),
        duration_s=_either(told.duration_s, known.duration_s),
        details={**known.details, **event.details},
    )
    paid = _either(told.fiat, told.cost)
    if paid is not None:
        currency = told.currency if told.fiat is not None else CREDITS
        known = replace(known, cost=paid, currency=currency)
    if (found := call_outcome.verdict(told)) is not None:
        found = call_outcome.at_wish(found, known.end_asked_by)
        known = _judged(_ended(known, _end_of(told, event.at_s), found), found)
    if event.kind != ASKED:
        known = replace(known, reported=(*known.reported, event.kind))
    return known


def _judged(record: CallRecord, found: Verdict) -> CallRecord:
    """The verdict stands where it is better, and its cause where none was known."""
    is_same = record.outcome is found.outcome and not record.cause
    if not is_same and not call_outcome.is_better(record.outcome, found.outcome):
        return record
    return replace(record, outcome=found.outcome, fault=found.fault, cause=found.cause)


def _with_ids(record: CallRecord, conversation: str | None, carrier: str | None) -> CallRecord:
    """Ids are learnt once and never change."""
    return replace(
        record,
        conversation=record.conversation or conversation,
        carrier_call=record.carrier_call or carrier,
    )


def _moved(record: CallRecord, state: State, at_s: float) -> CallRecord:
    if state is not record.state and state in NEXT[record.state]:
        return _touched(replace(record, state=state), at_s)
    if record.state in (State.ENDED, State.RESERVED, State.PROMISED):
        return record
    return _touched(record, at_s)


def _touched(record: CallRecord, at_s: float) -> CallRecord:
    return replace(record, touched_s=max(record.touched_s, at_s))


def _ended(record: CallRecord, at_s: float, verdict: Verdict) -> CallRecord:
    if record.state is State.ENDED:
        return record
    return replace(
        record,
        state=State.ENDED,
        ended_s=max(at_s, record.placed_s),
        touched_s=max(record.touched_s, at_s),
        outcome=verdict.outcome,
        fault=verdict.fault,
        cause=verdict.cause,
    )


def _either(first: float | None, second: float | None) -> float | None:
    return first if first is not None else second


def _end_of(told: PlatformCall, at_s: float) -> float:
    """When it ended by the platform's clock; the moment of its report when that isn't told."""
    began_s = _either(told.accepted_s, told.started_s)
    if began_s is None or told.duration_s is None:
        return at_s
    return min(at_s, began_s + told.duration_s)
