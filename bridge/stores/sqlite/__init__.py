"""Records of calls in one SQLite file: the adapter of `ports/records.py`.

`database` opens the file and brings it to the newest shape; `rows` turns values into rows and back;
`queries` says what is asked; `records` keeps the port's promises. `recordings` holds the sound.
"""

from bridge.stores.sqlite.recordings import Recordings
from bridge.stores.sqlite.records import connect

__all__ = ["Recordings", "connect"]
