"""The built-in tools as they reach a custom LLM, and what becomes of a call of one.

As the rehearsal's platform has them.
"""

from collections.abc import Mapping
from typing import Any

from bridge.rehearsal.system_tools import LIVE, Toolbox, ToolUse, result_of
from tests.fakes.elevenlabs.rules import Json

ENDING = frozenset(name for name, tool in LIVE.items() if tool.ends)
"""After these nobody is asked for words any more."""


def offered(built_in: Mapping[str, Any]) -> list[Json]:
    """The OpenAI functions of the tools that an agent has switched on."""
    return Toolbox(built_in).offered()


def why_not(built_in: Mapping[str, Any], call: Json) -> str:
    """Why a call of a tool is rejected; empty when it is carried out."""
    return Toolbox(built_in).why_not(_use(call))


def result(call: Json, rejected: str) -> Json:
    """What the agent is told of it."""
    return result_of(_use(call), rejected)


def _use(call: Json) -> ToolUse:
    return ToolUse(call["id"], call["function"]["name"], call["function"]["arguments"])
