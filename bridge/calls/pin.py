"""The code that callers must give, over the live calls of this process.

`core/pin.py` decides; here is who is asked, and which of the caller's words are kept from the
agent because they asked for the code or were it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.core.dialogue import Dialogue, News, TurnKey
from bridge.core.identity import CallIdentity, Strength
from bridge.core.pin import Pin, PinBook, PinDecision
from bridge.core.session import caller_digest
from bridge.core.spoken_digits import digits_in


@dataclass(frozen=True, slots=True)
class CodeDesk:
    """Asks for the code.

    Attributes:
        pin: the code.
        secret: the install's secret, for digests of numbers.
        now: monotonic seconds.
    """

    pin: Pin
    secret: bytes = field(repr=False)
    now: Callable[[], float]
    _book: PinBook = field(default_factory=PinBook)

    def judge(self, identity: CallIdentity, history: Dialogue) -> PinDecision:
        """What to do with a request. `PASS` also for one that asks nothing of the agent.

        A request that is no telephone call and names no conversation was let in by its token;
        so was a call that we placed. A call that nothing tells from others is always `LOCKED`:
        it could never prove anything.
        """
        asks_agent = history.news in (News.UTTERANCE, News.RESULTS)
        is_ours = identity.is_outbound
        if not asks_agent or is_ours or not (identity.is_call or identity.conversation):
            return PinDecision.PASS
        call = self._call(identity)
        if call is None:
            return PinDecision.LOCKED
        assert history.key is not None
        return self._book.step(
            conversation=call,
            number=self._number(identity),
            utterance_key=_name(history.key),
            utterance=history.newest[-1].text if history.news is News.UTTERANCE else "",
            pin_ok=self.pin.matches,
            at_s=self.now(),
        )

    def private(self, identity: CallIdentity, utterances: list[str]) -> frozenset[int]:
        """Positions of utterances that the agent must not see.

        Those that this process asked for the code over, and any that is the code: after a
        restart in mid-call nothing else would remember it.
        """
        call = self._call(identity)
        kept_out = self._book.gate(call).kept_out if call else frozenset()
        asked = {int(name.partition(":")[0]) for name in kept_out}
        codes = {i for i, text in enumerate(utterances) if self.pin.matches(digits_in(text))}
        return frozenset(asked | codes)

    def _call(self, identity: CallIdentity) -> str | None:
        """What tells this call from others; where only a key does, the caller's number as well."""
        number = self._number(identity)
        if identity.strength is Strength.CONVERSATION:
            return identity.thread
        named = identity.call or number
        return None if named is None else f"{identity.thread}:{named}:{number}"

    def _number(self, identity: CallIdentity) -> str | None:
        return None if identity.caller is None else caller_digest(identity.caller, self.secret)


def _name(key: TurnKey) -> str:
    return f"{key.position}:{key.before}:{key.words}"
