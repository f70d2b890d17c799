"""Records of calls, and schedules, in one SQLite file: adapters of two ports.

`database` opens the file and brings it to the newest shape; `rows` turns values into rows and back;
`queries` says what is asked; `records` and `schedules` keep the promises of the ports of their
names; `store` opens both. `recordings` holds the sound.
"""

from bridge.stores.sqlite.recordings import Recordings
from bridge.stores.sqlite.records import connect
from bridge.stores.sqlite.store import connect_store

__all__ = ["Recordings", "connect", "connect_store"]
