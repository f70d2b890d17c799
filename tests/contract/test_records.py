"""The promises of `ports/records.py`, run over every adapter.

An adapter joins by one `Kind` in `KINDS`: how to open a place to keep records in, any number of
times, each as a process of its own would. Only the port's own methods are used.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.core.call_life import Dialling, Over, Placed, Reported, Turned, Vanished
from bridge.core.call_outcome import BUSY, COMPLETED
from bridge.core.phone import E164
from bridge.core.platform_call import PlatformCall
from bridge.core.record import Fault, Mode, Outcome, Source, State
from bridge.errors import BadRequest, BridgeError
from bridge.ports.records import MAX_PAGE, Added, Filter, NewTurn, Purged, Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import CALL, CALLER, LINE, add_turn, call, placed, turn

pytestmark = pytest.mark.anyio

PATIENCE_S = 5.0
OTHER = E164("+15550009999")


@dataclass(frozen=True)
class Kind:
    """An adapter: how the records in a folder are opened, as often as one likes."""

    name: str
    opens: Callable[[Path], AbstractAsyncContextManager[Records]]


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[Records]:
    async with sqlite.connect(folder / "bridge.db") as records:
        yield records


KINDS = [Kind("sqlite", in_sqlite)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    assert isinstance(request.param, Kind)
    return request.param


@pytest.fixture
async def records(kind: Kind, tmp_path: Path) -> AsyncIterator[Records]:
    async with kind.opens(tmp_path) as records:
        yield records


EVERYTHING = placed(
    "call_all",
    state=State.ENDED,
    outcome=Outcome.VOICEMAIL,
    fault=Fault.REMOTE,
    cause="A machine picked up.",
    conversation="conv_all",
    carrier_call="CA_all",
    session_key="phone:abc",
    mode=Mode.NOTIFY,
    message="Grüß Gott, 今日は 🙂",
    brief="Find out when she is back.",
    language="de",
    idempotency_key="morning",
    answered_s=102.0,
    ended_s=110.5,
    duration_s=8.5,
    cost=0.25,
    currency="USD",
    recording="call_all.mp3",
    reported=("post_call_transcription",),
    details={"kept": ["Grüß Gott", {"n": 1.5}]},
)


# -- a call ---------------------------------------------------------------------------------------


async def test_a_call_is_read_back_as_it_was_added(records: Records) -> None:
    assert await records.add(EVERYTHING) == Added(EVERYTHING, is_new=True)
    assert await records.call("call_all") == EVERYTHING


async def test_what_was_added_is_there_for_whoever_opens_it_later(
    kind: Kind, tmp_path: Path
) -> None:
    async with kind.opens(tmp_path) as records:
        await records.add(EVERYTHING)
        await add_turn(records, "call_all", turn())
    async with kind.opens(tmp_path) as records:
        assert await records.call("call_all") == EVERYTHING
        assert [t.run_id for t in await records.turns("call_all")] == ["run_1"]


async def test_another_process_reads_while_one_writes(
    kind: Kind, tmp_path: Path, records: Records
) -> None:
    async with kind.opens(tmp_path) as other:
        for number in range(20):
            await records.add(call(f"call_{number:02}"))
            assert await other.count() == number + 1


async def test_two_processes_write_at_once(kind: Kind, tmp_path: Path, records: Records) -> None:
    async def add(place: Records, name: str) -> None:
        for number in range(20):
            await place.add(call(f"{name}_{number}"))

    async with kind.opens(tmp_path) as other:
        await asyncio.gather(add(records, "a"), add(other, "b"))
        assert await other.count() == 40


async def test_an_idempotency_key_stands_for_one_call(records: Records) -> None:
    first = placed("call_1", idempotency_key="k")
    added = [
        await records.add(one) for one in (first, placed("call_2", idempotency_key="k"), first)
    ]

    assert added == [Added(first, is_new=True)] + [Added(first, is_new=False)] * 2
    assert await records.count() == 1


async def test_of_ten_that_add_one_key_at_once_one_is_new(records: Records) -> None:
    calls = [placed(f"call_{i}", idempotency_key="k") for i in range(10)]
    added = await asyncio.gather(*map(records.add, calls))

    assert sum(one.is_new for one in added) == 1
    assert len({one.call.id for one in added}) == 1


async def test_a_conversation_has_one_call(records: Records) -> None:
    first = call("call_1", conversation="conv_1")
    await records.add(first)

    assert await records.add(call("call_2", conversation="conv_1")) == Added(first, is_new=False)


async def test_calls_without_a_key_or_a_conversation_are_many(records: Records) -> None:
    assert all([(await records.add(call(f"call_{i}"))).is_new for i in range(3)])


async def test_the_beginning_of_an_id_is_enough_when_only_one_begins_so(records: Records) -> None:
    for name in ("call_ab1", "call_ab2", "call_ab", "call_x%"):
        await records.add(call(name))

    assert (await records.call("call_x")) == call("call_x%")
    assert (await records.call("call_ab")) == call("call_ab")
    with pytest.raises(BadRequest, match="Several calls"):
        await records.call("call_")
    assert await records.call("call_y") is None
    assert await records.call("call_%") is None
    assert await records.call("") is None


async def test_a_call_is_found_by_its_conversation_or_the_carriers_id(records: Records) -> None:
    old, new = call("call_1", carrier_call="CA1"), call("call_2", carrier_call="CA1", placed_s=200)
    other = call("call_3", conversation="conv_3")
    for one in (new, old, other):
        await records.add(one)

    assert await records.find(conversation="conv_3", carrier_call="CA1") == other
    assert await records.find(conversation="conv_9", carrier_call="CA1") == new
    assert await records.find(conversation="conv_9", carrier_call="CA9") is None
    assert await records.find() is None


# -- its life -------------------------------------------------------------------------------------


async def test_a_change_says_what_was_before_and_after(records: Records) -> None:
    await records.add(placed())

    change = await records.change("call_1", Dialling(105.0))

    assert change is not None
    assert (change.before.state, change.after.state) == (State.RESERVED, State.DIALLING)
    assert change.moved
    assert await records.call("call_1") == change.after


async def test_of_two_processes_that_dial_one_does(
    kind: Kind, tmp_path: Path, records: Records
) -> None:
    await records.add(placed())
    async with kind.opens(tmp_path) as other:
        changes = await asyncio.gather(
            *(place.change("call_1", Dialling(105.0)) for place in (records, other) * 5)
        )

    assert [change.moved for change in changes if change].count(True) == 1


async def test_a_life_only_goes_forward(records: Records) -> None:
    await records.add(placed())
    await records.change("call_1", Dialling(101), Placed(102, "conv_1", "CA1"), Over(103, BUSY))

    for late in (Dialling(104), Placed(104, "conv_2"), Turned(104), Over(104, COMPLETED)):
        change = await records.change("call_1", late)
        assert change is not None
        assert change.after == change.before
    held = await records.call("call_1")
    assert held is not None
    assert (held.state, held.outcome, held.conversation) == (State.ENDED, Outcome.BUSY, "conv_1")


async def test_a_report_changes_a_call_once(records: Records) -> None:
    await records.add(call(conversation="conv_1"))
    told = PlatformCall("conv_1", status="done", duration_s=61)
    event = Reported(200.0, "post_call_transcription", told, {"greeting": "Hello."})

    changes = await asyncio.gather(*(records.change("call_1", event) for _ in range(10)))

    assert [change.moved for change in changes if change].count(True) == 1
    held = await records.call("call_1")
    assert held is not None
    assert (held.outcome, held.duration_s) == (Outcome.COMPLETED, 61)
    assert held.details == {"greeting": "Hello."}


async def test_a_call_that_is_not_there_is_not_changed(records: Records) -> None:
    assert await records.change("call_9", Turned(1)) is None
    assert await add_turn(records, "call_9", turn()) is None
    assert await records.set_heard("call_9", {"run_1": "x"}) == 0
    assert await records.turns("call_9") == []


async def test_a_conversation_that_is_anothers_is_not_taken_from_it(records: Records) -> None:
    await records.add(call("call_1", conversation="conv_1"))
    await records.add(placed("call_2", state=State.DIALLING))

    change = await records.change("call_2", Placed(101, "conv_1", "CA2"))

    assert change is not None
    assert (change.after.conversation, change.after.carrier_call) == (None, "CA2")


async def test_whoever_waits_may_go_away_and_the_change_is_whole(records: Records) -> None:
    await records.add(call())
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(add_turn(records, "call_1", turn()))
        await asyncio.sleep(0)
        waiting.cancel()

    await add_turn(records, "call_1", turn("run_2"))
    numbers = [t.number for t in await records.turns("call_1")]
    assert numbers == list(range(1, len(numbers) + 1))


# -- turns ----------------------------------------------------------------------------------------


async def test_turns_are_numbered_and_the_call_is_answered_by_the_first(records: Records) -> None:
    await records.add(call())
    whole = turn(
        "run_2",
        at_s=109.0,
        ours="Sorry.",
        heard="She",
        fillers=("One moment... ", "今日"),
        acts=({"name": "end_call", "arguments": {"reason": "done"}},),
        outcome="left",
        failure="upstream_timeout late",
    )

    first = await add_turn(records, "call_1", turn(at_s=105.0))
    second = await add_turn(records, "call_1", whole)

    assert [first, second] == [turn(at_s=105.0, number=1), replace(whole, number=2)]
    assert list(await records.turns("call_1")) == [first, second]
    held = await records.call("call_1")
    assert held is not None
    assert (held.state, held.answered_s, held.touched_s) == (State.ANSWERED, 105.0, 109.0)


async def test_turns_of_several_calls_are_added_together_in_their_order(records: Records) -> None:
    for name in ("call_1", "call_2"):
        await records.add(call(name, conversation=name))
    await add_turn(records, "call_1", turn("run_0"))

    held = await records.add_turns(
        [
            NewTurn("call_1", turn("run_1", at_s=105.0), {"run_0": "She"}),
            NewTurn("call_2", turn("run_2")),
            NewTurn("call_9", turn("run_3")),
            NewTurn("call_1", turn("run_4", at_s=109.0), {"run_1": "She does"}),
            NewTurn("call_1", turn("run_1", sent="again")),
        ]
    )

    numbers = [None if one is None else (one.run_id, one.number) for one in held]
    assert numbers == [("run_1", 2), ("run_2", 1), None, ("run_4", 3), ("run_1", 2)]
    assert [(t.run_id, t.heard) for t in await records.turns("call_1")] == [
        ("run_0", "She"),
        ("run_1", "She does"),
        ("run_4", None),
    ]
    answered = await records.call("call_1")
    assert answered is not None
    assert answered.touched_s == 109.0


async def test_turns_that_are_added_together_are_all_there_or_none(records: Records) -> None:
    await records.add(call())
    unwritable = turn("run_2", acts=({"name": object()},))

    with pytest.raises(TypeError):
        await records.add_turns([NewTurn("call_1", turn()), NewTurn("call_1", unwritable)])

    assert await records.turns("call_1") == []
    assert await records.call("call_1") == call()


async def test_a_turn_that_is_there_is_not_added_again(records: Records) -> None:
    await records.add(call())
    held = [await add_turn(records, "call_1", turn(sent=text)) for text in ("One.", "Two.")]

    assert [one.sent for one in held if one] == ["One.", "One."]
    assert len(await records.turns("call_1")) == 1


async def test_what_was_heard_is_known_later(records: Records) -> None:
    await records.add(call())
    for name in ("run_1", "run_2"):
        await add_turn(records, "call_1", turn(name))

    assert await records.set_heard("call_1", {"run_1": "She does", "run_9": "x"}) == 1
    assert await records.set_heard("call_1", {"run_1": "She does"}) == 0
    assert [t.heard for t in await records.turns("call_1")] == ["She does", None]


async def test_text_that_no_database_takes_is_written_as_well_as_can_be(records: Records) -> None:
    await records.add(call())
    await add_turn(records, "call_1", turn(utterance="half \ud83d a pair", sent="nul \0 byte"))

    (held,) = await records.turns("call_1")
    assert held.utterance == "half ? a pair"
    assert held.sent.startswith("nul ")


# -- lists ----------------------------------------------------------------------------------------


async def listed(records: Records, **wanted: object) -> list[str]:
    page = await records.calls(Filter(**wanted))  # type: ignore[arg-type]  # as a test writes it
    return [one.id for one in page.calls]


async def test_the_latest_come_first_and_pages_have_each_call_once(records: Records) -> None:
    names = [f"call_{i:02}" for i in range(25)]
    for number, name in enumerate(names):
        await records.add(call(name, placed_s=float(number // 3)))

    seen: list[str] = []
    cursor = ""
    while True:
        page = await records.calls(Filter(), limit=10, cursor=cursor)
        seen += [one.id for one in page.calls]
        if not (cursor := page.next):
            break
        await records.add(call(f"late_{len(seen)}", placed_s=1000))
    assert seen == names[::-1]


async def test_a_full_last_page_has_none_behind_it(records: Records) -> None:
    for number in range(10):
        await records.add(call(f"call_{number}"))

    assert (await records.calls(Filter(), limit=10)).next == ""
    assert len((await records.calls(Filter(), limit=0)).calls) == 1


@pytest.mark.parametrize("cursor", ["x", "eyJ9", "WzFd", "☎", "WyJhIiwgMV0="])
async def test_a_cursor_of_somebody_elses_is_refused(records: Records, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        await records.calls(Filter(), cursor=cursor)


async def test_every_filter_filters(records: Records) -> None:
    await records.add(call("in_1", placed_s=10.0))
    await records.add(placed("out_1", placed_s=20.0))
    await records.add(placed("out_2", placed_s=30.0, remote=OTHER, owner="agent"))
    await records.change("out_2", Over(31, BUSY))
    await records.change("out_1", Dialling(21))

    assert await listed(records) == ["out_2", "out_1", "in_1"]
    assert await listed(records, direction="outbound") == ["out_2", "out_1"]
    assert await listed(records, outcome=Outcome.BUSY) == ["out_2"]
    assert await listed(records, since_s=20.0) == ["out_2", "out_1"]
    assert await listed(records, until_s=20.0) == ["in_1"]
    assert await listed(records, remote=CALLER) == ["out_1"]
    assert await listed(records, owner="agent") == ["out_2"]
    assert await listed(records, live=True) == ["out_1", "in_1"]
    assert await listed(records, direction="outbound", live=True, since_s=25.0) == []


async def test_silent_calls_that_have_not_ended_are_found(records: Records) -> None:
    for name, silent in (("a", 30.0), ("b", 10.0), ("c", 20.0), ("d", 50.0)):
        await records.add(placed(name, placed_s=silent))
    await records.change("a", Vanished(31))

    assert [one.id for one in await records.live(50.0)] == ["b", "c"]


# -- search ---------------------------------------------------------------------------------------


async def found(records: Records, text: str) -> list[str]:
    return [hit.turn.run_id for hit in await records.search(text)]


@pytest.fixture
async def talk(records: Records) -> Records:
    await records.add(call())
    for name, utterance, sent in (
        ("a", "Is there a zeppelin to Umbrellaville?", "On Thursday, at 9 o'clock."),
        ("b", 'He said "no" - 100% sure_thing', "NEAR the station (really)*"),
        ("c", "明日の天気はどうですか", "ÄRGER mit dem Grüßen"),
    ):
        await add_turn(records, "call_1", turn(name, utterance=utterance, sent=sent))
    return records


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("zeppelin", ["a"]),
        ("ZEPPELIN thursday", ["a"]),
        ("zepp", ["a"]),
        ("the", ["b", "a"]),
        ("天気は", ["c"]),
        ("天気", ["c"]),
        ("ärger", ["c"]),
        ("9", ["a"]),
        ("zeppelin station", []),
        ("to", ["a"]),
        ("is zeppelin", ["a"]),
    ],
)
async def test_a_turn_is_found_by_what_either_side_said(
    talk: Records, text: str, names: list[str]
) -> None:
    assert await found(talk, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"no"', ["b"]),
        ("NEAR", ["b"]),
        ("station ( *", ["b"]),
        ("100%", ["b"]),
        ("sure_thing", ["b"]),
        ("utterance:zeppelin", []),
        ("zeppelin OR station", []),
        ("(really)*", ["b"]),
        ("' OR 1=1 --", []),
        ('"', []),
        ("-", []),
        ("", []),
        ("%", []),
        ("__", []),
        ("\0", []),
        ("a" * 10_000, []),
        ("zeppelin " * 500, ["a"]),
        ("\ud83d", []),
    ],
)
async def test_no_character_of_a_search_has_a_meaning_of_its_own(
    talk: Records, text: str, names: list[str]
) -> None:
    assert await found(talk, text) == names


async def test_a_hit_is_the_turn_and_its_call(talk: Records) -> None:
    (hit,) = await talk.search("Umbrellaville")

    assert (hit.call.id, hit.turn.number) == ("call_1", 1)
    assert hit.turn.sent == "On Thursday, at 9 o'clock."
    assert len(await talk.search("the", limit=1)) == 1


# -- figures --------------------------------------------------------------------------------------


async def test_stages_are_those_of_turns_that_asked_the_agent(records: Records) -> None:
    await records.add(call())
    for number in range(4):
        outcome = "here" if number == 2 else "done"
        await add_turn(
            records,
            "call_1",
            turn(f"r{number}", outcome=outcome, stages_s={"think": float(number)}),
        )

    assert list(await records.stages(2)) == [{"think": 3.0}, {"think": 1.0}]


async def test_calls_that_may_ring_are_counted_in_all_and_by_number(records: Records) -> None:
    for name, at_s, remote in (("a", 10, CALLER), ("b", 20, OTHER), ("c", 30, CALLER)):
        await records.add(placed(name, placed_s=float(at_s), remote=remote))
    await records.add(placed("d", placed_s=40.0))
    await records.change("d", Vanished(41))
    await records.add(call("e", placed_s=40.0))

    assert await records.placed_since(0) == 3
    assert await records.placed_since(20) == 2
    assert await records.placed_since(0, CALLER) == 2
    assert await records.placed_since(31, CALLER) == 0


async def test_cost_is_added_up_by_currency(records: Records) -> None:
    for name, cost, currency in (("a", 0.5, "USD"), ("b", 0.25, "USD"), ("c", 90.0, "credits")):
        await records.add(placed(name, cost=cost, currency=currency))
    await records.add(placed("d"))
    await records.add(placed("e", placed_s=1.0, cost=7.0, currency="USD"))

    assert await records.spent_since(50.0) == {"USD": 0.75, "credits": 90.0}


# -- deleting -------------------------------------------------------------------------------------


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


async def test_an_erased_call_is_gone_from_the_files(records: Records, tmp_path: Path) -> None:
    await records.add(call("call_1", remote=CALLER, recording="call_1.mp3"))
    await records.add(call("call_2"))
    for name in ("call_1", "call_2"):
        await add_turn(records, name, turn(utterance=f"Wilhelmina and {name}'s Umbrellaville"))
    assert b"call_1's Umbrellaville" in bytes_of(tmp_path)

    assert await records.erase("call_1") == Purged(1, 1, ("call_1.mp3",))

    left = bytes_of(tmp_path)
    assert b"call_1" not in left
    assert CALLER.encode() not in left
    assert b"call_2's Umbrellaville" in left
    assert await records.call("call_1") is None
    assert await found(records, "Umbrellaville") == ["run_1"]
    assert await records.erase("call_1") == Purged(0, 0)


async def test_a_purge_takes_old_calls_that_have_ended(records: Records, tmp_path: Path) -> None:
    for name, placed_s in (("old", 10.0), ("live", 10.0), ("new", 30.0)):
        await records.add(call(name, placed_s=placed_s))
        await add_turn(records, name, turn(utterance=f"a zeppelin of the {name}", at_s=placed_s))
    for name in ("old", "new"):
        await records.change(name, Over(40, COMPLETED))

    assert await records.purge(20.0) == Purged(1, 1)

    assert await listed(records) == ["new", "live"]
    assert b"zeppelin of the old" not in bytes_of(tmp_path)
    assert await records.purge(20.0) == Purged(0, 0)


async def test_a_purge_of_many_is_whole(records: Records) -> None:
    ended = {"state": State.ENDED, "outcome": Outcome.COMPLETED}
    for number in range(520):
        await records.add(call(f"call_{number}", **ended))

    assert await records.purge(200.0) == Purged(520, 0)
    assert await records.count() == 0


# -- trouble --------------------------------------------------------------------------------------


async def test_what_fails_is_an_error_of_ours(kind: Kind, tmp_path: Path) -> None:
    async with kind.opens(tmp_path) as records:
        pass
    for attempt in (
        lambda: records.add(replace(CALL, source=Source.TEXT, line=LINE)),
        lambda: records.change("call_1", Turned(1)),
        lambda: records.call("call_1"),
        lambda: records.calls(Filter(), limit=MAX_PAGE),
        lambda: records.search("zeppelin"),
        lambda: records.purge(1.0),
    ):
        with pytest.raises(BridgeError):
            await attempt()
