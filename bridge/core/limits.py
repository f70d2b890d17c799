"""How much and how fast: rate and concurrency by key (a token, a number's digest).

Both promise a bounded memory whatever keys they are asked about, and both are off at 0.
"""

from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0
"""A rate is given per minute; this is the minute."""

MAX_KEYS = 10_000
"""Keys remembered at once: more callers than ring one number in a minute, and about 10 MB.
The one longest unasked is forgotten first, and starts afresh."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether one more may pass, and if not, after how many seconds one may (0 when it may)."""

    allowed: bool
    retry_after_s: float = 0.0


class RateLimit:
    """At most so many in any minute, for each key.

    Counts the moments themselves rather than filling a bucket: a bucket that allows bursts of N
    lets 2 N through within one minute, and one that does not refuses steady clients. The price is
    32 bytes for each one admitted in the last minute.

    Args:
        per_minute: how many in any 60 s, each minute including its start and not its end; 0 is
            off.
        max_keys: how many keys are remembered.
    """

    def __init__(self, per_minute: int, *, max_keys: int = MAX_KEYS) -> None:
        self._per_minute = per_minute
        self._max_keys = max_keys
        self._admitted: dict[str, deque[float]] = {}  # the key asked about last comes last

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._admitted)

    def admit(self, key: str, at_s: float) -> Admission:
        """Count one more, unless it is one too many. What is refused is not counted.

        Args:
            key: who asks.
            at_s: now, on a clock that never goes back.
        """
        if self._per_minute <= 0:
            return Admission(allowed=True)
        self._forget(at_s)
        moments = self._admitted.pop(key, None) or deque()
        self._admitted[key] = moments
        while moments and moments[0] + WINDOW_S <= at_s:
            moments.popleft()
        if len(moments) >= self._per_minute:
            return Admission(allowed=False, retry_after_s=moments[0] + WINDOW_S - at_s)
        moments.append(at_s)
        if len(self._admitted) > self._max_keys:
            del self._admitted[next(iter(self._admitted))]
        return Admission(allowed=True)

    def _forget(self, at_s: float) -> None:
        """Drop keys that have had nothing for a minute, as far as they stand in front."""
        while self._admitted:
            key, moments = next(iter(self._admitted.items()))
            if moments[-1] + WINDOW_S > at_s:
                return
            del self._admitted[key]


class Concurrency:
    """At most so many at once, for each key.

    Args:
        limit: how many at once; 0 is off, and then only counts.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside: dict[str, int] = {}

    def __len__(self) -> int:
        """How many keys have something under way."""
        return len(self._inside)

    def inside(self, key: str) -> int:
        """How many of this key are under way."""
        return self._inside.get(key, 0)

    def enter(self, key: str) -> bool:
        """Take a place. False when there is none, and then `leave` must not be called."""
        inside = self.inside(key)
        if 0 < self._limit <= inside:
            return False
        self._inside[key] = inside + 1
        return True

    def leave(self, key: str) -> None:
        """Give back a place that `enter` gave.

        Raises:
            ValueError: nothing of this key is under way: a place was given back twice.
        """
        inside = self.inside(key)
        if inside == 0:
            raise ValueError("left more often than entered")
        if inside == 1:
            del self._inside[key]
        else:
            self._inside[key] = inside - 1
