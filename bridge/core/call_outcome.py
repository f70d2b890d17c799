"""How a call came out and whose fault it was, by what the platform tells: one table.

The cause is in our words. The platform's own text may quote the caller, so it is looked at here
and kept nowhere.

Source: elevenlabs.io/docs, conversations, post-call webhooks, Twilio call results; the texts of
`termination_reason` as seen in answers (2026-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.core.platform_call import PlatformCall
from bridge.core.record import Fault, Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a call came out. `cause` is one sentence without words spoken, numbers or secrets."""

    outcome: Outcome
    fault: Fault
    cause: str = ""


BUSY = Verdict(Outcome.BUSY, Fault.REMOTE, "The line was busy.")
NO_ANSWER = Verdict(Outcome.NO_ANSWER, Fault.REMOTE, "Nobody picked up.")
VOICEMAIL = Verdict(Outcome.VOICEMAIL, Fault.REMOTE, "A machine picked up.")
NOT_CONNECTED = Verdict(Outcome.FAILED, Fault.CARRIER, "The call could not be connected.")
COMPLETED = Verdict(Outcome.COMPLETED, Fault.NOBODY)
HUNG_UP = Verdict(Outcome.COMPLETED, Fault.NOBODY, "The agent hung up.")
VANISHED = Verdict(
    Outcome.UNKNOWN, Fault.UNKNOWN, "Nothing was heard of it any more, and nobody could tell."
)
PROMISE_LOST = Verdict(
    Outcome.NOT_PLACED,
    Fault.BRIDGE,
    "bridge stopped before the answer came: the caller was promised a call and got none.",
)
FELL_SILENT = Verdict(Outcome.COMPLETED, Fault.NOBODY, "It fell silent.")

BY_RESULT: Mapping[str, Verdict] = MappingProxyType(
    {
        "busy": BUSY,
        "no-answer": NO_ANSWER,
        "no_answer": NO_ANSWER,
        "voicemail": VOICEMAIL,
        "failed": NOT_CONNECTED,
        "unknown": NOT_CONNECTED,
    }
)
"""By why a call could not be placed, or what the carrier says became of it."""


def _done(cause: str) -> Verdict:
    return Verdict(Outcome.COMPLETED, Fault.NOBODY, cause)


ENDINGS: tuple[tuple[tuple[str, ...], Verdict], ...] = (
    (("voicemail",), VOICEMAIL),
    (("transfer",), _done("It was transferred.")),
    (("end_call", "agent"), HUNG_UP),
    (("remote party", "user ended", "client", "caller"), _done("The other side hung up.")),
    (("duration", "time limit"), _done("It took as long as a call may.")),
    (("silence", "inactivity", "no user", "timeout"), _done("Nobody spoke for too long.")),
)
"""Words in the platform's text, any of them, and the verdict that they stand for."""

OVER_STATUSES = frozenset({"done", "processing"})
"""The call is over, and did not fail."""

FAILURES: tuple[tuple[tuple[str, ...], Fault, str], ...] = (
    (("custom_llm", "custom llm"), Fault.AGENT, "The platform got no usable answer from bridge."),
    (
        ("quota", "credit", "concurren", "subscription"),
        Fault.OPERATOR,
        "The account with the platform has none left.",
    ),
    (
        ("override", "dynamic variable", "authentic", "permission"),
        Fault.OPERATOR,
        "The voice agent's settings forbid it.",
    ),
    (("webhook",), Fault.BRIDGE, "The platform got no usable answer while it rang."),
    (("twilio", "sip", "carrier"), Fault.CARRIER, "The carrier failed."),
)
"""Words in the platform's text of a failure, whose fault that is, and the cause."""

PLATFORM_FAILED = "The platform says that it failed."


def verdict(told: PlatformCall) -> Verdict | None:
    """How the call came out; `None` while the platform does not say that it is over."""
    if told.failure:
        return BY_RESULT.get(told.failure, NOT_CONNECTED)
    if told.machine.startswith(("machine", "fax")):
        return VOICEMAIL
    if told.call_result in BY_RESULT:
        return BY_RESULT[told.call_result]
    text = f"{told.error_reason} {told.reason}".casefold()
    if told.status == "failed":
        return _failed(text)
    return _completed(text) if told.status in OVER_STATUSES else None


def _failed(text: str) -> Verdict:
    for words, fault, cause in FAILURES:
        if any(word in text for word in words):
            return Verdict(Outcome.FAILED, fault, cause)
    return Verdict(Outcome.FAILED, Fault.PLATFORM, PLATFORM_FAILED)


def _completed(text: str) -> Verdict:
    for words, found in ENDINGS:
        if any(word in text for word in words):
            return found
    return COMPLETED


def at_wish(found: Verdict, by: str) -> Verdict:
    """The verdict on a call whose end was asked for: a hang-up of ours was for whoever asked.

    Any other ending came first, and stands.
    """
    if not by or found != HUNG_UP:
        return found
    return Verdict(Outcome.COMPLETED, _asker(by), f"It was ended: the {by} asked for that.")


def taken_back(by: str) -> Verdict:
    """The verdict on a call whose end was asked for before it was dialled."""
    return Verdict(Outcome.NOT_PLACED, _asker(by), f"The {by} took it back before it was dialled.")


def _asker(by: str) -> Fault:
    return Fault.AGENT if by == Fault.AGENT else Fault.OPERATOR


def is_better(known: Outcome | None, told: Outcome) -> bool:
    """Whether a verdict that comes later may stand instead of the one that is known.

    What we saw ourselves is never undone. Where we knew nothing, anything is better; and a
    conversation with a machine was one, whichever report came first.
    """
    if known in (None, Outcome.UNKNOWN):
        return True
    return known is Outcome.COMPLETED and told is Outcome.VOICEMAIL
