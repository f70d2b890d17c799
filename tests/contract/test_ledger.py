"""The promises of `ports/ledger.py`, run over every adapter.

A shared adapter joins by one `Kind` in `KINDS`: how to open its store, and how to get one more
handle on it. Only the port's own methods are used, and values are compared by equality, so a
store that writes them down and reads them back is as good as one that keeps the objects.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bridge.core.conversation import Conversation, Run, Standing, Stop
from bridge.core.dialogue import TurnKey
from bridge.core.reply import Call, End, Failure, Item, Origin, Words
from bridge.errors import Why
from bridge.ports.ledger import FORGET_S, Entry, Ledger
from bridge.stores.memory import MemoryLedger

pytestmark = pytest.mark.anyio

PATIENCE_S = 5.0
ROOM = 4


@dataclass(frozen=True)
class Store:
    """One open store. `handle` is one process's way to it."""

    handle: Callable[[], Ledger]


@dataclass(frozen=True)
class Kind:
    """An adapter, and what is particular to it.

    Attributes:
        opens: a fresh store with room for `ROOM` conversations.
        is_shared: whether several handles on one store are several processes.
    """

    name: str
    opens: Callable[[], AbstractAsyncContextManager[Store]]
    is_shared: bool


@asynccontextmanager
async def memory() -> AsyncIterator[Store]:
    ledger = MemoryLedger(room=ROOM)
    yield Store(lambda: ledger)


KINDS = [Kind("memory", memory, is_shared=False)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    assert isinstance(request.param, Kind)
    return request.param


@pytest.fixture
async def store(kind: Kind) -> AsyncIterator[Store]:
    async with kind.opens() as store:
        yield store


LIVE = Run("r1", TurnKey(0, "", "hi"), Standing.RUNNING, asked=True)
OVER = replace(
    LIVE,
    standing=Standing.STOPPED,
    stop=Stop.LEFT,
    listeners=0,
    spoke=True,
    left_at_s=2.5,
    ended_at_s=2.5,
    is_over=True,
    said="Grüß Gott, 今日は",
    fillers=("One moment... ",),
)
FAILURE = Failure("upstream_timeout", Why.LATE, "Too late.", "acme", "chat", 504, 1.5, "Wait.")
REPLY: list[Item] = [
    Words("One moment... ", Origin.FILLER),
    Words("Grüß "),
    Words("Gott 🙂"),
    Words("Sorry.", Origin.BRIDGE),
    Call("call_1", "look_up", '{"city":"東京"}'),
    Call("call_bridge_1", "end_call", "{}", ours=True),
    End("tool_calls", 7, 2, FAILURE),
]


def run(name: str, held: Run = OVER) -> Run:
    return replace(held, id=name)


async def hold(ledger: Ledger, thread: str, *runs: Run, at_s: float = 1.0, opens: str = "") -> None:
    """Holds a conversation of these runs, whatever was held before."""
    entry = await ledger.read(thread)
    assert await ledger.replace(thread, entry.version, Conversation(runs), at_s, opens or None)


async def heard(ledger: Ledger, run_id: str) -> list[Item]:
    async with asyncio.timeout(PATIENCE_S):
        return [item async for items in ledger.follow(run_id) for item in items]


# -- the state of a conversation ------------------------------------------------------------------


async def test_of_an_unknown_conversation_nothing_is_held(store: Store) -> None:
    assert await store.handle().read("conv:1") == Entry(Conversation(), 0)


async def test_what_was_held_is_read_back_by_everyone(store: Store) -> None:
    held = Conversation((OVER, run("r2", LIVE)), "Let me see... ")

    assert await store.handle().replace("conv:1", 0, held, 1.0)

    entry = await store.handle().read("conv:1")
    assert entry.conversation == held
    assert entry.version != 0
    assert await store.handle().read("conv:2") == Entry(Conversation(), 0)


async def test_of_two_who_decide_on_the_same_state_one_wins(store: Store) -> None:
    one, other = store.handle(), store.handle()
    for thread, before in (("conv:new", ()), ("conv:old", (OVER,))):
        if before:
            await hold(one, thread, *before)
        read_by_one, read_by_other = await one.read(thread), await other.read(thread)
        mine, theirs = Conversation((*before, run("a"))), Conversation((*before, run("b")))

        assert await one.replace(thread, read_by_one.version, mine, 2.0)
        assert not await other.replace(thread, read_by_other.version, theirs, 2.0)
        assert (await other.read(thread)).conversation == mine


async def test_of_many_at_once_exactly_one_wins_each_time(store: Store) -> None:
    async def add(name: str) -> None:
        ledger = store.handle()
        while True:
            entry = await ledger.read("conv:1")
            grown = Conversation((*entry.conversation.runs, run(name)))
            if await ledger.replace("conv:1", entry.version, grown, 1.0):
                return

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as adding:
        for i in range(6):
            adding.create_task(add(f"r{i}"))

    runs = (await store.handle().read("conv:1")).conversation.runs
    assert sorted(held.id for held in runs) == [f"r{i}" for i in range(6)]


async def test_a_refused_state_opens_no_reply_and_closes_none(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")

    assert not await ledger.replace("conv:1", 0, Conversation(), 1.0, opens="r2")

    await ledger.append("r2", End())
    await ledger.append("r1", End())
    assert await heard(ledger, "r2") == []
    assert await heard(ledger, "r1") == [End()]


async def test_a_version_does_not_come_back_after_forgetting(store: Store) -> None:
    """Or a decision made before would be taken for one made on what is held now."""
    ledger = store.handle()
    await hold(ledger, "conv:1", OVER)
    before = await ledger.read("conv:1")
    await ledger.forget("conv:1")
    await hold(ledger, "conv:1", run("r2"))

    assert not await ledger.replace("conv:1", before.version, Conversation(), 2.0)


# -- replies --------------------------------------------------------------------------------------


async def test_every_follower_gets_the_whole_reply_in_order(store: Store) -> None:
    writer = store.handle()
    await hold(writer, "conv:1", LIVE, opens="r1")

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as following:
        early = [following.create_task(heard(store.handle(), "r1")) for _ in range(3)]
        await asyncio.sleep(0)
        for item in REPLY[:3]:
            await writer.append("r1", item)
        late = following.create_task(heard(store.handle(), "r1"))
        await asyncio.sleep(0)
        for item in REPLY[3:]:
            await writer.append("r1", item)

    assert [task.result() for task in (*early, late)] == [REPLY] * 4
    assert await heard(store.handle(), "r1") == REPLY, "also after its end"


async def test_items_are_followed_as_they_come(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")
    following = store.handle().follow("r1")

    async with asyncio.timeout(PATIENCE_S):
        for item in REPLY:
            await ledger.append("r1", item)
            assert list(await anext(following)) == [item]
        assert [items async for items in following] == []


async def test_nothing_is_added_after_the_end(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")

    for item in (Words("Hi."), End(), Words("more"), End("length")):
        await ledger.append("r1", item)

    assert await heard(ledger, "r1") == [Words("Hi."), End()]


async def test_replies_are_kept_apart(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")
    await hold(ledger, "conv:2", run("r2", LIVE), opens="r2")
    for name in ("r1", "r2"):
        await ledger.append(name, Words(name))
        await ledger.append(name, End())

    assert await heard(ledger, "r1") == [Words("r1"), End()]
    assert await heard(ledger, "r2") == [Words("r2"), End()]


async def test_following_what_was_never_opened_ends_at_once(store: Store) -> None:
    await store.handle().append("nobody", Words("Hi."))

    assert await heard(store.handle(), "nobody") == []


async def test_a_reply_goes_when_its_conversation_forgets_the_run(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")
    await ledger.append("r1", Words("Hi."))
    following = ledger.follow("r1")
    assert list(await anext(following)) == [Words("Hi.")]

    await hold(ledger, "conv:1", run("r2"))

    async with asyncio.timeout(PATIENCE_S):
        assert [items async for items in following] == []
    assert await heard(ledger, "r1") == []


async def test_a_follower_who_goes_away_leaves_the_others_alone(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as following:
        stays, goes = (following.create_task(heard(store.handle(), "r1")) for _ in range(2))
        await asyncio.sleep(0)
        goes.cancel()
        await asyncio.wait([goes])
        for item in REPLY:
            await ledger.append("r1", item)

    assert stays.result() == REPLY


# -- stops ----------------------------------------------------------------------------------------


async def test_who_runs_a_run_is_told_to_stop_it_wherever_that_was_asked(
    store: Store, kind: Kind
) -> None:
    """In a shared store each process is told, for only one of them has the run."""
    asking = store.handle()
    await hold(asking, "conv:1", LIVE, opens="r1")
    readers = [store.handle().stops() for _ in range(2 if kind.is_shared else 1)]

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as reading:
        told = [reading.create_task(_first(reader)) for reader in readers]
        await asyncio.sleep(0)
        await asking.ask_to_stop("r1", Stop.SUPERSEDED)

    assert [task.result() for task in told] == [("r1", Stop.SUPERSEDED)] * len(readers)


async def _first(stops: AsyncIterator[tuple[str, Stop]]) -> tuple[str, Stop]:
    return await anext(stops)


async def test_stops_of_unknown_and_finished_runs_are_nothing_to_do(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, run("r2", LIVE), opens="r1")
    await hold(ledger, "conv:1", LIVE, run("r2", LIVE), opens="r2")
    await ledger.append("r1", End())
    stops = ledger.stops()

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as reading:
        told = reading.create_task(_first(stops))
        await asyncio.sleep(0)
        for run_id in ("nobody", "r1", "r2"):
            await ledger.ask_to_stop(run_id, Stop.LEFT)

    assert told.result() == ("r2", Stop.LEFT)


# -- forgetting -----------------------------------------------------------------------------------


async def remembers(ledger: Ledger, thread: str) -> bool:
    return await ledger.read(thread) != Entry(Conversation(), 0)


async def test_a_conversation_is_forgotten_an_hour_after_it_was_touched(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", OVER, at_s=10.0, opens="r1")
    await ledger.append("r1", End())

    await hold(ledger, "conv:2", run("r2"), at_s=10.0 + FORGET_S)
    assert await remembers(ledger, "conv:1")

    await hold(ledger, "conv:3", run("r3"), at_s=11.0 + FORGET_S)
    assert not await remembers(ledger, "conv:1")
    assert await remembers(ledger, "conv:2")
    assert await heard(ledger, "r1") == []


async def test_touching_a_conversation_keeps_it(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", OVER, at_s=10.0)
    await hold(ledger, "conv:1", OVER, at_s=FORGET_S)
    await hold(ledger, "conv:2", OVER, at_s=11.0 + FORGET_S)

    assert await remembers(ledger, "conv:1")


async def test_a_conversation_with_a_run_that_is_not_over_is_never_forgotten(store: Store) -> None:
    ledger = store.handle()
    stopping = replace(LIVE, standing=Standing.STOPPED, stop=Stop.LEFT, ended_at_s=11.0)
    await hold(ledger, "conv:live", LIVE, at_s=10.0, opens="r1")
    await hold(ledger, "conv:stopping", stopping, at_s=10.0)
    for i in range(3 * ROOM):
        await hold(ledger, f"conv:{i}", OVER, at_s=3 * FORGET_S)

    assert await remembers(ledger, "conv:live")
    assert await remembers(ledger, "conv:stopping")
    await ledger.append("r1", End())
    assert await heard(ledger, "r1") == [End()]


async def test_one_that_is_kept_does_not_keep_the_idle_ones_touched_after_it(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:live", LIVE, at_s=10.0)
    await hold(ledger, "conv:idle", OVER, at_s=11.0)
    await hold(ledger, "conv:new", OVER, at_s=12.0 + FORGET_S)

    assert await remembers(ledger, "conv:live")
    assert not await remembers(ledger, "conv:idle")


async def test_there_is_room_for_so_many_and_the_longest_idle_goes_first(store: Store) -> None:
    ledger = store.handle()
    for i in range(ROOM):
        await hold(ledger, f"conv:{i}", OVER, at_s=float(i))
    await hold(ledger, "conv:0", OVER, at_s=10.0)

    await hold(ledger, "conv:one more", OVER, at_s=11.0)

    kept = [i for i in range(ROOM) if await remembers(ledger, f"conv:{i}")]
    assert kept == [0, *range(2, ROOM)]
    assert await remembers(ledger, "conv:one more")


async def test_when_all_are_busy_none_is_forgotten(store: Store) -> None:
    ledger = store.handle()
    for i in range(2 * ROOM):
        await hold(ledger, f"conv:{i}", LIVE, at_s=float(i))

    assert [await remembers(ledger, f"conv:{i}") for i in range(2 * ROOM)] == [True] * 2 * ROOM


async def test_forgetting_takes_replies_along_and_lets_followers_go(store: Store) -> None:
    ledger = store.handle()
    await hold(ledger, "conv:1", LIVE, opens="r1")
    await ledger.append("r1", Words("Hi."))
    following = store.handle().follow("r1")
    async with asyncio.timeout(PATIENCE_S):
        assert list(await anext(following)) == [Words("Hi.")]

        await ledger.forget("conv:1")
        await ledger.forget("conv:1")

        assert [items async for items in following] == []
    await ledger.append("r1", Words("more"))
    assert await heard(ledger, "r1") == []
    assert not await remembers(ledger, "conv:1")
