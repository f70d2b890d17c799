"""The operator's routes keep to the document that describes them, whatever is sent to them.

Source: schemathesis.readthedocs.io (2026-11). Our own promises: design 6.
"""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.outbound.calling_out import CALLEE, calling_out, post
from tests.e2e.provision.office import Office
from tests.fakes.program import OPERATOR_TOKEN, Program

ENDLESS = "/events"
MORNINGS = {"to": CALLEE, "cron": "0 7 * * *", "zone": "Europe/Berlin", "brief": "Wake them."}
EXAMPLES = 40

CHECKS = (not_a_server_error, response_schema_conformance, status_code_conformance)


async def document(bridge: Program) -> dict[str, Any]:
    async with bridge.http(OPERATOR_TOKEN) as client:
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


async def test_nothing_that_is_sent_is_answered_otherwise_than_described(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message="The zeppelin is delayed.")
        async with bridge.http(OPERATOR_TOKEN) as client:
            made = await client.post("/schedules", json=MORNINGS)
        assert made.status_code == 201
        told = await document(bridge)
        failures = await asyncio.to_thread(send_everything, told, bridge.served.url)
    assert failures == []


def send_everything(document: dict[str, Any], url: str) -> list[str]:
    """Sends many requests for each operation; what was answered wrongly."""
    failures: list[str] = []
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # the document is sound
        if operation.path == ENDLESS:
            continue
        try:
            _send(operation, url)
        except Exception as failure:  # noqa: BLE001 - each kind of failure has a class of its own
            failures.append(f"{operation.label}: {failure}")
    return failures


def _send(operation: Any, url: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def sent(case: Any) -> None:
        headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    sent()


async def test_every_route_of_the_operator_is_in_it(office: Office) -> None:
    async with calling_out(office) as bridge:
        told = await document(bridge)
        missing = []
        async with bridge.http(OPERATOR_TOKEN) as client:
            for path, acts in told["paths"].items():
                allowed = await client.request("PATCH", path.replace("{id}", "call_1"))
                assert allowed.status_code == 405, path
                missing += [path for act in acts if act not in {"get", "post", "delete"}]
    assert missing == []
    assert set(told["paths"]) == {
        "/calls",
        "/calls/search",
        "/calls/{id}",
        "/calls/{id}/transcript",
        "/events",
        "/latency",
        "/schedules",
        "/schedules/pause",
        "/schedules/resume",
        "/schedules/{id}",
        "/schedules/{id}/pause",
        "/schedules/{id}/resume",
        "/schedules/{id}/run",
        "/sessions",
        "/stop",
    }


@pytest.mark.parametrize("field", ["to", "message", "brief", "mode", "from", "language", "dry_run"])
async def test_the_document_is_drawn_from_the_model_that_reads(office: Office, field: str) -> None:
    async with calling_out(office) as bridge:
        told = await document(bridge)
    assert field in told["components"]["schemas"]["CallOrder"]["properties"]


@pytest.mark.parametrize("field", ["to", "cron", "at", "zone", "message", "brief", "dry_run"])
async def test_so_is_what_it_says_of_schedules(office: Office, field: str) -> None:
    async with calling_out(office) as bridge:
        told = await document(bridge)
    assert field in told["components"]["schemas"]["ScheduleOrder"]["properties"]
