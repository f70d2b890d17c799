"""`bridge chat`: talk to it from the terminal, as the voice platform would."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from bridge.cli.running import Server
    from bridge.settings import Settings


@click.command(short_help="Talk to it from the terminal, as the voice platform would.")
@click.option("--url", help="The server to call; the configured one when not given.")
@click.option("--caller", help="The caller's number, as +15550100999. None when not given.")
@click.option("--say", "said", multiple=True, help="Say this and go on without a terminal.")
@click.option("--greet", is_flag=True, help="Let the agent open the call.")
@output.json_option
@click.pass_context
def command(
    ctx: click.Context,
    url: str | None,
    caller: str | None,
    said: tuple[str, ...],
    *,
    greet: bool,
    as_json: bool,
) -> None:
    """Talk to it from the terminal, as the voice platform would.

    Each line is what the caller says; an empty one is silence. Ctrl-C during a reply is a
    barge-in; at the prompt it hangs up, as do Ctrl-D and /quit. When no server runs, the call
    brings one of its own.

    With --say, given once for each utterance, it runs without a terminal. With --json it prints
    one object a turn, each on a line.
    """
    from bridge import log
    from bridge.cli.telephone import CallFailed
    from bridge.settings import load
    from bridge.settings.model import DEFAULT
    from bridge.settings.tokens import stored_tokens

    settings = stored_tokens(load())
    is_default = settings.origin("log.level") == DEFAULT
    log.configure("warning" if is_default else settings.log.level, settings.log.format)
    try:
        with _server(url, settings) as (server, known):
            _talk(server, known, caller=caller, said=said, greet=greet, as_json=as_json)
    except CallFailed as failed:
        output.show_error(failed, as_json=as_json)
        ctx.exit(ExitCode.CALL_FAILED)
    except KeyboardInterrupt:
        if said:
            raise


@contextmanager
def _server(url: str | None, settings: "Settings") -> Iterator[tuple["Server", "Settings"]]:
    """The server that was named, or runs where the settings say, or one of our own."""
    from bridge.cli.running import Server, server_at

    is_known = url is not None or settings.server.port != 0
    server = server_at(url, settings) if is_known else None
    if server is not None and (url is not None or server.answers()):
        yield server, settings
        return
    from bridge.cli.own_server import own_server, own_settings

    own = own_settings(settings)
    with own_server(own) as address:
        nobody = f"No server answers at {server.root}" if server else "server.port is 0"
        output.say(f"{nobody}: this call brings its own, with the {own.upstream.name} agent.")
        yield Server(address), own


def _talk(
    server: "Server",
    settings: "Settings",
    *,
    caller: str | None,
    said: tuple[str, ...],
    greet: bool,
    as_json: bool,
) -> None:
    from bridge.cli import talk
    from bridge.cli.platform import Call
    from bridge.cli.telephone import Telephone

    call = Call(f"chat_{secrets.token_hex(8)}", caller)
    with server.client(settings.server.token) as http:
        phone = Telephone(server, http, call.headers)
        screen = talk.JsonScreen() if as_json else talk.TextScreen()
        under_way = talk.Talk(phone, call, screen, may_barge_in=not said)
        utterances = map(talk.whole_characters, said) if said else talk.typed()
        talk.converse(under_way, utterances, greet=greet, echo=bool(said))
