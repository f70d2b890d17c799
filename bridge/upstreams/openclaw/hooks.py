"""How an OpenClaw agent is told something outside of a turn: a wake, over the gateway's hooks.

The agent gets the text at once, as an event in its main conversation that its prompt marks as data
and no instruction, and a run to think about it, which costs tokens. The hooks have a token of their
own; the gateway's is refused. An agent that was chosen is named, because a gateway with several has
no default; a session is not, because the gateway takes none unless it is told to.

Source: OpenClaw 2026.9.6, observed; its documentation, gateway/config-hooks (2026-11).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.errors import VendorError
from bridge.ports.upstream import Finding, Herald, Verdict
from bridge.upstreams.openclaw import cures
from bridge.upstreams.openclaw.settings import Settings
from bridge.vendors import chat_completions
from bridge.vendors.chat_completions import ChatClient, Server
from bridge.vendors.chat_faults import NEVER_RUN, Source

NAME = "openclaw"

CHECK = "upstream hooks"
"""What the examination calls this hop."""

UNQUEUED = NEVER_RUN | {400, 408, 429, 503}
"""Statuses that say no before the event is queued. After a 5xx nobody knows."""

_OK = 200
_NO_TEXT = 400


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Herald | None]:
    """The herald; `None` without a token for the hooks. Dials nothing until it is asked."""
    if settings.hooks_token is None:
        yield None
        return
    url = settings.url.removesuffix("/v1") + settings.hooks_path
    server = Server(NAME, url, settings.hooks_token, settings.timeout_s, UNQUEUED)
    async with chat_completions.connect(server) as client:
        yield Hooks(client, settings.chosen_agent)


class Hooks:
    """The adapter; see `bridge.ports.upstream.Herald`."""

    def __init__(self, client: ChatClient, agent: str) -> None:
        self._client = client
        self._agent = agent

    async def tell(self, text: str) -> None:
        """A wake. The gateway answers once the event is queued, before the agent runs."""
        body = {"text": text, "mode": "now"}
        if self._agent:
            body["agentId"] = self._agent
        status = await self._client.status("POST", "/wake", body)
        if status != _OK:
            hint = cures.HOOKS_BY_STATUS.get(status, "")
            raise Source(NAME, "wake", UNQUEUED).refused(status, hint=hint)

    async def examine(self) -> Finding:
        """A wake without a text: a 400 wakes nobody and proves that somebody reads it."""
        try:
            status = await self._client.status("POST", "/wake", {})
        except VendorError as error:
            return Finding(CHECK, Verdict.WARN, error.message, cures.START)
        if status == _NO_TEXT:
            return Finding(CHECK, Verdict.OK, "The agent is told how calls came out.")
        cure = cures.HOOKS_BY_STATUS.get(status, cures.HOOKS)
        message = f"The agent can't be told how calls came out: its hooks answer HTTP {status}."
        return Finding(CHECK, Verdict.WARN, message, cure)
