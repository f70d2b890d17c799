"""A turn as an OpenClaw gateway wants it: body and headers. Pure.

The newest `user` or `tool` message becomes the turn, and every message before it is pasted into it
as text and stored, so several new utterances are sent as one message.

Source: OpenClaw 2026.9.6, observed (2026-11).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.chat import Message
from bridge.core.session import SessionKey, with_agent
from bridge.ports.upstream import Ask
from bridge.upstreams.openclaw.settings import ONLY_AGENT

PASSED = frozenset(
    {
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
    }
)
"""Fields that the gateway hands to the model. It ignores the rest, but for `user`, which would
choose a session behind the session key's back."""

CHANNEL = "voice"
"""Any channel but the default drops the parts of the gateway's prompt that teach the agent to write
`[embed …]` and `<details>`."""

_SYSTEM = frozenset({"system", "developer"})


def agent_of(key: SessionKey | None) -> str:
    """The agent that a full session key names; it wins over every other choice. Else `""`."""
    parts = (key or "").split(":", 2)
    is_full = len(parts) == len(("agent", "id", "rest")) and parts[0].lower() == "agent"
    return parts[1] if is_full and parts[2] else ""


def render_headers(key: SessionKey | None, agent: str) -> Mapping[str, str]:
    """The headers that route a turn. A bare key without an agent goes to the gateway's default."""
    headers = {"x-openclaw-message-channel": CHANNEL}
    if agent:
        headers["x-openclaw-agent-id"] = agent
    if key is not None:
        headers["x-openclaw-session-key"] = with_agent(key, agent) if agent else key
    return headers


def render_body(ask: Ask, agent: str) -> Mapping[str, Any]:
    """The request's body."""
    body: dict[str, Any] = {name: ask.params[name] for name in PASSED & ask.params.keys()}
    body["model"] = f"{ONLY_AGENT}/{agent}" if agent else ONLY_AGENT
    body["messages"] = list(_alone(ask) if ask.session_key is None else _in_session(ask))
    body["stream"] = True
    body["stream_options"] = {"include_usage": True}
    if ask.tools:
        body["tools"] = [dict(tool) for tool in ask.tools]
        if "tool_choice" in ask.params:
            body["tool_choice"] = ask.params["tool_choice"]
    return body


def _in_session(ask: Ask) -> Sequence[Mapping[str, Any]]:
    """Our instructions, then only what is new."""
    utterances = [m for m in ask.newest if m.role == "user"]
    results = [dict(m.wire) for m in ask.newest if m.role == "tool"]
    if not utterances or ask.newest[-1].role == "tool":
        return (*_system(ask, ask.note), *results)
    return (*_system(ask, ""), *results, _utterance(utterances, ask.note))


def _alone(ask: Ask) -> Sequence[Mapping[str, Any]]:
    """Nobody remembers this conversation: the dialogue as it is, the note in front of its end."""
    dialogue: list[Mapping[str, Any]] = [
        dict(m.wire) for m in ask.messages if m.role not in _SYSTEM
    ]
    theirs = [dict(m.wire) for m in ask.messages if m.role in _SYSTEM]
    newest = ask.messages[-1]
    if ask.note and newest.role == "user":
        dialogue[-1] = _utterance([newest], ask.note)
    ours = [_text("system", ask.instructions)] if ask.instructions else []
    return (*theirs, *ours, *dialogue)


def _system(ask: Ask, note: str) -> Sequence[Mapping[str, Any]]:
    """What is said beside the turn, every time: the gateway does not store it.

    A plain client means its own system messages to count; a voice platform's prompt is written for
    a model without a character, and this agent has one.
    """
    theirs = [m.text for m in ask.messages if m.role in _SYSTEM] if ask.plain else []
    text = "\n\n".join(part for part in (*theirs, ask.instructions, note) if part)
    return (_text("system", text),) if text else ()


def _utterance(messages: Sequence[Message], note: str) -> Mapping[str, Any]:
    """One user message of several: the note, their words line by line, their pictures."""
    text = "\n".join(part for part in (note, *(m.text for m in messages)) if part)
    pictures = [part for m in messages for part in _pictures(m)]
    if not pictures:
        return _text("user", text)
    return {"role": "user", "content": [{"type": "text", "text": text}, *pictures]}


def _pictures(message: Message) -> Sequence[Mapping[str, Any]]:
    content = message.wire.get("content")
    parts = content if isinstance(content, list) else []
    return [part for part in parts if part.get("type") == "image_url"]


def _text(role: str, text: str) -> Mapping[str, Any]:
    return {"role": role, "content": text}
