"""Deliveries of the voice platform when a call is over, and how it signs them.

Source: elevenlabs.io/docs, post-call webhooks (2026-11).
"""

import hashlib
import hmac
import json

SECRET = "wsec_test_secret"

DONE = {
    "type": "post_call_transcription",
    "event_timestamp": 1767225600,
    "data": {
        "agent_id": "agent_0001",
        "conversation_id": "conv_0001",
        "status": "done",
        "transcript": [{"role": "user", "message": "Does aunt Wilhelmina have the gout?"}],
        "metadata": {
            "call_duration_secs": 61,
            "termination_reason": "Wilhelmina was mentioned",
            "phone_call": {"external_number": "+15550001234"},
        },
        "analysis": {"call_successful": "success"},
    },
}
"""The report of a call, with words and a number in it that nobody may keep."""


def raw(body: object) -> bytes:
    """A body as it is sent."""
    return json.dumps(body).encode()


def signature(body: bytes, at_s: float, secret: str = SECRET) -> str:
    """The header by which the platform signs a body at that time of day."""
    at = str(int(at_s))
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v0={digest}"
