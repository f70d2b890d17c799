"""Alive, ready, and the figures: `/healthz`, `/readyz`, `/metrics`.

Alive means that we answer at all. Ready means that a call put through now would reach the agent:
we are not stopping, and the upstream was fine when last asked. The upstream is asked at most
once in `READY_FOR_S`, however many ask us, and why we are not ready is told to token holders
only. So is the address by which we are reached from outside.

Who asks whether we are alive may send a nonce, and gets a digest of it that only this process can
make: the same by the public address and on this machine shows that the address leads here.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge import log
from bridge.errors import BridgeError
from bridge.web.doors import Gate, Tokens
from bridge.web.metrics import CONTENT_TYPE, Metrics

READY_FOR_S = 15.0
"""How long one look at the upstream holds. A look costs it a few cheap requests, so balancers that
ask every second must not each cause one."""

LOOK_WITHIN_S = 5.0
"""How long one look may take before we count as not ready."""

NO_CACHE = {"Cache-Control": "no-store"}

NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""What is digested. Anything else is not asked right, and only told that we are alive."""

Look = Callable[[], Awaitable[Sequence[str]]]
"""Asks the upstream: the reasons why no call can be taken, empty when there are none."""


class Readiness:
    """Whether a call could be taken now, remembered for a moment.

    Args:
        look: asks the upstream.
        gate: tells when we are stopping.
        clock: monotonic seconds.
    """

    def __init__(self, look: Look, gate: Gate, clock: Callable[[], float]) -> None:
        self._look = look
        self._gate = gate
        self._clock = clock
        self._asking = asyncio.Lock()
        self._reasons: tuple[str, ...] = ()
        self._looked_at_s: float | None = None

    async def reasons(self) -> tuple[str, ...]:
        """Why we are not ready; empty when we are. Those who ask together share one look."""
        if self._gate.draining:
            return ("stopping",)
        async with self._asking:
            looked = self._looked_at_s
            if looked is None or self._clock() - looked >= READY_FOR_S:
                self._reasons = await self._ask()
                self._looked_at_s = self._clock()
        return self._reasons

    async def _ask(self) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                return tuple(await self._look())
        except TimeoutError:
            return (f"the upstream did not answer within {LOOK_WITHIN_S:g} s",)
        except BridgeError as error:
            return (error.message,)
        except Exception as error:  # noqa: BLE001 - a door: a broken look means not ready
            log.failure("readiness.failed", error)
            return ("the upstream could not be asked",)


@dataclass(frozen=True, slots=True)
class Presence:
    """Who we are, and where we are reached.

    Attributes:
        proof_of: a digest of a nonce, with a key that this process made for itself.
        reached_at: the public address, once it is proven; else `None`.
    """

    proof_of: Callable[[str], str]
    reached_at: Callable[[], str | None]


def routes(
    readiness: Readiness, metrics: Metrics, tokens: Tokens, presence: Presence
) -> list[Route]:
    """The three routes."""

    async def healthz(request: Request) -> Response:
        body = {"status": "ok"}
        nonce = request.query_params.get("nonce", "")
        if NONCE.fullmatch(nonce):
            body["proof"] = presence.proof_of(nonce)
        return JSONResponse(body, headers=NO_CACHE)

    async def readyz(request: Request) -> Response:
        reasons = await readiness.reasons()
        body: dict[str, object] = {"status": "not ready" if reasons else "ready"}
        if tokens.know(request.scope):
            body["reasons"] = reasons
            body["public_url"] = presence.reached_at()
        return JSONResponse(body, 503 if reasons else 200, headers=NO_CACHE)

    async def figures(_request: Request) -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE, headers=NO_CACHE)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", figures),
    ]
