"""Ends calls whose end was asked for: marked on record, and hung up at their next turn.

    asked ─┬─ not dialled yet ──▶ NOT_PLACED, at once
           ├─ live ─▶ marked ───▶ its next turn: goodbye, hang up
           └─ over ─────────────▶ stays as it is

On this road nobody can hang up from outside: the platform only lets us speak in reply to a turn.
The mark is on disk before anybody is told of it, so that it holds over a restart, and it is learnt
again from the records now and then, because another process may have set it.
"""

from collections import OrderedDict
from collections.abc import Callable

from bridge import log
from bridge.calls.errands import carrier_id, our_id
from bridge.core.call_life import EndAsked
from bridge.core.identity import CallIdentity
from bridge.core.record import CallRecord
from bridge.errors import BridgeError
from bridge.ports.records import Records

KEPT = 3000
"""Names of marked calls at hand, three of each: many more than are live. The oldest is learnt again
with the next look at the records."""

Tell = Callable[[str, CallRecord], None]
"""Told the name of what happened, and the call as it is now."""


class Endings:
    """See the module.

    Args:
        tell: told what becomes of a call.
        today: time of day, in seconds.
    """

    def __init__(self, records: Records, tell: Tell, *, today: Callable[[], float]) -> None:
        self._records = records
        self._tell = tell
        self._today = today
        self._marked: OrderedDict[str, None] = OrderedDict()

    async def end(self, call_id: str, *, by: str) -> CallRecord | None:
        """Has a call ended; as it is on record now. `None` when there is no such call.

        Args:
            call_id: the whole id.
            by: whose token asks: `operator`, `agent`.

        Raises:
            VendorError: the records failed, and nothing is marked.
        """
        change = await self._records.change(call_id, EndAsked(self._today(), by))
        if change is None:
            return None
        self._keep(change.after)
        if change.after != change.before:
            self._tell("call.ended" if change.moved else "call.ending", change.after)
        return change.after

    async def learn(self) -> None:
        """Learns from the records which calls are marked. Never raises: calls go on meanwhile."""
        try:
            live = await self._records.live(float("inf"))
        except BridgeError as error:
            log.warning("endings.unknown", code=error.code)
            return
        for call in live:
            self._keep(call)

    def holds(self, identity: CallIdentity) -> bool:
        """Whether the end of a request's call was asked for."""
        names = (our_id(identity), identity.conversation, carrier_id(identity))
        return any(name in self._marked for name in names if name is not None)

    def _keep(self, call: CallRecord) -> None:
        if call.is_live and call.end_asked_by:
            for name in (call.id, call.conversation, call.carrier_call):
                if name is not None:
                    self._marked[name] = None
                    self._marked.move_to_end(name)
        while len(self._marked) > KEPT:
            self._marked.popitem(last=False)
