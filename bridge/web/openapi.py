"""`GET /openapi.json`: the operator's routes, drawn from the models that read them.

Source: OpenAPI Specification 3.1.0.
"""

from functools import cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge import __version__
from bridge.core.call_export import COLUMNS
from bridge.core.order import AGENT, OPERATOR
from bridge.core.outbound_rules import RULES
from bridge.core.record import Fault, Mode, Outcome, Source, State
from bridge.ports.records import MAX_PAGE, PAGE
from bridge.web import openapi_schedules
from bridge.web.openapi_parts import (
    FLAG,
    ID,
    KEY,
    MAYBE,
    MAYBE_ESTIMATE,
    MAYBE_NUMBER,
    NUMBER,
    REVEAL,
    TEXT,
    VERDICT_RULES,
    Json,
    act,
    list_of,
    object_of,
    query,
    ref,
)
from bridge.web.orders import CallOrder


def routes() -> list[Route]:
    """The route."""

    async def shown(_request: Request) -> Response:
        return JSONResponse(document())

    return [Route("/openapi.json", shown)]


@cache
def document() -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "bridge", "version": __version__, "summary": "The operator's routes."},
        "security": [{OPERATOR: []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer"} for name in (OPERATOR, AGENT)
            },
            "schemas": _schemas(),
        },
    }


def _paths() -> Json:
    limit = query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE})
    return {
        "/calls": {
            "get": act(
                "listCalls",
                "A page of calls, the latest first.",
                {200: ref("CallPage"), 400: ref("Error")},
                [
                    query("direction", {"enum": ["inbound", "outbound"]}),
                    query("outcome", {"enum": list(Outcome)}),
                    *(query(name, NUMBER, "Seconds since 1970.") for name in ("since", "until")),
                    query("remote", TEXT, "An E.164 number."),
                    query("owner", TEXT),
                    query("live", FLAG),
                    limit,
                    query("cursor", TEXT, "`next` of the page before."),
                    REVEAL,
                ],
            ),
            "post": act(
                "placeCall",
                "Places a call, or says what every rule says of it.",
                {
                    200: {"anyOf": [ref("PlacedCall"), ref("Verdict")]},
                    201: ref("PlacedCall"),
                    202: ref("PlacedCall"),
                    400: ref("Error"),
                    403: ref("Error"),
                    409: ref("Error"),
                    422: ref("Error"),
                    502: ref("Error"),
                    503: ref("Error"),
                    504: ref("Error"),
                },
                [KEY],
                body=ref("CallOrder"),
            ),
        },
        "/calls/search": {
            "get": act(
                "searchCalls",
                "Turns in which all words of `q` were said.",
                {200: ref("Hits"), 400: ref("Error")},
                [query("q", TEXT), limit, REVEAL],
            )
        },
        "/calls/{id}": {
            "get": act(
                "readCall",
                "One call; the beginning of its id is enough.",
                {200: ref("Call"), 400: ref("Error"), 404: ref("Error")},
                [ID, REVEAL],
            ),
            "delete": act(
                "endCall",
                "Ends it: hung up at its next turn. With `erase`, deletes it for good.",
                {
                    200: {"anyOf": [ref("EndedCall"), ref("Erased")]},
                    202: ref("EndedCall"),
                    400: ref("Error"),
                    403: ref("Error"),
                    404: ref("Error"),
                    409: ref("Error"),
                },
                [ID, query("erase", {**FLAG, "default": False}, "Only once it is over.")],
            ),
        },
        "/calls/{id}/transcript": {
            "get": act(
                "readTranscript",
                "Its turns, with their words.",
                {200: {"type": "object"}, 400: ref("Error"), 404: ref("Error")},
                [ID],
            )
        },
        "/stop": {
            "get": act("readStop", "Whether the kill switch is on.", {200: ref("Switch")}),
            "post": act(
                "stopAll",
                "No call is placed any more; calls of ours are hung up at their next turn.",
                {200: ref("Switch")},
            ),
            "delete": act("resume", "Calls may be placed again.", {200: ref("Switch")}),
        },
        **openapi_schedules.paths(),
        "/sessions": {
            "get": act("listSessions", "Who talks in which session.", {200: {"type": "object"}})
        },
        "/latency": {"get": act("readLatency", "How long turns take.", {200: {"type": "object"}})},
        "/events": {
            "get": act(
                "watch",
                "What happens, live, as server-sent events of one JSON object each. Without end.",
                {200: TEXT, 400: ref("Error")},
                [query("words", FLAG, "With what is said.")],
                kind="text/event-stream",
            )
        },
    }


def _schemas() -> Json:
    order = CallOrder.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    inner = order.pop("$defs", {})
    call = _call()
    return {
        **inner,
        "CallOrder": order,
        "Call": call,
        "PlacedCall": {
            **call,
            "properties": {
                **call["properties"],
                "is_new": FLAG,
                "estimate": MAYBE_ESTIMATE,
            },
            "required": [*call["required"], "is_new", "estimate"],
        },
        "EndedCall": {
            **call,
            "properties": {**call["properties"], "note": TEXT},
            "required": [*call["required"], "note"],
        },
        "Erased": object_of(erased=object_of(calls={"type": "integer"}, turns={"type": "integer"})),
        "CallPage": object_of(calls=list_of(ref("Call")), next=MAYBE),
        "Hits": object_of(hits=list_of(object_of(call=ref("Call"), turn={"type": "object"}))),
        "Estimate": object_of(
            usd=NUMBER,
            carrier_per_minute=NUMBER,
            platform_per_minute=NUMBER,
            is_listed=FLAG,
            as_of=TEXT,
        ),
        "Verdict": object_of(
            allowed=FLAG,
            rule={"enum": [*RULES, None]},
            rules=VERDICT_RULES,
            estimate=MAYBE_ESTIMATE,
        ),
        **openapi_schedules.schemas(),
        "Switch": object_of(stopped=FLAG, stopped_s=MAYBE_NUMBER),
        "Error": object_of(error=object_of(message=TEXT, type=TEXT, param=MAYBE, code=MAYBE)),
    }


def _call() -> Json:
    """A call as `bridge.core.call_export.render_call` shows it."""
    special: dict[str, Json] = {
        "direction": {"enum": ["inbound", "outbound"]},
        "source": {"enum": list(Source)},
        "state": {"enum": list(State)},
        "outcome": {"enum": [*Outcome, None]},
        "fault": {"enum": [*Fault, None]},
        "mode": {"enum": [*Mode, None]},
    }
    numbers = ("placed_s", "answered_s", "ended_s", "duration_s", "cost")
    fields = {
        name: special.get(name) or (MAYBE_NUMBER if name in numbers else MAYBE) for name in COLUMNS
    }
    return object_of(**fields, touched_s=NUMBER, reported=list_of(TEXT))
