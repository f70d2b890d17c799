"""The load of `scripts/bench` in numbers: as many streams as go through, and many at once."""

import asyncio
import contextlib
import json
import time
import urllib.request

from bridge.core.latency import percentile
from scripts import bench_load as load

LINES = 32
"""Connections that the short streams share: enough that a target always has one to work on."""

SHORT = "say 3"

PASSES_MS = 20.0
"""A core carries as many streams as have the delay of their chunks below this, at p99."""

STEP = 100
"""Streams by which the search for that goes up; each step is two seconds of streams."""

MOST = 1000
"""Streams at which it ends: the load itself can do no more."""

GRACE_S = 3.0
"""`turn.grace_s`: for so long a run waits for a retry of a request that went away in silence."""

SETTLED_S = 2.0
"""Behind it, for a thousand connections to be closed."""


async def short_streams(target: load.Target, during_s: float) -> int:
    """How many short streams went through, one after another on each of `LINES` connections."""
    until = time.monotonic() + during_s

    async def talk() -> int:
        count = 0
        async with load.connected(target) as line:
            while time.monotonic() < until:
                line.ask(SHORT)
                await line.finish()
                count += 1
        return count

    return sum(await asyncio.gather(*(talk() for _ in range(LINES))))


async def at_one_instant(target: load.Target, count: int) -> list[int]:
    """The status that each of so many callers has, who ask at once; 0 for who got no whole answer.

    Afterwards the target must answer as ever.
    """

    async def call() -> int:
        with contextlib.suppress(OSError, TimeoutError, EOFError, SystemExit):
            async with load.connected(target) as line, asyncio.timeout(load.PATIENCE_S):
                line.ask(SHORT)
                head = await line.reader.readuntil(b"\r\n\r\n")
                status = int(head.split()[1])
                if status == 200:
                    await line.finish()
                return status
        return 0

    answers = await asyncio.gather(*(call() for _ in range(count)))
    async with load.connected(target) as line:
        line.ask(SHORT)
        await line.finish()
    return list(answers)


async def left_open(target: load.Target, upstream_port: int, count: int) -> int:
    """Upstream streams left open of that many callers who hang up while the agent is silent."""
    async with contextlib.AsyncExitStack() as stack:
        for number in range(count):
            line = await stack.enter_async_context(load.connected(target))
            line.ask(f"silent {number}")
        came = await _until_open(upstream_port, count, load.PATIENCE_S)
        assert came == count, f"{target.name}: the upstream has seen {came} of {count}"
    await asyncio.sleep(GRACE_S)
    return await _until_open(upstream_port, 0, SETTLED_S)


async def _until_open(upstream_port: int, wanted: int, within_s: float) -> int:
    """Waits until that many streams are open upstream; how many are at last."""
    until = time.monotonic() + within_s
    while True:
        there = len(await asyncio.to_thread(_open, upstream_port))
        if there == wanted or time.monotonic() > until:
            return there
        await asyncio.sleep(0.05)


def _open(upstream_port: int) -> list[int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream_port}/open") as answer:
        return list(json.load(answer))


async def capacity(target: load.Target) -> int:
    """How many streams of 50 chunks a second have their chunks in time, at p99."""
    carried = 0
    for streams in range(STEP, MOST + 1, STEP):
        delays = await load.chunk_delays(target, streams, 100)
        if percentile(delays, 99) > 1000 * PASSES_MS:
            break
        carried = streams
    return carried
