"""The line from a terminal to a server: one streamed reply at a time, as the platform asks for it.

Leaving a reply early closes its connection, which is all that the platform does when the caller
barges in or hangs up.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from bridge.cli.platform import ToolUse
from bridge.cli.running import CONNECT_S, Server, check, no_answer
from bridge.errors import BridgeError
from bridge.vendors.sse import EventReader, EventTooLong

PATH = "/v1/chat/completions"

SILENCE_S = 120.0
"""How long a stream may bring nothing. The platform's own patience ends at 15 s before the first
word; ours is longer, because whoever watches a terminal can hang up."""

DONE = b"[DONE]"

Piece = str | ToolUse


class CallFailed(BridgeError):
    """The call broke: its reply never came whole. By telephone the caller would hear silence."""

    code = "call_failed"


class Telephone:
    """Holds the line to one server, and its connection from one reply to the next.

    Args:
        server: where to call.
        http: a client of it, with the platform token.
        headers: what each request carries besides.
    """

    def __init__(self, server: Server, http: httpx.Client, headers: Mapping[str, str]) -> None:
        self._server = server
        self._http = http
        self._headers = dict(headers)

    @contextmanager
    def ask(self, body: Mapping[str, Any]) -> Iterator[Iterator[Piece]]:
        """One reply: its words as they come, and its tool calls.

        Raises:
            Unauthenticated: the server refuses the token.
            VendorError: nothing answers, or the server refuses the request.
            CallFailed: raised while the reply is read: it broke off.
        """
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        try:
            with self._http.stream(
                "POST", PATH, json=body, headers=self._headers, timeout=timeout
            ) as response:
                if not response.is_success:
                    response.read()
                check(self._server, "chat", response, token="token")  # noqa: S106 - a setting
                yield _pieces(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise no_answer(self._server, "chat", error) from None
        except (httpx.HTTPError, EventTooLong) as error:
            raise _broken(error) from None


def _pieces(response: httpx.Response) -> Iterator[Piece]:
    """What a stream says. Ends with the stream's own end, and raises when that is missing."""
    is_finished = False
    for payload in _payloads(response):
        if payload == DONE:
            continue
        choice = _choice(payload)
        delta = choice.get("delta") or {}
        if delta.get("content"):
            yield str(delta["content"])
        for call in delta.get("tool_calls") or ():
            yield _tool_use(call)
        is_finished = is_finished or choice.get("finish_reason") is not None
    if not is_finished:
        raise CallFailed("The stream ended before the reply did.")


def _tool_use(call: Mapping[str, Any]) -> ToolUse:
    try:
        function = call["function"]
        return ToolUse(call["id"], function["name"], function["arguments"])
    except (KeyError, TypeError):
        raise CallFailed("The stream holds a tool call in parts, not in one chunk.") from None


def _payloads(response: httpx.Response) -> Iterator[bytes]:
    reader = EventReader()
    for piece in response.iter_bytes():
        yield from reader.feed(piece)
    yield from reader.finish()


def _choice(payload: bytes) -> Mapping[str, Any]:
    """A chunk's only choice; nothing when it has none (usage)."""
    try:
        chunk = json.loads(payload)
    except ValueError:
        raise CallFailed("The stream holds something that is not JSON.") from None
    if not isinstance(chunk, dict) or "error" in chunk:
        raise CallFailed("The stream holds an error instead of words.")
    choices = chunk.get("choices") or [{}]
    choice: Mapping[str, Any] = choices[0]
    return choice


def _broken(error: Exception) -> CallFailed:
    if isinstance(error, httpx.ReadTimeout):
        return CallFailed(f"The line was silent for {SILENCE_S:g} s.")
    return CallFailed("The connection broke off in the middle of a reply.")
