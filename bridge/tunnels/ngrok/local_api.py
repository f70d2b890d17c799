"""What an agent of ngrok's tells on this machine: which addresses lead to which ports.

Source: ngrok.com/docs/agent/api (2026-11).
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from bridge.core.public_url import is_public

ADDRESS = "http://127.0.0.1:4040"
"""Where a running agent tells what it serves."""

WITHIN_S = 2.0
"""How long an agent on this machine may take to tell. It takes milliseconds."""

SILENCES = 3
"""How often in a row an agent may not tell before it counts as gone: a machine that wakes up or is
very busy is silent once."""


async def served(api: str, port: int) -> tuple[str, ...] | None:
    """Public addresses by which the agent serves a port; `None` when no agent tells."""
    told = False
    addresses: list[str] = []
    async with httpx.AsyncClient(base_url=api, timeout=WITHIN_S, trust_env=False) as http:
        for kind in ("endpoints", "tunnels"):
            try:
                answer = (await http.get(f"/api/{kind}")).json()
            except httpx.ConnectError:
                return None
            except (httpx.HTTPError, ValueError):
                continue
            if isinstance(answer, dict) and isinstance(answer.get(kind), list):
                told = True
                addresses += _addresses(answer[kind], port)
    return tuple(dict.fromkeys(addresses)) if told else None


def knows_endpoints(api: str) -> bool:
    """Whether the agent has `/api/endpoints`. Blocks; an older one answers 404."""
    try:
        return httpx.get(f"{api}/api/endpoints", timeout=WITHIN_S, trust_env=False).is_success
    except httpx.HTTPError:
        return True


def _addresses(served: list[object], port: int) -> Iterator[str]:
    """Public addresses that lead to the port."""
    for one in served:
        target = _text(one, "upstream", "url") or _text(one, "config", "addr")
        address = (_text(one, "public_url") or _text(one, "url")).rstrip("/")
        if _is_web(address) and _leads_to(target, port):
            yield address


def _is_web(address: str) -> bool:
    """Whether it is https, or a stand-in's on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and not is_public(parts.hostname or "")
    )


def _text(value: object, *path: str) -> str:
    """The text at that place of a JSON value; empty when there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _leads_to(target: str, port: int) -> bool:
    parts = urlsplit(target if "//" in target else f"//{target}")
    return parts.hostname in ("localhost", "127.0.0.1", "::1") and parts.port == port
