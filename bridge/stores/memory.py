"""The ledger of one process: everything in memory, bounded, gone with the process."""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

from bridge.core.conversation import Conversation, Stop
from bridge.core.reply import End, Item
from bridge.ports.ledger import FORGET_S, Entry

ROOM = 20_000
"""Conversations remembered at most: an hour of 300 calls a minute, more than `limits.per_minute`
lets through by default. Full, it takes about 120 MB when each has had one reply of 40 chunks, and
about 900 MB when each has had eight, which is all that a conversation remembers.
"""


class _Reply:
    """A reply that grows, and those who wait for it to."""

    __slots__ = ("is_over", "items", "waiting")

    def __init__(self) -> None:
        self.items: list[Item] = []
        # In the order in which they came: so they go on, and two runs of one call are alike.
        self.waiting: dict[asyncio.Future[None], None] = {}
        self.is_over = False

    def append(self, items: Sequence[Item]) -> None:
        for item in items:
            if self.is_over:
                break
            self.items.append(item)
            self.is_over = isinstance(item, End)
        self._wake()

    def close(self) -> None:
        """Nothing more will come: let followers go."""
        self.is_over = True
        self._wake()

    def _wake(self) -> None:
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)
        self.waiting.clear()

    async def more(self, at: int) -> Sequence[Item]:
        """All that stands behind the first `at`, once there is something; nothing at the end."""
        while at >= len(self.items) and not self.is_over:
            waiter = asyncio.get_running_loop().create_future()
            self.waiting[waiter] = None
            try:
                await waiter
            finally:
                self.waiting.pop(waiter, None)
        return self.items[at:]


class _Following:
    """One follower's way through a reply. No generator: there is nothing to close."""

    __slots__ = ("_at", "_reply")

    def __init__(self, reply: _Reply) -> None:
        self._reply = reply
        self._at = 0

    def __aiter__(self) -> AsyncIterator[Sequence[Item]]:
        return self

    async def __anext__(self) -> Sequence[Item]:
        items = await self._reply.more(self._at)
        if not items:
            raise StopAsyncIteration
        self._at += len(items)
        return items


_NEVER_OPENED = _Reply()
_NEVER_OPENED.close()


class _Thread:
    """One conversation: its state, its version, when it was touched, its replies."""

    __slots__ = ("conversation", "replies", "touched_at_s", "version")

    def __init__(self) -> None:
        self.conversation = Conversation()
        self.version = 0
        self.touched_at_s = 0.0
        self.replies: dict[str, _Reply] = {}

    @property
    def is_busy(self) -> bool:
        return any(not run.is_over for run in self.conversation.runs)


class MemoryLedger:
    """Adapter of `Ledger`. Not for threads: one event loop uses it."""

    def __init__(self, *, room: int = ROOM) -> None:
        self._room = room
        self._threads: OrderedDict[str, _Thread] = OrderedDict()
        self._replies: dict[str, _Reply] = {}
        self._versions = itertools.count(1)  # never the same again, not even after forgetting
        # Unbounded by itself: a run is asked to stop once or twice, and only while it is live.
        self._stops: asyncio.Queue[tuple[str, Stop]] = asyncio.Queue()

    def __len__(self) -> int:
        """How many conversations are remembered."""
        return len(self._threads)

    async def read(self, thread: str) -> Entry:
        """See `Ledger.read`."""
        held = self._threads.get(thread)
        return Entry(held.conversation, held.version) if held else Entry(Conversation(), 0)

    async def replace(
        self,
        thread: str,
        version: int,
        conversation: Conversation,
        at_s: float,
        opens: str | None = None,
    ) -> bool:
        """See `Ledger.replace`."""
        held = self._threads.get(thread)
        if (held.version if held else 0) != version:
            return False
        if held is None:
            held = self._threads[thread] = _Thread()
        held.conversation, held.touched_at_s = conversation, at_s
        held.version = next(self._versions)
        self._threads.move_to_end(thread)
        if opens is not None:
            self._replies[opens] = held.replies[opens] = _Reply()
        self._drop_replies(held)
        self._drop_idle(at_s)
        return True

    async def forget(self, thread: str) -> None:
        """See `Ledger.forget`."""
        self._forget(thread)

    async def append(self, run_id: str, *items: Item) -> None:
        """See `Ledger.append`."""
        reply = self._replies.get(run_id)
        if reply is not None:
            reply.append(items)

    def follow(self, run_id: str) -> AsyncIterator[Sequence[Item]]:
        """See `Ledger.follow`."""
        return _Following(self._replies.get(run_id, _NEVER_OPENED))

    async def ask_to_stop(self, run_id: str, cause: Stop) -> None:
        """See `Ledger.ask_to_stop`."""
        reply = self._replies.get(run_id)
        if reply is not None and not reply.is_over:
            self._stops.put_nowait((run_id, cause))

    async def stops(self) -> AsyncIterator[tuple[str, Stop]]:
        """See `Ledger.stops`."""
        while True:
            yield await self._stops.get()

    def _drop_replies(self, held: _Thread) -> None:
        """Replies of runs that their conversation no longer remembers."""
        for run_id in [run_id for run_id in held.replies if not held.conversation.run(run_id)]:
            held.replies.pop(run_id)
            self._replies.pop(run_id).close()

    def _drop_idle(self, at_s: float) -> None:
        """Conversations past their time, and the oldest idle ones beyond our room."""
        for _ in range(len(self._threads)):
            thread, held = next(iter(self._threads.items()))
            is_past = at_s - held.touched_at_s > FORGET_S
            if not is_past and len(self._threads) <= self._room:
                return
            if held.is_busy:
                self._threads.move_to_end(thread)
            else:
                self._forget(thread)

    def _forget(self, thread: str) -> None:
        held = self._threads.pop(thread, None)
        for run_id in held.replies if held else ():
            self._replies.pop(run_id).close()
