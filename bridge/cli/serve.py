"""`bridge serve`: the server."""

import errno
import gc
import signal
import sys
from typing import TYPE_CHECKING

import click

from bridge.cli import output

if TYPE_CHECKING:
    from socket import socket

    from bridge.settings import Settings
    from bridge.wiring.bridge import Bridge


@click.command(short_help="Run the server.")
@click.option("--host", help="Address to listen on (server.host).")
@click.option("--port", type=int, help="Port to listen on; 0 is any free one (server.port).")
@click.option("--upstream", help="Kind of agent: openclaw, openai or demo (upstream.name).")
@click.option("--url", help="Base address of the agent's API (upstream.url).")
@click.option("--tunnel", help="Where a public address comes from, e.g. ngrok (tunnel.name).")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@click.pass_context
def command(
    ctx: click.Context,
    host: str | None,
    port: int | None,
    upstream: str | None,
    url: str | None,
    tunnel: str | None,
    log_level: str | None,
) -> None:
    """Run the server until it is told to stop.

    Settings come from bridge.toml, .env, the environment and these options, in rising order;
    `bridge config show` lists them all.

    Told to stop, it takes nothing new and lets streams under way finish; told twice, it stops at
    once.
    """
    import asyncio

    from bridge import log
    from bridge.settings import ensure_tokens, load
    from bridge.web.server import loop_factory

    flags = {
        "server.host": host,
        "server.port": port,
        "upstream.name": upstream,
        "upstream.url": url,
        "tunnel.name": tunnel,
        "log.level": log_level,
    }
    settings = ensure_tokens(load(flags))
    log.configure(settings.log.level, settings.log.format)
    settings = asked_about_download(settings)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        hurried_by = runner.run(_serve(settings))
    if hurried_by is not None:
        ctx.exit(_code_of(hurried_by))


async def _serve(settings: "Settings") -> signal.Signals | None:
    """Serves until it is told to stop; the signal that made it hurry, if any."""
    import asyncio

    from bridge import log
    from bridge.web.server import make_server
    from bridge.wiring.bridge import open_bridge, warm_up

    server = settings.server
    signal.signal(signal.SIGTERM, _stop_at_once)
    with listen(server.host, server.port) as listening:
        port = listening.getsockname()[1]
        async with (
            open_bridge(settings) as bridge,
            bridge.scheduler.working(),
            asyncio.TaskGroup() as tasks,
        ):
            running = make_server(
                bridge.app,
                bridge.gate,
                host=server.host,
                port=port,
                connections=settings.limits.connections,
                drain_s=server.drain_s,
            )
            beside = [tasks.create_task(_be_reachable(settings, bridge, port))]
            if settings.upstream.warm_up:
                beside.append(tasks.create_task(warm_up(bridge.upstream)))
            await bridge.ring_backs.recover()
            name = bridge.upstream.name
            log.event("server.started", host=server.host, port=port, upstream=name)
            _settle_memory()
            await running.serve(sockets=[listening])
            for task in beside:
                task.cancel()
    log.event("server.stopped")
    return running.hurried_by


GC_AFTER = (50_000, 50, 100)
"""Objects between two looks for garbage in circles. Python's 700 look at every young object some
twenty times a second of a hundred streams, and find nothing: a turn leaves few circles behind."""


def _settle_memory() -> None:
    """What the program is made of stays: no look for garbage needs to pass over it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_AFTER)


def listen(host: str, port: int) -> "socket":
    """A socket that listens there.

    Raises:
        SettingsError: the port is taken, or the address is not this machine's.
    """
    from bridge.cli.running import address_of
    from bridge.errors import SettingsError
    from bridge.web.server import bind

    try:
        return bind(host, port)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        raise SettingsError(
            f"Nothing can listen on {address_of(host, port)}: {error.strerror or error}.",
            setting="server.port" if is_taken else "server.host",
            hint="Stop what listens there, or choose another port with --port."
            if is_taken
            else "Choose an address of this machine with --host.",
        ) from None


def asked_about_download(settings: "Settings") -> "Settings":
    """The settings, with what a person at the terminal says to a download that a tunnel needs.

    Where nobody sits, nobody is asked, and nothing waits for an answer.

    Raises:
        SettingsError: there is no such tunnel, or it can't work with its settings.
    """
    import asyncio

    if settings.tunnel.download is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return settings
    needed = asyncio.run(_fetches(settings))
    if not needed:
        return settings
    may = click.confirm(f"The tunnel needs {needed}. Download it?", default=False, err=True)
    return settings.changed({"tunnel.download": may}, origin="said at the terminal")


async def _fetches(settings: "Settings") -> str:
    from bridge.wiring.adapters import connect_tunnel

    async with connect_tunnel(settings) as tunnel:
        return await tunnel.fetches(settings.server.port)


async def _be_reachable(settings: "Settings", bridge: "Bridge", port: int) -> None:
    """Says where we are reached, and keeps the public address open for as long as we run."""
    from bridge.cli.announcer import announcing
    from bridge.wiring.keeper import open_keeper

    _say_hello(settings, port)
    async with (
        announcing(settings) as announcer,
        open_keeper(settings, bridge, port, announcer) as keeper,
    ):
        await keeper.keep()


def _stop_at_once(number: int, _frame: object) -> None:
    """What a signal does that comes before the server runs: leave, but tidily."""
    sys.exit(_code_of(number))


def _code_of(number: int) -> int:
    """The exit code of a program that a signal ended, as shells have it."""
    return 128 + number


def _say_hello(settings: "Settings", port: int) -> None:
    """What a person at a terminal wants to know; nothing of it goes to standard output."""
    from bridge.cli.next_step import command_line
    from bridge.cli.running import address_of, server_on
    from bridge.settings.model import FLAG

    address = address_of(settings.server.host, port)
    name = settings.upstream.name
    output.say(f"bridge listens on http://{address}/v1 and speaks with the {name} agent.")
    if name == "demo":
        # Another command reads the same settings, but not the options of this one.
        origins = [settings.origin(name) for name in ("server.host", "server.port")]
        is_found = settings.server.port == port and not any(o.startswith(FLAG) for o in origins)
        where = () if is_found else ("--url", server_on(settings.server.host, port).root)
        chat = command_line("chat", *where)
        output.say(f"Talk to it: run `{chat}` in another terminal, in this folder.")
