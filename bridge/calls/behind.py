"""Runs that go on behind the call: promised, and then kept, taken back or lost, each of them once.

    deadline ─▶ on record ─▶ ledger agrees ─▶ "I'll call you back", End ─▶ the run goes on
                    │ can't be    │ stopped, nobody listens                     │
                    └─────────────┴─▶ too slow            done, failed ─▶ rung ◀┤
                                               other words, drain ─▶ taken back ◀┘

The ledger has the last word at both ends: a promise is said only when nothing has stopped the run
before, and kept only when nothing has stopped it since.
"""

from collections.abc import Callable, MutableMapping
from typing import Protocol

import anyio
from typing_extensions import override

from bridge.calls.live import Live, Promise, apart
from bridge.calls.request import TurnRequest
from bridge.calls.steps import take_step
from bridge.core import ring_back
from bridge.core.call_outcome import Verdict
from bridge.core.conversation import Stop
from bridge.core.reply import End
from bridge.core.turn_events import (
    Ended,
    GoOn,
    Promised,
)
from bridge.ports.ledger import Ledger


class RingBack(Protocol):
    """Who rings people back. No method raises: somebody is on the line, or waits for a call."""

    @property
    def limit_s(self) -> float:
        """How long a run may go on behind the call, in seconds."""

    def may_promise(self, request: TurnRequest) -> bool:
        """Whether this caller might be promised a call, as far as a look at the request tells."""

    async def promise(self, request: TurnRequest, run_id: str) -> Promise | None:
        """A call to this caller, on record before it is said; `None` when it can't be promised."""

    async def keep(self, promise: Promise, answer: str) -> None:
        """Rings, once. `answer` is what the agent came to; empty when that is nothing."""

    async def take_back(self, promise: Promise, verdict: Verdict) -> None:
        """Nobody will be rung, and the record says why. Nothing happens once it was ordered."""


class Never(RingBack):
    """Rings nobody."""

    @property
    @override
    def limit_s(self) -> float:
        return 0.0

    @override
    def may_promise(self, request: TurnRequest) -> bool:
        return False

    @override
    async def promise(self, request: TurnRequest, run_id: str) -> Promise | None:
        return None

    @override
    async def keep(self, promise: Promise, answer: str) -> None:
        raise AssertionError("nothing is ever promised")

    @override
    async def take_back(self, promise: Promise, verdict: Verdict) -> None:
        raise AssertionError("nothing is ever promised")


NEVER = Never()
"""Where nobody is rung back."""


class BehindCalls:
    """Takes runs behind their calls, and sees to what was promised.

    Args:
        live: runs under way, by what the ledger calls them; shared with `Runs`.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        ring_back: RingBack,
        live: MutableMapping[str, Live],
        now: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._ring_back = ring_back
        self._live = live
        self._now = now

    async def begin(self, live: Live, sentence: str) -> bool:
        """The deadline has come: whether the caller heard `sentence` and the run goes on.

        Not to be cancelled half-way. What was written down and could not be said is taken back.
        """
        promise = await self._ring_back.promise(live.request, live.start.run_id)
        if promise is None:
            return False
        try:
            async with live.run.in_order():
                if await self._may_go_on(live):
                    live.promise = promise
                    self._live.pop(live.start.run_id, None)
                    await live.run.promise(sentence)
                    await self._ledger.append(live.start.run_id, live.run.end)
        finally:
            if live.promise is None:
                self._live.pop(live.behind_id, None)
                await self._ring_back.take_back(promise, ring_back.NEVER_SAID)
        return live.promise is not None

    async def _may_go_on(self, live: Live) -> bool:
        delivery = live.run.delivery
        if delivery.is_over or live.cause is not None or live.is_closing:
            return False
        self._live[live.behind_id] = live  # whoever reads the new state may stop it at once
        promised = Promised(
            self._now(),
            live.start.run_id,
            live.behind_id,
            delivery.said,
            tuple(delivery.fillers),
        )
        decision = await take_step(self._ledger, live.request.thread, promised)
        return isinstance(decision, GoOn)

    async def end(self, live: Live) -> None:
        """The run has let go of the agent. Says in `live.cause` whether the promise still holds.

        What a later turn decided in the ledger counts: its caller was told that they won't be rung.
        """
        assert live.promise is not None, "else it is no run behind a call"
        stop = None if live.has_finished else live.cause or Stop.DRAINING
        live.cause = stop
        with apart("turn.unrecorded", live.start.run_id):
            ended = Ended(self._now(), live.id, "", (), stop)
            await take_step(self._ledger, live.request.thread, ended)
            held = (await self._ledger.read(live.request.thread)).conversation.run(live.id)
            live.cause = held.stop if held is not None else stop
        with apart("turn.unrecorded", live.start.run_id):
            await self._ledger.append(live.id, End())
        if live.cause not in (None, Stop.FAILED):
            is_lost = live.cause is Stop.DRAINING
            verdict = ring_back.PROMISE_LOST if is_lost else ring_back.TALKED_ON
            await self._ring_back.take_back(live.promise, verdict)

    async def keep(self, live: Live) -> None:
        """Rings the caller, if the promise still holds."""
        assert live.promise is not None, "else there is nothing to keep"
        if live.cause not in (None, Stop.FAILED):
            return
        behind = live.run.behind
        answer = "" if behind is None or live.cause else behind.answer()
        try:
            await self._ring_back.keep(live.promise, answer)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._ring_back.take_back(live.promise, ring_back.PROMISE_LOST)
            raise
