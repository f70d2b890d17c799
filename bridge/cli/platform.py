"""The voice platform's side of a call: the history it keeps, the tools it offers, its acts.

Pure: words in, request bodies out. The platform is stateless towards us: each request has the
whole history, cut back to what the caller really heard, and the tools that may be used now. It
carries out a tool call itself and asks again with the result.

Source: elevenlabs.io/docs, Custom LLM and system tools; schemas as field reports of August to
October 2026 show them, where the documentation is behind (2026-11).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

PROMPT = "You are talking with a caller on the telephone."
"""What stands in the system message. A real voice agent's prompt is longer and says the same."""

SPOKEN: Final = "system__message_to_speak"
"""The property of a tool that the platform speaks."""

_TEXT = {"type": "string"}


def _tool(name: str, description: str, required: Sequence[str], *more: str) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": dict.fromkeys((*required, *more), _TEXT),
                "required": list(required),
            },
        },
    }


TOOLS: tuple[Mapping[str, Any], ...] = (
    _tool("end_call", "Ends the call.", ["reason"], SPOKEN),
    _tool(
        "transfer_to_number",
        "Transfers the caller to another telephone number.",
        ["transfer_number", "agent_message"],
        "reason",
        SPOKEN,
    ),
    _tool("language_detection", "Changes the language.", ["reason", "language"]),
    _tool("skip_turn", "Says nothing and waits for the caller.", [], "reason"),
    _tool("play_keypad_touch_tone", "Plays keypad tones.", ["dtmf_tones"], "reason"),
)
"""What the platform offers in each request."""

_REQUIRED: Mapping[str, Sequence[str]] = MappingProxyType(
    {tool["function"]["name"]: tool["function"]["parameters"]["required"] for tool in TOOLS}
)


@dataclass(frozen=True, slots=True)
class _Act:
    """How the platform carries out a tool call.

    Attributes:
        shown: what a person is told; `{}` is the argument's place.
        argument: the argument that belongs there.
        result: the `result_type` that the platform sends back.
        ends: whether the call is over then.
    """

    shown: str
    argument: str
    result: str
    ends: bool = False


_ACTS: Mapping[str, _Act] = {
    "end_call": _Act("hangs up", "", "end_call_success", ends=True),
    "transfer_to_number": _Act(
        "transfers to {}", "transfer_number", "transfer_to_number_twilio_success", ends=True
    ),
    "language_detection": _Act("goes on in {}", "language", "language_detection_success"),
    "skip_turn": _Act("waits", "", "skip_turn_success"),
    "play_keypad_touch_tone": _Act("presses {}", "dtmf_tones", "play_dtmf_success"),
}


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call in a reply. `arguments` is JSON text, as it came."""

    id: str
    name: str
    arguments: str

    @property
    def given(self) -> Mapping[str, Any]:
        """The arguments; none when they are not an object."""
        try:
            found = json.loads(self.arguments or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def spoken(self) -> str:
        """What the platform speaks in carrying it out."""
        return str(self.given.get(SPOKEN) or "")

    @property
    def wrong(self) -> str:
        """Why the platform refuses it; empty when it doesn't."""
        if self.name not in _ACTS:
            return f"there is no tool {self.name!r}"
        missing = [name for name in _REQUIRED[self.name] if name not in self.given]
        return f"missing argument {missing[0]!r}" if missing else ""

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
            reply["tool_calls"] = [_wire(use) for use in uses]
        self._messages.append(reply)
        for use in uses:
            result = json.dumps(_result(use))
            self._messages.append({"role": "tool", "tool_call_id": use.id, "content": result})
            if not use.wrong and _ACTS[use.name].ends:
                self.is_over = True


def _wire(use: ToolUse) -> dict[str, Any]:
    function = {"name": use.name, "arguments": use.arguments}
    return {"id": use.id, "type": "function", "function": function}


def _result(use: ToolUse) -> dict[str, Any]:
    if use.wrong:
        return {"status": "error", "error": use.wrong}
    reason = use.given.get("reason")
    return {"result_type": _ACTS[use.name].result, "status": "success", "reason": reason}
