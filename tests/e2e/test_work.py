"""How much work a turn and a chunk are: calls made in Python and into C, counted and not timed.

The whole way is in it: web server, guard, identity, ledger, agent's client, shaping, records. Left
out is what depends on the moment and not on us: the event loop's own rounds, and the records'
writing, which takes what has come by then. The agent waits with each chunk until the one before
has been heard, so that none travel together and the count is the same each time.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from bridge.settings import ensure_tokens, load
from bridge.web.server import bind, make_server
from bridge.wiring.bridge import open_bridge
from tests.fakes.raw_server import Line, raw_server

pytestmark = pytest.mark.anyio

CALLS_A_CHUNK: Final = 160
CALLS_A_TURN: Final = 3350
"""A tenth above what was counted last, with Python 3.11. A later Python makes fewer calls.

When a change goes beyond: `busiest` in the failure shows where. If it is worth it, raise the
figure, and say in `docs/explain/latency.md` what the chunk or the turn is now doing for it.
"""

NOT_COUNTED = ("/asyncio/", "/selectors.py", "/tests/")
"""Files whose own calls are not counted; what they lead to is."""

APART = "/bridge/calls/recorder.py"
"""Writes the records, in a task of its own: nothing that it leads to is counted."""

TOKEN = "token-of-the-work-test-0123456789"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Agent:
    """Says one word at a time, each when the one before was heard."""

    def __init__(self) -> None:
        self.heard = asyncio.Semaphore(0)

    async def talk(self, line: Line) -> None:
        """One connection. How many words stands in the last utterance."""
        while request := await line.request():
            body = json.loads(request.partition(b"\r\n\r\n")[2])
            line.say(HEAD + _event({"role": "assistant", "content": ""}))
            for _ in range(int(body["messages"][-1]["content"])):
                line.say(_event({"content": "word "}))
                await self.heard.acquire()
            line.say(_event({}, "stop") + _sized(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _sized(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _sized(b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n")


@asynccontextmanager
async def standing(folder: Path, upstream: str) -> AsyncIterator[int]:
    """A bridge within this process, with its web server; gives the port."""
    settings = {
        "STATE_DIR": str(folder),
        "SERVER__TOKEN": TOKEN,
        "UPSTREAM__NAME": "openai",
        "UPSTREAM__URL": f"{upstream}/v1",
        "UPSTREAM__MODEL": "m",
        "POLICY__INBOUND": "open",
    }
    environ = {"HOME": str(folder)} | {f"BRIDGE_{k}": v for k, v in settings.items()}
    with bind("127.0.0.1", 0) as door:
        async with (
            open_bridge(ensure_tokens(load(environ=environ, cwd=folder))) as bridge,
            asyncio.TaskGroup() as tasks,
        ):
            server = make_server(
                bridge.app, bridge.gate, host="127.0.0.1", port=0, connections=10, drain_s=0
            )
            serving = tasks.create_task(server.serve(sockets=[door]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield door.getsockname()[1]
            server.should_exit = server.force_exit = True
            await serving


class Caller:
    """The platform, on one connection."""

    def __init__(
        self, agent: Agent, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._agent, self._reader, self._writer = agent, reader, writer
        self._calls = 0

    async def turns(self, count: int, *, words: int) -> None:
        """Turns one after another, each of a call of its own, with replies of that many words."""
        for _ in range(count):
            await self._turn(words)

    async def _turn(self, words: int) -> None:
        self._calls += 1
        asked = [
            {"role": "system", "content": "You are the voice of a shop. " * 100},
            {"role": "assistant", "content": "Good morning, how can I help?"},
            {"role": "user", "content": str(words)},
        ]
        body = json.dumps({"model": "bridge", "stream": True, "messages": asked})
        self._writer.write(
            (
                "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
                f"authorization: Bearer {TOKEN}\r\nx-bridge-conversation: call-{self._calls}\r\n"
                "x-bridge-caller: +15550100999\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        for _ in range(words):
            await self._reader.readuntil(b"word ")
            self._agent.heard.release()
        await self._reader.readuntil(b"\r\n0\r\n\r\n")


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """It, and all that wait for it to return."""
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextmanager
def counting(calls: Counter[str]) -> Iterator[None]:
    """Counts every call made by this thread meanwhile, by who makes it."""

    def count(frame: FrameType, event: str, _arg: object) -> None:
        file = frame.f_code.co_filename
        if event not in ("call", "c_call") or any(part in file for part in NOT_COUNTED):
            return
        if not any(APART in each.f_code.co_filename for each in stack(frame)):
            calls[f"{file}:{frame.f_code.co_qualname}"] += 1

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def busiest(calls: Counter[str], each: int) -> str:
    """The code that most of the calls are made by, as lines."""
    return "\n".join(f"{n / each:8.1f} {where}" for where, n in calls.most_common(25))


async def least_of_three(work: Callable[[], Awaitable[None]]) -> Counter[str]:
    """The calls that it takes, without those that it happened to take."""
    counts: list[Counter[str]] = [Counter(), Counter(), Counter()]
    for calls in counts:
        with counting(calls):
            await work()
    return min(counts, key=Counter.total)


async def test_a_chunk_and_a_turn_are_no_more_work_than_they_were(tmp_path: Path) -> None:
    agent = Agent()
    async with (
        asyncio.timeout(60),
        raw_server(agent.talk) as upstream,
        standing(tmp_path, upstream.url) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        caller = Caller(agent, reader, writer)
        await caller.turns(5, words=20)  # what is imported and remembered at first

        short = await least_of_three(lambda: caller.turns(10, words=1))
        long = await least_of_three(lambda: caller.turns(1, words=201))
        writer.close()

    long.subtract({where: n // 10 for where, n in short.items()})
    a_turn, a_chunk = short.total() / 10, long.total() / 200
    print(f"{a_turn:.0f} calls a turn, {a_chunk:.1f} calls a chunk")
    assert CALLS_A_CHUNK / 2 < a_chunk <= CALLS_A_CHUNK, busiest(long, 200)
    assert CALLS_A_TURN / 2 < a_turn <= CALLS_A_TURN, busiest(short, 10)
