"""A transport, and an exchange over it."""

from collections.abc import AsyncIterator

import pytest

from bridge.vendors.http1 import Transport


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport(keepalive_s=60, most_idle=100) as transport:
        yield transport
