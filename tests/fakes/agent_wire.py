"""What the fake agent writes: events, chunks, listings, in OpenAI's shape."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def event(value: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


@dataclass(frozen=True, slots=True)
class Chunks:
    """Writes the chunks of one reply."""

    id: str
    model: str

    def bare(self, **fields: Any) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": 0, "model": self.model}
        return event({**head, **fields})

    def delta(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        return self.bare(choices=[{"index": 0, "delta": dict(delta), "finish_reason": finish}])


def call_delta(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """A piece of the first tool call."""
    return {"tool_calls": [{"index": 0, **call}]}


def listing(models: Sequence[str]) -> bytes:
    """The body of `GET /v1/models`."""
    listed = [{"id": m, "object": "model", "created": 0, "owned_by": "fake"} for m in models]
    return json.dumps({"object": "list", "data": listed}).encode()
