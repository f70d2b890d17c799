"""Who may enter, how much, how fast. Plain ASGI, in front of every route.

In this order, and nothing of a body is read before the last step:

    door ─▶ token ─▶ draining ─▶ rate ─▶ kind and size of body ─▶ concurrency ─▶ body
    404      401       503        429         415, 413                429      413, 408

What is signed over its body can't be told from a stranger's before it is read. So such requests
have few places of their own and a body limit of their own, and their rate is counted by whoever
has checked the signature.

The body is handed on whole, so the endpoint's `await request.body()` never waits, and `receive`
stays usable for the disconnect that follows. What is sent passes untouched.

What a stranger can make us do: compare two digests, write one short answer, read and drop
`LINGER_BYTES` within `LINGER_S`. Wrong tokens never use up a right one's allowance.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge import log
from bridge.core.limits import Concurrency, RateLimit
from bridge.errors import BadRequest, BridgeError, Draining, OverLimit, Unauthenticated
from bridge.web.doors import HOLDER, Gate, Group, Tokens, group_of, headers_named
from bridge.web.faults import not_found, response_for

BODY_WITHIN_S = 10.0
"""How long a whole body may take. A platform sends it in milliseconds; a slow sender is cut off."""

LINGER_S = 1.0
"""How long a refused body is read and dropped, so that the answer arrives before the reset."""

LINGER_BYTES = 8_388_608
"""How much of it: a client that doesn't listen while it sends hears the answer up to here."""

TELL_AGAIN_S = 60.0
"""How long a refused token is not told of again. The operator must learn that the platform has a
wrong one; strangers who try some must not fill the log."""

DELIVERY_BYTES = 8_388_608
"""Largest signed delivery, whatever `limits.body_bytes`: the transcript of half an hour's call has
some hundred kilobytes, with its tool calls a few megabytes. Sound isn't asked for."""

DELIVERIES_AT_ONCE = 16
"""Signed deliveries of that size under way at one moment, fewer of larger ones: strangers can make
us hold 128 MiB, and no more. The platform sends one for each call that ends, and sends it again
when it was told to wait."""

_LIGHT = frozenset({Group.PUBLIC, Group.FIGURES})
"""Doors with little work behind them: requests aren't counted there, nor is a body read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one token may ask; 0 is off.

    Attributes:
        body_bytes: largest body.
        concurrent: requests under way at one moment.
        per_minute: requests a minute.
        body_within_s: how long a body may take to arrive.
        delivery_bytes: largest signed delivery.
    """

    body_bytes: int
    concurrent: int
    per_minute: int
    body_within_s: float = BODY_WITHIN_S
    delivery_bytes: int = DELIVERY_BYTES


class Guard:
    """Lets in what may enter.

    Args:
        app: what stands behind.
        tokens: who may enter.
        limits: how much, how fast.
        clock: monotonic seconds.
        gate: tells when no new work is taken; what is open to everyone stays open.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Tokens,
        limits: Limits,
        clock: Callable[[], float],
        gate: Gate,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._limits = limits
        self._clock = clock
        self._gate = gate
        self._rate = RateLimit(limits.per_minute)
        self._busy = Concurrency(limits.concurrent)
        held_bytes = DELIVERIES_AT_ONCE * DELIVERY_BYTES
        self._reading = Concurrency(max(1, held_bytes // limits.delivery_bytes))
        self._told_s: dict[Group, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or turns it away."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        group = group_of(scope)
        if group is None:
            await _turn_away(scope, receive, send)
            return
        try:
            with self._admitted(scope, group) as holder:
                scope[HOLDER] = holder
                body = await self._read_body(scope, receive, group)
                await self._app(scope, receive if body is None else _replay(body, receive), send)
        except _NotEntered as refusal:
            if isinstance(refusal.error, Unauthenticated):
                self._tell(group, refusal.error)
            await _turn_away(scope, receive, send, refusal.error)
        except _Gone:
            return

    @contextmanager
    def _admitted(self, scope: Scope, group: Group) -> Iterator[Group]:
        """Holds one of the token's places; gives it back when the request is over, however.

        Yields whose token it is.
        """
        with _entering():
            holder = self._tokens.check(scope, group)
        if group in _LIGHT:
            yield holder
            return
        places = self._reading if group is Group.SIGNED else self._busy
        with _entering():
            self._check_pace(holder)
            _check_body_kind(scope, self._most_bytes(group))
            if not places.enter(holder):
                raise OverLimit("Too many requests at once with this token.")
        try:
            yield holder
        finally:
            places.leave(holder)

    def _most_bytes(self, group: Group) -> int:
        return self._limits.delivery_bytes if group is Group.SIGNED else self._limits.body_bytes

    def _tell(self, group: Group, error: Unauthenticated) -> None:
        now_s, told_s = self._clock(), self._told_s.get(group)
        if told_s is None or now_s - told_s >= TELL_AGAIN_S:
            self._told_s[group] = now_s
            log.warning(
                "token.refused", kind=group, status=HTTPStatus.UNAUTHORIZED, code=error.code
            )

    def _check_pace(self, group: Group) -> None:
        if group is Group.PLATFORM and self._gate.draining:
            raise Draining("bridge is stopping and takes nothing new.")
        if group is Group.SIGNED:
            return
        admission = self._rate.admit(group, self._clock())
        if not admission.allowed:
            raise OverLimit(
                "Too many requests a minute with this token.",
                retry_after_s=admission.retry_after_s,
            )

    async def _read_body(self, scope: Scope, receive: Receive, group: Group) -> bytes | None:
        """The whole body; `None` when there is none, or it is nobody's to read here."""
        if group in _LIGHT or not _announces_body(scope):
            return None
        with _entering():
            try:
                async with asyncio.timeout(self._limits.body_within_s):
                    return await _collect(receive, self._most_bytes(group))
            except TimeoutError:
                raise BadRequest("The body took too long to arrive.", status=408) from None


class _NotEntered(Exception):
    """A refusal of the guard's own, told apart from errors of the app behind it."""

    def __init__(self, error: BridgeError) -> None:
        super().__init__()
        self.error = error


class _Gone(Exception):
    """The client left before its request was whole."""


@contextmanager
def _entering() -> Iterator[None]:
    try:
        yield
    except BridgeError as error:
        raise _NotEntered(error) from None


def _announces_body(scope: Scope) -> bool:
    lengths = headers_named(scope, b"content-length")
    return bool(headers_named(scope, b"transfer-encoding")) or lengths not in ([], [b"0"])


def _check_body_kind(scope: Scope, most: int) -> None:
    for length in headers_named(scope, b"content-length"):
        if not length.isdigit():
            raise BadRequest("'Content-Length' must be a whole number.")
        if most and (len(length) > len(str(most)) or int(length) > most):
            raise _too_large(most)
    if scope["method"] != "POST":
        return
    for kind in headers_named(scope, b"content-type"):
        if kind.partition(b";")[0].strip().lower() != b"application/json":
            raise BadRequest("Send the body as 'application/json'.", status=415)
    for coding in headers_named(scope, b"content-encoding"):
        if coding.strip().lower() not in (b"", b"identity"):
            # Unpacked, a small body can be a huge one; no platform packs its requests.
            raise BadRequest("Send the body as it is, without 'Content-Encoding'.", status=415)


def _too_large(most: int) -> BadRequest:
    return BadRequest(f"The body is larger than {most} bytes.", status=413)


async def _collect(receive: Receive, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if most and size > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return b"".join(pieces)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once, whole; then whatever the server says next, which is the disconnect."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def _turn_away(
    scope: Scope, receive: Receive, send: Send, error: BridgeError | None = None
) -> None:
    """Answers at once. When a body is still coming, drops a little of it and closes.

    Closing on unread bytes resets the connection, and a reset may overtake the answer.
    """
    response = not_found() if error is None else response_for(error)
    pending = _announces_body(scope)
    if pending:
        response.headers["Connection"] = "close"
    start = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "http.response.start", **start})
    body = b"" if scope["method"] == "HEAD" else bytes(response.body)
    await send({"type": "http.response.body", "body": body, "more_body": True})
    is_slow = response.status_code == HTTPStatus.REQUEST_TIMEOUT
    if pending and not is_slow and not headers_named(scope, b"expect"):
        await _drop(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(receive: Receive) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(LINGER_S):
            while dropped < LINGER_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                dropped += len(message.get("body", b""))
    except TimeoutError:
        return
