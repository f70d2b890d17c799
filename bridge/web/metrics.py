"""What Prometheus may read: the one place where metrics are named.

Labels come from closed sets only, so that a stranger can't make new series. Times are seconds.

Source: prometheus.io/docs/practices/naming (2026-11).
"""

from collections.abc import Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.web.doors import route_of

CONTENT_TYPE = CONTENT_TYPE_LATEST

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.2, 2, 3, 5, 8, 15, 30, 60, 90)
"""Upper ends: fine where bridge itself works, 1.2 s for first words, 90 s for the deadline."""


class Metrics:
    """Every metric, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.turns = Counter(
            "bridge_turns_total",
            "Turns by how they were classified and how they came out.",
            ["class", "outcome"],
            registry=registry,
        )
        self.stages = Histogram(
            "bridge_turn_stage_seconds",
            "How long each stage of a turn took.",
            ["stage"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.first_words = Histogram(
            "bridge_first_words_seconds",
            "From the request to the first words out, fillers included.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.fillers = Counter("bridge_fillers_total", "Fillers spoken.", registry=registry)
        self.refused = Counter(
            "bridge_refused_total", "Refusals by rule.", ["rule"], registry=registry
        )
        self.upstream_errors = Counter(
            "bridge_upstream_errors_total",
            "Failures of the upstream by cause.",
            ["why"],
            registry=registry,
        )
        self.calls_reported = Counter(
            "bridge_calls_reported_total",
            "Calls that the voice platform reported, by type of report and outcome.",
            ["type", "outcome"],
            registry=registry,
        )
        self.runs_active = Gauge(
            "bridge_runs_active", "Runs of the agent under way.", registry=registry
        )
        self.streams_open = Gauge(
            "bridge_streams_open", "Streams being written.", registry=registry
        )
        self.requests = Counter(
            "bridge_requests_total",
            "HTTP requests answered, by route and status.",
            ["route", "status"],
            registry=registry,
        )

    def observe_turn(
        self,
        *,
        kind: str,
        outcome: str,
        stages_s: Mapping[str, float],
        first_words_s: float | None = None,
        fillers: int = 0,
    ) -> None:
        """Counts one turn that is over.

        Args:
            kind: how it was classified: `new`, `repeat` …
            outcome: how it came out, from a closed set.
            stages_s: seconds by stage; only stages that happened.
            first_words_s: seconds from the request to the first words; `None` when none came.
            fillers: how many were spoken.
        """
        self.turns.labels(kind, outcome).inc()
        for stage, took_s in stages_s.items():
            self.stages.labels(stage).observe(took_s)
        if first_words_s is not None:
            self.first_words.observe(first_words_s)
        self.fillers.inc(fillers)

    def render(self) -> bytes:
        """Everything, in Prometheus's text form (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)


class Counted:
    """Counts every answer of the app inside by route and status, and the streams among them."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.requests
        self._streams = metrics.streams_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request of the app inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = route_of(scope)
        streams = 0

        def counted(message: Message) -> Any:  # noqa: ANN401 - the server's own awaitable
            nonlocal streams
            if message["type"] == "http.response.start":
                self._requests.labels(route, str(message["status"])).inc()
                streams = int(_is_stream(message))
                self._streams.inc(streams)
            return send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._streams.dec(streams)


def _is_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )
