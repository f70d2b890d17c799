"""The demo agent: a few rules behind the same port as a real agent, for a bridge without one.

It says what it is, streams word by word as a model does, uses control marks, and does a handful
of things truly, so that a newcomer with no account hears everything worth hearing: fillers,
shaping, a tool that is named, a hang-up. It keeps nothing between turns and calls nobody.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from pydantic import BaseModel, ConfigDict, Field

from bridge import clock
from bridge.ports.upstream import Ask, Finding, Finish, Text, UpstreamEvent, Verdict, Working
from bridge.upstreams.demo.rules import reply
from bridge.upstreams.demo.steps import Say, Steps, Think, Use

MODEL = "bridge-demo-rules"
"""What it answers to in a list of models: a name that nobody takes for a language model."""

_WORD = re.compile(r"\s*\S+\s*")
"""A word with the white space around it: joined again they are the text."""

Sleep = Callable[[float], Awaitable[None]]


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        words_per_s: pace of streaming, words a second; 0 streams at once. A common model's
            pace is 30 and more; 12 is slow enough to see and fast enough for a voice.
        zone: the zone meant when the caller asks for the time and names no place.
    """

    model_config = ConfigDict(extra="ignore")

    words_per_s: float = Field(default=12.0, ge=0, le=1000)
    zone: str = "UTC"


class Demo:
    """The demo agent as an upstream. Makes no task and holds nothing open."""

    name = "demo"
    keeps_history = False
    herald = None
    calls_tools = False

    def __init__(self, settings: Settings, wall_s: Callable[[], float], sleep: Sleep) -> None:
        self._settings = settings
        self._wall_s = wall_s
        self._sleep = sleep

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """Ask one turn. Never fails; leaving early ends it at once."""
        steps = reply(
            ask.messages,
            instructions=ask.instructions,
            wall_s=self._wall_s(),
            zone=self._settings.zone,
        )
        async with aclosing(self._stream(steps)) as events:
            yield events

    async def models(self) -> tuple[str, ...]:
        """The one it has."""
        return (MODEL,)

    async def warm_up(self) -> None:
        """There is nothing to warm."""

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """Says that it is the demo, and how to have a real agent instead."""
        del deep
        return (
            Finding(
                check="agent",
                verdict=Verdict.OK,
                message="This is the built-in demo agent: a few rules, no language model.",
                cure="Set upstream.url (and upstream.token) to your agent to talk to it instead.",
            ),
        )

    async def _stream(self, steps: Steps) -> AsyncGenerator[UpstreamEvent, None]:
        pace_s = 1 / self._settings.words_per_s if self._settings.words_per_s else 0.0
        for step in steps:
            match step:
                case Say(text):
                    for word in _WORD.findall(text):
                        yield Text(word)
                        await self._sleep(pace_s)
                case Think(seconds):
                    await self._sleep(seconds)
                case Use(label):
                    yield Working(label)
        yield Finish()


@asynccontextmanager
async def connect(
    settings: Settings,
    *,
    wall_s: Callable[[], float] = clock.wall_s,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Demo]:
    """The demo agent. `wall_s` tells the time of day; `sleep` waits so many seconds."""
    yield Demo(settings, wall_s, sleep)
