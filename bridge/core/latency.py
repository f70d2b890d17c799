"""The stages of a turn, and their percentiles.

    received ─ classified ─ asked ─ first text ─ first words ─ last word
         │ classify │ settle │ think │  shape    │   speak   │

Parts sum to the whole: each stage runs from one moment to the next, and a moment that never came
(a turn answered here asks nobody) falls on the one before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

STAGES = ("classify", "settle", "think", "shape", "speak")
"""The stages in order. `think` is the agent's; `shape` is ours: holding back and shaping."""

PERCENTILES = (50, 90, 99)

TURNS_KEPT = 2000
"""Turns that percentiles are drawn from: enough for a 99th, and about 1 MB."""


@dataclass(slots=True)
class Moments:
    """When a turn reached each point, in seconds of one clock; `None` where it never did.

    First words are the agent's, not a filler's: a filler covers thinking, it does not end it.
    """

    received_s: float
    classified_s: float | None = None
    asked_s: float | None = None
    first_text_s: float | None = None
    first_words_s: float | None = None
    last_word_s: float | None = None

    def stages(self) -> dict[str, float]:
        """Seconds of each stage; their sum is `total_s` exactly as far as floats allow."""
        steps = zip(STAGES, pairwise(self._filled()), strict=True)
        return {stage: later - earlier for stage, (earlier, later) in steps}

    @property
    def total_s(self) -> float:
        """From the request to the last word."""
        moments = self._filled()
        return moments[-1] - moments[0]

    def _filled(self) -> list[float]:
        filled: list[float] = []
        for part in fields(self):
            value = getattr(self, part.name)
            before = filled[-1] if filled else self.received_s
            filled.append(max(before, value) if value is not None else before)
        return filled


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def waterfall(turns: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """For each stage and for the whole: its percentiles in seconds, as `{"think": {"p50": …}}`."""
    rows = list(turns)
    if not rows:
        return {}
    columns = {stage: [row[stage] for row in rows] for stage in STAGES}
    columns["total"] = [sum(row[stage] for stage in STAGES) for row in rows]
    return {
        name: {f"p{p}": percentile(values, p) for p in PERCENTILES}
        for name, values in columns.items()
    }
