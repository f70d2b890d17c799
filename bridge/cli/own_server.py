"""A server of this process's own, for a command that needs one and finds none.

The real thing on a real socket: a free loopback port, and a thread with a loop of its own, so that
Ctrl-C stays with the command.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal

from bridge.settings import Settings, ensure_tokens
from bridge.web.server import bind, make_server
from bridge.wiring.bridge import open_bridge

HOST = "127.0.0.1"


def own_settings(settings: Settings) -> Settings:
    """The settings of such a server: on loopback only, with tokens, without a tunnel.

    Raises:
        SettingsError: the state folder can't be used.
    """
    here = {"server.host": HOST, "server.port": 0, "tunnel.name": "none"}
    return ensure_tokens(settings.changed(here, origin="a server of its own"))


@contextmanager
def own_server(settings: Settings) -> Iterator[str]:
    """Runs it until the block ends; yields its address, without a path.

    Raises:
        SettingsError: the upstream can't work with its settings.
    """
    with start_blocking_portal() as portal:
        serving = portal.wrap_async_context_manager(_serving(settings))
        address = serving.__enter__()
        try:
            yield address
        finally:
            # What ended the block (Ctrl-C, say) is not the server's: it closes as always.
            serving.__exit__(None, None, None)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[str]:
    with bind(HOST, 0) as listening:
        async with open_bridge(settings) as bridge, asyncio.TaskGroup() as tasks:
            port = listening.getsockname()[1]
            server = make_server(
                bridge.app,
                bridge.gate,
                host=HOST,
                port=port,
                connections=settings.limits.connections,
                drain_s=0.0,
            )
            tasks.create_task(server.serve(sockets=[listening]))
            try:
                yield f"http://{HOST}:{port}"
            finally:
                server.should_exit = server.force_exit = True
