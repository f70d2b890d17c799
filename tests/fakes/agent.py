"""A fake agent: a small real chat-completions server on loopback, told by the test what to say.

    async with FakeAgent() as agent:
        gate = asyncio.Event()
        agent.reply("It is nine.", to="what time", gate=gate)
        ...                                   # point a client at agent.url with agent.token
        asked = await agent.asked()           # the first chat request, once it is here
        gate.set()
        await agent.closed()                  # when the client has closed it half-way

It checks the token, the method and the body as OpenAI does and refuses what OpenAI refuses; with
`openclaw=True` it refuses what an OpenClaw gateway refuses. Told nothing, it says
`You said: …`, a word at a time. What it is told for an utterance (`to`, found anywhere in the
newest user text, longest first) goes before what it is told for all. Nothing sleeps: a test
holds a reply back with an `asyncio.Event` and opens it when it likes.

Source: platform.openai.com/docs/api-reference/chat (2026-11); OpenClaw 2026.9.6 as observed.
"""

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self

from tests.fakes.agent_http import Answer, Connection, Refusal, Visit
from tests.fakes.agent_rules import agent_of, check_forwarding, checked_body, checked_wake
from tests.fakes.agent_script import VENDOR_TEXT, Act, Part, Script, Told
from tests.fakes.agent_wire import Chunks, listing

WAIT_S = 5.0
"""Every wait of a test ends here: if five seconds are not enough, something is wrong."""


class FakeAgent(Told):
    """See the module. One object is one server; entering it listens, leaving it stops all.

    Args:
        token: the bearer token it wants.
        models: what `GET /v1/models` lists; with `openclaw=True` made from `agents`.
        openclaw: behave as an OpenClaw gateway with these `agents`.
        agents: the gateway's agent ids.

    Attributes:
        requests: every chat request that passed the token check, in order.
        visits: every request of any kind, in order.
        enabled: False answers 404 on the chat endpoint, as a gateway does by default.
        models_status: what the list of models is answered with, if not 200.
        models_body: what it is answered with instead of `models`.
        is_proxied: True answers 403 everywhere, as a gateway behind a proxy that it does not trust.
        hooks_token: what the gateway's hooks want; empty answers 404 there, as a gateway does by
            default.
        wakes: what its agent was woken with, in order.
        wake_status: what a wake is answered with, if not 200; it isn't taken then.
        holds_wakes: takes wakes and doesn't answer until this is set.
        ready: False answers 503 on `/readyz` and on chat, as a draining gateway does.
    """

    def __init__(
        self,
        *,
        token: str = "token-of-the-fake-agent",
        models: Sequence[str] = ("fake-model",),
        openclaw: bool = False,
        agents: Sequence[str] = ("main",),
    ) -> None:
        super().__init__()
        self.token = token
        self.openclaw = openclaw
        self.agents = tuple(agents)
        self.models = _gateway_models(self.agents) if openclaw else tuple(models)
        self.enabled = True
        self.models_status = 200
        self.models_body = b""
        self.is_proxied = False
        self.hooks_token = ""
        self.wakes: list[dict[str, Any]] = []
        self.wake_status = 200
        self.holds_wakes: asyncio.Event | None = None
        self.ready = True
        self.requests: list[Visit] = []
        self.visits: list[Visit] = []
        self._ids = count(1)
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        faults = [e for e in ended if isinstance(e, Exception)]
        if faults and error is None:
            raise faults[0]

    async def stop(self) -> None:
        """Stop listening and cut every connection. Entering again listens on the same port."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection, idle or not, and go on listening."""
        for connection in tuple(self._open):
            connection.abort()
        await self.until(lambda: not self._open)

    def _connection(self) -> Connection:
        return Connection(self._serve, self._tell, self._open, self._tasks)

    @property
    def url(self) -> str:
        """The base to point a client at, ending in `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    @property
    def tasks(self) -> "set[asyncio.Task[None]]":
        """The agent's own tasks, for tests that count what others leave behind."""
        return set(self._tasks)

    # -- what happened -------------------------------------------------------------------

    async def asked(self, n: int = 1) -> Visit:
        """The n-th chat request, once it is here. Raises `TimeoutError` after `WAIT_S`."""
        await self.until(lambda: len(self.requests) >= n)
        return self.requests[n - 1]

    async def closed(self, n: int = 1) -> Visit:
        """The n-th chat request, once its client has closed it before the reply was whole."""
        visit = await self.asked(n)
        await self.until(lambda: visit.closed_at_s is not None)
        return visit

    async def answered(self, n: int = 1) -> Visit:
        """The n-th chat request, once its reply has gone out whole."""
        visit = await self.asked(n)
        await self.until(lambda: visit.was_whole)
        return visit

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until this holds of what happened here. Raises `TimeoutError` after `WAIT_S`."""
        async with asyncio.timeout(WAIT_S):
            while not is_true():
                await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # -- serving -------------------------------------------------------------------------

    async def _serve(self, visit: Visit, answer: Answer) -> None:
        self.visits.append(visit)
        try:
            await self._route(visit, answer)
        except Refusal as refusal:
            await answer.whole(refusal.status, refusal.body, refusal.headers)

    async def _route(self, visit: Visit, answer: Answer) -> None:
        if self.openclaw:
            check_forwarding(visit, is_proxied=self.is_proxied)
        if visit.path in ("/healthz", "/readyz"):
            is_up = self.ready or visit.path == "/healthz"
            await answer.whole(200 if is_up else 503, json.dumps({"ready": is_up}).encode())
            return
        if self.hooks_token and visit.path == "/hooks/wake":
            await self._wake(visit, answer)
            return
        if not visit.path.startswith("/v1/"):
            raise Refusal(404, body=b"Not Found")
        self._check_token(visit)
        if visit.path == "/v1/models" and visit.method == "GET":
            body = self.models_body or listing(self.models)
            await answer.whole(self.models_status, body)
            return
        if visit.path != "/v1/chat/completions" or not self.enabled:
            raise Refusal(404, body=b"Not Found")
        if visit.method != "POST":
            raise Refusal(405, body=b"Method Not Allowed", headers=(("allow", "POST"),))
        await self._chat(visit, answer)

    def _check_token(self, visit: Visit) -> None:
        given = visit.headers.get("authorization", "")
        if not hmac.compare_digest(given, f"Bearer {self.token}"):
            raise Refusal(401, f"Incorrect API key provided: {given}", "invalid_api_key")

    async def _wake(self, visit: Visit, answer: Answer) -> None:
        body = checked_wake(visit, self.hooks_token, self.agents)
        if self.wake_status != 200:
            raise Refusal(self.wake_status, "no wakes now")
        self.wakes.append(body)
        self._tell()
        if self.holds_wakes is not None:
            await self.holds_wakes.wait()
        told = {"ok": True, "mode": "now", "eventOutcome": "queued"}
        await answer.whole(200, json.dumps(told).encode())

    async def _chat(self, visit: Visit, answer: Answer) -> None:
        body = checked_body(visit, self.openclaw)
        if self.openclaw:
            self._check_agent(body, visit.headers)
            if not self.ready:
                raise Refusal(503, "gateway is draining", "gateway_unavailable")
        self.requests.append(visit)
        self._tell()
        script = self.script_for(visit.utterance)
        if script.status != 200:
            text = script.body or json.dumps({"error": {"message": VENDOR_TEXT}}).encode()
            await answer.whole(script.status, text, script.headers)
        elif body.get("stream"):
            await self._stream(script, body, answer)
        else:
            await self._whole(script, body, answer)

    def _check_agent(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        named = headers.get("x-openclaw-agent-id") or agent_of(str(body["model"]))
        if not named and len(self.agents) > 1:
            raise Refusal(400, "several agents and no default")
        if named and named not in self.agents:
            raise Refusal(400, f"unknown agent {named}")

    async def _stream(self, script: Script, body: Mapping[str, Any], answer: Answer) -> None:
        chunk = Chunks(f"chatcmpl_{next(self._ids)}", str(body["model"]))
        kind = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
        await answer.begin(200, script.headers or kind)
        if script.opens:
            await answer.send(chunk.delta({"role": "assistant"}))
        for part in script.parts:
            await _perform(part, chunk, answer)
        if script.finish:
            await answer.send(chunk.delta({}, script.finish))
            if (body.get("stream_options") or {}).get("include_usage"):
                await answer.send(chunk.bare(choices=[], usage=dict(script.usage)))
        if script.done:
            await answer.send(b"data: [DONE]\n\n", is_last=True)
        await answer.end()

    async def _whole(self, script: Script, body: Mapping[str, Any], answer: Answer) -> None:
        for part in script.parts:
            if not isinstance(part, str | bytes | Mapping):
                await _perform(part, Chunks("", ""), answer)
        text = "".join(part for part in script.parts if isinstance(part, str))
        message = {"role": "assistant", "content": text}
        whole = {
            "id": f"chatcmpl_{next(self._ids)}",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": script.finish}],
            "usage": dict(script.usage),
        }
        await answer.whole(200, json.dumps(whole).encode())


async def _perform(part: Part, chunk: Chunks, answer: Answer) -> None:
    match part:
        case str():
            await answer.send(chunk.delta({"content": part}))
        case bytes():
            await answer.send(part)
        case asyncio.Event():
            await part.wait()
        case Act.HANG:
            await asyncio.Event().wait()
        case Act.DROP:
            await answer.drop()
        case float() | int():
            await asyncio.sleep(part)
        case _:
            await answer.send(chunk.delta(part))


def _gateway_models(agents: Sequence[str]) -> tuple[str, ...]:
    return ("openclaw", "openclaw/default", *(f"openclaw/{a}" for a in agents))


__all__ = ["VENDOR_TEXT", "WAIT_S", "Act", "FakeAgent", "Part", "Script", "Visit"]
