"""An agent that says what a scenario tells it to: a small real chat-completions server.

It speaks the wire that bridge's `openai` adapter asks, on loopback, in the rehearsal's own loop:
one connection after another is read as HTTP, each request answered by the first of its replies
that fits, at the pace that stands there. It fails as it is told to, and sees at once when its
client goes away.

Source: platform.openai.com/docs/api-reference/chat-streaming (2026-11); `delta.tool_progress` is
bridge's own, see `bridge/vendors/chat_reply.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bridge.rehearsal.http_wire import HttpConnection, HttpRequest, Listener
from bridge.rehearsal.scenario import Fault, Reply

MODEL = "scripted"
"""The one model that it offers."""

OPENCLAW = "openclaw"
"""The adapter to which it is a gateway with one agent instead."""

GATEWAY_MODELS = ("openclaw", "openclaw/default", "openclaw/main")
"""What such a gateway lists. Source: OpenClaw 2026.9.6 as observed."""

TOKEN = "token-of-the-scripted-agent"  # noqa: S105 - of a server that lives for one call
"""What it wants to be asked with."""

AWAY_S = 1.0
"""How long it refuses connections when it restarts."""

SETTLES_S = 0.001
"""What a client needs to notice that a connection it keeps was closed, on a clock that jumps."""

ERROR = {"error": {"message": "The scenario says so.", "type": "api_error", "code": "scripted"}}


@dataclass(frozen=True, slots=True)
class Beat:
    """A piece of a reply: silent for so long, then these words, which may be none."""

    wait_s: float
    text: str


def beats(reply: Reply) -> Iterator[Beat]:
    """How a reply's words come, cut into chunks and at its pauses."""
    pauses = {after: wait_s for after, wait_s in reply.pauses if after < len(reply.says)}
    cuts = {*range(0, len(reply.says), reply.chunk_chars), *pauses}
    wait_s = reply.after_s
    for start, end in pairwise([*sorted(cuts), len(reply.says)]):
        yield Beat(wait_s + pauses.get(start, 0.0), reply.says[start:end])
        wait_s = reply.chunk_s
    if not reply.says:
        yield Beat(wait_s, "")


class ScriptedAgent:
    """See the module. Enter `working` once.

    Args:
        poses_as: which adapter asks it.

    Attributes:
        asked: how many chat requests came.
        left: how many of them their client left before the end.
    """

    def __init__(self, replies: Sequence[Reply], poses_as: str = "") -> None:
        self._models = GATEWAY_MODELS if poses_as == OPENCLAW else (MODEL,)
        self.asked = 0
        self.left = 0
        self._replies = replies
        self._given = [0] * len(replies)
        self._listener = Listener(self._serve)
        self._answers = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._returning: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base to ask it at, ending in `/v1`."""
        return f"http://{self._listener.host}:{self._listener.port}/v1"

    @property
    def under_way(self) -> int:
        """How many requests it is answering."""
        return self._answers

    @asynccontextmanager
    async def working(self) -> AsyncIterator["ScriptedAgent"]:
        """Listens, until the block ends; then every connection is closed."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._listener.open(tasks)
            try:
                yield self
            finally:
                self._listener.close()
                if self._returning is not None:
                    self._returning.cancel()

    async def expects(self, utterance: str) -> None:
        """It is about to be asked that: where it is to refuse, nothing listens now."""
        number = self._fitting(utterance)
        if number is not None and self._replies[number].fault is Fault.REFUSE:
            self._given[number] += 1
            self._listener.close()
            await asyncio.sleep(SETTLES_S)

    async def is_free(self) -> None:
        """It was asked: what refused listens again."""
        assert self._tasks is not None, "it works"
        if not self._listener.is_open and self._returning is None:
            await self._listener.open(self._tasks)

    async def restart(self) -> None:
        """Drops every connection, and takes none for `AWAY_S`."""
        assert self._tasks is not None, "it works"
        self._listener.close()
        if self._returning is not None:
            self._returning.cancel()
        self._returning = self._tasks.create_task(self._come_back(self._tasks))
        await asyncio.sleep(SETTLES_S)

    async def _come_back(self, tasks: asyncio.TaskGroup) -> None:
        await asyncio.sleep(AWAY_S)
        self._returning = None
        await self._listener.open(tasks)

    def _fitting(self, utterance: str) -> int | None:
        """The number of the reply that is due."""
        said = utterance.casefold()
        for number, reply in enumerate(self._replies):
            is_left = reply.times is None or self._given[number] < reply.times
            if is_left and reply.to.casefold() in said:
                return number
        return None

    # -- answering ------------------------------------------------------------------------------

    async def _serve(self, request: HttpRequest, connection: HttpConnection) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            connection.answer(401, _json(ERROR))
        elif request.path == "/v1/models":
            listed = [{"id": model, "object": "model"} for model in self._models]
            connection.answer(200, _json({"object": "list", "data": listed}))
        elif request.path == "/v1/chat/completions":
            await self._reply(json.loads(request.body), connection)
        else:
            connection.answer(404, _json(ERROR))

    async def _reply(self, body: Mapping[str, Any], connection: HttpConnection) -> None:
        self.asked += 1
        self._answers += 1
        utterance = _utterance(body["messages"])
        number = self._fitting(utterance)
        reply = Reply(says=f"You said: {utterance}")
        if number is not None:
            self._given[number] += 1
            reply = self._replies[number]
        try:
            await self._perform(reply, _Chunks(self.asked), connection)
        finally:
            self._answers -= 1
            self.left += connection.was_left

    async def _perform(self, reply: Reply, chunk: "_Chunks", connection: HttpConnection) -> None:
        if reply.fault is Fault.STATUS:
            await asyncio.sleep(reply.after_s)
            connection.answer(reply.status, _json(ERROR))
            return
        connection.begin()
        connection.send(chunk.delta({"role": "assistant", "content": ""}))
        if reply.working:
            connection.send(chunk.delta({"tool_progress": {"label": reply.working}}))
        for beat in beats(reply):
            await asyncio.sleep(beat.wait_s)
            if beat.text and reply.fault is not Fault.EMPTY:
                connection.send(chunk.delta({"content": beat.text}))
        match reply.fault:
            case Fault.DROP:
                connection.abort()
            case Fault.HANG:
                await asyncio.get_running_loop().create_future()
            case Fault.ERROR_EVENT:
                connection.send(_event(ERROR))
                connection.end()
            case _:
                _finish(reply, chunk, connection)


def _finish(reply: Reply, chunk: "_Chunks", connection: HttpConnection) -> None:
    for index, call in enumerate(reply.calls):
        function = {"name": call["name"], "arguments": json.dumps(call.get("arguments", {}))}
        made = {"index": index, "id": f"call_{chunk.number}_{index}", "type": "function"}
        connection.send(chunk.delta({"tool_calls": [{**made, "function": function}]}))
    connection.send(chunk.delta({}, "tool_calls" if reply.calls else "stop"))
    connection.send(b"data: [DONE]\n\n")
    connection.end()


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Writes the chunks of one reply."""

    number: int

    def delta(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        return _event(
            {
                "id": f"chatcmpl-{self.number}",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": MODEL,
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            }
        )


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _utterance(messages: Sequence[Mapping[str, Any]]) -> str:
    """The newest text of the user's."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content") or ""
            if isinstance(content, str):
                return content
            return " ".join(part.get("text", "") for part in content)
    return ""
