"""No tunnel: the public address is what the operator says it is, or there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict

from bridge.ports.tunnel import Opened, Tunnel
from bridge.ports.upstream import Finding


class Settings(BaseModel):
    """What an operator may set. `public_url`: what the world calls this server."""

    model_config = ConfigDict(frozen=True)

    public_url: str | None = None


class NoTunnel:
    """Opens nothing."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[Opened]:
        """The address that was set, whatever the port."""
        del port
        yield Opened(self._public_url)

    async def fetches(self, port: int) -> str:
        """Nothing."""
        del port
        return ""

    async def examine(self) -> tuple[Finding, ...]:
        """Nothing is needed."""
        return ()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel that is none."""
    yield NoTunnel(settings.public_url or "")
