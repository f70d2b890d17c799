"""An OpenClaw agent behind its gateway: it keeps the history, so it is told only what is new.

Our instructions go along as a system message every time, because the gateway does not store those.
Headers are built from nothing: one that a proxy forwarded is a 403 there. Closing the connection
ends the run.

Which agent: the one that a full session key names, else the one in the settings, else the only one
that the gateway lists. With several and no choice nothing is asked. `request` writes a turn,
`hooks` tells the agent something outside of one, `examine` looks for what is wrong with a gateway,
`settings` is what an operator may set.

Source: OpenClaw 2026.9.6, observed (2026-11).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.errors import VendorError, VendorRejected, Why
from bridge.ports.upstream import Ask, Finding, Herald, Upstream, UpstreamEvent
from bridge.upstreams.openclaw import cures, hooks
from bridge.upstreams.openclaw.examine import Examination, agents_of
from bridge.upstreams.openclaw.request import agent_of, render_body, render_headers
from bridge.upstreams.openclaw.settings import Settings
from bridge.vendors import chat_completions
from bridge.vendors.chat_completions import ChatClient, Server
from bridge.vendors.chat_faults import NEVER_RUN

__all__ = ["Settings", "connect"]

NAME = "openclaw"

REFUSED_UNRUN = NEVER_RUN | {400, 429, 503}
"""Statuses before any run: a stream is 200 from the moment its run is accepted, and whatever fails
in the run is said inside the stream."""

WARM_UP_KEY = SessionKey("bridge:warm-up")
"""A session of its own, so that no caller's conversation holds our check."""

_WARM_UP = Message.of("user", "This is a check of the line and nobody listens. Reply only: OK")


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Upstream]:
    """The upstream, with its connections. Dials nothing until it is asked."""
    server = Server(NAME, settings.url, settings.token, settings.timeout_s, REFUSED_UNRUN)
    async with chat_completions.connect(server) as client, hooks.connect(settings) as herald:
        yield OpenClaw(settings, client, herald)


class OpenClaw:
    """The adapter; see `bridge.ports.upstream.Upstream`."""

    name = NAME
    keeps_history = True

    def __init__(self, settings: Settings, client: ChatClient, herald: Herald | None) -> None:
        self.herald = herald
        self._settings = settings
        self._client = client
        self._learnt: str | None = None
        self._learning = asyncio.Lock()

    @property
    def calls_tools(self) -> bool:
        """Whether the agent calls the platform's own tools; a setting, because most don't."""
        return bool(self._settings.calls_tools)

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """Ask one turn."""
        try:
            agent = agent_of(ask.session_key) or await self._agent()
            headers = render_headers(ask.session_key, agent)
            body = render_body(ask, agent)
            async with self._client.ask(body, headers, silence_s=ask.silence_s) as events:
                yield events
        except VendorError as error:
            error.hint = cures.BY_STATUS.get(error.status or 0, error.hint)
            if isinstance(error, VendorRejected):
                self._learnt = None
            raise

    async def models(self) -> tuple[str, ...]:
        """The ids the gateway lists: its agents, not its models."""
        return await self._client.models()

    async def warm_up(self) -> None:
        """One short turn in a session of its own: the first after a start takes 3 to 5 s."""
        messages = (_WARM_UP,)
        async with self.ask(Ask(messages, messages, session_key=WARM_UP_KEY)) as events:
            async for _ in events:
                pass

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """Address, readiness, token, endpoint, agent; with `deep` client tools too (one run)."""
        return await Examination(self._settings, self._client).run(self.ask if deep else None)

    async def _agent(self) -> str:
        """The agent for this turn, or `""` when the gateway does not say which it has."""
        if chosen := self._settings.chosen_agent:
            return chosen
        async with self._learning:
            if self._learnt is None:
                self._learnt = await self._learn()
            return self._learnt

    async def _learn(self) -> str:
        try:
            agents = agents_of(await self._client.models())
        except VendorRejected as error:
            if error.status == 404:  # noqa: PLR2004 - an older gateway has no list
                return ""
            raise
        if len(agents) > 1:
            raise VendorRejected(
                "The gateway has several agents and none is chosen.",
                vendor=NAME,
                operation="chat",
                why=Why.REQUEST,
                asked=False,
                hint=cures.choose(agents),
            )
        return agents[0] if agents else ""
