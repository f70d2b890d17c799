"""What stands in front of `bridge.vendors.http1` in its tests: a request, and an answer read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bridge.vendors.http1 import Transport

SOON_S = 5.0
"""The longest that anything in these tests may take."""

SHORT_S = 0.2
"""A time limit that is meant to run out."""


def request(
    url: str,
    method: str = "POST",
    *,
    content: bytes = b"hello",
    headers: list[tuple[bytes, bytes]] | None = None,
    connect_s: float = SOON_S,
    read_s: float | None = SOON_S,
    write_s: float | None = SOON_S,
) -> httpx.Request:
    """One request with its time limits."""
    timeout = {"connect": connect_s, "read": read_s, "write": write_s}
    return httpx.Request(
        method, url, headers=headers, content=content, extensions={"timeout": timeout}
    )


@asynccontextmanager
async def asked(transport: Transport, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    """The answer, unread; closed at the end."""
    async with asyncio.timeout(SOON_S):
        response = await transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


async def read(transport: Transport, request: httpx.Request) -> tuple[int, bytes]:
    """Status and whole body of the answer."""
    async with asked(transport, request) as response:
        return response.status_code, await response.aread()
