"""Orders on paper: the record of a call that is to be placed, written before anybody dials.

One order is one record, under an id that follows from its key: the same order finds the same call.
A call that was promised becomes an order under the key that it was promised under.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import replace

from bridge.calls import entrance
from bridge.calls.facts import Keeping
from bridge.core import session
from bridge.core.call_life import Ordered
from bridge.core.identity import CallIdentity
from bridge.core.order import Order
from bridge.core.phone import E164, parse_e164
from bridge.core.record import CallRecord, Mode, State
from bridge.core.session import SessionKey
from bridge.core.signature import keyed_digest
from bridge.errors import BadRequest
from bridge.ports.records import Records

ORDER = "order"
"""Where a record's details keep the digest of its order, by which a repeat is told from another."""


class OrderBook:
    """See the module.

    Args:
        scope: which session a call joins.
        today: time of day, in seconds.
    """

    def __init__(
        self,
        records: Records,
        scope: entrance.Rules,
        keeping: Keeping,
        *,
        today: Callable[[], float],
    ) -> None:
        self._records = records
        self._scope = scope
        self._keeping = keeping
        self._today = today

    async def held(self, order: Order) -> CallRecord | None:
        """The call that was placed, or promised, under this order's key."""
        if order.key is None:
            return None
        call = await self._records.call(call_id(order.owner, order.key))
        return None if call is None else self.same(call, order)

    def reserved(self, order: Order) -> CallRecord:
        """The record of an order, whole; it is not written yet."""
        now_s = self._today()
        number = parse_e164(order.to)
        own_id = call_id(order.owner, order.key)
        return CallRecord(
            id=own_id,
            direction="outbound",
            source=order.source,
            state=State.RESERVED,
            placed_s=now_s,
            touched_s=now_s,
            remote=number,
            line=order.line,
            session_key=order.session or self._session(own_id, number, order.line),
            mode=order.mode,
            message=order.message,
            brief=order.brief,
            language=order.language,
            owner=order.owner,
            idempotency_key=None if order.key is None else f"{order.owner}:{order.key}",
            details={ORDER: self._digest(order)},
        )

    async def write_down(self, call: CallRecord, promised: CallRecord | None) -> CallRecord | None:
        """Writes an order down; the call that is there instead, if somebody was before us."""
        kept = self._kept(call)
        if promised is None:
            added = await self._records.add(kept)
            return None if added.is_new else added.call
        ordered = Ordered(kept.placed_s, call.mode or Mode.CONVERSATION, kept.message, kept.brief)
        ordered = replace(ordered, details=kept.details)
        change = await self._records.change(promised.id, ordered)
        if change is None:
            return promised
        return None if change.moved else change.after

    def _kept(self, call: CallRecord) -> CallRecord:
        """The record, fit to be written."""
        if not self._keeping.words:
            call = replace(call, message="", brief="")
        redacted = self._keeping.redactor.call(call)
        return replace(redacted, details=call.details)

    def _digest(self, order: Order) -> str:
        """What tells an order from others. Nobody without the install's secret can guess at it."""
        said = (order.to, order.line, order.mode, order.message, order.brief, order.language)
        text = json.dumps((*said, order.session))
        return keyed_digest(self._scope.secret, ORDER, text)

    def _session(self, own_id: str, number: E164, line: E164 | None) -> SessionKey | None:
        """The callee's own. One that stands for a single call is left to its turns."""
        return session.session_key(
            scope=self._scope.scope,
            template=self._scope.template,
            fixed_key=self._scope.fixed_key,
            identity=replace(identity_of(own_id, number, line), call=None),
            header_key=None,
            secret=self._scope.secret,
        )

    def same(self, call: CallRecord, order: Order) -> CallRecord:
        """The call, if it is of this very order, or was promised and never ordered.

        Raises:
            BadRequest: its key was used for another one.
        """
        if call.details.get(ORDER) not in (None, self._digest(order)):
            raise BadRequest(
                "This key was used for another call.", param="Idempotency-Key", status=409
            )
        return call


def call_id(owner: str, key: str | None) -> str:
    """An id for a call: random; the same again for the same key of the same owner."""
    if key is None:
        return f"call_{secrets.token_hex(8)}"
    stated = json.dumps([owner, key]).encode()
    return f"call_{hashlib.sha256(stated).hexdigest()[:16]}"


def identity_of(own_id: str, number: E164, line: E164 | None) -> CallIdentity:
    """Who is on a call that we place, as its requests will state it."""
    return CallIdentity(
        caller=line,
        called=number,
        call=own_id,
        direction="outbound",
        is_outbound=True,
        is_call=True,
    )
