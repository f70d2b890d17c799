"""Somebody who has calls placed, in front of the fake platform, and who picks them up."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.e2e.provision.office import LINE, PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.elevenlabs.call import Call
from tests.fakes.program import OPERATOR_TOKEN, Program, program

Json = dict[str, Any]

CALLEE, SOMEBODY = "+15550007001", "+15550007002"

DIAL = ("POST", "/v1/convai/twilio/outbound-call")

ALLOWED: Mapping[str, str] = {
    "POLICY__OUTBOUND__ALLOW_TO": "+1555*",
    "POLICY__OUTBOUND__HOURS": "00:00-24:00",
    "POLICY__OUTBOUND__MONEY_A_DAY": "1000",
    "LIMITS__PER_NUMBER_PER_MINUTE": "0",
}
"""The example numbers are in no plan: they must be allowed by name."""


@asynccontextmanager
async def calling_out(
    office: Office, agent: FakeAgent | None = None, **settings: str
) -> AsyncIterator[Program]:
    """A server with the office's settings and state, which may call out."""
    names = ("STATE_DIR", "ELEVENLABS__API_KEY", "ELEVENLABS__BASE_URL", "TWILIO__PHONE_NUMBER")
    own = {name: office.settings[name] for name in names}
    async with program(agent, {**own, **ALLOWED, **settings}) as bridge:
        office.platform.ways[PUBLIC] = bridge.served.url
        yield bridge


async def post(bridge: Program, key: str | None = None, **body: Any) -> tuple[int, Json]:
    """`POST /calls`, to `CALLEE` unless said otherwise; the status, and what was answered."""
    headers = {} if key is None else {"idempotency-key": key}
    async with bridge.http(OPERATOR_TOKEN) as client:
        told = {"to": CALLEE, **body}
        answer = await client.post("/calls", json=told, headers=headers)
    return answer.status_code, answer.json()


async def shown(bridge: Program, call_id: str) -> Json:
    async with bridge.http(OPERATOR_TOKEN) as client:
        found: Json = (await client.get(f"/calls/{call_id}?reveal=true")).json()
        turns = (await client.get(f"/calls/{call_id}/transcript")).json()["turns"]
    return {**found, "turns": turns}


async def until(bridge: Program, call_id: str, *states: str) -> Json:
    """The call once it is in one of these states."""
    async with asyncio.timeout(5):
        while (found := await shown(bridge, call_id))["state"] not in states:
            await asyncio.sleep(0.02)
    return found


async def calls(bridge: Program) -> list[Json]:
    async with bridge.http(OPERATOR_TOKEN) as client:
        found: list[Json] = (await client.get("/calls")).json()["calls"]
    return found


def dials(office: Office) -> list[Json]:
    """Every order to ring somebody that went over the wire, in order."""
    asked = [(r.method, r.path) for r in office.platform.requests]
    return [r.body for r, what in zip(office.platform.requests, asked, strict=True) if what == DIAL]


def rang(office: Office) -> list[Json]:
    """Every call that the platform placed."""
    return office.platform.outbound


def picks_up(office: Office) -> Call:
    """Somebody picks up the one call that rings."""
    (conversation,) = office.platform.ringing
    return office.platform.answer(conversation)


__all__ = ["ALLOWED", "CALLEE", "DIAL", "LINE", "SOMEBODY"]
