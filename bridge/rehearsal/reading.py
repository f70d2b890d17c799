"""A scenario's file becomes a `Scenario`, or an error that says where and what would be right.

    scenario.toml:14: lines[2].cuts_in_after_wrds: there is no such key; did you mean
        'cuts_in_after_words'?

Lines of the scenario are counted from 1, as people count them.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.errors import ScenarioError
from bridge.rehearsal import scenario_faults
from bridge.rehearsal.scenario import (
    AgentKind,
    Expectation,
    Line,
    Manners,
    OutboundCall,
    Reply,
    Scenario,
)
from bridge.rehearsal.scenario_faults import FileFault
from bridge.rehearsal.toml_lines import lines_of

LARGEST_BYTES = 262_144
"""Largest file that is read. The longest shipped scenario has 2,000 bytes; a larger one than this
is some other file."""

SHOWN_FAULTS = 10
"""Faults of one file that are shown at once: more are no help."""

SUFFIX = ".toml"

SCENARIOS = files("bridge.rehearsal") / "scenarios"
"""The folder of those that come with bridge."""


class ScenarioFile(BaseModel):
    """A file as it stands there; the values' own types say what is right."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    title: str
    agent: AgentKind = AgentKind.DEMO
    runs_with: tuple[AgentKind, ...] = ()
    caller: str = "+15550001234"
    line: str = "+15550100"
    language: str = "en"
    greeting: str | None = None
    settings: dict[str, Any] = {}
    platform: Manners = Manners()
    outbound: OutboundCall | None = None
    replies: tuple[Reply, ...] = ()
    lines: tuple[Line, ...] = ()
    expect: Expectation = Expectation()


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        ScenarioError: it can't be read, or can't be acted out; every fault has its line.
    """
    shown = str(path)
    return parse_scenario(_text_of(path, shown), name=path.name.removesuffix(SUFFIX), file=shown)


def parse_scenario(text: str, *, name: str, file: str) -> Scenario:
    """The scenario in a text. `file` is where it came from, for messages.

    Raises:
        ScenarioError: as `read_scenario`.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(text, str(error), file) from None
    places = lines_of(text)
    faults = list(scenario_faults.of_shape(tables))
    if not faults:
        try:
            read = ScenarioFile.model_validate_json(_numbered(tables))
        except ValidationError as error:
            faults = list(scenario_faults.of_types(error.errors(include_url=False)))
        else:
            given = list(scenario_faults.settings_given(read.settings))
            faults = list(scenario_faults.of_values(read, tables))
            faults += scenario_faults.of_settings(given)
            if not faults:
                settings = {setting.name: setting.value for setting in given}
                return _scenario(read, settings, name, file)
    raise _error(faults, places, file)


def shipped() -> tuple[Scenario, ...]:
    """The scenarios that come with bridge, by name."""
    found = {
        file.name.removesuffix(SUFFIX): file
        for file in SCENARIOS.iterdir()
        if file.name.endswith(SUFFIX)
    }
    return tuple(
        parse_scenario(found[name].read_text(encoding="utf-8"), name=name, file=found[name].name)
        for name in sorted(found)
    )


def _text_of(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        why = error.strerror or "it can't be read"
        raise ScenarioError(f"{shown}: {why}", file=shown) from None
    if len(content) > LARGEST_BYTES:
        raise ScenarioError(
            f"{shown}: it has more than {LARGEST_BYTES:,} bytes: no scenario is that long",
            file=shown,
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ScenarioError(
            f"{shown}:{line}: this is not UTF-8", file=shown, line=line, hint="Save it as UTF-8."
        ) from None


def _not_toml(text: str, said: str, file: str) -> ScenarioError:
    found = re.search(r"\(at line (\d+), column \d+\)", said)
    line = int(found[1]) if found else text.count("\n") + 1
    what = re.sub(r" \(at .*\)$", "", said)
    return ScenarioError(
        f"{file}:{line}: this is not TOML: {what[:1].lower()}{what[1:]}",
        file=file,
        line=line,
        hint="Texts stand in quotes, lists in brackets; a line of the call begins with [[lines]].",
    )


def _numbered(tables: Mapping[str, Any]) -> str:
    """The file as JSON, its lines with their numbers. What JSON lacks (dates) becomes a list."""
    lines = [{**line, "number": number} for number, line in enumerate(tables.get("lines", []), 1)]
    return json.dumps({**tables, "lines": lines}, default=lambda value: [str(value)])


def _scenario(read: ScenarioFile, settings: Mapping[str, Any], name: str, file: str) -> Scenario:
    given = {
        place.name: getattr(read, place.name) for place in fields(Scenario) if _has(place.name)
    }
    return Scenario(
        **{**given, "name": name, "file": file, "manners": read.platform, "settings": settings}
    )


def _has(name: str) -> bool:
    return name in ScenarioFile.model_fields


def _error(faults: list[FileFault], places: Mapping[Any, int], file: str) -> ScenarioError:
    """One error for all, in the order of their lines."""
    found = sorted(((fault.line(places), fault) for fault in faults), key=lambda pair: pair[0])
    texts = [f"{file}:{line}: {fault.sentence}" for line, fault in found[:SHOWN_FAULTS]]
    if len(found) > SHOWN_FAULTS:
        texts.append(f"{file}: and {len(found) - SHOWN_FAULTS} more")
    line, first = found[0]
    return ScenarioError("\n".join(texts), file=file, line=line, key=first.key, hint=first.hint)
