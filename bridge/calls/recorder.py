"""Writes records of calls as they happen, behind the back of everybody on the telephone.

    rings, turns, refusals ─▶ a bounded queue ─▶ one task (`clerk`) ─▶ the store ─▶ the feed
    reports of the platform ──────▲ and back: it is told when its report is on disk

What waits together is written together, and what waits alone at once: nothing is held back to be
joined by more. A witness of calls: taking a fact is one append, never waits and never raises. When
the store fails the fact is lost, which is said once a minute, and the calls go on.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import groupby, islice

import anyio
from typing_extensions import override

from bridge import log
from bridge.calls.clerk import Clerk
from bridge.calls.exchange import Exchange
from bridge.calls.facts import (
    Delivered,
    Fact,
    Finished,
    Keeping,
    Lapsed,
    Ringing,
    TurnedAway,
    names_call,
)
from bridge.calls.feed import Feed
from bridge.calls.witness import Witness
from bridge.core.identity import CallIdentity
from bridge.core.platform_call import PlatformCall
from bridge.core.session import SessionKey
from bridge.errors import BridgeError, Draining, VendorUnavailable, Why
from bridge.ports.records import Records

QUEUED = 5000
"""Facts that wait to be written, some 10 MB: minutes of the busiest hour, while a purge runs."""

AT_ONCE = 100
"""Facts taken from the queue at once. Turns among them that follow one another are written in one
act, which takes some 20 ms: a report behind them is not held up, nor another process that writes.
"""

DRAIN_S = 5.0
"""How long the last facts may take to be written when the program stops: thousands are."""

WRITTEN_WITHIN_S = 8.0
"""How long a report of the platform waits to be on disk. It tells us again if we say that we
couldn't; a purge may hold the store for some seconds."""

TELL_AGAIN_S = 60.0
"""A store that fails is told of once in so long: every turn of every call would otherwise be a
line."""


class Recorder(Witness):
    """See the module. Enter `working` once.

    Args:
        now: monotonic seconds, for how often trouble is told.
        today: time of day, in seconds.
    """

    def __init__(
        self,
        records: Records,
        feed: Feed,
        keeping: Keeping,
        *,
        now: Callable[[], float],
        today: Callable[[], float],
    ) -> None:
        self._clerk = Clerk(records, feed, keeping)
        self._now = now
        self._today = today
        self._send, self._facts = anyio.create_memory_object_stream[Fact](QUEUED)
        self._told_s: float | None = None
        self._lost = 0

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Recorder"]:
        """Owns the task that writes. On leaving, what waits is written, within `DRAIN_S`."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_all)
            try:
                yield self
            finally:
                self._send.close()
                tasks.cancel_scope.deadline = anyio.current_time() + DRAIN_S

    # -- facts ----------------------------------------------------------------------------------

    @override
    def rang(self, identity: CallIdentity, key: SessionKey | None, language: str) -> None:
        self._take(Ringing(self._today(), identity, key, language))

    @override
    def turned_away(self, identity: CallIdentity, rule: str) -> None:
        if names_call(identity):
            self._take(TurnedAway(self._today(), identity, rule))

    @override
    def turned(self, exchange: Exchange) -> None:
        if names_call(exchange.identity) and not exchange.is_empty:
            came_s = self._today() - (self._now() - exchange.report.moments.received_s)
            self._take(Finished(came_s, exchange))

    async def reported(self, kind: str, told: PlatformCall, *, file: str = "") -> bool:
        """A report of the platform, behind all that was taken before it.

        Args:
            kind: its type; each counts once for each call, whatever happened in between.
            file: name of the file with the call's sound, for a report that brought it.

        Returns:
            Once it is on disk: whether it changed the record.

        Raises:
            BridgeError: it could not be written: it should be told again.
        """
        report = Delivered(self._today(), kind, told, file)
        try:
            self._send.send_nowait(report)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise Draining("The records take nothing more just now.") from None
        with anyio.move_on_after(WRITTEN_WITHIN_S):
            await report.written.wait()
        if report.error is not None:
            raise report.error
        if not report.written.is_set():
            raise VendorUnavailable(
                "The records did not take it in time.",
                vendor="records",
                operation="report",
                why=Why.LATE,
            )
        return report.changed

    async def lapsed(self, call_id: str) -> None:
        """A call is over because nothing is heard of it. Written behind what was taken before."""
        await self._send.send(Lapsed(self._today(), call_id))

    def _take(self, fact: Fact) -> None:
        try:
            self._send.send_nowait(fact)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._tell_trouble("the queue is full, or closed")

    # -- writing --------------------------------------------------------------------------------

    async def _write_all(self) -> None:
        async with self._facts:
            async for fact in self._facts:
                waiting = [fact, *islice(self._waiting(), AT_ONCE - 1)]
                for is_turn, facts in groupby(waiting, lambda one: isinstance(one, Finished)):
                    if is_turn:
                        await self._write_turns([f for f in facts if isinstance(f, Finished)])
                    else:
                        for one in facts:
                            await self._write(one)

    def _waiting(self) -> Iterator[Fact]:
        """What else is in the queue. Nothing is waited for."""
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            while True:
                yield self._facts.receive_nowait()

    async def _write_turns(self, facts: Sequence[Finished]) -> None:
        """In one act; each by itself when that fails, so that none is lost but those that fail."""
        if len(facts) > 1:
            try:
                await self._clerk.turns(facts)
            except Exception:  # noqa: BLE001 - whatever it is, it comes again, and is told then
                log.event("records.one_by_one", count=len(facts))
            else:
                return
        for fact in facts:
            await self._write(fact)

    async def _write(self, fact: Fact) -> None:
        error: BridgeError | None = None
        try:
            match fact:
                case Ringing():
                    await self._clerk.ring(fact)
                case TurnedAway():
                    await self._clerk.turn_away(fact)
                case Finished():
                    await self._clerk.turns([fact])
                case Lapsed(at_s, call_id):
                    await self._clerk.lapse(call_id, at_s)
                case Delivered():
                    fact.changed = await self._clerk.report(fact)
        except BridgeError as failed:
            error = failed
            self._tell_trouble(failed.message)
        except Exception as bug:  # noqa: BLE001 - a bug of ours must not end the records of a day
            error = VendorUnavailable("Recording failed.", vendor="records", operation="write")
            log.failure("records.broke", bug)
        if isinstance(fact, Delivered):
            fact.error = error
            fact.written.set()

    def _tell_trouble(self, reason: str) -> None:
        self._lost += 1
        now_s = self._now()
        if self._told_s is None or now_s - self._told_s >= TELL_AGAIN_S:
            self._told_s = now_s
            log.failure("records.failing", reason=reason, count=self._lost)
