"""`bridge latency`: how long the stages of a turn take."""

from collections.abc import Mapping, Sequence

import click

from bridge.cli import output

PERCENTILES = ("p50", "p90", "p99")


@click.command("latency")
@click.option("--url", help="The server to ask; the configured one when not given.")
@output.json_option
def command(url: str | None, *, as_json: bool) -> None:
    """Show how long the stages of a turn take.

    In milliseconds, over the latest turns of the running server that asked the agent. `think` is
    the agent's share; the others are bridge's own. `--json` has seconds, as the server gives them.
    """
    from bridge.cli.running import ask_operator, server_at
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    settings = stored_tokens(load())
    figures = ask_operator(server_at(url, settings), "/latency", settings)
    if as_json:
        output.show_json(figures)
        return
    turns = figures.get("turns", 0)
    output.show_table(("stage", *PERCENTILES), rows(figures.get("stages_s", {})))
    output.say(f"In milliseconds, over {turns} turn{'s' if turns != 1 else ''}.")


def rows(stages_s: Mapping[str, Mapping[str, float]]) -> list[Sequence[str]]:
    """A row for each stage, in the order the server has them, numbers to the right."""
    texts = {
        stage: [f"{1000 * of[name]:,.1f}" for name in PERCENTILES] for stage, of in stages_s.items()
    }
    widest = max((len(text) for row in texts.values() for text in row), default=0)
    return [(stage, *(text.rjust(widest) for text in row)) for stage, row in texts.items()]
