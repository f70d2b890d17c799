"""A record as it is shown: JSON for programs, a row for tables. Numbers are masked by default.

The keys of the JSON only grow.
"""

from collections.abc import Mapping
from typing import Any, Final

from bridge.core.phone import E164, mask
from bridge.core.record import CallRecord, State, TurnRecord
from bridge.masking import mask_numbers

COLUMNS: Final = (
    "id",
    "direction",
    "source",
    "state",
    "outcome",
    "fault",
    "cause",
    "remote",
    "line",
    "session_key",
    "language",
    "mode",
    "owner",
    "conversation",
    "carrier_call",
    "placed_s",
    "answered_s",
    "ended_s",
    "duration_s",
    "cost",
    "currency",
    "recording",
)
"""What an exported row has, in order; none of it is words spoken."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_call(record: CallRecord, *, reveal: bool = False) -> dict[str, Any]:
    """A call as JSON, without words: no message, brief or details.

    Args:
        reveal: show numbers whole.
    """
    shown = {name: getattr(record, name) for name in COLUMNS}
    key = record.session_key
    return {
        **shown,
        "remote": _number(record.remote, reveal=reveal),
        "line": _number(record.line, reveal=reveal),
        "session_key": key if key is None or reveal else mask_numbers(key),
        "touched_s": record.touched_s,
        "reported": list(record.reported),
    }


def render_words(record: CallRecord) -> dict[str, Any]:
    """The words that a call's own record holds: those of a call that we place, and details."""
    return {"message": record.message, "brief": record.brief, "details": dict(record.details)}


def ending_note(record: CallRecord) -> str:
    """What a person is told who asked for a call's end: when that will be."""
    match record.state:
        case State.ENDED | State.RESERVED:
            return "It is over."
        case State.ANSWERED:
            return (
                "It is hung up at its next turn: when somebody has spoken, or been silent for too "
                "long. Nobody can hang up from outside."
            )
        case _:
            return (
                "It may ring on, for nobody can hang up from outside. Should somebody pick up, it "
                "is hung up as soon as they have spoken, or been silent for too long."
            )


def render_turn(turn: TurnRecord, *, words: bool = True) -> dict[str, Any]:
    """A turn as JSON.

    Args:
        words: with what was said, and with the arguments of control acts.
    """
    shown: dict[str, Any] = {
        "run_id": turn.run_id,
        "number": turn.number,
        "at_s": turn.at_s,
        "outcome": turn.outcome,
        "failure": turn.failure,
        "stages_s": dict(turn.stages_s),
    }
    if not words:
        return shown
    said = {
        "utterance": turn.utterance,
        "sent": turn.sent,
        "ours": turn.ours,
        "heard": turn.heard,
        "fillers": list(turn.fillers),
        "acts": [dict(act) for act in turn.acts],
    }
    return {**shown, **said}


def render_row(shown: Mapping[str, Any]) -> list[str]:
    """A call that was rendered, as the cells of a table that programs read.

    A spreadsheet takes a text that begins with `=` or `+` for a formula: such a one gets an
    apostrophe in front. Source: owasp.org, CSV injection (2026-11).
    """
    return [_cell(shown[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    is_formula = isinstance(value, str) and text.startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def _number(number: E164 | None, *, reveal: bool) -> str | None:
    if number is None:
        return None
    return str(number) if reveal else mask(number)
