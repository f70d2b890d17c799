"""Waiting for moments that may move.

Whoever waits says by a function when its time has come, as far as that is known now. Whoever
changes something stirs, and everybody asks again. So that what is waited for is decided in one
place, from what is true at that moment.
"""

from collections.abc import Callable

import anyio

NEAR_S = 1e-5
"""A moment nearer than this has come: sums of moments are not exact."""

Moment = Callable[[], float | None]
"""When it is time, in seconds of the call; `None` while nobody can say."""


class Waiting:
    """One for everything that belongs to a rehearsal.

    Args:
        at_s: seconds since the call began.
    """

    def __init__(self, at_s: Callable[[], float]) -> None:
        self._at_s = at_s
        self._stirred = anyio.Event()

    def stir(self) -> None:
        """Something is no longer as it was."""
        self._stirred.set()
        self._stirred = anyio.Event()

    async def until(self, moment: Moment) -> None:
        """Returns when it is time."""
        while True:
            stirred = self._stirred
            due_s, now_s = moment(), self._at_s()
            if due_s is not None and due_s <= now_s + NEAR_S:
                return
            with anyio.move_on_after(None if due_s is None else due_s - now_s):
                await stirred.wait()

    async def pause(self, seconds: float) -> None:
        """Returns so many seconds from now."""
        until_s = self._at_s() + seconds
        await self.until(lambda: until_s)
