"""Whether a public address leads to this bridge, seen from outside: over the internet and back.

The address and the server on this machine are asked for the same proof (`bridge.reach.outside`).
The token travels only after that, where this very server answered.
"""

import secrets

import httpx
from pydantic import SecretStr

from bridge.cli.running import Server, fetch
from bridge.ports.upstream import Finding, Verdict
from bridge.reach import outside
from bridge.reach.keeper import NONCE_BYTES
from bridge.reach.outside import Trouble

CHECK = "public address"

_START = "Start `bridge serve` here and ask again, to know whether it is this one."


async def check_address(url: str, local: Server | None, token: SecretStr | None) -> Finding:
    """Asks the address as the voice platform will.

    Args:
        url: the public address, without a path of ours.
        local: the server on this machine, to compare with; `None` when there is no telling.
        token: the platform token.
    """
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    theirs = await outside.ask(url, nonce)
    if isinstance(theirs, Trouble):
        return Finding(CHECK, Verdict.FAIL, theirs.message, theirs.cure)
    ours = await outside.ask(local.root, nonce) if local else None
    if ours is None or isinstance(ours, Trouble):
        return Finding(CHECK, Verdict.WARN, f"A bridge answers at {url}.", _START)
    if theirs != ours:
        cure = "Point the address at this server, or stop the other one."
        return Finding(CHECK, Verdict.FAIL, f"Another bridge answers at {url}.", cure)
    return _takes_token(url, token)


def _takes_token(url: str, token: SecretStr | None) -> Finding:
    """Whether what the platform will send gets through: this server answers there."""
    if token is None:
        cure = "Run doctor where the server's token is known (server.token)."
        return Finding(CHECK, Verdict.WARN, f"{url} leads here; no token was tried.", cure)
    try:
        with Server(url).client(token) as http:
            http.headers.update(outside.SKIP_WARNING)
            response = fetch(http, "/v1/models")
    except httpx.HTTPError as error:
        cure = "Look at the tunnel or proxy: it lets /healthz through, and not /v1."
        message = f"{url} leads here, but /v1 does not answer ({type(error).__name__})."
        return Finding(CHECK, Verdict.FAIL, message, cure)
    if response.is_success:
        return Finding(CHECK, Verdict.OK, f"{url} leads here and takes the platform token.")
    if response.status_code == httpx.codes.UNAUTHORIZED:
        cure = "Set server.token to the one it runs with; a proxy must pass `Authorization` on."
        message = f"{url} leads here and refuses the platform token."
    else:
        cure = "Look at the tunnel or proxy: it lets /healthz through, and not /v1."
        message = f"{url} leads here, but /v1 answers HTTP {response.status_code}."
    return Finding(CHECK, Verdict.FAIL, message, cure)
