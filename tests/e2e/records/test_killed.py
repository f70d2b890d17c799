"""A server that is killed at random moments of a busy minute: what it said it had, it has.

Twenty times: started, called by several people at once, told to ring others, killed by `kill -9`.
Then once more, and everything is looked at: nobody was rung twice, nothing is lost.
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

from tests.e2e.outbound.calling_out import ALLOWED, by_hand
from tests.e2e.provision.office import APPLY, LINE, PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, OPEN
from tests.fakes.command import running
from tests.fakes.elevenlabs.call import Call
from tests.fakes.program import OPERATOR_TOKEN

SEED = 20261121
MOMENTS = 20
CALLERS = 4
BUSY_S = (0.1, 1.5)
"""Between which the moment of the kill is drawn, in seconds after the first call."""

SETTLED_WITHIN_S = 60
"""A server asks the platform about calls that were quiet for 15 s, every 15 s."""

UNCOUNTED = {
    f"POLICY__OUTBOUND__{name}": "100000" for name in ("PER_HOUR", "PER_DAY", "LIVE_CALLS")
}
"""More calls than any person places."""


@dataclass(slots=True)
class Busy:
    """Callers, and what they were told.

    Attributes:
        rang: conversations of calls that were answered while they rang.
        turns: turns that had their whole reply, by conversation.
        reported: conversations whose report was answered with 200.
        ordered: the calls that were to be placed, by the key of their order; `None` while no
            server has said that it has the order.
    """

    office: Office
    rang: set[str] = field(default_factory=set)
    turns: Counter[str] = field(default_factory=Counter)
    reported: set[str] = field(default_factory=set)
    ordered: dict[str, str | None] = field(default_factory=dict)

    async def order_without_end(self, url: str) -> None:
        """One order after another; first those again that a killed server never answered."""
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            while True:
                unanswered = [key for key, call in self.ordered.items() if call is None]
                for key in [*unanswered, f"order-{len(self.ordered)}"]:
                    self.ordered.setdefault(key, None)
                    try:
                        call = await place(client, key)
                    except httpx.HTTPError:
                        return
                    assert self.ordered[key] in (None, call)
                    self.ordered[key] = call

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
    return {**own, **OPEN, **ALLOWED, **UNCOUNTED}


async def place(client: httpx.AsyncClient, key: str) -> str:
    """Orders a call to somebody of its own; its id, once a server has it on disk."""
    headers = {"authorization": f"Bearer {OPERATOR_TOKEN}", "idempotency-key": key}
    told = {"to": f"+1555000{int(key.partition('-')[2]):04d}", "message": "Hello."}
    answer = await client.post("/calls", json=told, headers=headers)
    assert answer.status_code in (200, 201, 202), answer.text
    return str(answer.json()["id"])


async def one_life(busy: Busy, agent: FakeAgent, after_s: float) -> None:
    """A server from its start to the kill."""
    office = busy.office
    settings = settings_of(office)
    calls: list[Call] = []
    async with running("serve", agent=agent, settings=settings) as server:
        url = office.platform.ways[PUBLIC] = await server.is_listening()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(busy.order_without_end(url))
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
            url = office.platform.ways[PUBLIC] = await server.is_listening()
            async with httpx.AsyncClient(base_url=url) as client:
                for key, call in busy.ordered.items():
                    assert await place(client, key) == call or call is None
            for conversation in tuple(office.platform.ringing):
                office.platform.no_answer(conversation)
            await until_none(office, "state IN ('placed', 'answered')")
            before = rows(office, "SELECT * FROM calls ORDER BY id")
            for conversation in sorted(busy.reported)[:3]:
                for _ in range(10):
                    answer = await office.platform.post_call(conversation)
                    assert answer is not None
                    assert answer.status_code == 200
            assert rows(office, "SELECT * FROM calls ORDER BY id") == before

    async with by_hand(office) as (_, aftermath), aftermath.working():
        await until_none(office, "state <> 'ended'")  # a server is in doubt for two minutes
    check(office, busy)
    print(f"{len(busy.rang)} calls, {busy.turns.total()} turns, {len(busy.reported)} reports")
    print(f"{len(busy.ordered)} orders, {len(office.platform.outbound)} of them rang")


async def until_none(office: Office, wanted: str) -> None:
    async with asyncio.timeout(SETTLED_WITHIN_S):
        while rows(office, f"SELECT 1 FROM calls WHERE {wanted}"):  # noqa: S608 - our own words
            await asyncio.sleep(0.02)


def check(office: Office, busy: Busy) -> None:
    check_orders(office, busy)
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


def check_orders(office: Office, busy: Busy) -> None:
    assert len(busy.ordered) >= MOMENTS // 2, "it was a busy minute"
    rung = Counter(str(call["to_number"]) for call in office.platform.outbound)
    assert {number: times for number, times in rung.items() if times > 1} == {}, "rung twice"
    kept = rows(office, "SELECT remote, state, outcome FROM calls WHERE direction = 'outbound'")
    assert len(kept) == len(busy.ordered), "none is lost, none is there twice"
    assert {number for number, _, outcome in kept if outcome != "not_placed"} == set(rung)


def rows(office: Office, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(office.state / "bridge.db", timeout=5)) as connection:
        return connection.execute(sql).fetchall()
