"""What is there at the voice platform and at the carrier: everything a plan is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bridge.core.phone import E164
from bridge.errors import SettingsError, VendorError
from bridge.provision.agent import TAG
from bridge.provision.memory import Memory
from bridge.provision.wish import Wish
from bridge.vendors.elevenlabs import ElevenLabs
from bridge.vendors.twilio import Number

GONE = 404


class Carrier(Protocol):
    """Who owns the number."""

    async def number(self, e164: str) -> Number | None:
        """The number; `None` when it is not the account's."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there.

    Attributes:
        secrets: by id, their names.
        webhooks: by id, as the platform tells of them.
        agent: ours, whole; `None` when there is none.
        number: ours at the platform; `None` when it isn't there or none is wished for.
        at_carrier: the number at the carrier; looked at only when it is to be imported.
        numbers: every number at the platform, by id.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    webhooks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    agent: Mapping[str, Any] | None = None
    number: Mapping[str, Any] | None = None
    at_carrier: Number | None = None
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


async def look(platform: ElevenLabs, wish: Wish, memory: Memory, *, is_back: bool = False) -> Found:
    """Reads what is there, at the platform. Changes nothing.

    Args:
        is_back: to take things back: no other agent takes the place of one that is gone.

    Raises:
        SettingsError: the agent's name is taken.
        VendorError: the platform did not answer, or refused.
    """
    agent = await _agent(platform, wish, memory, is_back=is_back)
    found_secrets = await platform.secrets()
    webhooks = await platform.webhooks()
    numbers = await platform.numbers() if wish.number or memory.numbers else []
    number = next((n for n in numbers if n.get("phone_number") == wish.number), None)
    return Found(
        secrets={str(s.get("secret_id")): str(s.get("name")) for s in found_secrets},
        webhooks={str(w.get("webhook_id")): w for w in webhooks},
        agent=agent,
        number=number,
        numbers={str(n.get("phone_number_id")): n for n in numbers},
    )


async def look_at_carrier(carrier: Carrier | None, wish: Wish, found: Found) -> Found:
    """What is there, with the number that is to be imported as the carrier has it.

    Raises:
        SettingsError: the number is not the account's, or no account is set.
        VendorError: the carrier did not answer, or refused.
    """
    if wish.number is None or found.number is not None:
        return found
    return replace(found, at_carrier=await _at_carrier(carrier, wish.number))


async def _agent(
    platform: ElevenLabs, wish: Wish, memory: Memory, *, is_back: bool
) -> Mapping[str, Any] | None:
    known = memory.ids.get("agent")
    if wish.adopt is not None:
        _refuse_second(known, wish.adopt)
        return await platform.agent(wish.adopt)
    if known is not None:
        there = await _if_there(platform, known)
        if there is not None or is_back:
            return there
    same = [one for one in await platform.agents(wish.name) if one.get("name") == wish.name]
    same = [one for one in same if not one.get("archived")]
    ours = [one for one in same if TAG in (one.get("tags") or ())]
    match (ours, same):
        case ([one], _):
            return await platform.agent(str(one.get("agent_id")))
        case ([_, _, *_], _):
            listed = ", ".join(str(one.get("agent_id")) for one in ours)
            raise SettingsError(
                f"There are {len(ours)} agents called {wish.name!r} that carry bridge's tag: "
                f"{listed}",
                setting="elevenlabs.agent_name",
                hint="Delete those that are not used, or say which with --agent.",
            )
        case ([], [taken, *_]):
            raise SettingsError(
                f"The name {wish.name!r} is taken: the agent {taken.get('agent_id')} has it, and "
                "bridge did not make it",
                setting="elevenlabs.agent_name",
                hint=(
                    f"Use that one with --agent {taken.get('agent_id')}, or choose another name "
                    "(BRIDGE_ELEVENLABS__AGENT_NAME)."
                ),
            )
        case _:
            return None


def _refuse_second(known: str | None, asked: str) -> None:
    if known is not None and known != asked:
        raise SettingsError(
            f"bridge already sees to the agent {known}, and can't take on {asked} besides",
            setting="elevenlabs.agent_name",
            hint="Run `bridge provision --destroy` first: it gives back what that one needed.",
        )


async def _if_there(platform: ElevenLabs, agent_id: str) -> Mapping[str, Any] | None:
    try:
        return await platform.agent(agent_id)
    except VendorError as error:
        if error.status == GONE:
            return None
        raise


async def _at_carrier(carrier: Carrier | None, number: E164) -> Number:
    if carrier is None:
        raise SettingsError(
            "twilio.account_sid and twilio.auth_token must be set: twilio.phone_number is not in "
            "the ElevenLabs workspace yet, and importing it needs them",
            setting="twilio.account_sid",
            hint="Copy both from https://console.twilio.com, or leave twilio.phone_number out.",
        )
    found = await carrier.number(number)
    if found is None:
        raise SettingsError(
            "twilio.phone_number is not a number of this Twilio account",
            setting="twilio.phone_number",
            hint="See https://console.twilio.com for the account's numbers, and copy one of them.",
        )
    return found
