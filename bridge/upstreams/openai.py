"""Any server that speaks OpenAI chat completions: it keeps nothing, so it is told everything.

Each turn carries the whole cleaned history, our phone manner as one system message behind the
platform's own, the tools of the request and its other fields. The reply always streams, whatever
our client asked for. In the plain profile nothing is added and nothing taken away.

Source: platform.openai.com/docs/api-reference/chat (2026-11).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.core.chat import Message
from bridge.errors import VendorError, VendorRejected, Why
from bridge.ports.upstream import Ask, Finding, Upstream, UpstreamEvent, Verdict
from bridge.vendors import chat_completions
from bridge.vendors.chat_completions import ChatClient, Server, tidy_url

NAME = "openai"

_SYSTEM = frozenset({"system", "developer"})
_NEEDS_TOOLS = frozenset({"tool_choice", "parallel_tool_calls"})
"""Refused by OpenAI when a request offers no tools."""

OUR_MODELS = frozenset({"", "bridge", NAME})
"""What our own list of models may name while no model is set: no server means anything by it."""

ANY_MODEL = "default"
"""Asked for where nobody names a model: the field may not be missing, and servers with one agent
take any word."""

MAX_NAMED = 8
"""So many models are named in a hint; some servers have hundreds."""


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        url: the server's base, usually ending in `/v1`.
        token: the bearer token, if it wants one.
        model: asked for in every request. Empty: what a plain client asks for; for a call the only
            one that the server lists, or else what the voice platform asks for.
        timeout_s: how long the server may be silent, before and between words.
        platform_prompt: keep the voice platform's own system messages.
        calls_tools: the model calls tools. `None`: yes; False: it writes marks instead.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Annotated[str, AfterValidator(tidy_url)]
    token: SecretStr | None = None
    model: str = ""
    timeout_s: float = Field(default=120.0, gt=0)
    platform_prompt: bool = True
    calls_tools: bool | None = None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Upstream]:
    """The upstream, with its connections. Dials nothing until it is asked."""
    server = Server(NAME, settings.url, settings.token, settings.timeout_s)
    async with chat_completions.connect(server) as client:
        yield OpenAI(settings, client)


class OpenAI:
    """The adapter; see `bridge.ports.upstream.Upstream`."""

    name = NAME
    keeps_history = False
    herald = None

    def __init__(self, settings: Settings, client: ChatClient) -> None:
        self._settings = settings
        self._client = client
        self._learnt: tuple[str, ...] | None = None

    @property
    def calls_tools(self) -> bool:
        """Whether the model calls tools; a setting for small models that can't."""
        return self._settings.calls_tools is not False

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """Ask one turn."""
        body = render_body(self._settings, ask, await self._model(ask))
        async with self._client.ask(body, silence_s=ask.silence_s) as events:
            yield events

    async def models(self) -> tuple[str, ...]:
        """The model ids the server lists."""
        return await self._client.models()

    async def warm_up(self) -> None:
        """Make a connection. Costs no tokens."""
        await self._client.models()

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """Address, token, model. A run would show nothing more."""
        del deep
        try:
            models = await self.models()
        except VendorError as error:
            return (_finding_of(error),)
        reached = Finding("upstream address", Verdict.OK, f"{self._settings.url} answers.")
        token = Finding("upstream token", Verdict.OK, "The server takes our token.")
        return (reached, token, self._examine_model(models))

    def _examine_model(self, models: Sequence[str]) -> Finding:
        check, wanted = "upstream model", self._settings.model
        if wanted in models:
            return Finding(check, Verdict.OK, f"The server has {wanted!r}.")
        if not wanted and len(models) == 1:
            return Finding(check, Verdict.OK, f"The server has one model, {models[0]!r}.")
        message = f"The server does not list {wanted!r}." if wanted else "No model is set."
        cure = f"Set upstream.model to one that it has: {_named(models)}." if models else ""
        return Finding(check, Verdict.WARN, message, cure)

    async def _model(self, ask: Ask) -> str:
        if self._settings.model:
            return self._settings.model
        if ask.plain and ask.model not in OUR_MODELS:
            return ask.model
        models = await self._models()
        if len(models) == 1:
            return models[0]
        if not models or ask.model in models:
            return ask.model or ANY_MODEL
        raise VendorRejected(
            "No model is set, and the server has not just one.",
            vendor=NAME,
            operation="chat",
            why=Why.REQUEST,
            asked=False,
            hint=f"Set upstream.model to one that it has: {_named(models)}.",
        )

    async def _models(self) -> tuple[str, ...]:
        """What the server lists; nothing where it has no list, as many an agent's server has none.

        A server that has one model, or no list, is not asked again.
        """
        if self._learnt is not None:
            return self._learnt
        try:
            models = await self._client.models()
        except VendorError as error:
            if error.why in (Why.UNREACHABLE, Why.LATE, Why.KEY, Why.RATE):
                raise
            if error.why is Why.SERVER:  # it may have one when it is well again
                return ()
            models = ()
        if len(models) <= 1:
            self._learnt = models
        return models


def render_body(settings: Settings, ask: Ask, model: str) -> Mapping[str, Any]:
    """The request's body."""
    messages = ask.messages if ask.plain else _with_manner(settings, ask)
    params = ask.params if ask.tools or ask.plain else _without(ask.params, _NEEDS_TOOLS)
    body = {
        **params,
        "model": model,
        "messages": [dict(message.wire) for message in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if ask.tools:
        body["tools"] = [dict(tool) for tool in ask.tools]
    return body


def _with_manner(settings: Settings, ask: Ask) -> Sequence[Message]:
    """The dialogue with our instructions behind the platform's system messages, if these stay."""
    kept = [m for m in ask.messages if settings.platform_prompt or m.role not in _SYSTEM]
    head = next((i for i, m in enumerate(kept) if m.role not in _SYSTEM), len(kept))
    ours = [Message.of("system", ask.instructions)] if ask.instructions else []
    return (*kept[:head], *ours, *kept[head:])


def _without(params: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


def _named(models: Sequence[str]) -> str:
    more = ", …" if len(models) > MAX_NAMED else ""
    return ", ".join(repr(model) for model in models[:MAX_NAMED]) + more


def _finding_of(error: VendorError) -> Finding:
    """What stood between us and the list of models."""
    match error.why:
        case Why.KEY | Why.PERMISSION:
            cure = "Set upstream.token (BRIDGE_UPSTREAM__TOKEN) to a key of this server."
            return Finding("upstream token", Verdict.FAIL, error.message, cure)
        case Why.REQUEST:
            cure = "Check that upstream.url is the base of the API; it usually ends in /v1."
            return Finding("upstream address", Verdict.WARN, error.message, cure)
        case _:
            return Finding("upstream address", Verdict.FAIL, error.message, error.hint)
