"""What the operator may ask: who talks in which session, and how long turns take."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge import log
from bridge.calls.report import TurnReport
from bridge.calls.sessions import SessionBook
from bridge.core.latency import TURNS_KEPT, waterfall
from bridge.core.reply import Failure
from bridge.errors import BridgeError
from bridge.web.metrics import Metrics

Recorded = Callable[[int], Awaitable[Sequence[Mapping[str, float]]]]
"""The stages of the latest turns on record, so many at most. May raise `BridgeError`."""


class Figures:
    """Takes the report of each turn: into metrics, the log, and what `/latency` answers."""

    def __init__(
        self, metrics: Metrics, sessions: SessionBook, recorded: Recorded | None = None
    ) -> None:
        self.sessions = sessions
        self._recorded = recorded
        self._metrics = metrics
        self._stages: deque[Mapping[str, float]] = deque(maxlen=TURNS_KEPT)

    def observe(self, report: TurnReport) -> None:
        """One turn is over, or a request joined it."""
        if report.outcome == "joined":
            self._metrics.turns.labels(report.turn_class, report.outcome).inc()
            log.detail("turn.joined", turn=report.run_id, conversation=report.conversation)
            return
        stages = report.moments.stages()
        words_s = report.first_words_s
        self._metrics.observe_turn(
            kind=report.turn_class,
            outcome=report.outcome,
            stages_s=stages,
            first_words_s=words_s,
            fillers=report.fillers,
        )
        if report.failure is not None:
            self._metrics.upstream_errors.labels(report.failure.why).inc()
        if report.outcome != "here":
            self._stages.append(stages)
        _log(report, stages)

    def plain_failed(self, run_id: str, failure: Failure) -> None:
        """The agent failed a plain request, whose client was told by a status."""
        self._metrics.upstream_errors.labels(failure.why).inc()
        log.event(
            "plain.failed",
            turn=run_id,
            code=failure.code,
            why=failure.why,
            vendor=failure.vendor,
            status=failure.status,
        )

    def refused(self, rule: str) -> None:
        """A caller was refused by that rule."""
        self._metrics.refused.labels(rule).inc()
        log.event("caller.refused", rule=rule)

    async def latency(self) -> dict[str, object]:
        """The waterfall of the latest turns, in seconds: those on record, else of this process."""
        stages: Sequence[Mapping[str, float]] = list(self._stages)
        if self._recorded is not None:
            with suppress(BridgeError):
                stages = await self._recorded(TURNS_KEPT) or stages
        return {"turns": len(stages), "stages_s": waterfall(stages)}


def routes(figures: Figures) -> list[Route]:
    """The two routes."""

    async def sessions(_request: Request) -> Response:
        return JSONResponse({"sessions": [asdict(row) for row in figures.sessions.rows()]})

    async def latency(_request: Request) -> Response:
        return JSONResponse(await figures.latency())

    return [Route("/sessions", sessions), Route("/latency", latency)]


def _log(report: TurnReport, stages: Mapping[str, float]) -> None:
    """One line a turn: its stages in milliseconds, whose sum is `took_ms`."""
    failure = report.failure
    log.event(
        "turn.finished",
        turn=report.run_id,
        conversation=report.conversation,
        kind=report.turn_class,
        outcome=report.outcome,
        fillers=report.fillers,
        code=failure.code if failure else None,
        why=failure.why if failure else None,
        vendor=failure.vendor if failure else None,
        status=failure.status if failure else None,
        classify_ms=1000 * stages["classify"],
        settle_ms=1000 * stages["settle"],
        think_ms=1000 * stages["think"],
        shape_ms=1000 * stages["shape"],
        speak_ms=1000 * stages["speak"],
        took_ms=1000 * report.moments.total_s,
    )
