"""What the voice platform reports of a call when it is over, and which reports were taken.

Of a report only what happened is kept: no words, no numbers. Deliveries can repeat, and a captured
one can be played again; each call is reported once for each type.

Source: elevenlabs.io/docs, post-call webhooks, and GET /v1/convai/conversations/{id} (2026-11).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bridge.core.stated import ID_CHARS, parse_id
from bridge.errors import BadRequest

MAX_TAKEN = 10_000
"""Reports remembered as taken, about 1 MB: more calls than end while a signature holds (half an
hour), so that none can be played again before its signature is too old."""

MAX_SECONDS = 86_400.0
"""A longer call than a day is a mistake of somebody's, and says nothing."""

MAX_CODE = 99_999
"""Codes of errors have three or four digits; what has more may be anything."""

_WORD = re.compile("[A-Za-z0-9_.-]{1,64}")


class ReportType(StrEnum):
    """What a report is of. Sound and unredacted reports are not asked for."""

    TRANSCRIPTION = "post_call_transcription"
    FAILURE = "call_initiation_failure"
    MACHINE = "answering_machine_detection"


OUTCOMES = frozenset({"success", "failure", "unknown", "busy", "no-answer"})
"""How calls come out: the platform's verdict on one that took place, or why there was none."""


@dataclass(frozen=True, slots=True)
class PostCall:
    """A report. What the platform didn't state, or not readably, is `None`.

    Attributes:
        type: what it is of.
        conversation: the platform's conversation id.
        agent: its id of the agent.
        status: of the conversation: `done`, `failed` and so on.
        duration_s: how long the call took.
        termination_reason: why it ended, in the platform's own text, which may quote the caller:
            not for logs.
        error_code: of what went wrong in it.
        call_successful: the platform's verdict: `success`, `failure` or `unknown`.
        failure_reason: why the call could not be placed: `busy`, `no-answer` or `unknown`.
    """

    type: ReportType
    conversation: str
    agent: str | None = None
    status: str | None = None
    duration_s: float | None = None
    termination_reason: str | None = field(default=None, repr=False)
    error_code: str | None = None
    call_successful: str | None = None
    failure_reason: str | None = None

    @property
    def outcome(self) -> str:
        """How the call came out, one of `OUTCOMES`; `""` when the report doesn't say."""
        said = self.failure_reason or self.call_successful
        return said if said in OUTCOMES else ""


def parse_post_call(body: object) -> PostCall | None:
    """A delivery's JSON as a report, or `None` when it is of a type that we don't take.

    Raises:
        BadRequest: it is no delivery, or doesn't say of which conversation.
    """
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise BadRequest("A delivery is a JSON object with a 'type'.", param="type")
    try:
        kind = ReportType(body["type"])
    except ValueError:
        return None
    report = _part(body, "data")
    metadata, analysis = _part(report, "metadata"), _part(report, "analysis")
    error = _part(metadata, "error")
    conversation = report.get("conversation_id")
    if not isinstance(conversation, str):
        raise BadRequest("The report names no conversation.", param="data.conversation_id")
    return PostCall(
        type=kind,
        conversation=parse_id(conversation, "data.conversation_id"),
        agent=_word(report.get("agent_id")),
        status=_word(report.get("status")),
        duration_s=_seconds(metadata.get("call_duration_secs")),
        termination_reason=_text(metadata.get("termination_reason")),
        error_code=_code(error.get("code")),
        call_successful=_word(analysis.get("call_successful")),
        failure_reason=_word(report.get("failure_reason")),
    )


def _part(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = holder.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str | None:
    fits = isinstance(value, str) and 1 <= len(value) <= ID_CHARS and value.isprintable()
    return str(value) if fits else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _code(value: object) -> str | None:
    """An error's code: a small number like those of WebSockets, or a word."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= MAX_CODE else None
    return _word(value)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MAX_SECONDS else None


class Taken:
    """The reports that were taken, as far as they are remembered.

    Args:
        room: how many; the oldest is forgotten first.
    """

    def __init__(self, *, room: int = MAX_TAKEN) -> None:
        self._room = room
        self._keys: dict[tuple[ReportType, str], None] = {}

    def __contains__(self, report: PostCall) -> bool:
        return (report.type, report.conversation) in self._keys

    def add(self, report: PostCall) -> None:
        """It was taken."""
        self._keys[report.type, report.conversation] = None
        if len(self._keys) > self._room:
            del self._keys[next(iter(self._keys))]
