"""Places calls that are due: each moment once, however many processes look, whatever is killed.

    look ─▶ is it due? ─┬─ no ───────▶ sleep until it is, and at most LOOK_EVERY_S
                        ├─ too late ─▶ told as missed, and settled
                        └─ yes ──────▶ placed under the moment's key, and only then settled
    look ─▶ has its call ended? ─ busy, no answer ─▶ tried again later

A crash between placing and settling finds the call under its key when it looks again. Of two
processes that see the same moment, one places it and the other is told of that call. The guard
decides about each call, and what it says is kept with the schedule. Nothing here dials.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from bridge import log
from bridge.calls.firing import Firing
from bridge.core.schedule import Wait
from bridge.core.schedule_entry import Entry
from bridge.errors import BridgeError
from bridge.ports.schedules import Schedules

LOOK_EVERY_S = 15.0
"""Longest sleep: within it, what another process changed and a clock that jumped are noticed."""

AT_ONCE = 8
"""Schedules whose calls are placed at one time. The others wait: each takes a second or so."""

DONE_KEPT_S = 7 * 86_400.0
"""How long a schedule with nothing to come is still shown: long enough to see how it came out, and
no longer than its words are needed."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """An entry of that version isn't due before that moment; `None` is never."""

    version: int
    until_s: float | None


class Scheduler:
    """See the module. Enter `working` once.

    Args:
        today: time of day, in seconds. May jump.
        is_stopping: whether nothing new is to be begun.
    """

    def __init__(
        self,
        schedules: Schedules,
        firing: Firing,
        *,
        today: Callable[[], float],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._schedules = schedules
        self._firing = firing
        self._today = today
        self._is_stopping = is_stopping
        self._woken = anyio.Event()
        self._waits: dict[str, _Wait] = {}
        self._busy: set[str] = set()
        self._slots = anyio.CapacityLimiter(AT_ONCE)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Scheduler"]:
        """Owns the tasks. The first look begins at once, and holds nobody up."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_going, tasks)
            try:
                yield self
            finally:
                tasks.cancel_scope.cancel()

    def wake(self) -> None:
        """Has it look now: a schedule has changed."""
        self._woken.set()

    async def look(self) -> float | None:
        """Does all that is due; when the next moment is, as time of day; `None` when there is none.

        Returns once calls that are due have been placed.
        """
        async with anyio.create_task_group() as tasks:
            await self._look(tasks)
        async with anyio.create_task_group() as tasks:
            until_s = await self._look(tasks)
        return until_s  # noqa: RET504 - within the block it might be swallowed, for all mypy knows

    async def _keep_going(self, tasks: TaskGroup) -> None:
        while True:
            self._woken = anyio.Event()
            until_s: float | None = None
            try:
                until_s = await self._look(tasks)
            except BridgeError as error:
                log.warning("schedules.unseen", code=error.code, reason=error.message)
            except Exception as error:  # noqa: BLE001 - the next look comes all the same
                log.failure("schedules.broke", error)
            sleep_s = LOOK_EVERY_S if until_s is None else until_s - self._today()
            with anyio.move_on_after(min(max(sleep_s, 0.0), LOOK_EVERY_S)):
                await self._woken.wait()

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, tasks: TaskGroup) -> float | None:
        """Begins what is due; when the next moment is of those that aren't."""
        if self._is_stopping():
            return None
        book = await self._schedules.book()
        now_s = self._today()
        seen = set()
        for entry in book.entries:
            await anyio.lowlevel.checkpoint()  # a cron line takes a while: others come between
            if entry.schedule.id in self._busy:
                continue
            with _kept_apart(entry):
                held = await self._firing.follow(entry, now_s)
                if held is not None and book.paused_s is None:
                    await self._weigh(held, now_s, tasks)
                seen.add(entry.schedule.id)
        # Those that are gone have no wait any more, nor those that failed: they are due as ever.
        known = seen | self._busy
        self._waits = {name: wait for name, wait in self._waits.items() if name in known}
        dues = [wait.until_s for wait in self._waits.values() if wait.until_s is not None]
        return min(dues, default=None) if book.paused_s is None else None

    async def _weigh(self, entry: Entry, now_s: float, tasks: TaskGroup) -> None:
        """Begins what is due of one, or notes until when nothing is."""
        name = entry.schedule.id
        if entry.done_s is not None:
            if now_s - entry.done_s > DONE_KEPT_S:
                await self._schedules.remove(name)
            return
        known = self._waits.get(name)
        if known is not None and known.version == entry.version and _is_before(now_s, known):
            return
        self._waits.pop(name, None)
        found = self._firing.due(entry, now_s)
        if not isinstance(found, Wait):
            self._busy.add(name)
            tasks.start_soon(self._see_to, entry, now_s)
            return
        self._waits[name] = _Wait(entry.version, found.until_s)
        if found.until_s is None and not entry.schedule.paused and not entry.call:
            await self._firing.finish(entry, now_s)

    async def _see_to(self, entry: Entry, looked_s: float) -> None:
        """Does what is due of one schedule, until nothing is."""
        name = entry.schedule.id
        try:
            with _kept_apart(entry):
                # Until it has come out well, it is held off for a while.
                self._waits[name] = _Wait(entry.version, looked_s + LOOK_EVERY_S)
                async with self._slots:
                    while not self._is_stopping() and await self._firing.do_next(name, looked_s):
                        pass
                del self._waits[name]
        finally:
            self._busy.discard(name)
            self.wake()


def _is_before(now_s: float, wait: _Wait) -> bool:
    return wait.until_s is None or now_s < wait.until_s


@contextmanager
def _kept_apart(entry: Entry) -> Iterator[None]:
    """What goes wrong with one schedule is told, and the others come all the same."""
    try:
        yield
    except BridgeError as error:
        log.warning(
            "schedule.unsettled",
            schedule=entry.schedule.id,
            code=error.code,
            reason=error.message,
        )
    except Exception as error:  # noqa: BLE001 - see above
        log.failure("schedules.broke", error, schedule=entry.schedule.id)
