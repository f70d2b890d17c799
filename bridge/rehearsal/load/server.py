"""The server of a load: bridge in a process of its own, so that its figures are its own.

    this process ── settings, one line of JSON ──▶ stdin   of `python -m` this module
                 ◀─ its port, one line ────────── stdout

The settings have secrets in them, which no argument or environment has to carry. When stdin ends
the server stops: it outlives nobody who started it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bridge import log
from bridge.errors import VendorUnavailable
from bridge.rehearsal.servers import HOST
from bridge.settings import Settings, load
from bridge.settings.table import SETTINGS
from bridge.web.server import bind, loop_factory, make_server
from bridge.wiring.bridge import open_bridge, warm_up

MODULE = "bridge.rehearsal.load.server"
LOG = "server.log"
"""Where its log goes, in its state folder."""

STARTS_WITHIN_S = 60.0
"""How long it may take to listen: a second or two, and more on a machine that is busy."""

STOPS_WITHIN_S = 15.0
"""How long it may take to stop once nobody calls: the last records are written within 5 s."""

LARGEST_BYTES = 1_048_576
"""Of the line with the settings: a thousand times what they have."""


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """Its address, until the block ends.

    Raises:
        VendorUnavailable: it did not start; says what it logged last.
    """
    log_file = settings.state_dir / LOG
    with log_file.open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=told,
        )
    assert process.stdin is not None, "it is a pipe"
    assert process.stdout is not None, "the same"
    try:
        process.stdin.write(json.dumps(_plain_settings(settings)).encode() + b"\n")
        async with asyncio.timeout(STARTS_WITHIN_S):
            port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise _not_started(log_file)
        yield f"http://{HOST}:{port}"
    except TimeoutError:
        raise _not_started(log_file) from None
    finally:
        process.stdin.close()
        await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(STOPS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _not_started(log_file: Path) -> VendorUnavailable:
    lines = log_file.read_text("utf-8", errors="replace").strip().splitlines()
    last = lines[-1] if lines else "it logged nothing"
    return VendorUnavailable(
        f"The server of the load did not start: {last}", vendor="bridge", operation="start"
    )


def _plain_settings(settings: Settings) -> dict[str, Any]:
    """Every setting by its dotted name, secrets too, as JSON has it."""
    values = {name: settings.value(name) for name in SETTINGS}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case _:
            return value


# -- in the other process -------------------------------------------------------------------------


def main() -> None:
    """Serves until stdin ends."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve())


async def _serve() -> None:
    told = await _stdin()
    given = json.loads(await told.readline())
    log.configure("warning", "json")
    settings = load(given, environ={}, cwd=Path(given["state_dir"]))
    with bind(HOST, 0) as listening:
        port = listening.getsockname()[1]
        async with open_bridge(settings) as bridge, asyncio.TaskGroup() as tasks:
            server = make_server(
                bridge.app,
                bridge.gate,
                host=HOST,
                port=port,
                connections=settings.limits.connections,
                drain_s=0.0,
            )
            if settings.upstream.warm_up:
                await warm_up(bridge.upstream)

            async def watch() -> None:
                await told.read()
                server.should_exit = True

            watching = tasks.create_task(watch())
            sys.stdout.write(f"{port}\n")
            sys.stdout.flush()
            await server.serve(sockets=[listening])
            watching.cancel()


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LARGEST_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    return reader


if __name__ == "__main__":
    main()
