"""The tunnel: a public address for a port of this machine.

An adapter promises:

- the address it yields is https (or what the operator said it is), without a slash at its end,
  and leads to the port for as long as the context is open, or `lost` says that it does not;
- leaving the context closes what it opened, programs it started too, whatever happened meanwhile;
  what was there before it came stays;
- it can be opened again after it was closed, and may then yield another address;
- it downloads nothing that `tunnel.download` doesn't allow, and says so in the log before it does;
- every failure is a `BridgeError` in our words with a hint. Tokens stand in no message, no address
  and no list of processes, and nothing that a program prints is repeated.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bridge.ports.upstream import Finding


@dataclass(frozen=True, slots=True)
class Lost:
    """An address that went away.

    Attributes:
        reason: what happened, in a few words of ours.
        is_certain: False when it may still lead here, and has to be asked from outside.
    """

    reason: str
    is_certain: bool = True


async def never() -> Lost:
    """Waits for ever: for an address that nothing on this machine holds up."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open address.

    Attributes:
        url: the address; `""` when there is none.
        lost: returns when it went away, as far as that can be told on this machine. May be
            cancelled and asked again; it tells of one doubt once.
    """

    url: str
    lost: Callable[[], Awaitable[Lost]] = never


class Tunnel(Protocol):
    """A way to be reached from outside."""

    def open(self, port: int) -> AbstractAsyncContextManager[Opened]:
        """The public address of a port that something listens on.

        Raises:
            SettingsError: something the operator sets is missing or refused.
            VendorError: whoever lends the address failed.
        """

    async def fetches(self, port: int) -> str:
        """What it would download before it can open that port, to be read after "download".

        Empty when nothing. 0 is a port that isn't known yet.
        """

    async def examine(self) -> tuple[Finding, ...]:
        """What it needs, and whether it is there. Opens, starts and downloads nothing lasting."""
