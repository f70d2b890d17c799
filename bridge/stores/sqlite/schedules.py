"""Adapter of `Schedules`: see the port for what each method promises."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from sqlite3 import Connection
from typing import Any

from bridge.core.record import Mode
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import Book, Entry, Note, What, passed_over
from bridge.ports.schedules import MOST, Added
from bridge.stores.sqlite.database import Database
from bridge.stores.sqlite.rows import writable

_OF_SCHEDULE = tuple(field.name for field in fields(Schedule))
_OF_ENTRY = ("version", "call", "done_s", "notes")
_NAMES = (*_OF_SCHEDULE, *_OF_ENTRY)
"""Columns, named and ordered as the fields are."""

_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_READ = f"SELECT {_COLUMNS} FROM schedules"  # noqa: S608 - our own columns
_ONE = f"{_READ} WHERE id = ?"
_ALL = f"{_READ} ORDER BY made_s, seq"
_ADD = f"INSERT INTO schedules ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608
_SET = ", ".join(f'"{name}" = ?' for name in _NAMES)
_WRITE = f"UPDATE schedules SET {_SET} WHERE id = ? AND version = ?"  # noqa: S608 - the same
_PAUSED = "SELECT at_s FROM schedules_paused"


class SqliteSchedules:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: Entry, *, most: int = MOST) -> Added | None:
        """See `Schedules.add`."""

        def act(writer: Connection) -> Added | None:
            held = writer.execute(_ONE, (entry.schedule.id,)).fetchone()
            if held is not None:
                return Added(_read(held), is_new=False)
            waiting = writer.execute("SELECT count(*) FROM schedules WHERE done_s IS NULL")
            if waiting.fetchone()[0] >= most:
                return None
            writer.execute(_ADD, _row(entry))
            return Added(entry, is_new=True)

        return await self._database.write("add schedule", act)

    async def book(self) -> Book:
        """See `Schedules.book`."""
        # The switch first: where it is off, what came due while it was on is passed over below.
        paused_s = await self.paused_s()
        rows = await self._database.fetch("list schedules", _ALL)
        return Book(paused_s, tuple(map(_read, rows)))

    async def entry(self, schedule_id: str) -> Entry | None:
        """See `Schedules.entry`."""
        rows = await self._database.fetch("read schedule", _ONE, (writable(schedule_id),))
        return _read(rows[0]) if rows else None

    async def write(self, entry: Entry) -> Entry | None:
        """See `Schedules.write`."""
        return await self._database.write("write schedule", lambda writer: _write(writer, entry))

    async def remove(self, schedule_id: str) -> bool:
        """See `Schedules.remove`."""

        def act(writer: Connection) -> bool:
            gone = writer.execute("DELETE FROM schedules WHERE id = ?", (writable(schedule_id),))
            return gone.rowcount == 1

        was_there = await self._database.write("remove schedule", act)
        if was_there:
            await self._database.scrub("remove schedule")
        return was_there

    async def pause_all(self, at_s: float) -> None:
        """See `Schedules.pause_all`."""
        sql = "INSERT INTO schedules_paused (only, at_s) VALUES (1, ?) ON CONFLICT DO NOTHING"
        await self._database.write("pause schedules", lambda writer: writer.execute(sql, (at_s,)))

    async def resume_all(self, at_s: float) -> None:
        """See `Schedules.resume_all`."""

        def act(writer: Connection) -> None:
            if not writer.execute("DELETE FROM schedules_paused").rowcount:
                return
            for entry in map(_read, writer.execute(_ALL).fetchall()):
                after = passed_over(entry, at_s)
                if after != entry:
                    _write(writer, after)

        await self._database.write("resume schedules", act)

    async def paused_s(self) -> float | None:
        """See `Schedules.paused_s`."""
        rows = await self._database.fetch("read schedules' switch", _PAUSED)
        return float(rows[0][0]) if rows else None


def _write(writer: Connection, entry: Entry) -> Entry | None:
    after = replace(entry, version=entry.version + 1)
    done = writer.execute(_WRITE, (*_row(after), entry.schedule.id, entry.version))
    return after if done.rowcount == 1 else None


def _row(entry: Entry) -> list[object]:
    notes = [
        [note.what, note.at_s, note.moment_s, note.count, writable(note.why), note.call]
        for note in entry.notes
    ]
    own = (entry.version, entry.call, entry.done_s, json.dumps(notes, separators=(",", ":")))
    return [*(_cell(getattr(entry.schedule, name)) for name in _OF_SCHEDULE), *own]


def _cell(value: object) -> object:
    return writable(value) if isinstance(value, str) else value


def _read(row: Sequence[Any]) -> Entry:
    held: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    own = {name: held.pop(name) for name in _OF_ENTRY}
    schedule = Schedule(**{**held, "mode": Mode(held["mode"]), "paused": bool(held["paused"])})
    notes = tuple(Note(What(note[0]), *note[1:]) for note in json.loads(own["notes"]))
    return Entry(schedule, own["version"], own["call"], own["done_s"], notes)
