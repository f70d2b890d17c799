"""How a plan of provisioning is shown: as a table for people, as JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bridge.cli import output
from bridge.masking import mask_numbers
from bridge.provision.difference import Absent, Made, shown
from bridge.provision.plan import Act, Plan, Step, Thing

WIDEST = 100
"""A value in the list of changes is cut here, in characters; `--json` has it whole."""

NEW = "the new one"
"""Stands for the id of what a step is about to make."""

SUPERSEDED = "superseded"
"""Role of the webhook that a new one takes the place of."""


def show(plan: Plan) -> None:
    """The steps as a table, each change of a field below it, then what one should know."""
    if plan.steps:
        rows = [
            [str(n), step.act.value, step.thing.value, step.name, step.why]
            for n, step in enumerate(plan.steps, start=1)
        ]
        output.show_table(["step", "does", "to a", "called", "because"], rows)
        for step in plan.steps:
            _show_changes(step)
    for note in plan.notes:
        output.say(note)


def _show_changes(step: Step) -> None:
    if step.thing is not Thing.AGENT or not step.changes:
        return
    click.echo(f"\n{step.thing.value} {step.name}:")
    for change in step.changes:
        click.echo(f"  {change.name}: {_cut(change.before)} → {_cut(change.after)}")


def _cut(value: object) -> str:
    text = NEW if isinstance(value, Made) or value == NEW else shown(value)
    return text if len(text) <= WIDEST else text[:WIDEST] + "…"


def as_json(plan: Plan) -> dict[str, Any]:
    """The same for programs: `steps` is empty when nothing is to do."""
    steps = [
        {
            **step.as_json(),
            "changes": [
                {"path": c.name, "before": plain(c.before), "after": plain(c.after)}
                for c in step.changes
            ],
        }
        for step in plan.steps
    ]
    return {"steps": steps, "notes": list(plan.notes)}


def paths(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What steps would mend: `object`, `name`, `path`, `found`, `wanted`, `why`.

    One row a field. A step that is about an object as a whole has an empty path, and says that the
    object is `missing`, `differs` or is `superfluous`; further steps to it have no row.
    """
    rows: list[dict[str, Any]] = []
    told: set[str] = set()
    replaced = {step.role for step in steps if step.role == SUPERSEDED}
    for step in steps:
        about = {"object": step.thing.value, "name": step.name}
        if step.changes and step.act is not Act.IMPORT:
            rows += [
                {
                    **about,
                    "path": change.name,
                    "found": plain(change.before),
                    "wanted": plain(change.after),
                    "why": step.why,
                }
                for change in step.changes
            ]
        elif step.role not in told:
            told.add(step.role)
            is_other = bool(replaced) and step.thing is Thing.WEBHOOK and step.act is Act.CREATE
            told |= replaced if is_other else set()
            rows.append({**about, "path": "", **_whole(step, is_other=is_other)})
    return rows


def line(row: Mapping[str, Any]) -> str:
    """A row of `paths` for people. Values as in the table of steps."""
    about = f"{row['object']} {row['name']}"
    if not row["path"]:
        return f"{about} {row['found']}: {row['why']}"
    found, wanted = _cut(row["found"]), _cut(row["wanted"])
    return f"{about}: {row['path']} is {found}; wanted: {wanted}"


def _whole(step: Step, *, is_other: bool) -> dict[str, str]:
    """How an object as a whole is, and how it is to be. `is_other`: one is there, a wrong one."""
    if is_other:
        why = f"a new one has to take its place, that {step.why}"
        return {"found": "differs", "wanted": "as set", "why": why}
    match step.act:
        case Act.CREATE | Act.IMPORT:
            return {"found": "missing", "wanted": "there", "why": step.why}
        case Act.DELETE:
            return {"found": "superfluous", "wanted": "gone", "why": step.why}
        case _:
            return {"found": "differs", "wanted": "as set", "why": step.why}


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON
    """A value for programs: as it is, but with numbers masked; `null` for what isn't there."""
    match value:
        case Absent():
            return None
        case Made():
            return NEW
        case str():
            return mask_numbers(value)
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value
