"""Scripts for a scripted agent, and what is in a reply."""

from collections.abc import Sequence
from typing import Any

from bridge.core.chat import Message
from bridge.core.reply import End, Item, Origin, Words
from bridge.ports.upstream import Finish, Text
from tests.fakes.scripted_agent import Script


def slow(think_s: float, *texts: str, gap_s: float = 0.0) -> Script:
    """Thinks, then says these texts, or just hello."""
    return Script([*(Text(text) for text in texts or ("Hello.",)), Finish()], think_s, gap_s)


def tool(name: str, *required: str) -> dict[str, Any]:
    """A function tool as platforms offer it, with text properties that it demands."""
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in required},
        "required": list(required),
    }
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def acted(name: str, call_id: str, text: str = "") -> list[Message]:
    """An assistant's call of a tool, and its result."""
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}
    calling = {"role": "assistant", "content": text or None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": call_id, "content": "sunny"}
    return [
        Message("assistant", text, (call_id,), calling),
        Message("tool", "sunny", (call_id,), result),
    ]


def fillers_of(items: Sequence[Item]) -> list[str]:
    """The fillers in a reply, in order."""
    return [i.text for i in items if isinstance(i, Words) and i.origin is Origin.FILLER]


def failure_of(items: Sequence[Item]) -> str | None:
    """The code of the failure that a reply ended with, if it did."""
    end = items[-1]
    assert isinstance(end, End)
    return end.failure.code if end.failure else None
