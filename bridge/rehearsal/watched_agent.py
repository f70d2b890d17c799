"""The agent, whoever it is, with somebody who notes each time that it is asked and let go of."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from typing_extensions import override

from bridge import clock
from bridge.core.chat import Message
from bridge.ports.upstream import Ask, Finding, Finish, Herald, Upstream, UpstreamEvent
from bridge.rehearsal.performance import AgentAsked, AgentFinished
from bridge.rehearsal.tape import Tape

SYSTEM = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is to be done around each asking.

    Attributes:
        is_foreign: the agent is a process of its own: while it is asked, time passes as it does
            for that.
        platform_prompt: whether a stateless agent gets the platform's system messages.
        before: is told the utterance, just before the agent is asked.
        after: is told when it was let go of.
    """

    is_foreign: bool = False
    platform_prompt: bool = True
    before: Callable[[str], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None


class WatchedAgent(Upstream):
    """See the module. Keeps the promises of the one it watches.

    Attributes:
        open: how many runs it works on.
    """

    def __init__(self, inner: Upstream, tape: Tape, around: Surroundings, first: int = 1) -> None:
        self.open = 0
        self.runs = first - 1
        self._inner = inner
        self._tape = tape
        self._around = around

    @property
    @override
    def name(self) -> str:
        return self._inner.name

    @property
    @override
    def keeps_history(self) -> bool:
        return self._inner.keeps_history

    @property
    @override
    def calls_tools(self) -> bool:
        return self._inner.calls_tools

    @property
    @override
    def herald(self) -> Herald | None:
        return self._inner.herald

    @override
    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        self.runs += 1
        run, tape, around = self.runs, self._tape, self._around
        said = _utterance(ask)
        if around.before is not None:
            await around.before(said)
        tape.add(AgentAsked(tape.at_s, run, said, self._told(ask), ask.session_key or ""))
        events: _Events | None = None
        self.open += 1
        try:
            with self._held():
                async with self._inner.ask(ask) as inner:
                    events = _Events(inner)
                    yield events
        finally:
            self.open -= 1
            is_whole = events is not None and events.is_whole
            tape.add(AgentFinished(tape.at_s, run, is_whole))
            if around.after is not None:
                await around.after()

    @override
    async def models(self) -> tuple[str, ...]:
        with self._held():
            return await self._inner.models()

    @override
    async def warm_up(self) -> None:
        with self._held():
            await self._inner.warm_up()

    @override
    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        with self._held():
            return await self._inner.examine(deep=deep)

    def _held(self) -> AbstractContextManager[None]:
        return clock.elsewhere(passes=True) if self._around.is_foreign else nullcontext()

    def _told(self, ask: Ask) -> str:
        """All text that it is sent."""
        if self.keeps_history:
            messages: Sequence[Message] = ask.newest
        elif self._around.platform_prompt or ask.plain:
            messages = ask.messages
        else:
            messages = [one for one in ask.messages if one.role not in SYSTEM]
        note = ask.note if self.keeps_history else ""
        texts = (ask.instructions, note, *(message.text for message in messages))
        return "\n".join(text for text in texts if text)


class _Events:
    """What comes of a run, with a note when it came to its end."""

    def __init__(self, inner: AsyncIterator[UpstreamEvent]) -> None:
        self.is_whole = False
        self._inner = inner

    def __aiter__(self) -> "_Events":
        return self

    async def __anext__(self) -> UpstreamEvent:
        event = await anext(self._inner)
        self.is_whole = self.is_whole or isinstance(event, Finish)
        return event


def _utterance(ask: Ask) -> str:
    """The newest text of the user's."""
    said = (one.text for one in reversed(ask.messages) if one.role == "user")
    return next(said, "")
