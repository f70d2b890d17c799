"""`GET /openapi.json`: the operator's routes, drawn from the models that read them.

Source: OpenAPI Specification 3.1.0.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge import __version__
from bridge.core.call_export import COLUMNS
from bridge.core.outbound_rules import RULES
from bridge.core.record import Fault, Mode, Outcome, Source, State
from bridge.ports.records import MAX_PAGE, PAGE
from bridge.web.orders import CallOrder

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "number"}
_MAYBE: Json = {"type": ["string", "null"]}
_MAYBE_NUMBER: Json = {"type": ["number", "null"]}


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
        "security": [{"operator": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _paths() -> Json:
    one = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
    reveal = _query("reveal", {**_FLAG, "default": False}, "Show numbers whole.")
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE})
    return {
        "/calls": {
            "get": _act(
                "listCalls",
                "A page of calls, the latest first.",
                {200: _ref("CallPage"), 400: _ref("Error")},
                [
                    _query("direction", {"enum": ["inbound", "outbound"]}),
                    _query("outcome", {"enum": list(Outcome)}),
                    *(_query(name, _NUMBER, "Seconds since 1970.") for name in ("since", "until")),
                    _query("remote", _TEXT, "An E.164 number."),
                    _query("owner", _TEXT),
                    _query("live", _FLAG),
                    limit,
                    _query("cursor", _TEXT, "`next` of the page before."),
                    reveal,
                ],
            ),
            "post": _act(
                "placeCall",
                "Places a call, or says what every rule says of it.",
                {
                    200: {"anyOf": [_ref("PlacedCall"), _ref("Verdict")]},
                    201: _ref("PlacedCall"),
                    202: _ref("PlacedCall"),
                    400: _ref("Error"),
                    403: _ref("Error"),
                    409: _ref("Error"),
                    422: _ref("Error"),
                    502: _ref("Error"),
                    503: _ref("Error"),
                    504: _ref("Error"),
                },
                [
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "schema": {**_TEXT, "pattern": "^[!-~]{1,256}$"},
                        "description": "However often it is asked with this, it rings once.",
                    }
                ],
                body=_ref("CallOrder"),
            ),
        },
        "/calls/search": {
            "get": _act(
                "searchCalls",
                "Turns in which all words of `q` were said.",
                {200: _ref("Hits"), 400: _ref("Error")},
                [_query("q", _TEXT), limit, reveal],
            )
        },
        "/calls/{id}": {
            "get": _act(
                "readCall",
                "One call; the beginning of its id is enough.",
                {200: _ref("Call"), 400: _ref("Error"), 404: _ref("Error")},
                [one, reveal],
            ),
            "delete": _act(
                "eraseCall",
                "Erases it for good.",
                {200: {"type": "object"}, 404: _ref("Error")},
                [one],
            ),
        },
        "/calls/{id}/transcript": {
            "get": _act(
                "readTranscript",
                "Its turns, with their words.",
                {200: {"type": "object"}, 400: _ref("Error"), 404: _ref("Error")},
                [one],
            )
        },
        "/stop": {
            "get": _act("readStop", "Whether the kill switch is on.", {200: _ref("Switch")}),
            "post": _act(
                "stopAll",
                "No call is placed any more; calls of ours are hung up at their next turn.",
                {200: _ref("Switch")},
            ),
            "delete": _act("resume", "Calls may be placed again.", {200: _ref("Switch")}),
        },
        "/sessions": {
            "get": _act("listSessions", "Who talks in which session.", {200: {"type": "object"}})
        },
        "/latency": {"get": _act("readLatency", "How long turns take.", {200: {"type": "object"}})},
        "/events": {
            "get": _act(
                "watch",
                "What happens, live, as server-sent events of one JSON object each. Without end.",
                {200: _TEXT, 400: _ref("Error")},
                [_query("words", _FLAG, "With what is said.")],
                kind="text/event-stream",
            )
        },
    }


def _act(
    name: str,
    summary: str,
    answers: Mapping[int, Json],
    parameters: Sequence[Json] = (),
    *,
    body: Json | None = None,
    kind: str = "application/json",
) -> Json:
    everywhere = {401: _ref("Error"), 429: _ref("Error")}
    act: Json = {
        "operationId": name,
        "summary": summary,
        "responses": {
            str(status): {
                "description": "done" if status < 400 else "refused",  # noqa: PLR2004 - HTTP
                "content": {
                    kind if status < 300 else "application/json": {"schema": schema}  # noqa: PLR2004 - HTTP
                },
            }
            for status, schema in {**answers, **everywhere}.items()
        },
    }
    if parameters:
        act["parameters"] = list(parameters)
    if body is not None:
        act["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return act


def _query(name: str, schema: Json, description: str = "") -> Json:
    said = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **said}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


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
                "is_new": _FLAG,
                "estimate": {"anyOf": [_ref("Estimate"), {"type": "null"}]},
            },
            "required": [*call["required"], "is_new", "estimate"],
        },
        "CallPage": _object(calls=_list(_ref("Call")), next=_MAYBE),
        "Hits": _object(hits=_list(_object(call=_ref("Call"), turn={"type": "object"}))),
        "Estimate": _object(
            usd=_NUMBER,
            carrier_per_minute=_NUMBER,
            platform_per_minute=_NUMBER,
            is_listed=_FLAG,
            as_of=_TEXT,
        ),
        "Verdict": _object(
            allowed=_FLAG,
            rule={"enum": [*RULES, None]},
            rules=_list(_object(rule={"enum": list(RULES)}, passed=_FLAG, why=_TEXT)),
            estimate={"anyOf": [_ref("Estimate"), {"type": "null"}]},
        ),
        "Switch": _object(stopped=_FLAG, stopped_s=_MAYBE_NUMBER),
        "Error": _object(error=_object(message=_TEXT, type=_TEXT, param=_MAYBE, code=_MAYBE)),
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
        name: special.get(name) or (_MAYBE_NUMBER if name in numbers else _MAYBE)
        for name in COLUMNS
    }
    return _object(**fields, touched_s=_NUMBER, reported=_list(_TEXT))


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}
