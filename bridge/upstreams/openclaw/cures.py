"""What to do about a gateway that says no: the words for an operator, each in one place."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

START = "Start the gateway, or set upstream.url to its address (port 18789 unless it was changed)."

CHOICE = (
    "Run `bridge doctor`, which names the gateway's agents; check upstream.agent, session.key, and "
    "the session key that the client sends."
)

TOKEN = "Set upstream.token (BRIDGE_UPSTREAM__TOKEN) to gateway.auth.token of openclaw.json."  # noqa: S105

ENABLE = (
    "Write into openclaw.json: "
    "gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } }"
    " (that is gateway.http.endpoints.chatCompletions.enabled: true); it is taken up at once."
)

FORWARDED = "Reach the gateway directly: a proxy in between adds forwarding headers, a 403 there."

LOCKED = "Too many wrong tokens, or too many runs: wait, and check upstream.token."

WAIT = "It is starting or stopping: wait until it is up; its log says what it waits for."

SHOW_TOOLS = (
    'Write into openclaw.json: tools: { toolSearch: { mode: "directory" } } and set '
    "upstream.calls_tools to true; or set neither, and it acts by marks."
)

USE_TOOLS = "Set upstream.calls_tools to true and it calls them; until then it acts by marks."

HOOKS = (
    'Write into openclaw.json: hooks: { enabled: true, token: "…" } with a token that is not the '
    "gateway's, and set it as upstream.providers.openclaw.hooks_token where bridge can't read that "
    "file."
)

HOOKS_DIFFER = (
    "Set upstream.providers.openclaw.hooks_token to hooks.token of openclaw.json; the gateway's "
    "own token is not taken there."
)

BY_STATUS: Mapping[int, str] = MappingProxyType(
    {400: CHOICE, 401: TOKEN, 403: FORWARDED, 404: ENABLE, 429: LOCKED, 503: WAIT}
)
"""By the HTTP status of a refused turn."""


HOOKS_BY_STATUS: Mapping[int, str] = MappingProxyType(
    {400: CHOICE, 401: HOOKS_DIFFER, 403: FORWARDED, 404: HOOKS, 429: LOCKED, 503: WAIT}
)
"""By the HTTP status of a refused wake."""


def choose(agents: Sequence[str]) -> str:
    """For a gateway with several agents."""
    return f"Set upstream.agent to one of {', '.join(map(repr, agents))}."
