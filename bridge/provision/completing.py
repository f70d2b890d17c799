"""What must stand in a patch of an agent beside the fields that it changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.provision.agent import INBOUND, OWN_TOOLS, PROMPT, TOOLS
from bridge.provision.difference import ABSENT, at, merged

NEEDED_WITH: Mapping[tuple[str, ...], Sequence[tuple[str, ...]]] = {
    (*PROMPT, "custom_llm"): ((*PROMPT, "llm"), (*PROMPT, "custom_llm", "url")),
    INBOUND: (INBOUND,),
    **{
        (*PROMPT, "built_in_tools", name): ((*PROMPT, "built_in_tools", name),)
        for name in (*TOOLS, *OWN_TOOLS, "transfer_to_number")
    },
}
"""What must stand in the body of every patch that touches a place, because the platform wants it
there: `llm` beside any custom LLM, and required keys."""

MAPS = (
    (*PROMPT, "custom_llm", "request_headers"),
    ("conversation_config", "agent", "dynamic_variables", "dynamic_variable_placeholders"),
    (*INBOUND, "request_headers"),
    ("conversation_config", "language_presets"),
)
"""Maps with keys of people's own. They are sent whole, because it isn't documented whether a patch
is merged into them or takes their place."""


def completed(
    body: dict[str, Any], whole: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, Any]:
    """A patch with what the platform wants beside it.

    Args:
        body: what is to change.
        whole: where required keys are taken from.
        found: where the other keys of a map are taken from.
    """
    for touched, needed in NEEDED_WITH.items():
        if not isinstance(at(body, touched), Mapping):
            continue
        for path in needed:
            if at(whole, path) is not ABSENT:
                body = merged(body, _at_path(path, at(whole, path)))
    for path in MAPS:
        there = at(found, path)
        if isinstance(at(body, path), Mapping) and isinstance(there, Mapping):
            body = merged(_at_path(path, there), body)
    return body


def _at_path(path: Sequence[str], value: object) -> dict[str, Any]:
    inner: Any = value
    for key in reversed(path):
        inner = {key: inner}
    assert isinstance(inner, dict)
    return inner
