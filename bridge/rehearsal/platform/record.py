"""A conversation as the platform has it on record: what its API tells, and its webhook delivers.

Pure.

Source: elevenlabs.io/docs, GET /v1/convai/conversations/{id}, post-call webhooks (2026-11).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.rehearsal.platform.history import History
from bridge.rehearsal.platform.opening import PhoneCall

Json = dict[str, Any]

CREDITS_A_SECOND = 10
"""What a call costs there, about: 600 credits a minute. Source: elevenlabs.io/pricing (2026-10)."""

GENERATION_FAILED = "custom_llm generation failed"
"""What the platform says when it got no usable answer."""

FAILED_CODE = 1002
"""Its code for that. Source: conversations in the field (2026-10)."""

Status = Literal["initiated", "in-progress", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record besides what was said.

    Attributes:
        status: how far it is.
        began_s: when it began to ring, time of day.
        picked_up_s: when it was picked up, time of day; `None` when it wasn't.
        over_s: when it was over, time of day; `None` before.
        reason: why it ended.
        result: what the carrier says of a call that was placed: `answered`, `busy` and so on.
        introduced: what it was begun with.
        variables: every dynamic variable.
    """

    agent_id: str
    status: Status
    began_s: float
    picked_up_s: float | None = None
    over_s: float | None = None
    reason: str = ""
    result: str = ""
    introduced: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def duration_s(self) -> int:
        """Talking time, in whole seconds."""
        if self.picked_up_s is None or self.over_s is None:
            return 0
        return int(self.over_s - self.picked_up_s)


def record(call: PhoneCall, facts: Facts, history: History) -> Json:
    """The whole conversation, as `GET /v1/convai/conversations/{id}` tells it."""
    error = {"code": FAILED_CODE, "reason": facts.reason} if facts.status == "failed" else None
    verdicts: dict[Status, str] = {"done": "success", "failed": "failure"}
    introduced = {k: v for k, v in facts.introduced.items() if k != "type"}
    return {
        "agent_id": facts.agent_id,
        "conversation_id": call.conversation,
        "status": facts.status,
        "user_id": introduced.get("user_id"),
        "transcript": history.transcript(),
        "metadata": {
            "start_time_unix_secs": int(facts.began_s),
            "accepted_time_unix_secs": (
                None if facts.picked_up_s is None else int(facts.picked_up_s)
            ),
            "call_duration_secs": facts.duration_s,
            "cost": facts.duration_s * CREDITS_A_SECOND,
            "cost_fiat": None,
            "termination_reason": facts.reason,
            "error": error,
            "phone_call": _phone_call(call, facts.result),
            "authorization_method": "public",
        },
        "analysis": {
            "call_successful": verdicts.get(facts.status, "unknown"),
            "transcript_summary": "",
        },
        "conversation_initiation_client_data": {
            **introduced,
            "dynamic_variables": dict(facts.variables),
        },
        "has_audio": False,
        "has_user_audio": False,
        "has_response_audio": False,
        "has_auxiliary_audio": False,
    }


def summary(whole: Mapping[str, Any]) -> Json:
    """The same in a list, as `GET /v1/convai/conversations` tells it."""
    metadata = whole["metadata"]
    return {
        "agent_id": whole["agent_id"],
        "conversation_id": whole["conversation_id"],
        "start_time_unix_secs": metadata["start_time_unix_secs"],
        "call_duration_secs": metadata["call_duration_secs"],
        "message_count": len(whole["transcript"]),
        "status": whole["status"],
        "call_successful": whole["analysis"]["call_successful"],
        "direction": metadata["phone_call"]["direction"],
        "termination_reason": metadata["termination_reason"],
    }


def _phone_call(call: PhoneCall, result: str) -> Json:
    return {
        "type": "twilio",
        "direction": call.direction,
        "phone_number_id": NUMBER_ID,
        "agent_number": call.line,
        "external_number": call.stated_remote,
        "call_sid": call.call_sid,
        "stream_sid": call.call_sid.replace("CA", "MZ", 1),
        **({"call_result": result} if result else {}),
    }


NUMBER_ID = "phnum_rehearsal"
"""The platform's id of our line."""


def transcription(whole: Mapping[str, Any], at_s: float) -> Json:
    """The delivery when a call is over. `at_s`: time of day."""
    return _delivery("post_call_transcription", whole, at_s)


def initiation_failure(call: PhoneCall, agent_id: str, reason: str, at_s: float) -> Json:
    """The delivery when a call could not be placed: `busy`, `no-answer` or `unknown`."""
    data = {
        "agent_id": agent_id,
        "conversation_id": call.conversation,
        "failure_reason": reason,
        "metadata": {
            "type": "twilio",
            "body": {"CallSid": call.call_sid, "CallStatus": reason, "To": call.remote},
        },
    }
    return _delivery("call_initiation_failure", data, at_s)


def machine_detection(call: PhoneCall, agent_id: str, answered_by: str, at_s: float) -> Json:
    """The delivery when the carrier found out who picked up."""
    data = {
        "agent_id": agent_id,
        "conversation_id": call.conversation,
        "answered_by": answered_by,
    }
    return _delivery("answering_machine_detection", data, at_s)


def _delivery(kind: str, data: Mapping[str, Any], at_s: float) -> Json:
    return {"type": kind, "event_timestamp": int(at_s), "data": dict(data)}


def rendered(delivery: Mapping[str, Any]) -> bytes:
    """The delivery's body."""
    return json.dumps(delivery, separators=(",", ":"), ensure_ascii=False).encode()


def signature(secret: str, body: bytes, at_s: float) -> str:
    """What `ElevenLabs-Signature` says of a body. `at_s`: time of day."""
    signed = f"{int(at_s)}.".encode() + body
    return f"t={int(at_s)},v0={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
