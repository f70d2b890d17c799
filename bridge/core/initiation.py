"""How a call is introduced: what the voice platform asks while it rings, and what we answer.

Our own dynamic variables carry what is known of a call from the moment it rings to each request
of it. Provisioning declares every one of them on the agent, with `NOT_STATED` as its value, so that
a variable that nobody fills never ends a conversation, and says which header brings it back.

A platform gives up a call over an answer it can't use. So nothing that it sends in a field is an
error here, every variable is in every answer, and nothing is overridden that needn't be: no more
than the agent's first message and language, which provisioning permits.

Source: elevenlabs.io/docs, conversation initiation webhook and dynamic variables (2026-11).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bridge.core.chat import Message
from bridge.core.identity import CONVERSATION_HEADER, CallIdentity, identify
from bridge.core.language import LANGUAGE_HEADER
from bridge.core.phone import E164
from bridge.core.phrases import Phrases
from bridge.core.prompts import IN_THEIR_LANGUAGE
from bridge.core.session import SessionKey
from bridge.core.stated import NOT_STATED, SESSION_HEADER
from bridge.errors import BadRequest

__all__ = [
    "NOT_STATED",
    "PLATFORM_VARIABLES",
    "SECRET_HEADER",
    "VARIABLES",
    "Introduction",
    "first_message",
    "language_by_number",
    "opens_with",
    "parse_ringing",
    "variables",
]

SECRET_HEADER = "x-bridge-webhook-secret"  # noqa: S105 - a header's name
"""Proves that it is the platform who asks. `Authorization` is not sent on by every platform."""

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "bridge_session_key": SESSION_HEADER,
        "bridge_caller": "x-bridge-caller",
        "bridge_called": "x-bridge-called",
        "bridge_call": "x-bridge-call",
        "bridge_direction": "x-bridge-direction",
        "bridge_language": LANGUAGE_HEADER,
    }
)
"""Each of our variables, and the header that brings it back to us with every request."""

PLATFORM_VARIABLES: Mapping[str, str] = MappingProxyType(
    {"system__conversation_id": CONVERSATION_HEADER}
)
"""Variables of the platform's own that every conversation has, and their header."""

WITHHELD_CALLER = "anonymous"
UNKNOWN_CALL = "unknown"
"""What the variables say of a call whose number or id we were not given: both mean withheld.

`NOT_STATED` would make less than a telephone call of it, and the inbound policy would have no say.
"""

_RINGING = {
    "caller_id": "x-bridge-caller",
    "called_number": "x-bridge-called",
    "call_sid": "x-bridge-call",
}
"""What the platform tells of a call that rings, and the header that would tell it of a request."""


def parse_ringing(body: Mapping[str, object]) -> CallIdentity:
    """Who is calling, while it rings. Never raises: what can't be read counts as withheld.

    Args:
        body: the platform's JSON object. A call that rings is read as its own requests will be,
            so that both are one caller.
    """
    headers = {header: _text(body, name) for name, header in _RINGING.items()}
    headers["x-bridge-direction"] = "inbound"
    try:
        return identify({**headers, CONVERSATION_HEADER: _text(body, "conversation_id")}, ())[0]
    except BadRequest:  # of a conversation id only: without one the turns' own decides
        return identify(headers, ())[0]


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def variables(
    identity: CallIdentity, *, key: SessionKey | None = None, language: str | None = None
) -> dict[str, str]:
    """Every one of `VARIABLES`, for a call.

    Args:
        identity: who is calling, and whom. As a header must be able to carry it, a call id that
            isn't ASCII counts as not known.
        key: the session that the call joins; `None` leaves it to each request.
        language: the caller's, when something tells it; `None` leaves it to what is said.
    """
    call = identity.call
    values = {
        "bridge_session_key": key,
        "bridge_caller": identity.caller or WITHHELD_CALLER,
        "bridge_called": identity.called,
        "bridge_call": call if call is not None and call.isascii() else UNKNOWN_CALL,
        "bridge_direction": identity.direction or "inbound",
        "bridge_language": language,
    }
    return {name: values[name] or NOT_STATED for name in VARIABLES}


def first_message(setting: str, greeting: str, phrases: Phrases, *, asks_code: bool = False) -> str:
    """What is said to somebody who calls; `""` when they speak first.

    The agent's own first message is this in the phrases of `turn.language`.

    Args:
        setting: `elevenlabs.first_message`.
        greeting: `turn.greeting`.
        phrases: ours, in the caller's language.
        asks_code: callers must give a code. The question comes with the greeting, so that the
            first thing said can be the code; see `bridge.core.pin`.
    """
    said = setting
    if setting == IN_THEIR_LANGUAGE:
        is_own = greeting not in ("", IN_THEIR_LANGUAGE)
        said = greeting if is_own else phrases.greeting
    return f"{said} {phrases.pin_ask}" if said and asks_code else said


def language_by_number(number: E164 | None, entries: Iterable[str]) -> str | None:
    """The language of a caller by their number, or `None` when no entry has it.

    Args:
        number: the caller's; `None` when withheld.
        entries: `turn.languages`, each as `+49=de`. The longest prefix wins.
    """
    if number is None:
        return None
    pairs = (entry.partition("=")[::2] for entry in entries)
    fitting = [(prefix, language) for prefix, language in pairs if number.startswith(prefix)]
    return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None


@dataclass(frozen=True, slots=True)
class Introduction:
    """The answer to a call that rings.

    Attributes:
        variables: every one of `VARIABLES`.
        first_message: what is said instead of the agent's own first message; `""` leaves that.
        language: spoken and listened for instead of the agent's own language; `""` leaves that.
    """

    variables: Mapping[str, str]
    first_message: str = ""
    language: str = ""

    def render(self) -> dict[str, Any]:
        """As the platform wants it, to be written as JSON."""
        said = {"first_message": self.first_message, "language": self.language.lower()}
        override = {name: text for name, text in said.items() if text}
        return {
            "type": "conversation_initiation_client_data",
            "dynamic_variables": dict(self.variables),
            **({"conversation_config_override": {"agent": override}} if override else {}),
        }


def opens_with(messages: Sequence[Message], sentences: Collection[str]) -> bool:
    """Whether the first thing that anybody said is one of these, by the agent, and whole.

    A caller who spoke over it may not have heard it, and the platform's history then cuts it.
    """
    spoken = (m for m in messages if m.role in ("user", "assistant") and m.text.strip())
    first = next(spoken, None)
    return (
        first is not None
        and first.role == "assistant"
        and " ".join(first.text.split()) in sentences
    )
