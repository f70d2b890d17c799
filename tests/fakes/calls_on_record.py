"""Calls and turns for the tests of records. The moments are small numbers, to be read easily."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.core.phone import E164
from bridge.core.record import CallRecord, Source, State, TurnRecord
from bridge.ports.records import NewTurn, Records

CALLER = E164("+15550001234")
LINE = E164("+15550100999")

CALL = CallRecord(
    id="call_1",
    direction="inbound",
    source=Source.INBOUND,
    state=State.PLACED,
    placed_s=100.0,
    touched_s=100.0,
)
TURN = TurnRecord(
    "run_1",
    0,
    101.0,
    utterance="Does aunt Wilhelmina have the gout?",
    sent="She does, I am afraid.",
    stages_s={"classify": 0.0, "settle": 0.0, "think": 0.5, "shape": 0.25, "speak": 0.25},
)


def call(name: str = "call_1", **changes: Any) -> CallRecord:
    """A call that rings in, changed in places."""
    fields = {"touched_s": changes.get("placed_s", 100.0), **changes}
    return replace(CALL, id=name, **fields)


def placed(name: str = "call_1", **changes: Any) -> CallRecord:
    """A call that we are to place."""
    fields = {
        "direction": "outbound",
        "source": Source.COMMAND,
        "state": State.RESERVED,
        "remote": CALLER,
        "line": LINE,
        "owner": "operator",
    }
    return call(name, **{**fields, **changes})


async def add_turn(
    records: Records, call_id: str, turn: TurnRecord, heard: Mapping[str, str] | None = None
) -> TurnRecord | None:
    """Adds one turn; as it is held."""
    (held,) = await records.add_turns([NewTurn(call_id, turn, heard or {})])
    return held


def turn(name: str = "run_1", **changes: Any) -> TurnRecord:
    """A turn that went well, changed in places."""
    return replace(TURN, run_id=name, **changes)
