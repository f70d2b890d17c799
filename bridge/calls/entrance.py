"""Who may have a turn: identity, policy, code, session, before anything is asked of the agent.

    request ─▶ who is it ─▶ policy ─▶ pace of this number ─▶ code ─▶ session ─▶ a turn

A refused caller hears one sentence and the line is hung up; a request that does not stream gets
a status. The agent learns of neither. Who heard the sentence when the call was answered
(`calls/inbound.py`) is hung up without it, and stays refused.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.calls.endings import Endings
from bridge.calls.errands import Errands
from bridge.calls.listening import Listening, at_once
from bridge.calls.pin import CodeDesk
from bridge.calls.request import TurnRequest
from bridge.calls.sessions import SessionBook
from bridge.calls.witness import NOBODY, Witness
from bridge.core import control, dialogue, manner, policy, prompts, session
from bridge.core.chat import ChatRequest, Message
from bridge.core.dialogue import Dialogue
from bridge.core.history import OUR_CALL
from bridge.core.identity import CallIdentity, identify
from bridge.core.initiation import VARIABLES, opens_with
from bridge.core.language import language_of
from bridge.core.limits import RateLimit
from bridge.core.phrases import PhraseBook, Phrases
from bridge.core.pin import Pin, PinDecision
from bridge.core.record import Mode
from bridge.core.reply import Call, End, Item
from bridge.core.stated import SESSION_HEADER
from bridge.errors import NotAllowed, OverLimit
from bridge.ports.upstream import Ask

DIRECTION_HEADER = VARIABLES["bridge_direction"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator set about who may call, and which session a call joins.

    Attributes:
        scope, template, fixed_key: see `bridge.core.session.session_key`.
        secret: the install's secret, for digests of numbers.
        pin: the code that callers must give; `None` for none.
        per_number: requests a minute for each caller's number; 0 is off.
        language: assumed when nothing shows the caller's.
    """

    policy: policy.Policy
    scope: str
    template: str
    fixed_key: str
    secret: bytes = field(repr=False)
    pin: Pin | None = None
    per_number: int = 0
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of ours instead of a turn. `error` is what a request without a stream gets."""

    rule: str
    items: tuple[Item, ...]
    error: NotAllowed | None = None

    def listening(self) -> Listening:
        """The answer, to be followed as any reply."""
        return Listening("refused", secrets.token_hex(8), at_once(self.items))


class Entrance:
    """Lets requests in as turns.

    Args:
        now: monotonic seconds, for limits and codes.
        today: time of day in seconds, for the list of sessions.
        refused: told the rule of each refusal.
        witness: told of each call that is refused.
        errands: what calls are for that we placed.
        endings: which calls are to be hung up.
    """

    def __init__(
        self,
        rules: Rules,
        book: PhraseBook,
        sessions: SessionBook,
        *,
        now: Callable[[], float],
        today: Callable[[], float],
        refused: Callable[[str], None],
        witness: Witness = NOBODY,
        errands: Errands | None = None,
        endings: Endings | None = None,
    ) -> None:
        self._rules = rules
        self._book = book
        self._sessions = sessions
        self._errands = errands
        self._endings = endings
        self._now = now
        self._today = today
        self._refused = refused
        self._witness = witness
        self._pace = RateLimit(rules.per_number)
        self._code = CodeDesk(rules.pin, rules.secret, now) if rules.pin else None
        self._refusals = frozenset(book.for_language(tag).refused for tag in book.languages)

    async def recall(self, headers: Mapping[str, str]) -> None:
        """Has at hand what a call is for that we placed, before its turn is let in."""
        if self._errands is not None and headers.get(DIRECTION_HEADER) == "outbound":
            await self._errands.recall(identify(headers, ())[0])

    def admit(self, chat: ChatRequest, headers: Mapping[str, str]) -> TurnRequest | Refusal:
        """A request of the voice profile.

        Raises:
            BadRequest: a header is wrong.
            OverLimit: this number asks too fast.
        """
        identity, messages = identify(headers, chat.messages)
        language = language_of(messages, headers, self._rules.language)
        phrases = self._book.for_language(language)
        history = dialogue.read(messages)
        decision = policy.decide(self._rules.policy, identity)
        was_told = opens_with(messages, self._refusals)
        if was_told or not decision.allowed:
            rule = "refused_before" if decision.allowed else decision.rule
            self._witness.turned_away(identity, rule)
            return self._turn_away(rule, chat, phrases, history, was_told=was_told)
        closing = self._closing(identity, history, phrases, chat)
        if not closing:
            self._check_pace(identity)
            answer = self._ask_for_code(identity, history, phrases, chat)
            if answer is not None:
                return answer
        key = self._session(identity, headers)
        return TurnRequest(
            thread=identity.thread or f"alone:{secrets.token_hex(8)}",
            strength=identity.strength,
            identity=identity,
            messages=messages,
            dialogue=history,
            session_key=key,
            language=language,
            received_s=self._now(),
            tools=chat.tools,
            params=chat.params,
            model=chat.model,
            private=self._private(identity, history, messages),
            errand=self._errand(identity),
            closing=closing,
        )

    def admit_plain(self, chat: ChatRequest, headers: Mapping[str, str]) -> Ask:
        """A request of the plain profile, as the agent is to be asked.

        Raises:
            BadRequest: a header is wrong.
            NotAllowed: this caller may not talk to the agent, or would have to give a code.
            OverLimit: this number asks too fast.
        """
        identity, messages = identify(headers, chat.messages)
        decision = policy.decide(self._rules.policy, identity)
        rule = decision.rule if not decision.allowed else ""
        if self._rules.pin is not None and identity.is_call:
            rule = rule or "pin"
        if rule:
            self._refused(rule)
            raise _not_allowed(rule)
        self._check_pace(identity)
        spoken = [m for m in messages if m.role not in ("system", "developer")]
        return Ask(
            messages=messages,
            newest=tuple(spoken[-1:]) or messages[-1:],
            session_key=self._session(identity, headers),
            tools=chat.tools,
            params=chat.params,
            model=chat.model,
            plain=True,
        )

    def _session(
        self, identity: CallIdentity, headers: Mapping[str, str]
    ) -> session.SessionKey | None:
        key = session.session_key(
            scope=self._rules.scope,
            template=self._rules.template,
            fixed_key=self._rules.fixed_key,
            identity=identity,
            header_key=headers.get(SESSION_HEADER),
            secret=self._rules.secret,
        )
        self._sessions.note(key, identity, self._today())
        return key

    def _errand(self, identity: CallIdentity) -> str:
        """What the agent is told of a call that we placed."""
        errand = self._errands.of(identity) if self._errands else None
        if errand is None:
            return ""
        tell = manner.ring_back if errand.is_ring_back else manner.errand
        return tell(errand.message, errand.brief)

    def _closing(
        self, identity: CallIdentity, history: Dialogue, phrases: Phrases, chat: ChatRequest
    ) -> tuple[Item, ...]:
        """What ends a call: that was asked for, all is stopped, or the one thing has been said.

        Who spoke over the message hears it once more; "Hello?" is what people say who pick up.
        """
        errand = self._errands.of(identity) if self._errands else None
        is_stopped = self._is_stopped(identity)
        if not is_stopped and (errand is None or errand.mode is not Mode.NOTIFY):
            return ()
        if prompts.may_continue(history):
            return (End(),)
        last = phrases.goodbye
        if errand is not None and not is_stopped and not _was_said(errand.message, chat):
            last = f"{errand.message.strip()} {last}"
        return _sentence(last, phrases, chat, hang_up=True)

    def _is_stopped(self, identity: CallIdentity) -> bool:
        if self._endings is not None and self._endings.holds(identity):
            return True
        return self._errands is not None and self._errands.is_stopped(identity)

    def _turn_away(
        self,
        rule: str,
        chat: ChatRequest,
        phrases: Phrases,
        history: Dialogue,
        *,
        was_told: bool,
    ) -> Refusal:
        """One polite sentence, once: what follows our own hang-up is an empty end."""
        self._refused(rule)
        if prompts.may_continue(history):
            return Refusal(rule, (End(),), _not_allowed(rule))
        if was_told:
            return Refusal(rule, _hang_up(phrases, chat), _not_allowed(rule))
        items = _sentence(phrases.refused, phrases, chat, hang_up=True)
        return Refusal(rule, items, _not_allowed(rule))

    def _check_pace(self, identity: CallIdentity) -> None:
        if identity.remote is None:
            return
        number = session.caller_digest(identity.remote, self._rules.secret)
        admission = self._pace.admit(number, self._now())
        if not admission.allowed:
            self._refused("per_number")
            raise OverLimit(
                "Too many requests a minute from this caller.",
                retry_after_s=admission.retry_after_s,
            )

    def _ask_for_code(
        self, identity: CallIdentity, history: Dialogue, phrases: Phrases, chat: ChatRequest
    ) -> Refusal | None:
        """What to say instead of asking the agent; `None` when the caller has proved themselves."""
        if self._code is None or prompts.may_continue(history):
            return None
        decision = self._code.judge(identity, history)
        sentence = {
            PinDecision.ASK: phrases.pin_ask,
            PinDecision.WRONG: phrases.pin_wrong,
            PinDecision.LOCKED: phrases.pin_locked,
            PinDecision.ACCEPTED: phrases.pin_ok,
            PinDecision.PASS: "",
        }[decision]
        if not sentence:
            return None
        if decision is not PinDecision.ACCEPTED:
            self._refused(f"pin_{decision.value}")
        is_locked = decision is PinDecision.LOCKED
        if is_locked:
            self._witness.turned_away(identity, "pin_locked")
        return Refusal(
            f"pin_{decision.value}",
            _sentence(sentence, phrases, chat, hang_up=is_locked),
            _not_allowed("pin_locked") if is_locked else None,
        )

    def _private(
        self, identity: CallIdentity, history: Dialogue, messages: Sequence[Message]
    ) -> frozenset[int]:
        """Positions of what is kept from the agent: never the words it is being asked now."""
        if self._code is None:
            return frozenset()
        private = self._code.private(identity, dialogue.utterances(messages))
        return private - {key.position for key in history.utterance_keys[-1:]}


def _was_said(message: str, chat: ChatRequest) -> bool:
    """Whether some reply in the history has the message whole."""
    wanted = " ".join(message.split())
    said = (m.text for m in chat.messages if m.role == "assistant")
    return any(wanted in " ".join(text.split()) for text in said)


def _sentence(
    sentence: str, phrases: Phrases, chat: ChatRequest, *, hang_up: bool
) -> tuple[Item, ...]:
    run_id = secrets.token_hex(8)
    return tuple(
        prompts.refusal(sentence, phrases, tools=chat.tools, run_id=run_id, hang_up=hang_up)
    )


def _hang_up(phrases: Phrases, chat: ChatRequest) -> tuple[Item, ...]:
    """The line is hung up without a word, if the platform lets us; else nothing is said."""
    call = control.build_call(
        control.Act.HANG_UP,
        "",
        chat.tools,
        f"{OUR_CALL}{secrets.token_hex(8)}_0",
        last_words=phrases.refused,
        phrases=phrases,
    )
    return (End(),) if call is None else (Call(*call, ours=True), End("tool_calls"))


def _not_allowed(rule: str) -> NotAllowed:
    return NotAllowed(
        f"Policy does not let this caller in (rule {rule!r}).",
        rule=rule,
    )
