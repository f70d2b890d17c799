"""Who is told how we are reached: the person at the terminal, and the voice platform.

The platform is told only where an agent was provisioned from here, and only of an address that was
proven from outside. That may take a while and fail; meanwhile the address is watched on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge import log, provisioning
from bridge.cli import output
from bridge.errors import BridgeError
from bridge.settings import Settings

TELL_AGAIN_AFTER_S = (2.0, 10.0, 30.0, 60.0, 300.0)
"""Pauses before the platform is told again, where that may help. Until it knows, no caller gets
through; after the last one a person has to look."""


@asynccontextmanager
async def announcing(settings: Settings) -> AsyncIterator["Announcer"]:
    """An announcer at work; what it is still telling is given up at the end."""
    async with asyncio.TaskGroup() as tasks:
        announcer = Announcer(settings, tasks)
        try:
            yield announcer
        finally:
            announcer.give_up()


class Announcer:
    """Tells of every change, as `bridge.reach.keeper.Listener`."""

    def __init__(self, settings: Settings, tasks: asyncio.TaskGroup) -> None:
        self._settings = settings
        self._tasks = tasks
        self._telling: asyncio.Task[None] | None = None

    def give_up(self) -> None:
        """Stops telling the platform."""
        if self._telling is not None:
            self._telling.cancel()

    async def opened(self, url: str) -> None:
        """A new address, that has yet to prove itself."""
        output.say(f"Its public address is {url}")
        if "agent" not in provisioning.remembered(self._settings).ids:
            output.say("Have ElevenLabs ask there: run `bridge provision` in another terminal.")
            output.say(f"Or, by hand, set the Custom LLM server URL to {url}/v1")

    async def reached_at(self, url: str) -> None:
        """It has."""
        output.say(f"The world reaches it at {url}: asked from outside, this server answers.")
        self.give_up()
        self._telling = self._tasks.create_task(self._tell(url))

    async def restored(self, url: str) -> None:
        """The same address as before leads here again."""
        output.say(f"The world reaches it again at {url}")

    async def lost(self, reason: str) -> None:
        """No caller gets through, until it is restored."""
        output.say(f"The world doesn't reach it any more: {_ended(reason)} Trying again.")

    async def troubled(self, reason: str) -> None:
        """No caller gets through yet."""
        output.say(f"The world doesn't reach it yet: {_ended(reason)} Trying again.")

    async def _tell(self, url: str) -> None:
        """Has the platform ask at that address, however often it takes."""
        for pause_s in (*TELL_AGAIN_AFTER_S, None):
            try:
                told = await provisioning.follow(self._settings, url)
            except BridgeError as error:
                log.warning("platform.not_told", code=error.code, address=url)
                output.say(f"ElevenLabs could not be told of it: {error.message}")
                if pause_s is None or not error.retryable:
                    output.say("  Run `bridge provision` when that is mended.")
                    return
                await asyncio.sleep(pause_s)
            else:
                if told:
                    log.event("platform.told", address=url)
                    output.say("ElevenLabs knows it: the agent there asks at the new address.")
                return


def _ended(reason: str) -> str:
    """A reason as a sentence."""
    return reason if reason.endswith(".") else f"{reason}."
