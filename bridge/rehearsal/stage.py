"""The stage of a rehearsed call: bridge's real server on a real socket, and what stands around it.

    platform ──▶ reach(public_url) ──▶ bridge's server ──▶ agent: demo, scripted, or a real one
        ▲                                    │
        └──────── the platform's API ◀───────┘

State, settings and secrets are the stage's own and go with it. What befalls a call from outside
happens here: the server stops or dies and another takes its place, the address moves.
"""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp

from bridge.errors import BridgeError
from bridge.rehearsal import stage_settings
from bridge.rehearsal.one_server import OneServer
from bridge.rehearsal.options import Options
from bridge.rehearsal.performance import Befell
from bridge.rehearsal.scenario import AgentKind, Event, Scenario
from bridge.rehearsal.scripted_agent import ScriptedAgent
from bridge.rehearsal.servers import HOST, NO_TLS, served
from bridge.rehearsal.tape import Tape
from bridge.rehearsal.watched_agent import Surroundings
from bridge.settings import Settings
from bridge.settings.tokens import webhook_token

PUBLIC_URLS = (
    "https://rehearsal.bridge.example",
    "https://rehearsal-2.bridge.example",
    "https://rehearsal-3.bridge.example",
)
"""What the world calls the server; the next one whenever its address moves, round and round."""

RESTART_S = 1.0
"""How long nobody listens while one server has ended and the next begins: about what a process
takes to start."""


@dataclass
class Stage:
    """See the module. Made by `open_stage`.

    Attributes:
        tape: where what happens is noted.
        settings: bridge's, with both tokens in them.
        voice_agent: the agent at the platform, as it was provisioned for `public_url`.
        server: bridge at work.
        nowhere: a port at which nobody listens.
        scripted: the agent that says what the scenario tells it to, where there is one.
        moves: how often the address has moved.
    """

    tape: Tape
    settings: Settings
    server: OneServer
    nowhere: int
    scripted: ScriptedAgent | None = None
    moves: int = 0
    voice_agent: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.voice_agent = stage_settings.voice_agent(self.settings, self.public_url)

    platform_token = stage_settings.PLATFORM_TOKEN
    operator_token = stage_settings.OPERATOR_TOKEN
    post_call_secret = stage_settings.POST_CALL_SECRET

    @property
    def webhook_token(self) -> str:
        """What the platform proves itself with when a call rings."""
        return webhook_token(self.settings)

    @property
    def public_url(self) -> str:
        """What the world calls the server now."""
        return PUBLIC_URLS[self.moves % len(PUBLIC_URLS)]

    @property
    def url(self) -> str:
        """Where the server really is."""
        return f"http://{HOST}:{self.server.port}"

    @property
    def is_quiet(self) -> bool:
        """Whether bridge answers nobody, and nobody is asked by it."""
        return self.server.is_quiet

    def reach(self, url: str) -> str:
        """Where a public URL really leads: to the server, or nowhere when it was moved away."""
        if url.startswith(self.public_url):
            return self.url + url.removeprefix(self.public_url)
        for former in PUBLIC_URLS:
            if url.startswith(former + "/") or url == former:
                return f"http://{HOST}:{self.nowhere}" + url.removeprefix(former)
        return url

    # -- what happens from outside --------------------------------------------------------------

    async def befall(self, event: Event) -> None:
        """Makes it happen, and notes it. Returns when it is over, or for the agent begun."""
        began_s = self.tape.at_s
        match event:
            case Event.RESTART:
                await self.server.stop()
                await asyncio.sleep(RESTART_S)
                await self.server.start()
            case Event.CRASH:
                await self.server.die()
                await asyncio.sleep(RESTART_S)
                await self.server.start()
            case Event.TUNNEL_MOVES:
                self.moves += 1
                self.voice_agent = stage_settings.voice_agent(self.settings, self.public_url)
            case Event.STOP_ALL:
                await self._stop_all()
            case Event.AGENT_RESTARTS:
                if self.scripted is not None:
                    await self.scripted.restart()
        took_s = round(self.tape.at_s - began_s, 6)
        self.tape.add(Befell(began_s, event, took_s))

    async def _stop_all(self) -> None:
        async with self.operator() as http:
            answer = await http.post("/stop")
            answer.raise_for_status()

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client with the operator's token."""
        async with httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.operator_token}"},
            trust_env=False,
            verify=NO_TLS,
        ) as http:
            yield http


@asynccontextmanager
async def open_stage(scenario: Scenario, options: Options, api: ASGIApp) -> AsyncIterator[Stage]:
    """A stage with everything on it, until the block ends.

    Args:
        api: the platform's REST API, which bridge is told to ask.

    Raises:
        SettingsError: the scenario's settings can't work.
    """
    try:
        async with _opened(scenario, options, api) as stage:
            yield stage
    except BaseExceptionGroup as several:
        # What a task raises comes wrapped, once for each block that it ends.
        raise _first(several) from None


@asynccontextmanager
async def _opened(scenario: Scenario, options: Options, api: ASGIApp) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bridge-rehearsal-")))
        nowhere = stack.enter_context(_nowhere())
        api_url = await stack.enter_async_context(served(api))
        scripted, agent_url = None, ""
        kind = stage_settings.agent_kind(scenario, options)
        if kind is AgentKind.SCRIPTED:
            agent = ScriptedAgent(scenario.replies, stage_settings.poses_as(scenario))
            scripted = await stack.enter_async_context(agent.working())
            agent_url = scripted.url
        settings = stage_settings.stage_settings(
            scenario, options, folder, api_url=api_url, agent_url=agent_url
        )
        await asyncio.to_thread(stage_settings.furnish, folder, PUBLIC_URLS[0])
        tape = Tape(tell=options.progress)
        around = Surroundings(
            is_foreign=kind is AgentKind.CONFIGURED,
            platform_prompt=settings.upstream.platform_prompt,
            before=scripted.expects if scripted else None,
            after=scripted.is_free if scripted else None,
        )
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        server = OneServer(settings, tape, around, tasks)
        await server.start()
        try:
            yield Stage(tape, settings, server, nowhere, scripted)
        finally:
            with anyio.CancelScope(shield=True):
                await server.close()


@contextmanager
def _nowhere() -> Iterator[int]:
    """A port at which nobody listens, and nobody else can."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield taken.getsockname()[1]


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that tells most: one of ours before any other."""
    flat: list[BaseException] = []
    waiting: list[BaseException] = [several]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        else:
            flat.append(error)
    ours = [error for error in flat if isinstance(error, BridgeError)]
    return (ours or flat)[0]
