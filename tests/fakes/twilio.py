"""A fake Twilio: a small real server on loopback with an account and its telephone numbers.

    async with twilio() as fake:
        fake.add_number("+15550100", voice_url="https://old.example/voice")
        ...                          # point a client at fake.url with fake.account_sid, fake.token

It knows the account, the list of its incoming numbers, one of them, and changing one. What it is
asked is in `requests`; how it fails is told as in the fake ElevenLabs.

Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource, twilio.com/docs/iam/api/account,
twilio.com/docs/api/errors (2026-11).
"""

import base64
import copy
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.elevenlabs.faults import ANSWERS, Fault, FaultLayer, Faults, Record
from tests.fakes.web_server import served

VERSION = "2010-04-01"
ACCOUNT = f"/{VERSION}/Accounts/{{sid}}"

MOMENT = "Sat, 21 Nov 2026 12:00:00 +0000"
"""When everything here was made, as Twilio writes it."""

SETTABLE = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "VoiceApplicationSid": "voice_application_sid",
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "VoiceReceiveMode": "voice_receive_mode",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "SmsApplicationSid": "sms_application_sid",
    "TrunkSid": "trunk_sid",
}
"""What a change may set, and its name in answers."""

METHODS = ("GET", "POST")
PAGE_SIZES = range(1, 1001)


class _Error(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


CODES = {
    Fault.UNAUTHORIZED: (401, 20003, "Authenticate"),
    Fault.FORBIDDEN: (403, 20008, "Resource not accessible with Test Account Credentials"),
    Fault.NOT_FOUND: (404, 20404, "The requested resource was not found"),
    Fault.CONFLICT: (409, 20409, "Conflict"),
    Fault.INVALID: (422, 20001, "Invalid parameter"),
    Fault.RATE: (429, 20429, "Too Many Requests"),
    Fault.CONCURRENT: (429, 20429, "Too Many Concurrent Requests"),
    Fault.SERVER: (500, 20500, "Internal Server Error"),
    Fault.STRING: (404, 20404, "The requested resource was not found"),
    Fault.OLDER: (400, 20001, "Bad request"),
}
"""How each fault that answers is said here."""


FAULTS = {**ANSWERS, **{how: _Error(*said).body for how, said in CODES.items()}}


class FakeTwilio(Faults):
    """See the module. Made and served by `twilio`.

    Attributes:
        url: where it answers, without a path.
        account_sid: the account.
        token: its auth token.
        api_keys: API keys that may be used instead, each with its secret.
        numbers: the incoming numbers by their `PN…`, each as its JSON. A test may edit them.
        verified_caller_ids: numbers that may be shown when calling out, and are not ours.
    """

    def __init__(self, account_sid: str, token: str) -> None:
        super().__init__()
        self.url = ""
        self.account_sid = account_sid
        self.token = token
        self.status = "active"
        self.kind = "Full"
        self.api_keys: dict[str, str] = {}
        self.numbers: dict[str, dict[str, Any]] = {}
        self.verified_caller_ids: set[str] = set()

    def accepts(self, sid: str, token: str) -> bool:
        """Whether these are credentials of the account, or an API key of it."""
        wanted = {self.account_sid: self.token, **self.api_keys}.get(sid)
        return wanted is not None and hmac.compare_digest(wanted, token)

    def line(self, phone_number: str) -> dict[str, Any] | None:
        """The JSON of that number, to read or edit; None when it is not the account's."""
        found = [n for n in self.numbers.values() if n["phone_number"] == phone_number]
        return found[0] if found else None

    def add_number(self, phone_number: str, **changes: Any) -> str:
        """Buys a number. Its `PN…`."""
        sid = f"PN{len(self.numbers) + 1:032x}"
        self.numbers[sid] = {**_fresh(self.account_sid, sid, phone_number), **changes}
        return sid

    def snapshot(self) -> dict[str, Any]:
        """Every number, for comparing."""
        return copy.deepcopy(self.numbers)


def _fresh(account_sid: str, sid: str, phone_number: str) -> dict[str, Any]:
    return {
        "sid": sid,
        "account_sid": account_sid,
        "friendly_name": phone_number,
        "phone_number": phone_number,
        "api_version": VERSION,
        "origin": "twilio",
        "type": "local",
        "status": "in-use",
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "voice_url": "",
        "voice_method": "POST",
        "voice_fallback_url": "",
        "voice_fallback_method": "POST",
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "status_callback": "",
        "status_callback_method": "POST",
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": "",
        "trunk_sid": None,
        "address_requirements": "none",
        "address_sid": None,
        "identity_sid": None,
        "bundle_sid": None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "date_created": MOMENT,
        "date_updated": MOMENT,
        "subresource_uris": {},
        "uri": f"/{VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{sid}.json",
    }


# -- answers -------------------------------------------------------------------------------


def _check(fake: FakeTwilio, request: Request) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        sid, _, token = base64.b64decode(given).decode().partition(":")
    except ValueError:
        sid, token = "", ""
    if scheme.lower() != "basic" or not fake.accepts(sid, token):
        raise _Error(401, 20003, "Authenticate")
    if request.path_params["sid"] != fake.account_sid:
        raise _missing(request)


def _missing(request: Request) -> _Error:
    return _Error(404, 20404, f"The requested resource {request.url.path} was not found")


def _account(fake: FakeTwilio, _request: Request) -> dict[str, Any]:
    return {
        "sid": fake.account_sid,
        "owner_account_sid": fake.account_sid,
        "friendly_name": "Ada's account",
        "status": fake.status,
        "type": fake.kind,
        "auth_token": fake.token,
        "date_created": MOMENT,
        "date_updated": MOMENT,
        "subresource_uris": {},
        "uri": f"/{VERSION}/Accounts/{fake.account_sid}.json",
    }


def _list(fake: FakeTwilio, request: Request) -> dict[str, Any]:
    wanted = request.query_params.get("PhoneNumber", "").replace("*", "")
    found = [n for n in fake.numbers.values() if wanted in n["phone_number"]]
    size = int(request.query_params.get("PageSize", "50"))
    page = int(request.query_params.get("Page", "0"))
    if size not in PAGE_SIZES:
        raise _Error(400, 20001, "PageSize is out of range")
    rows = found[page * size : (page + 1) * size]
    has_more = len(found) > (page + 1) * size

    def uri(n: int) -> str:
        asked = {**request.query_params, "PageSize": str(size), "Page": str(n)}
        return f"{request.url.path}?{urlencode(asked)}"

    return {
        "incoming_phone_numbers": rows,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(rows) - 1, 0),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if has_more else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }


def _one(fake: FakeTwilio, request: Request) -> dict[str, Any]:
    found = fake.numbers.get(request.path_params["number"])
    if found is None:
        raise _missing(request)
    return found


async def _change(fake: FakeTwilio, request: Request) -> dict[str, Any]:
    found = _one(fake, request)
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/x-www-form-urlencoded"):
        raise _Error(400, 20001, "The body is not a form")
    told = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    for name, value in told.items():
        if name not in SETTABLE:
            raise _Error(400, 20001, f"The fake does not know the parameter {name}")
        if name.endswith("Method") and value not in METHODS:
            raise _Error(400, 21403, f"{name} is not an allowed method")
        if name.endswith(("Url", "Callback")) and value and not value.startswith("http"):
            raise _Error(400, 21402, f"{name} is not a URL")
    found.update({SETTABLE[name]: value for name, value in told.items()})
    return found


def _app(fake: FakeTwilio) -> Starlette:
    async def answer(request: Request) -> Response:
        try:
            _check(fake, request)
            if request.method == "POST":
                return JSONResponse(await _change(fake, request))
            if "number" in request.path_params:
                return JSONResponse(_one(fake, request))
            is_list = request.url.path.endswith("/IncomingPhoneNumbers.json")
            return JSONResponse((_list if is_list else _account)(fake, request))
        except _Error as error:
            return JSONResponse(error.body, error.status)

    async def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse(_missing(request).body, error.status_code)

    routes = [
        Route(f"{ACCOUNT}/IncomingPhoneNumbers/{{number}}.json", answer, methods=["GET", "POST"]),
        Route(f"{ACCOUNT}/IncomingPhoneNumbers.json", answer, methods=["GET"]),
        Route(f"{ACCOUNT}.json", answer, methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: unrouted})


@asynccontextmanager
async def twilio(
    *, account_sid: str = f"AC{'a' * 32}", token: str = "auth-token-of-the-fake-twilio"
) -> AsyncIterator[FakeTwilio]:
    """A fake on a free loopback port until the block ends."""
    fake = FakeTwilio(account_sid, token)
    async with served(FaultLayer(_app(fake), fake, FAULTS)) as server:
        fake.url = server.url
        try:
            yield fake
        finally:
            fake.is_over.set()


__all__ = ["FakeTwilio", "Fault", "Record", "twilio"]
