"""One bridge for each file: nothing that is merely wrong with a request changes it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.program import Program, program

UNLIMITED = {"LIMITS__PER_MINUTE": "0"}


@pytest.fixture(scope="module")
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture(scope="module")
async def bridge(agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(agent, UNLIMITED) as running:
        yield running


@pytest.fixture(scope="module")
async def client(bridge: Program) -> AsyncIterator[httpx.AsyncClient]:
    """One client for all that is merely wrong: to make one takes longer than a request."""
    async with bridge.http() as client:
        yield client


@pytest.fixture(scope="module")
async def stranger(bridge: Program) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=bridge.served.url, trust_env=False) as client:
        yield client
