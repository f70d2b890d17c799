"""The file: opened, brought to the newest shape, written by one connection and read by another.

What must survive a power cut is synced to the disk (`synchronous = FULL`): a call that was written
down before it is dialled, else it would be dialled twice, and a report that the platform won't tell
again. Turns are not (`NORMAL`): whatever is killed, they stay, and a power cut costs the last of
them; a sync of each would hold up those behind it. The write-ahead log lets others read meanwhile,
this process and another.

Source: sqlite.org/wal.html, sqlite.org/pragma.html (2026-11).
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import anyio

from bridge import clock
from bridge.errors import SettingsError, VendorError, VendorUnavailable, Why

APPLICATION = 0x62726467
"""`brdg`, in the file's header: a database that says something else isn't ours."""

BUSY_S = 5.0
"""How long another process's write is waited for. One takes milliseconds; a purge, seconds."""

FILE_MODE = 0o600
FOLDER_MODE = 0o700

SETTING = "store.url"

T = TypeVar("T")

_NOT_A_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class Database:
    """An open file. Made by `opened`.

    One connection writes, in a thread of its own: each act is one visit there, so that a busy loop
    delays it once and not at each statement. Another connection reads.
    """

    def __init__(
        self, writer: sqlite3.Connection, thread: Executor, reader: aiosqlite.Connection
    ) -> None:
        self._writer = writer
        self._thread = thread
        self._reader = reader

    async def fetch(
        self, operation: str, sql: str, values: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Every row of a query, as it was committed last."""
        with clock.elsewhere(), _faults(operation):
            return [tuple(row) for row in await self._reader.execute_fetchall(sql, values)]

    async def write(
        self, operation: str, act: Callable[[sqlite3.Connection], T], *, synced: bool = True
    ) -> T:
        """One act: when this returns all of it is written, or nothing of it.

        Whoever waits for it may be cancelled at any point: an act that has begun comes to its end,
        one that waits is never done.

        Args:
            synced: whether it must survive a power cut too, and not only the end of the program.
        """
        return await self._visit(operation, lambda: self._act(act, synced=synced))

    async def scrub(self, operation: str) -> None:
        """Overwrites what was deleted wherever it still is: in the index of words and in the log.

        Deleted rows are overwritten at once (`secure_delete`); the index only marks its own until
        it is merged, and the log keeps old pages until it is emptied.
        """
        await self._visit(operation, self._scrub)

    async def _visit(self, operation: str, work: Callable[[], T]) -> T:
        with _faults(operation):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except RuntimeError as error:  # the thread takes nothing more
                if "shutdown" not in str(error):
                    raise
                raise sqlite3.ProgrammingError("closed") from None

    def _act(self, act: Callable[[sqlite3.Connection], T], *, synced: bool) -> T:
        self._writer.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            done = act(self._writer)
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        return done

    def _scrub(self) -> None:
        self._writer.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    """The database at that path, made where there is none.

    Raises:
        SettingsError: it can't be opened, is damaged, isn't ours, or is a newer bridge's.
        VendorUnavailable: another process holds it for longer than `BUSY_S`.
    """
    await asyncio.to_thread(_prepare, path)
    async with _reading(path) as reader:
        with ThreadPoolExecutor(1, "records") as thread:
            with _faults("open"):
                loop = asyncio.get_running_loop()
                writer = await loop.run_in_executor(thread, _connected, path)
            try:
                yield Database(writer, thread, reader)
            finally:
                thread.submit(writer.close)


_PRAGMAS = ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON")


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


@asynccontextmanager
async def _reading(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    with clock.elsewhere(), _faults("open"):
        connection = await aiosqlite.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        with clock.elsewhere(), _faults("open"):
            await connection.execute("PRAGMA query_only = ON")
        yield connection
    finally:
        with clock.elsewhere(), anyio.CancelScope(shield=True):
            await connection.close()


def _prepare(path: Path) -> None:
    try:
        _make(path)
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as connection:
            version = _check(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection, version)
    except OSError as error:
        raise _unusable(path, error.strerror or "it can't be made") from None
    except sqlite3.Error as error:
        if _code_of(error) == sqlite3.SQLITE_BUSY:
            raise _fault("open", error) from None
        if _code_of(error) in _NOT_A_DATABASE:
            raise _damaged(path) from None
        raise _unusable(path, f"SQLite says {error.sqlite_errorname}") from None


def _make(path: Path) -> None:
    """The file, for its owner's eyes only. SQLite gives its companions the same mode."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))


def _check(path: Path, connection: sqlite3.Connection) -> int:
    """The version of its shape; 0 when it is empty."""
    version = _number(connection, "PRAGMA user_version")
    made_by = _number(connection, "PRAGMA application_id")
    is_empty = not _number(connection, "SELECT count(*) FROM sqlite_master")
    if not is_empty and made_by != APPLICATION:
        raise SettingsError(
            f"{str(path)!r} is a database of another program",
            setting=SETTING,
            hint="Name another file with store.url (BRIDGE_STORE__URL).",
        )
    if version > len(_steps()):
        raise SettingsError(
            f"{str(path)!r} was written by a newer bridge (its shape is {version}, this one knows "
            f"{len(_steps())})",
            setting=SETTING,
            hint="Run that version, or name another file with store.url (BRIDGE_STORE__URL).",
        )
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Takes the steps that are missing, all or none. Another process may do so at the same time."""
    steps = _steps()
    if version == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _number(connection, "PRAGMA user_version")
        for step in steps[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _steps() -> list[str]:
    folder = resources.files("bridge.stores.sqlite.migrations")
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name
    )
    return [file.read_text(encoding="utf-8") for file in found]


def _statements(script: str) -> Iterator[str]:
    """The script's statements: whole, so that they can be run within one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


@contextmanager
def _faults(operation: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _fault(operation, error) from None
    except ValueError as error:
        if "closed" not in str(error) and "no active connection" not in str(error):
            raise
        raise VendorUnavailable(
            "The records are closed.", vendor="sqlite", operation=operation
        ) from None


def _fault(operation: str, error: sqlite3.Error) -> VendorError:
    """SQLite's own text may quote what was written: its code says enough."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    hint = {
        sqlite3.SQLITE_FULL: "Make room on the disk.",
        sqlite3.SQLITE_BUSY: "Another process holds the file: stop it, or try again.",
        sqlite3.SQLITE_CORRUPT: "The file is damaged: move it away, and bridge makes a new one.",
        sqlite3.SQLITE_READONLY: "Let bridge write to the file and its folder.",
    }.get(_code_of(error), "")
    return VendorUnavailable(
        f"The records can't be read or written: SQLite says {name}.",
        vendor="sqlite",
        operation=operation,
        why=Why.UNREACHABLE,
        hint=hint,
    )


def _code_of(error: sqlite3.Error) -> int:
    """The primary code: the extended ones hold it in their lowest byte."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _damaged(path: Path) -> SettingsError:
    return SettingsError(
        f"{str(path)!r} is damaged, or no database",
        setting=SETTING,
        hint="Move the file away, and bridge makes a new one; or name another with store.url.",
    )


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"{str(path)!r} can't be used for records: {why}",
        setting=SETTING,
        hint="Name a file that bridge may write with store.url (BRIDGE_STORE__URL).",
    )
