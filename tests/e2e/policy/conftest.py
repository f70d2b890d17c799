"""Agents and bridges by policy, one of each for a file: to start one takes longer than a test."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.program import Program, program


@pytest.fixture(scope="module")
async def one_agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture(scope="module")
async def one_gateway() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True) as gateway:
        yield gateway


@pytest.fixture
def agent(one_agent: FakeAgent) -> FakeAgent:
    """An agent that nobody has asked yet."""
    one_agent.requests.clear()
    return one_agent


@pytest.fixture
def gateway(one_gateway: FakeAgent) -> FakeAgent:
    """The same, posing as an OpenClaw gateway."""
    one_gateway.requests.clear()
    return one_gateway


@pytest.fixture(scope="module")
async def closed(one_agent: FakeAgent) -> AsyncIterator[Program]:
    """Nothing set: callers are refused."""
    async with program(one_agent) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def listing(one_agent: FakeAgent) -> AsyncIterator[Program]:
    settings = {"POLICY__INBOUND": "allowlist", "POLICY__ALLOW_FROM": "+15550100999,+1415*"}
    async with program(one_agent, settings) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def opened(one_agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(one_agent, OPEN) as bridge:
        yield bridge
