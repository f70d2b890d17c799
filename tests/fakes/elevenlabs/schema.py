"""What ElevenLabs' own document says of a body: is it right, does it know every key, what is missing.

Nothing in the document forbids a key that it does not list, and the real service ignores such
keys without a word. `strangers` walks a body beside its schema and names each one, and each tag
(`provider`, `preference`, …) that a union needs and the body leaves out. What the Python SDK models
and the document lacks (`data/delta.json`) is no stranger.

Source: data/README.md.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]

DATA = Path(__file__).parent / "data"

ABSENT = object()
"""Told apart from null, which is a value."""

DOCUMENT: dict[str, Any] = json.loads((DATA / "openapi.json").read_text())
SAMPLES: dict[str, Any] = json.loads((DATA / "samples.json").read_text())
_ONLY_IN_SDK: dict[str, dict[str, str]] = json.loads((DATA / "delta.json").read_text())[
    "fields_only_in_sdk"
]

SDK_QUERY = frozenset({"branch_id", "version_id", "force"})
"""Query parameters that the SDK sends to agents and the document does not list everywhere."""


def named(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def request_schema(method: str, path: str) -> Schema | None:
    """What the body of an operation must be; None when it takes none."""
    body = DOCUMENT["paths"][path][method.lower()].get("requestBody")
    return dict(body["content"]["application/json"]["schema"]) if body else None


def response_schema(method: str, path: str) -> Schema | None:
    """What its good answer must be; None when that is empty or not described."""
    content = DOCUMENT["paths"][path][method.lower()]["responses"].get("200", {}).get("content")
    return dict(content["application/json"]["schema"]) if content else None


def queries(method: str, path: str) -> frozenset[str]:
    """The query parameters that an operation knows."""
    listed = DOCUMENT["paths"][path][method.lower()].get("parameters", ())
    return SDK_QUERY | {p["name"] for p in listed if p["in"] == "query"}


# -- is it right? ------------------------------------------------------------------------


def problems(schema: Schema, value: Any, *, partial: bool = False) -> list[dict[str, Any]]:
    """Why a value does not fit, as the vendor's 422 lists it; empty when it does.

    Args:
        partial: for a PATCH: nothing is required, and null may stand in a free-form map.
    """
    validator = _validator(json.dumps(schema), partial)
    found = sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))
    return [
        {
            "loc": ["body", *error.absolute_path],
            "msg": error.message[:200],
            "type": str(error.validator),
        }
        for error in found
    ]


@cache
def _validator(schema: str, partial: bool) -> Draft202012Validator:
    wanted = json.loads(schema)
    if partial:
        return Draft202012Validator({**_relaxed(), **_relax(wanted)})
    return Draft202012Validator({"components": DOCUMENT["components"], **wanted})


@cache
def _relaxed() -> dict[str, Any]:
    schemas = DOCUMENT["components"]["schemas"]
    return {"components": {"schemas": {name: _relax(schemas[name]) for name in schemas}}}


def _relax(schema: Any, *, is_names: bool = False) -> Any:
    if isinstance(schema, list):
        return [_relax(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    relaxed = {}
    for key, part in schema.items():
        if is_names:
            relaxed[key] = _relax(part)
        elif key == "additionalProperties" and isinstance(part, dict):
            relaxed[key] = {"anyOf": [_relax(part), {"type": "null"}]}
        elif key == "oneOf":  # without their required parts several may fit
            relaxed["anyOf"] = _relax(part)
        elif key != "required":
            relaxed[key] = _relax(part, is_names=key == "properties")
    return relaxed


# -- does it know every key? ---------------------------------------------------------------


def strangers(schema: Schema, value: Any, at: str = "") -> list[str]:
    """Where a body has keys that its schema does not list, or lacks a tag that it must have."""
    if isinstance(value, list):
        return [
            odd
            for _, leaf in _leaves(schema, value)
            for i, item in enumerate(value)
            for odd in strangers(leaf.get("items", {}), item, f"{at}[{i}]")
        ]
    if not isinstance(value, dict):
        return []
    missing = _missing_tag(schema, value)
    if missing:
        return [f"{at}: no tag {missing!r}"]
    found = [_strangers_in(leaf, name, value, at) for name, leaf in _leaves(schema, value)]
    return min(found, key=len, default=[])


def _strangers_in(leaf: Schema, name: str, value: Mapping[str, Any], at: str) -> list[str]:
    found: list[str] = []
    for key, part in value.items():
        where = f"{at}.{key}".removeprefix(".")
        inner = _property(leaf, key)
        if inner is not None:
            found += strangers(inner, part, where)
        elif key not in _ONLY_IN_SDK.get(name, {}):
            found.append(where)
    return found


def _property(leaf: Schema, key: str) -> Schema | None:
    """The schema of one key of an object; None when the object does not know it."""
    known = leaf.get("properties", {})
    if key in known:
        return dict(known[key])
    rest = leaf.get("additionalProperties", "properties" not in leaf)
    if isinstance(rest, dict):
        return rest
    return {} if rest else None


def _missing_tag(schema: Schema, value: Mapping[str, Any]) -> str:
    """The tag that tells a union's members apart, where the value lacks it."""
    members = [_plain(m) for m in _members(schema)]
    tags = [_tags(member) for member in members if "properties" in member]
    shared = set.intersection(*tags) if len(tags) > 1 else set()
    return next(iter(shared - value.keys()), "")


def _tags(leaf: Schema) -> set[str]:
    return {key for key, part in leaf["properties"].items() if "const" in part}


def _members(schema: Schema) -> list[Schema]:
    schema = _plain(schema)
    return list(schema.get("oneOf") or schema.get("anyOf") or ())


def _plain(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _leaves(schema: Schema, value: Any, name: str = "") -> Iterator[tuple[str, Schema]]:
    """The plain schemas, with their names, that a value of this kind can be meant by."""
    if "$ref" in schema:  # goes before an open `anyOf` beside it
        name = schema["$ref"].rpartition("/")[2]
        yield from _leaves(DOCUMENT["components"]["schemas"][name], value, name)
        return
    tag = schema.get("discriminator", {})
    if "oneOf" in schema and tag and isinstance(value, dict):
        chosen = tag["mapping"].get(str(value.get(tag["propertyName"])))
        if chosen:
            yield from _leaves({"$ref": chosen}, value)
        return
    members = schema.get("anyOf") or schema.get("oneOf")
    if members:
        for member in members:
            yield from _leaves(member, value, name)
    elif schema.get("type", _kind(value)) == _kind(value):
        yield name, schema


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {dict: "object", list: "array", str: "string", bool: "boolean"}.get(
        type(value), "number"
    )


def leaf_of(schema: Schema, value: Any) -> tuple[str, Schema]:
    """The one plain schema that a value is most likely meant by, with its name."""
    found = list(_leaves(schema, value))
    if isinstance(value, dict):
        found.sort(
            key=lambda one: (
                not set(one[1].get("required", ())) <= set(value),
                len(_strangers_in(one[1], one[0], value, "")),
            )
        )
    return found[0] if found else ("", {})


def is_map(leaf: Schema) -> bool:
    """Whether it is a free-form map, whose keys are the caller's own."""
    return "properties" not in leaf and bool(leaf.get("additionalProperties"))


# -- what is missing? ------------------------------------------------------------------------


def filled(schema: Schema, value: Any, *, defaults: bool = True) -> Any:
    """A value as the vendor gives it back: defaults for all that was not sent, strangers gone.

    Args:
        defaults: False only drops the strangers.
    """
    if isinstance(value, list):
        _, leaf = leaf_of(schema, value)
        return [filled(leaf.get("items", {}), item, defaults=defaults) for item in value]
    if not isinstance(value, dict):
        return value
    name, leaf = leaf_of(schema, value)
    whole: dict[str, Any] = {}
    for key, part in leaf.get("properties", {}).items():
        given = _default(part) if defaults else ABSENT
        if key in value:
            given = filled(part, value[key], defaults=defaults)
        if given is not ABSENT:
            whole[key] = given
    for key in value.keys() - leaf.get("properties", {}).keys():
        inner = _property(leaf, key)
        if inner is not None or key in _ONLY_IN_SDK.get(name, {}):
            whole[key] = filled(inner or {}, value[key], defaults=defaults)
    return whole


def _default(schema: Schema) -> Any:
    if "default" in schema:
        return filled(schema, copy.deepcopy(schema["default"]))
    union = _plain(schema)
    if "default" in union:
        return copy.deepcopy(union["default"])
    tag = union.get("discriminator")
    if "oneOf" in union and tag:
        return filled(union, {tag["propertyName"]: next(iter(tag["mapping"]))})
    empties: tuple[Any, ...] = (None, [], {})
    for empty in empties:
        for _, leaf in _leaves(schema, empty):
            if "type" in leaf and not set(leaf.get("required", ())) - _optional(leaf):
                return filled(leaf, empty)
    return ABSENT


def _optional(leaf: Schema) -> set[str]:
    """The required keys of an object that it has defaults for all the same."""
    parts = leaf.get("properties", {})
    return {key for key in leaf.get("required", ()) if _default(parts[key]) is not ABSENT}
