"""Writes one fact after another into the records, and tells the feed what was written."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.calls.errands import as_our_id, carrier_id, our_id
from bridge.calls.exchange import Exchange
from bridge.calls.facts import (
    Delivered,
    Finished,
    Keeping,
    Ringing,
    TurnedAway,
    name_of,
    new_call,
    told_call,
)
from bridge.calls.feed import Feed, Happening
from bridge.core import as_heard
from bridge.core.call_export import render_call, render_turn
from bridge.core.call_life import CallEvent, Over, Rang, Recorded, Reported, Vanished
from bridge.core.call_outcome import Verdict
from bridge.core.identity import CallIdentity
from bridge.core.platform_call import PlatformCall
from bridge.core.record import CallRecord, Fault, Outcome, State, TurnRecord
from bridge.core.session import SessionKey
from bridge.ports.records import NewTurn, Records

KNOWN = 10_000
"""Calls whose record is known without a look at the store: more than are live at once."""


class Clerk:
    """One kind of fact at a time. Every method raises `BridgeError` when the store fails."""

    def __init__(self, records: Records, feed: Feed, keeping: Keeping) -> None:
        self._records = records
        self._feed = feed
        self._keeping = keeping
        self._known: OrderedDict[str, str] = OrderedDict()

    async def ring(self, fact: Ringing) -> None:
        """A call rings."""
        identity = fact.identity
        call = new_call(identity, fact.at_s, State.PLACED)
        call = replace(call, session_key=fact.key, language=fact.language)
        added = await self._records.add(call)
        self._remember(added.call)
        self._tell("call.rang", fact.at_s, added.call)

    async def turn_away(self, fact: TurnedAway) -> None:
        """A call was refused."""
        call_id = await self._call_of(fact.identity, fact.at_s)
        cause = f"Policy: {fact.rule}."
        over = Over(fact.at_s, Verdict(Outcome.REFUSED, Fault.POLICY, cause))
        await self._change("call.refused", call_id, over)

    async def turns(self, facts: Sequence[Finished]) -> None:
        """Turns are over: written in one act, all or none, and told once they are."""
        told: dict[int, Happening] = {}
        for _ in range(2):  # a call that was erased meanwhile is begun anew
            left = [place for place in range(len(facts)) if place not in told]
            new = [await self._new_turn(facts[place]) for place in left]
            held = await self._records.add_turns(new)
            for place, one, turn in zip(left, new, held, strict=True):
                if turn is not None:
                    told[place] = _of_turn(one.call_id, turn, facts[place].exchange)
            if len(told) == len(facts):
                break
            self._known.clear()
        for place in sorted(told):
            self._feed.tell(told[place])

    async def _new_turn(self, fact: Finished) -> NewTurn:
        """The turn as it may be kept, and its call, which is begun when there is none."""
        exchange = fact.exchange
        heard: dict[str, str] = {}
        if exchange.heard_before is not None and self._keeping.words:
            run_id, text = exchange.heard_before
            heard = {run_id: self._keeping.redactor.text(text)}
        call_id = await self._call_of(
            exchange.identity, fact.at_s, exchange.session_key, exchange.language
        )
        return NewTurn(call_id, self._kept(exchange, fact.at_s), heard)

    def _kept(self, exchange: Exchange, at_s: float) -> TurnRecord:
        report = exchange.report
        failure = report.failure
        turn = TurnRecord(
            report.run_id,
            0,
            at_s,
            stages_s=report.moments.stages(),
            outcome=report.outcome,
            failure=f"{failure.code} {failure.why}" if failure else "",
        )
        if not self._keeping.words:
            return turn
        return self._keeping.redactor.turn(
            replace(
                turn,
                utterance=exchange.utterance,
                sent=exchange.sent,
                ours=exchange.ours,
                fillers=exchange.fillers,
                acts=exchange.acts,
            )
        )

    async def report(self, fact: Delivered) -> bool:
        """A report of the platform; whether it changed anything."""
        told = fact.told
        call = await self._records.find(
            conversation=told.conversation, carrier_call=told.carrier_call
        ) or await self._ours(as_our_id(told.user))
        if call is None:
            call = (await self._records.add(told_call(told, fact.at_s))).call
        if fact.kind in call.reported:
            return False
        event: CallEvent
        if fact.file:
            event = Recorded(fact.at_s, fact.kind, fact.file)
        else:
            details = await self._reconcile(call, told)
            event = Reported(fact.at_s, fact.kind, told, details)
        return await self._change("call.reported", call.id, event)

    async def lapse(self, call_id: str, at_s: float) -> None:
        """Nothing was heard of a call for too long."""
        await self._change("call.lapsed", call_id, Vanished(at_s))

    async def _reconcile(self, call: CallRecord, told: PlatformCall) -> Mapping[str, Any]:
        """What the platform says was spoken, into the turns; what else it tells, as details."""
        facts: dict[str, Any] = {
            name: value
            for name, value in (
                ("status", told.status),
                ("error_code", told.error_code),
                ("call_result", told.call_result),
                ("machine", told.machine),
            )
            if value
        }
        if not told.transcript:
            return facts
        found = as_heard.compare(told.transcript, await self._records.turns(call.id))
        redact = self._keeping.redactor
        if self._keeping.words:
            heard = {run_id: redact.text(text) for run_id, text in found.heard.items()}
            await self._records.set_heard(call.id, heard)
            facts["said_otherwise"] = redact.json(found.otherwise)
        barged = sum(entry.interrupted for entry in told.transcript)
        return {**facts, "interruptions": barged, "replies_cut": found.cut}

    async def _change(self, name: str, call_id: str, *events: CallEvent) -> bool:
        change = await self._records.change(call_id, *events)
        if change is None or change.after == change.before:
            return False
        self._remember(change.after)
        self._tell(name, change.after.touched_s, change.after)
        if change.moved and change.after.state is State.ENDED and name != "call.refused":
            self._tell("call.ended", change.after.touched_s, change.after)
        return True

    async def _call_of(
        self,
        identity: CallIdentity,
        at_s: float,
        key: SessionKey | None = None,
        language: str = "",
    ) -> str:
        """The id of a call's record, made when there is none.

        It was set up by hand, or we began in its middle.
        """
        known = self._known.get(name_of(identity))
        if known is not None:
            return known
        call = await self._records.find(
            conversation=identity.conversation, carrier_call=carrier_id(identity)
        ) or await self._ours(our_id(identity))
        if call is None:
            new = replace(
                new_call(identity, at_s, State.PLACED), session_key=key, language=language
            )
            call = (await self._records.add(new)).call
            self._tell("call.began", at_s, call)
        else:
            rang = Rang(
                at_s,
                identity.conversation,
                carrier_id(identity),
                identity.remote,
                identity.line,
                key,
                language,
            )
            await self._records.change(call.id, rang)
        self._known[name_of(identity)] = call.id
        self._forget()
        return call.id

    async def _ours(self, call_id: str | None) -> CallRecord | None:
        """The call that we placed under that id: the platform's was lost on its way to us."""
        call = None if call_id is None else await self._records.call(call_id)
        return call if call is not None and call.mode is not None else None

    def _remember(self, call: CallRecord) -> None:
        if call.conversation is not None:
            self._known[call.conversation] = call.id
            self._forget()

    def _forget(self) -> None:
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def _tell(self, name: str, at_s: float, call: CallRecord) -> None:
        self._feed.tell(Happening(name, at_s, {"call": call.id, **_told_facts(call)}))


def _told_facts(call: CallRecord) -> dict[str, Any]:
    shown = render_call(call)
    names = ("direction", "source", "state", "outcome", "fault", "cause", "remote", "conversation")
    return {name: shown[name] for name in names}


def _of_turn(call_id: str, turn: TurnRecord, exchange: Exchange) -> Happening:
    facts = render_turn(turn, words=False)
    words = {k: v for k, v in render_turn(turn).items() if k not in facts}
    named = {"call": call_id, "conversation": exchange.identity.conversation}
    return Happening("turn.finished", turn.at_s, {**named, **facts}, words)
