"""Somebody who rings people back, inside a test: keeps what it is told, and does as it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from typing_extensions import override

from bridge.calls.behind import RingBack
from bridge.calls.live import Promise
from bridge.calls.request import TurnRequest
from bridge.core.call_outcome import Verdict
from bridge.core.order import Order


async def at_once() -> None:
    """Takes no time."""


@dataclass
class RingBacks(RingBack):
    """Promises unless it `refuses`.

    Attributes:
        before: waited for before a promise is on record.
        promised, kept, taken_back: the runs, in order, with the answer or the reason.
    """

    seconds: float = 60.0
    refuses: bool = False
    before: Callable[[], Awaitable[None]] = at_once
    promised: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    taken_back: list[tuple[str, Verdict]] = field(default_factory=list)

    @property
    def settled(self) -> list[str]:
        """Runs whose promise came to anything, as often as it did."""
        return [run_id for run_id, _ in (*self.kept, *self.taken_back)]

    @property
    @override
    def limit_s(self) -> float:
        return self.seconds

    @override
    def may_promise(self, request: TurnRequest) -> bool:
        return not self.refuses

    @override
    async def promise(self, request: TurnRequest, run_id: str) -> Promise | None:
        await self.before()
        if self.refuses:
            return None
        self.promised.append(run_id)
        asked = request.dialogue.newest[-1].text
        return Promise(
            f"call_{run_id}", Order("+15550001234", key=run_id), request.language, asked, 0.0
        )

    @override
    async def keep(self, promise: Promise, answer: str) -> None:
        self.kept.append((str(promise.order.key), answer))

    @override
    async def take_back(self, promise: Promise, verdict: Verdict) -> None:
        self.taken_back.append((str(promise.order.key), verdict))
