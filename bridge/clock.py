"""The only reader of a clock.

Two clocks, never mixed: `now_s` measures how long things take and never jumps;
`wall_s` is the time of day, for what is written down or shown to people.

Both may be put in another's hands for a while: a rehearsed call has a clock of its own, which jumps
over what nobody would hear. It follows its event loop's; whatever takes its time outside that loop
says so with `elsewhere`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Source(Protocol):
    """Whose time it is."""

    def now_s(self) -> float:
        """See `bridge.clock.now_s`."""

    def wall_s(self) -> float:
        """See `bridge.clock.wall_s`."""

    def elsewhere(self, *, passes: bool) -> AbstractContextManager[None]:
        """See `bridge.clock.elsewhere`."""


# Plain functions rather than a `Source` of the machine's own: a turn reads the clock some thirty
# times, and this way it costs no more than before there was a choice.
_now_s: Callable[[], float] = time.monotonic
_wall_s: Callable[[], float] = time.time  # noqa: TID251 - this is the one place it may be read
_source: Source | None = None


def now_s() -> float:
    """Seconds on the monotonic clock. Only differences mean anything."""
    return _now_s()


def wall_s() -> float:
    """Seconds since 1970-01-01 UTC. May jump when the machine's clock is set."""
    return _wall_s()


def machine_s() -> float:
    """Seconds on the machine's own monotonic clock, whoever has the others: what it costs us."""
    return time.monotonic()


@contextmanager
def replaced(source: Source) -> Iterator[None]:
    """Both clocks are that one's until the block ends, in the whole process."""
    global _now_s, _wall_s, _source  # noqa: PLW0603 - a process has one time
    before = _now_s, _wall_s, _source
    _now_s, _wall_s, _source = source.now_s, source.wall_s, source
    try:
        yield
    finally:
        _now_s, _wall_s, _source = before


def elsewhere(*, passes: bool = False) -> AbstractContextManager[None]:
    """Marks a wait for another thread or process, which a clock that jumps must not jump over.

    What the event loop hands to threads by itself (`asyncio.to_thread`) needs no mark. On the
    machine's own clock this does nothing.

    Args:
        passes: whether that clock then goes as fast as the machine's, because how long it takes
            matters; else it stands still.
    """
    return nullcontext() if _source is None else _source.elsewhere(passes=passes)
