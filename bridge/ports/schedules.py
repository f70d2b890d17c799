"""Schedules: calls that are to be placed at times, kept until they are removed.

An adapter promises:

- what a method wrote stays when it has returned, whole or not at all, over a power cut too;
- an entry is written only over the version that it came from, so that of two processes that change
  it at once one has to look again, and nobody's change is lost;
- words of a schedule are kept as they were given, whatever `records.words` says: they are the
  operator's own, and nothing can be said at seven that isn't kept until then;
- what is removed is gone from its files, not only from its lists;
- any number of processes may read and write at once;
- every failure is a `VendorError` (or a `SettingsError` when it is opened), without words, numbers
  or keys in its text.

Moments are time of day, in seconds since 1970.
"""

from dataclasses import dataclass
from typing import Protocol

from bridge.core.schedule_entry import Book, Entry

MOST = 500
"""Schedules that wait for a moment, at most. Each is looked at whenever one changes; who has more
keeps a calendar of their own, and places calls with `POST /calls`."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a schedule that was to be added.

    Attributes:
        entry: as it is kept: the given one, or the one that was there.
        is_new: false when there was one of its id.
    """

    entry: Entry
    is_new: bool


class Schedules(Protocol):
    """See the module."""

    async def add(self, entry: Entry, *, most: int = MOST) -> Added | None:
        """Keeps a new one, unless there is one of its id.

        Returns:
            `None` when there are `most` of them already, those that are done not counted.
        """

    async def book(self) -> Book:
        """All of them, by `made_s`, and whether they rest."""

    async def entry(self, schedule_id: str) -> Entry | None:
        """The one of that id."""

    async def write(self, entry: Entry) -> Entry | None:
        """Writes one over the version that it came from, as the next version.

        Returns:
            As it is kept; `None` when another has written meanwhile, or it was removed.
        """

    async def remove(self, schedule_id: str) -> bool:
        """Deletes one for good; whether there was one."""

    async def pause_all(self, at_s: float) -> None:
        """From now on all of them rest, and those that are added too."""

    async def resume_all(self, at_s: float) -> None:
        """They don't any more: each is `passed_over`, in one act with the switch."""

    async def paused_s(self) -> float | None:
        """Since when all of them rest; `None` while they don't."""
