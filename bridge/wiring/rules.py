"""Settings, in the words of those who work by them. Nothing is opened here."""

from bridge.calls import entrance, inbound
from bridge.calls.facts import Keeping
from bridge.calls.rules import Rules
from bridge.core.pin import Pin
from bridge.core.policy import Inbound, Policy
from bridge.core.redaction import Redactor
from bridge.core.speech import SpeechOptions
from bridge.settings import Settings, install_secret


def turn_rules(settings: Settings) -> Rules:
    """`turn.*` and `speech.*`, as the engine wants them."""
    turn, speech = settings.turn, settings.speech
    return Rules(
        first_words_s=turn.first_words_ms / 1000,
        fillers=turn.fillers,
        grace_s=turn.grace_s,
        settle_s=None if turn.settle_ms == "auto" else turn.settle_ms / 1000,
        deadline_s=turn.deadline_s,
        greeting=turn.greeting,
        tells_caller=settings.policy.tell_caller,
        speech=SpeechOptions(
            shape=speech.shape,
            numbers=speech.numbers,
            hold_s=speech.hold_ms / 1000,
            hold_chars=speech.hold_chars,
        ),
    )


def entrance_rules(settings: Settings) -> entrance.Rules:
    """`policy.*`, `session.*` and what limits a number, as the entrance wants them."""
    policy, session = settings.policy, settings.session
    return entrance.Rules(
        policy=Policy(Inbound(policy.inbound), policy.allow_from, policy.unidentified),
        scope=session.scope,
        template=session.template,
        fixed_key=session.key,
        secret=install_secret(settings),
        pin=Pin.of(policy.pin.get_secret_value()) if policy.pin else None,
        per_number=settings.limits.per_number_per_minute,
        language=settings.turn.language,
    )


def greeting(settings: Settings) -> inbound.Greeting:
    """What is said first, and in which language, as the bell wants it."""
    turn = settings.turn
    return inbound.Greeting(settings.elevenlabs.first_message, turn.greeting, turn.languages)


def keeping(settings: Settings) -> Keeping:
    """`records.*`, as the recorder wants them."""
    pin, chosen = settings.policy.pin, settings.records
    is_code = Pin.of(pin.get_secret_value()).matches if pin else None
    return Keeping(chosen.words, Redactor(is_code, works=chosen.redact))
