"""The keys of a scenario file as a flat table: what each must be, and what it is for.

Drawn from the values in `scenario.py` and their docstrings, so that error messages and the manual
can't disagree with them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bridge.core.record import Fault as WhoseFault
from bridge.core.record import Outcome
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.rehearsal.scenario import (
    Expectation,
    Line,
    LineExpectation,
    Manners,
    OutboundCall,
    Reply,
    Scenario,
)

LONGEST_S = 3600.0
"""Longest time that a key may name, in seconds: an hour is longer than any call is rehearsed."""

BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "turn_timeout_s": (-1, LONGEST_S),
        "silence_end_s": (-1, LONGEST_S),
        "attempts": (1, 10),
        "words_a_minute": (30, 1000),
        "repeat_post_call": (0, 10),
        "chunk_chars": (1, 100_000),
        "status": (400, 599),
        "times": (1, 1000),
        "cuts_in_after_words": (0, 10_000),
        "agent_asked": (0, 1000),
        "agent_asked_at_most": (0, 1000),
        "runs_per_utterance": (0, 100),
        "turns_on_record": (0, 1000),
        "rings": (0, 1000),
        "noise_db": (-10, 60),
        "lost_frames": (0, 1),
    }
)
"""Least and most of a number, by its key; of every other that ends in `_s`: 0 and an hour."""

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "turn_class": tuple(TurnClass),
        "ended_by": ("caller", "agent", "platform"),
        "outcome": tuple(Outcome),
        "fault": tuple(WhoseFault),
    }
)
"""What a text must be one of, where its type doesn't say it; `fault` is that of a call."""

_KINDS: Mapping[object, str] = MappingProxyType(
    {
        str: "text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        tuple[str, ...]: "a list of texts",
        tuple[int, ...]: "a list of whole numbers",
        tuple[int, int]: "two whole numbers, as [1, 3]",
        tuple[tuple[int, float], ...]: "a list of pairs of numbers, as [[40, 2.0]]",
        Mapping[str, Any]: "a table",
        tuple[Mapping[str, Any], ...]: "a list of tables",
        LineExpectation: "a table",
        Manners: "a table",
        OutboundCall: "a table",
        Expectation: "a table",
        tuple[Line, ...]: "tables, each begun with [[lines]]",
        tuple[Reply, ...]: "tables, each begun with [[replies]]",
    }
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        name: as it stands in the file.
        kind: what would be right, to be read after "must be".
        default: as TOML has it; empty when the key has none.
        description: what it is for.
    """

    name: str
    kind: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of table of the file.

    Attributes:
        header: how the file begins it; empty for the top of the file.
        about: one sentence.
        keys: in the order of the values they become.
    """

    header: str
    about: str
    keys: tuple[Key, ...]

    def key(self, name: str) -> Key | None:
        """The key of that name."""
        return next((key for key in self.keys if key.name == name), None)


def _keys(holder: type, *, without: tuple[str, ...] = ()) -> Iterator[Key]:
    hints = get_type_hints(holder)
    said = _said_of_fields(holder.__doc__ or "")
    for place in fields(holder):
        if place.name in without:
            continue
        name = FILE_NAMES.get(place.name, place.name)
        kind = _kind(name, hints[place.name])
        yield Key(name, kind, _default(place), said[place.name])


FILE_NAMES: Mapping[str, str] = MappingProxyType({"manners": "platform"})
"""Keys of the file that are called otherwise in the values."""


def _said_of_fields(docstring: str) -> dict[str, str]:
    """What the `Attributes` part of a docstring says of each."""
    _, _, part = docstring.partition("Attributes:\n")
    found = re.findall(r"(?ms)^ {8}(\w+): (.*?)(?=^ {8}\w|\Z)", part)
    return {name: " ".join(text.split()) for name, text in found}


def _kind(name: str, annotation: Any) -> str:  # noqa: ANN401 - any type at all
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [part for part in get_args(annotation) if part is not NoneType]
    choices = CHOICES.get(name, ())
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        choices = tuple(annotation)
    elif get_origin(annotation) is Literal:
        choices = get_args(annotation)
    if choices:
        return f"one of {', '.join(map(repr, map(str, choices)))}"
    item = _item_kind(annotation)
    return item or _KINDS[annotation] + _range(name)


def _item_kind(annotation: Any) -> str:  # noqa: ANN401 - any type
    """Of a list of choices; empty when it is none."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and issubclass(_class(arguments[0]), StrEnum):
        return f"a list of {', '.join(map(repr, map(str, arguments[0])))}"
    return ""


def _class(found: object) -> type:
    return found if isinstance(found, type) else object


def bounds(name: str) -> tuple[float, float] | None:
    """Least and most of the number that a key holds; `None` when any will do."""
    if name in BOUNDS:
        return BOUNDS[name]
    return (0.0, LONGEST_S) if name.endswith("_s") else None


def _range(name: str) -> str:
    found = bounds(name)
    return f" from {found[0]:g} to {found[1]:g}" if found else ""


def _default(place: "Field[Any]") -> str:
    if place.default is MISSING or place.default is None:
        return ""
    return toml_of(place.default)


def toml_of(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_of, value))}]"
    return f"{value:g}"


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "": Table(
            "",
            "At the top of the file.",
            tuple(_keys(Scenario, without=("name", "file"))),
        ),
        "lines": Table(
            "[[lines]]",
            "What the caller does, in order: each of them does one thing.",
            tuple(_keys(Line, without=("number",))),
        ),
        "lines.expect": Table(
            "expect of a line",
            "What must be true of the turn that the line begins.",
            tuple(_keys(LineExpectation)),
        ),
        "expect": Table(
            "[expect]", "What must be true of the whole call.", tuple(_keys(Expectation))
        ),
        "platform": Table("[platform]", "How the voice platform behaves.", tuple(_keys(Manners))),
        "replies": Table(
            "[[replies]]",
            "What a scripted agent does when it is asked: the first that fits.",
            tuple(_keys(Reply)),
        ),
        "outbound": Table("[outbound]", "The call that bridge places.", tuple(_keys(OutboundCall))),
    }
)
"""Every kind of table by its place in the file, indexes left out."""
