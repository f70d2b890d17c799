"""What the gateway's prompt tells the model of a turn: its session, and our system message."""

import re
from typing import Any

from tests.gateway.kit.stub_model import Seen

END_CALL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Hang up.",
        "parameters": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "message": {"type": "string"}},
            "required": ["reason"],
        },
    },
}
"""As the voice platform offers it."""


def session_of(seen: Seen) -> tuple[str, str]:
    """The agent and the session key that the model is told, on a session's first turn."""
    found = re.search(r"Runtime: agent=(\S+) \| session=(\S+) \|", seen.dialogue[0])
    assert found
    return found[1], found[2]


def context_of(seen: Seen) -> str:
    """What the gateway shows the model of our system message."""
    found = re.search(r"## Conversation Context\n(.*?)\n## Runtime", seen.system, re.DOTALL)
    assert found
    return found[1]
