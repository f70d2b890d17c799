"""How bridge is broken on purpose: what is put in place of one of its parts.

Each function is a part that does wrong, or takes a part and gives one that does. `ways.py` says
which of them takes away what.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bridge import provisioning
from bridge.calls import recorder, steps
from bridge.calls.facts import Delivered
from bridge.calls.rules import Rules
from bridge.calls.run import Run
from bridge.carriers import elevenlabs as carrier
from bridge.core import (
    call_outcome,
    delivery,
    initiation,
    outbound,
    turn,
    turn_events,
)
from bridge.core.conversation import Conversation
from bridge.core.reply import Call, End, Failure
from bridge.core.turn_events import (
    Decision,
    Event,
    Nothing,
    Requested,
    Start,
)
from bridge.errors import VendorError
from bridge.settings import Settings
from bridge.wiring import rules as wired

Step = Callable[[Conversation, Event], tuple[Conversation, Decision]]


def stepping(change: Callable[[Step, Conversation, Event], tuple[Conversation, Decision]]) -> Any:
    """A ledger that decides otherwise."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(steps, "step", lambda held, event: change(turn.step, held, event))

    return breaks


def setting(target: object, name: str, value: object) -> Any:
    """Something else in its place."""
    return lambda patch: patch.setattr(target, name, value)


def wrapping(target: Any, name: str, change: Callable[[Any], Any]) -> Any:
    """The same with something done to it: `change` is given what stood there."""
    return lambda patch: patch.setattr(target, name, change(getattr(target, name)))


# -- the ledger -----------------------------------------------------------------------------------


def forgets(real: Step, held: Conversation, event: Event) -> tuple[Conversation, Decision]:
    """Every request is the first one."""
    if not isinstance(event, Requested):
        return real(held, event)
    made, decision = real(Conversation(), event)
    return replace(held, runs=(*held.runs, *made.runs)), decision


def stops_nothing(real: Step, held: Conversation, event: Event) -> tuple[Conversation, Decision]:
    """What was asked before goes on."""
    made, decision = real(held, event)
    if not isinstance(decision, Start) or not decision.stops:
        return made, decision
    going_on = replace(made, runs=(*held.runs, made.runs[-1]))
    return going_on, replace(decision, stops=(), after=())


def keeps_on(real: Step, held: Conversation, event: Event) -> tuple[Conversation, Decision]:
    """Nobody listens any more, and it goes on."""
    if isinstance(event, turn_events.Left | turn_events.GraceOver):
        return held, Nothing()
    return real(held, event)


# -- what is said ---------------------------------------------------------------------------------


def call_first(finish: Any) -> Any:
    """What is called goes out with the first word, and no word after it."""

    def broken(self: delivery.Delivery, text: str, at_s: float) -> Any:
        items = finish(self, text, at_s)
        calls = self._acts() if self._marks and not self._is_over else []
        if not calls:
            return items
        self._is_over = True
        return [
            *(item for item in items if isinstance(item, Call)),
            *calls,
            End("tool_calls"),
        ]

    return broken


def own_words(failure: Failure, _phrases: object, *, spoke: bool) -> str:
    del spoke
    return f"error: {failure.message} (status {failure.status})"


def shapes_nothing(turn_rules: Any) -> Any:
    def broken(settings: Settings) -> Rules:
        made: Rules = turn_rules(settings)
        return replace(made, speech=replace(made.speech, shape=False))

    return broken


def no_deadline(speak: Any) -> Any:
    async def broken(
        self: Run, upstream: Any, prepare: Any, _deadline_s: float, go_behind: Any
    ) -> None:
        await speak(self, upstream, prepare, 10_000.0, go_behind)

    return broken


def no_ring_back(_keep: Any) -> Any:
    async def broken(_self: Any, _promise: Any, _answer: str) -> None:
        """The answer is there, and nobody is rung."""

    return broken


class OldNames:
    """Arguments as some other day's documentation had them."""

    def __call__(self, *_args: object) -> Mapping[str, Any]:
        return {"number": "+15550100777", "why": "because"}


# -- calls that bridge places ---------------------------------------------------------------------


def dials_again(dial: Any) -> Any:
    async def broken(self: carrier.Dialer, order: Any) -> Any:
        try:
            return await dial(self, order)
        except VendorError:
            return await dial(self, order)

    return broken


async def not_written(_self: recorder.Recorder, fact: Any) -> None:
    if isinstance(fact, Delivered):
        fact.written.set()


def greets_nobody(patch: pytest.MonkeyPatch) -> None:
    for module in (initiation, provisioning):
        patch.setattr(module, "first_message", lambda *_args, **_named: "")


def forgets_sessions(patch: pytest.MonkeyPatch) -> None:
    """Nothing of a session is stated by the platform, and each start makes a secret of its own."""
    secrets = itertools.count()
    own = f"{next(secrets)}".encode().ljust(32, b"-")
    real = initiation.variables

    def start(_settings: object) -> bytes:
        return f"secret-{next(secrets)}".encode() + own

    patch.setattr(wired, "install_secret", start)
    patch.setattr(
        initiation, "variables", lambda identity, **named: real(identity, **{**named, "key": None})
    )


def passes_all(decide: Any) -> Any:
    def broken(*args: Any, **named: Any) -> outbound.Verdict:
        verdict: outbound.Verdict = decide(*args, **named)
        return replace(verdict, results=tuple(replace(one, passed=True) for one in verdict.results))

    return broken


def all_are_completed(verdict: Any) -> Any:
    return lambda told: call_outcome.COMPLETED if verdict(told) is not None else None


def machines_are_people(verdict: Any) -> Any:
    def broken(told: Any) -> call_outcome.Verdict | None:
        found: call_outcome.Verdict | None = verdict(told)
        return call_outcome.COMPLETED if found == call_outcome.VOICEMAIL else found

    return broken


def raises(*_args: object, **_named: object) -> Any:
    raise RuntimeError("a bug")
