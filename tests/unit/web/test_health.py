"""Alive, ready, and the figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette

from bridge.errors import VendorUnavailable
from bridge.web import health
from bridge.web.doors import Tokens
from bridge.web.health import READY_FOR_S, Presence, Readiness
from bridge.web.metrics import Metrics
from tests.fakes.timeline import timeline

PLATFORM, OPERATOR = "p" * 43, "o" * 43
WHERE = "https://here.test"


@dataclass
class World:
    """What health looks at: an upstream, a clock, a gate."""

    reasons: Sequence[str] = ()
    fails: Exception | None = None
    draining: bool = False
    now_s: float = 100.0
    looks: int = 0
    metrics: Metrics = field(default_factory=Metrics)

    async def look(self) -> Sequence[str]:
        self.looks += 1
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        return self.reasons

    def client(self) -> httpx.AsyncClient:
        readiness = Readiness(self.look, self, lambda: self.now_s)
        routes = health.routes(
            readiness, self.metrics, Tokens(PLATFORM, OPERATOR), Presence(str.upper, lambda: WHERE)
        )
        transport = httpx.ASGITransport(Starlette(routes=routes))
        return httpx.AsyncClient(transport=transport, base_url="http://bridge")

    async def ready(self, token: str = "") -> tuple[int, object]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self.client() as client:
            response = await client.get("/readyz", headers=headers)
            return response.status_code, response.json()


async def test_alive_means_answering_whatever_else_is_wrong() -> None:
    async with World(["no upstream"], draining=True).client() as client:
        response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_who_asks_with_a_nonce_gets_what_only_this_process_can_make_of_it() -> None:
    async with World().client() as client:
        response = await client.get("/healthz", params={"nonce": "abc_DEF-123"})
    assert response.json() == {"status": "ok", "proof": "ABC_DEF-123"}


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "eight <b>", "eight\n23", "äöüäöüäöü"])
async def test_what_is_no_nonce_is_not_digested(nonce: str) -> None:
    async with World().client() as client:
        response = await client.get("/healthz", params={"nonce": nonce})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_when_the_upstream_is_fine() -> None:
    assert await World().ready() == (200, {"status": "ready"})


async def test_reasons_are_for_token_holders_only() -> None:
    world = World(["the token is wrong"])
    told = (
        503,
        {"status": "not ready", "reasons": ["the token is wrong"], "public_url": WHERE},
    )
    assert await world.ready() == (503, {"status": "not ready"})
    assert await world.ready("wrong") == (503, {"status": "not ready"})
    assert await world.ready(OPERATOR) == told
    assert await world.ready(PLATFORM) == told


async def test_not_ready_while_stopping_and_the_upstream_is_not_asked() -> None:
    world = World(draining=True)
    stopping = (503, {"status": "not ready", "reasons": ["stopping"], "public_url": WHERE})
    assert (await world.ready(OPERATOR), world.looks) == (stopping, 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (VendorUnavailable("It is down.", vendor="x", operation="models"), "It is down."),
        (ValueError("the caller said hello"), "the upstream could not be asked"),
    ],
)
async def test_an_upstream_that_cannot_be_asked_is_not_ready(error: Exception, reason: str) -> None:
    status, body = await World(fails=error).ready(OPERATOR)
    told = {"status": "not ready", "reasons": [reason], "public_url": WHERE}
    assert (status, body) == (503, told)


@timeline
async def test_a_look_without_an_end_is_a_reason_and_holds_nobody_up() -> None:
    async def never() -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    readiness = Readiness(never, World(), asyncio.get_running_loop().time)

    assert await readiness.reasons() == ("the upstream did not answer within 5 s",)


async def test_one_look_serves_everyone_for_a_while() -> None:
    world = World()
    async with world.client() as client:
        await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
        world.now_s += READY_FOR_S / 2
        await client.get("/readyz")
        assert world.looks == 1
        world.now_s += READY_FOR_S / 2
        world.reasons = ["gone"]
        assert (await client.get("/readyz")).status_code == 503
    assert world.looks == 2


async def test_figures_are_in_prometheus_form() -> None:
    world = World()
    world.metrics.fillers.inc(3)
    async with world.client() as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "bridge_fillers_total 3.0" in response.text.splitlines()
