"""Strangers and broken clients of a bridge: raw bytes, and what is left when they are gone."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any

from bridge.clock import now_s
from bridge.web.connections import Bounds, bounded
from bridge.web.doors import Tokens
from bridge.web.guard import Guard, Limits
from tests.fakes.agent import FakeAgent
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program
from tests.fakes.web_server import WITHIN_S, Served, Wire, served, until

CHAT = "/v1/chat/completions"
_CALLS = count(1)


def chat(text: str = "Hi", *, token: str = PLATFORM_TOKEN, stream: bool = False) -> bytes:
    """A whole request, as bytes. Each is a conversation of its own."""
    asked = {"messages": [{"role": "user", "content": text}], "stream": stream}
    body = json.dumps(asked).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\nx-bridge-conversation: call-{next(_CALLS)}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def answer(wire: Wire) -> tuple[int, Any]:
    """The status and the JSON body of the next answer on a connection."""
    head = (await wire.hear_until(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    body = await asyncio.wait_for(wire.reader.readexactly(length), WITHIN_S)
    return int(head.split()[1]), json.loads(body)


async def is_served(server: Served) -> bool:
    """Whether somebody with the token still gets a whole reply on a fresh connection."""
    wire = await server.connect()
    await wire.say(chat("Still there"))
    status, body = await answer(wire)
    await wire.close()
    said: str = body["choices"][0]["message"]["content"]
    return (status, said) == (200, "You said: Still there")


async def is_at_rest(bridge: Program, agent: FakeAgent, tasks: int) -> None:
    """Waits until nobody is connected, nothing runs, and no more tasks are there than before."""
    state = bridge.served.server.server_state
    await until(lambda: (bridge.served.connections, len(state.tasks)) == (0, 0))
    await until(lambda: bridge.bridge.turns.live_runs == 0)
    await until(lambda: bridges_tasks(agent) <= tasks)


def bridges_tasks(agent: FakeAgent) -> int:
    """Tasks of this loop that are not the agent's."""
    return len(asyncio.all_tasks() - agent.tasks)


@asynccontextmanager
async def impatient(bridge: Program) -> AsyncIterator[Served]:
    """The same bridge behind a second door that waits a fifth of a second for anything."""
    guard = Guard(
        bridge.bridge.app,
        tokens=Tokens(PLATFORM_TOKEN, OPERATOR_TOKEN, private_bind=True),
        limits=Limits(0, 0, 0, body_within_s=0.2),
        clock=now_s,
        gate=bridge.bridge.gate,
    )
    http: Any = bounded(Bounds(100, headers_within_s=0.2, taken_within_s=0.2))
    async with served(guard, http=http) as server:
        yield server


@contextmanager
def trickling(wire: Wire, data: bytes) -> Iterator[None]:
    """Sends a byte each time that the loop comes round, for as long as the block lasts."""

    async def trickle() -> None:
        for byte in data:
            wire.writer.write(bytes([byte]))
            await asyncio.sleep(0.01)

    sending = asyncio.ensure_future(trickle())
    try:
        yield
    finally:
        sending.cancel()


@asynccontextmanager
async def deaf(
    server: Served, said: bytes = b""
) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Somebody who says this, and whatever they are given to say, and reads nothing."""
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)  # noqa: FBT003 - its own name says what is false
        await loop.sock_connect(line, ("127.0.0.1", server.port))
        await loop.sock_sendall(line, said)

        async def send(more: bytes) -> None:
            await asyncio.wait_for(loop.sock_sendall(line, more), WITHIN_S)

        yield send
