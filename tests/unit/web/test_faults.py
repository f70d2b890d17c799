"""Every error of ours has one HTTP answer, in the shape OpenAI's clients know."""

import json
import logging
from typing import Any

import httpx
import httpx2
import openai
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.errors import (
    BadRequest,
    BridgeError,
    Draining,
    NotAllowed,
    OverLimit,
    SettingsError,
    Unauthenticated,
    VendorBrokePromise,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.web.faults import (
    EXCEPTION_HANDLERS,
    UNFORESEEN,
    Faults,
    model_not_found,
    not_found,
    response_for,
    wrong_method,
)
from tests.fakes.web_server import served

SECRET = "the caller said hello"


def vendor(kind: Any, why: Why = Why.UNKNOWN, **more: Any) -> BridgeError:
    """A failure of the upstream's."""
    error = kind("The agent failed.", vendor="openclaw", operation="chat", why=why, **more)
    assert isinstance(error, BridgeError)
    return error


CASES: list[tuple[Exception, int, str, str | None, dict[str, str]]] = [
    (BadRequest("No.", param="messages"), 400, "invalid_request_error", "invalid_request", {}),
    (BadRequest("No.", status=408), 408, "invalid_request_error", "request_timeout", {}),
    (BadRequest("No.", status=413), 413, "invalid_request_error", "request_too_large", {}),
    (BadRequest("No.", status=415), 415, "invalid_request_error", "unsupported_media_type", {}),
    (BadRequest("No.", status=422), 422, "invalid_request_error", "invalid_request", {}),
    (BadRequest("No.", status=200), 400, "invalid_request_error", "invalid_request", {}),
    (
        Unauthenticated("No token."),
        401,
        "invalid_request_error",
        "invalid_api_key",
        {"www-authenticate": "Bearer"},
    ),
    (NotAllowed("No.", rule="inbound"), 403, "invalid_request_error", "not_allowed", {}),
    (OverLimit("Slow down."), 429, "rate_limit_error", "rate_limit_exceeded", {"retry-after": "1"}),
    (
        OverLimit("Slow down.", retry_after_s=2.01),
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        {"retry-after": "3"},
    ),
    (
        OverLimit("Slow down.", retry_after_s=0),
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        {"retry-after": "1"},
    ),
    (Draining("Stopping."), 503, "server_error", "stopping", {"retry-after": "5"}),
    (vendor(VendorRejected, Why.KEY), 502, "server_error", "upstream_rejected", {}),
    (vendor(VendorUnavailable), 502, "server_error", "upstream_unavailable", {}),
    (vendor(VendorBrokePromise), 502, "server_error", "upstream_broken", {}),
    (vendor(VendorTooSlow, Why.LATE), 504, "server_error", "upstream_timeout", {}),
    (
        vendor(VendorUnavailable, Why.RATE, retry_after_s=7.2),
        429,
        "rate_limit_error",
        "upstream_unavailable",
        {"retry-after": "8"},
    ),
    (
        vendor(VendorRejected, Why.RATE),
        429,
        "rate_limit_error",
        "upstream_rejected",
        {"retry-after": "1"},
    ),
    (
        vendor(VendorUnavailable, Why.QUOTA),
        429,
        "insufficient_quota",
        "insufficient_quota",
        {"x-should-retry": "false"},
    ),
    (SettingsError(SECRET), 500, "server_error", "internal_error", {}),
    (ValueError(SECRET), 500, "server_error", "internal_error", {}),
    (HTTPException(404), 404, "invalid_request_error", "not_found", {}),
    (
        HTTPException(405, headers={"Allow": "GET"}),
        405,
        "invalid_request_error",
        "method_not_allowed",
        {"allow": "GET"},
    ),
    (HTTPException(405), 405, "invalid_request_error", "method_not_allowed", {"allow": ""}),
    (HTTPException(409), 409, "invalid_request_error", None, {}),
]


@pytest.mark.parametrize(("error", "status", "kind", "code", "headers"), CASES)
def test_an_error_has_its_status_type_code_and_headers(
    error: Exception, status: int, kind: str, code: str | None, headers: dict[str, str]
) -> None:
    response = response_for(error)
    body = json.loads(bytes(response.body))["error"]
    sent = {k: v for k, v in response.headers.items() if not k.startswith("content-")}
    assert (response.status_code, body["type"], body["code"], sent) == (status, kind, code, headers)


def test_a_bad_request_names_the_field() -> None:
    body = bytes(response_for(BadRequest("'n' must be 1.", param="n")).body)
    assert json.loads(body) == {
        "error": {
            "message": "'n' must be 1.",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_request",
        }
    }


def test_a_cure_is_told_unless_it_is_the_operators() -> None:
    ours = bytes(response_for(Unauthenticated("No token.", hint="Send one.")).body)
    theirs = bytes(response_for(vendor(VendorRejected, hint="Set gateway.token.")).body)
    assert json.loads(ours)["error"]["message"] == "No token. Send one."
    assert json.loads(theirs)["error"]["message"] == "The agent failed."


def test_what_nobody_foresaw_is_told_in_a_fixed_text() -> None:
    assert (
        json.loads(bytes(response_for(ValueError(SECRET)).body))["error"]["message"] == UNFORESEEN
    )


def test_the_one_error_inside_a_task_group_is_the_error() -> None:
    inner = ExceptionGroup("tasks", [ExceptionGroup("more", [BadRequest("No.")])])
    several = ExceptionGroup("tasks", [BadRequest("No."), BadRequest("No.")])
    assert response_for(inner).status_code == 400
    assert response_for(several).status_code == 500


def test_addresses_methods_and_models_that_do_not_exist_have_the_same_shape() -> None:
    answers = [not_found(), wrong_method("GET, HEAD"), model_not_found("gpt-" + "9" * 100)]
    bodies = [json.loads(bytes(answer.body))["error"] for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 405, 404]
    assert [body["code"] for body in bodies] == [
        "not_found",
        "method_not_allowed",
        "model_not_found",
    ]
    assert bodies[2]["param"] == "model"
    assert len(bodies[2]["message"]) < 120
    assert answers[1].headers["allow"] == "GET, HEAD"


async def ask(
    endpoint: Any,
    *,
    method: str = "POST",
) -> httpx.Response:
    """One request to an app whose one route fails, behind `Faults`."""
    routes = [Route("/v1/chat/completions", endpoint, methods=["POST"])]
    app = Faults(Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        return await client.request(method, "/v1/chat/completions")


def failing(error: Exception) -> Any:
    """An endpoint that fails."""

    async def endpoint(_request: Request) -> Response:
        raise error

    return endpoint


async def test_starlettes_own_refusals_have_our_shape() -> None:
    response = await ask(failing(ValueError()), method="PUT")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["error"]["code"] == "method_not_allowed"


async def test_an_endpoint_raises_and_the_client_gets_the_answer() -> None:
    answers = [await ask(failing(error)) for error, *_ in CASES]
    assert [answer.status_code for answer in answers] == [status for _, status, *_ in CASES]


async def test_an_error_in_a_task_group_of_an_endpoint_is_answered_as_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await ask(failing(ExceptionGroup("tasks", [BadRequest("No.")])))
    assert response.status_code == 400
    assert caplog.records == []


async def test_what_nobody_foresaw_is_logged_once_and_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await ask(failing(ValueError(SECRET)))
    assert (response.status_code, response.json()["error"]["message"]) == (500, UNFORESEEN)
    assert [record.getMessage() for record in caplog.records] == ["request.failed"]
    assert SECRET not in caplog.text


async def test_a_failure_amid_a_stream_ends_it_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def chunks() -> Any:
        yield b"data: 1\n\n"
        raise ValueError(SECRET)

    async def endpoint(_request: Request) -> Response:
        return StreamingResponse(chunks())

    routes = [Route("/", endpoint)]
    app = Faults(Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS))
    async with served(app) as server:
        wire = await server.connect()
        with caplog.at_level(logging.ERROR, logger="bridge"):
            await wire.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            heard = await wire.hear_all()
        await wire.close()
    assert heard.endswith(b"data: 1\n\n\r\n")
    ours = [record.getMessage() for record in caplog.records if record.name == "bridge"]
    assert ours == ["request.failed"]
    assert SECRET not in caplog.text


async def test_a_client_that_left_is_nobodys_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ExceptionGroup("tasks", [ClientDisconnect()])

    async def nothing(*_: object) -> Any:
        raise AssertionError

    await Faults(app)({"type": "http"}, nothing, nothing)
    assert caplog.records == []


async def test_what_is_not_a_request_passes() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Any:
        raise AssertionError

    await Faults(app)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (BadRequest("No.", param="messages"), openai.BadRequestError),
        (Unauthenticated("No token."), openai.AuthenticationError),
        (NotAllowed("No.", rule="pin"), openai.PermissionDeniedError),
        (HTTPException(404), openai.NotFoundError),
        (BadRequest("No.", status=422), openai.UnprocessableEntityError),
        (OverLimit("Slow down."), openai.RateLimitError),
        (vendor(VendorUnavailable, Why.QUOTA), openai.RateLimitError),
        (Draining("Stopping."), openai.InternalServerError),
        (vendor(VendorTooSlow), openai.InternalServerError),
        (BadRequest("No.", status=413), openai.APIStatusError),
        (ValueError(SECRET), openai.InternalServerError),
    ],
)
async def test_the_official_client_raises_its_own_exception(
    error: Exception, raised: type[openai.APIStatusError]
) -> None:
    routes = [Route("/v1/chat/completions", failing(error), methods=["POST"])]
    app = Faults(Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS))
    http = openai.DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(app))
    async with openai.AsyncOpenAI(
        base_url="http://bridge/v1", api_key="k", max_retries=0, http_client=http
    ) as client:
        with pytest.raises(raised) as caught:
            await client.chat.completions.create(
                model="bridge", messages=[{"role": "user", "content": "hi"}]
            )
    expected = json.loads(bytes(response_for(error).body))["error"]
    assert (caught.value.code, caught.value.param) == (expected["code"], expected["param"])
