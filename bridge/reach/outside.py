"""One question from outside: does this address lead here?

A bridge answers `GET /healthz?nonce=…` with a digest of the nonce that only its process can make.
Who asks the process and the address the same nonce sees whether they are one. No token travels,
and no redirect is followed: what the voice platform can't follow proves nothing.

Source: ngrok.com/docs/errors (2026-11).
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from bridge.core.public_url import is_public, unfit

PROOF = "public address"
"""What the digest of a nonce is for, so that it fits no other digest."""

WITHIN_S = 10.0
"""How long an address may take to answer. A voice platform gives a turn longer, but not to connect;
half a second is usual, through a tunnel too."""

ANSWER_BYTES = 65_536
"""Longest answer that is read. A bridge's is under a hundred bytes; a page that ngrok or a proxy
answers with says what it is in its first kilobytes."""

SKIP_WARNING = {"ngrok-skip-browser-warning": "1"}
"""Asks ngrok not to put its page for browsers in front. Others ignore it."""

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

_EXPIRED, _SELF_SIGNED, _CHAIN_SELF_SIGNED, _UNKNOWN_ISSUER, _OTHER_NAME = 10, 18, 19, 20, 62
"""Why OpenSSL refuses a certificate. Source: openssl.org, x509_vfy.h (2026-11)."""

_CERTIFICATES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        _EXPIRED: ("has expired", "Renew it."),
        _SELF_SIGNED: ("is self-signed", "Get one that platforms trust, from Let's Encrypt say."),
        _CHAIN_SELF_SIGNED: (
            "is signed by an authority of your own",
            "Get one that platforms trust, from Let's Encrypt say.",
        ),
        _UNKNOWN_ISSUER: (
            "comes without its chain, or from an authority that nobody knows",
            "Have the proxy send the full chain.",
        ),
        _OTHER_NAME: ("is of another name", "Have the proxy use one for this name."),
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address doesn't lead here: one sentence, and its cure."""

    message: str
    cure: str


async def ask(url: str, nonce: str) -> str | Trouble:
    """What a bridge at the address makes of the nonce; or why none answers.

    Args:
        url: the address, without a slash at its end.
        nonce: 8 to 64 characters that fit an address.
    """
    host = urlsplit(url).hostname or ""
    if is_public(host) and (why := unfit(url)):
        cure = "Set server.public_url to an https address that the internet knows."
        return Trouble(f"{url} {why}.", cure)
    try:
        async with (
            asyncio.timeout(WITHIN_S),
            httpx.AsyncClient(
                timeout=WITHIN_S, trust_env=is_public(host), headers=SKIP_WARNING
            ) as http,
            http.stream("GET", f"{url}/healthz", params={"nonce": nonce}) as response,
        ):
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > ANSWER_BYTES:
                    break
    except (httpx.TimeoutException, TimeoutError):
        cure = "Look at the tunnel or proxy behind it: it takes requests and passes none on."
        return Trouble(f"{url} does not answer within {WITHIN_S:g} s.", cure)
    except httpx.HTTPError as error:
        return _unreached(url, error)
    headers = {"content-type": response.headers.get("content-type", "")}
    whole = httpx.Response(response.status_code, headers=headers, content=body[:ANSWER_BYTES])
    return _proof_in(url, whole, response.headers.get(NGROK_CODE, ""))


def _proof_in(url: str, response: httpx.Response, ngrok_code: str) -> str | Trouble:
    if response.is_redirect:
        cure = "Set server.public_url to where it leads in the end: redirects aren't followed."
        return Trouble(f"{url} answers with a redirect (HTTP {response.status_code}).", cure)
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_success and isinstance(answer, dict) and answer.get("status") == "ok":
        if isinstance(proof := answer.get("proof"), str):
            return proof
        cure = "Point the address at this server, past any cache, with the query of the request."
        return Trouble(f"Something that is well answers at {url}, and can't prove to be us.", cure)
    return _somebody_else(url, response, ngrok_code)


def _somebody_else(url: str, response: httpx.Response, ngrok_code: str) -> Trouble:
    is_page = "html" in response.headers["content-type"]
    for known, cure in NGROK_CURES.items():
        if ngrok_code == known or (is_page and known in response.text):
            return Trouble(f"ngrok answers at {url} instead of bridge ({known}).", cure)
    if ngrok_code:
        cure = f"See https://ngrok.com/docs/errors/{_word(ngrok_code)}"
        return Trouble(f"ngrok answers at {url} instead of bridge.", cure)
    what = "a web page" if is_page else f"HTTP {response.status_code}"
    cure = "Point server.public_url at this server: its root, without /v1."
    return Trouble(f"{url} answers with {what}, not as a bridge does.", cure)


def _word(code: str) -> str:
    """What a stranger sent, as far as it fits an address."""
    return "".join(
        char for char in code.lower() if char.isascii() and (char.isalnum() or char == "_")
    )[:40]


def _unreached(url: str, error: httpx.HTTPError) -> Trouble:
    """Why nothing could be asked."""
    host = urlsplit(url).hostname
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                cure = "Check its spelling and its DNS records; a new name takes a few minutes."
                return Trouble(f"The name {host} is not known (DNS).", cure)
            case ssl.SSLCertVerificationError():
                said, cure = _CERTIFICATES.get(
                    cause.verify_code, ("is refused", "Get one that platforms trust.")
                )
                return Trouble(f"The certificate of {host} {said}.", cure)
            case ssl.SSLError():
                cure = "Something else than a web server with https may listen on that port."
                return Trouble(f"{host} does not speak TLS as it should.", cure)
            case ConnectionRefusedError():
                cure = "Start the tunnel or proxy behind it; check the port and the firewall."
                return Trouble(f"{url} refuses connections: nothing listens there.", cure)
            case _:
                pass
    cure = "Start the tunnel or proxy behind it, and check that server.public_url is spelt right."
    return Trouble(f"{url} does not answer ({type(error).__name__}).", cure)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it, however wrapped."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__
