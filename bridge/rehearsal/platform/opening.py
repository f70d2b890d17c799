"""How a conversation begins: an agent, what it was introduced with, and what is known of the call.

Pure. Variables are filled in and overrides are checked as the platform does it; whatever it would
give a call up for stops the call here.

Source: elevenlabs.io/docs, personalization, dynamic variables, overrides, custom LLM (2026-11).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

PROMPT = "You are talking with a caller on the telephone."
"""What stands in the system message when the agent has no prompt of its own."""

NORMALISATION = "\n\nWrite numbers and symbols as words, as they are spoken."
"""What the platform adds to the prompt when the model is to write for a voice."""

INTRODUCTION = "conversation_initiation_client_data"
"""The type of an answer to a call that rings."""

WITHHELD = "anonymous"
"""What the carrier tells in place of a number that is withheld."""

NOT_SENT = "authorization"
"""A request header that an agent may be given, and that is never sent."""

_KNOWN = frozenset(
    {
        "dynamic_variables",
        "conversation_config_override",
        "custom_llm_extra_body",
        "user_id",
        "branch_id",
        "environment",
    }
)
"""What an introduction may hold."""

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Stopped(Exception):
    """The platform gives the conversation up before it begins, and why."""


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A telephone call, as the platform knows it.

    Attributes:
        conversation: the platform's id of it.
        direction: as the voice agent sees it.
        remote: the other side's number; empty is withheld.
        line: ours.
        call_sid: the carrier's id.
    """

    conversation: str
    direction: Literal["inbound", "outbound"]
    remote: str = field(repr=False)
    line: str
    call_sid: str

    @property
    def stated_remote(self) -> str:
        """The other side's number, as it is told."""
        return self.remote or WITHHELD

    def ringing(self, agent_id: str) -> Json:
        """What the initiation webhook is told."""
        return {
            "caller_id": self.stated_remote,
            "agent_id": agent_id,
            "called_number": self.line,
            "call_sid": self.call_sid,
            "conversation_id": self.conversation,
        }

    def system(self) -> dict[str, str]:
        """The dynamic variables that only a telephone call has."""
        sides = (self.stated_remote, self.line)
        caller, called = sides if self.direction == "inbound" else reversed(sides)
        return {
            "system__caller_id": caller,
            "system__called_number": called,
            "system__call_sid": self.call_sid,
        }


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation that may begin.

    Attributes:
        agent_id: whose it is.
        first_message: what is said first; empty waits for the caller.
        language: spoken and listened for.
        prompt: of the agent: who thinks for it, and its tools.
        system: the system message.
        variables: every dynamic variable.
        headers: what each request carries, the secret's among them.
        introduced: what the conversation was introduced with.
    """

    agent_id: str
    first_message: str
    language: str
    prompt: Mapping[str, Any]
    system: str
    variables: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    introduced: Mapping[str, Any]


def opening(
    agent: Mapping[str, Any],
    introduced: Mapping[str, Any],
    call: PhoneCall,
    token: str,
    first_message: str | None = None,
) -> Opening:
    """Settles everything before the first word.

    Args:
        agent: the voice agent, as it was provisioned.
        introduced: the webhook's answer, or what a call was placed with; checked here.
        token: the value of the secret that the agent's `custom_llm.api_key` names.
        first_message: the agent's own, when it is another one than was provisioned.

    Raises:
        Stopped: the platform would give the call up.
    """
    config = agent["conversation_config"]
    own = config["agent"]
    check_introduction(introduced)
    changes = (introduced.get("conversation_config_override") or {}).get("agent") or {}
    _check_overrides(introduced, agent["platform_settings"]["overrides"])
    language = changes.get("language") or own.get("language") or "en"
    said = own.get("first_message", "") if first_message is None else first_message
    preset = (config.get("language_presets") or {}).get(language) or {}
    if language != own.get("language", "en"):
        said = (preset.get("overrides") or {}).get("agent", {}).get("first_message") or said
    said = changes.get("first_message") or said
    variables = _variables(agent, introduced, call)
    prompt = own["prompt"]
    text = prompt.get("prompt") or PROMPT
    if (config.get("tts") or {}).get("text_normalisation_type") == "system_prompt":
        text += NORMALISATION
    return Opening(
        agent_id=agent_id(agent),
        first_message=_filled(said, variables),
        language=language,
        prompt=prompt,
        system=_filled(text, variables),
        variables=variables,
        headers={**_headers(prompt["custom_llm"], variables), "authorization": f"Bearer {token}"},
        introduced=introduced,
    )


def agent_id(agent: Mapping[str, Any]) -> str:
    """The platform's id of the agent."""
    return str(agent.get("agent_id") or "agent_rehearsal")


def check_introduction(said: object) -> None:
    """Returns when it is what the platform documents. Raises `Stopped` when it isn't."""
    if not isinstance(said, Mapping):
        raise Stopped("the initiation webhook's answer is no object")
    odd = sorted(said.keys() - _KNOWN - {"type"})
    if odd:
        raise Stopped(f"the initiation webhook's answer has what nobody knows: {', '.join(odd)}")
    parts = ("dynamic_variables", "conversation_config_override", "custom_llm_extra_body")
    wrong = [name for name in parts if not isinstance(said.get(name) or {}, Mapping)]
    if wrong:
        raise Stopped(f"the initiation webhook's answer is wrong at {wrong[0]}")


def _check_overrides(introduced: Mapping[str, Any], may: Mapping[str, Any]) -> None:
    permitted = may.get("conversation_config_override") or {}
    refused = [
        f"{part}.{name}"
        for part, changes in (introduced.get("conversation_config_override") or {}).items()
        for name in changes
        if not (permitted.get(part) or {}).get(name)
    ]
    if introduced.get("custom_llm_extra_body") and not may.get("custom_llm_extra_body"):
        refused.append("custom_llm_extra_body")
    if refused:
        raise Stopped(f"Override not allowed by config: {', '.join(refused)}")


def _variables(
    agent: Mapping[str, Any], introduced: Mapping[str, Any], call: PhoneCall
) -> dict[str, Any]:
    given = introduced.get("dynamic_variables") or {}
    wrong = [
        name
        for name, value in given.items()
        if name.startswith("system__") or not isinstance(value, str | int | float | bool)
    ]
    if wrong:
        raise Stopped(f"Invalid dynamic variables: {', '.join(sorted(wrong))}")
    declared = agent["conversation_config"]["agent"].get("dynamic_variables") or {}
    ours = agent_id(agent)
    return {
        **(declared.get("dynamic_variable_placeholders") or {}),
        **given,
        "system__conversation_id": call.conversation,
        "system__agent_id": ours,
        "system__current_agent_id": ours,
        "system__is_text_only": False,
        **call.system(),
    }


def _headers(custom_llm: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, str]:
    sent: dict[str, str] = {}
    for name, value in (custom_llm.get("request_headers") or {}).items():
        if name.lower() == NOT_SENT:
            continue
        if isinstance(value, str):
            sent[name] = value
        elif "variable_name" in value:
            sent[name] = str(_value(value["variable_name"], variables))
    return sent


def _filled(text: str, variables: Mapping[str, Any]) -> str:
    return _VARIABLE.sub(lambda found: str(_value(found[1], variables)), text)


def _value(name: str, variables: Mapping[str, Any]) -> object:
    if name not in variables:
        raise Stopped(f"Missing required dynamic variables: {name}")
    return variables[name]
