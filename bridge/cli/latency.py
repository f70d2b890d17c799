"""`bridge latency`: how long the stages of a turn take."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output

if TYPE_CHECKING:
    from bridge.settings import Settings

PERCENTILES = ("p50", "p90", "p99")


@click.command("latency")
@click.option("--url", help="The server to ask; the configured one when not given.")
@output.json_option
def command(url: str | None, *, as_json: bool) -> None:
    """Show how long the stages of a turn take.

    In milliseconds, over the latest turns on record that asked the agent. `think` is the agent's
    share; the others are bridge's own. `--json` has seconds. A server is asked when one runs; the
    records are read when none does.
    """
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    figures = _figures(url, stored_tokens(load()))
    if as_json:
        output.show_json(figures)
        return
    turns = figures.get("turns", 0)
    output.show_table(("stage", *PERCENTILES), rows(figures.get("stages_s", {})))
    output.say(f"In milliseconds, over {turns} turn{'s' if turns != 1 else ''}.")


def _figures(url: str | None, settings: "Settings") -> Mapping[str, Any]:
    from bridge.cli.call_source import FromDatabase
    from bridge.cli.running import ask_operator, server_at
    from bridge.errors import VendorUnavailable

    recorded = FromDatabase(settings)
    if url is None and settings.server.port == 0 and recorded.is_there:
        return recorded.latency()
    try:
        return ask_operator(server_at(url, settings), "/latency", settings)
    except VendorUnavailable:
        if url is not None or not recorded.is_there:
            raise
        return recorded.latency()


def rows(stages_s: Mapping[str, Mapping[str, float]]) -> list[Sequence[str]]:
    """A row for each stage, in the order the server has them, numbers to the right."""
    texts = {
        stage: [f"{1000 * of[name]:,.1f}" for name in PERCENTILES] for stage, of in stages_s.items()
    }
    widest = max((len(text) for row in texts.values() for text in row), default=0)
    return [(stage, *(text.rjust(widest) for text in row)) for stage, row in texts.items()]
