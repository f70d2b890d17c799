"""Whether a public address leads to this bridge, seen from outside: over the internet and back.

The token goes only where something answers as a bridge does, over https or on this machine.

Source: ngrok.com/docs/errors (2026-11).
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from bridge.cli.running import Server, fetch, is_healthy, json_object
from bridge.ports.upstream import Finding, Verdict
from bridge.settings.tokens import is_public

CHECK = "public address"

NGROK_CODE = "ngrok-error-code"
"""The header by which ngrok says why it answered itself."""

NGROK_CURES: Mapping[str, str] = MappingProxyType(
    {
        "ERR_NGROK_3200": "The tunnel is closed: start it, with `bridge serve --tunnel ngrok`.",
        "ERR_NGROK_8012": "The tunnel is open but nothing listens behind it: start `bridge serve`.",
        "ERR_NGROK_6024": (
            "That is ngrok's page for browsers: in ElevenLabs, set the request header "
            "ngrok-skip-browser-warning to 1."
        ),
    }
)


def check_address(url: str, local: Server | None, token: SecretStr | None) -> Finding:
    """Asks the address as the voice platform will.

    Args:
        url: the public address, without a path of ours.
        local: the server on this machine, to compare with; `None` when there is no telling.
        token: the platform token.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and is_public(parts.hostname or ""):
        cure = "Set server.public_url to an https address: tokens and words travel through it."
        return _fail(f"{url} is not https.", cure)
    there = Server(url)
    try:
        with there.client() as http:
            response = fetch(http, "/healthz")
        if not is_healthy(response):
            return _not_us(url, response)
        return _compare(there, local, token)
    except httpx.HTTPError as error:
        return _fail(f"{url} does not answer ({type(error).__name__}).", _UNREACHED)


_UNREACHED = (
    "Start the tunnel or proxy behind it, check its name and certificate, and that "
    "server.public_url is spelt right."
)


def _compare(there: Server, local: Server | None, token: SecretStr | None) -> Finding:
    """Whether the bridge that answers is this one: its list of models says since when it runs."""
    if token is None:
        return Finding(CHECK, Verdict.WARN, f"A bridge answers at {there.root}.", _START)
    theirs = _models(there, token)
    if theirs is None:
        cure = "Point the address at this server, or set server.token to the one it runs with."
        return _fail(f"Another bridge, or one with another token, answers at {there.root}.", cure)
    if local is None or not local.answers():
        return Finding(CHECK, Verdict.WARN, f"A bridge answers at {there.root}.", _START)
    if theirs != _models(local, token):
        cure = "Point the address at this server, or stop the other one."
        return _fail(f"Another bridge with our token answers at {there.root}.", cure)
    return Finding(CHECK, Verdict.OK, f"{there.root} leads here and takes the platform token.")


_START = "Start `bridge serve` here and ask again, to know whether it is this one."


def _models(server: Server, token: SecretStr) -> Mapping[str, object] | None:
    with server.client(token) as http:
        response = fetch(http, "/v1/models")
    return json_object(response) if response.is_success else None


def _not_us(url: str, response: httpx.Response) -> Finding:
    code = response.headers.get(NGROK_CODE, "")
    is_page = "html" in response.headers.get("content-type", "")
    for known, cure in NGROK_CURES.items():
        if code == known or (is_page and known in response.text):
            return _fail(f"ngrok answers at {url} instead of bridge ({known}).", cure)
    what = "a web page" if is_page else f"HTTP {response.status_code}"
    cure = "Point server.public_url at this server: its root, without /v1."
    return _fail(f"{url} answers with {what}, not as a bridge does.", cure)


def _fail(message: str, cure: str) -> Finding:
    return Finding(CHECK, Verdict.FAIL, message, cure)
