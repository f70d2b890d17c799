"""One request to a custom LLM: streamed, read as the platform reads it, and judged.

Source: elevenlabs.io/docs, custom LLM (2026-11); platform.openai.com/docs/api-reference/chat (2026-11).
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.elevenlabs.rules import Json

CHUNK_KEYS = frozenset({"id", "object", "created", "model", "choices"})
"""What every chunk must have."""


@dataclass(slots=True)
class Heard:
    """What came back from one request.

    Attributes:
        status: 0 when nothing came: refused, dropped or too late.
        text: all that would be spoken.
        calls: the tool calls, as OpenAI writes them in a message.
        faults: what the platform would have swallowed, and a test should not.
    """

    status: int = 0
    text: str = ""
    calls: list[Json] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether the platform takes it: anything else is asked again."""
        return self.status == 200 and bool(self.text or self.calls)


async def ask(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: Json, within_s: float
) -> Heard:
    """Posts a turn and reads the stream to its end."""
    heard = Heard()
    try:
        async with (
            asyncio.timeout(within_s),
            client.stream("POST", url, json=body, headers=dict(headers)) as response,
        ):
            if response.status_code == 200:
                await _read(response, heard)
            heard.status = response.status_code
    except ValueError:
        heard.faults.append("an event that is not JSON")
    except (httpx.HTTPError, TimeoutError):
        heard.status = 0
    return heard


async def _read(response: httpx.Response, heard: Heard) -> None:
    kind = response.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        heard.faults.append(f"a stream of {kind}")
    last = ""
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        last = line.removeprefix("data:").strip()
        if last != "[DONE]":
            _take(json.loads(last), heard)
    if last != "[DONE]":
        heard.faults.append("the stream did not end with [DONE]")


def _take(chunk: Mapping[str, Any], heard: Heard) -> None:
    if not chunk.keys() >= CHUNK_KEYS:
        heard.faults.append(f"a chunk without {sorted(CHUNK_KEYS - chunk.keys())}")
    for choice in chunk.get("choices", ()):
        delta = choice["delta"]
        heard.text += delta.get("content") or ""
        for piece in delta.get("tool_calls") or ():
            _take_call(piece, heard)


def _take_call(piece: Mapping[str, Any], heard: Heard) -> None:
    if piece.get("id"):
        function = {"name": piece["function"]["name"], "arguments": ""}
        heard.calls.append({"id": piece["id"], "type": "function", "function": function})
    elif heard.calls:
        heard.faults.append("a tool call in pieces")
    if heard.calls:
        heard.calls[-1]["function"]["arguments"] += piece["function"].get("arguments") or ""


def arguments_of(call: Mapping[str, Any]) -> Any:
    """The arguments of a tool call; None when they are not JSON."""
    try:
        return json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        return None
