"""Everything that is in the file, over one pair of connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.ports.store import Store
from bridge.stores.sqlite.database import opened
from bridge.stores.sqlite.records import SqliteRecords
from bridge.stores.sqlite.schedules import SqliteSchedules


@asynccontextmanager
async def connect_store(path: Path) -> AsyncIterator[Store]:
    """The records and the schedules in that file, made where there is none.

    Raises:
        SettingsError: the file can't be used: damaged, newer, another program's, not writable.
        VendorUnavailable: another process holds it.
    """
    async with opened(path) as database:
        yield Store(SqliteRecords(database), SqliteSchedules(database))
