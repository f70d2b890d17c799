"""The load of `scripts/bench`: what the voice platform does, over bare sockets, with its times.

Every request is a turn of its own conversation, with a caller: whatever bridge does for a call, it
does for each. Moments are nanoseconds of the clock that the upstream's chunks are stamped with.
"""

import asyncio
import contextlib
import itertools
import json
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from scripts.bench_upstream import moment

STAMP = re.compile(rb"w([a-j]{9,})x")
END = b"0\r\n\r\n"
PATIENCE_S = 30.0
"""Longest wait for any one thing; beyond it the bench gives up."""

IDLE_S = 0.002
"""Between two requests of which each finds the target idle."""

HISTORY = [
    {"role": "system", "content": "You are the voice of a shop. " * 100},
    {"role": "assistant", "content": "Good morning, how can I help?"},
    {"role": "user", "content": "Are you open on Sunday?"},
    {"role": "assistant", "content": "We are, from ten to four. Anything else?"},
]
"""What a call's second turn brings along: about 3 KB."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured.

    Attributes:
        name: a column of the table.
        port: where it listens.
        pid: its process, whose children count as it.
        headers: what its requests carry beside the usual, lines that end in CRLF.
    """

    name: str
    port: int
    pid: int
    headers: str = ""


@dataclass(slots=True)
class Connection:
    """One connection to a target, kept alive."""

    target: Target
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = field(default=b"")

    def ask(self, order: str) -> int:
        """Sends a turn whose utterance is that order; the moment it was sent."""
        messages = [*HISTORY, {"role": "user", "content": order}]
        body = json.dumps({"model": "bridge", "stream": True, "messages": messages})
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            f"x-bridge-conversation: bench-{next(_numbers)}\r\n{self.target.headers}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.rest = b""
        sent = time.monotonic_ns()
        self.writer.write((head + body).encode())
        return sent

    async def chunks(self) -> AsyncIterator[tuple[int, int]]:
        """When each chunk was written and when it arrived, to the end of the reply."""
        while not self.rest.endswith(END):
            async with asyncio.timeout(PATIENCE_S):
                piece = await self.reader.read(65536)
            now = time.monotonic_ns()
            if not piece:
                raise SystemExit(f"{self.target.name} closed: {self.rest[-300:]!r}")
            self.rest += piece
            kept = 0
            for stamp in STAMP.finditer(self.rest):
                kept = stamp.end()
                yield moment(stamp[1]), now
            self.rest = self.rest[kept:]

    async def first(self) -> int:
        """The moment the first chunk arrived."""
        async for _, arrived in self.chunks():
            return arrived
        raise SystemExit(f"{self.target.name} said nothing: {self.rest[-300:]!r}")

    async def finish(self) -> None:
        """Reads to the end of the reply."""
        async for _ in self.chunks():
            pass


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Connection]:
    """A connection that is closed at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        yield Connection(target, reader, writer)
    finally:
        writer.close()


async def first_words(targets: Sequence[Target], count: int) -> dict[str, list[float]]:
    """Microseconds to the first word, one request at a time, the targets by turns."""
    times: dict[str, list[float]] = {target.name: [] for target in targets}
    async with contextlib.AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(connected(target)) for target in targets]
        for _ in range(count):
            for line in lines:
                sent = line.ask("say 5")
                times[line.target.name].append((await line.first() - sent) / 1000)
                await line.finish()
                await asyncio.sleep(IDLE_S)
    return times


async def chunk_delays(target: Target, streams: int, chunks: int) -> list[float]:
    """Microseconds from a chunk's writing upstream to its arrival, over that many paced streams."""
    delays: list[float] = []

    async def listen(wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        async with connected(target) as line:
            line.ask(f"pace {chunks}")
            async for written, arrived in line.chunks():
                delays.append((arrived - written) / 1000)

    async with asyncio.TaskGroup() as tasks:
        for number in range(streams):
            tasks.create_task(listen(number / streams))
    assert len(delays) == streams * chunks, f"{target.name}: {len(delays)} chunks"
    return delays


@contextlib.asynccontextmanager
async def open_streams(target: Target, count: int) -> AsyncIterator[None]:
    """That many streams, each with a first word and no end."""
    async with contextlib.AsyncExitStack() as stack:
        for number in range(count):
            line = await stack.enter_async_context(connected(target))
            line.ask(f"open {number}")
            await line.first()
        yield


async def hang_ups(target: Target, upstream_port: int, count: int, first: int) -> list[float]:
    """Milliseconds from a caller's going away, after words, to its being seen upstream.

    Args:
        target: who is called.
        upstream_port: where the moments are asked for.
        count: how many callers, one after another.
        first: number of the first; no other may have it.
    """
    went: dict[int, int] = {}
    for number in range(first, first + count):
        async with connected(target) as line:
            line.ask(f"open {number}")
            await line.first()
            went[number] = time.monotonic_ns()
        await asyncio.sleep(0.01)
    seen = await all_seen(upstream_port, set(went))
    return [(seen[number] - moment) / 1e6 for number, moment in went.items()]


async def all_seen(upstream_port: int, wanted: set[int]) -> dict[int, int]:
    """The moments at which the upstream saw these callers go, once it has seen all."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = await asyncio.to_thread(moments, upstream_port)
            if wanted <= set(seen):
                return seen
            await asyncio.sleep(0.05)


def moments(upstream_port: int) -> dict[int, int]:
    """What the upstream has seen so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream_port}/went") as answer:
        return {int(number): moment for number, moment in json.load(answer).items()}
