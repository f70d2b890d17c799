"""How the fake fails when it is told to: one layer around it that every request passes.

A fault is told with what it is `on`, how often, and whether the act is `done` before it shows.
Every request is recorded here, before anything is checked, with the status that went out.
"""

import asyncio
import fnmatch
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.fakes.elevenlabs.rules import error

GET = "GET"


class Fault(StrEnum):
    """How it fails. The first word of those that answer is the status."""

    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    CONFLICT = "409"
    INVALID = "422"
    RATE = "429 rate"
    CONCURRENT = "429 concurrent"
    SERVER = "500"
    HTML = "502 page"
    STRING = "404 text"
    OLDER = "400 older shape"
    NOT_JSON = "200 not json"
    DROP = "drop"
    HANG = "hang"


CONCURRENT = "too_many_concurrent_requests"

ANSWERS: dict[Fault, Any] = {
    Fault.UNAUTHORIZED: error(401, "invalid_api_key", "Invalid API key"),
    Fault.FORBIDDEN: error(403, "missing_permissions", "The API key is missing convai_write"),
    Fault.NOT_FOUND: error(404, "document_not_found", "Document not found"),
    Fault.CONFLICT: error(409, "conflict", "The resource was changed by someone else"),
    Fault.INVALID: {
        "detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]
    },
    Fault.RATE: error(429, "rate_limit_exceeded", "Too many requests", "system_busy"),
    Fault.CONCURRENT: error(
        429, "concurrent_limit_exceeded", "Too many concurrent requests", CONCURRENT
    ),
    Fault.SERVER: error(500, "internal_server_error", "Something went wrong"),
    Fault.HTML: "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    Fault.STRING: {"detail": "Not Found"},
    Fault.OLDER: {"detail": {"status": "agent_not_found", "message": "Agent not found"}},
    Fault.NOT_JSON: "<html><body>Sign in to this network</body></html>",
}


@dataclass(slots=True)
class Record:
    """One request. A form is a dict as well as JSON is; what is neither stands as it came.

    Attributes:
        status: what went out: 0 while nothing has, and for good when dropped.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int = 0

    @property
    def is_write(self) -> bool:
        return self.method != GET


Hook = Callable[[Record], Awaitable[None]]


@dataclass(slots=True)
class _Told:
    how: Fault
    done: bool
    times: int
    method: str = ""
    path: str = "*"
    skip: int = 0

    def takes(self, record: Record) -> bool:
        if self.times <= 0 or (self.method and self.method != record.method):
            return False
        if not fnmatch.fnmatchcase(record.path, self.path) or not (self.method or record.is_write):
            return False
        self.skip -= 1
        if self.skip >= 0:
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Faults:
    """What was told, and what came.

    Attributes:
        requests: every request, in order.
        after_write: awaited when a write has been done and before it is answered. When it raises,
            the connection is dropped.
    """

    requests: list[Record] = field(default_factory=list)
    after_write: Hook | None = None
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    _told: list[_Told] = field(default_factory=list)

    @property
    def writes(self) -> list[Record]:
        """Every request that was not a GET, in order."""
        return [record for record in self.requests if record.is_write]

    def fail(
        self, on: tuple[str, str], how: Fault | str, times: int = 1, *, done: bool = False
    ) -> None:
        """Fail the next requests of this kind.

        Args:
            on: the method, and the path as a shell pattern: `("PATCH", "/v1/convai/agents/*")`.
            how: a `Fault`, or its value.
            times: how many of them.
            done: whether the act is done all the same.
        """
        method, path = on
        self._told.append(_Told(Fault(how), done, times, method, path))

    def fail_write(self, n: int, how: Fault | str = Fault.DROP, *, done: bool = False) -> None:
        """Fail the n-th write from now, 1 being the next."""
        self._told.append(_Told(Fault(how), done, 1, skip=n - 1))

    def heal(self) -> None:
        """Forget every fault that was told."""
        self._told.clear()

    def due(self, record: Record) -> _Told | None:
        """The fault for this request. Every one that waits for its turn has seen it."""
        found = [told for told in self._told if told.takes(record)]
        return found[0] if found else None


class FaultLayer:
    """The outermost application: records, fails, or lets the inner one answer."""

    def __init__(
        self, app: ASGIApp, faults: Faults, answers: Mapping[Fault, Any] = ANSWERS
    ) -> None:
        self.app = app
        self.faults = faults
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _body(receive)
        record = _record(scope, raw)
        self.faults.requests.append(record)
        fault = self.faults.due(record)
        answer: list[Message] = []
        if fault is None or fault.done:
            answer = await _answer_of(self.app, scope, raw)
            if not await self._told_of(record, answer[0]["status"]):
                await _drop(send)
                return
        if fault is not None:
            answer = await self._fail(fault.how, receive)
        if not answer:
            await _drop(send)
            return
        record.status = answer[0]["status"]
        for message in answer:
            await send(message)

    async def _told_of(self, record: Record, status: int) -> bool:
        """Whether the test, told of this write, lets it be answered."""
        if self.faults.after_write is None or not record.is_write or status >= 400:
            return True
        try:
            await self.faults.after_write(record)
        except Exception:  # noqa: BLE001 - whatever a test raises means: break off here
            return False
        return True

    async def _fail(self, how: Fault, receive: Receive) -> list[Message]:
        if how is Fault.HANG:
            await self._hang(receive)
        if how in (Fault.HANG, Fault.DROP):
            return []
        answer = self.answers[how]
        is_page = isinstance(answer, str)
        kind = b"text/html" if is_page else b"application/json"
        raw = answer.encode() if is_page else json.dumps(answer).encode()
        return _messages(int(how.value[:3]), raw, kind)

    async def _hang(self, receive: Receive) -> None:
        """Until the client gives up or the test ends."""
        gone = asyncio.ensure_future(receive())
        over = asyncio.ensure_future(self.faults.is_over.wait())
        _, left = await asyncio.wait((gone, over), return_when=asyncio.FIRST_COMPLETED)
        for waiting in left:
            waiting.cancel()


async def _body(receive: Receive) -> bytes:
    raw = b""
    while True:
        message = await receive()
        raw += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return raw


def _record(scope: Scope, raw: bytes) -> Record:
    body: Any = None
    kind = dict(scope["headers"]).get(b"content-type", b"")
    if raw and kind.startswith(b"application/x-www-form-urlencoded"):
        body = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    elif raw:
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw.decode(errors="replace")
    return Record(scope["method"], scope["path"], parse_qs(scope["query_string"].decode()), body)


async def _answer_of(app: ASGIApp, scope: Scope, raw: bytes) -> list[Message]:
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


def _messages(status: int, raw: bytes, kind: bytes) -> list[Message]:
    headers = [(b"content-type", kind), (b"content-length", str(len(raw)).encode())]
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": raw},
    ]


async def _drop(send: Any) -> None:
    """Cuts the connection without a word. ASGI has no way to say so; uvicorn's object has."""
    exchange = send.__self__
    exchange.transport.abort()
    while not exchange.disconnected:
        await asyncio.sleep(0)
