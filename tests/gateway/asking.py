"""One turn asked of the openclaw adapter, and its reply as one value."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, Upstream, UpstreamEvent
from bridge.upstreams.openclaw import Settings, connect
from tests.gateway.kit.real_gateway import RealGateway

END_CALL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Hang up.",
        "parameters": {"type": "object", "properties": {"reason": {"type": "string"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its words, its calls without their ids, why it ended."""

    text: str
    calls: tuple[tuple[str, Any], ...] = ()
    reason: str = "stop"


def open_upstream(
    gateway: RealGateway,
    *,
    agent: str | None = None,
    token: str = "",
    timeout_s: float = 20.0,
    url: str = "",
) -> AbstractAsyncContextManager[Upstream]:
    return connect(
        Settings(
            url=url or gateway.url,
            token=SecretStr(token or gateway.token),
            agent=agent,
            timeout_s=timeout_s,
        )
    )


def turn(key: SessionKey | None, *dialogue: str, **more: Any) -> Ask:
    """The turn after a dialogue of caller, agent, caller …, the whole of it at hand."""
    roles = ("user", "assistant")
    messages = tuple(Message.of(roles[i % 2], text) for i, text in enumerate(dialogue))
    return Ask(messages=messages, newest=messages[-1:], session_key=key, **more)


def whole(events: Sequence[UpstreamEvent]) -> Reply:
    *_, last = events
    assert isinstance(last, Finish)
    return Reply(
        "".join(event.text for event in events if isinstance(event, Text)),
        tuple((e.name, json.loads(e.arguments)) for e in events if isinstance(e, ToolCall)),
        last.reason,
    )


async def reply_to(upstream: Upstream, ask: Ask) -> Reply:
    async with upstream.ask(ask) as events:
        return whole([event async for event in events])
