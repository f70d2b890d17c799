"""Does the steps of a plan, one after another, and remembers each.

Before a step it is written down what is about to be made and how to take it back; after it, what
came of it. So a run that dies anywhere leaves a memory from which the next one goes on, and which
`undo` can follow.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.errors import SettingsError, VendorError
from bridge.provision import undo
from bridge.provision.difference import ABSENT, Made
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Plan, Step, Thing, digest
from bridge.provision.restoring import is_as_before, leftovers, nulls, restored
from bridge.provision.settle import let_go
from bridge.provision.wish import Wish
from bridge.vendors.elevenlabs import ElevenLabs
from bridge.vendors.twilio import Twilio


@dataclass(frozen=True, slots=True)
class Hands:
    """What deeds are done with.

    Attributes:
        carrier: `None` when no account there is known.
        credentials: of the carrier's account, as importing a number wants them: `sid`, `token`.
        secret: the install's secret.
    """

    platform: ElevenLabs
    carrier: Twilio | None
    credentials: Mapping[str, str] = field(repr=False)
    secret: bytes = field(repr=False)


async def apply(
    plan: Plan, wish: Wish, found: Found, memory: Memory, hands: Hands
) -> AsyncIterator[Step]:
    """Does the steps; each is handed on when it is done and remembered.

    Raises:
        VendorError: a step failed; its message says which. What was done stays.
        SettingsError: the memory can't be written.
    """
    for step in plan.steps:
        undo.note(step, found, memory)
        if step.act in (Act.CREATE, Act.IMPORT):
            memory.making[step.role] = str(step.body.get("name", ""))
        memory.save()
        try:
            await _DEEDS[step.act, step.thing](step, _resolved(step.body, memory), memory, hands)
        except VendorError as error:
            raise _at_step(step, error) from None
        memory.making.pop(step.role, None)
        memory.save()
        yield step
    memory.public_url = wish.public_url
    memory.is_open = False
    memory.save()


async def take_back(
    plan: Plan, memory: Memory, hands: Hands, *, everything: bool
) -> AsyncIterator[Step]:
    """Does the steps of a plan that leads back; each is handed on when it is done and remembered.

    Args:
        everything: it takes back all there is, so nothing is remembered after it.

    Raises:
        VendorError: a step failed; its message says which. The next run goes on from there.
        SettingsError: an account is needed that is not set. Nothing was done then.
    """
    if hands.carrier is None and any(step.thing is Thing.VOICE_URL for step in plan.steps):
        raise SettingsError(
            "twilio.account_sid and twilio.auth_token must be set to give the number back",
            setting="twilio.account_sid",
            hint="Copy both from https://console.twilio.com",
        )
    for step in plan.steps:
        try:
            await _DEEDS[step.act, step.thing](step, step.body, memory, hands)
        except VendorError as error:
            raise _at_step(step, error) from None
        memory.save()
        yield step
    memory.last, memory.is_open = [], False
    if everything or memory.is_empty:
        memory.forget()
    else:
        memory.save()


def _resolved(value: Any, memory: Memory) -> Any:  # noqa: ANN401 - any JSON
    """The body with ids in place of what stands for them."""
    match value:
        case Made(role=role):
            return memory.ids[role]
        case Mapping():
            return {key: _resolved(one, memory) for key, one in value.items()}
        case list() | tuple():
            return [_resolved(one, memory) for one in value]
        case _:
            return value


async def _create_secret(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    memory.ids[step.role] = await hands.platform.create_secret(body["name"], body["value"])
    memory.digests[step.role] = digest(body["value"], hands.secret)


async def _update_secret(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    await hands.platform.update_secret(step.id, body["name"], body["value"])
    memory.ids[step.role] = step.id
    memory.digests[step.role] = digest(body["value"], hands.secret)


async def _create_webhook(
    step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands
) -> None:
    id_, secret = await hands.platform.create_webhook(body["name"], body["url"])
    memory.keep_post_call_secret(secret)
    former = memory.ids.get(step.role)
    if former:
        memory.former_webhooks.append(former)
    memory.ids[step.role] = id_


async def _update_webhook(
    step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands
) -> None:
    del step
    await hands.platform.enable_webhook(body["id"], body["name"])
    memory.enabled_webhook = body["id"]


async def _delete_webhook(
    step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands
) -> None:
    del body
    await hands.platform.delete_webhook(step.id)
    if memory.ids.get("post_call") == step.id:
        del memory.ids["post_call"]
    memory.former_webhooks = [id_ for id_ in memory.former_webhooks if id_ != step.id]


async def _create_agent(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    memory.adopted = False
    memory.ids[step.role] = await hands.platform.create_agent(body)


async def _update_agent(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    del memory
    await hands.platform.update_agent(step.id, body)


async def _import_number(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    del step
    id_ = await hands.platform.import_number({**body, **hands.credentials})
    memory.numbers[id_] = memory.numbers.pop(undo.PENDING)


async def _link_number(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    await hands.platform.link_number(step.id, body["agent_id"])
    known = memory.numbers.get(step.id, {})
    if not known.get("imported") and known.get("agent_before", ABSENT) == body["agent_id"]:
        del memory.numbers[step.id]  # it is as it was before bridge came


async def _restore_agent(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    """Puts values back. A platform that merges maps is asked besides to remove the keys."""
    await hands.platform.update_agent(step.id, body)
    there = await hands.platform.agent(step.id)
    left = leftovers(step.changes, there)
    removal = nulls(left, restored(there, step.changes))
    if removal:
        await hands.platform.update_agent(step.id, removal)
        there = await hands.platform.agent(step.id)
    if memory.adopted and is_as_before(memory, there):
        let_go(memory)


async def _delete_agent(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    del body
    await hands.platform.delete_agent(step.id)
    memory.ids.pop(step.role, None)


async def _delete_secret(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    del body
    await hands.platform.delete_secret(step.id)
    memory.ids.pop(step.role, None)
    memory.digests.pop(step.role, None)


async def _delete_number(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    del body, memory  # remembered until its calls go where they went
    await hands.platform.delete_number(step.id)


async def _restore_voice(step: Step, body: Mapping[str, Any], memory: Memory, hands: Hands) -> None:
    """Sends what differs alone: some of these fields empty one another when they are written."""
    assert hands.carrier is not None, "looked at before the first step"
    there = await hands.carrier.number(body["number"])
    before: Mapping[str, str] = body["voice"]
    differing = {k: v for k, v in before.items() if there and there.voice.get(k) != v}
    if there is not None and differing:  # a number that was given up has no calls to send on
        await hands.carrier.point(there.sid, differing)
    memory.numbers.pop(step.id, None)


_DEEDS = {
    (Act.CREATE, Thing.SECRET): _create_secret,
    (Act.UPDATE, Thing.SECRET): _update_secret,
    (Act.CREATE, Thing.WEBHOOK): _create_webhook,
    (Act.UPDATE, Thing.WEBHOOK): _update_webhook,
    (Act.DELETE, Thing.WEBHOOK): _delete_webhook,
    (Act.CREATE, Thing.AGENT): _create_agent,
    (Act.UPDATE, Thing.AGENT): _update_agent,
    (Act.IMPORT, Thing.NUMBER): _import_number,
    (Act.LINK, Thing.NUMBER): _link_number,
    (Act.RESTORE, Thing.AGENT): _restore_agent,
    (Act.DELETE, Thing.AGENT): _delete_agent,
    (Act.DELETE, Thing.SECRET): _delete_secret,
    (Act.DELETE, Thing.NUMBER): _delete_number,
    (Act.RESTORE, Thing.VOICE_URL): _restore_voice,
}


def _at_step(step: Step, error: VendorError) -> VendorError:
    """The error, with the step that it struck."""
    return type(error)(
        f"Could not {step.act} the {step.thing} {step.name!r}. {error.message}",
        vendor=error.vendor,
        operation=error.operation,
        why=error.why,
        status=error.status,
        retry_after_s=error.retry_after_s,
        hint=error.hint,
    )
