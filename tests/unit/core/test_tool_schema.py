"""Arguments hold what the schema demands, whatever shape the schema has."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.tool_schema import MAX_ITEMS, MAX_VALUES, Filler, Place, carries, fill

FILLER = Filler({"reason": "Because.", "message": ""}, spoken="Goodbye.")


def one(schema: object, root: Mapping[str, Any] | None = None) -> Any:
    """What is written into a required property `x` of this schema."""
    holder = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    return fill({**(root or {}), **holder}, FILLER)["x"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "minLength": 1}, "Goodbye."),
        ({"type": "string", "minLength": True}, ""),
        ({"type": "string", "default": "soon"}, "soon"),
        ({"type": ["null", "integer"]}, 0),
        ({"type": ["null"]}, None),
        ({"type": "number", "minimum": 3}, 3),
        ({"type": "integer", "minimum": -3}, 0),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": "array"}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [0, 0]),
        ({"enum": [None, "low", "high"]}, "low"),
        ({"enum": []}, ""),
        ({"const": 7}, 7),
        ({"type": "object"}, {}),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, {"a": ""}),
        ({"properties": {"a": {}}, "required": ["a", "a", 5]}, {"a": ""}),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, False),
        ({"oneOf": [{"type": "null"}]}, ""),
        ({"allOf": "rubbish"}, ""),
        ({"$ref": "#/$defs/whole~1number"}, 0),
        ({"$ref": "#/$defs/absent/deeper"}, ""),
        ({"$ref": "#/$defs/loop"}, ""),
        (True, ""),
        ("rubbish", ""),
    ],
)
def test_a_required_property_gets_the_least_its_schema_takes(schema: object, value: object) -> None:
    definitions = {"whole/number": {"type": "integer"}, "loop": {"$ref": "#/$defs/loop"}}
    assert one(schema, {"$defs": definitions}) == value


def test_a_known_property_gets_its_text_and_a_closed_list_is_obeyed() -> None:
    properties = {"reason": {"type": "string", "default": "none"}, "message": {"enum": ["", "Hi"]}}
    schema = {"properties": properties, "required": ["reason", "message"]}
    assert fill(schema, FILLER) == {"reason": "Because.", "message": ""}


def test_a_required_property_that_is_not_described_is_still_there() -> None:
    assert fill({"required": ["reason", "x"]}, FILLER) == {"reason": "Because.", "x": ""}


def test_what_is_carried_stands_beside_what_is_required_and_nothing_else_does() -> None:
    schema = {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a"]}
    assert fill(schema, FILLER, {"b": "5"}) == {"a": "", "b": "5"}


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"properties": {str(i): {"$ref": "#/$defs/loop"} for i in range(20)}}
    loop["required"] = list(loop["properties"])  # type: ignore[assignment]  # JSON of two shapes
    made = fill({"$defs": {"loop": loop}, **loop}, FILLER)
    assert json.dumps(made).count(":") <= MAX_VALUES


def test_lists_within_lists_end() -> None:
    loop = {"type": "array", "minItems": 10**9, "items": {"$ref": "#/$defs/loop"}}
    made = one(loop, {"$defs": {"loop": loop}})
    assert len(made) <= MAX_ITEMS
    assert json.dumps(made).count("[") <= MAX_VALUES + MAX_ITEMS


def place(schema: Mapping[str, Any], *, names: tuple[str, ...] = ("tones", "keys")) -> str | None:
    """The name of the property that carries the argument."""
    found = carries(schema, names, frozenset({"reason"}))
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"properties": {"keys": {}, "tones": {}}}, "tones"),
        ({"properties": {"keys": {}}}, "keys"),
        ({"required": ["keys"]}, "keys"),
        ({}, "tones"),
        (
            {"properties": {"reason": {}, "sequence": {}}, "required": ["reason", "sequence"]},
            "sequence",
        ),
        ({"properties": {"sequence": {}}}, None),
        ({"required": ["reason"]}, None),
        ({"required": ["a", "b"]}, None),
    ],
)
def test_an_argument_goes_where_its_name_is_known_or_nothing_else_can_be_meant(
    schema: Mapping[str, Any], name: str | None
) -> None:
    assert place(schema) == name


def fit(schema: Mapping[str, Any], argument: str) -> Any:
    """The argument as a property of this schema takes it."""
    return Place("x", schema, frozenset()).fit(argument, lambda text: text.strip().lower() or None)


@pytest.mark.parametrize(
    ("schema", "argument", "value"),
    [
        ({"type": "string"}, "AB", "ab"),
        ({}, "AB", "ab"),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "twelve", None),
        ({"type": "integer", "minimum": 20}, "12", None),
        ({"type": "number", "maximum": 9.5}, "12", None),
        ({"type": "array"}, "ab", ["a", "b"]),
        ({"type": "boolean"}, "ab", None),
        ({"type": "string"}, "", None),
        ({"enum": ["AB", "C"]}, "ab", "AB"),
        ({"enum": ["AB-c", "AB"]}, "ab-x", "AB"),
        ({"enum": ["AB-c"]}, "ab", "AB-c"),
        ({"enum": ["AB", ""]}, "x", None),
        ({"enum": ["AB", "C"]}, "none", None),
        ({"enum": ["AB"]}, "", "AB"),
        ({"enum": ["AB"]}, " ", None),
        ({"const": "AB"}, "", "AB"),
        ({"enum": ["AB", "C"]}, "", None),
    ],
)
def test_an_argument_takes_the_shape_its_property_wants(
    schema: Mapping[str, Any], argument: str, value: object
) -> None:
    assert fit(schema, argument) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["string", "array", "#/a", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "properties",
                    "required",
                    "type",
                    "enum",
                    "anyOf",
                    "$ref",
                    "items",
                    "minItems",
                    "x",
                    "a",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["properties", "required", "$defs", "a"]), json_values))
def test_no_schema_breaks_the_filling_and_every_required_property_is_there(
    schema: dict[str, Any],
) -> None:
    found = carries(schema, ("x",), frozenset())
    made = fill(schema, FILLER)
    required = schema.get("required")
    names = {n for n in required if isinstance(n, str)} if isinstance(required, list) else set()
    assert set(made) == names
    assert found is None or isinstance(json.dumps(found.fit("x", str)), str)
