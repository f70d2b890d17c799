"""Calls placed by ElevenLabs, over the number that it has from Twilio.

Our id of a call goes out as `user_id`, by which it is found again when the answer was lost.

A machine that picks up hears nothing of a message: the platform can hang up on one, but can't wait
for the tone and speak then. In a conversation the agent decides, with its voicemail act.

What can't be done: the platform offers no way to end a call from outside. A call ends at its next
turn, when we answer with the act that hangs up.

Source: elevenlabs.io/docs, Twilio outbound call, personalization, machine detection (2026-11).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from pydantic import BaseModel, SecretStr

from bridge.core.phone import mask
from bridge.core.record import Mode
from bridge.errors import VendorError, VendorRejected, VendorTooSlow, Why
from bridge.ports.dialer import Dial, Dialled
from bridge.vendors import elevenlabs
from bridge.vendors.elevenlabs import ElevenLabs

RING_S = 60
"""How long it may ring: ten times or so. The platform's own default."""

DIAL_S = 30.0
"""How long the platform may take to take an order: it asks the carrier first."""

MACHINES = ("machine_start", "fax")
"""Who picks up and is hung up on."""


class Settings(BaseModel):
    """What the adapter needs.

    Attributes:
        agent_id: who talks.
    """

    api_key: SecretStr
    base_url: str
    agent_id: str


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator["Dialer"]:
    """A dialer for one act after another. Asks nothing by itself."""
    account = elevenlabs.Account(settings.api_key, settings.base_url)
    async with elevenlabs.connect(account) as client:
        yield Dialer(client, settings)


class Dialer:
    """See the module."""

    def __init__(self, client: ElevenLabs, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def dial(self, dial: Dial) -> Dialled:
        """See `bridge.ports.dialer`."""
        body = self._body(dial, await self._number_id(dial))
        try:
            with anyio.fail_after(DIAL_S):
                conversation, carrier_call = await self._client.call(body)
        except TimeoutError:
            raise VendorTooSlow(
                "ElevenLabs did not say in time whether it placed the call.",
                vendor="elevenlabs",
                operation="place call",
                why=Why.LATE,
            ) from None
        return Dialled(conversation, carrier_call)

    async def find(self, call: str) -> Dialled | None:
        """See `bridge.ports.dialer`."""
        found = await self._client.find_call(call)
        return None if found is None else Dialled(*found)

    async def _number_id(self, dial: Dial) -> str:
        """The platform's id of our line. Whatever goes wrong here, nothing rings."""
        try:
            numbers = await self._client.numbers()
        except VendorError as error:
            error.asked = False
            raise
        for number in numbers:
            found = number.get("phone_number_id")
            if number.get("phone_number") == dial.line and isinstance(found, str):
                return found
        raise VendorRejected(
            f"The ElevenLabs workspace doesn't have the line {mask(dial.line)}.",
            vendor="elevenlabs",
            operation="place call",
            why=Why.REQUEST,
            asked=False,
            hint="Run `bridge provision`: it imports twilio.phone_number.",
        )

    def _body(self, dial: Dial, number_id: str) -> dict[str, Any]:
        said = {"first_message": _literal(dial.first_message), "language": dial.language.lower()}
        override = {name: text for name, text in said.items() if text}
        telephony: dict[str, Any] = {"ringing_timeout_secs": RING_S}
        if dial.mode is Mode.NOTIFY:
            telephony["twilio_machine_detection"] = {
                "mode": "enable",
                "actions": [{"action": "hang_up", "answered_by": list(MACHINES)}],
            }
        return {
            "agent_id": self._settings.agent_id,
            "agent_phone_number_id": number_id,
            "to_number": str(dial.to),
            "conversation_initiation_client_data": {
                "dynamic_variables": dict(dial.variables),
                "user_id": dial.call,
                **({"conversation_config_override": {"agent": override}} if override else {}),
            },
            "telephony_call_config": telephony,
        }


def _literal(text: str) -> str:
    """The text without what the platform would take for one of its variables, and end the call."""
    return text.replace("{{", "{ {").replace("}}", "} }")
