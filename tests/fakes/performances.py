"""Calls that nobody acted out: facts written by hand, to be judged and drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.rehearsal.performance import (
    AgentAsked,
    AgentFinished,
    Answered,
    Delivered,
    Fact,
    FirstWords,
    Over,
    Performance,
    Rang,
    Requested,
    Spoke,
    Why,
)
from bridge.rehearsal.scenario import Expectation, Line, LineExpectation, Manners, Scenario

BEGAN_S = 1_800_000_000.0
"""Time of day at which these calls begin."""

ENDED: Mapping[str, Any] = {"state": "ended", "outcome": "completed", "fault": "nobody"}

STAGES_S = {"classify": 0.001, "settle": 0.0, "think": 0.7, "shape": 0.1, "speak": 0.9}


def a_turn(run_id: str = "r1", number: int = 1, at_s: float = 3.5, **fields: Any) -> dict[str, Any]:
    """A turn as it is on record."""
    return {
        "run_id": run_id,
        "number": number,
        "at_s": BEGAN_S + at_s,
        "utterance": "When is lunch?",
        "stages_s": STAGES_S,
        **fields,
    }


def finished(run_id: str = "r1", kind: str = "new", took_ms: float = 1701.0) -> dict[str, Any]:
    """The line of the log for a turn that is over."""
    return {"event": "turn.finished", "turn": run_id, "kind": kind, "took_ms": took_ms}


CALM: tuple[Fact, ...] = (
    Rang(0.0, status=200),
    Spoke(0.2, 1.2, "agent", 0, "Hello.", kind="greeting"),
    Spoke(2.0, 3.0, "caller", 1, "When is lunch?"),
    Requested(3.5, 1, 1, Why.UTTERANCE, utterance="When is lunch?"),
    AgentAsked(3.5, 1, "When is lunch?", told="system: be brief. When is lunch?"),
    FirstWords(4.2, 1, "Lunch is"),
    AgentFinished(5.2, 1, whole=True),
    Answered(5.2, 1, "stop", "Lunch is at noon. Enjoy it."),
    Spoke(4.5, 5.5, "agent", 1, "Lunch is at noon."),
    Spoke(6.0, 7.0, "agent", 1, "Enjoy it."),
    Over(8.0, "caller", "hung up"),
    Delivered(9.0, "post_call_transcription", 200),
)
"""A call in which nothing goes wrong."""


def a_scenario(
    line: LineExpectation | None = None,
    call: Expectation | None = None,
    **fields: Any,
) -> Scenario:
    """A scenario of one line, with what is expected of it and of the call."""
    values: dict[str, Any] = {
        "name": "lunch",
        "title": "Somebody asks for lunch.",
        "file": "lunch.toml",
        "lines": (Line(1, says="When is lunch?", expect=line or LineExpectation()),),
        "expect": call or Expectation(),
        "manners": Manners(),
    }
    return Scenario(**{**values, **fields})


def a_performance(
    scenario: Scenario | None = None, facts: Sequence[Fact] = CALM, **fields: Any
) -> Performance:
    """That call, or another, on record as it should be."""
    values: dict[str, Any] = {
        "record": ENDED,
        "turns": (a_turn(),),
        "log": (finished(),),
        "began_s": BEGAN_S,
        "real_s": 0.25,
    }
    return Performance(scenario or a_scenario(), tuple(facts), **{**values, **fields})
