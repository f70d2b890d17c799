"""A run that is under way in this process, as whoever looks after it sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from bridge import log
from bridge.calls.asking import AskPlan
from bridge.calls.request import TurnRequest
from bridge.calls.run import Run
from bridge.core.conversation import Stop
from bridge.core.latency import Moments
from bridge.core.order import Order
from bridge.core.turn_events import (
    Start,
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A call that was promised to somebody, and is on record.

    Attributes:
        call: our id of it.
        order: what will be ordered, but for its words.
        language: the caller's, as a language tag.
        asked: what the caller had asked.
        promised_s: time of day.
    """

    call: str
    order: Order = field(repr=False)
    language: str
    asked: str = field(repr=False)
    promised_s: float


@dataclass(slots=True)
class Live:
    """A run that is under way.

    Attributes:
        moments: when its turn reached each stage.
        scope: cancelled to stop it.
        plan: what the agent was asked from; `None` until then.
        cause: why it is to stop; `None` while it is not.
        promise: what was promised to its caller; with it the run goes on behind the call.
        has_finished: it came to its end by itself, well or badly.
        is_closing: what it came to is settled; no stop changes that any more.
        closed: it is over, and its reply has its end.
    """

    request: TurnRequest
    start: Start
    run: Run
    moments: Moments
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    plan: AskPlan | None = None
    cause: Stop | None = None
    promise: Promise | None = None
    has_finished: bool = False
    is_closing: bool = False
    closed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def behind_id(self) -> str:
        """What the ledger calls it once it goes on behind the call."""
        return f"{self.start.run_id}-behind"

    @property
    def id(self) -> str:
        """What the ledger calls it now."""
        return self.start.run_id if self.promise is None else self.behind_id

    @property
    def stop(self) -> Stop | None:
        """Why it did not come to its own end; `None` when it did."""
        return self.cause or (Stop.FAILED if self.run.failure else None)

    @property
    def outcome(self) -> str:
        """How its turn came out, for reports."""
        if self.promise is not None:
            return "ring_back"
        return self.stop.value if self.stop else "done"


@contextmanager
def apart(event: str, run_id: str) -> Iterator[None]:
    """What goes wrong with one run is logged and ends no other: they share one task group."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        log.failure(event, error, turn=run_id)
