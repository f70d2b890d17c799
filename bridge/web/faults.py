"""Our errors as HTTP answers: one table, in OpenAI's shape, for every route.

    BadRequest          its own status (400, 408, 413, 415 …)
    Unauthenticated     401   WWW-Authenticate: Bearer
    NotAllowed          403
    OverLimit           429   Retry-After
    Draining            503   Retry-After
    VendorError, rate   429   Retry-After
    VendorError, quota  429   asking again does not help
    VendorTooSlow       504
    other VendorErrors  502
    anything else       500   a fixed text

What is answered holds our own messages only. An error nobody foresaw is logged by its kind and
the lines it came through, never by its text, which may hold what a caller said.

Source: platform.openai.com/docs/guides/error-codes (2026-11); RFC 9110 15.5, 10.2.3.
"""

import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge import log
from bridge.core.chat import dump, render_error
from bridge.errors import (
    BadRequest,
    BridgeError,
    Draining,
    OverLimit,
    Refused,
    Unauthenticated,
    VendorError,
    VendorTooSlow,
    Why,
)

DRAIN_RETRY_AFTER_S = 5.0
"""When to ask again while we stop: about what a restart takes."""

RETRY_AFTER_S = 1.0
"""When to ask again when a vendor said "too fast" without saying for how long."""

UNFORESEEN = "Something went wrong inside bridge. The log has the cause."

REQUEST, RATE, SERVER = "invalid_request_error", "rate_limit_error", "server_error"
"""OpenAI's error types, which its clients show."""

_BODY_CODES = {408: "request_timeout", 413: "request_too_large", 415: "unsupported_media_type"}


class Faults:
    """The outermost layer: no error leaves it, so nothing private reaches the server's log.

    A failure before the response began is answered; after that the connection is closed, which
    is how the other side learns that the answer is not whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request of the app inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        def passed(message: Message) -> Any:  # noqa: ANN401 - the server's own awaitable
            # One plain call a chunk: only the first message needs to be looked at.
            return send(message) if started else watched(message)

        try:
            await self._app(scope, receive, passed)
        except Exception as error:  # noqa: BLE001 - a door: nothing is caught further out
            if isinstance(_only(error), ClientDisconnect):
                return
            if started:
                log.failure("request.failed", error)
            else:
                await response_for(error)(scope, receive, send)


def response_for(error: BaseException) -> Response:
    """Any error as the answer that fits it. What is nobody's fault but ours is logged."""
    error = _only(error)
    for kind, answer in _TABLE:
        if isinstance(error, kind):
            return answer(error)
    log.failure("request.failed", error)
    return _answer(500, UNFORESEEN, SERVER, "internal_error")


def not_found() -> Response:
    """404: no such address. What was asked for is not repeated."""
    return _answer(404, "There is nothing at this address.", REQUEST, "not_found")


def model_not_found(model: str) -> Response:
    """404: no such model, in the form OpenAI's clients know."""
    text = f"The model {model[:64]!r} does not exist."
    return _answer(404, text, REQUEST, "model_not_found", param="model")


def wrong_method(allow: str) -> Response:
    """405. `allow` is what may be used instead, e.g. `"GET, HEAD"`."""
    text = f"This address takes {allow} only." if allow else "This method can't be used here."
    headers = {"Allow": allow}
    return _answer(405, text, REQUEST, "method_not_allowed", headers=headers)


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's way to ask for an answer."""
    return response_for(error)


async def leave_to_faults(_request: Request, error: Exception) -> Response:
    """Starlette answers what nobody foresaw in its own words; `Faults` has ours."""
    raise error


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    BridgeError: on_error,
    HTTPException: on_error,
    Exception: leave_to_faults,
}
"""For `Starlette(exception_handlers=…)`, inside `Faults`."""


def retry_after(delay_s: float) -> dict[str, str]:
    """The header that says when to ask again: whole seconds, rounded up, at least 1."""
    return {"Retry-After": str(max(1, math.ceil(delay_s)))}


def _bad_request(error: BadRequest) -> Response:
    is_clients = 400 <= error.status < 500  # noqa: PLR2004 - the class of "your mistake"
    status = error.status if is_clients else HTTPStatus.BAD_REQUEST
    code = _BODY_CODES.get(status, error.code)
    return _answer(status, _text(error), REQUEST, code, param=error.param)


def _vendor(error: VendorError) -> Response:
    if error.why is Why.RATE:
        headers = retry_after(error.retry_after_s or RETRY_AFTER_S)
        return _answer(429, error.message, RATE, error.code, headers=headers)
    if error.why is Why.QUOTA:
        # OpenAI's clients ask again after every 429 unless told that it doesn't help.
        headers = {"x-should-retry": "false"}
        kind = "insufficient_quota"
        return _answer(429, error.message, kind, kind, headers=headers)
    status = 504 if isinstance(error, VendorTooSlow) else 502
    return _answer(status, error.message, SERVER, error.code)


def _over_limit(error: OverLimit) -> Response:
    headers = retry_after(error.retry_after_s)
    return _answer(429, _text(error), RATE, error.code, headers=headers)


def _unauthenticated(error: Unauthenticated) -> Response:
    headers = {"WWW-Authenticate": "Bearer"}
    return _answer(401, _text(error), REQUEST, error.code, headers=headers)


def _refused(error: Refused) -> Response:
    return _answer(403, _text(error), REQUEST, error.code)


def _draining(error: Draining) -> Response:
    headers = retry_after(DRAIN_RETRY_AFTER_S)
    return _answer(503, _text(error), SERVER, error.code, headers=headers)


def _http(error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return not_found()
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = headers.get("Allow", "").split(", ")
        return wrong_method(", ".join(sorted(methods)))  # Starlette keeps them in a set
    phrase = HTTPStatus(error.status_code).phrase + "."
    return _answer(error.status_code, phrase, REQUEST, None, headers=headers)


_TABLE: tuple[tuple[type[Exception], Callable[[Any], Response]], ...] = (
    (BadRequest, _bad_request),
    (VendorError, _vendor),
    (OverLimit, _over_limit),
    (Unauthenticated, _unauthenticated),
    (Refused, _refused),
    (Draining, _draining),
    (HTTPException, _http),
)
"""The first that fits is taken, so a kind stands before the kind it belongs to."""


def _text(error: BridgeError) -> str:
    """Message and cure. A vendor's hint is for the operator and stays out of answers."""
    return f"{error.message} {error.hint}".rstrip()


def _only(error: BaseException) -> BaseException:
    """The one error inside a task group's wrapping, however deep."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _answer(
    status: int,
    message: str,
    kind: str,
    code: str | None,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = dump(render_error(message, kind, code=code, param=param))
    return Response(body, status, headers, media_type="application/json")
