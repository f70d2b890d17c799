"""A conversation as the voice platform tells it: in a report when it is over, or when asked.

Both have one shape. What it doesn't state, or not readably, is `None` or empty: nothing that it
sends is an error here.

Source: elevenlabs.io/docs, GET /v1/convai/conversations/{id}, post-call webhooks (2026-11).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.core.identity import Direction
from bridge.core.phone import E164, parse_e164
from bridge.core.post_call import MAX_CODE, MAX_SECONDS
from bridge.core.stated import ID_CHARS, is_withheld

LIVE_STATUSES = frozenset({"initiated", "in-progress"})
"""The call is not over."""

MAX_SAID = 2000
"""Entries of a transcript that are read: more than are said in the longest call of two hours."""

SAID_CHARS = 60_000
"""Characters of one entry: as much as one reply may have."""

MAX_COST = 1_000_000.0
"""A dearer call is a mistake of somebody's."""

_REASON_CHARS = 1000
_WORD = re.compile("[!-~]{1,64}")
_MOMENTS: Final = (1e9, 1e11)


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the transcript.

    Attributes:
        by_caller: the caller said it; else the voice agent did.
        text: what was really said, as the platform has it; cut where the caller barged in.
        interrupted: the caller spoke into it.
    """

    by_caller: bool
    text: str = field(repr=False)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class PlatformCall:
    """What the platform knows of a call.

    Attributes:
        status: `initiated`, `in-progress`, `processing`, `done`, `failed`; empty when not told.
        reason: why it ended, in the platform's own text: may quote the caller, never kept.
        error_code, error_reason: of what went wrong; the reason as `reason`.
        failure: why it could not be placed: `busy`, `no-answer`, `unknown`.
        call_result: `answered`, `voicemail`, `busy`, `no_answer`, `failed`; empty when not told.
        machine: verdict of the machine detection, as `human` or `machine_start`.
        started_s, accepted_s: time of day.
        duration_s: talking time.
        cost: in credits of the platform.
        fiat: in `currency`, when it tells.
        direction, remote, line, carrier_call: of a telephone call; `None` when it was none.
        user: what the conversation was begun for: our id, of a call that we placed.
        transcript: oldest first.
    """

    conversation: str
    status: str = ""
    reason: str = field(default="", repr=False)
    error_code: str = ""
    error_reason: str = field(default="", repr=False)
    failure: str = ""
    call_result: str = ""
    machine: str = ""
    started_s: float | None = None
    accepted_s: float | None = None
    duration_s: float | None = None
    cost: float | None = None
    fiat: float | None = None
    currency: str = ""
    direction: Direction | None = None
    remote: E164 | None = field(default=None, repr=False)
    line: E164 | None = field(default=None, repr=False)
    carrier_call: str | None = None
    user: str | None = None
    transcript: tuple[Said, ...] = field(default=(), repr=False)

    @property
    def is_live(self) -> bool:
        """Whether it says that the call goes on."""
        return self.status in LIVE_STATUSES


def parse_platform_call(conversation: str, told: Mapping[str, Any]) -> PlatformCall:
    """What the platform tells of a conversation. Never raises.

    Args:
        conversation: its id, checked already.
        told: the answer's object, or a report's `data`.
    """
    metadata = _part(told, "metadata")
    error, phone = _part(metadata, "error"), _part(metadata, "phone_call")
    fiat = _part(metadata, "cost_fiat")
    direction = _direction(phone.get("direction"))
    return PlatformCall(
        conversation=conversation,
        status=_word(told.get("status")),
        reason=_text(metadata.get("termination_reason")),
        error_code=_code(error.get("code")),
        error_reason=_text(error.get("reason")),
        failure=_word(told.get("failure_reason")),
        call_result=_word(phone.get("call_result")),
        machine=_word(_first(told, "answered_by", "verdict", "result")),
        started_s=_number(metadata.get("start_time_unix_secs"), *_MOMENTS),
        accepted_s=_number(metadata.get("accepted_time_unix_secs"), *_MOMENTS),
        duration_s=_number(metadata.get("call_duration_secs"), 0, MAX_SECONDS),
        cost=_number(metadata.get("cost"), 0, MAX_COST),
        fiat=_number(_first(fiat, "amount", "value"), 0, MAX_COST),
        currency=_word(fiat.get("currency")).upper(),
        direction=direction,
        remote=_phone(phone.get("external_number")),
        line=_phone(phone.get("agent_number")),
        carrier_call=_id(phone.get("call_sid")) or _id(_carrier_id(told)),
        user=_id(told.get("user_id"))
        or _id(_part(told, "conversation_initiation_client_data").get("user_id")),
        transcript=tuple(_transcript(told.get("transcript"))),
    )


def _transcript(entries: object) -> Iterator[Said]:
    if not isinstance(entries, list):
        return
    for entry in entries[:MAX_SAID]:
        if not isinstance(entry, dict) or entry.get("role") not in ("user", "agent"):
            continue
        text = entry.get("message")
        if isinstance(text, str) and text.strip():
            yield Said(
                entry["role"] == "user", text.strip()[:SAID_CHARS], entry.get("interrupted") is True
            )


def _carrier_id(told: Mapping[str, Any]) -> object:
    """The carrier's id of a call that could not be placed."""
    return _first(_part(_part(told, "metadata"), "body"), "CallSid", "call_sid")


def _part(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = holder.get(name)
    return part if isinstance(part, dict) else {}


def _first(holder: Mapping[str, Any], *names: str) -> object:
    return next((holder[name] for name in names if holder.get(name) is not None), None)


def _text(value: object) -> str:
    return value[:_REASON_CHARS] if isinstance(value, str) else ""


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _id(value: object) -> str | None:
    fits = isinstance(value, str) and len(value) <= ID_CHARS and value.isprintable()
    return str(value) if fits and not is_withheld(str(value)) else None


def _code(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= MAX_CODE else ""
    return _word(value)


def _number(value: object, least: float, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def _phone(value: object) -> E164 | None:
    try:
        return parse_e164(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _direction(value: object) -> Direction | None:
    if value == "inbound":
        return "inbound"
    return "outbound" if value == "outbound" else None
