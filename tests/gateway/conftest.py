"""The real OpenClaw gateway, and bridges in front of it, for the tests of this folder.

At most two run at once, each for the whole session and only when a test asks: one with a single
agent and everything else as it comes, and one with two agents, client tools in sight, and hooks.
The second may be drained by a test; it is started again for whoever needs it next.

Without OpenClaw these tests are skipped, and say why. With `CI=true` or `BRIDGE_REQUIRE_GATEWAY=1`
they fail instead: there they are a must.
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.core.session import SessionKey
from tests.gateway.kit.real_gateway import HOOKS_TOKEN, TOKEN, NotInstalled, RealGateway, install
from tests.gateway.serving import PLATFORM_TOKEN, Bridge, Serve

TWO_AGENTS = ("desk", "errands")

PRIVATE = (
    "+1555555",
    "1555555",
    "stub",
    "tulips",
    "w1 w2",
    TOKEN,
    HOOKS_TOKEN,
    PLATFORM_TOKEN,
    "not-the-token",
)
"""Callers' numbers, words of both sides, secrets: never in a log."""

_calls = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may stop a gateway comes last: each start of one takes ten seconds and more."""
    items.sort(key=lambda item: "expendable" in getattr(item, "fixturenames", ()))


def _is_required() -> bool:
    return os.environ.get("CI") == "true" or os.environ.get("BRIDGE_REQUIRE_GATEWAY") == "1"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """As the program runs."""
    return "asyncio"


@pytest.fixture(scope="session")
def installed() -> Path:
    """Where OpenClaw is."""
    try:
        return install()
    except NotInstalled as error:
        if _is_required():
            pytest.fail(f"the gateway tests are a must here, but: {error}", pytrace=False)
        pytest.skip(f"no OpenClaw gateway: {error}")


@pytest.fixture(scope="session")
def _one_agent(installed: Path) -> Iterator[RealGateway]:
    with RealGateway(installed) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def _two_agents(installed: Path) -> Iterator[RealGateway]:
    settings = {
        "tools.toolSearch": {"mode": "directory"},
        "hooks": {"enabled": True, "token": HOOKS_TOKEN},
    }
    with RealGateway(installed, agents=TWO_AGENTS, settings=settings) as gateway:
        yield gateway


@pytest.fixture
def gateway(_one_agent: RealGateway) -> RealGateway:
    """One agent, `main`; client tools hidden behind the gateway's search, as it comes."""
    _one_agent.provider.reset()
    return _one_agent


@pytest.fixture
def two_agents(_two_agents: RealGateway) -> RealGateway:
    """Two agents, `desk` and `errands`, and no default; client tools in sight, and hooks."""
    if not _two_agents.is_running:
        _two_agents.start()
    _two_agents.provider.reset()
    return _two_agents


@pytest.fixture
def expendable(two_agents: RealGateway) -> Iterator[RealGateway]:
    """The gateway of `two_agents`, which this test may stop. It may also start it again."""
    yield two_agents
    if not two_agents.is_ready:
        two_agents.stop()


@pytest.fixture
def rest_of_key() -> str:
    """A session of this test's own: what stands behind `agent:<id>:`."""
    return f"phone:test-{next(_calls)}"


@pytest.fixture
def session_key(rest_of_key: str) -> SessionKey:
    """The same, as a full key of the agent `main`."""
    return SessionKey(f"agent:main:{rest_of_key}")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a bridge, or returns the running one that was started with the same settings.

    When all have stopped their logs are read: nothing private may be in them.
    """
    running: dict[tuple[object, ...], Bridge] = {}
    with ExitStack() as stack:

        def start(gateway: RealGateway, *, ready_at: str = "/readyz", **settings: str) -> Bridge:
            known = (gateway.url, *sorted(settings.items()))
            if known not in running:
                folder = tmp_path_factory.mktemp("bridge")
                bridge = Bridge(gateway, folder, settings, ready_at=ready_at)
                running[known] = stack.enter_context(bridge)
            return running[known]

        yield start
    logged = "\n".join(bridge.log() for bridge in running.values())
    assert [private for private in PRIVATE if private in logged] == []


@pytest.fixture
def bridge(gateway: RealGateway, serve: Serve) -> Bridge:
    """A bridge on the gateway with one agent."""
    return serve(gateway)
