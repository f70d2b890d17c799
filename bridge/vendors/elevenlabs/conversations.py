"""What became of a conversation, asked of ElevenLabs while the server runs: adapter of `Platform`.

Over bare HTTP and not over the SDK: that takes more than a second of work to import, which whoever
is on the telephone would hear. One request, never repeated.

Source: elevenlabs.io/docs/api-reference/conversations (2026-11).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from bridge.core.platform_call import PlatformCall, parse_platform_call
from bridge.errors import VendorBrokePromise
from bridge.vendors.elevenlabs import faults

OPERATION = "read conversation"

WITHIN_S = 15.0
"""How long one answer may take. Nobody waits for it."""

Ask = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[Any]]
"""How the SDK's client asks: what is asked, and the request."""

ANSWER_BYTES = 16_777_216
"""Longest answer that is read: a transcript of two hours with its tool calls is a few megabytes."""

_NOT_KNOWN = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})


class Conversations:
    """The conversations of a workspace."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._key = key

    async def conversation(self, conversation: str) -> PlatformCall | None:
        """See `Platform.conversation`. Raises `VendorError`."""
        path = f"/v1/convai/conversations/{quote(conversation, safe='')}"
        try:
            answer = await self._get(path)
        except httpx.HTTPError as error:
            fault = faults.of(error, OPERATION)
            assert fault is not None, "an error of the transport"
            raise fault from None
        if answer.status_code in _NOT_KNOWN:
            return None
        if answer.status_code != HTTPStatus.OK:
            reason = faults.read(answer.text)
            known = faults.Reason(reason.code) if self._key not in reason.code else faults.Reason()
            raise faults.answered(answer.status_code, known, OPERATION)
        return parse_platform_call(conversation, _told(answer))

    async def _get(self, path: str) -> httpx.Response:
        async with self._http.stream("GET", path) as response:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > ANSWER_BYTES:
                    raise _broken("its answer has no end")
            return httpx.Response(response.status_code, content=bytes(body))


def _told(answer: httpx.Response) -> dict[str, object]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _broken("its answer is no JSON object")
    return told


def _broken(what: str) -> VendorBrokePromise:
    return VendorBrokePromise(
        f"ElevenLabs answered {OPERATION!r} in a way that bridge doesn't know: {what}.",
        vendor=faults.VENDOR,
        operation=OPERATION,
        hint=faults.LATER,
    )


@asynccontextmanager
async def connect(api_key: SecretStr, base_url: str) -> AsyncIterator[Conversations]:
    """The conversations of a workspace. Asks nothing by itself."""
    key = api_key.get_secret_value()
    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"xi-api-key": key},
        timeout=WITHIN_S,
        follow_redirects=False,
    ) as http:
        yield Conversations(http, key)
