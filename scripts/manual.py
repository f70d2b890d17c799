"""Draws the pages of the manual that the program itself knows best.

`python scripts/manual.py` writes them; with `--check` it only says which are behind, and fails.
A page that is written by hand may have drawn parts, between `<!-- drawn: … -->` and `<!-- end -->`.
"""

import difflib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from bridge import errors
from bridge.cli.main import exit_code, root
from bridge.core import turn
from bridge.rehearsal.scenario_page import render_scenarios_markdown
from bridge.settings.page import render_settings_markdown
from bridge.web import app
from bridge.web.faults import response_for
from bridge.web.metrics import Metrics

DOCS = Path(__file__).parent.parent / "docs"

WIDTH = 80
"""Columns of a terminal that the help in the manual is set for."""

DRAWN = "<!-- Drawn from the program by scripts/manual.py: change it there. -->\n"

NOT_ANSWERED = (errors.BridgeError, errors.Refused, errors.SettingsError, errors.ScenarioError)
"""Kinds that no request ever meets: the parents of others, and what stops a command's start."""


def commands_page() -> str:
    """Every command with its own help."""
    parts = [
        "# Commands\n",
        DRAWN,
        "You see every command of `bridge` here, as it describes itself with `--help`.\n",
    ]
    for context in walk(_root_context()):
        help_text = context.get_help()
        parts.append(f"## {context.command_path}\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


def _root_context() -> click.Context:
    return click.Context(root, info_name="bridge", terminal_width=WIDTH, **root.context_settings)


def walk(context: click.Context) -> Iterator[click.Context]:
    """A command and those below it, in the order that its help lists them."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None, f"{name!r} is listed and is not there"
            yield from walk(
                click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
            )


def errors_page() -> str:
    """Every error with its code, its HTTP status and the exit code of a command that met it."""
    lines = [
        "# Errors\n",
        DRAWN,
        "You see every error that bridge raises on purpose here, and what it looks like outside.",
        "A program finds `code` in the body of an HTTP answer, or on standard error with `--json`.",
        "During a call there is nobody to read a status:",
        "the caller hears one honest sentence, and the log has the code.\n",
        "| error | means | code | HTTP | exit | again? |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [error_row(kind) for kind in error_tree(errors.BridgeError)]
    return "\n".join(lines) + "\n"


def error_tree(kind: type[errors.BridgeError]) -> Iterator[type[errors.BridgeError]]:
    """A kind of error and those below it, as the tree in bridge/errors.py has them."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_tree(child)


def error_row(kind: type[errors.BridgeError]) -> str:
    """One kind's line of the table."""
    means = (kind.__doc__ or "").strip().splitlines()[0]
    example = make(kind)
    status = "" if kind in NOT_ANSWERED else str(response_for(example).status_code)
    again = "yes" if kind.retryable else ""
    code = exit_code(example)
    return f"| `{kind.__name__}` | {means} | `{kind.code}` | {status} | {int(code)} | {again} |"


def make(kind: type[errors.BridgeError]) -> errors.BridgeError:
    """An error of that kind, to be shown to the doors."""
    if issubclass(kind, errors.VendorError):
        return kind("", vendor="", operation="")
    if issubclass(kind, errors.ScenarioError):
        return kind("", file="")
    if issubclass(kind, errors.NotAllowed):
        return kind("", rule="")
    return kind("")


def with_parts(page: str) -> Callable[[], str]:
    """A page that is written by hand, with its drawn parts renewed."""

    def draw() -> str:
        text = (DOCS / page).read_text("utf-8")
        for name, part in PARTS[page].items():
            before, after = f"<!-- drawn: {name} -->\n", "<!-- end -->"
            found = re.search(f"(?s){re.escape(before)}.*?{re.escape(after)}", text)
            assert found, f"docs/{page} has no place for {name!r}"
            text = text.replace(found.group(), f"{before}\n{part()}\n{after}")
        return text

    return draw


def routes_part() -> str:
    """The table of routes, as the file that makes them has it."""
    lines = (app.__doc__ or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


def metrics_part() -> str:
    """Our metrics by name, kind and labels."""
    lines = ["| metric | kind | labels | what |", "| --- | --- | --- | --- |"]
    for family in vars(Metrics()).values():
        if hasattr(family, "describe"):
            labels = ", ".join(f"`{label}`" for label in family._labelnames)  # noqa: SLF001
            [about] = family.describe()
            name = about.name + ("_total" if about.type == "counter" else "")
            lines.append(f"| `{name}` | {about.type} | {labels} | {about.documentation} |")
    return "\n".join(lines) + "\n"


def classes_part() -> str:
    """The table that classifies, a line for each case."""
    lines = [
        "| what is new | a run to join | other words there | class |",
        "| --- | --- | --- | --- |",
    ]
    for (news, is_known, is_changed), turn_class in turn.CLASSES.items():
        cells = (news.name.lower(), yes(is_known), yes(is_changed), f"`{turn_class}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def yes(holds: bool) -> str:
    """A cell for what holds or doesn't."""
    return "yes" if holds else ""


def runs_part() -> str:
    """The picture of a run's states, as the file that moves it has it."""
    paragraphs = (turn.__doc__ or "").split("\n\n")
    [picture] = [text for text in paragraphs if "──▶" in text]
    return f"```text\n{picture}\n```\n"


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "explain/a-turns-life.md": {"classes": classes_part, "runs": runs_part},
    "reference/http.md": {"routes": routes_part, "metrics": metrics_part},
}
"""The drawn parts of pages that are written by hand."""

PAGES: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands_page,
    "reference/errors.md": errors_page,
    "reference/scenarios.md": render_scenarios_markdown,
    "reference/settings.md": render_settings_markdown,
    **{page: with_parts(page) for page in PARTS},
}
"""Each page's file in docs, and what draws it."""


def main(arguments: list[str]) -> int:
    """Writes the pages, or with `--check` shows what is behind; 1 when something is."""
    is_behind = False
    for name, draw in PAGES.items():
        file, wanted = DOCS / name, draw()
        found = file.read_text("utf-8") if file.is_file() else ""
        if found == wanted:
            continue
        if "--check" in arguments:
            is_behind = True
            print(f"docs/{name} is behind the program; scripts/fix brings it up:")
            changes = difflib.unified_diff(found.splitlines(), wanted.splitlines(), lineterm="")
            print(*changes, sep="\n")
        else:
            file.write_text(wanted, "utf-8")
            print(f"wrote docs/{name}")
    return int(is_behind)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
