"""What Prometheus reads after something happened."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Receive, Scope, Send

from bridge.web.metrics import Counted, Metrics


def figures(metrics: Metrics) -> dict[str, float]:
    """Every sample of ours as `name{labels}`, without buckets and creation times."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name.startswith("bridge_") and not sample.name.endswith(
                ("_bucket", "_created")
            ):
                labels = ",".join(f"{k}={v}" for k, v in sample.labels.items())
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


NOTHING_YET = {
    "bridge_first_words_seconds_count": 0.0,
    "bridge_first_words_seconds_sum": 0.0,
    "bridge_fillers_total": 0.0,
    "bridge_runs_active": 0.0,
    "bridge_streams_open": 0.0,
}


def test_a_turn_is_counted_with_its_stages() -> None:
    metrics = Metrics()
    metrics.observe_turn(
        kind="new",
        outcome="done",
        stages_s={"think": 0.5, "speak": 2.0},
        first_words_s=0.75,
        fillers=2,
    )
    assert figures(metrics) == NOTHING_YET | {
        "bridge_turns_total{class=new,outcome=done}": 1.0,
        "bridge_turn_stage_seconds_count{stage=think}": 1.0,
        "bridge_turn_stage_seconds_sum{stage=think}": 0.5,
        "bridge_turn_stage_seconds_count{stage=speak}": 1.0,
        "bridge_turn_stage_seconds_sum{stage=speak}": 2.0,
        "bridge_first_words_seconds_count": 1.0,
        "bridge_first_words_seconds_sum": 0.75,
        "bridge_fillers_total": 2.0,
    }


def test_a_turn_without_words_has_no_first_words() -> None:
    metrics = Metrics()
    metrics.observe_turn(kind="revised", outcome="superseded", stages_s={})
    assert figures(metrics) == NOTHING_YET | {
        "bridge_turns_total{class=revised,outcome=superseded}": 1.0
    }


def test_refusals_failures_and_what_is_under_way_are_counted() -> None:
    metrics = Metrics()
    metrics.refused.labels("allowlist").inc()
    metrics.upstream_errors.labels("late").inc()
    metrics.calls_reported.labels("call_initiation_failure", "busy").inc()
    metrics.runs_active.inc()
    with metrics.streams_open.track_inprogress():
        during = figures(metrics)
    assert during == NOTHING_YET | {
        "bridge_refused_total{rule=allowlist}": 1.0,
        "bridge_upstream_errors_total{why=late}": 1.0,
        "bridge_calls_reported_total{outcome=busy,type=call_initiation_failure}": 1.0,
        "bridge_runs_active": 1.0,
        "bridge_streams_open": 1.0,
    }


def test_two_bridges_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.fillers.inc()
    assert figures(other) == NOTHING_YET


def test_the_process_is_measured_too() -> None:
    assert b"process_cpu_seconds_total" in Metrics().render()


async def test_a_stream_is_counted_for_as_long_as_it_is_written() -> None:
    metrics = Metrics()
    during: list[float] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        kind = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        during.append(figures(metrics)["bridge_streams_open"])
        raise RuntimeError

    async def sent(_message: object) -> None:
        return

    with pytest.raises(RuntimeError):
        await Counted(app, metrics)({"type": "http", "path": "/"}, sent, sent)  # type: ignore[arg-type]  # nobody receives
    assert during == [1.0]
    assert figures(metrics)["bridge_streams_open"] == 0.0


async def test_answers_are_counted_by_route_and_status() -> None:
    metrics = Metrics()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    counted = Counted(app, metrics)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(counted), base_url="http://bridge"
    ) as client:
        assert (await client.get("/v1/models/x")).text == "ab"
        await client.get("/random/" + "x" * 50)

    async def nothing(*_: object) -> None:
        raise AssertionError

    await counted({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]  # never called
    assert figures(metrics) == NOTHING_YET | {
        "bridge_requests_total{route=/v1/models,status=404}": 1.0,
        "bridge_requests_total{route=other,status=404}": 1.0,
    }
