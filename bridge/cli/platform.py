"""The voice platform's side of a call: the history it keeps, the tools it offers, its acts.

Pure: words in, request bodies out. The platform is stateless towards us: each request has the
whole history, cut back to what the caller really heard, and the tools that may be used now. It
carries out a tool call itself and asks again with the result.

Source: elevenlabs.io/docs, Custom LLM (2026-11).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.rehearsal import system_tools
from bridge.rehearsal.system_tools import Toolbox, ends_call, result_of

PROMPT = "You are talking with a caller on the telephone."
"""What stands in the system message. A real voice agent's prompt is longer and says the same."""

_TOOLBOX: Final = Toolbox(
    {
        name: {}
        for name in (
            "end_call",
            "transfer_to_number",
            "language_detection",
            "skip_turn",
            "play_keypad_touch_tone",
        )
    }
)

TOOLS: tuple[Mapping[str, Any], ...] = tuple(_TOOLBOX.offered())
"""What the platform offers in each request."""


@dataclass(frozen=True, slots=True)
class _Act:
    """How the platform carries out a tool call.

    Attributes:
        shown: what a person is told; `{}` is the argument's place.
        argument: the argument that belongs there.
    """

    shown: str
    argument: str


_ACTS: Mapping[str, _Act] = {
    "end_call": _Act("hangs up", ""),
    "transfer_to_number": _Act("transfers to {}", "transfer_number"),
    "language_detection": _Act("goes on in {}", "language"),
    "skip_turn": _Act("waits", ""),
    "play_keypad_touch_tone": _Act("presses {}", "dtmf_tones"),
}


@dataclass(frozen=True, slots=True)
class ToolUse(system_tools.ToolUse):
    """A tool call in a reply. `arguments` is JSON text, as it came."""

    @property
    def wrong(self) -> str:
        """Why the platform refuses it; empty when it doesn't."""
        return _TOOLBOX.why_not(self)

    def describe(self) -> str:
        """What a person is told: `[hangs up]`, `[transfers to +15550100]`."""
        if self.wrong:
            return f"[refused: {self.wrong}]"
        act = _ACTS[self.name]
        return f"[{act.shown.format(self.given.get(act.argument, ''))}]"


@dataclass(slots=True)
class Call:
    """One call, as the platform keeps it.

    Attributes:
        conversation: the platform's id of it.
        caller: the caller's number; `None` when the call has none (a test in a browser).
        is_over: a tool call has ended it.
    """

    conversation: str
    caller: str | None = None
    is_over: bool = False
    _messages: list[dict[str, Any]] = field(
        default_factory=lambda: [{"role": "system", "content": PROMPT}]
    )

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries, as provisioning sets it up."""
        ours = {"x-bridge-conversation": self.conversation}
        return {**ours, "x-bridge-caller": self.caller} if self.caller else ours

    @property
    def body(self) -> dict[str, Any]:
        """The next request: everything so far."""
        return {
            "model": "bridge",
            "messages": [dict(message) for message in self._messages],
            "temperature": 0.0,
            "max_tokens": 5000,
            "stream": True,
            "tools": [dict(tool) for tool in TOOLS],
        }

    def say(self, utterance: str) -> None:
        """The caller says something. Silence (no words) leaves the history as it is."""
        if utterance.strip():
            self._messages.append({"role": "user", "content": utterance})

    def hear(self, heard: str, uses: Sequence[ToolUse] = ()) -> None:
        """A reply came, or as much of it as was heard, and its tool calls are carried out.

        The platform asks again after any tool call, even when that ended the call.
        """
        if not heard and not uses:
            return
        reply: dict[str, Any] = {"role": "assistant", "content": heard or None}
        if uses:
            reply["tool_calls"] = [use.as_wire() for use in uses]
        self._messages.append(reply)
        for use in uses:
            result = json.dumps(result_of(use, use.wrong))
            self._messages.append({"role": "tool", "tool_call_id": use.id, "content": result})
            if not use.wrong and ends_call(use.name):
                self.is_over = True
