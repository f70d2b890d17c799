"""`POST /v1/chat/completions`: a turn, or a plain request.

    read ─▶ who is it ─▶ may they ─┬─ voice ─▶ the turn engine ─▶ chunks, or one object
                                   └─ plain ─▶ the agent itself ─▶ chunks, or one object

An ASGI application and not a function that returns a response: the reply is followed inside the
`async with` that owns it, so a connection that closes lets go of everything on the way out.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import anyio
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from bridge import clock, log
from bridge.calls.entrance import Entrance, Refusal
from bridge.calls.listening import Listening
from bridge.calls.plain import Plain
from bridge.calls.turns import Turns
from bridge.core.chat import (
    DONE,
    ChatRequest,
    ChunkWriter,
    parse_request,
    render_completion,
)
from bridge.core.reply import Call, End, Item, Origin, Words
from bridge.errors import BadRequest
from bridge.web.faults import response_for

BASE = "/v1"
PATH = f"{BASE}/chat/completions"
"""Where a platform asks whose base address was set right. The other routes are for the rest."""

_T = TypeVar("_T")

PROFILES = ("voice", "plain")

_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
)


@dataclass(frozen=True, slots=True)
class ChatCompletions:
    """The endpoint. `turns` runs turns, `entrance` says who may have one."""

    turns: Turns
    plain: Plain
    entrance: Entrance
    _hinted: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or raises what `faults` turns into an answer."""
        self._hint(scope["path"])
        request = Request(scope, receive)
        chat = parse_request(_decode(await request.body()))
        headers = dict(request.headers.items())
        if _profile(headers) == "plain":
            await self._plain(chat, headers, scope, receive, send)
        else:
            await self._voice(chat, headers, scope, receive, send)

    def _hint(self, path: str) -> None:
        """Says once of each odd path that the platform's base address is set a little wrong.

        `app.CHAT_PATHS` has all that can come here.
        """
        if path != PATH and path not in self._hinted:
            self._hinted.add(path)
            log.warning("request.odd_path", path=path, reason=f"the Server URL ends in {BASE}")

    async def _voice(
        self, chat: ChatRequest, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        await self.entrance.recall(headers)
        turn = self.entrance.admit(chat, headers)
        if isinstance(turn, Refusal):
            if turn.error is not None and not chat.stream:
                raise turn.error
            await _answer(chat, turn.listening(), scope, receive, send)
            return
        async with self.turns.listen(turn) as listening:
            await _answer(chat, listening, scope, receive, send)

    async def _plain(
        self, chat: ChatRequest, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        ask = self.entrance.admit_plain(chat, headers)
        async with self.plain.listen(ask) as listening:
            if not chat.stream:
                await _whole(chat, listening, scope, receive, send)
                return
            first = await _until_gone(receive, anext(listening.items))
            if first is None:
                return
            if isinstance(first[0], End) and first[0].failure is not None:
                raise first[0].failure.error()
            items = _with_first(first, listening.items)
            await _stream(chat, replace(listening, items=items), receive, send, plain=True)


def _decode(body: bytes) -> object:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None


def _profile(headers: dict[str, str]) -> str:
    profile = headers.get("x-bridge-profile", "").strip().lower() or "voice"
    if profile not in PROFILES:
        raise BadRequest(
            f"'x-bridge-profile' must be one of {', '.join(PROFILES)}.", param="x-bridge-profile"
        )
    return profile


async def _answer(
    chat: ChatRequest, listening: Listening, scope: Scope, receive: Receive, send: Send
) -> None:
    if chat.stream:
        await _stream(chat, listening, receive, send)
    else:
        await _whole(chat, listening, scope, receive, send)


async def _stream(
    chat: ChatRequest, listening: Listening, receive: Receive, send: Send, *, plain: bool = False
) -> None:
    """Sends the reply as it comes, all that has come at a time, until the client is gone.

    How long a client may take to accept it is `connections.TAKEN_WITHIN_S`.
    """
    turn = f"{listening.kind};{listening.run_id}".encode()
    headers = [*_STREAM_HEADERS, (b"x-bridge-turn", turn)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _until_gone(receive, _send_all(chat, listening, send, plain=plain))


async def _send_all(chat: ChatRequest, listening: Listening, send: Send, *, plain: bool) -> None:
    wire = _Wire(
        ChunkWriter(
            f"chatcmpl-{listening.run_id}",
            int(clock.wall_s()),
            chat.model,
            has_usage=chat.include_usage,
        ),
        has_usage=chat.include_usage,
        tells_failure=plain,
    )
    await send(_part(wire.write.role()))
    async for items in listening.items:
        await send(_part(b"".join(map(wire.render, items))))
    await send({"type": "http.response.body", "body": DONE})


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


@dataclass(slots=True)
class _Wire:
    """A reply's items as chunks. `tells_failure`: as an error event, for who asked plainly."""

    write: ChunkWriter
    has_usage: bool
    tells_failure: bool
    calls: int = 0

    def render(self, item: Item) -> bytes:
        match item:
            case Words(text):
                return self.write.text(text)
            case Call(call_id, name, arguments):
                self.calls += 1
                return self.write.tool_call(self.calls - 1, call_id, name, arguments)
            case End() if self.tells_failure and item.failure is not None:
                return b"data: " + bytes(response_for(item.failure.error()).body) + b"\n\n"
            case End():
                usage = self.write.usage(_usage(item)) if self.has_usage else b""
                return self.write.finish(item.reason) + usage


async def _whole(
    chat: ChatRequest, listening: Listening, scope: Scope, receive: Receive, send: Send
) -> None:
    items = await _until_gone(receive, _collect(listening))
    if items is None:
        return
    end = items[-1]
    assert isinstance(end, End)
    if end.failure is not None:
        raise end.failure.error()
    body = render_completion(
        reply_id=f"chatcmpl-{listening.run_id}",
        created=int(clock.wall_s()),
        model=chat.model,
        text="".join(
            i.text for i in items if isinstance(i, Words) and i.origin is not Origin.FILLER
        ),
        calls=[(i.id, i.name, i.arguments) for i in items if isinstance(i, Call)],
        reason=end.reason,
        usage=_usage(end),
    )
    headers = {"x-bridge-turn": f"{listening.kind};{listening.run_id}"}
    await JSONResponse(body, headers=headers)(scope, receive, send)


async def _collect(listening: Listening) -> list[Item]:
    return [item async for items in listening.items for item in items]


async def _with_first(
    first: Sequence[Item], rest: AsyncIterator[Sequence[Item]]
) -> AsyncIterator[Sequence[Item]]:
    yield first
    async for items in rest:
        yield items


async def _until_gone(receive: Receive, work: Awaitable[_T]) -> _T | None:
    """The result of `work`, or `None` if the client goes away first, which cancels it."""
    result: _T | None = None
    async with anyio.create_task_group() as both:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            both.cancel_scope.cancel()

        both.start_soon(watch)
        result = await work
        both.cancel_scope.cancel()
    return result


def _usage(end: End) -> dict[str, int]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
    }
