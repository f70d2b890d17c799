"""The platform's REST API, as far as calls need it: placing one, and finding it again.

Source: elevenlabs.io/docs/api-reference, Twilio outbound call, conversations, phone numbers
(2026-11).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.rehearsal.platform.record import NUMBER_ID, summary

Json = dict[str, Any]

KEY_HEADER = "xi-api-key"

_NEEDED = ("agent_id", "agent_phone_number_id", "to_number")


class Refused(Exception):
    """The platform's answer to a request that it doesn't take, as `status` and `detail`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.detail = {"type": code, "code": code, "message": message, "status": code}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the API opens on to.

    Attributes:
        line: our number.
        place: places a call by an order that fits; the answer and its status.
        records: every conversation's record, newest first.
    """

    line: str
    place: Callable[[Mapping[str, Any]], tuple[Json, int]]
    records: Callable[[], Sequence[Json]]


def app(desk: Desk) -> Starlette:
    """The API."""

    async def outbound_call(request: Request) -> Response:
        order = _order(await request.body())
        answer, status = desk.place(order)
        return JSONResponse(answer, status)

    async def conversations(request: Request) -> Response:
        user = request.query_params.get("user_id")
        found = [one for one in desk.records() if user in (None, one["user_id"])]
        rows = [summary(one) for one in found]
        return JSONResponse({"conversations": rows, "has_more": False, "next_cursor": None})

    async def conversation(request: Request) -> Response:
        wanted = request.path_params["conversation_id"]
        found = next((one for one in desk.records() if one["conversation_id"] == wanted), None)
        if found is None:
            raise Refused(404, "conversation_not_found", "Conversation not found")
        return JSONResponse(found)

    async def numbers(_request: Request) -> Response:
        number = {
            "phone_number": desk.line,
            "label": "rehearsal",
            "phone_number_id": NUMBER_ID,
            "provider": "twilio",
            "supports_inbound": True,
            "supports_outbound": True,
            "assigned_agent": None,
        }
        return JSONResponse([number])

    routes = [
        Route("/v1/convai/twilio/outbound-call", _keyed(outbound_call), methods=["POST"]),
        Route("/v1/convai/conversations", _keyed(conversations)),
        Route("/v1/convai/conversations/{conversation_id}", _keyed(conversation)),
        Route("/v1/convai/phone-numbers", _keyed(numbers)),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: _refused})


def _keyed(endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """The endpoint for whoever has a key."""

    async def checked(request: Request) -> Response:
        if not request.headers.get(KEY_HEADER):
            raise Refused(401, "invalid_api_key", "Invalid API key")
        answer: Response = await endpoint(request)
        return answer

    return checked


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused), "registered for it alone"
    return JSONResponse({"detail": error.detail}, error.status)


def _order(body: bytes) -> Json:
    """The body of an order. Raises `Refused`."""
    try:
        order = from_json(body)
    except ValueError:
        order = None
    if not isinstance(order, dict):
        raise Refused(422, "invalid_body", "The body is no JSON object")
    for name in _NEEDED:
        if not isinstance(order.get(name), str) or not order[name]:
            raise Refused(422, "missing_field", f"{name} is missing")
    if order["agent_phone_number_id"] != NUMBER_ID:
        raise Refused(404, "phone_number_not_found", "No such phone number")
    return order
