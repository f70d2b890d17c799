"""A public address from ngrok: its agent program, run through pyngrok.

An agent that already serves our port is used and left alone. Otherwise one is started: the program
is `PYNGROK_NGROK_PATH`, else `ngrok` on the path, else the one in ngrok's own folder, else it is
downloaded, if that is allowed. Its account is the one of `tunnel.ngrok_authtoken`, else that of
ngrok's own configuration on this machine.

`agent` is the program, `local_api` what it tells on this machine, `faults` what goes wrong.

Source: pyngrok 9.1, ngrok.com/docs/agent/api, ngrok.com/docs/errors (2026-11).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from bridge import log
from bridge.errors import SettingsError
from bridge.ports.tunnel import Lost, Opened, Tunnel
from bridge.ports.upstream import Finding, Verdict
from bridge.tunnels.ngrok import local_api
from bridge.tunnels.ngrok.agent import Agent, has_own_config, is_installed, program_path
from bridge.tunnels.ngrok.faults import CURE, VENDOR

LOOK_EVERY_S = 3.0
"""How often we look whether the agent still serves the address: a request on this machine."""

INSTALL = "Install it from https://ngrok.com/download"


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        ngrok_authtoken: of the account; `None`: ngrok's own configuration has it.
        folder: where the agent's configuration file is kept, readable for its owner only.
        public_url: an address of the account that is wanted; `None`: any.
        download: whether the program may be downloaded.
        agent_api: where an agent that is already running tells what it serves.
        look_every_s: seconds between looks at what the agent serves.
    """

    model_config = ConfigDict(frozen=True)

    ngrok_authtoken: SecretStr | None = None
    folder: Path
    public_url: str | None = None
    download: bool | None = None
    agent_api: str = local_api.ADDRESS
    look_every_s: float = LOOK_EVERY_S


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel. Starts nothing until it is opened."""
    yield Ngrok(settings)


class Ngrok:
    """The adapter; see `bridge.ports.tunnel.Tunnel`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[Opened]:
        """Opens a tunnel to a port of this machine, or uses the one that is there."""
        found = await self._running(port)
        if found:
            log.event("tunnel.reused", vendor=VENDOR, address=found, port=port)
            yield Opened(found, partial(self._lost, found, port, None))
            return
        self._check()
        agent = Agent(
            self._settings.ngrok_authtoken,
            self._settings.folder,
            may_download=bool(self._settings.download),
        )
        try:
            url = await agent.open(port, self._settings.public_url)
            yield Opened(url, partial(self._lost, url, port, agent))
        finally:
            await agent.stop()

    async def _running(self, port: int) -> str:
        """The address by which a running agent serves the port; empty when none does."""
        served = await local_api.served(self._settings.agent_api, port) or ()
        wanted = self._settings.public_url
        return next((address for address in served if wanted in (None, address)), "")

    def _check(self) -> None:
        """Somebody has an account, and the program is there or may be fetched.

        Raises:
            SettingsError: nobody has, or it isn't and may not.
        """
        if self._settings.ngrok_authtoken is None and not has_own_config():
            raise SettingsError(
                "tunnel.ngrok_authtoken must be set for a tunnel by ngrok",
                setting="tunnel.ngrok_authtoken",
                hint=CURE,
            )
        if not is_installed() and not self._settings.download:
            raise SettingsError(
                "The ngrok program is not installed, and bridge may not download it.",
                setting="tunnel.download",
                hint=f"{INSTALL}, or set tunnel.download (BRIDGE_TUNNEL__DOWNLOAD) to true.",
            )

    async def _lost(self, url: str, port: int, agent: Agent | None) -> Lost:
        misses = 0
        while True:
            await asyncio.sleep(self._settings.look_every_s)
            if agent is not None and (ended := agent.ended()):
                return Lost(ended)
            served = await local_api.served(
                self._settings.agent_api if agent is None else agent.api, port
            )
            misses = misses + 1 if served is None else 0
            if served is not None and url not in served:
                return Lost("the ngrok agent serves the address no more")
            if misses >= local_api.SILENCES:
                return Lost("the ngrok agent does not tell what it serves")
            if agent is not None and agent.was_interrupted():
                return Lost("ngrok's session was interrupted", is_certain=False)

    async def fetches(self, port: int) -> str:
        """The program, when nothing else will do."""
        if is_installed() or await self._running(port):
            return ""
        if self._settings.ngrok_authtoken is None and not has_own_config():
            return ""
        return "the ngrok program (about 10 MB, from bin.ngrok.com)"

    async def examine(self) -> tuple[Finding, ...]:
        """An account, and the program."""
        if await local_api.served(self._settings.agent_api, 0) is not None:
            return (Finding("tunnel", Verdict.OK, "An ngrok agent is running."),)
        try:
            self._check()
        except SettingsError as error:
            return (Finding("tunnel", Verdict.FAIL, error.message, error.hint),)
        if not is_installed():
            message = "There is no ngrok program; the first start will download it."
            return (Finding("tunnel", Verdict.WARN, message, INSTALL),)
        whose = "an authtoken" if self._settings.ngrok_authtoken else "its own configuration"
        said = f"The ngrok program is there ({program_path()}), with {whose}."
        return (Finding("tunnel", Verdict.OK, said),)
