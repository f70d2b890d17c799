"""`bridge stop-all`: the kill switch."""

import click

from bridge.cli import output


@click.command(
    "stop-all", short_help="Place no call any more, and hang up those that bridge placed."
)
@click.option("--resume", is_flag=True, help="Let calls be placed again.")
@click.option("--url", help="The server to tell, when its state folder is not on this machine.")
@output.json_option
def command(url: str | None, *, resume: bool, as_json: bool) -> None:
    """Place no call any more, whoever asks, and hang up those that bridge placed.

    It works at once, whether a server runs or not, and stays so over restarts. A call under way
    is hung up when somebody next speaks in it, or is silent for too long: the platform offers no
    other way. Calls that come in go on.
    """
    from bridge.cli.order_source import order_source
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    source = order_source(stored_tokens(load()), url, ask_server=url is not None)
    told = source.resume() if resume else source.stop()
    if as_json:
        output.show_json(told)
        return
    if resume:
        output.say("Calls may be placed again.")
        return
    output.say("No call is placed any more.")
    if told.get("under_way"):
        output.say(f"Under way, and hung up at their next turn: {told['under_way']}.")
    output.say("  `bridge stop-all --resume` lets calls be placed again.")
