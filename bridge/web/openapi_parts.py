"""The pieces that `GET /openapi.json` is put together from.

Source: OpenAPI Specification 3.1.0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.order import AGENT, OPERATOR
from bridge.core.outbound_rules import RULES

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
NUMBER: Json = {"type": "number"}
MAYBE: Json = {"type": ["string", "null"]}
MAYBE_NUMBER: Json = {"type": ["number", "null"]}

FOR_AGENTS = frozenset({"placeCall", "listCalls", "readCall", "readTranscript", "endCall"})
"""What an agent's token opens too: for its own calls, and none is erased."""


def act(
    name: str,
    summary: str,
    answers: Mapping[int, Json],
    parameters: Sequence[Json] = (),
    *,
    body: Json | None = None,
    kind: str = "application/json",
) -> Json:
    """One act of a route: what it is called, what it takes, what it answers by status."""
    everywhere = {401: ref("Error"), 429: ref("Error")}
    told: Json = {
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
    if name in FOR_AGENTS:
        told["security"] = [{OPERATOR: []}, {AGENT: []}]
    if parameters:
        told["parameters"] = list(parameters)
    if body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return told


def query(name: str, schema: Json, description: str = "") -> Json:
    """A parameter of an address."""
    said = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **said}


def ref(name: str) -> Json:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def object_of(**properties: Json) -> Json:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


ID: Json = {"name": "id", "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}}
"""The id in an address."""

KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {**TEXT, "pattern": "^[!-~]{1,256}$"},
    "description": "However often it is asked with this, it is done once.",
}
"""The header that makes a repeat harmless."""

REVEAL = query("reveal", {**FLAG, "default": False}, "Show numbers whole.")
"""The parameter that lifts the masks."""

VERDICT_RULES = list_of(object_of(rule={"enum": list(RULES)}, passed=FLAG, why=TEXT))
"""What every rule of the guard says."""

MAYBE_ESTIMATE: Json = {"anyOf": [ref("Estimate"), {"type": "null"}]}
"""What a call is reckoned to cost, where that is known."""
