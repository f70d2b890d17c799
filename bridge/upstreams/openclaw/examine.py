"""What is wrong with a gateway, found from outside, each with what to write where.

Nothing here costs a run, but for the tools check, which is made only when asked for.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.errors import VendorError, Why
from bridge.ports.upstream import Ask, Finding, ToolCall, UpstreamEvent, Verdict
from bridge.upstreams.openclaw import cures
from bridge.upstreams.openclaw.settings import ONLY_AGENT, Settings
from bridge.vendors.chat_completions import ChatClient

CHECK_KEY = SessionKey("bridge:check")
"""The session of the tools check."""

Asking = Callable[[Ask], AbstractAsyncContextManager[AsyncIterator[UpstreamEvent]]]

_NO_MESSAGES = 400
_UNAUTHORIZED = 401
_DRAINING = 503
_FORBIDDEN = 403
_MISSING = 404

_TOOL = {
    "type": "function",
    "function": {
        "name": "bridge_check",
        "description": "Proves that a client's tools reach the agent. Call it at once.",
        "parameters": {"type": "object", "properties": {}},
    },
}


def agents_of(models: Sequence[str]) -> tuple[str, ...]:
    """The agents in a gateway's list of models; `openclaw/default` is listed whether or not."""
    prefix = f"{ONLY_AGENT}/"
    ids = [model.removeprefix(prefix) for model in models if model.startswith(prefix)]
    return tuple(agent for agent in ids if agent != "default")


class Examination:
    """One examination. Stops where the rest can't be seen."""

    def __init__(self, settings: Settings, client: ChatClient) -> None:
        self._settings = settings
        self._client = client

    async def run(self, asking: Asking | None = None) -> tuple[Finding, ...]:
        """All findings, in the order a request meets them. `asking` allows one run."""
        findings = [await self._address()]
        if findings[-1].verdict is Verdict.FAIL:
            return tuple(findings)
        try:
            models: Sequence[str] | None = await self._client.models()
        except VendorError as error:
            if error.status != _MISSING:
                return (*findings, _refused(error))
            models = None  # as it is without the endpoint, whatever the token
        endpoint = await self._endpoint()
        if models is not None or endpoint.verdict is Verdict.OK:
            findings.append(_ok("upstream token", "The gateway takes our token."))
        findings.append(endpoint)
        findings += [self._agent(agents_of(models))] if models else []
        if any(f.verdict is Verdict.FAIL for f in findings):
            return tuple(findings)
        if self._settings.hooks_token is None:
            message = "The agent isn't told how calls came out: no token for its hooks is set."
            findings.append(_ok("upstream hooks", message, cures.HOOKS))
        if asking is not None:
            findings.append(await self._tools(asking))
        return tuple(findings)

    async def _address(self) -> Finding:
        check = "upstream address"
        root = self._settings.url.removesuffix("/v1")
        try:
            status = await self._client.status("GET", "/readyz", base=root)
        except VendorError as error:
            return Finding(check, Verdict.FAIL, error.message, cures.START)
        if status == _FORBIDDEN:
            message = f"{root} refuses us: a request arrives there with forwarding headers."
            return Finding(check, Verdict.FAIL, message, cures.FORWARDED)
        if status == _DRAINING:
            return Finding(check, Verdict.WARN, f"{root} answers but is not ready.", cures.WAIT)
        return _ok(check, f"{root} answers.")

    async def _endpoint(self) -> Finding:
        """A request without messages: a 400 costs no run and proves that somebody reads it."""
        check = "upstream endpoint"
        try:
            status = await self._client.status(
                "POST", "/chat/completions", {"model": ONLY_AGENT, "messages": []}
            )
        except VendorError as error:
            return Finding(check, Verdict.FAIL, error.message, cures.START)
        if status == _MISSING:
            message = "The gateway's chat-completions endpoint is not enabled."
            return Finding(check, Verdict.FAIL, message, cures.ENABLE)
        if status == _UNAUTHORIZED:
            message = "The gateway does not take our token."
            return Finding("upstream token", Verdict.FAIL, message, cures.TOKEN)
        if status != _NO_MESSAGES and (cure := cures.BY_STATUS.get(status)):
            return Finding(check, Verdict.WARN, f"The endpoint answers HTTP {status}.", cure)
        return _ok(check, "The chat-completions endpoint is enabled.")

    def _agent(self, agents: Sequence[str]) -> Finding:
        check, chosen = "upstream agent", self._settings.chosen_agent
        if chosen and chosen.lower() not in (a.lower() for a in agents):
            message = f"The gateway has no agent {chosen!r}."
            return Finding(check, Verdict.FAIL, message, cures.choose(agents))
        if not chosen and len(agents) > 1:
            message = f"The gateway has {len(agents)} agents and none is chosen."
            return Finding(check, Verdict.FAIL, message, cures.choose(agents))
        name = chosen or next(iter(agents), "")
        return _ok(check, f"Calls go to agent {name!r}." if name else "Calls go to its agent.")

    async def _tools(self, asking: Asking) -> Finding:
        """One run that may only end in a call of our tool."""
        check = "upstream tools"
        messages = (Message.of("user", "Call the tool bridge_check now."),)
        ask = Ask(
            messages,
            messages,
            session_key=CHECK_KEY,
            tools=(_TOOL,),
            params={"tool_choice": "required"},
        )
        try:
            async with asking(ask) as events:
                was_called = any([isinstance(event, ToolCall) async for event in events])
        except VendorError as error:
            if error.why is not Why.SERVER:
                return Finding(check, Verdict.WARN, error.message, error.hint)
            was_called = False
        if was_called:
            cure = "" if self._settings.calls_tools else cures.USE_TOOLS
            return _ok(check, "The agent sees the tools that a request offers.", cure)
        message = (
            "The agent did not call the tool that a request offered: it may be hidden from it."
        )
        return Finding(check, Verdict.WARN, message, cures.SHOW_TOOLS)


def _refused(error: VendorError) -> Finding:
    """The list of agents was refused."""
    if error.why is Why.KEY:
        return Finding("upstream token", Verdict.FAIL, error.message, cures.TOKEN)
    cure = cures.BY_STATUS.get(error.status or 0, error.hint)
    return Finding("upstream gateway", Verdict.FAIL, error.message, cure)


def _ok(check: str, message: str, cure: str = "") -> Finding:
    return Finding(check, Verdict.OK, message, cure)
