"""A call rings: who it is, whether they may, which session, and what is said first.

    ringing ─▶ who is it ─▶ policy ─┬─ let in ─▶ session ─▶ greeting in their language
                                    └─ refused ─▶ one sentence, and the agent learns of nothing

Answered from memory in one step: the caller hears it ring for as long as this takes, and the
platform drops the call when it takes long. So nothing here waits: no agent, no ledger, no disk.
Whatever breaks, there is an answer, and it lets nobody in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge import log
from bridge.calls.entrance import Rules
from bridge.calls.sessions import SessionBook
from bridge.calls.witness import NOBODY, Witness
from bridge.core import initiation, policy, session
from bridge.core.identity import CallIdentity
from bridge.core.initiation import Introduction
from bridge.core.phrases import PhraseBook


@dataclass(frozen=True, slots=True)
class Greeting:
    """How calls are greeted.

    Attributes:
        first_message: `elevenlabs.first_message`.
        own: `turn.greeting`.
        languages: `turn.languages`, each as `+49=de`.
    """

    first_message: str = "auto"
    own: str = ""
    languages: tuple[str, ...] = ()


class Inbound:
    """Introduces calls that ring.

    Args:
        today: time of day in seconds, for the list of sessions.
        refused: told the rule of each refusal.
        witness: told of each call.
    """

    def __init__(
        self,
        rules: Rules,
        greeting: Greeting,
        book: PhraseBook,
        sessions: SessionBook,
        *,
        today: Callable[[], float],
        refused: Callable[[str], None],
        witness: Witness = NOBODY,
    ) -> None:
        self._rules = rules
        self._greeting = greeting
        self._book = book
        self._sessions = sessions
        self._today = today
        self._refused = refused
        self._witness = witness
        # Made now, because it is for the moment when something is broken.
        self._closed = Introduction(
            {**dict.fromkeys(initiation.VARIABLES, initiation.NOT_STATED), **_STILL_A_CALL},
            book.for_language(rules.language).refused,
        ).render()

    def ring(self, body: Mapping[str, object]) -> dict[str, Any]:
        """The answer to a call that rings, to be written as JSON.

        Args:
            body: what the platform tells of it. Never an error, whatever is missing or odd.

        Returns:
            Always an answer that the platform can use. When something of ours is broken, the
            caller hears that they can't be taken, and the log says why.
        """
        try:
            return self._introduce(initiation.parse_ringing(body)).render()
        except Exception as error:  # noqa: BLE001 - an error of ours would drop the call unsaid
            log.failure("ringing.failed", error)
            return self._closed

    def _introduce(self, identity: CallIdentity) -> Introduction:
        decision = policy.decide(self._rules.policy, identity)
        told = initiation.language_by_number(identity.caller, self._greeting.languages)
        spoken = told or self._rules.language
        key = self._session(identity) if decision.allowed else None
        _log(identity, decision, key)
        if decision.allowed:
            self._sessions.note(key, identity, self._today(), turns=0)
            self._witness.rang(identity, key, spoken)
            said = self._first_message(spoken)
            is_standing = said == self._first_message(self._rules.language)
        else:
            self._refused(decision.rule)
            self._witness.turned_away(identity, decision.rule)
            said, is_standing = self._book.for_language(spoken).refused, False
        return Introduction(
            initiation.variables(identity, key=key, language=told),
            "" if is_standing else said,
            "" if spoken.lower() == self._rules.language.lower() else spoken,
        )

    def _first_message(self, language: str) -> str:
        return initiation.first_message(
            self._greeting.first_message,
            self._greeting.own,
            self._book.for_language(language),
            asks_code=self._rules.pin is not None,
        )

    def _session(self, identity: CallIdentity) -> session.SessionKey | None:
        """The session that its turns would join by themselves, as far as that is known by now.

        A key that stands for one call holds the conversation's id: without one, none is named.
        """
        return session.session_key(
            scope=self._rules.scope,
            template=self._rules.template,
            fixed_key=self._rules.fixed_key,
            identity=replace(identity, call=None),
            header_key=None,
            secret=self._rules.secret,
        )


_STILL_A_CALL = {
    "bridge_direction": "inbound",
    "bridge_call": initiation.UNKNOWN_CALL,
}
"""What is stated even when nothing is known, so that the inbound policy applies to its turns."""


def _log(identity: CallIdentity, decision: policy.Decision, key: session.SessionKey | None) -> None:
    log.event(
        "call.ringing",
        call=identity.call,
        conversation=identity.conversation,
        caller=identity.caller,
        line=identity.called,
        session=key,
        outcome="let_in" if decision.allowed else "refused",
        rule=decision.rule,
    )
