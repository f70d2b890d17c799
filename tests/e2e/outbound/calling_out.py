"""Somebody who has calls placed, in front of the fake platform, and who picks them up."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from bridge import clock
from bridge.calls.aftermath import Aftermath, Patience
from bridge.calls.feed import Feed
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import Entry
from bridge.settings import Settings, ensure_tokens, load
from bridge.stores import sqlite
from bridge.wiring.adapters import open_records
from bridge.wiring.calling import Calling, calling
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

HASTE = Patience(pauses_s=(0.01,), shows_s=0.1, reserved_s=0.05, quiet_s=0.01, every_s=0.02)


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


def loaded_for(office: Office, **settings: str) -> Settings:
    """The office's settings, as a command loads them."""
    environ = {f"BRIDGE_{k}": v for k, v in {**office.settings, **ALLOWED, **settings}.items()}
    return ensure_tokens(load(environ={"HOME": str(office.state), **environ}, cwd=office.state))


@asynccontextmanager
async def by_hand(office: Office, **settings: str) -> AsyncIterator[tuple[Calling, Aftermath]]:
    """What places calls, without a server, and impatient."""
    loaded = loaded_for(office, **settings)
    async with open_records(loaded) as records:
        outgoing = calling(loaded, records, Feed())

        async def settle(_silent_s: float) -> None:
            """Nobody is asked."""

        yield (
            outgoing,
            Aftermath(
                outgoing.outbound,
                outgoing.means.opens,
                outgoing.endings,
                settle,
                today=clock.wall_s,
                patience=HASTE,
            ),
        )


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


async def due(office: Office, bridge: Program | None = None, **fields: Any) -> str:
    """A schedule whose moment has just come, kept as another process would; its id.

    A moment that is waited for would be past already on a machine that is busy.
    """
    now_s = clock.wall_s()
    schedule = Schedule(
        id=f"sched_{secrets.token_hex(6)}",
        to=CALLEE,
        zone="UTC",
        made_s=now_s - 60,
        at=datetime.fromtimestamp(now_s - 1, UTC).isoformat(),
        **fields,
    )
    async with sqlite.connect_store(office.state / "bridge.db") as store:
        await store.schedules.add(Entry(schedule))
    if bridge is not None:
        bridge.bridge.scheduler.wake()
    return schedule.id


__all__ = ["ALLOWED", "CALLEE", "DIAL", "LINE", "SOMEBODY"]
