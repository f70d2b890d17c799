"""What the fake agent refuses, and with which status: what the real ones refuse.

Source: platform.openai.com/docs/api-reference/chat (2026-11); OpenClaw 2026.9.6 as observed.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.agent_http import Refusal, Visit


def agent_of(model: str) -> str:
    """The agent that a model id names to a gateway; `""` for the only one."""
    found = re.fullmatch(r"(?:openclaw[/:]|agent:)(.+)", model)
    if model in ("", "openclaw", "openclaw/default"):
        return ""
    if not found:
        raise Refusal(400, "model must be openclaw or openclaw/<agent>")
    return found[1]


def check_forwarding(visit: Visit, *, is_proxied: bool = False) -> None:
    """A gateway refuses whatever a proxy has forwarded."""
    for name in ("forwarded", *visit.headers) if is_proxied else visit.headers:
        if name.startswith("x-forwarded-") or name in ("forwarded", "x-real-ip"):
            raise Refusal(403, "forwarding header", "proxy_attribution_required")


def checked_body(visit: Visit, openclaw: bool) -> Mapping[str, Any]:
    """The body of a chat request, also kept in `visit.body`. Refuses what the real one refuses."""
    try:
        body = json.loads(visit.raw)
    except ValueError:
        raise Refusal(400, "could not parse the JSON body") from None
    visit.body = body
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Refusal(400, "model must be a string", param="model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "messages must not be empty", param="messages")
    if not isinstance(body.get("stream", False), bool):
        raise Refusal(400, "stream must be a boolean", param="stream")
    _check_numbers(body)
    if openclaw and not visit.utterance and not any(m.get("role") == "tool" for m in messages):
        raise Refusal(400, "no user text", param="messages")
    if not openclaw:
        _check_roles(messages)
    return body


def checked_wake(visit: Visit, token: str, agents: Sequence[str]) -> dict[str, Any]:
    """The body of a wake. Refuses what the gateway's hooks refuse."""
    given = visit.headers.get("authorization", "")
    if not hmac.compare_digest(given, f"Bearer {token}"):
        raise Refusal(401, body=b"Unauthorized")
    if visit.method != "POST":
        raise Refusal(405, body=b"Method Not Allowed", headers=(("allow", "POST"),))
    body: dict[str, Any] = json.loads(visit.raw)
    if not body.get("text"):
        raise Refusal(400, body=b'{"ok":false,"error":"text required"}')
    if "sessionKey" in body:
        raise Refusal(400, body=b'{"ok":false,"error":"sessionKey is disabled"}')
    if body.get("mode") not in ("now", "next-heartbeat"):
        raise Refusal(400, body=b'{"ok":false,"error":"mode"}')
    if body.get("agentId", None if len(agents) > 1 else agents[0]) not in agents:
        raise Refusal(400, body=b'{"ok":false,"error":"agentId"}')
    return body


def _check_roles(messages: Sequence[Mapping[str, Any]]) -> None:
    offered: set[str] = set()
    for i, message in enumerate(messages):
        role = message.get("role")
        if role not in ("system", "developer", "user", "assistant", "tool"):
            raise Refusal(400, f"unknown role {role}", param=f"messages[{i}].role")
        offered |= {call["id"] for call in message.get("tool_calls") or ()}
        if role == "tool" and message.get("tool_call_id") not in offered:
            raise Refusal(400, "a tool message answers no tool call", param=f"messages[{i}]")


def _check_numbers(body: Mapping[str, Any]) -> None:
    for name in set(body) & {"n", "max_tokens", "seed"}:
        if not isinstance(body[name], int):
            raise Refusal(400, f"{name} must be an integer", param=name)
