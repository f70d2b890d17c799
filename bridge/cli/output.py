"""What commands print: data on standard output, everything else on standard error.

A table is for people and may change; `--json` is for programs and only grows.
"""

import json
import unicodedata
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TypeVar

import click

from bridge.errors import BridgeError

F = TypeVar("F", bound=Callable[..., object])

GAP = "  "
"""Between two columns of a table."""


class ExitCode(IntEnum):
    """How a command ended, for scripts. The numbers never change their meaning."""

    DONE = 0
    USAGE = 2
    SETTINGS = 3
    CREDENTIALS_REFUSED = 4
    REMOTE_REFUSED = 5
    POLICY_REFUSED = 6
    CALL_FAILED = 7
    CHECK_FAILED = 8
    INTERRUPTED = 130


def json_option(function: F) -> F:
    """`--json` for a command, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def show_json(value: object) -> None:
    """Print a value as JSON, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, on standard output: as wide as they need, never cut."""
    click.echo(render_table(headers, rows))


def render_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns by the widest cell of each, as a terminal counts width. Rows as long as headers."""
    lines = [[_one_line(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headers))]
    return "\n".join(
        GAP.join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def say(text: str) -> None:
    """Tell the person something that is not data, on standard error."""
    click.echo(text, err=True)


def show_error(error: BridgeError, *, as_json: bool) -> None:
    """Tell what failed and what to do next, on standard error."""
    if as_json:
        fault = {"code": error.code, "message": error.message, "hint": error.hint}
        setting = getattr(error, "setting", "")
        say(json.dumps({"error": {**fault, **({"setting": setting} if setting else {})}}))
        return
    for line in error.message.splitlines():
        say(f"bridge: {line}")
    if error.hint:
        say(f"  {error.hint}")


def _one_line(cell: str) -> str:
    """The cell without what would break a table, or a terminal."""
    return "".join(char if char.isprintable() else " " for char in cell)


def _width(cell: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in cell)
    joined = sum(unicodedata.combining(char) != 0 for char in cell)
    return len(cell) + wide - joined
