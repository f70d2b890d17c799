"""What becomes of a call that has gone quiet: asked about, ended by what is told, or given up.

    silent ─▶ known to the platform? ─┬─ over ─────────▶ ended as it says
                                      ├─ goes on ──────▶ left alone
                                      ├─ not known ────▶ ended after `UNKNOWN_S` of silence
                                      └─ no answer ────▶ ended after `GIVE_UP_S`

So that nothing stays live for ever, whatever was killed and whoever doesn't answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.call_life import ASKED, CallEvent, Reported, Vanished
from bridge.core.call_outcome import verdict
from bridge.core.platform_call import PlatformCall
from bridge.core.record import CallRecord, State

EVERY_S = 300.0
"""How often silent calls are looked at."""

SILENT_S = 240.0
"""Silence after which a call is asked about: longer than the platform waits for words by default
(`elevenlabs.silence_s`, 180 s)."""

UNKNOWN_S = 600.0
"""Silence after which a call that the platform doesn't know is over: `bridge chat` was closed, say.
A conversation shows up there within seconds of its beginning."""

GIVE_UP_S = 7200.0 + 600.0
"""Silence after which a call is over whatever nobody says: the longest call that the platform
allows (`elevenlabs.max_call_s`), and ten minutes."""

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The platform could not be asked, or did not answer."""


Told = PlatformCall | NoAnswer | None
"""What asking came to; `None`: it knows no such conversation."""


def is_worth_asking(call: CallRecord) -> bool:
    """Whether the platform can know of a call."""
    return call.conversation is not None and call.state is not State.RESERVED


def settle(call: CallRecord, told: Told, at_s: float) -> Sequence[CallEvent]:
    """What happened to a silent call, as far as it can be said now."""
    silent_s = at_s - call.touched_s
    if isinstance(told, PlatformCall):
        if verdict(told) is not None:
            return [Reported(at_s, ASKED, told)]
        return [Vanished(at_s)] if not told.is_live and silent_s >= GIVE_UP_S else []
    bound_s = GIVE_UP_S if isinstance(told, NoAnswer) else UNKNOWN_S
    if call.state is State.RESERVED:
        bound_s = UNKNOWN_S
    return [Vanished(at_s)] if silent_s >= bound_s else []


def purge_before(keep_days: int, at_s: float) -> float | None:
    """The moment before which calls are deleted; `None` when they are kept for ever."""
    return None if keep_days == 0 else at_s - keep_days * DAY_S
