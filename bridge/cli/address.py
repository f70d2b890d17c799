"""The public address that provisioning is about: what is set, or what the running server has."""

import httpx

from bridge.cli.running import fetch, json_object, server_at
from bridge.errors import SettingsError, Unauthenticated
from bridge.provisioning import check_public_url, remembered
from bridge.settings import Settings
from bridge.settings.faults import place


def public_url(settings: Settings) -> str:
    """The address to provision.

    Raises:
        SettingsError: there is none, or not one that the internet can reach.
        Unauthenticated: a server runs here with another platform token than ours.
    """
    url = settings.server.public_url
    if url is not None:
        check_public_url(url, place(settings.origin("server.public_url")))
        return url
    url = _asked(settings)
    if not url:
        raise SettingsError(
            "There is no public address: server.public_url is not set, and no server with a "
            "tunnel runs here",
            setting="server.public_url",
            hint=(
                "Start `bridge serve --tunnel ngrok` in another terminal, or set "
                "server.public_url (BRIDGE_SERVER__PUBLIC_URL) to the address of your own proxy."
            ),
        )
    check_public_url(url, "the running server's")
    return url


def known_url(settings: Settings) -> str:
    """The address to compare with: as `public_url`, else what was provisioned; empty for none."""
    return present_url(settings) or remembered(settings).public_url


def present_url(settings: Settings) -> str:
    """What is set, or what the running server has, and nothing from before; empty for none."""
    if settings.server.public_url is not None:
        return settings.server.public_url
    try:
        return _asked(settings)
    except Unauthenticated:
        return ""


def _asked(settings: Settings) -> str:
    """The address of the server that runs here; empty when none runs, or it has none.

    A server that is not ready, because its agent is down, say, has an address all the same.

    Raises:
        Unauthenticated: it runs with another platform token than ours.
    """
    if settings.server.port == 0 or settings.server.token is None:
        return ""
    server = server_at(None, settings)
    try:
        with server.client(settings.server.token) as http:
            answer = json_object(fetch(http, "/readyz"))
    except httpx.HTTPError:
        return ""
    if "status" in answer and "public_url" not in answer:
        raise Unauthenticated(
            f"The server at {server.root} refuses our token.",
            hint="Set server.token (BRIDGE_SERVER__TOKEN) to the one it runs with.",
        )
    url = answer.get("public_url")
    return url if isinstance(url, str) else ""
