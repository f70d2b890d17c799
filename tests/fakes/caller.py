"""A caller as the voice platform passes them on: requests that belong to a call, and what was heard."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.fakes.chat_request import CHAT
from tests.fakes.program import Program
from tests.fakes.replies import tool

CALLER, OTHER, LINE = "+15550001234", "+14155550123", "+15550100"
"""Two callers' numbers, and ours."""

CALLS = count(1)
"""Numbers the calls of a run, so that each is a new one."""

OPEN = {"POLICY__INBOUND": "open"}

END_CALL = tool("end_call", "reason")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller's platform got back from one request."""

    status: int
    text: str = ""
    tools: tuple[str, ...] = ()
    finish: str = ""
    error: dict[str, Any] = field(default_factory=dict)


def heard(response: httpx.Response) -> Heard:
    if response.status_code != 200:
        return Heard(response.status_code, error=response.json()["error"])
    lines = response.text.splitlines()
    choices = [json.loads(line[6:])["choices"][0] for line in lines if line.startswith("data: {")]
    deltas = [choice["delta"] for choice in choices]
    calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", ())]
    assert all(json.loads(call["arguments"]) for call in calls)
    return Heard(
        200,
        "".join(delta.get("content") or "" for delta in deltas),
        tuple(call["name"] for call in calls),
        choices[-1]["finish_reason"],
    )


def history(*dialogue: str) -> list[dict[str, Any]]:
    """The caller's words and the replies in turn, the caller first."""
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text} for i, text in enumerate(dialogue)]


@dataclass(frozen=True, slots=True)
class Caller:
    """The platform's side of one call: the same headers with every request."""

    client: httpx.AsyncClient

    async def ask(self, *dialogue: str, **changes: Any) -> Heard:
        """One request, streamed unless `changes` say otherwise."""
        asked = {"model": "bridge", "stream": True, "messages": history(*dialogue), **changes}
        return heard(await self.client.post(CHAT, json=asked))

    async def tell(self, *said: str) -> list[str]:
        """A whole conversation: each utterance once, with the history so far. All our replies."""
        dialogue: list[str] = []
        for utterance in said:
            reply = await self.ask(*dialogue, utterance, tools=[END_CALL])
            dialogue += [utterance, reply.text]
        return dialogue[1::2]


def calling(
    bridge: Program, caller: str | None = CALLER, call: str = "", **headers: str
) -> httpx.AsyncClient:
    """A client whose requests belong to a call, a new one unless named.

    Args:
        caller: as the platform writes it; `None` when it says nothing about one.
    """
    call = call or f"call-{next(CALLS)}"
    who = {} if caller is None else {"x_bridge_caller": caller}
    return bridge.http(x_bridge_conversation=call, **who, **headers)
