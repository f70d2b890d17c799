"""Where calls are ordered: one order at a time, whoever takes it, and none while it is stopped.

An adapter promises:

- `alone` holds against every process that works with the same records, and is let go with the
  process, however it ends. What is counted inside is right until the end of the block;
- the kill switch is on disk when `stop` or `resume` returns, and stays as it is over restarts;
- `switch` is quick enough to be asked in a turn, and never raises.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Switch:
    """The kill switch.

    Attributes:
        is_on: whether no call is placed; `None` when that can't be read, which counts as on.
        stopped_s: when it was last turned on, time of day; `None` when it never was. Calls that
            were ordered before are hung up, also when it is off again.
    """

    is_on: bool | None = False
    stopped_s: float | None = None

    def ends(self, placed_s: float) -> bool:
        """Whether a call that was ordered at that moment is to be hung up."""
        return bool(self.is_on) or (self.stopped_s is not None and placed_s <= self.stopped_s)


class Desk(Protocol):
    """See the module."""

    def alone(self) -> AbstractAsyncContextManager[None, None]:
        """Nobody else decides about an order while the block lasts.

        Raises:
            VendorUnavailable: somebody else does so for too long.
        """

    def switch(self) -> Switch:
        """The kill switch as it is."""

    async def stop(self, at_s: float) -> None:
        """Turns it on. Raises `VendorUnavailable` when that can't be written."""

    async def resume(self) -> None:
        """Turns it off. Raises `VendorUnavailable` when that can't be written."""
