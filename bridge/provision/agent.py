"""The agent at the voice platform, as it should be: its configuration, in the platform's words.

Two kinds. An agent that we made is ours from its voice to its limits. One that somebody made by
hand and had us adopt keeps all that makes it theirs; we see to the seam alone: where turns go, what
comes with them, and what would break calls.

Source: elevenlabs.io/docs/api-reference/agents, the OpenAPI edition of 2026-09 (2026-11).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from bridge.core.initiation import NOT_STATED, PLATFORM_VARIABLES, SECRET_HEADER, VARIABLES
from bridge.provision.difference import Made, at, merged
from bridge.provision.wish import Wish

TAG = "bridge"
"""Marks an agent as ours."""

ADOPTED_TAG = "bridge-adopted"
"""Marks one besides that somebody made by hand."""

FINGERPRINT = "bridge-cfg-"
"""What the tag begins with that says which configuration was applied."""

FINGERPRINT_CHARS = 12
"""48 bits: enough to tell a person's configurations apart."""

MODEL = "bridge"
"""What the platform calls our model in each request."""

CASCADE_TIMEOUT_S: Final = 15
"""How long the platform waits for first words before it asks again: the most it takes."""

SOFT_TIMEOUT_S: Final = 8.0
"""When the platform says something itself because we said nothing: the latest it takes. Our own
fillers come long before, so this is heard only when bridge itself is out of reach."""

EVENTS = ("transcript", "call_initiation_failure", "answering_machine_detection")
"""What the platform tells us of a call besides its turns."""

SOUND = "audio"
"""What it tells besides where sound is kept."""

CLIENT_EVENTS = (
    "conversation_initiation_metadata",
    "ping",
    "audio",
    "interruption",
    "user_transcript",
    "agent_response",
    "agent_response_correction",
)
"""What a client of the platform gets; without `interruption` nobody can barge in."""

TOOLS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        name: {"name": name, "params": {"system_tool_type": name}}
        for name in ("end_call", "skip_turn")
    }
)
"""The platform's tools that a call needs: to hang up, and to wait for a silent caller."""

OWN_TOOLS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        name: {"name": name, "params": {"system_tool_type": name}}
        for name in ("language_detection", "voicemail_detection", "play_keypad_touch_tone")
    }
)
"""Those that an agent of ours has besides."""

ENGLISH_VOICE = "eleven_flash_v2"
OTHER_VOICE = "eleven_flash_v2_5"
"""The platform's quick voices: one for English alone, one for every language."""

ADDRESSES = frozenset(
    {
        "conversation_config.agent.prompt.custom_llm.url",
        "platform_settings.workspace_overrides.conversation_initiation_client_data_webhook.url",
        "platform_settings.workspace_overrides.webhooks.post_call_webhook_id",
    }
)
"""Where our address stands in an agent."""

PROMPT = ("conversation_config", "agent", "prompt")
"""Where in an agent stands who thinks for it."""

INBOUND = (
    "platform_settings",
    "workspace_overrides",
    "conversation_initiation_client_data_webhook",
)
"""And who is asked when a call rings."""

Ids = Mapping[str, "str | Made"]
"""Ids by role: `token`, `webhook_token`, `post_call`."""


def wanted(wish: Wish, ids: Ids, found: Mapping[str, Any], *, adopted: bool) -> dict[str, Any]:
    """The agent as it should be; only what we see to.

    Args:
        ids: of the secrets and the webhook that it refers to.
        found: the agent as it is; empty when there is none yet.
        adopted: it was made by hand.
    """
    body = _seam(wish, ids, found)
    if not adopted:
        body = merged(body, _own(wish))
    mark = FINGERPRINT + fingerprint(body)
    marks = [TAG, ADOPTED_TAG, mark] if adopted else [TAG, mark]
    return {**body, "tags": list(dict.fromkeys([*_tags(found, mark), *marks]))}


def created(wish: Wish, ids: Ids) -> dict[str, Any]:
    """The body that makes the agent, whole."""
    return {"name": wish.name, **wanted(wish, ids, {}, adopted=False)}


def is_adopted(found: Mapping[str, Any] | None, *, asked: bool = False) -> bool:
    """Whether somebody made the agent by hand; its tags say so.

    Args:
        asked: we were told to use it. Then it was, unless it bears our tag already.
    """
    if found is None:
        return False
    tags = found.get("tags") or ()
    return ADOPTED_TAG in tags or (asked and TAG not in tags)


def _tags(found: Mapping[str, Any], mark: str) -> list[str]:
    """Its tags in their order, without the fingerprint of an earlier configuration."""
    tags = found.get("tags")
    kept = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    return [tag for tag in kept if tag == mark or not tag.startswith(FINGERPRINT)]


def fingerprint(body: Mapping[str, Any]) -> str:
    """Names a configuration: the same for the same settings, wherever the server is reached.

    Addresses, ids and the platform's own lists don't count.
    """
    kept = json.dumps(_bare(body), sort_keys=True, default=lambda made: made.role)
    return hashlib.sha256(kept.encode()).hexdigest()[:FINGERPRINT_CHARS]


def _bare(value: Any) -> Any:  # noqa: ANN401 - any JSON
    left_out = {"url", "secret_id", "post_call_webhook_id", "client_events", "tags"}
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items() if key not in left_out}
    return value


def _seam(wish: Wish, ids: Ids, found: Mapping[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {
        header: {"variable_name": name}
        for name, header in (*PLATFORM_VARIABLES.items(), *VARIABLES.items())
    }
    # Without it ngrok's free addresses answer some clients with a page for browsers.
    headers["ngrok-skip-browser-warning"] = "1"
    prompt: dict[str, Any] = {
        "llm": "custom-llm",
        "custom_llm": {
            "url": wish.chat_url,
            "model_id": MODEL,
            "api_key": {"secret_id": ids["token"]},
            "request_headers": headers,
            "api_type": "chat_completions",
        },
        "cascade_timeout_seconds": CASCADE_TIMEOUT_S,
        "backup_llm_config": {"preference": "disabled"},
        "built_in_tools": dict(TOOLS),
    }
    if wish.transfer_to:
        prompt["built_in_tools"]["transfer_to_number"] = _transfer(wish.transfer_to)
    events = at(found, ("conversation_config", "conversation", "client_events"))
    known = list(events) if isinstance(events, list) else list(CLIENT_EVENTS)
    missing = [] if "interruption" in known else ["interruption"]
    return {
        "conversation_config": {
            "agent": {
                "prompt": prompt,
                "dynamic_variables": {
                    "dynamic_variable_placeholders": dict.fromkeys(VARIABLES, NOT_STATED)
                },
            },
            "turn": {"speculative_turn": False},
            "conversation": {"client_events": [*known, *missing]},
        },
        "platform_settings": {
            "overrides": {
                "conversation_config_override": {
                    "agent": {"first_message": True, "language": True}
                },
                "custom_llm_extra_body": True,
                "enable_conversation_initiation_client_data_from_webhook": True,
            },
            "workspace_overrides": {
                "conversation_initiation_client_data_webhook": {
                    "url": wish.inbound_url,
                    "request_headers": {SECRET_HEADER: {"secret_id": ids["webhook_token"]}},
                },
                "webhooks": {
                    "post_call_webhook_id": ids["post_call"],
                    "events": [*EVENTS, *([SOUND] if wish.keeps_sound else [])],
                    "transcript_format": "json",
                },
            },
        },
    }


def _own(wish: Wish) -> dict[str, Any]:
    """What an agent of ours has besides."""
    others = {k: v for k, v in wish.greetings.items() if k != wish.language}
    speaks_english_only = wish.language == "en" and not others
    tools = {
        **OWN_TOOLS,
        "transfer_to_number": _transfer(wish.transfer_to) if wish.transfer_to else None,
    }
    voice = {"voice_id": wish.voice_id} if wish.voice_id else {}
    presets = {
        language: {"overrides": {"agent": {"first_message": greeting}}}
        for language, greeting in others.items()
    }
    return {
        "conversation_config": {
            "agent": {
                "language": wish.language,
                "first_message": wish.greetings.get(wish.language, ""),
                "prompt": {"built_in_tools": tools},
            },
            "tts": {
                **voice,
                "model_id": ENGLISH_VOICE if speaks_english_only else OTHER_VOICE,
                "text_normalisation_type": "elevenlabs" if wish.reads_numbers else "system_prompt",
            },
            "turn": {
                "silence_end_call_timeout": wish.silence_s,
                "soft_timeout_config": {
                    "timeout_seconds": SOFT_TIMEOUT_S,
                    "message": wish.patience,
                },
            },
            "conversation": {"max_duration_seconds": wish.max_call_s},
            **({"language_presets": presets} if presets else {}),
        },
        "platform_settings": {
            "auth": {"enable_auth": True},
            "call_limits": {"bursting_enabled": False},
            "privacy": {
                "record_voice": wish.record_voice,
                "retention_days": wish.retention_days,
            },
        },
    }


def _transfer(numbers: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "transfer_to_number",
        "params": {
            "system_tool_type": "transfer_to_number",
            "transfers": [
                {
                    "transfer_destination": {"type": "phone", "phone_number": number},
                    "condition": "The caller is to be put through to this number.",
                    "transfer_type": "conference",
                }
                for number in numbers
            ],
        },
    }
