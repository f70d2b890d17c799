"""What happens in a rehearsed call, noted in the order in which it becomes known."""

from collections.abc import Callable

from bridge import clock
from bridge.rehearsal.performance import Fact

DIGITS = 6
"""Of a moment's seconds: microseconds, below which a clock's own sums begin to show."""


class Tape:
    """One call's.

    Args:
        now_s: the rehearsal's clock.
        wall_s: its time of day.
        tell: is told each fact.

    Attributes:
        facts: what happened.
        began_wall_s: time of day at moment 0.
        problems: what was found wrong with replies, as sentences.
    """

    def __init__(
        self,
        now_s: Callable[[], float] = clock.now_s,
        wall_s: Callable[[], float] = clock.wall_s,
        tell: Callable[[Fact], None] | None = None,
    ) -> None:
        self._now_s = now_s
        self._wall_s = wall_s
        self._tell = tell
        self._began_s = now_s()
        self.began_wall_s = wall_s()
        self.facts: list[Fact] = []
        self.problems: list[str] = []

    def begin(self) -> None:
        """The call begins now: this is moment 0."""
        self._began_s = self._now_s()
        self.began_wall_s = self._wall_s()

    @property
    def at_s(self) -> float:
        """Seconds since the call began."""
        return round(self._now_s() - self._began_s, DIGITS)

    def add(self, fact: Fact) -> None:
        """Notes it."""
        self.facts.append(fact)
        if self._tell is not None:
            self._tell(fact)
