"""Whose door is which, and the keys to them.

Every address belongs to a group of users; what no door names does not exist. Tokens are kept and
compared as digests, so that neither their length nor how much of one was guessed shows.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.core.initiation import SECRET_HEADER
from bridge.core.webhook_signature import SIGNATURE_HEADER
from bridge.errors import Unauthenticated


class Group(StrEnum):
    """Who may use a door."""

    PUBLIC = "public"
    PLATFORM = "platform"
    OPERATOR = "operator"

    AGENT = "agent"
    """An agent that places calls: has no doors of its own, and some of the operator's."""

    FIGURES = "figures"

    WEBHOOK = "webhook"
    """The voice platform, with a secret in a header of its own."""

    SIGNED = "signed"
    """The voice platform, by a signature over the body: who stands behind the door checks it."""


INBOUND_PATH = "/webhooks/elevenlabs/inbound"
POST_CALL_PATH = "/webhooks/elevenlabs/post-call"
"""Where the voice platform tells of a call that rings, and of one that is over."""

DOORS: Mapping[str, Group] = {
    "/v1": Group.PLATFORM,
    "/chat/completions": Group.PLATFORM,
    "/healthz": Group.PUBLIC,
    "/readyz": Group.PUBLIC,
    "/metrics": Group.FIGURES,
    "/sessions": Group.OPERATOR,
    "/latency": Group.OPERATOR,
    "/calls": Group.OPERATOR,
    "/events": Group.OPERATOR,
    "/stop": Group.OPERATOR,
    "/schedules": Group.OPERATOR,
    "/openapi.json": Group.OPERATOR,
    INBOUND_PATH: Group.WEBHOOK,
    POST_CALL_PATH: Group.SIGNED,
}
"""Every address, and those below it. What isn't named here does not exist."""

AGENTS_MAY: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("POST", re.compile("/calls")),
    ("GET", re.compile("/calls")),
    ("GET", re.compile("/calls/(?!search$)[^/]+")),
    ("GET", re.compile("/calls/[^/]+/transcript")),
    ("DELETE", re.compile("/calls/[^/]+")),
)
"""What an agent's token opens, by method and address. Which calls it meets there is decided behind
the door (`web/calls.py`): its own."""

HOLDER = "bridge.holder"
"""Where a request's scope says whose token it carries, from the guard on."""

_SLASHES = re.compile("/{2,}")

_FORWARDED = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}
)


class Gate(Protocol):
    """Tells whether we are stopping."""

    @property
    def draining(self) -> bool:
        """True from the moment that no new work is taken."""


class Tokens:
    """The tokens, kept as digests.

    Args:
        platform: opens `/v1`.
        operator: opens the operator's routes. No token opens another's doors.
        private_bind: the server listens on a private address, so that `/metrics` needs no token
            unless the request came through a proxy or a tunnel.
        webhook: what the platform proves itself with when a call rings; with none, that door
            opens to nobody.
        agent: an agent's token as it is now; empty while there is none.
    """

    def __init__(
        self,
        platform: str,
        operator: str,
        *,
        private_bind: bool = False,
        webhook: str = "",
        agent: Callable[[], str] = str,
    ) -> None:
        if not platform or not operator:
            raise ValueError("A token must not be empty.")
        self._digests = {
            Group.PLATFORM: _digest(platform.encode()),
            Group.OPERATOR: _digest(operator.encode()),
        }
        self._webhook = _digest(webhook.encode()) if webhook else None
        self._private_bind = private_bind
        self._agent = agent

    def check(self, scope: Scope, group: Group) -> Group:
        """Returns when the request may use the group's doors, or for `SIGNED` when it may try.

        Returns:
            Who it is: `AGENT` at a door of the operator's that agents may use; else the group.

        Raises:
            Unauthenticated: no token, or not the group's; no signature.
        """
        match group:
            case Group.PUBLIC:
                pass
            case Group.WEBHOOK:
                self._check_webhook(scope)
            case Group.SIGNED:
                _the_one(scope, SIGNATURE_HEADER, "No signature.")
            case Group.FIGURES:
                if not (self._private_bind and _came_directly(scope)):
                    self._check_bearer(scope, Group.OPERATOR)
            case Group.OPERATOR if self._is_agents(scope):
                return Group.AGENT
            case _:
                self._check_bearer(scope, group)
        return group

    def _check_bearer(self, scope: Scope, group: Group) -> None:
        token = _bearer(scope)
        if token is None:
            raise Unauthenticated("No token.", hint="Send 'Authorization: Bearer <token>'.")
        if not hmac.compare_digest(_digest(token), self._digests[group]):
            raise Unauthenticated(f"This is not the {group} token.")

    def _is_agents(self, scope: Scope) -> bool:
        """Whether an agent stands at a door that agents may use."""
        token = _bearer(scope) if _is_for_agents(scope) else None
        known = "" if token is None else self._agent()
        if token is None or not known:
            return False
        return hmac.compare_digest(_digest(token), _digest(known.encode()))

    def _check_webhook(self, scope: Scope) -> None:
        secret = _the_one(scope, SECRET_HEADER, "No secret.")
        if self._webhook is None or not hmac.compare_digest(_digest(secret), self._webhook):
            raise Unauthenticated("This is not the webhook's secret.")

    def know(self, scope: Scope) -> bool:
        """Whether the request carries either token."""
        token = _bearer(scope)
        if token is None:
            return False
        matches = [hmac.compare_digest(_digest(token), known) for known in self._digests.values()]
        return any(matches)


def group_of(scope: Scope) -> Group | None:
    """Whose door the request stands at; `None` when there is no such door."""
    door = _door_of(scope)
    return None if door is None else DOORS[door]


def _is_for_agents(scope: Scope) -> bool:
    method, path = scope["method"], _path_of(scope)
    return any(method == name and way.fullmatch(path) for name, way in AGENTS_MAY)


def is_agent(scope: Scope) -> bool:
    """Whether a request that was let in carries an agent's token."""
    return bool(scope[HOLDER] is Group.AGENT)


def route_of(scope: Scope) -> str:
    """The route as a metric's label: one of a few, whatever a stranger asks for."""
    door = _door_of(scope)
    if door is None or DOORS[door] is not Group.PLATFORM:
        return door or "other"
    path = _path_of(scope)
    if path.endswith("/chat/completions"):
        return "/v1/chat/completions"
    is_models = path == "/v1/models" or path.startswith("/v1/models/")
    return "/v1/models" if is_models else door


class Tidied:
    """One spelling for each address: a base with a slash at its end makes two of them in a row.

    Nothing is redirected: that would be an address built from the client's own `Host`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request of the app inside."""
        path = scope.get("path", "")
        if "//" in path or path.endswith("/"):
            scope = {**scope, "path": _SLASHES.sub("/", path).rstrip("/") or "/"}
        await self._app(scope, receive, send)


def is_private_bind(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine or a private network only.

    A name other than `localhost`, and "every address" (`0.0.0.0`, `::`), count as public.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_private and not address.is_unspecified


def _path_of(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))


def _door_of(scope: Scope) -> str | None:
    path = _path_of(scope)
    for door in DOORS:
        if path == door or path.startswith(door + "/"):
            return door
    return None


def _digest(token: bytes) -> bytes:
    """Digests have one length, so that comparing them tells nothing about a token's."""
    return hashlib.sha256(token).digest()


def headers_named(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of the header, in order. `name` is in lower case."""
    return [value for key, value in scope["headers"] if key == name]


def _the_one(scope: Scope, name: str, otherwise: str) -> bytes:
    """The only value of a header that must be there."""
    values = headers_named(scope, name.encode("ascii"))
    if len(values) != 1:
        raise Unauthenticated(otherwise, hint=f"Send {name!r}, once.")
    return values[0].strip()


def _bearer(scope: Scope) -> bytes | None:
    values = headers_named(scope, b"authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].strip().partition(b" ")
    return token.strip() or None if scheme.lower() == b"bearer" else None


def _came_directly(scope: Scope) -> bool:
    """Whether no proxy stands between: behind a tunnel, the whole world comes from loopback."""
    if any(key in _FORWARDED for key, _ in scope["headers"]):
        return False
    client = scope.get("client")
    return client is None or is_private_bind(client[0])
