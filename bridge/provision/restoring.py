"""Puts back what an agent was: from values that were kept to the patch that restores them. Pure."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.provision.completing import completed
from bridge.provision.difference import ABSENT, Change, at, merged, patch
from bridge.provision.found import Found
from bridge.provision.memory import Memory

_REFERENCES = ("secret_id", "post_call_webhook_id")


def folded(kept: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each place of all that was written, oldest first: what was there at first.

    What is within a place that has an entry counts as that place. An entry for what is around
    earlier ones takes them up: it was written after they had changed.
    """
    first: list[dict[str, Any]] = []
    for entry in kept:
        path = entry["path"]
        if any(_is_within(path, one["path"]) for one in first):
            continue
        inner = [one for one in first if _is_within(one["path"], path)]
        if inner:
            first = [one for one in first if one not in inner]
            entry = {"path": path, "before": _with(entry.get("before"), path, inner)}  # noqa: PLW2901 - the same place
        first.append(entry)
    return first


def _is_within(path: Sequence[str], outer: Sequence[str]) -> bool:
    return list(path[: len(outer)]) == list(outer)


def _with(value: object, path: Sequence[str], inner: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The value of a place, with what was within it at first."""
    changed = [
        Change(tuple(one["path"][len(path) :]), None, one.get("before", ABSENT)) for one in inner
    ]
    return restored(value if isinstance(value, Mapping) else {}, changed)


def references(value: object) -> Iterator[str]:
    """Ids of the secrets and webhooks that an agent, or a part of one, refers to."""
    match value:
        case Mapping():
            for key, one in value.items():
                if key in _REFERENCES and isinstance(one, str):
                    yield one
                else:
                    yield from references(one)
        case list() | tuple():
            for one in value:
                yield from references(one)
        case _:
            pass


def back_to(kept: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> Iterator[Change]:
    """The changes that make of what is there what is kept."""
    for entry in kept:
        path = tuple(entry["path"])
        now, before = at(found, path), entry.get("before", ABSENT)
        if now != before:
            yield Change(path, now, before)


def leads_nowhere(change: Change, found: Found) -> bool:
    """Whether it would have the agent refer to what is gone, which the platform refuses."""
    ids = set(references({change.path[-1]: change.after}))
    return not ids <= {*found.secrets, *found.webhooks}


def restored(found: Mapping[str, Any], back: Sequence[Change]) -> dict[str, Any]:
    """The agent with these changes made; a key that wasn't there is gone again."""
    target = copy.deepcopy(dict(found))
    for change in back:
        inner = target
        for key in change.path[:-1]:
            if not isinstance(inner.get(key), dict):
                inner[key] = {}
            inner = inner[key]
        if change.after is ABSENT:
            inner.pop(change.path[-1], None)
        else:
            inner[change.path[-1]] = copy.deepcopy(change.after)
    return target


def body_of(back: Sequence[Change], target: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they were; of a map that has a key too many, the whole map as it was."""
    body = patch([c for c in back if c.after is not ABSENT])
    for change in back:
        if change.after is ABSENT:
            holding = change.path[:-1]
            whole = Change(holding, None, at(target, holding))
            body = merged(body, patch([whole]))
    return body


def is_as_before(memory: Memory, found: Mapping[str, Any]) -> bool:
    """Whether an adopted agent is what it was before we came."""
    return not list(back_to(memory.before, found))


def leftovers(back: Sequence[Change], found: Mapping[str, Any]) -> tuple[Change, ...]:
    """Changes that the platform did not make."""
    return tuple(
        Change(c.path, at(found, c.path), c.after) for c in back if at(found, c.path) != c.after
    )


def nulls(left: Sequence[Change], target: Mapping[str, Any]) -> dict[str, Any]:
    """A patch that asks for keys to be removed, where a map was merged instead of replaced."""
    gone = [Change(c.path, c.before, None) for c in left if c.after is ABSENT]
    return completed(patch(gone), target, target)
