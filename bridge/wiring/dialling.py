"""The composition root of calling out: who dials for these settings, and by which rules.

Beside `wiring`, which opens it for a server, and for a command where no server runs.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from bridge import plugins
from bridge.calls import numbering
from bridge.calls.outbound import Guard
from bridge.core.phone import E164
from bridge.errors import SettingsError
from bridge.ports.desk import Desk
from bridge.ports.dialer import Dialer
from bridge.prices import load_prices
from bridge.provision import memory
from bridge.settings import Settings

CARRIER = "elevenlabs"
"""The file in `bridge/carriers`. There is no other yet."""

PRICES = "twilio"
"""Whose prices are reckoned with: the one carrier behind it."""


def guard(settings: Settings) -> Guard:
    """What orders are decided by. Reads the prices."""
    return Guard(
        rules=settings.policy.outbound.as_rules(own_lines(settings)),
        prices=load_prices(PRICES),
        look_up=numbering.facts,
        ready=lambda: check(settings),
    )


def line(settings: Settings) -> E164 | None:
    """The number that calls are placed from; `None` when none is set."""
    number = settings.twilio.phone_number
    return None if number is None else E164(number)


def own_lines(settings: Settings) -> frozenset[str]:
    """Our numbers, as far as the settings know them."""
    number = settings.twilio.phone_number
    return frozenset() if number is None else frozenset({number})


def desk(settings: Settings) -> Desk:
    """Where orders are decided, and the kill switch."""
    return cast(Desk, plugins.adapter("stores", "folder").FolderDesk(settings.state_dir))


def check(settings: Settings) -> None:
    """Returns when somebody can dial.

    Raises:
        SettingsError: there is no key, or no agent that could talk.
    """
    _agent(settings)


def opener(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Dialer]]:
    """A way to somebody who dials. Raises `SettingsError` when it is used and nobody can."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Dialer]:
        module = plugins.adapter("carriers", CARRIER)
        account = settings.elevenlabs
        theirs = module.Settings(
            api_key=account.api_key, base_url=account.base_url, agent_id=_agent(settings)
        )
        async with module.connect(theirs) as dialer:
            yield cast(Dialer, dialer)

    return opened


def _agent(settings: Settings) -> str:
    """The id of the voice agent."""
    if settings.elevenlabs.api_key is None:
        raise SettingsError(
            "elevenlabs.api_key must be set: ElevenLabs dials",
            setting="elevenlabs.api_key",
            hint=(
                "Copy a key from https://elevenlabs.io/app/settings/api-keys into "
                "ELEVENLABS_API_KEY, and run `bridge provision`."
            ),
        )
    agent_id = memory.load(settings.state_dir).ids.get("agent")
    if agent_id is None:
        raise SettingsError(
            "there is no voice agent yet that could talk",
            setting="elevenlabs.agent_name",
            hint="Run `bridge provision`: it makes one, and imports the number.",
        )
    return agent_id
