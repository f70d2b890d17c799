"""The composition root of provisioning: settings in, one run out.

Beside `wiring`, which does the same for a server: a command that changes something at ElevenLabs
needs no server, and a server seldom needs this.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.core.initiation import first_message
from bridge.core.phone import E164
from bridge.core.public_url import unfit
from bridge.errors import SettingsError
from bridge.phrases import load_phrases
from bridge.provision import memory
from bridge.provision.apply import Hands
from bridge.provision.memory import Memory
from bridge.provision.provisioner import Provisioner
from bridge.provision.wish import CHAT_PATH, Wish
from bridge.settings import Settings, install_secret
from bridge.settings.tokens import webhook_token
from bridge.vendors import elevenlabs, twilio


def wish_of(settings: Settings, public_url: str, adopt: str | None = None) -> Wish:
    """What the settings wish for.

    Args:
        settings: with both tokens in them.
        public_url: what the world calls this server.
        adopt: the id of an agent made by hand.
    """
    assert settings.server.token is not None
    ours, turn, number = settings.elevenlabs, settings.turn, settings.twilio.phone_number
    book = load_phrases()
    languages = (turn.language, *(entry.partition("=")[2] for entry in turn.languages))
    greetings = {
        language: first_message(
            ours.first_message,
            turn.greeting,
            book.for_language(language),
            asks_code=settings.policy.pin is not None,
        )
        for language in languages
    }
    return Wish(
        name=ours.agent_name,
        public_url=public_url,
        token=settings.server.token.get_secret_value(),
        webhook_token=webhook_token(settings),
        language=turn.language,
        greetings=greetings,
        patience=book.for_language(turn.language).fillers[0],
        reads_numbers=settings.speech.numbers == "platform",
        voice_id=ours.voice_id,
        transfer_to=ours.transfer_to,
        silence_s=ours.silence_s,
        max_call_s=ours.max_call_s,
        record_voice=ours.record_voice,
        retention_days=ours.retention_days,
        keeps_sound=settings.records.keep_audio,
        number=E164(number) if number else None,
        adopt=adopt,
    )


def check_public_url(url: str, where: str) -> None:
    """Returns when ElevenLabs can reach an address like that, and our paths can follow it.

    Args:
        where: it came from, to be read after the address.

    Raises:
        SettingsError: it can't.
    """
    if url.endswith(CHAT_PATH):
        raise SettingsError(
            f"{url} ({where}) ends in {CHAT_PATH}, which bridge adds itself",
            setting="server.public_url",
            hint=f"Set server.public_url (BRIDGE_SERVER__PUBLIC_URL) to {url[: -len(CHAT_PATH)]}",
        )
    fault = unfit(url)
    if fault:
        raise SettingsError(
            f"{url} ({where}) {fault}",
            setting="server.public_url",
            hint=(
                "Set server.public_url (BRIDGE_SERVER__PUBLIC_URL) to an https address that leads "
                "here from the internet, or start `bridge serve --tunnel ngrok`."
            ),
        )


@asynccontextmanager
async def open_provisioner(settings: Settings, wish: Wish) -> AsyncIterator[Provisioner]:
    """One run, with nobody else at work on the same state folder.

    Raises:
        SettingsError: there is no key, or the state folder can't be used.
        Busy: another run is at work.
    """
    with memory.alone(settings.state_dir):
        known = memory.load(settings.state_dir)
        async with open_accounts(settings) as hands:
            yield Provisioner(wish, known, hands)


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Hands]:
    """The accounts that are set. Asks nothing by itself.

    Raises:
        SettingsError: there is no key of ElevenLabs.
    """
    key = settings.elevenlabs.api_key
    if key is None:
        raise SettingsError(
            "elevenlabs.api_key must be set",
            setting="elevenlabs.api_key",
            hint=(
                "Copy a key from https://elevenlabs.io/app/settings/api-keys into "
                "ELEVENLABS_API_KEY."
            ),
        )
    ours = settings.twilio
    carrier = None
    credentials: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(
            elevenlabs.connect(elevenlabs.Account(key, settings.elevenlabs.base_url))
        )
        if ours.account_sid and ours.auth_token:
            credentials = {"sid": ours.account_sid, "token": ours.auth_token.get_secret_value()}
            account = twilio.Account(ours.account_sid, ours.auth_token, ours.base_url)
            carrier = await stack.enter_async_context(twilio.connect(account))
        yield Hands(platform, carrier, credentials, install_secret(settings))


async def follow(settings: Settings, public_url: str) -> bool:
    """Has ElevenLabs ask at a new address of ours, where an agent was provisioned from here.

    Returns:
        Whether it had to be told. Without an agent, a key or a change, nobody is asked anything.

    Raises:
        BridgeError: it could not be told.
    """
    known = remembered(settings)
    if settings.elevenlabs.api_key is None or "agent" not in known.ids:
        return False
    if known.public_url == public_url:
        return False
    check_public_url(public_url, "the tunnel's")
    async with open_provisioner(settings, wish_of(settings, public_url)) as run:
        await run.follow()
    return True


def remembered(settings: Settings) -> Memory:
    """What earlier runs made."""
    return memory.load(settings.state_dir)
