"""What happens in calls, live, for whoever watches: `bridge tail`.

Each watcher has a queue of its own. One that doesn't keep up loses what is oldest and is told how
much; nobody else waits for it.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

WATCHERS = 16
"""Watchers at one moment: more than operators there are."""

QUEUED = 500
"""Happenings that wait for one watcher: about half a minute of the busiest hour."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happened in a call.

    Attributes:
        name: `call.rang`, `call.refused`, `turn.finished`, `call.ended` …
        at_s: time of day.
        facts: as JSON, without words and with numbers masked.
        words: what was said, as JSON; only for who asked for it.
    """

    name: str
    at_s: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def render(self, *, words: bool) -> dict[str, Any]:
        """As JSON."""
        return {
            "event": self.name,
            "at_s": self.at_s,
            **self.facts,
            **(self.words if words else {}),
        }


class Watch:
    """One watcher's queue."""

    def __init__(self) -> None:
        self._waiting: deque[Happening] = deque()
        self._missed = 0
        self._news = anyio.Event()

    def put(self, happening: Happening) -> None:
        """Adds; never waits."""
        if len(self._waiting) >= QUEUED:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(happening)
        self._news.set()

    async def wait(self) -> None:
        """Until there is something to take."""
        if not self._waiting:
            self._news = anyio.Event()
            await self._news.wait()

    def take(self) -> Iterator[Happening]:
        """What waits, in order; first how much was missed, if anything was."""
        if self._missed:
            missed, self._missed = self._missed, 0
            yield Happening("missed", self._waiting[0].at_s, {"count": missed})
        while self._waiting:
            yield self._waiting.popleft()


class Feed:
    """Tells every watcher."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []

    def __len__(self) -> int:
        """How many watch."""
        return len(self._watches)

    @property
    def is_full(self) -> bool:
        """Whether no more can watch."""
        return len(self._watches) >= WATCHERS

    def tell(self, happening: Happening) -> None:
        """Something happened."""
        for watch in self._watches:
            watch.put(happening)

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """A queue, for as long as the block lasts."""
        watch = Watch()
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)
