"""The server: uvicorn, with bounds on connections and an orderly stop.

On the first signal nothing new is taken (503) while streams under way finish, for `drain_s` at
most; then the server closes. A second signal closes at once.
"""

import asyncio
import signal
import socket
from dataclasses import dataclass
from types import FrameType

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp
from typing_extensions import override

from bridge import log
from bridge.web.connections import Bounds, bounded, make_room

KEEP_ALIVE_S = 75.0
"""How long an idle connection is kept: longer than a caller thinks, so that a platform's next turn
finds it open; nginx and others use the same."""

BACKLOG = 256
"""Connections the system may hold before we accept them: all may be accepted in one burst, which
must not use up our open files."""

CLOSING_S = 1.0
"""How long connections get to close once nothing is under way any more."""

LOOK_EVERY_S = 0.05
"""How often a stopping server looks whether the last stream is over."""


@dataclass(slots=True)
class DrainGate:
    """Tells whether we are stopping."""

    draining: bool = False


class Server(uvicorn.Server):
    """One server.

    Attributes:
        gate: closed on the first signal, for everyone who asks it.
        hurried_by: the second signal; `None` while there was none.
    """

    def __init__(self, config: uvicorn.Config, gate: DrainGate, drain_s: float) -> None:
        super().__init__(config)
        self.gate = gate
        self.hurried_by: signal.Signals | None = None
        self._drain_s = drain_s

    @property
    def under_way(self) -> int:
        """Requests that are being answered."""
        return len(self.server_state.tasks)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.gate.draining:
            # Not given to uvicorn, which would raise it again while everything is being closed.
            self.hurried_by = signal.Signals(sig)
            self.should_exit = self.force_exit = True
            return
        self.gate.draining = True
        loop = asyncio.get_running_loop()
        log.event("server.stopping", signal=signal.Signals(sig).name, count=self.under_way)
        loop.call_soon_threadsafe(self._look, loop, loop.time() + self._drain_s)

    def _look(self, loop: asyncio.AbstractEventLoop, until_s: float) -> None:
        if self.under_way == 0 or loop.time() >= until_s:
            self.should_exit = True
        else:
            loop.call_later(LOOK_EVERY_S, self._look, loop, until_s)


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """The event loop that serves: the quick one, where there is one."""
    try:
        from uvloop import Loop  # noqa: PLC0415 - Windows and PyPy have none
    except ImportError:
        return None
    return Loop


def make_server(
    app: ASGIApp, gate: DrainGate, *, host: str, port: int, connections: int, drain_s: float
) -> Server:
    """A server, ready to be run by `serve`."""
    return Server(make_config(app, host=host, port=port, connections=connections), gate, drain_s)


def make_config(app: ASGIApp, *, host: str, port: int, connections: int) -> uvicorn.Config:
    """What a server of ours is: its bounds, and none of what would get in a stream's way."""
    # Streams are ended by our own drain, not cut by the SSE library when a signal comes.
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]  # its own gap
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=bounded(Bounds(make_room(connections))),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(KEEP_ALIVE_S),
        timeout_graceful_shutdown=int(CLOSING_S),
    )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that the port is known (and taken) before anything is started.

    Raises:
        OSError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio switches Nagle's delay off only where it reads that it is TCP: with
    # it, a word waits up to 40 ms for the one before it to be acknowledged.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host.strip("[]"), port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)  # noqa: FBT003 - the socket takes it by position only
    return bound
