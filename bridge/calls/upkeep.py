"""Keeps the records true and short: silent calls are settled, old ones deleted.

At start, then every `EVERY_S`; deletion once a day. `core/upkeep.py` decides; here is what waits.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio

from bridge import log
from bridge.calls.recorder import Recorder
from bridge.core import upkeep
from bridge.core.call_life import Reported
from bridge.core.record import CallRecord
from bridge.core.upkeep import DAY_S, EVERY_S, SILENT_S, NoAnswer, Told
from bridge.errors import BridgeError, VendorError
from bridge.ports.platform import Platform
from bridge.ports.records import Records

AT_ONCE = 100
"""Calls asked about in one round. The others come in the next: asking is not to flood the
platform after a bad day."""

Opens = Callable[[], AbstractAsyncContextManager[Platform]]
Discard = Callable[[Sequence[str]], None]


class Upkeep:
    """See the module.

    Args:
        opens: a way to the platform; `None` without an account.
        discard: deletes files of sound.
        keep_days: 0 is for ever.
        today: time of day, in seconds.
    """

    def __init__(
        self,
        records: Records,
        recorder: Recorder,
        opens: Opens | None,
        discard: Discard,
        *,
        keep_days: int,
        today: Callable[[], float],
    ) -> None:
        self._records = records
        self._recorder = recorder
        self._opens = opens
        self._discard = discard
        self._keep_days = keep_days
        self._today = today
        self._purged_s: float | None = None

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Upkeep"]:
        """Owns the task. The first round begins at once, and holds nobody up."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_going)
            try:
                yield self
            finally:
                tasks.cancel_scope.cancel()

    async def settle(self, silent_s: float = SILENT_S) -> int:
        """Settles calls that were silent for so long; how many have ended by that."""
        now_s = self._today()
        calls = list(await self._records.live(now_s - silent_s))[:AT_ONCE]
        answers = await self._ask([call for call in calls if upkeep.is_worth_asking(call)])
        ended = 0
        for call in calls:
            told = answers.get(call.id, NoAnswer())
            for event in upkeep.settle(call, told, now_s):
                if isinstance(event, Reported):
                    await self._recorder.reported(event.kind, event.told)
                else:
                    await self._recorder.lapsed(call.id)
                ended += 1
        if ended:
            log.event("records.settled", count=ended)
        return ended

    async def purge(self) -> int:
        """Deletes what is too old; how many calls."""
        before_s = upkeep.purge_before(self._keep_days, self._today())
        if before_s is None:
            return 0
        gone = await self._records.purge(before_s)
        self._discard(gone.recordings)
        if gone.calls:
            log.event("records.purged", count=gone.calls)
        return gone.calls

    async def _keep_going(self) -> None:
        silent_s = 0.0  # at start: whatever was live when we stopped
        while True:
            await _apart(self.settle(silent_s))
            now_s = self._today()
            if self._purged_s is None or now_s - self._purged_s >= DAY_S:
                self._purged_s = now_s
                await _apart(self.purge())
            await anyio.sleep(EVERY_S)
            silent_s = SILENT_S

    async def _ask(self, calls: Sequence[CallRecord]) -> dict[str, Told]:
        """What the platform says of each; nothing when it can't be asked."""
        answers: dict[str, Told] = {}
        if self._opens is None or not calls:
            return answers
        try:
            async with self._opens() as platform:
                for call in calls:
                    assert call.conversation is not None, "else it isn't asked about"
                    answers[call.id] = await platform.conversation(call.conversation)
        except VendorError as error:
            log.warning("records.unsettled", vendor=error.vendor, why=error.why, code=error.code)
        return answers


async def _apart(work: Awaitable[object]) -> None:
    """What goes wrong in one round is told, and the next comes all the same."""
    try:
        await work
    except BridgeError as error:
        log.warning("records.unsettled", code=error.code, reason=error.message)
    except Exception as error:  # noqa: BLE001 - see above
        log.failure("records.broke", error)
