"""Twilio's REST API, as far as we need it: one number of the account, and where its calls go.

Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource, /docs/usage/api (2026-11).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx
from pydantic import SecretStr

from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.masking import mask_numbers

VENDOR = "twilio"

WITHIN_S = 15.0
"""How long one answer may take; it takes well under a second."""

VOICE: Mapping[str, str] = MappingProxyType(
    {
        "voice_url": "VoiceUrl",
        "voice_method": "VoiceMethod",
        "voice_fallback_url": "VoiceFallbackUrl",
        "voice_fallback_method": "VoiceFallbackMethod",
        "voice_application_sid": "VoiceApplicationSid",
        "trunk_sid": "TrunkSid",
        "status_callback": "StatusCallback",
        "status_callback_method": "StatusCallbackMethod",
    }
)
"""What says where a number's calls go: as it is read, and as it is written."""

_LATER = "Try again in a minute."
_KEY_CURE = (
    "Copy both from https://console.twilio.com into TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
)


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach an account."""

    sid: str
    auth_token: SecretStr
    base_url: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account's.

    Attributes:
        sid: Twilio's id of it, `PN…`.
        voice: the fields of `VOICE`, as they are now; empty ones are `""`.
    """

    sid: str
    voice: Mapping[str, str]


@asynccontextmanager
async def connect(account: Account) -> AsyncIterator["Twilio"]:
    """A client of the account. Asks nothing by itself."""
    async with httpx.AsyncClient(
        base_url=account.base_url,
        auth=(account.sid, account.auth_token.get_secret_value()),
        timeout=WITHIN_S,
    ) as http:
        yield Twilio(http, account.sid)


class Twilio:
    """The account. Every method raises `VendorError`."""

    def __init__(self, http: httpx.AsyncClient, account_sid: str) -> None:
        self._http = http
        self._numbers = f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers"

    async def number(self, e164: str) -> Number | None:
        """The number; `None` when it is not the account's."""
        answer = await self._ask(
            "find number", "GET", f"{self._numbers}.json", params={"PhoneNumber": e164}
        )
        found = answer.get("incoming_phone_numbers")
        if not isinstance(found, list):
            raise _broken("find number")
        for entry in found:
            # `PhoneNumber` also finds numbers that only hold it.
            if isinstance(entry, dict) and entry.get("phone_number") == e164:
                voice = {name: str(entry.get(name) or "") for name in VOICE}
                return Number(str(entry.get("sid") or ""), voice)
        return None

    async def point(self, number_sid: str, voice: Mapping[str, str]) -> None:
        """Has a number's calls go where `voice` says; names as in `VOICE`."""
        form = {VOICE[name]: value for name, value in voice.items() if name in VOICE}
        await self._ask("restore number", "POST", f"{self._numbers}/{number_sid}.json", data=form)

    async def _ask(self, operation: str, method: str, path: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
        try:
            response = await self._http.request(method, path, **how)
        except httpx.TimeoutException:
            raise VendorTooSlow(
                f"Twilio did not answer {operation!r} in time.",
                vendor=VENDOR,
                operation=operation,
                why=Why.LATE,
                hint=_LATER,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise VendorUnavailable(
                f"Twilio can't be reached for {operation!r} ({type(error).__name__}).",
                vendor=VENDOR,
                operation=operation,
                why=Why.UNREACHABLE,
                hint="See that this machine reaches twilio.base_url, and run it again.",
            ) from None
        answer = _json(response)
        if response.status_code < httpx.codes.BAD_REQUEST and not response.is_success:
            raise _broken(operation)
        if not response.is_success:
            raise _refused(operation, response.status_code, answer)
        if not answer:
            raise _broken(operation)
        return answer


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refused(operation: str, status: int, answer: Mapping[str, Any]) -> VendorError:
    said = " ".join(mask_numbers(str(answer.get("message") or "")).split())[:300].rstrip(".")
    because = f": {said}" if said else ""
    message = f"Twilio refuses to {operation}{because} (HTTP {status})."
    match status:
        case 401 | 403:
            return VendorRejected(
                message,
                vendor=VENDOR,
                operation=operation,
                why=Why.KEY,
                status=status,
                hint=_KEY_CURE,
            )
        case 404:
            hint = "See that TWILIO_ACCOUNT_SID and twilio.base_url are the account's."
            return VendorRejected(
                message,
                vendor=VENDOR,
                operation=operation,
                why=Why.REQUEST,
                status=status,
                hint=hint,
            )
        case 429:
            return VendorUnavailable(
                message,
                vendor=VENDOR,
                operation=operation,
                why=Why.RATE,
                status=status,
                hint=_LATER,
            )
        case _ if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return VendorUnavailable(
                f"Twilio failed to {operation}{because} (HTTP {status}).",
                vendor=VENDOR,
                operation=operation,
                why=Why.SERVER,
                status=status,
                hint=_LATER,
            )
        case _:
            return VendorRejected(
                message,
                vendor=VENDOR,
                operation=operation,
                why=Why.REQUEST,
                status=status,
                hint="Look at the number in Twilio's console.",
            )


def _broken(operation: str) -> VendorBrokePromise:
    return VendorBrokePromise(
        f"What answers {operation!r} is not Twilio's API.",
        vendor=VENDOR,
        operation=operation,
        hint="See that twilio.base_url is the API's address.",
    )
