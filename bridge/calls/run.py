"""One run of the agent: asks it, shapes what it says, and keeps the clock while it thinks.

A run has a single owner, the task that `Turns` started for it, and three hands: one reads the
agent, one keeps the time of the reply, one waits for its deadline. They act through the same
`Delivery`, one at a time.

At the deadline it is over, or goes on behind the call: then its reply ends with a promise, and
what the agent says from there on is gathered in `behind`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from bridge.core.conversation import Stop
from bridge.core.delivery import Delivery
from bridge.core.reply import Call, End, Failure, Item
from bridge.core.ring_back import Behind
from bridge.errors import VendorBrokePromise, VendorError, VendorTooSlow, Why
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, Upstream, UpstreamEvent, Working

GoBehind = Callable[[], Awaitable[float | None]]
"""Asked at the deadline: for how many seconds the run may go on behind the call; `None` ends it."""


class Run:
    """Speaks one reply, all but its end: that goes out when the agent has been let go of.

    Args:
        delivery: decides what is said.
        append: where the reply's items go, in order.
        now: the clock, in seconds.

    Attributes:
        end: the end of the reply; a bare one until it is known.
        asked_s: when the agent was asked; `None` until then.
        behind: what it says behind the call; `None` while there is a call.
    """

    def __init__(
        self,
        delivery: Delivery,
        append: Callable[[Sequence[Item]], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self.delivery = delivery
        self.end = End()
        self.asked_s: float | None = None
        self.behind: Behind | None = None
        self._append = append
        self._now = now
        self._order = asyncio.Lock()
        self._nudge = asyncio.Event()  # due sooner than `_keep_time` would wake
        self._awake_at_s: float | None = None

    @property
    def failure(self) -> Failure | None:
        """Why the agent's reply failed, if it did."""
        return self.delivery.failure

    async def speak(
        self,
        upstream: Upstream,
        prepare: Callable[[], Awaitable[Ask | None]],
        deadline_s: float,
        go_behind: GoBehind,
    ) -> None:
        """Asks and delivers, to the end. Every failure of the agent becomes words.

        Args:
            upstream: who is asked.
            prepare: waits until the agent may be asked, and says what; `None` when it must not be.
            deadline_s: seconds from now until the run is given up with an honest sentence.
            go_behind: asked then, of a run that has asked the agent.
        """
        async with anyio.create_task_group() as hands:
            hands.start_soon(self._keep_time)
            limit = anyio.CancelScope()
            hands.start_soon(self._meet_deadline, limit, deadline_s, go_behind)
            try:
                with limit:
                    ask = await prepare()
                    if ask is not None:
                        await self._read(upstream, ask)
                if limit.cancelled_caught:
                    await self._fail(_too_slow(upstream.name))
            except VendorError as error:
                await self._fail(error)
            hands.cancel_scope.cancel()

    @asynccontextmanager
    async def in_order(self) -> AsyncIterator[None]:
        """Nothing is said, heard or ended by anybody else while the block lasts."""
        async with self._order:
            yield

    async def say_ours(self, sentence: str) -> None:
        """Says a sentence of bridge's before the agent's first word."""
        async with self._order:
            await self._say(self.delivery.announce(sentence))

    async def promise(self, sentence: str) -> None:
        """Ends the reply with that sentence; the rest is gathered. Only `in_order`.

        Its `End` is kept in `end`, as that of any other reply.
        """
        delivery = self.delivery
        await self._say(delivery.promise(sentence))
        self.behind = Behind(delivery.shaper, delivery.said)

    async def give_up(self, cause: Stop) -> None:
        """The run was stopped: what a late repeat of its request is to hear."""
        await self._say(self.delivery.give_up(cause, self._now()))

    async def _read(self, upstream: Upstream, ask: Ask) -> None:
        self.asked_s = self._now()
        async with upstream.ask(ask) as events:
            async for event in events:
                async with self._order:
                    await self._say(self._hear(event))
                if isinstance(event, Finish):
                    return
                if self._is_too_long:
                    async with self._order:
                        await self._say(self.delivery.finish("length", self._now()))
                    return
        raise VendorBrokePromise(
            "The agent's reply stopped without an end.", vendor=upstream.name, operation="chat"
        )

    @property
    def _is_too_long(self) -> bool:
        return self.behind.is_too_long if self.behind is not None else self.delivery.is_too_long

    def _hear(self, event: UpstreamEvent) -> Sequence[Item]:
        at_s = self._now()
        if self.behind is not None:
            if isinstance(event, Text):
                self.behind.text(event.text, at_s)
            return ()
        match event:
            case Text(text):
                items = self.delivery.text(text, at_s)
                due_s = self.delivery.due_s
                if due_s is not None and (self._awake_at_s is None or due_s < self._awake_at_s):
                    self._nudge.set()
                return items
            case Working(label):
                return self.delivery.working(label)
            case ToolCall(call_id, name, arguments):
                return self.delivery.call(Call(call_id, name, arguments), at_s)
            case Finish(reason, usage):
                return self.delivery.finish(reason, at_s, usage)

    async def _keep_time(self) -> None:
        """Lets go of held text and says fillers when they are due."""
        while True:
            self._nudge.clear()
            self._awake_at_s = due_s = self.delivery.due_s
            wait_s = None if due_s is None else max(0.0, due_s - self._now())
            with anyio.move_on_after(wait_s):
                await self._nudge.wait()
                continue
            async with self._order:
                await self._say(self.delivery.tick(self._now()))

    async def _meet_deadline(
        self, limit: anyio.CancelScope, deadline_s: float, go_behind: GoBehind
    ) -> None:
        await anyio.sleep(deadline_s)
        behind_s = await go_behind() if self.asked_s is not None else None
        limit.deadline = anyio.current_time() + (behind_s or 0.0)

    async def _fail(self, error: VendorError) -> None:
        async with self._order:
            if self.behind is not None:
                self.behind.has_failed = True
            await self._say(self.delivery.fail(Failure.of(error), self._now()))

    async def _say(self, items: Sequence[Item]) -> None:
        if items and isinstance(items[-1], End):
            self.end = items[-1]
            items = items[:-1]
        if items:
            await self._append(items)


def _too_slow(vendor: str) -> VendorTooSlow:
    return VendorTooSlow(
        "The agent did not finish within turn.deadline_s.",
        vendor=vendor,
        operation="chat",
        why=Why.LATE,
        hint="Raise turn.deadline_s, or give the agent less to do in one turn.",
    )
