"""Tells the agent how the calls came out that somebody ordered, once each.

    ended ─▶ owed ─▶ marked as told, on disk ─▶ told ─┬─ taken in
                │                                     ├─ surely not: unmarked, again after a pause
                │                                     └─ no answer: never again
                └─ too old: given up

What is owed is read off the records, so it survives a restart, and calls that a command or another
process ended are told too. At most once: a text that was perhaps taken in isn't sent again, because
a second one costs a run of the agent and may have it act twice; that includes the text that was
on its way when the program was killed. `core/telling.py` decides; here is what waits.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from bridge import log
from bridge.calls.feed import Feed, Watch
from bridge.calls.tally import every_call
from bridge.core import telling
from bridge.core.call_life import Telling, Untold
from bridge.core.record import CallRecord
from bridge.errors import BridgeError, VendorError, VendorTooSlow, Why
from bridge.ports.records import Filter, Records
from bridge.ports.upstream import Herald

EVERY_S = 60.0
"""How often the records are looked through while nothing is heard: calls may end elsewhere."""

WITHIN_S = 12.0
"""How long telling once may take: a connection and an answer, which comes before the agent runs.
Also how long a stop waits for it at most, because what is under way is seen through."""


class Teller:
    """See the module. Enter `working` once.

    Args:
        today: time of day, in seconds.
    """

    def __init__(
        self, records: Records, herald: Herald, feed: Feed, *, today: Callable[[], float]
    ) -> None:
        self._records = records
        self._herald = herald
        self._feed = feed
        self._today = today
        self._failures = 0
        self._not_before_s = 0.0
        self._told_s: deque[float] = deque(maxlen=telling.PER_MINUTE)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Teller"]:
        """Owns the task. The first look begins at once, and holds nobody up."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_going)
            try:
                yield self
            finally:
                tasks.cancel_scope.cancel()

    async def look(self) -> float:
        """Tells what is owed and may be told now; in how many seconds to look again."""
        rest_s = self._not_before_s - self._today()
        if 0 < rest_s <= telling.PAUSES_S[-1]:  # more, and the clock was set back
            return rest_s
        for call in await self._owed():
            if (room_s := telling.room_in_s(self._told_s, self._today())) > 0:
                return room_s
            if not await self._tell(call):
                self._failures += 1
                pause_s = telling.pause_s(self._failures)
                self._not_before_s = self._today() + pause_s
                return pause_s
        return EVERY_S

    async def _owed(self) -> list[CallRecord]:
        """Calls whose outcome is still to be told, the first that ended first."""
        now_s = self._today()
        wanted = Filter(direction="outbound", since_s=now_s - telling.LOOK_BACK_S)
        owed = [call for call in await every_call(self._records, wanted) if telling.is_owed(call)]
        late = [call for call in owed if telling.is_late(call, now_s)]
        for call in late:
            await self._records.change(call.id, Telling(now_s))
        if late:
            log.warning("calls.not_told", count=len(late), reason="too old by now")
        return sorted(
            (call for call in owed if call not in late), key=lambda call: call.ended_s or 0.0
        )

    async def _tell(self, call: CallRecord) -> bool:
        """Tells of one call; false when the agent can't be told at the moment."""
        with anyio.CancelScope(shield=True):  # what may be taken in is seen through
            change = await self._records.change(call.id, Telling(self._today()))
            if change is None or change.after == change.before:
                return True  # erased meanwhile, or somebody else tells of it
            error = await self._said(telling.render(change.after))
            was_heard = error is None or error.asked
            if not was_heard:
                await self._records.change(call.id, Untold(self._today()))
        if was_heard:
            self._failures = 0
            self._told_s.append(self._today())
        if error is None:
            log.event("call.told", call=call.id, outcome=call.outcome)
        else:
            log.warning(
                "call.not_told",
                call=call.id,
                vendor=error.vendor,
                why=error.why,
                status=error.status,
                reason="perhaps it was, so never again" if was_heard else "again later",
            )
        return was_heard

    async def _said(self, text: str) -> VendorError | None:
        """Says it once; what went wrong."""
        error: VendorError | None = VendorTooSlow(
            "The agent's side took too long.", vendor="herald", operation="tell", why=Why.LATE
        )
        with anyio.move_on_after(WITHIN_S):
            try:
                await self._herald.tell(text)
            except VendorError as failed:
                error = failed
            else:
                error = None
        return error

    async def _keep_going(self) -> None:
        with self._feed.watching() as watch:
            while True:
                next_s = EVERY_S
                try:
                    next_s = await self.look()
                except BridgeError as error:
                    log.warning("calls.not_told", code=error.code, reason=error.message)
                except Exception as error:  # noqa: BLE001 - the next round comes all the same
                    log.failure("calls.broke", error)
                with anyio.move_on_after(next_s):
                    await _an_end(watch)


async def _an_end(watch: Watch) -> None:
    """Returns when a call has ended."""
    while True:
        await watch.wait()
        names = [happening.name for happening in watch.take()]
        if "call.ended" in names:
            return
