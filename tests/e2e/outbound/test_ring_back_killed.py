"""A server that is killed between a promise and the call: no telephone rings twice, none is lost.

Killed by `kill -9` at drawn moments, from before the promise to after the dial, and started again.
What was promised is then either placed, or ended on record with its cause. Our own promises:
design 3.4, 10.
"""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from signal import SIGKILL
from typing import Any

from bridge.core.ring_back import PROMISE_LOST
from bridge.phrases import load_phrases
from tests.e2e.outbound.calling_out import ALLOWED, CALLEE, DIAL, LINE, rang
from tests.e2e.provision.office import PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.command import running
from tests.fakes.elevenlabs.faults import Record

SEED = 20261122
STAGES = ("asked", "promised", "answered", "dialled")
"""After which the moment of the kill is drawn: the agent was asked, the caller heard the promise,
the agent answered, the platform has taken the call and not said so."""

LIVES = 2
"""For each stage."""

LATER_S = 0.25
"""Latest moment of the kill, in seconds after its stage."""

PROMISE = load_phrases().for_language("en").ring_back
SETTINGS = {
    "TURN__RING_BACK": "true",
    "TURN__DEADLINE_S": "0.1",
    "TURN__FIRST_WORDS_MS": "15000",
    "POLICY__OUTBOUND__LIVE_CALLS": "100",
    "POLICY__OUTBOUND__LOOP_CALLS": "100",
    "POLICY__OUTBOUND__PER_NUMBER_PER_HOUR": "100",
    "POLICY__OUTBOUND__PER_NUMBER_PER_DAY": "100",
    "POLICY__OUTBOUND__MONEY_A_DAY": "100000",
}


def settings_of(office: Office) -> dict[str, str]:
    """The office's, but for the agent."""
    own = {name: v for name, v in office.settings.items() if name != "UPSTREAM__NAME"}
    return {**own, **ALLOWED, **OPEN, **SETTINGS}


async def one_life(office: Office, agent: FakeAgent, stage: str, after_s: float) -> bool:
    """A server from its start to the kill; whether the caller heard the promise."""
    gate, dialled, killed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    agent.reply("There is one on Thursday.", gate=gate)
    asked = len(agent.requests)

    async def hold(record: Record) -> None:
        if (record.method, record.path) == DIAL:
            dialled.set()
            await killed.wait()

    office.platform.after_write = hold if stage == "dialled" else None
    async with running("serve", agent=agent, settings=settings_of(office)) as server:
        office.platform.ways[PUBLIC] = await server.is_listening()
        call = await office.platform.ring(CALLEE, LINE)
        asking = asyncio.ensure_future(call.say("Is there a zeppelin?"))
        async with asyncio.timeout(15):
            await agent.until(lambda: len(agent.requests) > asked)
            if stage != "asked":
                await asyncio.wait([asking])
            if stage in ("answered", "dialled"):
                gate.set()
            if stage == "dialled":
                await dialled.wait()
        await asyncio.sleep(after_s)  # the moment of the kill is what is tried here
        server.signal(SIGKILL)
        killed.set()
        heard = (await asking).text
        await call.hang_up()
    office.platform.after_write = None
    return PROMISE in heard


async def test_what_was_promised_rings_once_or_is_ended_with_its_cause(office: Office) -> None:
    moments = random.Random(SEED)
    heard = 0
    async with FakeAgent() as agent:
        for stage in STAGES * LIVES:
            heard += await one_life(office, agent, stage, moments.uniform(0, LATER_S))
        async with running("serve", agent=agent, settings=settings_of(office)) as server:
            await server.is_listening()
            async with asyncio.timeout(10):
                while open_ones(office):
                    await asyncio.sleep(0.02)

    rung = Counter(call["conversation_initiation_client_data"]["user_id"] for call in rang(office))
    held = rows(office)
    assert set(rung.values()) <= {1}
    assert set(rung) <= {call_id for call_id, *_ in held}
    assert heard <= len(held), "nobody hears a promise that is not on record"
    for call_id, state, outcome, cause in held:
        if call_id in rung:
            assert (state, outcome) in (("placed", None), ("ended", "unknown"))
        elif state == "ended":
            assert (outcome, cause) == ("not_placed", PROMISE_LOST.cause)
        else:
            assert state in ("reserved", "dialling"), "it is given up within two minutes"
    lost = [call for call in held if call[2] == "not_placed"]
    print(f"{heard} promises heard, {len(held)} on record, {len(rung)} rung, {len(lost)} lost")
    assert len(rung) >= LIVES, "it was killed after the dial"
    assert len(lost) >= LIVES, "and before"


def open_ones(office: Office) -> list[str]:
    """Calls of which it will be known soon after a start how they came out.

    One that is on record as being dialled and never reached the platform is given up later.
    """
    ids = {call["conversation_initiation_client_data"]["user_id"] for call in rang(office)}
    return [
        call_id
        for call_id, state, *_ in rows(office)
        if state == "promised" or (state == "dialling" and call_id in ids)
    ]


def rows(office: Office) -> list[tuple[Any, ...]]:
    sql = "SELECT id, state, outcome, cause FROM calls WHERE source = 'ring_back'"
    with closing(sqlite3.connect(office.state / "bridge.db", timeout=5)) as connection:
        return connection.execute(sql).fetchall()
