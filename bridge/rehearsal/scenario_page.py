"""`docs/reference/scenarios.md`, drawn from the keys; `scripts/manual.py` writes it."""

from collections.abc import Iterator

from bridge.rehearsal.reading import LARGEST_BYTES, shipped
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.scenario_keys import TABLES, Key, Table

INTRODUCTION = f"""\
# Scenarios

Every key of a scenario's file, what it must be, its default and what it is for; and every \
scenario that comes with bridge.
This page is drawn from the program, by `scripts/fix`.
[Rehearse](../how-to/rehearse.md) shows how to write one.

A scenario is one call, in a TOML file of at most {LARGEST_BYTES // 1024} KiB; its name is the \
file's.
Times are seconds of the call's own clock.
A key that isn't named here is an error that says which one was probably meant, with its line.
"""

HEADER = "| key | must be | default | what it is for |\n| --- | --- | --- | --- |\n"

AFTER_KEYS = """

## [settings]

Any setting of bridge, by its dotted name: `turn.fillers = 0`.
[Settings](settings.md) has them all.
Those that lead to what the rehearsal simulates (addresses, tokens, the state folder) it sets by \
itself.
"""

ALWAYS = """

## What is judged besides

These hold in every call, and nobody has to ask for them:

- the agent is asked once for each utterance (`runs_per_utterance` allows more);
- it is asked one thing at a time, in one session, and let go of when nobody listens any more;
- every reply is as the voice platform needs it, chunk by chunk;
- nothing is heard that isn't fit for a voice: marks, addresses, tags, emoji;
- nobody waits longer than 15 s in silence (`silent_at_most_s` says another time);
- the platform's report of the call is taken, and counts once, however often it comes;
- the call's record has ended;
- the stages of each turn sum to its whole;
- the guard lets a call that bridge places pass, unless `refused_by` names the rule.
"""

SHIPPED = """

## The scenarios that come with bridge

| scenario | agent | what it shows |
| --- | --- | --- |
"""


def render_scenarios_markdown() -> str:
    """The whole page, ending in a line end."""
    tables = "".join(part for table in TABLES.values() for part in _table(table))
    rows = "".join(map(_row_of, shipped()))
    return f"{INTRODUCTION}{tables}{AFTER_KEYS}{ALWAYS}{SHIPPED}{rows}"


def _table(table: Table) -> Iterator[str]:
    heading = table.header or "At the top of the file"
    yield f"\n\n## {heading}\n\n{table.about}\n\n{HEADER}"
    yield from map(_row, table.keys)


def _row(key: Key) -> str:
    default = f"`{key.default}`" if key.default else ""
    description = key.description[:1].upper() + key.description[1:]
    return f"| `{key.name}` | {key.kind} | {default} | {description} |\n"


def _row_of(scenario: Scenario) -> str:
    return f"| `{scenario.name}` | {scenario.agent} | {scenario.title} |\n"
