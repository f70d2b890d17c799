"""`bridge skill`: teaches an agent to place calls, and makes the token that it needs."""

import os
import secrets
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli import output

if TYPE_CHECKING:
    from bridge.settings import Settings

NAME, FILE = "bridge-phone", "SKILL.md"
"""The skill, which is the name of its folder, and the file in it.

Source: agentskills.io/specification (2026-11)."""


@click.group("skill")
def command() -> None:
    """Teach an agent to place calls: a skill, and a token of its own."""


@command.command("show")
def show() -> None:
    """Print the skill, as an agent reads it."""
    click.echo(skill(), nl=False)


@command.command("install")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The agent's folder of skills, as ~/.claude/skills; OpenClaw's when not given.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@output.json_option
def install(folder: Path | None, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Put the skill where an agent finds it, and make the agent's token if there is none.

    With the token the agent places calls, within the rules of policy.outbound, and sees and ends
    its own. Removing the file `agent-token` from the state folder takes that back.
    """
    from bridge.settings import load
    from bridge.settings.tokens import agent_token, ensure_agent_token

    settings = load()
    path = _folder(folder) / NAME / FILE
    makes_token = agent_token(settings) is None
    act = _act(path)
    told = {"path": str(path), "act": act, "makes_token": makes_token, "dry_run": dry_run}
    if not as_json:
        _say_plan(path, act, settings, makes_token=makes_token)
    is_done = act == "keep" and not makes_token
    if not (dry_run or is_done):
        _ask(yes=yes, as_json=as_json)
        _write(path, act)
        ensure_agent_token(settings)
    if as_json:
        output.show_json(told)
    elif not dry_run:
        output.say("There was nothing to do." if is_done else "Done. A new session knows it.")
    if shutil.which("bridge") is None:
        output.say("`bridge` is not on the PATH here: the agent needs it on its own.")


def skill() -> str:
    """The skill's text."""
    place = resources.files("bridge.agent_tool") / "skills" / NAME / FILE
    return place.read_text(encoding="utf-8")


def _folder(given: Path | None) -> Path:
    from bridge.settings.sources import openclaw_skills

    found = given.expanduser() if given is not None else openclaw_skills()
    if found is None:
        raise click.UsageError(
            "OpenClaw isn't on this machine. Name the agent's folder of skills with --to, "
            "as ~/.claude/skills."
        )
    return found


def _act(path: Path) -> str:
    """What there is to do: `create`, `replace` what differs, or `keep`."""
    try:
        there = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "create"
    except OSError as error:
        raise _unusable(path, error) from None
    return "keep" if there == skill() else "replace"


def _say_plan(path: Path, act: str, settings: "Settings", *, makes_token: bool) -> None:
    said = {
        "create": f"To write: {path}",
        "replace": f"To replace, for it differs from ours: {path}",
        "keep": f"There already: {path}",
    }
    output.say(said[act])
    if makes_token:
        output.say(f"To make: an agent's token, in {settings.state_dir}")
        output.say("With it the agent places calls, which cost money, within policy.outbound.")


def _ask(*, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("This lets an agent place calls: say --yes, or --dry-run first.")
    click.confirm("Do that?", abort=True, err=True)


def _write(path: Path, act: str) -> None:
    """Whole or not at all: an agent may read it this moment."""
    if act == "keep":
        return
    draft = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(skill(), encoding="utf-8")
            os.replace(draft, path)  # noqa: PTH105 - the one that can't fail half-way
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> click.BadParameter:
    return click.BadParameter(
        f"{str(path)!r} can't be read or written: {error.strerror}", param_hint="--to"
    )
