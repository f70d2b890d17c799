"""The way back: what each step needs to be taken back, and the plans that do it.

`note` writes it down before the step is done. `undo_plan` takes back the last apply; `destroy_plan`
takes back everything. An address that changed is not taken back: nothing answers at the old one.
What an agent will still refer to stays, and so does a reference to what is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bridge.core.phone import mask
from bridge.provision import agent
from bridge.provision.completing import completed
from bridge.provision.difference import ABSENT, Change
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Plan, Step, Thing
from bridge.provision.restoring import (
    back_to,
    body_of,
    folded,
    leads_nowhere,
    leftovers,
    references,
    restored,
)

__all__ = ["PENDING", "destroy_plan", "holder", "leftovers", "note", "undo_plan"]

PENDING = "pending"
"""Stands for the id of a number that is being imported."""

PLATFORM = "elevenlabs.io"
"""Where a number's calls go that was imported before."""


def note(step: Step, found: Found, memory: Memory) -> None:
    """Remembers how to take a step back.

    The first step of an apply that can be taken back takes the place of what was remembered of the
    apply before; an apply that went no further than its middle is gone on with.
    """
    entry = _entry(step, found, memory)
    if entry is None:
        return
    if not memory.is_open:
        memory.last = []
    memory.is_open = True
    if entry not in memory.last:
        memory.last.append(entry)


def _entry(step: Step, found: Found, memory: Memory) -> dict[str, Any] | None:
    match (step.act, step.thing):
        case (Act.CREATE, Thing.AGENT | Thing.SECRET):
            return {"undo": "delete", "thing": step.thing.value, "role": step.role}
        case (Act.CREATE, Thing.WEBHOOK) if not memory.public_url:
            return {"undo": "delete", "thing": "webhook", "role": step.role}
        case (Act.UPDATE, Thing.AGENT):
            return _agent_entry(step, memory)
        case (Act.IMPORT, Thing.NUMBER):
            memory.numbers[PENDING] = _imported(step.body["phone_number"], found, memory)
            return {"undo": "give back", "number": step.body["phone_number"]}
        case (Act.LINK, Thing.NUMBER):
            before = step.changes[0].before
            memory.numbers.setdefault(step.id, {"imported": False, "agent_before": before})
            return {"undo": "link", "id": step.id, "agent_id": before}
        case _:
            return None


def _imported(number: str, found: Found, memory: Memory) -> dict[str, Any]:
    """Where a number's calls go before it is imported.

    Somebody may have removed a number that we had imported: the carrier sends its calls to the
    platform all the same, and where they went at first is what we remember.
    """
    assert found.at_carrier is not None, "looked at, because it is imported"
    voice = dict(found.at_carrier.voice)
    host = urlsplit(voice.get("voice_url", "")).hostname or ""
    if host.endswith(PLATFORM):
        for known in memory.numbers.values():
            if known.get("imported") and known.get("number") == number:
                voice = dict(known["voice"])
    return {"imported": True, "number": number, "sid": found.at_carrier.sid, "voice": voice}


def _agent_entry(step: Step, memory: Memory) -> dict[str, Any] | None:
    if memory.adopted:
        memory.before = folded([*memory.before, *_written(step.changes)])
    is_first = not memory.public_url
    kept = [c for c in step.changes if is_first or c.name not in agent.ADDRESSES]
    return {"undo": "restore", "thing": "agent", "changes": _written(kept)} if kept else None


def _written(made: Sequence[Change]) -> list[dict[str, Any]]:
    return [
        {"path": list(c.path), **({} if c.before is ABSENT else {"before": c.before})} for c in made
    ]


def undo_plan(memory: Memory, found: Found) -> Plan:
    """Takes back the last apply, as far as it came."""
    steps: list[Step] = []
    roles: list[str] = []
    kept: list[dict[str, Any]] = []
    for entry in memory.last:
        match entry:
            case {"undo": "delete", "role": role}:
                roles.append(role)
            case {"undo": "restore", "changes": changes}:
                kept += changes
            case {"undo": "give back", "number": number}:
                steps += _give_back([i for i, n in _imports(memory) if n == number], found, memory)
            case {"undo": "link", "id": id_, "agent_id": before}:
                steps += _link_back(id_, before, found)
            case _:
                pass
    back = _agent_back("agent" in roles, folded(kept), found, memory)
    return _plan([*steps, *back], roles, found, memory, "There is nothing to take back.")


def destroy_plan(memory: Memory, found: Found) -> Plan:
    """Takes back everything that was ever made or changed."""
    imported = [id_ for id_, _ in _imports(memory)]
    steps = [*_give_back(imported, found, memory)]
    for id_, number in memory.numbers.items():
        if id_ not in imported:
            steps += _link_back(id_, number.get("agent_before"), found)
    steps += _agent_back(not memory.adopted, memory.before, found, memory)
    roles = ["post_call", "token", "webhook_token"]
    return _plan(steps, roles, found, memory, "There is nothing that bridge made.")


def _imports(memory: Memory) -> list[tuple[str, object]]:
    return [(id_, n.get("number")) for id_, n in memory.numbers.items() if n.get("imported")]


def _plan(
    steps: list[Step], roles: Sequence[str], found: Found, memory: Memory, nothing: str
) -> Plan:
    """With what the agent refers to, when it doesn't any more; calls first go elsewhere."""
    used = set(references(_left(steps, found)))
    notes: list[str] = []
    for step in _objects(roles, found, memory):
        if step.id in used:
            notes.append(f"The {step.thing} {step.name!r} stays: the agent refers to it.")
        else:
            steps.append(step)
    ordered = sorted(steps, key=lambda step: _ORDER.index(step.thing))
    return Plan(tuple(ordered), tuple(notes or ([] if steps else [nothing])))


_ORDER = (Thing.NUMBER, Thing.VOICE_URL, Thing.AGENT, Thing.WEBHOOK, Thing.SECRET)


def _left(steps: Sequence[Step], found: Found) -> Mapping[str, Any]:
    """The agent as it will be; empty when it is gone."""
    left: Mapping[str, Any] = found.agent or {}
    for step in steps:
        if step.thing is Thing.AGENT:
            left = {} if step.act is Act.DELETE else restored(left, step.changes)
    return left


def _objects(roles: Sequence[str], found: Found, memory: Memory) -> Iterator[Step]:
    """The webhooks and secrets of these roles, and webhooks that others took the place of."""
    why = "bridge made it"
    hooks = [memory.ids.get("post_call", "")] if "post_call" in roles else []
    for id_ in dict.fromkeys([*hooks, *memory.former_webhooks]):
        if id_ in found.webhooks:
            name = str(found.webhooks[id_].get("name"))
            yield Step(Act.DELETE, Thing.WEBHOOK, "post_call", name, why, id_)
    for role in ("token", "webhook_token"):
        id_ = memory.ids.get(role, "")
        if role in roles and id_ in found.secrets:
            yield Step(Act.DELETE, Thing.SECRET, role, found.secrets[id_], why, id_)


def holder(number: Mapping[str, Any]) -> object:
    """The id of the agent that answers a number; `None`: nobody does."""
    assigned = number.get("assigned_agent")
    return assigned.get("agent_id") if isinstance(assigned, Mapping) else None


def _link_back(id_: str, before: str | None, found: Found) -> Iterator[Step]:
    there = found.numbers.get(id_)
    if there is None:
        return
    now = holder(there)
    if now != before:
        link = Change(("agent_id",), now, before)
        why = "as it was before bridge came"
        name = mask(str(there.get("phone_number")))
        yield Step(Act.LINK, Thing.NUMBER, "number", name, why, id_, (link,), {"agent_id": before})


def _give_back(ids: Sequence[str], found: Found, memory: Memory) -> Iterator[Step]:
    for id_ in ids:
        number = memory.numbers[id_]
        name = mask(str(number.get("number")))
        if id_ in found.numbers:
            yield Step(Act.DELETE, Thing.NUMBER, "number", name, "bridge imported it", id_)
        why = "its calls go where they went before"
        body = {"number": number.get("number"), "voice": number.get("voice", {})}
        yield Step(Act.RESTORE, Thing.VOICE_URL, "voice_url", name, why, id_, body=body)


def _agent_back(
    is_made: bool, kept: Sequence[Mapping[str, Any]], found: Found, memory: Memory
) -> Iterator[Step]:
    """Takes the agent away when we made it, or puts back what is kept."""
    if found.agent is None:
        return
    id_, name = str(found.agent["agent_id"]), str(found.agent.get("name"))
    if is_made:
        if memory.ids.get("agent") == id_:
            yield Step(Act.DELETE, Thing.AGENT, "agent", name, "bridge made it", id_)
        return
    back = tuple(c for c in back_to(kept, found.agent) if not leads_nowhere(c, found))
    if back:
        target = restored(found.agent, back)
        body = completed(body_of(back, target), target, target)
        why = "as it was before"
        yield Step(Act.RESTORE, Thing.AGENT, "agent", name, why, id_, back, body)
