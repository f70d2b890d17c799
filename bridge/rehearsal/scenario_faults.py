"""What can be wrong with a scenario's file, said so that it can be put right.

In the order they are looked for: the shape that makes sense of the rest, types, values, settings.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bridge.core.call_export import COLUMNS
from bridge.core.phone import parse_e164
from bridge.rehearsal.scenario import AgentKind, Line
from bridge.rehearsal.scenario_keys import CHOICES, TABLES, Key, bounds
from bridge.rehearsal.toml_lines import Place, line_of
from bridge.settings import Settings
from bridge.settings.faults import explain
from bridge.settings.table import SETTINGS, carrier, is_section, nearest

if TYPE_CHECKING:
    from bridge.rehearsal.reading import ScenarioFile

DEEDS = ("says", "keys", "silent_s", "hangs_up", "event", "picks_up")
"""What a line may be: exactly one of them."""

ONLY_OF = {"heard_first": "says", "burst_s": "says"}
"""Keys of a line that mean something only beside another."""

RECORD_FIELDS = (*COLUMNS, "touched_s", "reported", "message", "brief", "details")
"""What `bridge calls ID --json` has, and an expectation may name."""

STAGES_OWN = (
    "server.host",
    "server.port",
    "server.token",
    "server.operator_token",
    "server.public_url",
    "state_dir",
    "store.url",
    "tunnel.name",
    "upstream.url",
    "upstream.token",
    "elevenlabs.base_url",
    "elevenlabs.api_key",
)
"""Settings that a rehearsal sets by itself: they lead to what it simulates."""

_KEYPAD = re.compile(r"[0-9*#]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class FileFault:
    """One thing that is wrong, and where.

    Attributes:
        place: as pydantic has it, indexes from 0.
        what: to be read after the key.
        hint: what to do, as a sentence; may be empty.
    """

    place: Place
    what: str
    hint: str = ""

    @property
    def key(self) -> str:
        """The place as people write it, as `lines[2].says`."""
        text = ""
        for part in self.place:
            text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    @property
    def sentence(self) -> str:
        """Where in the file's terms, and what is wrong."""
        return f"{self.key}: {self.what}" if self.place else self.what

    def line(self, places: Mapping[Place, int]) -> int:
        """Its line in the file."""
        return line_of(dict(places), self.place)


def of_shape(tables: Mapping[str, Any]) -> Iterator[FileFault]:
    """What must be right before the rest makes sense: there is something, and lines are tables."""
    if not tables:
        yield FileFault((), "there is nothing in it", "A scenario has a title and [[lines]].")
    lines = tables.get("lines", [])
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        yield FileFault(("lines",), "must be tables, each begun with [[lines]]")
        return
    for index, line in enumerate(lines):
        if "number" in line:  # the values have one: it isn't the file's to give
            yield _unknown(("lines", index, "number"))


def of_types(errors: Iterable[Mapping[str, Any]]) -> Iterator[FileFault]:
    """What pydantic found, a fault for each place."""
    seen = set[Place]()
    for error in errors:
        place = tuple(error["loc"])
        known, key = _known_key(place)
        if known in seen:
            continue
        seen.add(known)
        if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            yield _unknown(place)
        elif error["type"] == "missing" and place == known:
            yield FileFault(place, "is missing", key.description if key else "")
        else:
            yield FileFault(known, f"must be {key.kind if key else 'another kind of value'}")


def _known_key(place: Place) -> tuple[Place, Key | None]:
    """The innermost place that is a key of ours, and that key."""
    for length in range(len(place), 0, -1):
        name = place[length - 1]
        table = TABLES.get(_table_of(place[: length - 1]))
        if isinstance(name, str) and table and (key := table.key(name)):
            return place[:length], key
    return place, None


def _table_of(place: Place) -> str:
    return ".".join(part for part in place if isinstance(part, str))


def _unknown(place: Place) -> FileFault:
    table = TABLES[_table_of(place[:-1])]
    names = [key.name for key in table.keys]
    return FileFault(place, f"there is no such key; {_meant(str(place[-1]), names)}")


def _meant(name: str, names: Sequence[str]) -> str:
    likely = nearest(name, names)
    return f"did you mean {likely!r}?" if likely else f"there are: {', '.join(names)}"


def of_values(read: "ScenarioFile", tables: Mapping[str, Any]) -> Iterator[FileFault]:
    """What types can't say."""
    if not read.title.strip():
        yield FileFault(("title",), "must say what the scenario shows, as a sentence")
    yield from _of_numbers(read)
    yield from _of_bounds((), read)
    if _LANGUAGE.fullmatch(read.language) is None:
        yield FileFault(("language",), "must be a language code, as 'en' or 'pt-BR'")
    for index, line in enumerate(read.lines):
        yield from _of_line(("lines", index), line, tables["lines"][index])
    yield from _of_the_whole(read)
    for name in read.expect.record:
        if name not in RECORD_FIELDS:
            what = f"is no field of a call's record; {_meant(name, RECORD_FIELDS)}"
            yield FileFault(("expect", "record", name), what)


def _of_numbers(read: "ScenarioFile") -> Iterator[FileFault]:
    numbers: list[tuple[Place, str]] = [(("line",), read.line)]
    if read.caller:  # an empty one is withheld
        numbers.append((("caller",), read.caller))
    if read.outbound is not None and not read.outbound.refused_by:  # the guard may refuse any text
        numbers.append((("outbound", "to"), read.outbound.to))
    for place, number in numbers:
        try:
            parse_e164(number)
        except ValueError as error:
            yield FileFault(place, f"is {error}")


def _of_bounds(place: Place, holder: object) -> Iterator[FileFault]:
    """Numbers that are out of their bounds, and texts that are none of the choices."""
    names = (
        [field.name for field in fields(holder)]
        if is_dataclass(holder)
        else list(type(holder).model_fields)  # type: ignore[attr-defined] # the file itself
    )
    for name in names:
        here, value = (*place, name), getattr(holder, name)
        yield from _of_value(here, name, value)
        if is_dataclass(value):
            yield from _of_bounds(here, value)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if is_dataclass(item):
                    yield from _of_bounds((*here, index), item)


def _of_value(place: Place, name: str, value: object) -> Iterator[FileFault]:
    found, is_number = bounds(name), isinstance(value, int | float)
    if is_number and found and not found[0] <= float(str(value)) <= found[1]:
        yield FileFault(place, f"must be from {found[0]:g} to {found[1]:g}, not {value:g}")
    if isinstance(value, str) and type(value) is str and value not in CHOICES.get(name, (value,)):
        choices = ", ".join(map(repr, map(str, CHOICES[name])))
        yield FileFault(place, f"must be one of {choices}, not {value!r}")


def _is_nothing(deed: object) -> bool:
    """Whether it was written down and left empty. No seconds of silence are a deed."""
    return deed == "" or deed is False


def _of_line(place: Place, line: Line, given: Mapping[str, Any]) -> Iterator[FileFault]:
    deeds = [name for name in DEEDS if name in given]
    if len(deeds) > 1:
        yield FileFault(
            (*place, deeds[1]),
            f"stands beside {deeds[0]!r}: a line does one thing",
            "Make two [[lines]] of it.",
        )
    elif not deeds or _is_nothing(getattr(line, deeds[0])):
        yield FileFault(place, "does nothing", f"Set one of {', '.join(DEEDS)}.")
    if line.keys and _KEYPAD.fullmatch(line.keys) is None:
        yield FileFault((*place, "keys"), "must be digits, '*' and '#'")
    if line.cuts_in_after_words is not None and line.cuts_in_after_s is not None:
        yield FileFault((*place, "cuts_in_after_s"), "stands beside 'cuts_in_after_words'")
    for name, needed in ONLY_OF.items():
        if name in given and needed not in given:
            yield FileFault((*place, name), f"means something only beside {needed!r}")
    fillers = line.expect.fillers
    if fillers is not None and not 0 <= fillers[0] <= fillers[1]:
        yield FileFault((*place, "expect", "fillers"), "must be the least and the most, as [1, 3]")


def _of_the_whole(read: "ScenarioFile") -> Iterator[FileFault]:
    """What doesn't go together."""
    if not read.lines and read.outbound is None:
        yield FileFault((), "nobody says anything in it", "Begin a line with [[lines]].")
    is_scripted = AgentKind.SCRIPTED in (read.agent, *read.runs_with)
    if read.replies and not is_scripted:
        yield FileFault(
            ("replies",), "means something only with agent = 'scripted'", "Set the agent."
        )
    if is_scripted and not read.replies:
        yield FileFault(("agent",), "has nothing to say", "Write [[replies]] for it.")


@dataclass(frozen=True, slots=True)
class GivenSetting:
    """A setting as the file has it: its dotted name, where it stands, its value unchecked."""

    name: str
    place: Place
    value: Any


def settings_given(table: Mapping[str, Any], before: Place = ()) -> Iterator[GivenSetting]:
    """Every setting in the table, whichever way it was written: dotted, quoted or in tables."""
    for key, value in table.items():
        place = (*before, key)
        name = ".".join(map(str, place))
        if isinstance(value, Mapping) and is_section(name):
            yield from settings_given(value, place)
        else:
            yield GivenSetting(name, ("settings", *place), value)


def of_settings(given: Sequence[GivenSetting]) -> Iterator[FileFault]:
    """Names that are no settings, those that are not the scenario's to set, and wrong values."""
    right: dict[str, GivenSetting] = {}
    for setting in given:
        name = setting.name
        if name in STAGES_OWN:
            yield FileFault(setting.place, "is set by the rehearsal itself")
        elif name in SETTINGS or carrier(name):
            right[carrier(name) or name] = setting
        else:
            likely = nearest(name, SETTINGS)
            meant = f"did you mean {likely!r}?" if likely else "docs/reference/settings.md has all"
            yield FileFault(setting.place, f"is not a setting; {meant}")
    try:
        Settings.model_validate(_nested(right.values()))
    except ValidationError as error:
        for sentence in explain(error, {}).message.splitlines():
            name = sentence.partition(" ")[0]
            what = sentence.removeprefix(f"{name} ").removesuffix(" (not set)")
            # A setting that isn't given may be wrong beside one that is.
            place = right[name].place if name in right else ("settings", *name.split("."))
            yield FileFault(place, what)


def _nested(given: Iterable[GivenSetting]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for setting in given:
        *path, last = setting.name.split(".")
        inner = root
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = setting.value
    return root
