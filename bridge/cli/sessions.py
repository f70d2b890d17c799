"""`bridge sessions`: callers and their sessions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli import output

HEADERS = ("session", "caller", "conversation", "turns", "first", "last")


@click.command("sessions")
@click.option("--url", help="The server to ask; the configured one when not given.")
@output.json_option
def command(url: str | None, *, as_json: bool) -> None:
    """List callers and their sessions.

    Those that talked since the running server started, the latest first. Callers are masked.
    """
    from bridge.cli.running import ask_operator, server_at
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    settings = stored_tokens(load())
    found = ask_operator(server_at(url, settings), "/sessions", settings).get("sessions", [])
    if as_json:
        output.show_json(found)
    else:
        output.show_table(HEADERS, [row(session) for session in found])


def row(session: Mapping[str, Any]) -> Sequence[str]:
    """One session as the table shows it. A withheld number is a dash."""
    return (
        str(session["session"]),
        session["caller"] or "-",
        session["conversation"] or "-",
        str(session["turns"]),
        moment(session["first_at_s"]),
        moment(session["last_at_s"]),
    )


def moment(at_s: float) -> str:
    """A moment by this machine's clock and zone. `at_s` is seconds since 1970."""
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
