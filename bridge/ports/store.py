"""What one address of `store.url` opens: the records of calls, and the schedules, side by side."""

from dataclasses import dataclass

from bridge.ports.records import Records
from bridge.ports.schedules import Schedules


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Both are closed with it."""

    records: Records
    schedules: Schedules
