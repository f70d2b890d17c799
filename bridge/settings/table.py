"""The settings as a flat table: each by its dotted name, with its kind and what it is for.

Drawn from the model, so that error messages, `bridge config show` and the manual can't
disagree with it.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bridge.settings.model import Settings

PREFIX = "BRIDGE_"
"""What our own names in the environment begin with."""

BETWEEN_LEVELS = "__"
"""What stands for the dot of a dotted name in the environment."""

CARRIED = ("upstream.providers", "tunnel.providers")
"""Each holds a table for each adapter, perhaps somebody else's: names below are not ours to know.
"""

MASK = "•••• (set)"
"""What stands for a secret that is set."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: dotted, as in `"turn.grace_s"`.
        kind: what would be right, to be read after `"must be"`.
        default: as text for people; `"none"` when there is none.
        description: one or two sentences, with the unit.
        example: a value that would be right, as text, or empty.
        is_secret: the value is never shown.
    """

    name: str
    kind: str
    default: str
    description: str
    example: str
    is_secret: bool

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.replace(".", BETWEEN_LEVELS).upper()


def render_value(value: object) -> str:
    """A value as people read it; a secret as a mask."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | dict):
        value = ", ".join(value)
    return "none" if value in (None, "") else str(value)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, or empty when none is like it."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def carrier(name: str) -> str:
    """The setting that carries `name`, an adapter's own as `upstream.providers.<name>.<key>`.

    Empty when `name` is no such setting.
    """
    for carried in CARRIED:
        adapter, _, key = name.removeprefix(carried + ".").partition(".")
        if name.startswith(carried + ".") and adapter and key:
            return carried
    return ""


def is_section(name: str) -> bool:
    """Whether `name` holds settings rather than being one."""
    holds_carried = any(name.startswith(f"{carried}.") for carried in CARRIED)
    return name in _SECTIONS or (holds_carried and not carrier(name))


def _kind(annotation: Any, metadata: Iterable[object]) -> str:  # noqa: ANN401 - any type at all
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _kind(inner, [*marks, *metadata])
    if origin in (Union, UnionType):
        kinds = [_kind(part, metadata) for part in get_args(annotation) if part is not NoneType]
        return " or ".join(kinds)
    if origin is Literal:
        choices = [repr(choice) for choice in get_args(annotation)]
        return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    return _KINDS.get(origin or annotation, "text") + _range(metadata)


_KINDS: Mapping[object, str] = MappingProxyType(
    {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        tuple: "a list of texts",
        dict: "tables",
        Path: "a path",
    }
)


def _range(metadata: Iterable[object]) -> str:
    marks = list(_flat(metadata))
    sizes = [mark.max_length for mark in marks if hasattr(mark, "max_length")]
    if sizes:
        return f" of at most {sizes[0]} characters"
    bounds = {
        edge: getattr(mark, edge)
        for mark in marks
        for edge in ("ge", "gt", "le")
        if hasattr(mark, edge)
    }
    low = f"{bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}" if "gt" in bounds else ""
    if low and "le" in bounds:
        return f" from {low} to {bounds['le']}" if "ge" in bounds else f" {low}, to {bounds['le']}"
    return f", {low} or more" if low else ""


def _flat(metadata: Iterable[object]) -> Iterator[object]:
    for mark in metadata:
        if isinstance(mark, FieldInfo):
            yield from mark.metadata
        else:
            yield mark


def _walk(model: type[BaseModel], before: str = "") -> Iterator[Setting]:
    for field_name, field in model.model_fields.items():
        name = before + field_name
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _walk(section, name + ".")
        else:
            yield _setting(name, field)


def _setting(name: str, field: FieldInfo) -> Setting:
    example = field.examples[0] if field.examples else field.default
    return Setting(
        name=name,
        kind=_OWN_KINDS.get(name) or _kind(field.annotation, field.metadata),
        default=_DEFAULTS.get(name) or render_value(field.default),
        description=field.description or "",
        example="" if example in (None, "") or field.examples is None else render_value(example),
        is_secret=SecretStr in (field.annotation, *get_args(field.annotation)),
    )


_OWN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "server.host": "an address or a host's name",
        "server.token": "text in quotes",
        "server.operator_token": "text in quotes",
        "server.public_url": "an address",
        "upstream.url": "an address",
        "upstream.name": "a kind of agent, in small letters, digits and '_'",
        "upstream.agent": "the id of an agent: letters, digits, '.', '_' and '-'",
        "upstream.providers": "a table for each adapter",
        "tunnel.name": "the name of a tunnel, in small letters, digits and '_'",
        "tunnel.providers": "a table for each adapter",
        "store.url": "an address",
        "turn.language": "a language code, as 'en' or 'pt-BR'",
        "turn.languages": "a list of prefixes and languages",
        "elevenlabs.base_url": "an address",
        "elevenlabs.agent_name": "a name of letters, digits, blanks, '.', '_' and '-'",
        "elevenlabs.voice_id": "the id of a voice: letters, digits, '_' and '-'",
        "elevenlabs.transfer_to": "a list of numbers",
        "twilio.account_sid": "'AC' and letters or digits after it",
        "twilio.phone_number": "a number such as '+15550100999'",
        "twilio.base_url": "an address",
        "policy.allow_from": "a list of numbers and prefixes",
        "policy.outbound.allow_to": "a list of numbers and prefixes",
        "policy.outbound.do_not_call": "a list of numbers and prefixes",
        "policy.outbound.hours": "hours such as '08:00-21:00'",
        "policy.outbound.regions": "a list of regions",
        "policy.pin": "4 to 12 digits, in quotes",
    }
)
"""What would be right, where a type and its bounds don't say it."""

_DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "state_dir": "the user's state folder",
        "upstream.name": "found out",
        "store.url": "a file in the state folder",
        "upstream.providers": "none",
        "tunnel.providers": "none",
        "server.token": "made",
        "server.operator_token": "made",
    }
)
"""What the manual says of defaults that depend on the machine."""

SETTINGS: Mapping[str, Setting] = MappingProxyType({row.name: row for row in _walk(Settings)})
"""Every setting by its dotted name, in the order of the model."""

_SECTIONS = frozenset([*CARRIED, *(name.rpartition(".")[0] for name in SETTINGS if "." in name)])

VARIABLES: Mapping[str, str] = MappingProxyType(
    {row.variable: row.name for row in SETTINGS.values()}
)
"""The dotted name for each of our own names in the environment."""

BORROWED: Mapping[str, str] = MappingProxyType(
    {
        "ELEVENLABS_API_KEY": "elevenlabs.api_key",
        "TWILIO_ACCOUNT_SID": "twilio.account_sid",
        "TWILIO_AUTH_TOKEN": "twilio.auth_token",
        "TWILIO_FROM_NUMBER": "twilio.phone_number",
        "TWILIO_PHONE_NUMBER": "twilio.phone_number",
        "NGROK_AUTHTOKEN": "tunnel.ngrok_authtoken",
    }
)
"""Names in the environment that others chose, and the settings they set. The later one wins."""
