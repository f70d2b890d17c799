"""How what is wanted differs from what is there, leaf by leaf, and the patch that mends it.

What is wanted names only what we see to: keys that it doesn't name are somebody else's, and are
never compared nor sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from bridge.masking import mask_numbers


class Absent:
    """The value of a key that isn't there."""

    @override
    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Made:
    """Stands for the id of an object that an earlier step makes. `role` says which."""

    role: str


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is to be another.

    Attributes:
        path: its keys, from the outside in.
        before: what is there, or `ABSENT`.
        after: what is wanted, or `ABSENT`.
    """

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """The path as people read it."""
        return ".".join(self.path)


def changes(wanted: object, found: object, path: tuple[str, ...] = ()) -> tuple[Change, ...]:
    """Every leaf of what is wanted that is not so; in the order of what is wanted."""
    return tuple(_changes(wanted, found, path))


def _changes(wanted: object, found: object, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from _changes(value, found.get(key, ABSENT), (*path, key))
    elif not agrees(wanted, found):
        yield Change(path, found, wanted)


def agrees(wanted: object, found: object) -> bool:
    """Whether all that is wanted is there. Lists have the same length and agree item by item.

    A key that isn't there is as good as null.
    """
    if wanted is None:
        return found is None or found is ABSENT
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            agrees(value, found.get(key, ABSENT)) for key, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list | tuple)
            and len(wanted) == len(found)
            and all(map(agrees, wanted, found))
        )
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return wanted == found


def patch(found_changes: Sequence[Change]) -> dict[str, Any]:
    """The body that makes these changes and no others."""
    body: dict[str, Any] = {}
    for change in found_changes:
        inner = body
        for key in change.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[change.path[-1]] = change.after
    return body


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, key by key; where both say something that is no object, `other` holds."""
    both = dict(one)
    for key, value in other.items():
        mine = both.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            value = merged(mine, value)  # noqa: PLW2901 - the same value, whole
        both[key] = value
    return both


def reversed_changes(made: Sequence[Change]) -> tuple[Change, ...]:
    """What leads back."""
    return tuple(Change(c.path, c.after, c.before) for c in made)


def at(value: object, path: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    """What stands there, or `ABSENT`."""
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value


def shown(value: object) -> str:
    """A value for people: short, numbers masked."""
    match value:
        case Absent():
            return "nothing"
        case Made(role=role):
            return f"the {role.replace('_', ' ')} made here"
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case str():
            return mask_numbers(f"{value!r}" if value else "''")
        case Mapping():
            inner = ", ".join(f"{key}: {shown(one)}" for key, one in value.items())
            return f"{{{inner}}}"
        case list() | tuple():
            return f"[{', '.join(map(shown, value))}]"
        case _:
            return str(value)
