"""A public address from Cloudflare: its program `cloudflared`, found on this machine.

Without an account it lends a new address under `trycloudflare.com` at each start (a quick tunnel).
With `tunnel.cloudflared_token` it runs the tunnel that the token is of, and the address is
`server.public_url`: which name leads to which local port is set in Cloudflare's dashboard.

Source: developers.cloudflare.com/cloudflare-one, tunnel run parameters; cloudflared's
quick_tunnel.go for what it prints (2026-11).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from pydantic import BaseModel, ConfigDict, SecretStr

from bridge import log
from bridge.errors import (
    BridgeError,
    SettingsError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.ports.tunnel import Lost, Opened, Tunnel
from bridge.ports.upstream import Finding, Verdict
from bridge.vendors import programs

VENDOR = "cloudflared"

WHERE = (
    "Install it: https://developers.cloudflare.com/cloudflare-one/networks/connectors/"
    "cloudflare-tunnel/downloads/"
)

OPEN_WITHIN_S = 30.0
"""How long it may take from its start to its first connection. Two to five seconds are usual; it
asks for its address for at most 15 s."""

_ADDRESS = re.compile(r"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com")
"""Its new address. `api.trycloudflare.com` is whom it asks for one."""

_CONNECTED = re.compile(r"Registered tunnel connection|Connection [0-9a-f-]+ registered")

_BAD_TOKEN = re.compile(r"token is not valid|Unauthorized")


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        program: its name on the path, or where it is.
        public_url: the address that leads to the tunnel of the token.
        cloudflared_token: of a tunnel in the account; `None`: a quick tunnel.
    """

    model_config = ConfigDict(frozen=True)

    program: str = VENDOR
    public_url: str | None = None
    cloudflared_token: SecretStr | None = None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel. Starts nothing until it is opened."""
    yield Cloudflared(settings)


class Cloudflared:
    """The adapter; see `bridge.ports.tunnel.Tunnel`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[Opened]:
        """Starts the program and waits until it is connected."""
        self._check()
        path = programs.find(self._settings.program, where=WHERE)
        token = self._settings.cloudflared_token
        command = [path, "tunnel", "--no-autoupdate"]
        if token is None:
            command += ["--url", f"http://127.0.0.1:{port}"]
            secrets = {}
        else:
            command += ["run"]
            secrets = {"TUNNEL_TOKEN": token.get_secret_value()}
        log.event("tunnel.starting", vendor=VENDOR, port=port)
        async with programs.running(command, vendor=VENDOR, secrets=secrets) as program:
            url = await _connected(
                program, "" if token is None else self._settings.public_url or ""
            )
            yield Opened(url, partial(_ended, program))

    def _check(self) -> None:
        """The token and the address go together.

        Raises:
            SettingsError: one is set and the other isn't.
        """
        has_token = self._settings.cloudflared_token is not None
        has_address = self._settings.public_url is not None
        if has_token and not has_address:
            raise SettingsError(
                "server.public_url must be set for the tunnel of tunnel.cloudflared_token",
                setting="server.public_url",
                hint="Set it to the name that leads to the tunnel in Cloudflare's dashboard.",
            )
        if has_address and not has_token:
            raise SettingsError(
                "tunnel.cloudflared_token must be set for a tunnel with an address of your own",
                setting="tunnel.cloudflared_token",
                hint="Copy it from the tunnel in Cloudflare's dashboard, or don't set "
                "server.public_url: then each start has a new address.",
            )

    async def fetches(self, port: int) -> str:
        """Nothing: the program is found, or it isn't."""
        del port
        return ""

    async def examine(self) -> tuple[Finding, ...]:
        """The program is there, and the settings go together."""
        try:
            self._check()
            programs.find(self._settings.program, where=WHERE)
        except BridgeError as error:
            return (Finding("tunnel", Verdict.FAIL, error.message, error.hint),)
        if self._settings.cloudflared_token is None:
            said = "cloudflared is installed. Without a token each start has a new address."
        else:
            said = "cloudflared is installed and has a token."
        return (Finding("tunnel", Verdict.OK, said),)


async def _connected(program: programs.Program, url: str) -> str:
    """Waits for its first connection; the address, which a quick tunnel says before.

    Raises:
        VendorError: it ends, or takes too long.
    """
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            if not url:
                address = await program.said(_ADDRESS)
                url = address[0] if address else ""
            is_connected = await program.said(_CONNECTED) is not None
    except TimeoutError:
        raise VendorTooSlow(
            f"cloudflared opened no tunnel within {OPEN_WITHIN_S:g} s.",
            vendor=VENDOR,
            operation="tunnel",
            why=Why.LATE,
            hint="Its connections go out by UDP and TCP to port 7844: a firewall may stop them.",
        ) from None
    if url and is_connected:
        return url
    if await program.said(_BAD_TOKEN):
        raise VendorRejected(
            "Cloudflare refuses the tunnel's token.",
            vendor=VENDOR,
            operation="tunnel",
            why=Why.KEY,
            hint="Copy it from the tunnel in Cloudflare's dashboard to tunnel.cloudflared_token.",
        )
    raise VendorUnavailable(
        f"cloudflared ended (exit code {program.exit_code}) and opened no tunnel.",
        vendor=VENDOR,
        operation="tunnel",
        hint="To read why: `cloudflared tunnel --url http://127.0.0.1:8787`. A quick tunnel can't "
        "be had where ~/.cloudflared holds a config.yml.",
    )


async def _ended(program: programs.Program) -> Lost:
    code = await program.ended()
    return Lost(f"cloudflared ended (exit code {code})")
