"""An own domain: the public address is `server.public_url`, and must be fit to be called.

What leads there (a proxy, a load balancer) is the operator's. Unlike `none`, an address that a
voice platform could never use stops the start.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict, field_validator

from bridge.core.public_url import unfit
from bridge.ports.tunnel import Opened, Tunnel
from bridge.ports.upstream import Finding, Verdict


class Settings(BaseModel):
    """What an operator has to set. `public_url`: what the world calls this server."""

    model_config = ConfigDict(frozen=True)

    public_url: str

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        if why := unfit(value):
            raise ValueError(why)
        return value.rstrip("/")


class OwnAddress:
    """Opens nothing: somebody else leads the world here."""

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
        """The address is one that the world can use."""
        return (Finding("tunnel", Verdict.OK, f"The public address is {self._public_url}."),)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel that somebody else digs."""
    yield OwnAddress(settings.public_url)
