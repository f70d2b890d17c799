"""A server that is killed at random moments of a busy minute: what it said it had, it has.

Twenty times: started, called by several people at once, killed by `kill -9`. Then once more, and
everything is looked at. Our own promises: design 11; the issue "Calling out".
"""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from signal import SIGKILL
from typing import Any

import httpx

from tests.e2e.provision.office import APPLY, LINE, PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, OPEN
from tests.fakes.command import running
from tests.fakes.elevenlabs.call import Call

SEED = 20261121
MOMENTS = 20
CALLERS = 4
BUSY_S = (0.1, 1.5)
"""Between which the moment of the kill is drawn, in seconds after the first call."""


@dataclass(slots=True)
class Busy:
    """Callers, and what they were told.

    Attributes:
        rang: conversations of calls that were answered while they rang.
        turns: turns that had their whole reply, by conversation.
        reported: conversations whose report was answered with 200.
    """

    office: Office
    rang: set[str] = field(default_factory=set)
    turns: Counter[str] = field(default_factory=Counter)
    reported: set[str] = field(default_factory=set)

    async def call_without_end(self, calls: list[Call]) -> None:
        """One caller after another, each with two turns and a report."""
        while True:
            call = await self.office.platform.ring(CALLER, LINE)
            calls.append(call)
            if not call.is_up:
                return
            self.rang.add(call.conversation_id)
            for utterance in ("Is there a zeppelin?", "And on Thursday?"):
                turn = await call.say(utterance)
                if not call.is_up:
                    return
                assert turn.statuses[-1] == 200
                self.turns[call.conversation_id] += 1
            await call.hang_up()
            try:
                answer = await self.office.platform.post_call(call)
            except httpx.HTTPError:
                return
            if answer is not None and answer.status_code == 200:
                self.reported.add(call.conversation_id)


def settings_of(office: Office) -> dict[str, str]:
    """The office's, but for the agent."""
    own = {name: v for name, v in office.settings.items() if name != "UPSTREAM__NAME"}
    return {**own, **OPEN, "LIMITS__PER_NUMBER_PER_MINUTE": "0"}


async def one_life(busy: Busy, agent: FakeAgent, after_s: float) -> None:
    """A server from its start to the kill."""
    office = busy.office
    settings = settings_of(office)
    calls: list[Call] = []
    async with running("serve", agent=agent, settings=settings) as server:
        office.platform.ways[PUBLIC] = await server.is_listening()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CALLERS):
                tasks.create_task(busy.call_without_end(calls))
            await asyncio.sleep(after_s)  # the moment of the kill is what is tried here
            server.signal(SIGKILL)
    for call in calls:
        await call.hang_up()


async def test_nothing_is_lost_and_nothing_stays_live(office: Office) -> None:
    applied = await office.types(*APPLY)
    assert applied.code == 0, applied.err
    busy, moments = Busy(office), random.Random(SEED)
    async with FakeAgent() as agent:
        agent.reply("On ", "Thursday, ", "at nine.", after_s=0.02, gap_s=0.01)
        for _ in range(MOMENTS):
            await one_life(busy, agent, moments.uniform(*BUSY_S))
        async with running("serve", agent=agent, settings=settings_of(office)) as server:
            office.platform.ways[PUBLIC] = await server.is_listening()
            async with asyncio.timeout(15):
                while rows(office, "SELECT 1 FROM calls WHERE state <> 'ended'"):
                    await asyncio.sleep(0.02)
            before = rows(office, "SELECT * FROM calls ORDER BY id")
            for conversation in sorted(busy.reported)[:3]:
                for _ in range(10):
                    answer = await office.platform.post_call(conversation)
                    assert answer is not None
                    assert answer.status_code == 200
            assert rows(office, "SELECT * FROM calls ORDER BY id") == before

    check(office, busy)
    print(f"{len(busy.rang)} calls, {busy.turns.total()} turns, {len(busy.reported)} reports")


def check(office: Office, busy: Busy) -> None:
    assert len(busy.reported) > MOMENTS, "it was a busy minute"
    assert len(busy.rang) > len(busy.reported), "and calls were under way when it was killed"
    assert rows(office, "PRAGMA integrity_check") == [("ok",)]
    assert rows(office, "INSERT INTO words (words) VALUES ('integrity-check')") == []
    assert rows(office, "PRAGMA foreign_key_check") == []
    held = dict(rows(office, "SELECT conversation, outcome FROM calls"))
    turns = dict(
        rows(
            office,
            "SELECT conversation, count(turns.seq) FROM calls LEFT JOIN turns"
            " ON turns.call_seq = calls.seq GROUP BY conversation",
        )
    )
    assert {c for c in busy.reported if held.get(c) != "completed"} == set()
    assert {c: turns[c] for c in busy.reported if turns[c] != 2} == {}
    lost = {
        c: (turns.get(c, 0), told) for c, told in busy.turns.items() if turns.get(c, 0) < told - 1
    }
    assert lost == {}, "more than the turn in flight"
    numbers = rows(
        office,
        "SELECT min(n), max(n) FROM (SELECT count(*) - max(number) AS n FROM turns GROUP BY call_seq)",
    )
    assert numbers == [(0, 0)]


def rows(office: Office, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(office.state / "bridge.db", timeout=5)) as connection:
        return connection.execute(sql).fetchall()
