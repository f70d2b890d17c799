"""Sets what is remembered against what is there: a run that died may have done more than it noted.

`settle` goes before every plan, `release` besides before one that leads back. Nothing is saved by
either, and nothing at the platform is changed.
"""

from collections.abc import Mapping
from typing import Any

from bridge.provision import agent, undo
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.restoring import is_as_before
from bridge.provision.wish import POST_CALL_PATH, Wish


def settle(wish: Wish, found: Found, memory: Memory) -> None:
    """Takes note of what an earlier run made but had no time to note, and of what is gone."""
    _secrets(wish, found, memory)
    _webhooks(found, memory)
    _agent(wish, found, memory)
    _numbers(found, memory)


def release(memory: Memory, found: Found) -> None:
    """Lets go of what is as it was before us: a run that died may have put it back already."""
    if memory.adopted and found.agent is not None and is_as_before(memory, found.agent):
        let_go(memory)
    for id_, number in list(memory.numbers.items()):
        there = found.numbers.get(id_)
        is_back = there is None or undo.holder(there) == number.get("agent_before")
        if not number.get("imported") and is_back:
            del memory.numbers[id_]
    memory.making.clear()


def let_go(memory: Memory) -> None:
    """Has an adopted agent be no concern of ours any more."""
    memory.before, memory.adopted = [], False
    memory.ids.pop("agent", None)


def _secrets(wish: Wish, found: Found, memory: Memory) -> None:
    for role, name in (("token", wish.token_name), ("webhook_token", wish.webhook_token_name)):
        if memory.ids.get(role) not in found.secrets:
            memory.ids.pop(role, None)
            memory.digests.pop(role, None)
        for id_, called in found.secrets.items():
            if called == name:
                memory.ids.setdefault(role, id_)


def _webhooks(found: Found, memory: Memory) -> None:
    """A webhook that was made but not noted is of no use: its secret was told to nobody."""
    if memory.ids.get("post_call") not in found.webhooks:
        memory.ids.pop("post_call", None)
    name = memory.making.pop("post_call", None)
    unnoted = [id_ for id_, there in found.webhooks.items() if name and _is(there, name)]
    former = [id_ for id_ in memory.former_webhooks if id_ in found.webhooks]
    both = dict.fromkeys([*former, *unnoted])
    memory.former_webhooks = [id_ for id_ in both if id_ != memory.ids.get("post_call")]


def _is(webhook: Mapping[str, Any], name: str) -> bool:
    url = str(webhook.get("webhook_url"))
    return webhook.get("name") == name and url.endswith(POST_CALL_PATH)


def _agent(wish: Wish, found: Found, memory: Memory) -> None:
    known = memory.ids.pop("agent", None)
    if found.agent is None:
        let_go(memory)
        return
    id_ = str(found.agent["agent_id"])
    if known not in (None, id_):  # what is remembered is of another one
        let_go(memory)
    memory.ids["agent"] = id_
    asked = wish.adopt is not None
    memory.adopted = memory.adopted or agent.is_adopted(found.agent, asked=asked)


def _numbers(found: Found, memory: Memory) -> None:
    """A number that was being imported is there, or isn't; one imported twice counts once."""
    pending = memory.numbers.pop(undo.PENDING, None)
    for id_, there in found.numbers.items():
        if pending is not None and there.get("phone_number") == pending.get("number"):
            memory.numbers[id_] = pending
    present = {n.get("number") for id_, n in memory.numbers.items() if id_ in found.numbers}
    for id_, number in list(memory.numbers.items()):
        if id_ not in found.numbers and number.get("number") in present - {None}:
            del memory.numbers[id_]
