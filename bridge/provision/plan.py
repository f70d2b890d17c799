"""From what is wanted and what is there to the steps between. Pure.

The order leaves every half-way state harmless: what an agent refers to is there before it does, a
number rings through only to an agent that is whole, and what is no longer needed goes last.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bridge.core.phone import mask
from bridge.core.signature import keyed_digest
from bridge.provision import agent
from bridge.provision.completing import completed
from bridge.provision.difference import Change, Made, at, changes, patch, shown
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.wish import Wish


class Act(StrEnum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    IMPORT = "import"
    LINK = "link"
    RESTORE = "restore"
    DELETE = "delete"


class Thing(StrEnum):
    """What it does it to."""

    SECRET = "secret"  # noqa: S105 - a kind of object
    WEBHOOK = "webhook"
    AGENT = "agent"
    NUMBER = "number"
    VOICE_URL = "voice url"


@dataclass(frozen=True, slots=True)
class Step:
    """One deed.

    Attributes:
        role: which of our objects: `token`, `webhook_token`, `post_call`, `agent`, `number`.
        name: what it is called there; a number is masked.
        why: for people, half a sentence.
        id: of the object; empty when it is to be made.
        changes: what becomes different, leaf by leaf. Holds no secret.
        body: what is sent; may hold secrets and `Made` ids, and is never shown.
    """

    act: Act
    thing: Thing
    role: str
    name: str
    why: str
    id: str = ""
    changes: tuple[Change, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """For programs. Nothing secret is in it."""
        return {
            "act": self.act.value,
            "object": self.thing.value,
            "name": self.name,
            "id": self.id or None,
            "why": self.why,
            "changes": [
                {"path": c.name, "before": shown(c.before), "after": shown(c.after)}
                for c in self.changes
            ],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, in the order they are to be done, and what a person should know besides."""

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def plan(wish: Wish, found: Found, memory: Memory, secret: bytes) -> Plan:
    """The steps that make what is there as it is wished.

    Args:
        secret: the install's secret, for digests of the values that secrets hold.
    """
    ids: dict[str, str | Made] = {}
    needed = [*_secrets(wish, found, memory, secret, ids), *_webhook(wish, found, memory, ids)]
    is_adopted = memory.adopted or agent.is_adopted(found.agent, asked=wish.adopt is not None)
    steps = [
        *needed,
        *_agent(wish, found, ids, adopted=is_adopted),
        *_number(wish, found),
        *_superseded(found, memory, wish, ids),
    ]
    return Plan(tuple(steps), tuple(_notes(wish, found, is_adopted=is_adopted)))


def _secrets(
    wish: Wish, found: Found, memory: Memory, secret: bytes, ids: dict[str, str | Made]
) -> Iterator[Step]:
    for role, name, value, why in (
        ("token", wish.token_name, wish.token, "the platform token, sent with every turn"),
        ("webhook_token", wish.webhook_token_name, wish.webhook_token, "sent when a call rings"),
    ):
        body = {"name": name, "value": value}
        there = _secret_id(role, name, found, memory)
        ids[role] = there or Made(role)
        if not there:
            yield Step(Act.CREATE, Thing.SECRET, role, name, why, body=body)
        elif memory.digests.get(role) != digest(value, secret):
            is_known = role in memory.digests
            because = "its value is another" if is_known else "its value can't be read: set anew"
            yield Step(Act.UPDATE, Thing.SECRET, role, name, because, id=there, body=body)


def digest(value: str, secret: bytes) -> str:
    """Stands for a secret's value in what is remembered."""
    return keyed_digest(secret, "provisioned secret", value)


def _secret_id(role: str, name: str, found: Found, memory: Memory) -> str:
    """The secret of ours with that role: remembered, referred to by our agent, or by its name."""
    known = memory.ids.get(role, "")
    if known in found.secrets:
        return known
    return next((id_ for id_, called in found.secrets.items() if called == name), "")


def _webhook(
    wish: Wish, found: Found, memory: Memory, ids: dict[str, str | Made]
) -> Iterator[Step]:
    role = "post_call"
    known = memory.ids.get(role, "")
    there = found.webhooks.get(known)
    is_right = there is not None and there.get("webhook_url") == wish.post_call_url
    if there is None or not is_right or not memory.knows_post_call_secret:
        ids[role] = Made(role)
        body = {"name": wish.post_call_name, "url": wish.post_call_url}
        # The platform can't give a webhook another address, so a new one takes its place.
        why = f"tells {wish.post_call_url} how a call went"
        yield Step(Act.CREATE, Thing.WEBHOOK, role, wish.post_call_name, why, body=body)
        yield _switch_on("", Made(role), wish.post_call_name, "what fails is sent again")
        return
    ids[role] = known
    name = str(there.get("name"))
    if there.get("is_disabled") or there.get("is_auto_disabled"):
        yield _switch_on(known, known, name, "it was switched off")
    elif memory.enabled_webhook != known:
        yield _switch_on(known, known, name, "what fails is sent again")


def _switch_on(id_: str, ref: str | Made, name: str, why: str) -> Step:
    body = {"id": ref, "name": name}
    return Step(Act.UPDATE, Thing.WEBHOOK, "post_call", name, why, id_, body=body)


def _agent(
    wish: Wish, found: Found, ids: Mapping[str, str | Made], *, adopted: bool
) -> Iterator[Step]:
    if found.agent is None:
        body = agent.created(wish, ids)
        why = f"asks {wish.chat_url}"
        yield Step(Act.CREATE, Thing.AGENT, "agent", wish.name, why, body=body)
        return
    wanted = agent.wanted(wish, ids, found.agent, adopted=adopted)
    differing = changes(wanted, found.agent)
    if differing:
        body = completed(patch(differing), wanted, found.agent)
        name, id_ = str(found.agent.get("name")), str(found.agent.get("agent_id"))
        count = "one field" if len(differing) == 1 else f"{len(differing)} fields"
        why = f"{count} to change"
        yield Step(Act.UPDATE, Thing.AGENT, "agent", name, why, id_, differing, body)


def _number(wish: Wish, found: Found) -> Iterator[Step]:
    if wish.number is None:
        return
    ours: str | Made = (
        str(found.agent.get("agent_id")) if found.agent is not None else Made("agent")
    )
    masked = mask(wish.number)
    if found.number is None:
        voice = found.at_carrier.voice if found.at_carrier is not None else {}
        was = _without_query(voice.get("voice_url", "")) or "nowhere"
        body = {
            "provider": "twilio",
            "phone_number": wish.number,
            "label": wish.name,
            "enable_sms": False,  # text messages stay where they are
            "agent_id": ours,
        }
        moved = Change(("voice_url",), was, "ElevenLabs")
        went = was if was == "nowhere" else f"to {was}"
        why = f"its calls went {went}; now they go to ElevenLabs"
        yield Step(Act.IMPORT, Thing.NUMBER, "number", masked, why, "", (moved,), body)
        return
    holder = found.number.get("assigned_agent")
    holds = holder.get("agent_id") if isinstance(holder, Mapping) else None
    if holds != ours:
        id_ = str(found.number.get("phone_number_id"))
        who = str(holder.get("agent_name") or holds) if isinstance(holder, Mapping) else "nobody"
        link = Change(("agent_id",), holds, ours)
        why = f"{who} answered it; now {wish.name} does"
        body = {"agent_id": ours}
        yield Step(Act.LINK, Thing.NUMBER, "number", masked, why, id_, (link,), body)


def moved(whole: Plan) -> Plan:
    """What of a plan an address that changed makes necessary, and nothing else of it.

    Nothing when there is no agent that could ask us.
    """
    if any(step.thing is Thing.AGENT and step.act is Act.CREATE for step in whole.steps):
        return Plan()
    kept: list[Step] = []
    for step in whole.steps:
        if step.thing is Thing.WEBHOOK:
            kept.append(step)
        elif step.thing is Thing.AGENT and step.act is Act.UPDATE:
            carrying = tuple(c for c in step.changes if c.name in agent.ADDRESSES)
            if carrying:
                body = completed(patch(carrying), step.body, {})
                kept.append(replace(step, changes=carrying, body=body))
    needed = {role for step in kept for role in _made_in(step.body)}
    secrets = [s for s in whole.steps if s.thing is Thing.SECRET and s.role in needed and not s.id]
    return Plan((*secrets, *kept))


def _made_in(value: object) -> Iterator[str]:
    """Roles of the objects that a body refers to before they are made."""
    match value:
        case Made(role=role):
            yield role
        case Mapping():
            for one in value.values():
                yield from _made_in(one)
        case list() | tuple():
            for one in value:
                yield from _made_in(one)
        case _:
            pass


def _without_query(url: str) -> str:
    """An address without what may hold a secret."""
    bare = url.partition("?")[0]
    scheme, _, rest = bare.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else bare


def _superseded(
    found: Found, memory: Memory, wish: Wish, ids: Mapping[str, str | Made]
) -> Iterator[Step]:
    """Webhooks of ours that another one takes the place of."""
    for id_, there in found.webhooks.items():
        is_ours = id_ == memory.ids.get("post_call") or id_ in memory.former_webhooks
        was_ours = there.get("name") == wish.post_call_name and id_ == attached(found.agent)
        if id_ == ids["post_call"] or not (is_ours or was_ours):
            continue
        name = str(there.get("name"))
        why = "another one has taken its place"
        yield Step(Act.DELETE, Thing.WEBHOOK, "superseded", name, why, id_)


def attached(found_agent: Mapping[str, Any] | None) -> object:
    """The id of the webhook that the agent reports its calls to."""
    where = ("platform_settings", "workspace_overrides", "webhooks", "post_call_webhook_id")
    return at(found_agent, where)


def _notes(wish: Wish, found: Found, *, is_adopted: bool) -> Iterator[str]:
    if wish.number is None:
        yield "No number: set twilio.phone_number (TWILIO_PHONE_NUMBER) to be called."
    reported = attached(found.agent)
    if is_adopted and isinstance(reported, str) and reported in found.webhooks:
        name = found.webhooks[reported].get("name")
        if name != wish.post_call_name:
            yield (
                f"The agent reports its calls to the webhook {name!r}; bridge's takes its place, "
                "and `bridge provision --undo` puts it back."
            )
