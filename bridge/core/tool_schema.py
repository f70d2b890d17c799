"""The least that satisfies a tool's schema: arguments for a tool we did not design.

Reads the part of JSON Schema that function tools use: properties, required, type, enum, const,
default, minimum, minLength, minItems, nullable unions and local references. Whatever else a
schema says is ignored. A schema comes from outside, so it may be of any shape and refer to
itself: the work for one call is bounded and nothing here raises.

Source: json-schema.org/draft/2020-12 (2026-11).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
Reader = Callable[[str], str | int | None]

MAX_VALUES = 200
"""Values made for one call. Real tools want fewer than ten; more is a schema that loops."""

MAX_DEPTH = 8
"""Objects within objects, and references followed in a row."""

MAX_ITEMS = 8
"""Items made for a list that demands some."""

_NOTHING: Schema = {}
_FIXED: Mapping[str, bool | None] = {"boolean": False, "null": None}


@dataclass(frozen=True, slots=True)
class Filler:
    """What to write into required properties that carry nothing of ours.

    Attributes:
        texts: text by property name; any other text is empty.
        spoken: the text where the schema forbids an empty one.
    """

    texts: Mapping[str, str]
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The property of a tool that carries an argument.

    Attributes:
        name: the property.
        schema: what it takes, references resolved.
        required: every property the tool requires.
    """

    name: str
    schema: Schema
    required: frozenset[str]

    def fit(self, argument: str, read: Reader) -> Any | None:  # noqa: ANN401 - a JSON value
        """The argument as this property takes it, or `None` when it can't.

        A closed list of choices is obeyed and its own spelling used: `+1 555 0100` finds
        `+15550100`, `es-MX` finds `es` when there is no closer one. An empty argument means the
        only choice there is.
        """
        choices = _choices(self.schema)
        if choices:
            return _choose(choices, argument, read)
        value = read(argument)
        if value is None:
            return None
        kind = _kind(self.schema)
        if kind in ("integer", "number"):
            return _whole(str(value), self.schema)
        if kind == "array":
            return list(str(value))
        if kind in ("boolean", "object", "null"):
            return None
        return str(value) if kind == "string" else value


def carries(schema: Schema, names: Sequence[str], besides: frozenset[str]) -> Place | None:
    """Where an argument goes.

    Args:
        schema: the tool's parameters.
        names: names the property is known by, best first.
        besides: required properties that mean something else.

    Returns:
        The property known by one of the names; else the only required one that `besides`
        doesn't explain; else the first name when the schema says nothing at all.
    """
    properties, required = _properties(schema), _required(schema)
    for name in names:
        if name in properties or name in required:
            return Place(name, _resolve(properties.get(name), schema), frozenset(required))
    if not properties and not required:
        return Place(names[0], _NOTHING, frozenset())
    unexplained = [name for name in required if name not in besides]
    if len(unexplained) != 1:
        return None
    name = unexplained[0]
    return Place(name, _resolve(properties.get(name), schema), frozenset(required))


def fill(
    schema: Schema, filler: Filler, carried: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Arguments with every required property and what is carried, and nothing else."""
    return _Filling(schema, filler).object(schema, 0, carried or {})


@dataclass(slots=True)
class _Filling:
    """One filling under way: knows the root for references and how much may still be made."""

    root: Schema
    filler: Filler
    left: int = field(default=MAX_VALUES)

    def object(self, schema: Schema, depth: int, carried: Mapping[str, Any]) -> dict[str, Any]:
        properties = _properties(schema)
        made = dict(carried)
        for name in _required(schema):
            if name not in made and self.left > 0:
                self.left -= 1
                made[name] = self.value(name, _resolve(properties.get(name), self.root), depth)
        return made

    def value(self, name: str, schema: Schema, depth: int) -> Any:  # noqa: ANN401 - JSON
        wanted = self.filler.texts.get(name)
        choices = _choices(schema)
        if choices:
            return wanted if wanted in choices else choices[0]
        if wanted is None and "default" in schema:
            return schema["default"]
        return self.of_kind(wanted or "", schema, depth)

    def of_kind(self, wanted: str, schema: Schema, depth: int) -> Any:  # noqa: ANN401 - JSON
        kind = _kind(schema)
        if kind in ("integer", "number"):
            return _at_least(schema, "minimum")
        if kind == "array":
            return self.items(schema, depth + 1)
        if kind == "object":
            return self.object(schema, depth + 1, {}) if depth < MAX_DEPTH else {}
        if kind in _FIXED:
            return _FIXED[kind]
        must_speak = not wanted and _at_least(schema, "minLength") > 0
        return self.filler.spoken if must_speak else wanted

    def items(self, schema: Schema, depth: int) -> list[Any]:
        if depth > MAX_DEPTH:
            return []
        item = _resolve(schema.get("items"), self.root)
        made: list[Any] = []
        wanted = min(_at_least(schema, "minItems"), MAX_ITEMS)
        while len(made) < wanted and self.left > 0:
            self.left -= 1
            made.append(self.value("", item, depth))
        return made


def _properties(schema: Schema) -> Schema:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else _NOTHING


def _required(schema: Schema) -> tuple[str, ...]:
    required = schema.get("required")
    if not isinstance(required, list):
        return ()
    return tuple(dict.fromkeys(name for name in required if isinstance(name, str)))


def _resolve(schema: object, root: Schema) -> Schema:
    """Follows local references and takes the first branch of a union that isn't null."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping):
            return _NOTHING
        branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if isinstance(schema.get("$ref"), str):
            schema = _at_pointer(root, schema["$ref"])
        elif isinstance(branches, list) and "enum" not in schema:
            schema = next((branch for branch in branches if not _is_null(branch)), None)
        else:
            return schema
    return _NOTHING


def _at_pointer(root: Schema, ref: str) -> object:
    found: object = root
    for step in ref.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step.replace("~1", "/").replace("~0", "~"))
    return found


def _is_null(schema: object) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _kind(schema: Schema) -> str:
    """The first type that isn't null; `""` when the schema leaves it open."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if _properties(schema) else ""


def _choices(schema: Schema) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    enum = schema.get("enum")
    return [one for one in enum if one is not None] if isinstance(enum, list) else []


def _choose(choices: Sequence[Any], argument: str, read: Reader) -> Any | None:  # noqa: ANN401
    """The choice that is meant, the closest first.

    As written, as read, then what stands before a hyphen: `es` for `es-MX`, `pt-br` for `pt`.
    """
    if not argument:
        return choices[0] if len(choices) == 1 else None
    for choice in choices:
        if str(choice).casefold() == argument.casefold():
            return choice
    wanted = read(argument)
    if wanted is None:
        return None
    readings = [
        (str(reading), choice) for choice in choices if (reading := read(str(choice))) is not None
    ]
    stem = str(wanted).partition("-")[0]
    for close in (str(wanted), stem):
        for reading, choice in readings:
            if reading == close:
                return choice
    return next((c for reading, c in readings if reading.partition("-")[0] == stem), None)


def _whole(value: str, schema: Schema) -> int | None:
    if not (value.isascii() and value.isdigit()):
        return None
    number = int(value)
    most = schema.get("maximum")
    too_much = isinstance(most, int | float) and number > most
    return None if too_much or number < _at_least(schema, "minimum") else number


def _at_least(schema: Schema, bound: str) -> int:
    """A lower bound of the schema as a whole number, 0 when there is none above it."""
    least = schema.get(bound)
    return max(0, least) if isinstance(least, int) and not isinstance(least, bool) else 0
