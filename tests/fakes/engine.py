"""The real turn engine over a scripted agent, on a clock that jumps."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bridge.calls.behind import NEVER, RingBack
from bridge.calls.report import TurnReport
from bridge.calls.request import TurnRequest
from bridge.calls.rules import Rules
from bridge.calls.turns import Turns
from bridge.calls.witness import NOBODY, Witness
from bridge.core import dialogue
from bridge.core.chat import Message
from bridge.core.identity import CallIdentity, Strength
from bridge.core.reply import Item, Origin, Words
from bridge.core.session import SessionKey
from bridge.phrases import load_phrases
from bridge.ports.ledger import Ledger
from bridge.stores.memory import MemoryLedger
from tests.fakes.scripted_agent import ScriptedAgent

BOOK = load_phrases()


def says(*texts: str) -> tuple[Message, ...]:
    """A dialogue: the caller's words and the replies in turn, the caller first; `""` is skipped."""
    roles = ("user", "assistant")
    return tuple(Message.of(roles[i % 2], text) for i, text in enumerate(texts) if text)


def text_of(items: Sequence[Item], *origins: Origin) -> str:
    """The words of a reply, of these origins or of all."""
    wanted = origins or tuple(Origin)
    return "".join(i.text for i in items if isinstance(i, Words) and i.origin in wanted)


class Engine:
    """Requests go in, items come out."""

    def __init__(self, turns: Turns, agent: ScriptedAgent, reports: list[TurnReport]) -> None:
        self.turns = turns
        self.agent = agent
        self.reports = reports
        self._alone = itertools.count()

    def request(
        self,
        messages: Sequence[Message],
        *,
        conversation: str | None = "c1",
        key: str | None = None,
        **changes: Any,
    ) -> TurnRequest:
        """A request as the door makes it."""
        strength, thread = Strength.ALONE, f"alone:{next(self._alone)}"
        if key:
            strength, thread = Strength.KEY, f"key:{key}"
        if conversation:
            strength, thread = Strength.CONVERSATION, f"conv:{conversation}"
        fields: dict[str, Any] = {
            "identity": CallIdentity(conversation, strength=strength),
            "session_key": SessionKey(key) if key else None,
            "language": "en",
            "received_s": asyncio.get_running_loop().time(),
        }
        fields.update(changes)
        return TurnRequest(
            thread=thread,
            strength=strength,
            messages=tuple(messages),
            dialogue=dialogue.read(messages),
            **fields,
        )

    async def reply(self, messages: Sequence[Message], **changes: Any) -> list[Item]:
        """The whole reply to one request."""
        async with self.turns.listen(self.request(messages, **changes)) as listening:
            return [item async for items in listening.items for item in items]

    def call(self, messages: Sequence[Message], **changes: Any) -> "Connection":
        """A request that may be closed."""
        return Connection(self, messages, changes)


class Connection:
    """One request of the platform, as a connection that it can close."""

    def __init__(
        self, engine: Engine, messages: Sequence[Message], changes: dict[str, Any]
    ) -> None:
        self.items: list[Item] = []
        self.kind = self.run_id = ""
        self._task = asyncio.get_running_loop().create_task(self._follow(engine, messages, changes))

    async def _follow(
        self, engine: Engine, messages: Sequence[Message], changes: dict[str, Any]
    ) -> None:
        async with engine.turns.listen(engine.request(messages, **changes)) as listening:
            self.kind, self.run_id = listening.kind, listening.run_id
            async for items in listening.items:
                self.items.extend(items)

    @property
    def is_open(self) -> bool:
        """Whether it neither ended nor was closed."""
        return not self._task.done()

    async def close(self) -> None:
        """Goes away without a word."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def end(self) -> list[Item]:
        """Waits for the reply's end."""
        await self._task
        return self.items


@asynccontextmanager
async def engine(
    agent: ScriptedAgent | None = None,
    rules: Rules | None = None,
    ledger: Ledger | None = None,
    ring_back: RingBack = NEVER,
    witness: Witness = NOBODY,
) -> AsyncIterator[Engine]:
    """A working engine."""
    agent = agent or ScriptedAgent()
    reports: list[TurnReport] = []
    turns = Turns(
        agent,
        MemoryLedger() if ledger is None else ledger,
        BOOK,
        rules or Rules(),
        now=asyncio.get_running_loop().time,
        observe=reports.append,
        witness=witness,
        ring_back=ring_back,
    )
    async with turns.working():
        yield Engine(turns, agent, reports)
