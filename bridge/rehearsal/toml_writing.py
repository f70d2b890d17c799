"""A scenario as the file it could have been read from: only what isn't so by itself, to be read.

What `reading.parse_scenario` makes of the text is the scenario again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum

from bridge.rehearsal.scenario import Line, Scenario

LONGEST_LINE = 100
"""Columns of a line that holds a table; a longer one gets a header and lines of its own."""

NOT_WRITTEN = frozenset({"name", "file", "title", "number", "lines", "replies", "expect"})
"""Fields that a file doesn't have, and those that stand in tables of their own."""

TABLES = {"settings": "settings", "manners": "platform", "outbound": "outbound"}
"""Fields of a scenario that are tables, and what a file calls them."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def render_toml(scenario: Scenario, *, about: str = "") -> str:
    """The text of a scenario's file, ending in a line end.

    Args:
        about: what stands above it as a comment; may be several lines.
    """
    return "\n".join([*(f"# {line}".rstrip() for line in about.splitlines()), *_lines(scenario)])


def _lines(scenario: Scenario) -> Iterator[str]:
    top = {name: value for name, value in _given(scenario) if name not in TABLES}
    yield from _pairs({"title": scenario.title, **top})
    for name, header in TABLES.items():
        value = getattr(scenario, name)
        inside = dict(_given(value)) if is_dataclass(value) else dict(value or {})
        if inside or (value is not None and name == "outbound"):
            yield from _table(f"[{header}]", inside, dotted=name == "settings")
    for reply in scenario.replies:
        yield from _table("[[replies]]", dict(_given(reply)))
    for line in scenario.lines:
        yield from _line(line)
    expected = dict(_given(scenario.expect))
    if expected:
        yield from _table("[expect]", expected)
    yield ""


def _line(line: Line) -> Iterator[str]:
    expected = dict(_given(line.expect))
    inline = {"expect": expected} if expected and _fits("expect", expected) else {}
    yield from _table("[[lines]]", {**dict(_given(line)), **inline})
    if expected and not inline:
        yield from _table("[lines.expect]", expected)


def _fits(key: str, value: object) -> bool:
    return len(f"{key} = {toml_value(value)}") <= LONGEST_LINE


def _table(header: str, inside: Mapping[str, object], *, dotted: bool = False) -> Iterator[str]:
    yield from ("", header)
    yield from _pairs(inside, dotted=dotted)


def _pairs(inside: Mapping[str, object], *, dotted: bool = False) -> Iterator[str]:
    for name, value in inside.items():
        key = ".".join(map(toml_key, name.split("."))) if dotted else toml_key(name)
        yield f"{key} = {toml_value(value)}"


def _given(holder: object) -> Iterator[tuple[str, object]]:
    """The fields that are not as they would be by themselves, as far as they are written here."""
    assert is_dataclass(holder), "a value of a scenario"
    for place in fields(holder):
        value = getattr(holder, place.name)
        usual = place.default
        if place.default_factory is not MISSING:
            usual = place.default_factory()
        if place.name not in NOT_WRITTEN and value != usual:
            yield place.name, value


def toml_key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_value(value: object) -> str:
    """A value as TOML has it.

    Raises:
        TypeError: TOML has no such value: `None` is one.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case StrEnum() | str():
            # TOML's basic strings are JSON's, but that they take no DEL as it is.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case Mapping():
            inside = ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case tuple() | list():
            return f"[{', '.join(map(toml_value, value))}]"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")
