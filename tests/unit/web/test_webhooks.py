"""The two webhooks over real sockets: who is believed, what is taken, what is answered."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import httpx
import pytest
from elevenlabs import ElevenLabs
from elevenlabs.errors import BadRequestError
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bridge.clock import now_s, wall_s
from bridge.core.post_call import PostCall, ReportType
from bridge.core.webhook_signature import FUTURE_S, PAST_S
from bridge.errors import SettingsError
from bridge.web import webhooks
from bridge.web.doors import INBOUND_PATH, POST_CALL_PATH, Tokens
from bridge.web.faults import EXCEPTION_HANDLERS, Faults
from bridge.web.guard import Guard, Limits
from bridge.web.metrics import Metrics
from bridge.web.webhooks import Reports
from tests.fakes.chat_request import error_of
from tests.fakes.log_lines import logging_to
from tests.fakes.post_call import DONE, SECRET, raw, signature
from tests.fakes.web_server import served
from tests.unit.web.test_metrics import figures

HEADER_SECRET = "w" * 43
REPORT = PostCall(
    ReportType.TRANSCRIPTION,
    "conv_0001",
    agent="agent_0001",
    status="done",
    duration_s=61.0,
    termination_reason="Wilhelmina was mentioned",
    call_successful="success",
)


@dataclass
class Office:
    """The webhooks with their guard, a clock to turn, and what they were told."""

    secrets: tuple[str, ...] = (SECRET,)
    per_minute: int = 0
    draining: bool = False
    now_s: float = 1000.0
    today_s: float = 1.7e9
    rang: list[Mapping[str, object]] = field(default_factory=list)
    reported: list[PostCall] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def app(self) -> ASGIApp:
        reports = Reports(
            self.known,
            self.observe,
            self.metrics,
            per_minute=self.per_minute,
            now=lambda: self.now_s,
            today=lambda: self.today_s,
        )
        inside = Starlette(
            routes=webhooks.routes(self.ring, reports), exception_handlers=dict(EXCEPTION_HANDLERS)
        )
        tokens = Tokens("p" * 43, "o" * 43, webhook=HEADER_SECRET)
        limits = Limits(10_000, 5, self.per_minute)
        return Faults(Guard(inside, tokens=tokens, limits=limits, clock=now_s, gate=self))

    def known(self) -> tuple[str, ...]:
        if self.trouble:
            raise self.trouble[0]
        return self.secrets

    def observe(self, report: PostCall) -> None:
        self.reported.append(report)

    def ring(self, body: Mapping[str, object]) -> dict[str, Any]:
        self.rang.append(body)
        return {"type": "conversation_initiation_client_data"}

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Platform"]:
        async with (
            served(self.app()) as server,
            httpx.AsyncClient(base_url=server.url, timeout=5.0, trust_env=False) as client,
        ):
            yield Platform(self, client)


@dataclass(frozen=True, slots=True)
class Platform:
    """Who calls the webhooks."""

    office: Office
    client: httpx.AsyncClient

    async def rings(self, content: bytes, **headers: str) -> httpx.Response:
        sent = {"x-bridge-webhook-secret": HEADER_SECRET, "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(INBOUND_PATH, content=content, headers=sent)

    async def delivers(
        self, body: object = DONE, *, signed: str | None = None, late_s: float = 0.0
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else raw(body)
        header = signature(content, self.office.today_s - late_s) if signed is None else signed
        sent = {"elevenlabs-signature": header, "content-type": "application/json"}
        return await self.client.post(POST_CALL_PATH, content=content, headers=sent)


@pytest.fixture
async def office() -> Office:
    return Office()


@pytest.fixture
async def platform(office: Office) -> AsyncIterator[Platform]:
    async with office.open() as platform:
        yield platform


def counted(office: Office) -> dict[str, float]:
    """What was counted of reports."""
    return {
        name.removeprefix("bridge_calls_reported_total"): value
        for name, value in figures(office.metrics).items()
        if name.startswith("bridge_calls_reported_total")
    }


# -- a call rings ---------------------------------------------------------------------------------


async def test_a_call_that_rings_is_answered(platform: Platform, office: Office) -> None:
    response = await platform.rings(b'{"caller_id":"+15550001234"}')

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"type": "conversation_initiation_client_data"}
    assert office.rang == [{"caller_id": "+15550001234"}]


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"null", b'"x"', b"{", b"\xff", b'{"a":NaN}'])
async def test_what_is_no_object_is_a_bad_request(
    platform: Platform, office: Office, body: bytes
) -> None:
    response = await platform.rings(body)

    assert (response.status_code, error_of(response)["code"]) == (400, "invalid_request")
    assert office.rang == []


async def test_other_manners_are_refused_as_at_every_door(
    platform: Platform, office: Office
) -> None:
    kind = await platform.rings(b"{}", content_type="text/plain")
    large = await platform.rings(b"x" * 10_001)
    secret = {"x-bridge-webhook-secret": HEADER_SECRET}
    method = await platform.client.get(INBOUND_PATH, headers=secret)
    below = await platform.client.post(f"{INBOUND_PATH}/more", json={}, headers=secret)

    refused = [kind.status_code, large.status_code, method.status_code, below.status_code]
    assert refused == [415, 413, 405, 404]
    assert office.rang == []


@pytest.mark.parametrize("secret", ["", "wrong", "p" * 43, HEADER_SECRET[:-1]])
async def test_nobody_rings_without_the_secret(
    platform: Platform, office: Office, secret: str
) -> None:
    response = await platform.rings(b"{}", x_bridge_webhook_secret=secret)

    assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")
    assert office.rang == []


# -- a call is over -------------------------------------------------------------------------------


async def test_a_report_is_taken_counted_and_told_without_words_or_numbers(
    platform: Platform, office: Office
) -> None:
    with logging_to(lines := StringIO(), "json"):
        response = await platform.delivers()

    assert (response.status_code, office.reported) == (200, [REPORT])
    assert counted(office) == {"{outcome=success,type=post_call_transcription}": 1.0}
    line = json.loads(lines.getvalue())
    assert (line["event"], line["kind"], line["outcome"]) == (
        "call.reported",
        "post_call_transcription",
        "success",
    )
    assert (line["conversation"], line["took_ms"]) == ("conv_0001", 61_000.0)
    assert not any(private in lines.getvalue() for private in ("Wilhelmina", "0001234"))


async def test_a_repeat_is_answered_and_changes_nothing(platform: Platform, office: Office) -> None:
    again = [await platform.delivers(late_s=late_s) for late_s in (60.0, 60.0, 0.0)]

    assert [response.status_code for response in again] == [200] * 3
    assert office.reported == [REPORT]
    assert counted(office) == {"{outcome=success,type=post_call_transcription}": 1.0}


async def test_each_type_of_report_of_one_call_is_taken(platform: Platform, office: Office) -> None:
    machine = {"type": "answering_machine_detection", "data": {"conversation_id": "conv_0001"}}
    failed = {
        "type": "call_initiation_failure",
        "data": {"conversation_id": "conv_0002", "failure_reason": "busy"},
    }
    for body in (DONE, machine, failed):
        assert (await platform.delivers(body)).status_code == 200

    assert [report.type.value for report in office.reported] == [
        "post_call_transcription",
        "answering_machine_detection",
        "call_initiation_failure",
    ]
    assert counted(office) == {
        "{outcome=success,type=post_call_transcription}": 1.0,
        "{outcome=unstated,type=answering_machine_detection}": 1.0,
        "{outcome=busy,type=call_initiation_failure}": 1.0,
    }


async def test_a_type_that_is_not_taken_is_answered(platform: Platform, office: Office) -> None:
    response = await platform.delivers({"type": "of_the_future", "data": {}})

    assert (response.status_code, office.reported, counted(office)) == (200, [], {})


@pytest.mark.parametrize(
    "body", [b"x", b"", b"[]", b'{"type":"post_call_transcription","data":{}}', b"\xff"]
)
async def test_what_is_signed_and_no_report_is_a_bad_request_and_told(
    platform: Platform, office: Office, body: bytes
) -> None:
    with logging_to(lines := StringIO(), "json"):
        response = await platform.delivers(body)

    assert (response.status_code, error_of(response)["code"]) == (400, "invalid_request")
    assert json.loads(lines.getvalue())["event"] == "report.unreadable"
    assert office.reported == []


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "x",
        "t=1700000000",
        "t=1700000000,v0=" + "0" * 64,
        signature(raw(DONE), 1.7e9, "another secret"),
        signature(raw(DONE) + b" ", 1.7e9),
    ],
)
async def test_what_the_platform_did_not_sign_is_refused(
    platform: Platform, office: Office, signed: str
) -> None:
    response = await platform.delivers(signed=signed)

    assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")
    assert office.reported == []


@pytest.mark.parametrize(
    ("late_s", "status"),
    [(PAST_S, 200), (PAST_S + 1, 401), (-FUTURE_S, 200), (-FUTURE_S - 1, 401)],
)
async def test_a_delivery_is_taken_only_while_it_is_fresh(
    platform: Platform, late_s: float, status: int
) -> None:
    assert (await platform.delivers(late_s=late_s)).status_code == status


async def test_a_refused_signature_is_told_once_a_minute(
    platform: Platform, office: Office
) -> None:
    with logging_to(lines := StringIO(), "json"):
        for moment_s in (0.0, 1.0, 59.0, 60.0):
            office.now_s = moment_s
            await platform.delivers(signed=signature(b"", 1.7e9, "guess-17"))

    told = [json.loads(line)["event"] for line in lines.getvalue().splitlines()]
    assert told == ["token.refused"] * 2


async def test_both_secrets_of_a_change_sign(office: Office) -> None:
    office.secrets = ("newer", SECRET)
    async with office.open() as platform:
        newer = signature(raw(DONE), office.today_s, "newer")
        answers = [await platform.delivers(), await platform.delivers(signed=newer)]
        office.secrets = ("newer",)
        answers.append(await platform.delivers())

    assert [answer.status_code for answer in answers] == [200, 200, 401]


async def test_without_a_secret_it_is_to_be_delivered_again_and_the_log_says_what_to_do(
    platform: Platform, office: Office
) -> None:
    office.secrets = ()
    with logging_to(lines := StringIO(), "json"):
        first, second = await platform.delivers(), await platform.delivers()
    office.secrets = (SECRET,)
    third = await platform.delivers()

    assert [one.status_code for one in (first, second, third)] == [503, 503, 200]
    assert (error_of(first)["code"], first.headers["retry-after"]) == ("not_provisioned", "60")
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert line["event"] == "webhook.no_secret"
    assert "`bridge provision`" in line["reason"]
    assert office.reported == [REPORT]


async def test_a_secret_that_can_not_be_read_is_none(platform: Platform, office: Office) -> None:
    office.trouble.append(SettingsError("'post-call-secret' can't be read"))
    with logging_to(lines := StringIO(), "json"):
        response = await platform.delivers()

    assert response.status_code == 503
    assert "can't be read" in json.loads(lines.getvalue())["reason"]


async def test_what_could_not_be_taken_may_come_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_report: PostCall) -> None:
        raise RuntimeError

    with monkeypatch.context() as breaking:
        breaking.setattr(office, "observe", broken)
        app = office.app()
    async with (
        served(app) as server,
        httpx.AsyncClient(base_url=server.url, timeout=5.0, trust_env=False) as client,
    ):
        platform = Platform(office, client)
        answers = [(await platform.delivers()).status_code for _ in range(2)]

    assert (answers, counted(office)) == ([500, 500], {})


async def test_signed_deliveries_have_an_allowance_that_strangers_do_not_use_up() -> None:
    office = Office(per_minute=2)
    async with office.open() as platform:
        forged = [await platform.delivers(signed="t=1,v0=" + "0" * 64) for _ in range(9)]
        signed = [await platform.delivers() for _ in range(3)]

    assert {answer.status_code for answer in forged} == {401}
    assert [answer.status_code for answer in signed] == [200, 200, 429]
    assert 1 <= int(signed[-1].headers["retry-after"]) <= 60


async def test_deliveries_at_one_moment_are_taken_once(platform: Platform, office: Office) -> None:
    answers = await asyncio.gather(*(platform.delivers() for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert office.reported == [REPORT]


# -- the vendor's own helper ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late_s", "secret", "taken"),
    [(0, SECRET, True), (0, "another", False), (PAST_S + 60, SECRET, False)],
)
async def test_we_agree_with_the_vendors_helper(late_s: float, secret: str, *, taken: bool) -> None:
    """Source: elevenlabs 2.78.0, `webhooks.construct_event`."""
    body = raw(DONE)
    header = signature(body, wall_s() - late_s, secret)
    office = Office(today_s=wall_s())
    async with office.open() as platform:
        ours = (await platform.delivers(body, signed=header)).status_code == 200
    construct = ElevenLabs(api_key="x").webhooks.construct_event
    try:
        theirs = construct(body.decode(), header, SECRET) == DONE
    except BadRequestError:
        theirs = False

    assert (ours, theirs) == (taken, taken)
