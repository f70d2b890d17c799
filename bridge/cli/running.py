"""The server that runs here, or wherever `--url` says: asked what it knows, over HTTP.

One request each, no retry, every wait bounded. Proxies of the environment are not used to reach
this machine. Whatever goes wrong is a `BridgeError` that says how to go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
from pydantic import SecretStr

from bridge import clock
from bridge.core.public_url import is_public
from bridge.errors import (
    NotAllowed,
    SettingsError,
    Unauthenticated,
    VendorBrokePromise,
    VendorError,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.settings import Settings
from bridge.settings.rules import web_address

NAME = "bridge"

CONNECT_S = 3.0
"""How long a server may take to pick up."""

WITHIN_S = 10.0
"""How long it may take to say what it knows. `/readyz` may ask the agent, for 5 s at most."""

ANSWER_BYTES = 8 * 1024 * 1024
"""Longest answer that is read: two thousand sessions are under 1 MB. What listens at an address may
be anything, and must neither fill the memory nor hold a command up for ever."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no address to connect to
"""Where a server that listens on every address is met on this machine."""


OPERATOR_TOKEN, AGENT_TOKEN = "operator_token", "agent_token"
"""The settings in `server.` that hold the tokens by which a server is asked."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server answers. `root` has no path and no slash at its end."""

    root: str

    def client(self, token: SecretStr | None = None) -> httpx.Client:
        """A client of it. With a token, every request carries it."""
        headers = {"authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        return httpx.Client(
            base_url=self.root,
            headers=headers,
            timeout=httpx.Timeout(WITHIN_S, connect=CONNECT_S),
            trust_env=is_public(urlsplit(self.root).hostname or ""),
        )

    def answers(self) -> bool:
        """Whether a bridge answers there."""
        try:
            with self.client() as http:
                return is_healthy(fetch(http, "/healthz"))
        except httpx.HTTPError:
            return False


def server_at(url: str | None, settings: Settings) -> Server:
    """The server at that address, or where the settings say that it listens.

    Raises:
        click.BadParameter: the address is none.
        SettingsError: the settings name no port.
    """
    if url is not None:
        try:
            address = web_address(url if "//" in url else f"http://{url}")
        except ValueError as error:
            raise click.BadParameter(f"It {error}.", param_hint="--url") from None
        return Server(address.removesuffix("/chat/completions").removesuffix("/v1"))
    if settings.server.port == 0:
        raise SettingsError(
            "server.port is 0: there is no telling where a server listens",
            setting="server.port",
            hint="Name the server with --url.",
        )
    return server_on(settings.server.host, settings.server.port)


def server_on(host: str, port: int) -> Server:
    """The server that listens on that host and port of this machine."""
    return Server(f"http://{address_of(EVERYWHERE.get(host, host), port)}")


def address_of(host: str, port: int) -> str:
    """Host and port as they stand in an address."""
    return f"[{host}]:{port}" if ":" in host.strip("[]") and host[0] != "[" else f"{host}:{port}"


def fetch(http: httpx.Client, path: str, method: str = "GET") -> httpx.Response:
    """What is answered there, whole, with the headers that matter to us.

    Raises:
        httpx.HTTPError: no answer, or none that ends within `WITHIN_S` and `ANSWER_BYTES`.
    """
    until_s = clock.now_s() + WITHIN_S
    with http.stream(method, path) as response:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > ANSWER_BYTES or clock.now_s() > until_s:
                raise httpx.ReadTimeout("an answer without an end", request=response.request)
        headers = {
            name: value for name, value in response.headers.items() if name not in _OF_THE_WIRE
        }
        return httpx.Response(response.status_code, headers=headers, content=bytes(body))


_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that tell how a body was sent, and are wrong of one that was read."""


def is_healthy(response: httpx.Response) -> bool:
    """Whether it is how a bridge says that it is alive."""
    return response.is_success and json_object(response).get("status") == "ok"


def agents(settings: Settings) -> Settings:
    """The settings, when there is an agent's token in them.

    Raises:
        SettingsError: there is none.
    """
    if settings.server.agent_token is None:
        raise SettingsError(
            "there is no agent's token on this machine",
            setting="server.agent_token",
            hint="Whoever runs bridge makes one with `bridge skill install`.",
        )
    return settings


def ask_operator(server: Server, path: str, settings: Settings) -> Mapping[str, Any]:
    """What an operator's route of a running server says. Raises as `ask`."""
    return ask(server, path, settings)


def ask(
    server: Server,
    path: str,
    settings: Settings,
    *,
    method: str = "GET",
    token: str = OPERATOR_TOKEN,
) -> Mapping[str, Any]:
    """What a route of a running server says.

    Args:
        token: the setting in `server.` that holds the token to be sent.

    Raises:
        Unauthenticated: it has another token, or we have none.
        VendorError: nothing answers, or not as a bridge does; or it refuses, with its status.
    """
    try:
        with server.client(getattr(settings.server, token)) as http:
            response = fetch(http, path, method)
    except httpx.HTTPError as error:
        raise no_answer(server, path, error) from None
    check(server, path, response, token=token)
    answer = json_object(response)
    if not answer:
        raise not_a_bridge(server, path)
    return answer


def check(server: Server, operation: str, response: httpx.Response, *, token: str) -> None:
    """Returns when a server took the request.

    Args:
        token: the setting in `server.` that holds the token that was sent.

    Raises:
        Unauthenticated: it refuses the token.
        NotAllowed: the token is right, and a rule refuses what was asked.
        VendorError: it refuses the request, or is no bridge.
    """
    if response.is_success:
        return
    error = json_object(response).get("error")
    said = error.get("message") if isinstance(error, dict) else None
    if isinstance(error, dict) and error.get("code") == NotAllowed.code:
        raise NotAllowed(shown(str(said)), rule=str(error.get("rule", "")))
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise Unauthenticated(
            f"The server at {server.root} refuses our token.",
            hint=f"Set server.{token} (BRIDGE_SERVER__{token.upper()}) to the one it runs with.",
        )
    if not isinstance(said, str):
        raise not_a_bridge(server, operation, response.status_code)
    raise VendorError(
        f"The server at {server.root} answers HTTP {response.status_code}: {shown(said)}",
        vendor=NAME,
        operation=operation,
        status=response.status_code,
    )


def no_answer(server: Server, operation: str, error: httpx.HTTPError) -> VendorError:
    """Nothing answered there, or not in time."""
    if isinstance(error, httpx.ReadTimeout):
        return VendorTooSlow(
            f"The server at {server.root} did not answer within {WITHIN_S:g} s.",
            vendor=NAME,
            operation=operation,
            why=Why.LATE,
        )
    return VendorUnavailable(
        f"No server answers at {server.root}.",
        vendor=NAME,
        operation=operation,
        why=Why.UNREACHABLE,
        asked=False,
        hint="Start it with `bridge serve`, or name another with --url.",
    )


def not_a_bridge(server: Server, operation: str, status: int = 200) -> VendorError:
    """Something else than a bridge answered."""
    return VendorBrokePromise(
        f"What answers at {server.root} is not a bridge (HTTP {status}).",
        vendor=NAME,
        operation=operation,
        status=status,
        hint="Name the right server with --url, or set server.port.",
    )


def shown(text: str) -> str:
    """Text from outside, without what would move a terminal's cursor."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def json_object(response: httpx.Response) -> Mapping[str, Any]:
    """The JSON object that was answered; an empty one when it was something else."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
