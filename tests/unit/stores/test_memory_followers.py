"""Who follows a reply is told of it in turn."""

import asyncio

from bridge.core.conversation import Conversation, Run, Standing
from bridge.core.dialogue import TurnKey
from bridge.core.reply import Origin, Words
from bridge.stores.memory import MemoryLedger

LIVE = Run("r1", TurnKey(0, "", "hi"), Standing.RUNNING, asked=True)


async def test_followers_go_on_in_the_order_in_which_they_came() -> None:
    """Else two performances of one call would differ in who was told first."""
    ledger, told = MemoryLedger(), list[int]()
    assert await ledger.replace("conv:1", 0, Conversation((LIVE,)), 1.0, "r1")

    async def follow(number: int) -> None:
        async for _ in ledger.follow("r1"):
            told.append(number)
            return

    async with asyncio.timeout(5.0), asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(follow(number))
        await asyncio.sleep(0)
        await ledger.append("r1", Words("Hello.", Origin.AGENT))

    assert told == list(range(200))
