"""Rings people back who were promised the answer: within the guard's rules, and at most once.

    promise ─▶ guard ─▶ PROMISED, on disk ─┬─ keep ──────▶ ordered under the same key, dialled
                                           ├─ take back ─▶ ENDED, with the reason
                                           └─ killed ────▶ ENDED at the next start

The key is the run's, so however often it is tried the telephone rings once. Nobody is rung whose
promise was lost: an answer that nobody has is nothing to ring about.
"""

from dataclasses import dataclass, replace

import anyio
from typing_extensions import override

from bridge import log
from bridge.calls.behind import RingBack
from bridge.calls.live import Promise
from bridge.calls.order_book import call_id
from bridge.calls.outbound import Outbound, Placed
from bridge.calls.request import TurnRequest
from bridge.core import ring_back
from bridge.core.call_outcome import Verdict
from bridge.core.dialogue import News
from bridge.core.order import Order
from bridge.core.phone import E164
from bridge.core.phrases import PhraseBook
from bridge.core.record import CallRecord, Mode, Source
from bridge.errors import BridgeError
from bridge.ports.desk import Desk

DECIDED_WITHIN_S = 1.5
"""How long deciding and writing down may take while somebody waits on the line: it takes some tens
of milliseconds. Later, nothing is promised."""

WRITTEN_WITHIN_S = 5.0
"""How long writing down may take that a promise isn't kept."""

ABOUT = "rings_back"
"""Where a record's details keep the turn that it was promised in."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms calls are promised.

    Attributes:
        limit_s: how long a run may go on behind the call, in seconds.
        line: our number; `None` when there is none.
        asks_code: callers must give a code.
        languages: tags that the voice agent knows, in lower case.
    """

    limit_s: float
    line: E164 | None
    asks_code: bool = False
    languages: frozenset[str] = frozenset()


class RingBacks(RingBack):
    """See the module.

    Args:
        desk: where the kill switch is.
        book: what is said.
    """

    def __init__(self, outbound: Outbound, desk: Desk, book: PhraseBook, terms: Terms) -> None:
        self._outbound = outbound
        self._desk = desk
        self._book = book
        self._terms = terms

    @property
    @override
    def limit_s(self) -> float:
        return self._terms.limit_s

    async def recover(self) -> int:
        """Ends what was promised when bridge stopped before; how many. Once, before any turn."""
        count = 0
        try:
            for call in await self._outbound.promised():
                count += await self._unkeep(call.id, ring_back.PROMISE_LOST)
        except BridgeError as error:
            log.warning("ring_back.unsettled", code=error.code)
        return count

    @override
    def may_promise(self, request: TurnRequest) -> bool:
        return self._refusal(request) is None

    @override
    async def promise(self, request: TurnRequest, run_id: str) -> Promise | None:
        if (why := self._refusal(request)) is not None:
            log.event("ring_back.not_promised", turn=run_id, reason=why)
            return None
        order = self._asked_for(request, run_id)
        about = {"conversation": request.identity.conversation, "turn": run_id}
        placed: Placed | None = None
        try:
            with anyio.move_on_after(DECIDED_WITHIN_S):
                placed = await self._outbound.promise(order, {ABOUT: about})
        except BridgeError as error:
            log.warning("ring_back.not_promised", turn=run_id, code=error.code)
            return None
        if placed is None:
            log.warning("ring_back.not_promised", turn=run_id, reason="undecided")
            await self._unkeep(call_id(order.owner, order.key), ring_back.NEVER_SAID)
            return None
        if placed.call is None:
            log.event("ring_back.not_promised", turn=run_id, rule=_rule(placed))
            return None
        call = placed.call
        return Promise(call.id, order, request.language, _asked(request), call.placed_s)

    @override
    async def keep(self, promise: Promise, answer: str) -> None:
        verdict: Verdict | None
        try:
            verdict = await self._place(promise, answer)
        except BridgeError as error:
            verdict = ring_back.not_placed(error.message)
        if verdict is not None:
            await self.take_back(promise, verdict)

    @override
    async def take_back(self, promise: Promise, verdict: Verdict) -> None:
        await self._unkeep(promise.call, verdict)

    # -- parts ----------------------------------------------------------------------------------

    def _refusal(self, request: TurnRequest) -> ring_back.NoPromise | None:
        return ring_back.refusal(request.identity, asks_code=self._terms.asks_code)

    def _asked_for(self, request: TurnRequest, run_id: str) -> Order:
        """The order, as far as it is known before the answer is."""
        return Order(
            to=str(request.identity.remote),
            line=self._terms.line,
            mode=Mode.CONVERSATION,
            message=self._book.for_language(request.language).ring_back_here,
            language=ring_back.known_language(request.language, self._terms.languages),
            source=Source.RING_BACK,
            owner=ring_back.OWNER,
            key=f"ring-back:{run_id}",
            session=request.session_key,
        )

    def _order(self, promise: Promise, answer: str) -> Order:
        """The order with its words. Without an answer they say so, and the line is hung up."""
        phrases = self._book.for_language(promise.language)
        if not answer:
            return replace(promise.order, mode=Mode.NOTIFY, message=phrases.ring_back_empty)
        told = ring_back.Answer.of(phrases.ring_back_here, answer)
        brief = ring_back.brief(promise.asked, told.unsaid)
        return replace(promise.order, message=told.message, brief=brief)

    async def _place(self, promise: Promise, answer: str) -> Verdict | None:
        """Orders the call; why not, if it wasn't."""
        if self._desk.switch().ends(promise.promised_s):
            return ring_back.STOPPED
        placed = await self._outbound.place(self._order(promise, answer))
        return ring_back.not_allowed(_rule(placed)) if placed.call is None else None

    async def _unkeep(self, own_id: str, verdict: Verdict) -> bool:
        """Whether a promise ended by this. A caller may wait for what comes next."""
        call: CallRecord | None = None
        try:
            with anyio.move_on_after(WRITTEN_WITHIN_S):
                call = await self._outbound.unkeep(own_id, verdict)
        except BridgeError as error:
            log.failure("ring_back.unrecorded", error, call=own_id)
        if call is not None:
            log.warning("ring_back.unkept", call=own_id, outcome=call.outcome, reason=call.cause)
        return call is not None


def _rule(placed: Placed) -> str:
    refusal = placed.verdict.refusal if placed.verdict else None
    return refusal.rule if refusal else "none"


def _asked(request: TurnRequest) -> str:
    dialogue = request.dialogue
    return dialogue.newest[-1].text if dialogue.news is News.UTTERANCE else ""
