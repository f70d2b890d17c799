"""What the fake refuses, and in which shape: what is documented of the real ones.

Source: elevenlabs.io/docs, errors and custom LLM (2026-11); data/samples.json, `errors`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "authorization_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
    500: "server_error",
}
"""The `type` that goes with a status."""


class Refusal(Exception):
    """An answer that is not the one hoped for."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def error(status: int, code: str, message: str, legacy: str = "") -> Json:
    """The current shape of an error's body."""
    return {
        "detail": {
            "type": KINDS[status],
            "code": code,
            "message": message,
            "status": legacy or code,
            "request_id": "req_of_the_fake",
            "param": None,
        }
    }


def refused(status: int, code: str, message: str) -> Refusal:
    """A refusal in the current shape."""
    return Refusal(status, error(status, code, message))


def older(status: int, code: str, message: str) -> Refusal:
    """A refusal in the shape of older endpoints."""
    return Refusal(status, {"detail": {"status": code, "message": message}})


def invalid(found: list[Json]) -> Refusal:
    """A body that does not fit."""
    return Refusal(422, {"detail": found})


def invalid_at(where: list[str], why: str) -> Refusal:
    """A body of which one place does not fit."""
    return invalid([{"loc": ["body", *where], "msg": why, "type": "value_error"}])


def check_prompt(sent: Mapping[str, Any], whole: Mapping[str, Any], *, is_new: bool) -> None:
    """Refuses what the prompt's model can't be.

    Args:
        sent: the `prompt` of this body.
        whole: the prompt as it would be.
    """
    if sent.get("custom_llm") is not None and sent.get("llm") != "custom-llm" and not is_new:
        raise older(400, "custom_llm_without_llm", "custom_llm needs llm custom-llm in this body")
    own, is_own = whole.get("custom_llm"), whole.get("llm") == "custom-llm"
    if is_own and own is None:
        raise older(400, "custom_llm_missing", "llm is custom-llm, and custom_llm is not set")
    if own is not None and not is_own:
        raise older(400, "custom_llm_must_be_null", "custom_llm must be null for a hosted llm")


def check_whole(agent: Mapping[str, Any], cloned_voices: set[str]) -> None:
    """Refuses what may not stand together in one agent."""
    talk = agent["conversation_config"]
    if talk["agent"]["prompt"]["llm"] != "custom-llm":
        return
    if talk["tts"]["voice_id"] in cloned_voices:
        raise older(
            400,
            "custom_llm_not_allowed_in_with_agent_with_ivc_voice",
            "Custom LLM is not allowed with an instant voice clone",
        )
    if agent["platform_settings"]["privacy"]["zero_retention_mode"]:
        raise older(400, "custom_llm_not_allowed_in_zrm", "Custom LLM is not allowed in ZRM")


def check_placeholders(names: Mapping[str, Any]) -> None:
    """Refuses to let anyone declare the platform's own variables."""
    for name in names:
        if name.startswith("system__"):
            raise older(400, "reserved_dynamic_variable", f"{name} is a reserved dynamic variable")


def references(value: Any, key: str) -> Iterator[str]:
    """Every id that stands under `key`, anywhere inside."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == key and isinstance(part, str):
                yield part
            else:
                yield from references(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from references(part, key)


def not_permitted(changes: Mapping[str, Any], may: Any, at: str = "") -> list[str]:
    """The dotted paths of overrides that the agent does not permit."""
    found: list[str] = []
    for key, part in changes.items():
        where, allowed = f"{at}.{key}".removeprefix("."), may.get(key) if may else None
        if isinstance(part, Mapping) and not isinstance(allowed, bool):
            found += not_permitted(part, allowed, where)
        elif part is not None and allowed is not True:
            found.append(where)
    return found
