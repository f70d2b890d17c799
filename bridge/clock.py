"""The only reader of a clock.

Two clocks, never mixed: `now_s` measures how long things take and never jumps;
`wall_s` is the time of day, for what is written down or shown to people.
"""

import time


def now_s() -> float:
    """Seconds on the monotonic clock. Only differences mean anything."""
    return time.monotonic()


def wall_s() -> float:
    """Seconds since 1970-01-01 UTC. May jump when the machine's clock is set."""
    return time.time()  # noqa: TID251 - this is the one place it may be read
