"""What failed at ElevenLabs: one sentence with the vendor's own reason, and the cure.

Its errors have four shapes, and a proxy's page is a fifth:

    {"detail": {"type", "code", "message", "status", …}}     today's
    {"detail": {"status", "message"}}                        older
    {"detail": "text"}                                       routing
    {"detail": [{"loc": […], "msg", "type"}]}                a body it doesn't take (422)

Source: elevenlabs.io/docs/api-reference/errors and the OpenAPI edition of 2026-09 (2026-11).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx

from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.masking import mask_numbers

VENDOR = "elevenlabs"

LATER = "Try again in a minute: what was done stays, and the next run goes on from there."

REASON_CHARS = 300
"""Longest reason repeated. Longer ones are pages and lists."""

KEY_CURE = (
    "Copy a key from https://elevenlabs.io/app/settings/api-keys into ELEVENLABS_API_KEY, "
    "and see that elevenlabs.base_url is the workspace's region."
)

CURES: Mapping[str, str] = MappingProxyType(
    {
        "custom_llm_not_allowed_in_with_agent_with_ivc_voice": (
            "Choose a premade or professional voice (elevenlabs.voice_id): an instant clone can't "
            "be had together with a custom LLM."
        ),
        "custom_llm_not_allowed_in_zrm": (
            "Switch zero retention mode off for this agent: it can't be had with a custom LLM."
        ),
        "quota_exceeded": "The workspace's quota is used up: see its plan at elevenlabs.io/app.",
        "concurrent_limit_exceeded": "Too much is under way in the workspace. " + LATER,
        "too_many_concurrent_requests": "Too much is under way in the workspace. " + LATER,
    }
)
"""What to do, by the vendor's code."""

_SERVER_ERROR = 500

_TOOK_TOO_LONG = 408
"""Says nothing about whether it was done."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)
"""What goes wrong before a byte of the request is on its way."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What the vendor said.

    Attributes:
        code: its code, or empty.
        text: its sentence, or empty; of a body it doesn't take, with the path of each field.
    """

    code: str = ""
    text: str = ""


def of(error: Exception, operation: str, hide: tuple[str, ...] = ()) -> VendorError | None:
    """An error of the SDK's or of its transport, in our words; `None` when it is neither.

    Args:
        operation: what was asked, as `"create agent"`.
        hide: texts that must stand in no message.
    """
    if isinstance(error, httpx.TimeoutException):
        return VendorTooSlow(
            f"ElevenLabs did not answer {operation!r} in time.",
            vendor=VENDOR,
            operation=operation,
            why=Why.LATE,
            asked=not isinstance(error, _NEVER_SENT),
            hint=LATER,
        )
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return VendorUnavailable(
            f"ElevenLabs can't be reached for {operation!r} ({type(error).__name__}).",
            vendor=VENDOR,
            operation=operation,
            why=Why.UNREACHABLE,
            asked=not isinstance(error, _NEVER_SENT),
            hint="See that this machine reaches elevenlabs.base_url, and run it again.",
        )
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return None
    reason = read(getattr(error, "body", None))
    return answered(status, tidy(reason, hide), operation)


def read(body: object) -> Reason:
    """What stands in the body of an error, whatever its shape."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return Reason() if "<" in str(body) else Reason(text=str(body))
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, str):
        return Reason(text=detail)
    if isinstance(detail, list):
        return Reason("validation", "; ".join(filter(None, map(_of_field, detail))))
    if isinstance(detail, dict):
        code = detail.get("code") or detail.get("status")
        text = detail.get("message")
        return Reason(code if isinstance(code, str) else "", text if isinstance(text, str) else "")
    return Reason()


def _of_field(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    where = entry.get("loc")
    path = ".".join(map(str, where)) if isinstance(where, list) else ""
    said = str(entry.get("msg", ""))
    return f"{path}: {said}" if path else said


def tidy(reason: Reason, hide: tuple[str, ...] = ()) -> Reason:
    """The reason as one line without secrets and telephone numbers."""
    text = reason.text
    for secret in filter(None, hide):
        text = text.replace(secret, "•••")
    line = " ".join("".join(c if c.isprintable() else " " for c in mask_numbers(text)).split())
    cut = line if len(line) <= REASON_CHARS else line[:REASON_CHARS].rstrip() + "…"
    code = "".join(c for c in reason.code if c.isalnum() or c in "_-")[:80]
    return Reason(code, cut)


def answered(status: int, reason: Reason, operation: str) -> VendorError:
    """The error for an answer with that status."""
    said = reason.text.rstrip(".") or reason.code
    because = f": {said}" if said else ""
    message = f"ElevenLabs refuses to {operation}{because} (HTTP {status})."
    cure = CURES.get(reason.code, "")
    match status:
        case 401 if reason.code != "quota_exceeded":
            return _rejected(message, operation, Why.KEY, status, KEY_CURE)
        case 401 | 402:
            return _rejected(message, operation, Why.QUOTA, status, CURES["quota_exceeded"])
        case 403:
            needed = "Give the key what is missing at https://elevenlabs.io/app/settings/api-keys"
            hint = f"{needed}, or use one that may write agents, numbers and webhooks."
            return _rejected(message, operation, Why.PERMISSION, status, hint)
        case 429:
            return VendorUnavailable(
                message,
                vendor=VENDOR,
                operation=operation,
                why=Why.RATE,
                status=status,
                asked=False,
                hint=cure or LATER,
            )
        case _ if status >= _SERVER_ERROR:
            return VendorUnavailable(
                f"ElevenLabs failed to {operation}{because} (HTTP {status}).",
                vendor=VENDOR,
                operation=operation,
                why=Why.SERVER,
                status=status,
                hint=LATER,
            )
        case _ if status < 400:  # noqa: PLR2004 - no error status: it answered something else
            return VendorBrokePromise(
                f"What answers {operation!r} is not ElevenLabs' API (HTTP {status}).",
                vendor=VENDOR,
                operation=operation,
                status=status,
                hint="See that elevenlabs.base_url is the API's address.",
            )
        case 404:
            gone = "It may have been deleted meanwhile: run it again."
            return _rejected(message, operation, Why.REQUEST, status, cure or gone)
        case _:
            look = "Look at the settings that it names; `bridge provision --dry-run` shows all."
            return _rejected(message, operation, Why.REQUEST, status, cure or look)


def _rejected(message: str, operation: str, why: Why, status: int, hint: str) -> VendorRejected:
    return VendorRejected(
        message,
        vendor=VENDOR,
        operation=operation,
        why=why,
        status=status,
        asked=status == _TOOK_TOO_LONG,
        hint=hint,
    )
