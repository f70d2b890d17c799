"""What many calls come to, in figures: first words, stalls, runs of the agent, errors by kind.

Pure: the facts of each call, and what is on record of it, in; percentiles and counts out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.core.latency import PERCENTILES, percentile
from bridge.rehearsal.performance import (
    Answered,
    Broke,
    Delivered,
    Fact,
    FirstWords,
    Over,
    Requested,
    Why,
    Withdrawn,
)
from bridge.rehearsal.platform.conversation import SILENT, TOO_LONG
from bridge.rehearsal.replay_replies import HERE

ASKS = frozenset({Why.UTTERANCE, Why.EARLY})
"""Requests that bring an utterance of their own: no repeat of one, and no result of a tool."""

BAD_STATUS = 400
"""From here on an answer refuses."""


@dataclass(frozen=True, slots=True)
class CallFigures:
    """One call.

    Attributes:
        conversation: the platform's id of it.
        lasted_s: from its ring to its end.
        first_words_s: of each reply to an utterance.
        gaps_s: the longest time between two pieces of words, of each reply.
        asked: how often each utterance was said.
        errors: what went wrong, by kind, as often as it did.
        failed: why it could not be talked to its end; empty when it was.
    """

    conversation: str
    lasted_s: float = 0.0
    first_words_s: tuple[float, ...] = ()
    gaps_s: tuple[float, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict, repr=False)
    errors: tuple[str, ...] = ()
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them.

    Attributes:
        calls, failed: how many there were, and how many of them failed.
        at_once: how many there were at one moment, at most.
        took_s: from the first ring to the last end.
        first_words_s, stalls_s: percentiles, as `{"p50": …}`; the longest as `max`. Empty when
            there were none.
        utterances, runs: how many were said, and how often the agent was asked for one.
        most_runs: for any one utterance.
        errors: how many, by kind.
        client_late_s: by how much the clock of the calls themselves was late at worst: of a stall
            no longer than that nobody can say whose it was.
    """

    calls: int
    failed: int
    at_once: int
    took_s: float
    first_words_s: Mapping[str, float]
    stalls_s: Mapping[str, float]
    utterances: int
    runs: int
    most_runs: int
    errors: Mapping[str, int]
    client_late_s: float

    @property
    def passed(self) -> bool:
        """No call failed, and no utterance made more than one run."""
        return self.failed == 0 and self.most_runs <= 1

    @property
    def calls_a_second(self) -> float:
        """How many came to their end in a second."""
        return self.calls / self.took_s if self.took_s else 0.0


def of_call(
    conversation: str, facts: Sequence[Fact], problems: Sequence[str], *, failed: str = ""
) -> CallFigures:
    """The figures of one call.

    Args:
        failed: why it broke off, when it did.
    """
    asked_s = {f.request: f.at_s for f in facts if isinstance(f, Requested) and f.why in ASKS}
    firsts = [fact for fact in facts if isinstance(fact, FirstWords) and fact.request in asked_s]
    said = Counter(f.utterance for f in facts if isinstance(f, Requested) and f.why in ASKS)
    over = next((fact for fact in facts if isinstance(fact, Over)), None)
    why = failed or _why_failed(over) or next(iter(problems), "")
    return CallFigures(
        conversation=conversation,
        lasted_s=over.at_s if over else 0.0,
        first_words_s=tuple(first.at_s - asked_s[first.request] for first in firsts),
        gaps_s=tuple(fact.longest_gap_s for fact in facts if isinstance(fact, Answered)),
        asked=said,
        errors=(*_errors(facts), *([why] if why else [])),
        failed=why,
    )


def sum_up(
    calls: Sequence[CallFigures],
    turns: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    at_once: int,
    took_s: float,
    late_s: Sequence[float],
) -> Figures:
    """All calls as one.

    Args:
        turns: what is on record, by the conversation's id.
        late_s: by how much the clock of the calls was late, each time it was looked at.
    """
    errors = Counter(kind for call in calls for kind in call.errors)
    errors.update(
        f"turn failed: {turn['failure']}"
        for of_one in turns.values()
        for turn in of_one
        if turn["failure"]
    )
    runs = [_runs(turns.get(call.conversation, ())) for call in calls]
    most = [
        -(-count // call.asked.get(utterance, 1))
        for call, of_one in zip(calls, runs, strict=True)
        for utterance, count in of_one.items()
    ]
    return Figures(
        calls=len(calls),
        failed=sum(bool(call.failed) for call in calls),
        at_once=at_once,
        took_s=took_s,
        first_words_s=_spread([first for call in calls for first in call.first_words_s]),
        stalls_s=_spread([gap for call in calls for gap in call.gaps_s]),
        utterances=sum(sum(call.asked.values()) for call in calls),
        runs=sum(sum(of_one.values()) for of_one in runs),
        most_runs=max(most, default=0),
        errors=dict(errors.most_common()),
        client_late_s=max(late_s, default=0.0),
    )


def _runs(turns: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often the agent was asked for each utterance. Results of tools have none of their own."""
    asked = (turn for turn in turns if turn["outcome"] != HERE and turn["utterance"])
    return Counter(str(turn["utterance"]) for turn in asked)


def _why_failed(over: Over | None) -> str:
    if over is None:
        return "the call did not end"
    is_usual = over.by != "platform" or over.reason in (SILENT, TOO_LONG)
    return "" if is_usual else f"given up: {over.reason}"


def _errors(facts: Sequence[Fact]) -> Iterator[str]:
    for fact in facts:
        match fact:
            case Broke(status=0, detail=detail):
                yield f"request: {detail}"
            case Broke(status=status):
                yield f"request answered {status}"
            case Withdrawn(because="late"):
                yield "request: no words in time"
            case Delivered(status=status) if not 0 < status < BAD_STATUS:
                yield f"report answered {status}"
            case _:
                pass


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    found = {f"p{percent}": percentile(values, percent) for percent in PERCENTILES}
    return {**found, "max": max(values)}
