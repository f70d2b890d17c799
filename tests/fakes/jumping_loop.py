"""An event loop whose clock jumps to the next timer, so that minutes take milliseconds.

Real sockets still work: time only jumps when nothing is ready to be read or written.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from typing_extensions import override

_T = TypeVar("_T")


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: what would be waited for is added to the clock."""

    jumped_s = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everything waits and no timer is set: this would hang for ever")
        if not ready and timeout:
            self.jumped_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """See the module. `time` starts at 1000 s, so that no moment is mistaken for "never"."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return 1000.0 + self._jumping.jumped_s

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs one coroutine to its end; tasks it leaves behind stay for the next."""
        return self.run_until_complete(work)

    def others(self) -> set["asyncio.Task[Any]"]:
        """Tasks that are not over."""
        return asyncio.all_tasks(self)
