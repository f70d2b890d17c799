"""A recorder over a real store, and what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.calls.exchange import Exchange
from bridge.calls.facts import Keeping
from bridge.calls.feed import Feed, Happening
from bridge.calls.recorder import Recorder
from bridge.calls.report import TurnReport
from bridge.core.identity import CallIdentity, Strength
from bridge.core.latency import Moments
from bridge.core.platform_call import PlatformCall, Said
from bridge.core.record import CallRecord, TurnRecord
from bridge.core.reply import Failure
from bridge.core.session import SessionKey
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.errors import Why
from bridge.ports.records import Filter, Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import CALLER, LINE

NOW_S = 1.7e9


def caller(conversation: str | None = "conv_1", **changes: Any) -> CallIdentity:
    fields = {
        "caller": CALLER,
        "called": LINE,
        "call": "CA1",
        "direction": "inbound",
        "is_call": True,
        "strength": Strength.CONVERSATION if conversation else Strength.ALONE,
        **changes,
    }
    return CallIdentity(conversation, **fields)


TEXT = CallIdentity("chat_1", strength=Strength.CONVERSATION)
FAILED = Failure("upstream_timeout", Why.LATE, "Too late.", "acme", "chat")


def exchange(run_id: str = "r1", identity: CallIdentity | None = None, **changes: Any) -> Exchange:
    report = TurnReport(
        run_id,
        TurnClass.NEW,
        changes.pop("outcome", "done"),
        Moments(10.0, 10.0, 10.0, 12.0, 12.0, 14.0),
        failure=changes.pop("failure", None),
    )
    fields = {"utterance": "Is there a zeppelin?", "sent": "On Thursday, at nine.", **changes}
    return Exchange(report, identity or caller(), SessionKey("phone:a"), "en", **fields)


@dataclass
class Desk:
    """A recorder at work, and what it wrote."""

    recorder: Recorder
    records: Records
    feed: Feed
    now_s: float = 14.0
    told: list[Happening] = field(default_factory=list)

    async def written(self) -> None:
        """Until everything that was told is on disk."""
        nobody = PlatformCall("conv_nobody", status="in-progress")
        async with asyncio.timeout(5):
            await self.recorder.reported("asked", nobody)
        held = await self.records.find(conversation="conv_nobody")
        assert held is not None
        await self.records.erase(held.id)

    async def calls(self) -> tuple[CallRecord, ...]:
        await self.written()
        return (await self.records.calls(Filter())).calls

    async def call(self) -> CallRecord:
        (call,) = await self.calls()
        return call

    async def turns(self) -> list[TurnRecord]:
        return list(await self.records.turns((await self.call()).id))


@asynccontextmanager
async def desk(
    tmp_path: Path, keeping: Keeping | None = None, records: Records | None = None
) -> AsyncIterator[Desk]:
    async with sqlite.connect(tmp_path / "bridge.db") as held:
        store, feed = records or held, Feed()
        recorder = Recorder(
            store,
            feed,
            keeping or Keeping(),
            now=lambda: found.now_s,
            today=lambda: NOW_S,
        )
        found = Desk(recorder, store, feed)
        with feed.watching() as watch:
            async with recorder.working():
                yield found
            found.told += watch.take()


DONE = PlatformCall(
    "conv_1",
    status="done",
    duration_s=61,
    error_code="",
    transcript=(
        Said(by_caller=False, text="Hello."),
        Said(by_caller=True, text="Is there a zeppelin?"),
        Said(by_caller=False, text="On Thurs", interrupted=True),
    ),
)
