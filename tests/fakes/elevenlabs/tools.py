"""The built-in tools as they reach a custom LLM, and what becomes of a call of one.

The schemas are the live ones, which have moved away from the documented ones: what is spoken with
a tool is `system__message_to_speak`, and a transfer wants `agent_message`.

Source: elevenlabs.io/docs, system tools (2026-11); live schemas as seen in the field (2026-08).
"""

from collections.abc import Mapping
from typing import Any

from tests.fakes.elevenlabs.rules import Json

TEXT = {"type": "string"}

LIVE: Mapping[str, tuple[Json, tuple[str, ...]]] = {
    "end_call": ({"reason": TEXT, "system__message_to_speak": TEXT}, ("reason",)),
    "language_detection": ({"reason": TEXT, "language": TEXT}, ("reason", "language")),
    "transfer_to_agent": ({"reason": TEXT, "agent_number": {"type": "integer"}}, ("agent_number",)),
    "transfer_to_number": (
        {
            "reason": TEXT,
            "transfer_number": TEXT,
            "agent_message": TEXT,
            "system__message_to_speak": TEXT,
        },
        ("transfer_number", "agent_message"),
    ),
    "skip_turn": ({"reason": TEXT}, ()),
    "play_keypad_touch_tone": ({"reason": TEXT, "dtmf_tones": TEXT}, ("dtmf_tones",)),
    "voicemail_detection": ({"reason": TEXT}, ("reason",)),
}
"""The arguments of each, and which it must have. Those of `play_keypad_touch_tone` are a guess."""

RESULTS: Mapping[str, str] = {
    "end_call": "end_call_success",
    "language_detection": "language_detection_success",
    "transfer_to_agent": "transfer_to_agent_success",
    "transfer_to_number": "transfer_to_number_twilio_success",
    "skip_turn": "skip_turn_success",
    "play_keypad_touch_tone": "play_dtmf_success",
    "voicemail_detection": "voicemail_detection_success",
}

ENDING = frozenset({"end_call", "transfer_to_number", "transfer_to_agent", "voicemail_detection"})
"""After these nobody is asked for words any more."""


def offered(built_in: Mapping[str, Any]) -> list[Json]:
    """The OpenAI functions of the tools that an agent has switched on."""
    return [
        {
            "type": "function",
            "function": {
                "name": config["name"],
                "description": config["description"] or f"Built-in tool {name}.",
                "parameters": {
                    "type": "object",
                    "properties": dict(LIVE[name][0]),
                    "required": list(LIVE[name][1]),
                },
            },
        }
        for name, config in built_in.items()
        if config is not None
    ]


def why_not(built_in: Mapping[str, Any], name: str, arguments: Any) -> str:
    """Why a call of a tool is rejected; empty when it is carried out."""
    config = built_in.get(name)
    if config is None:
        return f"no tool {name}"
    if not isinstance(arguments, dict):
        return "the arguments are not a JSON object"
    missing = [key for key in LIVE[name][1] if key not in arguments]
    if missing:
        return f"missing {', '.join(missing)}"
    if name == "transfer_to_number":
        known = [_number_of(one) for one in config["params"].get("transfers", ())]
        if arguments["transfer_number"] not in known:
            return "not a number that calls may be transferred to"
    return ""


def _number_of(transfer: Mapping[str, Any]) -> str:
    where = transfer.get("transfer_destination") or {}
    return str(where.get("phone_number") or transfer.get("phone_number", ""))
