"""The recorder over a real store: what is written of calls, by what is told of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bridge.calls import recorder as recording
from bridge.calls.facts import Keeping
from bridge.calls.feed import QUEUED, Feed, Happening
from bridge.core.identity import CallIdentity
from bridge.core.phone import E164
from bridge.core.pin import Pin
from bridge.core.platform_call import PlatformCall, Said
from bridge.core.record import Fault, Outcome, Source, State
from bridge.core.redaction import CODE, Redactor
from bridge.core.session import SessionKey
from bridge.errors import BridgeError, Draining, VendorUnavailable
from bridge.ports.records import Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import CALLER, LINE
from tests.fakes.log_lines import logging_to
from tests.unit.calls.recorder_desk import DONE, FAILED, NOW_S, TEXT, Desk, caller, desk, exchange

pytestmark = pytest.mark.anyio


@pytest.fixture
async def at_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as found:
        yield found


# -- what is written ------------------------------------------------------------------------------


async def test_a_call_that_rings_is_written_with_all_that_is_known(at_desk: Desk) -> None:
    at_desk.recorder.rang(caller(), SessionKey("phone:a"), "de")

    call = await at_desk.call()
    assert (call.state, call.direction, call.source) == (State.PLACED, "inbound", Source.INBOUND)
    assert (call.conversation, call.carrier_call) == ("conv_1", "CA1")
    assert (call.remote, call.line) == (CALLER, LINE)
    assert (call.session_key, call.language, call.placed_s) == ("phone:a", "de", NOW_S)


async def test_its_turns_join_it(at_desk: Desk) -> None:
    at_desk.recorder.rang(caller(), None, "en")
    for name in ("r1", "r2"):
        at_desk.recorder.turned(exchange(name))

    assert [(t.run_id, t.number) for t in await at_desk.turns()] == [("r1", 1), ("r2", 2)]
    call = await at_desk.call()
    assert (call.state, call.answered_s) == (State.ANSWERED, NOW_S - 4)


async def test_a_turn_has_everything_that_was_said_and_done(at_desk: Desk) -> None:
    at_desk.recorder.turned(
        exchange(
            ours="Sorry.",
            fillers=("One moment... ",),
            acts=({"name": "end_call", "arguments": {}},),
            outcome="failed",
            failure=FAILED,
        )
    )

    (turn,) = await at_desk.turns()
    assert (turn.utterance, turn.sent, turn.ours) == (
        "Is there a zeppelin?",
        "On Thursday, at nine.",
        "Sorry.",
    )
    assert (turn.fillers, turn.acts) == (
        ("One moment... ",),
        ({"name": "end_call", "arguments": {}},),
    )
    assert (turn.outcome, turn.failure, turn.at_s) == ("failed", "upstream_timeout late", NOW_S - 4)
    assert turn.stages_s["think"] == 2.0
    assert sum(turn.stages_s.values()) == 4.0


async def test_a_turn_came_when_it_came_however_long_its_run_went_on(at_desk: Desk) -> None:
    """An agent may hang behind its last word."""
    at_desk.now_s += 20.0
    at_desk.recorder.turned(exchange())

    (turn,) = await at_desk.turns()
    assert turn.at_s == NOW_S - 24


async def test_what_was_heard_of_a_turn_is_learnt_from_the_next(at_desk: Desk) -> None:
    at_desk.recorder.turned(exchange("r1"))
    at_desk.recorder.turned(exchange("r2", heard_before=("r1", "On Thurs")))

    assert [turn.heard for turn in await at_desk.turns()] == ["On Thurs", None]


async def test_a_call_that_rang_without_a_conversation_is_known_by_the_carriers_id(
    at_desk: Desk,
) -> None:
    at_desk.recorder.rang(caller(None), None, "en")
    at_desk.recorder.turned(exchange())

    call = await at_desk.call()
    assert (call.conversation, call.carrier_call, call.state) == ("conv_1", "CA1", State.ANSWERED)


async def test_a_conversation_that_is_no_call_gets_its_record_at_its_first_turn(
    at_desk: Desk,
) -> None:
    at_desk.recorder.turned(exchange(identity=TEXT))

    call = await at_desk.call()
    assert (call.source, call.session_key, call.state) == (
        Source.TEXT,
        "phone:a",
        State.ANSWERED,
    )


async def test_a_call_that_somebody_else_placed_says_so(at_desk: Desk) -> None:
    placed = caller(direction="outbound", caller=LINE, called=CALLER)
    at_desk.recorder.turned(exchange(identity=placed))

    call = await at_desk.call()
    assert (call.direction, call.source, call.remote) == ("outbound", Source.ELSEWHERE, CALLER)


async def test_a_request_that_stands_alone_leaves_nothing(at_desk: Desk) -> None:
    at_desk.recorder.turned(exchange(identity=CallIdentity()))
    at_desk.recorder.turned_away(CallIdentity(), "unidentified")
    empty = exchange(utterance="", sent="")
    at_desk.recorder.turned(empty)

    assert await at_desk.calls() == ()


async def test_a_refused_call_has_ended_by_policy(at_desk: Desk) -> None:
    for _ in range(2):
        at_desk.recorder.turned_away(caller(), "allowlist")

    call = await at_desk.call()
    assert (call.state, call.outcome, call.fault) == (
        State.ENDED,
        Outcome.REFUSED,
        Fault.POLICY,
    )
    assert call.cause == "Policy: allowlist."


async def test_a_call_that_was_erased_meanwhile_begins_anew(at_desk: Desk) -> None:
    at_desk.recorder.turned(exchange("r1"))
    await at_desk.records.erase((await at_desk.call()).id)
    at_desk.recorder.turned(exchange("r2"))

    assert [turn.run_id for turn in await at_desk.turns()] == ["r2"]


async def test_without_words_only_what_took_place_is_kept(tmp_path: Path) -> None:
    async with desk(tmp_path, Keeping(words=False)) as found:
        found.recorder.turned(
            exchange("r1", fillers=("One moment... ",), acts=({"name": "x"},), ours="Sorry.")
        )
        found.recorder.turned(exchange("r2", heard_before=("r1", "On Thurs")))
        await found.written()
        await found.recorder.reported("post_call_transcription", DONE)
        turns = await found.turns()
        call = await found.call()

    assert [(t.utterance, t.sent, t.ours, t.heard, t.fillers, t.acts) for t in turns] == [
        ("", "", "", None, (), ())
    ] * 2
    assert turns[0].stages_s
    assert "Hello" not in str(call.details)
    assert b"zeppelin" not in (tmp_path / "bridge.db").read_bytes()


async def test_a_code_is_taken_out_before_anything_is_written(tmp_path: Path) -> None:
    keeping = Keeping(redactor=Redactor(Pin.of("4711").matches))
    async with desk(tmp_path, keeping) as found:
        found.recorder.turned(exchange(utterance="My code is 4711.", sent="You said 4 7 1 1."))
        told = replace(DONE, transcript=(Said(by_caller=False, text="Your code is 4711?"),))
        await found.recorder.reported("post_call_transcription", told)
        (turn,) = await found.turns()
        call = await found.call()

    assert (turn.utterance, turn.sent) == (f"My code is {CODE}.", f"You said {CODE}.")
    assert call.details["said_otherwise"] == [f"Your code is {CODE}?"]
    assert b"4711" not in b"".join(f.read_bytes() for f in tmp_path.iterdir())


# -- the platform's reports -----------------------------------------------------------------------


async def test_a_report_fills_in_what_only_the_platform_knows(at_desk: Desk) -> None:
    at_desk.recorder.turned(exchange("r1"))

    assert await at_desk.recorder.reported("post_call_transcription", DONE)

    call = await at_desk.call()
    assert (call.state, call.outcome, call.duration_s) == (State.ENDED, Outcome.COMPLETED, 61)
    assert call.details == {
        "status": "done",
        "said_otherwise": ["Hello."],
        "interruptions": 1,
        "replies_cut": 1,
    }
    assert [turn.heard for turn in await at_desk.turns()] == ["On Thurs"]


async def test_ten_equal_reports_change_the_record_once(at_desk: Desk) -> None:
    at_desk.recorder.rang(caller(), None, "en")
    changed = await asyncio.gather(
        *(at_desk.recorder.reported("post_call_transcription", DONE) for _ in range(10))
    )

    assert changed.count(True) == 1
    before = await at_desk.call()
    other = replace(DONE, duration_s=5)
    assert not await at_desk.recorder.reported("post_call_transcription", other)
    assert await at_desk.call() == before


async def test_a_report_that_came_before_a_restart_is_known_after_it(tmp_path: Path) -> None:
    for changes in (True, False):
        async with desk(tmp_path) as found:
            assert await found.recorder.reported("post_call_transcription", DONE) is changes
            assert len(await found.calls()) == 1


@pytest.mark.parametrize(
    ("told", "source", "direction"),
    [
        (PlatformCall("c", status="done"), Source.TEXT, "inbound"),
        (PlatformCall("c", direction="inbound", remote=CALLER), Source.INBOUND, "inbound"),
        (PlatformCall("c", direction="outbound"), Source.ELSEWHERE, "outbound"),
        (PlatformCall("c", failure="busy", started_s=90.0), Source.INBOUND, "inbound"),
    ],
)
async def test_a_call_of_which_only_the_platform_knows_is_recorded(
    at_desk: Desk, told: PlatformCall, source: Source, direction: str
) -> None:
    await at_desk.recorder.reported("post_call_transcription", told)

    call = await at_desk.call()
    assert (call.source, call.direction, call.remote) == (source, direction, told.remote)
    assert call.placed_s == (told.started_s or NOW_S)


async def test_sound_that_was_kept_is_named_once(at_desk: Desk) -> None:
    at_desk.recorder.rang(caller(), None, "en")
    bare = PlatformCall("conv_1")

    assert await at_desk.recorder.reported("post_call_audio", bare, file="a.mp3")
    assert not await at_desk.recorder.reported("post_call_audio", bare, file="b.mp3")

    call = await at_desk.call()
    assert (call.recording, call.state) == ("a.mp3", State.PLACED)


async def test_a_call_that_lapsed_has_ended(at_desk: Desk) -> None:
    at_desk.recorder.turned(exchange())
    await at_desk.recorder.lapsed((await at_desk.call()).id)

    assert (await at_desk.call()).outcome is Outcome.UNKNOWN


# -- trouble --------------------------------------------------------------------------------------


class Broken:
    """A store that fails, or has a bug, or hangs."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.error: Exception | None = None
        self.hangs = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._records, name)

        async def attempt(*arguments: Any, **named: Any) -> Any:
            if self.hangs:
                await asyncio.sleep(3600)
            if self.error is not None:
                raise self.error
            return await method(*arguments, **named)

        return attempt


DISK_FULL = VendorUnavailable("SQLite says SQLITE_FULL.", vendor="sqlite", operation="add")


@asynccontextmanager
async def broken_desk(tmp_path: Path) -> AsyncIterator[tuple[Desk, Broken]]:
    async with sqlite.connect(tmp_path / "other.db") as records:
        store: Any = Broken(records)
        async with desk(tmp_path, records=store) as found:
            yield found, store


async def test_a_store_that_fails_is_told_of_once_a_minute_and_calls_go_on(tmp_path: Path) -> None:
    written = StringIO()
    with logging_to(written, "json"):
        async with broken_desk(tmp_path) as (found, store):
            for after_s in (0, 1, 59, 61):
                found.now_s = 1000.0 + after_s
                store.error = DISK_FULL
                found.recorder.turned(exchange("r1"))
                with pytest.raises(VendorUnavailable):
                    await found.recorder.reported("post_call_transcription", DONE)
            store.error = None
            found.recorder.turned(exchange("r2"))
            assert [turn.run_id for turn in await found.turns()] == ["r2"]

    lines = [line for line in written.getvalue().splitlines() if "records.failing" in line]
    assert len(lines) == 2
    assert "SQLITE_FULL" in lines[0]
    assert "zeppelin" not in written.getvalue()


async def test_a_bug_loses_one_fact_and_quotes_nothing(tmp_path: Path) -> None:
    written = StringIO()
    with logging_to(written, "json"):
        async with broken_desk(tmp_path) as (found, store):
            store.error = KeyError("a zeppelin")
            found.recorder.turned(exchange("r1"))
            with pytest.raises(BridgeError):
                await found.recorder.reported("post_call_transcription", DONE)
            store.error = None
            assert await found.recorder.reported("post_call_transcription", DONE)

    assert "records.broke" in written.getvalue()
    assert "zeppelin" not in written.getvalue()


async def test_a_report_that_is_not_written_in_time_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WRITTEN_WITHIN_S", 0.01)
    monkeypatch.setattr(recording, "DRAIN_S", 0.01)
    async with broken_desk(tmp_path) as (found, store):
        store.hangs = True
        with pytest.raises(VendorUnavailable, match="in time"):
            await found.recorder.reported("post_call_transcription", DONE)


async def test_what_waits_when_we_stop_is_written_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as found:
        for number in range(100):
            found.recorder.turned(exchange(f"r{number}"))
    async with desk(tmp_path) as found:
        assert len(await found.turns()) == 100


async def test_after_the_end_nothing_is_taken_and_nobody_is_hurt(tmp_path: Path) -> None:
    async with desk(tmp_path) as found:
        pass
    found.recorder.turned(exchange())
    found.recorder.rang(caller(), None, "en")
    with pytest.raises(Draining):
        await found.recorder.reported("post_call_transcription", DONE)


async def test_a_full_queue_loses_facts_and_never_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "QUEUED", 3)
    written = StringIO()
    with logging_to(written, "json"):
        async with desk(tmp_path) as found:
            for number in range(10):
                found.recorder.turned(exchange(f"r{number}"))
            with pytest.raises(Draining):
                await found.recorder.reported("post_call_transcription", DONE)
            async with asyncio.timeout(5):
                while found.recorder._facts.statistics().current_buffer_used:
                    await asyncio.sleep(0)
            turns = await found.turns()

    assert [turn.run_id for turn in turns] == ["r0", "r1", "r2"]
    assert "records.failing" in written.getvalue()


# -- the feed -------------------------------------------------------------------------------------


async def test_what_is_written_is_told_to_who_watches(tmp_path: Path) -> None:
    async with desk(tmp_path) as found:
        found.recorder.rang(caller(), None, "en")
        found.recorder.turned(exchange())
        await found.recorder.reported("post_call_transcription", DONE)

    assert [one.name for one in found.told] == [
        "call.rang",
        "turn.finished",
        "call.reported",
        "call.ended",
    ]
    bare = [one.render(words=False) for one in found.told]
    assert "zeppelin" not in str(bare)
    assert E164(CALLER) not in str(bare)
    assert "zeppelin" in str(found.told[1].render(words=True))
    assert "zeppelin" not in repr(found.told)


def facts(happenings: list[Happening]) -> list[Mapping[str, Any]]:
    return [one.facts for one in happenings]


async def test_a_watcher_who_does_not_keep_up_is_told_what_it_missed() -> None:
    feed = Feed()
    with feed.watching() as slow:
        for number in range(QUEUED + 3):
            feed.tell(Happening("x", float(number), {"n": number}))
        async with asyncio.timeout(5):
            await slow.wait()
        taken = list(slow.take())
        assert len(feed) == 1

    assert (taken[0].name, taken[0].facts) == ("missed", {"count": 3})
    assert facts(taken[1:]) == [{"n": n} for n in range(3, QUEUED + 3)]
    assert len(feed) == 0


async def test_who_waits_is_woken_by_news() -> None:
    feed = Feed()
    with feed.watching() as watch:
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(watch.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.tell(Happening("x", 1.0))
        assert [one.name for one in watch.take()] == ["x"]
