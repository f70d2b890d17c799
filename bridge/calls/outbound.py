"""Placing a call: the guard, once only, written down before it is dialled, followed until it ends.

    order ─▶ looked up ─▶ desk held ─▶ repeat? ─▶ counted ─▶ decided ─▶ RESERVED ─▶ desk let go
               PROMISED under the same key is no repeat, and goes on ───▶────┘│
         ENDED (it refuses) ◀─┬─ asked once ◀─ DIALLING, on disk ◀──────────┘
        PLACED (it took it) ◀─┤
                 not known  ◀─┴─▶ looked up by our id (`calls/aftermath.py`), never asked again

Whoever wants a call comes here: the command, `POST /calls`, a schedule, the agent.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio

from bridge import log
from bridge.calls import entrance, tally
from bridge.calls.errands import Errand, Errands
from bridge.calls.facts import Keeping
from bridge.calls.feed import Feed, Happening
from bridge.calls.order_book import OrderBook, call_id, identity_of
from bridge.core import initiation, outbound
from bridge.core.call_export import render_call
from bridge.core.call_life import CallEvent, Dialling, Over, Unkept
from bridge.core.call_life import Placed as Taken
from bridge.core.call_outcome import Verdict as Ending
from bridge.core.number_facts import NumberFacts
from bridge.core.order import QUIET_DAY, Order, OutboundRules
from bridge.core.outbound import Verdict
from bridge.core.phone import E164, parse_e164
from bridge.core.prices import PriceTable
from bridge.core.record import CallRecord, Fault, Outcome, Source, State
from bridge.core.session import SessionKey
from bridge.errors import VendorError, Why
from bridge.ports.desk import Desk
from bridge.ports.dialer import Dial, Dialer
from bridge.ports.records import Records

STOPPED = Ending(
    Outcome.NOT_PLACED, Fault.OPERATOR, "Everything was stopped before it was dialled."
)

Opens = Callable[[], AbstractAsyncContextManager[Dialer]]


@dataclass(frozen=True, slots=True)
class Guard:
    """What orders are decided by.

    Attributes:
        look_up: what is known of a number; asked in a thread.
        ready: raises `SettingsError` while nobody could dial.
    """

    rules: OutboundRules
    prices: PriceTable
    look_up: tally.LookUp
    ready: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What placing a call needs.

    Attributes:
        opens: a way to somebody who dials.
    """

    records: Records
    desk: Desk
    errands: Errands
    opens: Opens
    feed: Feed


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an order.

    Attributes:
        call: as it is on record now; `None` when the guard refused, or nothing was to be placed.
        verdict: of the guard; `None` for a repeat, which isn't decided again.
        is_new: false when it was asked for before under the same key.
        error: why it is not known whether it rings, or why it doesn't.
    """

    call: CallRecord | None
    verdict: Verdict | None = None
    is_new: bool = False
    error: VendorError | None = field(default=None, repr=False)


class Outbound:
    """See the module.

    Args:
        scope: which session a call joins.
        today: time of day, in seconds.
    """

    def __init__(
        self,
        means: Means,
        guard: Guard,
        scope: entrance.Rules,
        keeping: Keeping,
        *,
        today: Callable[[], float],
    ) -> None:
        self._records = means.records
        self._desk = means.desk
        self._errands = means.errands
        self._opens = means.opens
        self._feed = means.feed
        self._guard = guard
        self._scope = scope
        self._book = OrderBook(means.records, scope, keeping, today=today)
        self._today = today
        self._doubtful = anyio.Event()

    async def decide(self, order: Order) -> Verdict:
        """What the guard says of an order now. Nothing is placed or written."""
        facts, line_facts = await self._facts(order)
        return await self._decide(order, facts, line_facts)

    async def foresee(self, order: Order, at_s: float) -> Verdict:
        """What the guard would say of an order at another moment, on a day without other calls.

        The kill switch counts as off: it is a matter of today.
        """
        facts, line_facts = await self._facts(order)
        guard = self._guard
        return outbound.decide(
            order,
            facts,
            line_facts,
            rules=guard.rules,
            counts=QUIET_DAY,
            prices=guard.prices,
            now_s=at_s,
        )

    async def placed_under(self, owner: str, key: str) -> CallRecord | None:
        """The call that was placed under a key, however it came out."""
        return await self._records.call(call_id(owner, key))

    async def place(self, order: Order) -> Placed:
        """Places a call, at most once for each key of an owner.

        Raises:
            BadRequest: this key was used for another order (status 409).
            SettingsError: nobody could dial: there is no key, or no agent.
            VendorError: the records or the desk failed, and nothing was dialled.
        """
        facts, line_facts = await self._facts(order)
        async with self._desk.alone():
            held = await self._book.held(order)
            if held is not None and held.state is not State.PROMISED:
                return Placed(held)
            verdict = await self._decide(order, facts, line_facts)
            if not verdict.allowed:
                rule = verdict.refusal.rule if verdict.refusal else "none"
                log.event("call.not_allowed", rule=rule, kind=order.source)
                return Placed(None, verdict)
            self._guard.ready()
            call = self._book.reserved(order)
            there = await self._book.write_down(call, held)
            if there is not None:
                return Placed(self._book.same(there, order))
        is_ring_back = order.source is Source.RING_BACK
        errand = Errand(order.mode, call.placed_s, order.message, order.brief, is_ring_back)
        self._errands.keep(call.id, errand)
        self.tell("call.reserved", call)
        with anyio.CancelScope(shield=True):  # what may ring is seen through
            placed = await self._dial(call, order, verdict)
        return placed  # noqa: RET504 - within the block it might be swallowed, for all mypy knows

    async def promise(self, order: Order, about: Mapping[str, Any]) -> Placed:
        """Writes down a call that will be ordered later, under the same key. Nobody is dialled.

        Args:
            order: as far as it is known; the guard decides about it as it stands.
            about: what else is to be kept with it, as JSON.

        Returns:
            The record; without one when the guard would refuse it now.

        Raises:
            SettingsError: nobody could dial.
            VendorError: the records failed.
        """
        verdict = await self.decide(order)
        if not verdict.allowed:
            return Placed(None, verdict)
        self._guard.ready()
        call = replace(self._book.reserved(order), state=State.PROMISED, message="", details=about)
        added = await self._records.add(call)
        self.tell("call.promised", added.call)
        return Placed(added.call, verdict, added.is_new)

    async def unkeep(self, call_id: str, ending: Ending) -> CallRecord | None:
        """Ends a call that was promised and is not ordered; `None` when there is none such."""
        change = await self._records.change(call_id, Unkept(self._today(), ending))
        if change is None or not change.moved:
            return None
        self.tell("call.ended", change.after)
        return change.after

    async def promised(self) -> list[CallRecord]:
        """Calls that were promised and are not ordered."""
        live = await self._records.live(math.inf)
        return [call for call in live if call.state is State.PROMISED]

    async def stop(self) -> int:
        """Turns the kill switch on; how many calls of ours are under way, and will be hung up.

        What was promised is taken back.
        No order that is decided after this returns is placed. A call that was asked for a moment
        before may still ring, and is hung up with its first turn.
        """
        await self._desk.stop(self._today())
        try:
            async with self._desk.alone():  # orders that were just being decided count as before
                await self._desk.stop(self._today())
        except VendorError as error:
            log.warning("calls.stop_unsure", code=error.code)
        log.warning("calls.stopped")
        for call in await self.promised():
            await self.unkeep(call.id, STOPPED)
        return len(await self.under_way())

    async def resume(self) -> None:
        """Turns it off. Calls that were placed before it was turned on are hung up all the same."""
        async with self._desk.alone():
            await self._desk.resume()
        log.event("calls.resumed")

    async def under_way(self) -> list[CallRecord]:
        """Calls of ours that were ordered and have not ended."""
        live = await self._records.live(math.inf)
        return [c for c in live if c.mode is not None and c.state is not State.PROMISED]

    async def change(self, call: CallRecord, name: str, event: CallEvent) -> CallRecord:
        """Has something happen to a call, and says so when that moved it. The call as it is now."""
        change = await self._records.change(call.id, event)
        if change is None:
            return call
        if change.moved:
            self.tell(name, change.after)
        return change.after

    async def doubt(self) -> None:
        """Returns when there is a call of which it isn't known whether it rings."""
        await self._doubtful.wait()
        self._doubtful = anyio.Event()

    def tell(self, name: str, call: CallRecord) -> None:
        """Tells the log and whoever watches what became of a call."""
        shown = render_call(call)
        facts = {key: shown[key] for key in _TOLD}
        self._feed.tell(Happening(name, self._today(), {"call": call.id, **facts}))
        log.event(
            name,
            call=call.id,
            conversation=call.conversation,
            called=call.remote,
            kind=call.source,
            outcome=call.outcome,
        )

    # -- deciding -------------------------------------------------------------------------------

    async def _facts(self, order: Order) -> tuple[NumberFacts, NumberFacts | None]:
        look_up = self._guard.look_up
        line_facts = None
        if order.line is not None:
            line_facts = await asyncio.to_thread(look_up, str(order.line), None)
        home = (line_facts.region or line_facts.code_region) if line_facts else None
        return await asyncio.to_thread(look_up, order.to, home), line_facts

    async def _decide(
        self, order: Order, facts: NumberFacts, line_facts: NumberFacts | None
    ) -> Verdict:
        guard, now_s = self._guard, self._today()
        counts = await tally.count(
            self._records,
            _number(order.to),
            guard.rules,
            guard.prices,
            guard.look_up,
            is_killed=self._desk.switch().is_on,
            now_s=now_s,
        )
        return outbound.decide(
            order,
            facts,
            line_facts,
            rules=guard.rules,
            counts=counts,
            prices=guard.prices,
            now_s=now_s,
        )

    # -- dialling -------------------------------------------------------------------------------

    async def _dial(self, call: CallRecord, order: Order, verdict: Verdict) -> Placed:
        placed = partial(Placed, verdict=verdict, is_new=True)
        if self._desk.switch().ends(call.placed_s):
            return placed(await self.change(call, "call.ended", Over(self._today(), STOPPED)))
        change = await self._records.change(call.id, Dialling(self._today()))
        if change is None or not change.moved:
            return placed(call if change is None else change.after)
        self.tell("call.dialling", change.after)
        try:
            async with self._opens() as dialer:
                dialled = await dialer.dial(self._order_out(change.after, order))
        except VendorError as error:
            if error.asked:
                log.warning("call.unknown", call=call.id, vendor=error.vendor, why=error.why)
                self._doubtful.set()
                return placed(change.after, error=error)
            over = Over(self._today(), refused(error))
            return placed(await self.change(call, "call.ended", over), error=error)
        except BaseException:
            self._doubtful.set()
            raise
        taken = Taken(self._today(), dialled.conversation, dialled.carrier_call)
        return placed(await self.change(call, "call.placed", taken))

    def _order_out(self, call: CallRecord, order: Order) -> Dial:
        assert call.remote is not None, "the guard lets no order out without a number"
        assert call.line is not None, "nor without a line"
        language = order.language or None
        key = None if call.session_key is None else SessionKey(call.session_key)
        identity = identity_of(call.id, call.remote, call.line)
        is_foreign = order.language.lower() not in ("", self._scope.language.lower())
        return Dial(
            call=call.id,
            to=call.remote,
            line=call.line,
            mode=order.mode,
            variables=initiation.variables(identity, key=key, language=language),
            first_message=order.message.strip(),
            language=order.language if is_foreign else "",
        )


_TOLD = ("direction", "source", "state", "outcome", "fault", "cause", "remote", "conversation")


def refused(error: VendorError) -> Ending:
    """How a call came out that nobody would dial. The error's text names no number and no key."""
    ours = (Why.KEY, Why.PERMISSION, Why.QUOTA)
    fault = Fault.OPERATOR if error.why in ours else Fault.PLATFORM
    return Ending(Outcome.FAILED, fault, error.message)


def _number(text: str) -> E164 | None:
    try:
        return parse_e164(text)
    except ValueError:
        return None
