"""The keeper: holds the public address open for as long as the server runs.

An address that can't be opened at all is an error of whoever starts us. One that is lost later is
told of and opened again, for ever: the server goes on without.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol, assert_never

from bridge import log
from bridge.core.signature import same
from bridge.errors import BridgeError
from bridge.ports.tunnel import Lost, Opened, Tunnel
from bridge.reach import outside, steps
from bridge.reach.outside import Trouble
from bridge.reach.steps import Ask, Fact, Reopen, State, Tell, Wait, Watch

NONCE_BYTES = 18
"""Bytes of a nonce: 24 characters in an address, and none is ever met twice."""

UNEXPECTED = "something unexpected went wrong; the log has it"


@dataclass(slots=True)
class Whereabouts:
    """Where we are reached from outside. `proven` is `None` while that isn't proven."""

    proven: str | None = None


class Listener(Protocol):
    """Is told how we are reached. What it raises is logged and changes nothing."""

    async def opened(self, url: str) -> None:
        """An address is open, and not proven yet."""

    async def reached_at(self, url: str) -> None:
        """The address is proven, and another than the last one that was told of here."""

    async def restored(self, url: str) -> None:
        """The last address that was told of leads here again."""

    async def lost(self, reason: str) -> None:
        """It does not any more."""

    async def troubled(self, reason: str) -> None:
        """We are not reached yet, or still not."""


Prove = Callable[[str], Awaitable[Trouble | None]]
"""Asks an address from outside: why it doesn't lead here, or `None` when it does."""


def prover(proof_of: Callable[[str], str]) -> Prove:
    """Asks by a nonce. `proof_of` is what this process makes of one."""

    async def prove(url: str) -> Trouble | None:
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        answer = await outside.ask(url, nonce)
        if isinstance(answer, Trouble):
            return answer
        if same(answer, proof_of(nonce)):
            return None
        cure = "Point the address at this server, or stop the other one."
        return Trouble(f"Another bridge answers at {url}.", cure)

    return prove


class Keeper:
    """Keeps one port reachable.

    Args:
        tunnel: where the address comes from.
        port: what it is to lead to; something listens there.
        prove: asks from outside.
        whereabouts: where to write what is proven.
        listener: whom to tell.
        is_stopping: nothing new is taken any more, so that not being reached is no news.
    """

    def __init__(
        self,
        tunnel: Tunnel,
        port: int,
        *,
        prove: Prove,
        whereabouts: Whereabouts,
        listener: Listener,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tunnel = tunnel
        self._port = port
        self._prove = prove
        self._whereabouts = whereabouts
        self._listener = listener
        self._is_stopping = is_stopping
        self._state = State()

    async def keep(self) -> None:
        """Opens the address, and keeps it, until cancelled.

        Raises:
            BridgeError: it could not be opened even once.
        """
        is_first = True
        while True:
            wait: Wait
            try:
                async with AsyncExitStack() as stack:
                    opened = await stack.enter_async_context(self._tunnel.open(self._port))
                    is_first = False
                    wait = await self._hold(opened)
            except BridgeError as error:
                if is_first:
                    raise
                wait = await self._step(steps.NotOpened(f"{error.message} {error.hint}".strip()))
            except Exception as error:
                if is_first:
                    raise
                log.failure("tunnel.broken", error)
                wait = await self._step(steps.NotOpened(UNEXPECTED))
            assert isinstance(wait, Reopen), "nothing is open any more"
            await asyncio.sleep(wait.after_s)

    async def _hold(self, opened: Opened) -> Wait:
        """Proves and watches an open address until it has to be opened again."""
        wait = await self._step(steps.Opened(opened.url))
        while not isinstance(wait, Reopen):
            wait = await self._step(await self._wait(opened, wait))
        return wait

    async def _wait(self, opened: Opened, wait: Ask | Watch) -> Fact:
        match wait:
            case Watch(for_s):
                return await _lost_within(opened, for_s) or steps.Lasted()
            case Ask(after_s):
                if after_s and (lost := await _lost_within(opened, after_s)):
                    return lost
                trouble = await self._prove(opened.url)
                if trouble is None:
                    return steps.Proven()
                if self._is_stopping():
                    await asyncio.Event().wait()  # held open for streams under way, until cancelled
                return steps.NotProven(f"{trouble.message} {trouble.cure}")
            case _:
                assert_never(wait)

    async def _step(self, fact: Fact) -> Wait:
        self._state, told, wait = steps.step(self._state, fact)
        self._whereabouts.proven = self._state.url if self._state.is_proven else None
        for tell in told:
            try:
                await self._tell(tell)
            except Exception as error:  # noqa: BLE001 - a listener's fault must not end the keeping
                log.failure("tunnel.told", error)
        return wait

    async def _tell(self, tell: Tell) -> None:
        match tell:
            case steps.TellOpened(url):
                log.event("tunnel.opened", address=url)
                await self._listener.opened(url)
            case steps.TellNew(url):
                log.event("tunnel.proven", address=url)
                await self._listener.reached_at(url)
            case steps.TellRestored(url):
                log.event("tunnel.restored", address=url)
                await self._listener.restored(url)
            case steps.TellLost(reason):
                log.warning("tunnel.lost", address=self._state.url, reason=reason)
                await self._listener.lost(reason)
            case steps.TellTrouble(reason):
                log.warning("tunnel.unproven", address=self._state.url, reason=reason)
                await self._listener.troubled(reason)
            case _:
                assert_never(tell)


async def _lost_within(opened: Opened, for_s: float | None) -> Lost | None:
    try:
        async with asyncio.timeout(for_s):
            return await opened.lost()
    except TimeoutError:
        return None
