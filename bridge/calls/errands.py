"""What the calls that we placed are for, at hand when their turns come.

    placed ─▶ keep ─▶ each turn: of ─┬─ still wanted, and a conversation ─▶ told to the agent
                                     └─ only a message, or stopped ───────▶ goodbye, hang up

After a restart it is read from the records, with the first turn that comes.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field

from bridge import log
from bridge.core.identity import CallIdentity
from bridge.core.record import CallRecord, Mode, Source
from bridge.errors import BridgeError
from bridge.ports.desk import Desk
from bridge.ports.records import Records

KEPT = 1000
"""Errands at hand: many more than calls are live. The oldest is read again when it is needed."""

_OURS = re.compile("call_[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Errand:
    """What one call is for.

    Attributes:
        placed_s: when it was ordered, time of day.
        is_ring_back: somebody is rung back, as they were promised.
    """

    mode: Mode
    placed_s: float
    message: str = field(default="", repr=False)
    brief: str = field(default="", repr=False)
    is_ring_back: bool = False


def our_id(identity: CallIdentity) -> str | None:
    """Our id of a call that we placed, as it comes back with each of its requests."""
    return as_our_id(identity.call) if identity.is_outbound else None


def as_our_id(text: str | None) -> str | None:
    """The text if it looks like an id of ours."""
    return text if text is not None and _OURS.fullmatch(text) else None


def carrier_id(identity: CallIdentity) -> str | None:
    """The carrier's id of a call; `None` when it isn't told, or ours stands in its place."""
    return None if our_id(identity) else identity.call


class Errands:
    """See the module."""

    def __init__(self, records: Records, desk: Desk) -> None:
        self._records = records
        self._desk = desk
        self._kept: OrderedDict[str, Errand | None] = OrderedDict()

    def keep(self, call: str, errand: Errand | None) -> None:
        """Has it at hand. `None`: there is no such call of ours."""
        self._kept[call] = errand
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def recall(self, identity: CallIdentity) -> None:
        """Reads it from the records unless it is at hand. Never raises: somebody is on the line."""
        call = our_id(identity)
        if call is None or call in self._kept:
            return
        try:
            self.keep(call, _errand(await self._records.call(call)))
        except BridgeError as error:
            log.warning("errand.unknown", call=call, code=error.code)

    def of(self, identity: CallIdentity) -> Errand | None:
        """The errand of a request's call; `None` when we didn't place it, or don't know it."""
        call = our_id(identity)
        return None if call is None else self._kept.get(call)

    def is_stopped(self, identity: CallIdentity) -> bool:
        """Whether a call of ours is to be hung up because everything was stopped."""
        if our_id(identity) is None:
            return False
        errand, switch = self.of(identity), self._desk.switch()
        return bool(switch.is_on) if errand is None else switch.ends(errand.placed_s)


def _errand(call: CallRecord | None) -> Errand | None:
    if call is None or call.mode is None:
        return None
    is_ring_back = call.source is Source.RING_BACK
    return Errand(call.mode, call.placed_s, call.message, call.brief, is_ring_back)
