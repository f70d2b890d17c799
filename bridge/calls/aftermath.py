"""What becomes of calls that we placed: looked up when it isn't known, followed until they end.

    RESERVED, and nobody dials ──▶ NOT_PLACED after `reserved_s`
    DIALLING, and no answer ─────▶ asked for by our id ─┬─ found ──────▶ PLACED
                                                        ├─ not there ──▶ NOT_PLACED after `shows_s`
                                                        └─ no answer ──▶ asked again, for hours
    PLACED, ANSWERED, and quiet ─▶ the platform is asked how it is (`calls/upkeep.py`)

At start, and then as long as there is anything to find out. Nothing here dials.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from bridge import log
from bridge.calls.endings import Endings
from bridge.calls.outbound import Opens, Outbound
from bridge.core.call_life import Over
from bridge.core.call_life import Placed as Taken
from bridge.core.call_outcome import Verdict as Ending
from bridge.core.record import CallRecord, Fault, Outcome, State
from bridge.errors import BridgeError, VendorError

NOT_DIALLED = Ending(
    Outcome.NOT_PLACED, Fault.BRIDGE, "bridge stopped before it was dialled: nothing rang."
)
NOT_THERE = Ending(
    Outcome.NOT_PLACED, Fault.PLATFORM, "The platform doesn't know of it: nothing rang."
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long everything may take, in seconds.

    Attributes:
        pauses_s: between one look and the next; the last one stays.
        shows_s: a call that was placed shows up at the platform within this; it takes seconds.
        reserved_s: a call that was written down is dialled within this; it takes milliseconds.
        quiet_s: a call that was silent for so long is asked about.
        every_s: how often the records are looked through while nothing is known to be open.
    """

    pauses_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
    shows_s: float = 120.0
    reserved_s: float = 60.0
    quiet_s: float = 15.0
    every_s: float = 15.0


@dataclass(slots=True)
class _Looks:
    """How often a call was looked for, and when it is due again."""

    count: int = 0
    due_s: float = 0.0


class Aftermath:
    """See the module.

    Args:
        endings: learns anew which calls are to be hung up, with every look.
        settle: asks the platform about calls that were silent for so many seconds.
        today: time of day, in seconds.
    """

    def __init__(
        self,
        outbound: Outbound,
        opens: Opens,
        endings: Endings,
        settle: Callable[[float], Awaitable[object]],
        *,
        today: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        self._outbound = outbound
        self._opens = opens
        self._endings = endings
        self._settle = settle
        self._today = today
        self._patience = patience or Patience()
        self._looks: dict[str, _Looks] = {}

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Aftermath"]:
        """Owns the task. The first look begins at once, and holds nobody up."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_going)
            try:
                yield self
            finally:
                tasks.cancel_scope.cancel()

    async def look(self) -> float:
        """Looks once at every call that is open; in how many seconds to look again."""
        await self._endings.learn()
        calls = await self._outbound.under_way()
        self._looks = {c.id: self._looks.get(c.id, _Looks()) for c in calls}
        now_s, patience = self._today(), self._patience
        for call in calls:
            if call.state is State.RESERVED and now_s - call.placed_s >= patience.reserved_s:
                await self._outbound.change(call, "call.ended", Over(now_s, NOT_DIALLED))
            if call.state is State.DIALLING and now_s >= self._looks[call.id].due_s:
                await self._find(call)
        if any(_is_quiet(call, now_s - patience.quiet_s) for call in calls):
            await self._settle(patience.quiet_s)
        dues = [self._looks[c.id].due_s - self._today() for c in calls if c.state is State.DIALLING]
        return min([patience.every_s, *(max(0.0, due_s) for due_s in dues)])

    async def _find(self, call: CallRecord) -> None:
        looks, pauses = self._looks[call.id], self._patience.pauses_s
        pause_s = pauses[min(looks.count, len(pauses) - 1)]
        looks.count += 1
        try:
            async with self._opens() as dialer:
                found = await dialer.find(call.id)
        except VendorError as error:
            log.warning("call.unknown", call=call.id, vendor=error.vendor, why=error.why)
            looks.due_s = self._today() + pause_s
            return
        now_s = self._today()
        looks.due_s = now_s + pause_s
        if found is not None:
            taken = Taken(now_s, found.conversation, found.carrier_call)
            await self._outbound.change(call, "call.placed", taken)
        elif now_s - call.touched_s >= self._patience.shows_s:
            await self._outbound.change(call, "call.ended", Over(now_s, NOT_THERE))

    async def _keep_going(self) -> None:
        while True:
            next_s = self._patience.every_s
            try:
                next_s = await self.look()
            except BridgeError as error:
                log.warning("calls.unsettled", code=error.code, reason=error.message)
            except Exception as error:  # noqa: BLE001 - the next round comes all the same
                log.failure("calls.broke", error)
            with anyio.move_on_after(next_s):
                await self._outbound.doubt()


def _is_quiet(call: CallRecord, silent_since_s: float) -> bool:
    is_taken = call.state in (State.PLACED, State.ANSWERED)
    return is_taken and call.touched_s <= silent_since_s
