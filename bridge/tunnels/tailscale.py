"""A public address from Tailscale: a funnel to our port, made with the `tailscale` that is here.

A funnel that already leads to our port is used and left alone. Otherwise one is made in the
foreground: it lasts as long as the program that we started, so that none outlives us, however we
end, and nobody else's is touched. The address is this machine's name in the tailnet.

Source: tailscale.com/docs/reference/tailscale-cli/funnel, /docs/features/tailscale-funnel, and
tailscale's serve_v2.go for what it prints and for the shape of its JSON (2026-11).
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from bridge import log
from bridge.errors import (
    BridgeError,
    SettingsError,
    VendorBrokePromise,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.ports.tunnel import Lost, Opened, Tunnel
from bridge.ports.upstream import Finding, Verdict
from bridge.vendors import programs

VENDOR = "tailscale"

WHERE = "Install it: https://tailscale.com/download"

PUBLIC_PORTS = (443, 8443, 10000)
"""Ports that a funnel may have. Source: tailscale.com/docs/features/tailscale-funnel (2026-11)."""

ASK_WITHIN_S = 10.0
"""How long it may take to say what it knows: it asks its daemon, on this machine."""

OPEN_WITHIN_S = 30.0
"""How long a funnel may take. Seconds are usual; a first certificate takes longer, later on."""

LOOK_EVERY_S = 15.0
"""How often we look whether the funnel is there. Each look starts a program, and only a person
takes a funnel away."""

_OPEN = re.compile(r"Available on the internet")
_NOT_ENABLED = re.compile(r"not enabled|Available within your tailnet|not available", re.IGNORECASE)
_NOT_ALLOWED = re.compile(r"[Aa]ccess denied|operator")


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        program: its name on the path, or where it is.
        public_url: the address that is wanted: this machine's name, and one of the ports.
        look_every_s: seconds between looks at what is served.
    """

    model_config = ConfigDict(frozen=True)

    program: str = VENDOR
    public_url: str | None = None
    look_every_s: float = LOOK_EVERY_S


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel. Starts nothing until it is opened."""
    yield Tailscale(settings)


class Tailscale:
    """The adapter; see `bridge.ports.tunnel.Tunnel`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[Opened]:
        """Makes a funnel to a port of this machine, or uses the one that is there."""
        path = programs.find(self._settings.program, where=WHERE)
        name = await _own_name(path)
        served = await _served(path)
        found = next(_funnels(served, port), "")
        if found and self._settings.public_url in (None, found):
            log.event("tunnel.reused", vendor=VENDOR, address=found, port=port)
            yield Opened(found, partial(self._lost, path, port, None))
            return
        public_port = self._port(name, served)
        command = [path, "funnel", "--yes", f"--https={public_port}", f"http://127.0.0.1:{port}"]
        log.event("tunnel.starting", vendor=VENDOR, port=port)
        async with programs.running(command, vendor=VENDOR) as program:
            await _available(program)
            yield Opened(_address(name, public_port), partial(self._lost, path, port, program))

    def _port(self, name: str, served: Mapping[str, Any]) -> int:
        """The public port to use: the one that is wanted, or the first that is free.

        Raises:
            SettingsError: what is wanted can't be had, or none is free.
        """
        wanted = self._settings.public_url
        if wanted is not None and wanted not in {_address(name, port) for port in PUBLIC_PORTS}:
            raise SettingsError(
                f"server.public_url must be https://{name} for a funnel of this machine's",
                setting="server.public_url",
                hint=f"Set it to that, or don't set it. Ports besides 443: {PUBLIC_PORTS[1:]}.",
            )
        taken = {port for config in _configs(served) for port in config.get("TCP") or {}}
        for port in PUBLIC_PORTS:
            if str(port) not in taken and wanted in (None, _address(name, port)):
                return port
        raise SettingsError(
            "tailscale serves something else at the address already",
            setting="tunnel.name",
            hint="See `tailscale funnel status`; `tailscale funnel --https=443 off` ends it.",
        )

    async def _lost(self, path: str, port: int, program: programs.Program | None) -> Lost:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.look_every_s):
                    if program is None:
                        await asyncio.Event().wait()
                    else:
                        code = await program.ended()
                        return Lost(f"the tailscale program ended (exit code {code})")
            try:
                await _own_name(path)
                is_there = any(_funnels(await _served(path), port))
            except BridgeError as error:
                return Lost(error.message)
            if not is_there:
                return Lost("tailscale has no funnel to us any more")

    async def fetches(self, port: int) -> str:
        """Nothing: the program is found, or it isn't."""
        del port
        return ""

    async def examine(self) -> tuple[Finding, ...]:
        """The program is there, and this machine is in a tailnet."""
        try:
            name = await _own_name(programs.find(self._settings.program, where=WHERE))
        except BridgeError as error:
            return (Finding("tunnel", Verdict.FAIL, error.message, error.hint),)
        return (Finding("tunnel", Verdict.OK, f"tailscale runs; this machine is {name}."),)


async def _own_name(path: str) -> str:
    """This machine's name in the tailnet, without a dot at its end.

    Raises:
        VendorError: it is in none.
    """
    status = await _asked(path, "status", "--json", "--peers=false")
    own = status.get("Self")
    name = own.get("DNSName") if isinstance(own, dict) else None
    if status.get("BackendState") != "Running" or not isinstance(name, str) or not name:
        raise VendorRejected(
            "tailscale is not connected to a tailnet.",
            vendor=VENDOR,
            operation="status",
            why=Why.PERMISSION,
            hint="Run `tailscale up`.",
        )
    return name.rstrip(".")


async def _served(path: str) -> Mapping[str, Any]:
    return await _asked(path, "funnel", "status", "--json")


async def _asked(path: str, *arguments: str) -> Mapping[str, Any]:
    code, out = await programs.ask([path, *arguments], vendor=VENDOR, within_s=ASK_WITHIN_S)
    if code != 0:
        raise VendorUnavailable(
            "tailscale does not tell what it serves: its service may not be running.",
            vendor=VENDOR,
            operation=arguments[0],
            why=Why.UNREACHABLE,
            hint="Start it (on Linux, `sudo systemctl start tailscaled`); see `tailscale status`.",
        )
    try:
        answer = json.loads(out or b"null")
    except ValueError:
        answer = []
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise VendorBrokePromise(
            "tailscale answers something else than it documents.",
            vendor=VENDOR,
            operation=arguments[0],
            hint="Bring it up to date: 1.52 or newer is needed.",
        )
    return answer


def _configs(served: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is served in the background, and by each program in the foreground."""
    yield served
    foreground = served.get("Foreground")
    if isinstance(foreground, dict):
        yield from (config for config in foreground.values() if isinstance(config, dict))


def _funnels(served: Mapping[str, Any], port: int) -> Iterator[str]:
    """Public addresses of funnels whose root leads to the port."""
    for config in _configs(served):
        allowed = config.get("AllowFunnel") or {}
        for where, site in (config.get("Web") or {}).items():
            handler = (site.get("Handlers") or {}).get("/") or {}
            if allowed.get(where) and _leads_to(handler.get("Proxy") or "", port):
                name, _, public_port = where.rpartition(":")
                yield _address(name, int(public_port))


def _leads_to(target: str, port: int) -> bool:
    parts = urlsplit(target)
    return parts.hostname in ("localhost", "127.0.0.1") and parts.port == port


def _address(name: str, public_port: int) -> str:
    return f"https://{name}" if public_port == PUBLIC_PORTS[0] else f"https://{name}:{public_port}"


async def _available(program: programs.Program) -> None:
    """Waits until the funnel is there.

    Raises:
        VendorError: it isn't allowed, the program ends, or it takes too long.
    """
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            said = await program.said(_OPEN, _NOT_ENABLED, _NOT_ALLOWED)
    except TimeoutError:
        raise VendorTooSlow(
            f"tailscale made no funnel within {OPEN_WITHIN_S:g} s.",
            vendor=VENDOR,
            operation="funnel",
            why=Why.LATE,
            hint="To read why: `tailscale funnel http://127.0.0.1:8787`.",
        ) from None
    if said is None:
        raise VendorUnavailable(
            f"tailscale ended (exit code {program.exit_code}) and made no funnel.",
            vendor=VENDOR,
            operation="funnel",
            hint="To read why: `tailscale funnel http://127.0.0.1:8787`.",
        )
    if said.re is not _OPEN:
        is_off = said.re is _NOT_ENABLED
        raise VendorRejected(
            "Funnel is not enabled for this machine."
            if is_off
            else "tailscale allows us no funnel.",
            vendor=VENDOR,
            operation="funnel",
            why=Why.PERMISSION,
            hint="Run `tailscale funnel 8787` once: it shows the page where Funnel is enabled."
            if is_off
            else "Run `sudo tailscale set --operator=$USER` once.",
        )
