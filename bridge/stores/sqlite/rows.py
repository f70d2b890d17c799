"""Values as rows, and rows as values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from bridge.core.phone import E164
from bridge.core.record import CallRecord, Fault, Mode, Outcome, Source, State, TurnRecord

CALL = tuple(field.name for field in fields(CallRecord))
TURN = tuple(field.name for field in fields(TurnRecord))
"""Columns, named and ordered as the fields are."""

CALL_COLUMNS = ", ".join(f"calls.{name}" for name in CALL)
TURN_COLUMNS = ", ".join(f"turns.{name}" for name in TURN)


def call_row(call: CallRecord, columns: Sequence[str] = CALL) -> list[object]:
    """The values of a call's columns, or of some of them."""
    return [_cell(getattr(call, name)) for name in columns]


def turn_row(turn: TurnRecord) -> list[object]:
    """The values of a turn's columns."""
    return [_cell(getattr(turn, name)) for name in TURN]


def read_call(row: Sequence[Any]) -> CallRecord:
    """The call in a row of `CALL_COLUMNS`."""
    held: dict[str, Any] = dict(zip(CALL, row, strict=True))
    held["source"], held["state"] = Source(held["source"]), State(held["state"])
    for name, kind in (("outcome", Outcome), ("fault", Fault), ("mode", Mode)):
        held[name] = None if held[name] is None else kind(held[name])
    for name in ("remote", "line"):
        held[name] = None if held[name] is None else E164(held[name])
    held["reported"] = tuple(json.loads(held["reported"]))
    held["details"] = json.loads(held["details"])
    return CallRecord(**held)


def read_turn(row: Sequence[Any]) -> TurnRecord:
    """The turn in a row of `TURN_COLUMNS`."""
    held: dict[str, Any] = dict(zip(TURN, row, strict=True))
    held["fillers"] = tuple(json.loads(held["fillers"]))
    held["acts"] = tuple(json.loads(held["acts"]))
    held["stages_s"] = json.loads(held["stages_s"])
    return TurnRecord(**held)


def writable(text: str) -> str:
    """Text as a database takes it: half of a surrogate pair, which nobody can say, is replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cell(value: object) -> object:
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Mapping):
        return json.dumps(dict(value), separators=(",", ":"))
    if isinstance(value, tuple):
        parts = [dict(part) if isinstance(part, Mapping) else part for part in value]
        return json.dumps(parts, separators=(",", ":"))
    return value
