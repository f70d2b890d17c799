"""An agent inside the test: it keeps the promises of `ports/upstream.py` and does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.errors import VendorError
from bridge.ports.upstream import Ask, Finding, Finish, Herald, Text, UpstreamEvent


@dataclass(frozen=True, slots=True)
class Script:
    """How one question is answered: after how long, with which events, how far apart."""

    events: Sequence[UpstreamEvent | VendorError]
    think_s: float = 0.0
    gap_s: float = 0.0


@dataclass(slots=True)
class Asked:
    """One question, and what became of it: `"open"`, `"whole"`, `"left"` or `"failed"`."""

    ask: Ask
    outcome: str = "open"

    @property
    def words(self) -> str:
        """The newest message's own text."""
        return self.ask.newest[-1].text


@dataclass(slots=True)
class ScriptedAgent:
    """Answers each question with the next script, else as `always`, else echoes it at once."""

    name: str = "scripted"
    keeps_history: bool = False
    calls_tools: bool = False
    scripts: list[Script] = field(default_factory=list)
    always: Script | None = None
    herald: Herald | None = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def open(self) -> list[Asked]:
        """Questions that are being answered now."""
        return [asked for asked in self.asked if asked.outcome == "open"]

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """See the port."""
        asked = Asked(ask)
        self.asked.append(asked)
        script = self.always or Script([Text(f"You said {asked.words}."), Finish()])
        if self.scripts:
            script = self.scripts.pop(0)
        try:
            yield self._events(script, asked)
        finally:
            if asked.outcome == "open":
                asked.outcome = "left"

    async def _events(self, script: Script, asked: Asked) -> AsyncIterator[UpstreamEvent]:
        await asyncio.sleep(script.think_s)
        for event in script.events:
            if isinstance(event, VendorError):
                asked.outcome = "failed"
                raise event
            if isinstance(event, Finish):
                asked.outcome = "whole"
            yield event
            await asyncio.sleep(script.gap_s)

    async def models(self) -> tuple[str, ...]:
        """See the port."""
        return ("scripted",)

    async def warm_up(self) -> None:
        """See the port."""

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """See the port."""
        return ()
