"""`bridge calls`: records of calls."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output

if TYPE_CHECKING:
    from bridge.cli.call_source import CallSource

Json = dict[str, Any]

AT_A_TIME = 500
"""Calls read at a time for a file."""

_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@click.command("calls", short_help="List, show, search and export records of calls.")
@click.argument("call_id", metavar="[ID]", required=False)
@click.option("--search", "text", metavar="WORDS", help="Turns in which all of these were said.")
@click.option("--direction", type=click.Choice(["inbound", "outbound"]))
@click.option("--outcome", help="How it came out, as `completed` or `no_answer`.")
@click.option("--live", is_flag=True, help="Only calls that have not ended.")
@click.option("--remote", metavar="NUMBER", help="Only calls with this number.")
@click.option("--owner", help="Only calls that this token placed: operator, agent.")
@click.option("--since", metavar="WHEN", help="Not before: `2026-11-01`, `2026-11-01T09:00`, `2d`.")
@click.option("--until", metavar="WHEN", help="Before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option(
    "--export",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all calls that fit, with their turns, to FILE.jsonl; without turns to FILE.csv.",
)
@click.option("--end", is_flag=True, help="End the call ID: it is hung up at its next turn.")
@click.option("--erase", is_flag=True, help="Erase the call ID for good, once it is over.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--reveal", is_flag=True, help="Show numbers whole.")
@click.option("--url", help="The server to ask, when the records are not on this machine.")
@click.option("--as-agent", is_flag=True, help="Only calls of the agent's token, by the server.")
@output.json_option
def command(
    call_id: str | None,
    text: str | None,
    file: Path | None,
    url: str | None,
    limit: int,
    *,
    live: bool,
    end: bool,
    erase: bool,
    yes: bool,
    reveal: bool,
    as_agent: bool,
    as_json: bool,
    **filters: str | None,
) -> None:
    """List calls, the latest first; with ID, show one with all that was said.

    The beginning of an ID is enough. Numbers are masked, in files too, unless --reveal is given.
    """
    from bridge.cli import call_view, ending

    if end or erase:
        if call_id is None or (end and erase):
            raise click.UsageError("Name one call's ID, and either --end or --erase.")
        source = _source(url, prefers_server=True, as_agent=as_agent)
        act = ending.erase if erase else ending.end
        act(source, call_id, yes=yes, as_json=as_json)
        return
    source = _source(url, as_agent=as_agent)
    if call_id is not None:
        _show_one(source.one(call_id, reveal=reveal), as_json=as_json)
        return
    if text is not None:
        _show_hits(source.search(text, limit, reveal=reveal)["hits"], as_json=as_json)
        return
    query = _query(filters, live=live, reveal=reveal)
    if file is not None:
        count = export(source, query, file)
        output.say(f"Wrote {count} call{'s' if count != 1 else ''} to {file}.")
        return
    calls = source.page(query, limit)["calls"]
    if as_json:
        output.show_json(calls)
    else:
        output.show_table(call_view.HEADERS, [call_view.row(call) for call in calls])


def _show_one(call: Json, *, as_json: bool) -> None:
    from bridge.cli import call_view

    if as_json:
        output.show_json(call)
        return
    for line in call_view.page(call):
        click.echo(_plain(line))


def _show_hits(hits: list[Json], *, as_json: bool) -> None:
    from bridge.cli import call_view

    if as_json:
        output.show_json(hits)
    else:
        output.show_table(call_view.HIT_HEADERS, [call_view.hit_row(hit) for hit in hits])


def _source(
    url: str | None, *, prefers_server: bool = False, as_agent: bool = False
) -> "CallSource":
    """The records on this machine; a server where `--url` says, or one is preferred or a must."""
    from bridge.cli.call_source import FromDatabase, FromServer
    from bridge.cli.running import AGENT_TOKEN, agents, server_at
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    settings = stored_tokens(load())
    if as_agent:
        return FromServer(server_at(url, settings), agents(settings), AGENT_TOKEN)
    if url is not None or (prefers_server and settings.server.port):
        server = server_at(url, settings)
        if url is not None or server.answers():
            return FromServer(server, settings)
    return FromDatabase(settings)


def _query(filters: dict[str, str | None], *, live: bool, reveal: bool) -> dict[str, str]:
    query = {name: value for name, value in filters.items() if value is not None}
    for name in ("since", "until"):
        if name in query:
            query[name] = repr(parse_moment(query[name], f"--{name}"))
    flags = {"live": live, "reveal": reveal}
    return {**query, **{name: "true" for name, is_set in flags.items() if is_set}}


def parse_moment(text: str, option: str) -> float:
    """A moment as people write one, in seconds since 1970: a day, a time, or how long ago.

    Raises:
        click.BadParameter: it is none.
    """
    from bridge import clock

    if (ago := _AGO.fullmatch(text.strip())) is not None:
        return clock.wall_s() - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter("it is no moment", param_hint=option) from None


def export(source: "CallSource", query: dict[str, str], file: Path) -> int:
    """Writes every call that fits to a file, for its owner's eyes only; how many.

    Raises:
        click.BadParameter: the file is there already, or can't be written.
    """
    import csv
    import os

    from bridge.core.call_export import COLUMNS, render_row

    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.BadParameter(
            error.strerror or "it can't be written", param_hint="--export"
        ) from None
    count, cursor = 0, ""
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        is_table = file.suffix.lower() == ".csv"
        table = csv.writer(out)
        if is_table:
            table.writerow(COLUMNS)
        while True:
            page = source.page(query, AT_A_TIME, cursor)
            for call in page["calls"]:
                count += 1
                if is_table:
                    table.writerow(render_row(call))
                else:
                    whole = source.one(call["id"], reveal="reveal" in query)
                    out.write(json.dumps(whole, ensure_ascii=False) + "\n")
            if not (cursor := page["next"] or ""):
                return count


def _plain(line: str) -> str:
    """A line without what would move a terminal's cursor: it holds what strangers said."""
    return "".join(char if char.isprintable() else " " for char in line)
