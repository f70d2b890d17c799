"""`bridge tail`: what happens in calls, live."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output
from bridge.cli.sessions import moment

if TYPE_CHECKING:
    from bridge.cli.running import Server
    from bridge.settings import Settings

QUIET_S = 60.0
"""How long a server may be silent: it shows every 15 s that it is there."""

EVENT_CHARS = 1_048_576
"""Longest line that is read. What listens at an address may be anything."""

NOT_SHOWN = frozenset({"event", "at_s", "stages_s", "run_id"})


@click.command("tail", short_help="Show what happens in calls, live.")
@click.option("--words", is_flag=True, help="Show what is said, too.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("--url", help="The server to watch; the configured one when not given.")
@output.json_option
def command(url: str | None, count: int | None, *, words: bool, as_json: bool) -> None:
    """Show what happens in calls, as it happens, until Ctrl-C.

    With --json, one object a line. Words spoken are shown only with --words.
    """
    from bridge.cli.running import server_at
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    settings = stored_tokens(load())
    for number, event in enumerate(watched(server_at(url, settings), settings, words=words), 1):
        click.echo(json.dumps(event, ensure_ascii=False) if as_json else line(event))
        if number == count:
            return


def watched(server: "Server", settings: "Settings", *, words: bool) -> Iterator[dict[str, Any]]:
    """The server's events, for as long as it sends any.

    Raises:
        Unauthenticated: it has another operator token.
        VendorError: nothing answers there, or not as a bridge does, or it went away.
    """
    import httpx

    from bridge.cli.running import CONNECT_S, check, no_answer, not_a_bridge

    path = f"/events?words={'true' if words else 'false'}"
    try:
        with server.client(settings.server.operator_token) as http:
            timeout = httpx.Timeout(QUIET_S, connect=CONNECT_S)
            with http.stream("GET", path, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                check(server, "/events", response, token="operator_token")  # noqa: S106 - a name
                kind = response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    raise not_a_bridge(server, "/events")
                yield from _events(response.iter_text())
    except httpx.HTTPError as error:
        raise no_answer(server, "/events", error) from None


def _events(pieces: Iterator[str]) -> Iterator[dict[str, Any]]:
    waiting = ""
    for piece in pieces:
        *lines, waiting = (waiting + piece).split("\n")
        waiting = waiting[:EVENT_CHARS]
        for text in lines:
            if text.startswith("data:"):
                event = json.loads(text.removeprefix("data:"))
                if isinstance(event, dict):
                    yield event


def line(event: dict[str, Any]) -> str:
    """One event for a person."""
    facts = [
        f"{name}={_shown(value)}"
        for name, value in event.items()
        if name not in NOT_SHOWN and value not in (None, "", [], {})
    ]
    total_ms = 1000 * sum(event.get("stages_s", {}).values())
    took = [f"took_ms={total_ms:,.0f}"] if total_ms else []
    return " ".join([moment(event["at_s"]), f"{event['event']:<14}", *facts, *took])


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = "".join(char if char.isprintable() else " " for char in text)
    return json.dumps(plain, ensure_ascii=False) if " " in plain else plain
