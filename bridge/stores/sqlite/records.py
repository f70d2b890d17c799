"""Adapter of `Records`: see the port for what each method promises."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from bridge.core.call_life import CallEvent, Turned, advance
from bridge.core.phone import E164
from bridge.core.record import CallRecord, TurnRecord
from bridge.errors import BadRequest
from bridge.ports.records import MAX_PAGE, PAGE, Added, Change, Filter, Hit, NewTurn, Page, Purged
from bridge.stores.sqlite import queries
from bridge.stores.sqlite.database import Database, opened
from bridge.stores.sqlite.rows import (
    CALL,
    CALL_COLUMNS,
    TURN,
    TURN_COLUMNS,
    call_row,
    read_call,
    read_turn,
    turn_row,
    writable,
)

AT_ONCE = 500
"""Calls that one transaction of a purge deletes, so that others can write in between."""

_READ_CALL = f"SELECT {CALL_COLUMNS} FROM calls"  # noqa: S608 - our own columns
_READ_TURNS = f"SELECT {TURN_COLUMNS} FROM turns"  # noqa: S608 - the same
_TURNS_OF = (
    f"{_READ_TURNS} WHERE call_seq = (SELECT seq FROM calls WHERE id = ?)"  # noqa: S608 - the same
    " ORDER BY number"
)
_ADD_CALL = (
    f"INSERT INTO calls ({', '.join(CALL)}) VALUES ({', '.join('?' * len(CALL))})"  # noqa: S608
    " ON CONFLICT DO NOTHING"
)
_ADD_TURN = (
    f"INSERT INTO turns (call_seq, {', '.join(TURN)})"  # noqa: S608
    f" VALUES (?, {', '.join('?' * len(TURN))}) ON CONFLICT DO NOTHING"
)


@asynccontextmanager
async def connect(path: Path) -> AsyncIterator["SqliteRecords"]:
    """The records in that file, made where there is none.

    Raises:
        SettingsError: the file can't be used: damaged, newer, another program's, not writable.
        VendorUnavailable: another process holds it.
    """
    async with opened(path) as database:
        yield SqliteRecords(database)


class SqliteRecords:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, call: CallRecord) -> Added:
        """See `Records.add`."""

        def act(writer: Connection) -> Added:
            if writer.execute(_ADD_CALL, call_row(call)).rowcount == 1:
                return Added(call, is_new=True)
            held = _one(
                writer,
                f"{_READ_CALL} WHERE id = ? OR idempotency_key = ? OR conversation = ?"
                " ORDER BY idempotency_key IS NOT ? LIMIT 1",
                (call.id, call.idempotency_key, call.conversation, call.idempotency_key),
            )
            assert held is not None, "something was in its way"
            return Added(held, is_new=False)

        is_ours = call.direction == "outbound"
        return await self._database.write("add call", act, synced=is_ours)

    async def change(self, call_id: str, *events: CallEvent) -> Change | None:
        """See `Records.change`."""

        def act(writer: Connection) -> Change | None:
            before = _one(writer, f"{_READ_CALL} WHERE id = ?", (call_id,))
            return None if before is None else Change(before, _hold(writer, before, *events))

        return await self._database.write("change call", act)

    async def call(self, call_id: str) -> CallRecord | None:
        """See `Records.call`."""
        wanted = writable(call_id)
        if not wanted:
            return None
        found = await self._calls(
            "read call",
            f"{_READ_CALL} WHERE id >= ? AND id < ? || char(1114111) ORDER BY id LIMIT 2",
            (wanted, wanted),
        )
        if len(found) > 1 and found[0].id != wanted:
            raise BadRequest("Several calls begin so: give more of the id.", param="id")
        return found[0] if found else None

    async def find(
        self, *, conversation: str | None = None, carrier_call: str | None = None
    ) -> CallRecord | None:
        """See `Records.find`."""
        for name, value in (("conversation", conversation), ("carrier_call", carrier_call)):
            if value is None:
                continue
            sql = f"{_READ_CALL} WHERE {name} = ? ORDER BY placed_s DESC LIMIT 1"
            found = await self._calls("find call", sql, (writable(value),))
            if found:
                return found[0]
        return None

    async def calls(self, wanted: Filter, *, limit: int = PAGE, cursor: str = "") -> Page:
        """See `Records.calls`."""
        limit = max(1, min(limit, MAX_PAGE))
        query = queries.list_calls(wanted, limit, cursor)
        found = await self._calls("list calls", query.sql, query.values)
        if len(found) <= limit:
            return Page(tuple(found))
        last = found[limit - 1]
        return Page(tuple(found[:limit]), queries.cursor_after(last.placed_s, last.id))

    async def live(self, silent_since_s: float) -> Sequence[CallRecord]:
        """See `Records.live`."""
        return await self._calls("list live", queries.LIVE_CALLS, (silent_since_s, MAX_PAGE))

    async def add_turns(self, new: Sequence[NewTurn]) -> Sequence[TurnRecord | None]:
        """See `Records.add_turns`."""
        return await self._database.write(
            "add turns", lambda writer: [_add_turn(writer, one) for one in new], synced=False
        )

    async def set_heard(self, call_id: str, heard: Mapping[str, str]) -> int:
        """See `Records.set_heard`."""
        return await self._database.write(
            "set heard", lambda writer: _set_heard(writer, call_id, heard)
        )

    async def turns(self, call_id: str) -> Sequence[TurnRecord]:
        """See `Records.turns`."""
        rows = await self._database.fetch(
            "read turns",
            _TURNS_OF,
            (call_id,),
        )
        return [read_turn(row) for row in rows]

    async def search(self, text: str, *, limit: int = PAGE) -> Sequence[Hit]:
        """See `Records.search`."""
        query = queries.search(text, max(1, min(limit, MAX_PAGE)))
        if query is None:
            return []
        rows = await self._database.fetch("search", query.sql, query.values)
        cut = len(CALL)
        return [Hit(read_call(row[:cut]), read_turn(row[cut:])) for row in rows]

    async def stages(self, latest: int) -> Sequence[Mapping[str, float]]:
        """See `Records.stages`."""
        rows = await self._database.fetch("read stages", queries.STAGES, (latest,))
        return [json.loads(row[0]) for row in rows]

    async def placed_since(self, at_s: float, remote: E164 | None = None) -> int:
        """See `Records.placed_since`."""
        only = "" if remote is None else " AND remote = ?"
        values = (at_s,) if remote is None else (at_s, remote)
        rows = await self._database.fetch("count placed", queries.PLACED + only, values)
        return int(rows[0][0])

    async def spent_since(self, at_s: float) -> Mapping[str, float]:
        """See `Records.spent_since`."""
        return dict(await self._database.fetch("add up cost", queries.SPENT, (at_s,)))

    async def erase(self, call_id: str) -> Purged:
        """See `Records.erase`."""
        sql = "SELECT seq, recording FROM calls WHERE id = ?"
        gone = await self._database.write(
            "erase", lambda writer: _delete(writer, writer.execute(sql, (call_id,)).fetchall())
        )
        if gone.calls:
            await self._database.scrub("erase")
        return gone

    async def purge(self, before_s: float) -> Purged:
        """See `Records.purge`."""

        def act(writer: Connection) -> Purged:
            rows = writer.execute(queries.PURGEABLE, (before_s, AT_ONCE)).fetchall()
            return _delete(writer, rows)

        gone = some = await self._database.write("purge", act)
        while some.calls == AT_ONCE:
            some = await self._database.write("purge", act)
            gone = Purged(
                gone.calls + some.calls,
                gone.turns + some.turns,
                gone.recordings + some.recordings,
            )
        if gone.calls:
            await self._database.scrub("purge")
        return gone

    async def count(self) -> int:
        """See `Records.count`."""
        return int((await self._database.fetch("count", "SELECT count(*) FROM calls"))[0][0])

    async def _calls(self, operation: str, sql: str, values: Sequence[object]) -> list[CallRecord]:
        return [read_call(row) for row in await self._database.fetch(operation, sql, values)]


def _add_turn(writer: Connection, new: NewTurn) -> TurnRecord | None:
    seq = _value(writer, "SELECT seq FROM calls WHERE id = ?", (new.call_id,))
    if seq is None:
        return None
    sql = "SELECT coalesce(max(number), 0) + 1 FROM turns WHERE call_seq = ?"
    numbered = replace(new.turn, number=_value(writer, sql, (seq,)))
    if writer.execute(_ADD_TURN, (seq, *turn_row(numbered))).rowcount == 1:
        call = _one(writer, f"{_READ_CALL} WHERE seq = ?", (seq,))
        assert call is not None, "read a moment ago"
        _hold(writer, call, Turned(new.turn.at_s))
        _set_heard(writer, new.call_id, new.heard)
        return numbered
    sql = f"{_READ_TURNS} WHERE call_seq = ? AND run_id = ?"
    return read_turn(writer.execute(sql, (seq, writable(new.turn.run_id))).fetchone())


def _hold(writer: Connection, before: CallRecord, *events: CallEvent) -> CallRecord:
    """Advances a call and writes it, if that changes it. A conversation that is another's stays."""
    after = before
    for event in events:
        after = advance(after, event)
    if after.conversation != before.conversation:
        sql = "SELECT 1 FROM calls WHERE conversation = ?"
        if _value(writer, sql, (after.conversation,)) is not None:
            after = replace(after, conversation=before.conversation)
    changed = [name for name in CALL if getattr(after, name) != getattr(before, name)]
    if changed:  # those columns alone: each index of another one would be written anew
        sql = f"UPDATE calls SET {', '.join(f'{name} = ?' for name in changed)} WHERE id = ?"  # noqa: S608
        writer.execute(sql, (*call_row(after, changed), before.id))
    return after


def _set_heard(writer: Connection, call_id: str, heard: Mapping[str, str]) -> int:
    return sum(
        writer.execute(
            "UPDATE turns SET heard = ? WHERE run_id = ? AND heard IS NOT ?"
            " AND call_seq = (SELECT seq FROM calls WHERE id = ?)",
            (writable(text), writable(run_id), writable(text), call_id),
        ).rowcount
        for run_id, text in heard.items()
    )


def _delete(writer: Connection, rows: Sequence[tuple[Any, ...]]) -> Purged:
    """Deletes calls, given as (seq, recording), and says what is gone."""
    calls = turns = 0
    for seq, _recording in rows:
        turns += writer.execute("DELETE FROM turns WHERE call_seq = ?", (seq,)).rowcount
        calls += writer.execute("DELETE FROM calls WHERE seq = ?", (seq,)).rowcount
    return Purged(calls, turns, tuple(recording for _seq, recording in rows if recording))


def _value(writer: Connection, sql: str, values: Sequence[object]) -> Any:  # noqa: ANN401 - a column
    row = writer.execute(sql, values).fetchone()
    return None if row is None else row[0]


def _one(writer: Connection, sql: str, values: Sequence[object]) -> CallRecord | None:
    row = writer.execute(sql, values).fetchone()
    return None if row is None else read_call(row)
