"""What became of one scenario: acted out and judged, or not acted out at all."""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.rehearsal.performance import Performance
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.verdict import Verdict, counted


@dataclass(frozen=True, slots=True)
class Result:
    """See the module.

    Attributes:
        performance: `None` when it could not be acted out.
        trouble: why it could not; empty otherwise.
    """

    scenario: Scenario
    performance: Performance | None = None
    verdicts: tuple[Verdict, ...] = ()
    trouble: str = ""

    @property
    def passed(self) -> bool:
        """It was acted out, and everything was as expected."""
        return not self.trouble and all(verdict.passed for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """What was not as expected; that it could not be acted out is one of them."""
        trouble = (Verdict("it can be acted out", passed=False, why=self.trouble),)
        missed = tuple(verdict for verdict in self.verdicts if not verdict.passed)
        return (trouble if self.trouble else ()) + missed

    @property
    def length_s(self) -> float:
        """How long the call was, on its own clock."""
        return self.performance.length_s if self.performance else 0.0

    @property
    def real_s(self) -> float:
        """How long that took on the wall."""
        return self.performance.real_s if self.performance else 0.0


def summary(results: Iterable[Result]) -> str:
    """All of them in one sentence."""
    known = list(results)
    failed = sum(not result.passed for result in known)
    length_s = sum(result.length_s for result in known)
    real_s = sum(result.real_s for result in known)
    passed = f"{len(known) - failed} passed, {failed} failed"
    return f"{passed}: {counted(len(known), 'call')} of {_time(length_s)} in {_time(real_s)}."


def _time(length_s: float) -> str:
    minutes, rest_s = divmod(length_s, 60)
    return f"{minutes:.0f} min {rest_s:.0f} s" if minutes else f"{rest_s:.1f} s"
