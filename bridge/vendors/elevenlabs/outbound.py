"""Calls that ElevenLabs places, and how one is found again. A part of the client.

Source: elevenlabs.io/docs/api-reference, Twilio outbound call and conversations (2026-11).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.errors import VendorBrokePromise, VendorRejected, Why
from bridge.vendors.elevenlabs import faults
from bridge.vendors.elevenlabs.conversations import Ask

DIAL = "place call"
FIND = "find call"

MOST = 10
"""Conversations looked at: of one call of ours there is one."""

_OK = 200


async def call(convai: Any, ask: Ask, body: Mapping[str, Any], once: Any) -> tuple[str, str | None]:  # noqa: ANN401 - a package that is imported late
    """Places a call by Twilio; the conversation's id, and the carrier's id where it is told.

    Args:
        body: as the API wants it.

    Raises:
        VendorRejected: it says that it didn't, in an answer of status 200. Nothing rings.
        VendorError: `asked` says whether it may ring.
    """
    told = await ask(DIAL, lambda: convai.twilio.outbound_call(**body, request_options=once))
    if not isinstance(told, dict) or not isinstance(told.get("success"), bool):
        raise _broken(DIAL, "it doesn't say whether it did")
    if not told["success"]:
        said = told.get("message")
        reason = faults.tidy(faults.Reason(text=said if isinstance(said, str) else ""))
        because = f": {reason.text.rstrip('.')}" if reason.text else ""
        raise VendorRejected(
            f"ElevenLabs refuses to {DIAL}{because}.",
            vendor=faults.VENDOR,
            operation=DIAL,
            why=Why.REQUEST,
            status=_OK,
            asked=False,
            hint="Nothing rang. See the number and the account at the carrier.",
        )
    conversation, carrier = told.get("conversation_id"), told.get("callSid")
    if not isinstance(conversation, str) or not conversation:
        raise _broken(DIAL, "it names no conversation")
    return conversation, carrier if isinstance(carrier, str) and carrier else None


async def find(convai: Any, ask: Ask, user: str, once: Any) -> tuple[str, str | None] | None:  # noqa: ANN401 - as above
    """The conversation that was begun for a user of ours, and the carrier's id; else `None`.

    The list is narrowed by the vendor; each that it gives is read, to be sure.
    """
    listed = await ask(
        FIND,
        lambda: convai.conversations.list(user_id=user, page_size=MOST, request_options=once),
    )
    rows = listed.get("conversations") if isinstance(listed, dict) else None
    if not isinstance(rows, list):
        raise _broken(FIND, "its answer holds no list")
    for row in rows:
        conversation = row.get("conversation_id") if isinstance(row, dict) else None
        if not isinstance(conversation, str):
            continue
        told = await _read(convai, ask, conversation, once)
        if isinstance(told, dict) and _user(told) == user:
            return conversation, _carrier_call(told)
    return None


async def _read(convai: Any, ask: Ask, conversation: str, once: Any) -> Any:  # noqa: ANN401 - as above
    place = quote(conversation, safe="")
    return await ask(FIND, lambda: convai.conversations.get(place, request_options=once))


def _user(told: Mapping[str, Any]) -> object:
    began = told.get("conversation_initiation_client_data")
    return told.get("user_id") or (began.get("user_id") if isinstance(began, dict) else None)


def _carrier_call(told: Mapping[str, Any]) -> str | None:
    metadata = told.get("metadata")
    phone = metadata.get("phone_call") if isinstance(metadata, dict) else None
    sid = phone.get("call_sid") if isinstance(phone, dict) else None
    return sid if isinstance(sid, str) and sid else None


def _broken(operation: str, what: str) -> VendorBrokePromise:
    return VendorBrokePromise(
        f"ElevenLabs answered {operation!r} in a way that bridge doesn't know: {what}.",
        vendor=faults.VENDOR,
        operation=operation,
    )
