"""One number of the account: found, pointed elsewhere; and what is said when that fails."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.cli.main import exit_code
from bridge.cli.output import ExitCode
from bridge.errors import VendorBrokePromise, VendorError, Why
from bridge.masking import holds_number
from bridge.vendors import twilio as ours
from bridge.vendors.twilio import Account, Number, Twilio, connect
from tests.fakes.twilio import FakeTwilio, Fault, twilio
from tests.fakes.web_server import served

pytestmark = pytest.mark.anyio

LINE = "+15550100999"
EMPTY = {
    "voice_url": "",
    "voice_method": "POST",
    "voice_fallback_url": "",
    "voice_fallback_method": "POST",
    "voice_application_sid": "",
    "trunk_sid": "",
    "status_callback": "",
    "status_callback_method": "POST",
}


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    async with twilio() as fake:
        yield fake


@pytest.fixture
async def carrier(fake: FakeTwilio) -> AsyncIterator[Twilio]:
    async with connect(_account(fake.url, fake)) as carrier:
        yield carrier


def _account(url: str, fake: FakeTwilio | None = None) -> Account:
    sid, token = (fake.account_sid, fake.token) if fake else ("AC1", "token")
    return Account(sid, SecretStr(token), url)


async def test_a_number_is_found_with_where_its_calls_go(fake: FakeTwilio, carrier: Twilio) -> None:
    sid = fake.add_number(LINE, voice_url="https://old.example/voice", voice_method="GET")

    assert await carrier.number(LINE) == Number(
        sid, {**EMPTY, "voice_url": "https://old.example/voice", "voice_method": "GET"}
    )


async def test_a_longer_number_that_holds_it_is_not_it(fake: FakeTwilio, carrier: Twilio) -> None:
    fake.add_number(f"{LINE}7")

    assert await carrier.number(LINE) is None


async def test_a_number_is_pointed_where_it_was(fake: FakeTwilio, carrier: Twilio) -> None:
    sid = fake.add_number(
        LINE, voice_url="https://old.example/voice", sms_url="https://sms.example"
    )
    was = fake.snapshot()
    number = await carrier.number(LINE)
    assert number is not None
    fake.numbers[sid].update(voice_url="https://new.example", status_callback="https://new.example")

    await carrier.point(sid, {k: v for k, v in number.voice.items() if k != "trunk_sid"})

    assert fake.snapshot() == was
    assert fake.writes[0].body.keys() == set(ours.VOICE.values()) - {"TrunkSid"}


Act = Callable[[Twilio], Awaitable[object]]
ACTS: dict[str, Act] = {
    "find number": lambda t: t.number(LINE),
    "restore number": lambda t: t.point("PN1", {"voice_url": "https://old.example"}),
}
FAULTS: dict[Fault, tuple[Why, ExitCode, str, str]] = {
    Fault.UNAUTHORIZED: (
        Why.KEY,
        ExitCode.CREDENTIALS_REFUSED,
        "refuses to {}: Authenticate (HTTP 401).",
        "Copy both from",
    ),
    Fault.FORBIDDEN: (
        Why.KEY,
        ExitCode.CREDENTIALS_REFUSED,
        "refuses to {}: Resource not accessible with Test Account Credentials (HTTP 403).",
        "Copy both from",
    ),
    Fault.NOT_FOUND: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: The requested resource was not found (HTTP 404).",
        "See that TWILIO_ACCOUNT_SID",
    ),
    Fault.INVALID: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Invalid parameter (HTTP 422).",
        "Look at the number",
    ),
    Fault.RATE: (
        Why.RATE,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Too Many Requests (HTTP 429).",
        "Try again",
    ),
    Fault.SERVER: (
        Why.SERVER,
        ExitCode.REMOTE_REFUSED,
        "failed to {}: Internal Server Error (HTTP 500).",
        "Try again",
    ),
    Fault.HTML: (Why.SERVER, ExitCode.REMOTE_REFUSED, "failed to {} (HTTP 502).", "Try again"),
    Fault.NOT_JSON: (
        Why.UNKNOWN,
        ExitCode.REMOTE_REFUSED,
        "What answers {!r} is not Twilio's API.",
        "See that twilio.base_url",
    ),
    Fault.DROP: (
        Why.UNREACHABLE,
        ExitCode.REMOTE_REFUSED,
        "can't be reached for {!r} (",
        "See that this machine",
    ),
}


@pytest.mark.parametrize("operation", ACTS)
@pytest.mark.parametrize("how", FAULTS)
async def test_every_failure_has_its_sentence_and_is_asked_once(
    fake: FakeTwilio, carrier: Twilio, how: Fault, operation: str
) -> None:
    why, code, sentence, cure = FAULTS[how]
    for method in ("GET", "POST"):
        fake.fail((method, "*"), how, times=9)

    with pytest.raises(VendorError) as raised:
        await ACTS[operation](carrier)

    error = raised.value
    assert sentence.format(operation) in error.message
    assert error.hint.startswith(cure)
    assert (error.vendor, error.operation, error.why) == ("twilio", operation, why)
    assert (exit_code(error), len(fake.requests)) == (code, 1)
    for told in (str(error), error.hint, repr(error)):
        assert fake.token not in told
        assert not holds_number(told)


@pytest.mark.parametrize("operation", ACTS)
async def test_what_comes_too_late_says_so(
    fake: FakeTwilio, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(ours, "WITHIN_S", 0.1)
    for method in ("GET", "POST"):
        fake.fail((method, "*"), Fault.HANG)
    async with connect(_account(fake.url, fake)) as carrier:
        with pytest.raises(VendorError, match=f"did not answer '{operation}' in time") as raised:
            await ACTS[operation](carrier)

    assert (raised.value.why, len(fake.requests)) == (Why.LATE, 1)


def _answering(status: int, raw: bytes) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"location", b"https://a.example/")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    return app


@pytest.mark.parametrize(
    ("status", "raw"),
    [(200, b""), (200, b"null"), (200, b"[]"), (200, b"{}"), (302, b"{}"), (302, b"<html>")],
)
async def test_what_is_not_the_api_is_a_broken_promise(status: int, raw: bytes) -> None:
    async with served(_answering(status, raw)) as server:
        for act in ACTS.values():
            async with connect(_account(server.url)) as carrier:
                with pytest.raises(VendorBrokePromise, match="is not Twilio's API"):
                    await act(carrier)


async def test_numbers_and_line_breaks_in_a_refusal_are_hidden() -> None:
    raw = b'{"message": "Number +15550100999\\n is taken."}'
    async with served(_answering(400, raw)) as server, connect(_account(server.url)) as carrier:
        with pytest.raises(VendorError) as raised:
            await carrier.number(LINE)

    assert "Number +1555•••0999 is taken (HTTP 400)" in raised.value.message


async def test_nobody_there_is_unreachable() -> None:
    async with connect(_account("http://127.0.0.1:1")) as carrier:
        with pytest.raises(VendorError, match="can't be reached"):
            await carrier.number(LINE)
