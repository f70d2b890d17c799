"""One run of the agent: asks it, shapes what it says, and keeps the clock while it thinks.

A run has a single owner, the task that `Turns` started for it, and two hands: one reads the
agent, the other watches the time. Both act through the same `Delivery`, one at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import anyio

from bridge.core.conversation import Stop
from bridge.core.delivery import Delivery
from bridge.core.reply import Call, End, Failure, Item
from bridge.errors import VendorBrokePromise, VendorError, VendorTooSlow, Why
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, Upstream, UpstreamEvent, Working


class Run:
    """Speaks one reply, all but its end: that goes out when the agent has been let go of.

    Args:
        delivery: decides what is said.
        append: where the reply's items go, in order.
        now: the clock, in seconds.

    Attributes:
        end: the end of the reply; a bare one until it is known.
        asked_s: when the agent was asked; `None` until then.
    """

    def __init__(
        self,
        delivery: Delivery,
        append: Callable[[Item], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self.delivery = delivery
        self.end = End()
        self.asked_s: float | None = None
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
        self, upstream: Upstream, prepare: Callable[[], Awaitable[Ask | None]], deadline_s: float
    ) -> None:
        """Asks and delivers, to the end. Every failure of the agent becomes words.

        Args:
            upstream: who is asked.
            prepare: waits until the agent may be asked, and says what; `None` when it must not be.
            deadline_s: seconds from now until the run is given up with an honest sentence.
        """
        async with anyio.create_task_group() as hands:
            hands.start_soon(self._keep_time)
            try:
                async with asyncio.timeout(deadline_s):
                    ask = await prepare()
                    if ask is not None:
                        await self._read(upstream, ask)
            except TimeoutError:
                await self._fail(_too_slow(upstream.name))
            except VendorError as error:
                await self._fail(error)
            hands.cancel_scope.cancel()

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
                if self.delivery.is_too_long:
                    async with self._order:
                        await self._say(self.delivery.finish("length", self._now()))
                    return
        raise VendorBrokePromise(
            "The agent's reply stopped without an end.", vendor=upstream.name, operation="chat"
        )

    def _hear(self, event: UpstreamEvent) -> Sequence[Item]:
        at_s = self._now()
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

    async def _fail(self, error: VendorError) -> None:
        async with self._order:
            await self._say(self.delivery.fail(Failure.of(error), self._now()))

    async def _say(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, End):
                self.end = item
            else:
                await self._append(item)


def _too_slow(vendor: str) -> VendorTooSlow:
    return VendorTooSlow(
        "The agent did not finish within turn.deadline_s.",
        vendor=vendor,
        operation="chat",
        why=Why.LATE,
        hint="Raise turn.deadline_s, or give the agent less to do in one turn.",
    )
