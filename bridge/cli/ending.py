"""Ending one call, and erasing it: what is to be done is shown and asked about first."""

import sys
from typing import Any

import click

from bridge.cli import call_view, output
from bridge.cli.call_source import CallSource

Json = dict[str, Any]


def end(source: CallSource, call_id: str, *, yes: bool, as_json: bool) -> None:
    """Has the call ended whose id begins so, and says when that will be."""
    call = source.one(call_id, reveal=False)
    _ask(call, "End this call?", yes=yes, as_json=as_json)
    ended = source.end(call["id"])
    if as_json:
        output.show_json(ended)
    else:
        click.echo(ended["id"])
        output.say(ended["note"])


def erase(source: CallSource, call_id: str, *, yes: bool, as_json: bool) -> None:
    """Erases the call whose id begins so, with all that was said in it."""
    call = source.one(call_id, reveal=False)
    _ask(call, "Erase this call for good, with its turns and its sound?", yes=yes, as_json=as_json)
    erased = source.erase(call["id"])
    if as_json:
        output.show_json(erased)
    else:
        output.say(f"Erased {call['id']}, with {erased['erased']['turns']} turns.")


def _ask(call: Json, question: str, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("This can't be taken back: say --yes.")
    output.say(output.render_table(call_view.HEADERS, [call_view.row(call)]))
    click.confirm(question, abort=True, err=True)
