"""The voice platform's own tools: as they reach a custom LLM, and what becomes of a call of one.

Pure. The schemas are the live ones. The documented ones of two tools are behind: what is spoken
with a tool is `system__message_to_speak` now, and a transfer wants `agent_message`.

Source: elevenlabs.io/docs, system tools (2026-11); live schemas as seen in the field (2026-08).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

Json = dict[str, Any]

SPOKEN: Final = "system__message_to_speak"
"""The property of a tool that the platform speaks."""

_SPOKEN_NAMES: Final = (SPOKEN, "message", "client_message")
"""And those that the documentation still has for it."""

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes:
        description: what it says of itself.
        required: names of the arguments that it must have.
        more: of those that it may have.
        result: the `result_type` of a call that was carried out.
        ends: whether the conversation is over then.
        numbers: which arguments are whole numbers.
    """

    description: str
    required: Sequence[str]
    more: Sequence[str]
    result: str
    ends: bool = False
    numbers: Collection[str] = ()

    def function(self, name: str, description: str = "") -> Json:
        """As an OpenAI function."""
        return {
            "type": "function",
            "function": {
                "name": name,
                "description": description or self.description,
                "parameters": {
                    "type": "object",
                    "properties": {
                        one: _NUMBER if one in self.numbers else _TEXT
                        for one in (*self.required, *self.more)
                    },
                    "required": list(self.required),
                },
            },
        }


LIVE: Mapping[str, Tool] = MappingProxyType(
    {
        "end_call": Tool("Ends the call.", ["reason"], [SPOKEN], "end_call_success", ends=True),
        "transfer_to_number": Tool(
            "Transfers the caller to another telephone number.",
            ["transfer_number", "agent_message"],
            ["reason", SPOKEN],
            "transfer_to_number_twilio_success",
            ends=True,
        ),
        "transfer_to_agent": Tool(
            "Transfers the caller to another agent.",
            ["agent_number"],
            ["reason"],
            "transfer_to_agent_success",
            ends=True,
            numbers=["agent_number"],
        ),
        "language_detection": Tool(
            "Changes the language.", ["reason", "language"], [], "language_detection_success"
        ),
        "skip_turn": Tool(
            "Says nothing and waits for the caller.", [], ["reason"], "skip_turn_success"
        ),
        # What it takes isn't documented for custom LLMs; its results hold `dtmf_tones`.
        "play_keypad_touch_tone": Tool(
            "Plays keypad tones.", ["dtmf_tones"], ["reason"], "play_dtmf_success"
        ),
        "voicemail_detection": Tool(
            "Says that a machine has picked up.",
            ["reason"],
            [],
            "voicemail_detection_success",
            ends=True,
        ),
    }
)
"""The tools as they are offered now."""

DOCUMENTED: Mapping[str, Tool] = MappingProxyType(
    {
        **LIVE,
        "end_call": Tool("Ends the call.", ["reason"], ["message"], "end_call_success", ends=True),
        "transfer_to_number": Tool(
            "Transfers the caller to another telephone number.",
            ["transfer_number", "client_message", "agent_message"],
            ["reason"],
            "transfer_to_number_twilio_success",
            ends=True,
        ),
    }
)
"""The tools as the documentation has them."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call in a reply. `arguments` is JSON text, as it came."""

    id: str
    name: str
    arguments: str

    @property
    def given(self) -> Mapping[str, Any]:
        """The arguments; none when they are not an object."""
        found = self._read()
        return found if isinstance(found, dict) else {}

    @property
    def is_readable(self) -> bool:
        """Whether the arguments are a JSON object."""
        return isinstance(self._read(), dict)

    @property
    def spoken(self) -> str:
        """What the platform speaks in carrying it out."""
        texts = (self.given.get(name) for name in _SPOKEN_NAMES)
        return next((text for text in texts if isinstance(text, str) and text), "")

    def as_wire(self) -> Json:
        """As it stands in an assistant's message."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}

    def _read(self) -> object:
        try:
            return json.loads(self.arguments or "{}")
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools that one call has.

    Args:
        built_in: the agent's `built_in_tools`; `None` in place of one that is off.
        names: those of them that the platform offers; `None` is all.
        documented: whether with their documented arguments instead of the live ones.
    """

    built_in: Mapping[str, Any]
    names: Collection[str] | None = None
    documented: bool = False

    def offered(self) -> list[Json]:
        """The OpenAI functions, as they stand in each request."""
        return [
            tool.function(config.get("name") or name, config.get("description") or "")
            for name, config, tool in self._mine()
        ]

    def why_not(self, use: ToolUse) -> str:
        """Why a call is rejected; empty when it is carried out."""
        mine = {name: (config, tool) for name, config, tool in self._mine()}
        if use.name not in mine:
            return f"there is no tool {use.name!r}"
        if not use.is_readable:
            return "the arguments are not a JSON object"
        config, tool = mine[use.name]
        missing = [name for name in tool.required if name not in use.given]
        if missing:
            return f"missing argument {missing[0]!r}"
        if use.name == "transfer_to_number" and not _may_transfer(config, use.given):
            return "not a number that calls may be transferred to"
        return ""

    def _mine(self) -> Iterator[tuple[str, Mapping[str, Any], Tool]]:
        known = DOCUMENTED if self.documented else LIVE
        for name, config in self.built_in.items():
            is_offered = self.names is None or name in self.names
            if config is not None and is_offered and name in known:
                yield name, config, known[name]


def _may_transfer(config: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether the number is one of the agent's; any is, where it has no parameters at all."""
    if "params" not in config:
        return True
    transfers = config["params"].get("transfers") or ()
    places = [one.get("transfer_destination") or one for one in transfers]
    return given["transfer_number"] in [place.get("phone_number") for place in places]


def result_of(use: ToolUse, error: str) -> Json:
    """What the platform sends back. `error`: why it was rejected; empty when it wasn't."""
    if error:
        return {"result_type": f"{use.name}_error", "status": "error", "error": error}
    result: Json = {"result_type": LIVE[use.name].result, "status": "success"}
    return {**result, **{k: v for k, v in use.given.items() if k not in _SPOKEN_NAMES}}


def ends_call(name: str) -> bool:
    """Whether the conversation is over when that tool was carried out."""
    return name in LIVE and LIVE[name].ends


def asks_again(name: str) -> bool:
    """Whether the platform comes back for words after that tool: not for silence, nor at an end."""
    return not ends_call(name) and name != "skip_turn"
