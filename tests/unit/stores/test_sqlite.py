"""What is particular to SQLite: the file, its shape, what it looks at, and how many it holds."""

import asyncio
import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bridge.core.call_life import Dialling
from bridge.core.record import Outcome, State
from bridge.errors import SettingsError, VendorUnavailable
from bridge.ports.records import Filter
from bridge.stores.sqlite import connect, database, queries
from bridge.stores.sqlite.records import _ADD_CALL, _ADD_TURN
from bridge.stores.sqlite.rows import CALL, TURN, call_row, turn_row
from tests.fakes.calls_on_record import CALLER, add_turn, call, placed, turn

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "bridge.db"


async def open_once(path: Path) -> None:
    async with connect(path):
        pass


# -- the file -------------------------------------------------------------------------------------


async def test_the_file_and_its_companions_are_for_their_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        async with connect(path) as records:
            await records.add(call())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == {"bridge.db": 0o600, "bridge.db-wal": 0o600, "bridge.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_it_is_written_ahead_and_synced(path: Path) -> None:
    async with database.opened(path) as opened:
        for pragma, value in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("secure_delete", 1),
            ("application_id", database.APPLICATION),
            ("user_version", len(database._steps())),
        ):
            sql = f"PRAGMA {pragma}"

            def look(writer: sqlite3.Connection, sql: str = sql) -> object:
                return writer.execute(sql).fetchone()

            assert await opened.write("look", look) == (value,)


async def test_opening_it_twice_at_once_makes_it_once(path: Path) -> None:
    await asyncio.gather(*(open_once(path) for _ in range(5)))

    async with connect(path) as records:
        assert await records.count() == 0


def test_every_column_has_the_name_of_its_field(tmp_path: Path) -> None:
    """A field without a column would be lost, or break every write."""
    database._prepare(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        for table, fields in (("calls", CALL), ("turns", TURN)):
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            assert columns - {"seq", "call_seq"} == set(fields)


async def test_an_empty_file_is_taken_as_none(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    await open_once(path)


# -- what can't be used ---------------------------------------------------------------------------


async def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        await open_once(path)
    assert caught.value.setting == "store.url"
    assert caught.value.hint
    return caught.value.message


async def test_a_file_that_is_no_database_is_said_to_be_damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"Dear diary, " * 1000)

    assert "is damaged, or no database" in await refusal(path)


async def test_a_newer_bridges_file_is_left_alone(path: Path) -> None:
    await open_once(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")

    assert "newer bridge" in await refusal(path)


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE diary (page)")

    assert "another program" in await refusal(path)


async def test_a_folder_where_the_file_should_be_is_said_so(path: Path) -> None:
    path.mkdir(parents=True)

    assert "can't be used for records" in await refusal(path)


async def test_a_damaged_page_is_one_sentence_and_quotes_nothing(path: Path) -> None:
    async with connect(path) as records:
        for number in range(200):
            await records.add(call(f"call_{number}", cause="Wilhelmina " * 20))
    whole = bytearray(path.read_bytes())
    whole[8192:] = b"\xff" * (len(whole) - 8192)
    path.write_bytes(whole)

    with pytest.raises((VendorUnavailable, SettingsError)) as caught:
        async with connect(path) as records:
            await records.calls(Filter(), limit=1000)
    assert "Wilhelmina" not in caught.value.message
    assert caught.value.hint


async def test_a_file_that_another_holds_for_too_long_is_said_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_once(path)
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with connect(path) as records:
            with pytest.raises(VendorUnavailable, match="SQLITE_BUSY") as caught:
                await records.add(call())
            assert await records.count() == 0, "reading goes on"
            other.execute("ROLLBACK")
            await records.add(call())
    assert "Another process" in caught.value.hint


async def test_an_act_that_breaks_is_taken_back(path: Path) -> None:
    async with database.opened(path) as opened:

        def breaks(writer: sqlite3.Connection) -> None:
            writer.execute(_ADD_CALL, call_row(call()))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await opened.write("test", breaks)
        assert await opened.fetch("look", "SELECT count(*) FROM calls") == [(0,)]
        assert await opened.write("test", lambda _writer: "goes on") == "goes on"


# -- many -----------------------------------------------------------------------------------------

MANY = 100_000


def fill(path: Path, count: int, turns_each: int = 2) -> None:
    """Many calls, written as the adapter writes them but all at once."""
    database._prepare(path)
    kinds = list(Outcome)
    words = ("station", "weather", "aunt", "Thursday", "invoice", "garden", "meeting", "kitchen")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.executemany(
            _ADD_CALL,
            (
                call_row(
                    (placed if number % 3 else call)(
                        f"call_{number:08}",
                        placed_s=float(number),
                        state=State.ENDED if number < count - 5 else State.PLACED,
                        outcome=kinds[number % len(kinds)] if number < count - 5 else None,
                        conversation=f"conv_{number}",
                        remote=CALLER if number % 1000 == 0 else f"+1555{number:07}",
                    )
                )
                for number in range(count)
            ),
        )
        connection.executemany(
            _ADD_TURN,
            (
                (
                    number + 1,
                    *turn_row(
                        turn(
                            f"r{which}",
                            number=which + 1,
                            utterance=f"What of the {words[number % 8]}, number {number}?",
                            sent=f"The {words[(number + which) % 8]} is well."
                            + (" A zeppelin!" if number == 77 else ""),
                        )
                    ),
                )
                for number in range(count)
                for which in range(turns_each)
            ),
        )
        connection.execute("COMMIT")


PLANS = [
    (queries.list_calls(Filter(), 50, ""), "calls_placed"),
    (queries.list_calls(Filter(direction="outbound"), 50, ""), "calls_direction"),
    (queries.list_calls(Filter(outcome=Outcome.BUSY), 50, ""), "calls_outcome"),
    (queries.list_calls(Filter(remote=CALLER), 50, ""), "calls_remote"),
    (queries.list_calls(Filter(owner="agent"), 50, ""), "calls_owner"),
    (queries.list_calls(Filter(live=True), 50, ""), "calls_"),
    (queries.list_calls(Filter(), 50, queries.cursor_after(5.0, "x")), "calls_placed"),
    (queries.Query(queries.LIVE_CALLS, (1.0, 10)), "calls_live"),
    (queries.Query(queries.STAGES, (10,)), "turns"),
    (queries.Query(queries.PLACED, (1.0,)), "calls_direction"),
    (queries.Query(queries.PLACED + " AND remote = ?", (1.0, CALLER)), "calls_"),
    (queries.Query(queries.SPENT, (1.0,)), "calls_direction"),
    (queries.Query(queries.PURGEABLE, (1.0, 10)), "calls_placed"),
    (queries.search("zeppelin", 50), "words VIRTUAL TABLE INDEX"),
]


@pytest.mark.parametrize(("query", "index"), PLANS, ids=lambda part: str(part)[:40])
def test_every_question_has_an_index(
    query: queries.Query | None, index: str, tmp_path: Path
) -> None:
    """Nothing looks at every call, and what is listed is not sorted first."""
    assert query is not None
    database._prepare(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.values)
        plan = [row[3] for row in rows]

    text = " | ".join(plan)
    assert index in text
    assert "SCAN calls" not in text.replace("SCAN calls USING INDEX", "")
    is_sorted = "TEMP B-TREE FOR ORDER BY" in text
    assert is_sorted == (query.sql == "never")


async def test_a_hundred_thousand_calls_are_listed_searched_and_measured(tmp_path: Path) -> None:
    """By what is found; the times are shown (`-s`), and asserted nowhere."""
    path = tmp_path / "many.db"
    fill(path, MANY)
    loop = asyncio.get_running_loop()
    async with connect(path) as records:
        began_s = loop.time()

        def took(what: str) -> None:
            nonlocal began_s
            print(f"{what}: {1000 * (loop.time() - began_s):.0f} ms")
            began_s = loop.time()

        page = await records.calls(Filter())
        took("list")
        assert [one.id for one in page.calls][:2] == ["call_00099999", "call_00099998"]
        deep = queries.cursor_after(50_000.0, "call_00050000")
        page = await records.calls(Filter(outcome=Outcome.BUSY), limit=1000, cursor=deep)
        took("a deep page of one outcome")
        assert len(page.calls) == 1000
        assert len((await records.calls(Filter(remote=CALLER))).calls) == 50
        took("one number's calls")
        assert [hit.call.id for hit in await records.search("zeppelin")] == ["call_00000077"] * 2
        took("search for a rare word")
        assert len(await records.search("station well")) == 50
        took("search for common words")
        assert len(await records.search("77 zeppelin")) == 2
        took("search with a short word")
        assert len(await records.stages(2000)) == 2000
        took("latency")
        assert len(await records.live(1e9)) == 5
        took("live")
        assert await records.placed_since(MANY - 86_400) == 86_400 * 2 // 3 - _never_placed()
        took("placed since a day")
        change = await records.change("call_00099999", Dialling(1.0))
        assert change is not None
        took("change")
        await add_turn(records, "call_00099999", turn("new"))
        took("add turn")
        assert (await records.erase("call_00000077")).turns == 2
        took("erase")


def _never_placed() -> int:
    kinds = list(Outcome)
    return sum(
        kinds[number % len(kinds)] in (Outcome.REFUSED, Outcome.NOT_PLACED)
        for number in range(MANY - 86_400, MANY - 5)
        if number % 3
    )


async def test_rows_hold_json_that_others_can_read(path: Path) -> None:
    async with connect(path) as records:
        await records.add(call(details={"a": "今日"}))
    with closing(sqlite3.connect(path)) as connection:
        (details,) = connection.execute("SELECT details FROM calls").fetchone()

    assert json.loads(details) == {"a": "今日"}


async def test_the_index_keeps_no_part_of_a_word_that_was_erased(path: Path) -> None:
    async with connect(path) as records:
        for name, said in (("call_1", "qxzqxz"), ("call_2", "station")):
            await records.add(call(name))
            await add_turn(records, name, turn(utterance=said, sent=""))
        assert index_of(path).count(b"qxz") > 0
        await records.erase("call_1")
        left = index_of(path)

    assert b"qxz" not in left
    assert b"sta" in left


def index_of(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        return b"".join(row[0] for row in connection.execute("SELECT block FROM words_data"))
