"""The whole program on a real socket, in the test's own loop, in front of a fake agent."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from openai import AsyncOpenAI

from bridge.settings import ensure_tokens, load
from bridge.web.connections import Bounds, bounded
from bridge.wiring.bridge import Bridge, open_bridge
from tests.fakes.agent import FakeAgent
from tests.fakes.web_server import Served, served

PLATFORM_TOKEN = "platform-token-of-the-end-to-end-tests"
OPERATOR_TOKEN = "operator-token-of-the-end-to-end-tests"


@dataclass(frozen=True, slots=True)
class Program:
    """A running bridge and where it answers."""

    served: Served
    bridge: Bridge

    @property
    def url(self) -> str:
        """The base that a platform is given, ending in `/v1`."""
        return f"{self.served.url}/v1"

    def openai(self, **headers: str) -> AsyncOpenAI:
        """The official client, unchanged. `headers` with `_` for `-`."""
        return AsyncOpenAI(
            base_url=self.url,
            api_key=PLATFORM_TOKEN,
            max_retries=0,
            timeout=15.0,
            default_headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def http(self, token: str = PLATFORM_TOKEN, **headers: str) -> httpx.AsyncClient:
        """A bare client with a token."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(
            base_url=self.served.url,
            headers={"authorization": f"Bearer {token}", **named},
            timeout=15.0,
            trust_env=False,
        )


@asynccontextmanager
async def program(
    agent: FakeAgent | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """A bridge in front of that agent, or of the demo agent.

    Args:
        agent: asked as any OpenAI-compatible server, or as OpenClaw when it poses as one.
        settings: names as in the environment, without `BRIDGE_`.
    """
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "HOME": folder,
            "BRIDGE_STATE_DIR": folder,
            "BRIDGE_SERVER__TOKEN": PLATFORM_TOKEN,
            "BRIDGE_SERVER__OPERATOR_TOKEN": OPERATOR_TOKEN,
            "BRIDGE_UPSTREAM__NAME": "demo",
            **toward(agent),
            **{f"BRIDGE_{name}": value for name, value in (settings or {}).items()},
        }
        loaded = ensure_tokens(load(environ=environ, cwd=Path(folder)))
        async with open_bridge(loaded) as bridge:
            http: Any = bounded(Bounds(loaded.limits.connections))
            async with served(bridge.app, http=http) as where:
                yield Program(where, bridge)


def toward(agent: FakeAgent | None) -> dict[str, str]:
    """The environment that has a bridge ask this agent; nothing for the demo agent."""
    if agent is None:
        return {}
    return {
        "BRIDGE_UPSTREAM__NAME": "openclaw" if agent.openclaw else "openai",
        "BRIDGE_UPSTREAM__URL": agent.url,
        "BRIDGE_UPSTREAM__TOKEN": agent.token,
        "BRIDGE_UPSTREAM__MODEL": "" if agent.openclaw else agent.models[0],
    }
