"""How a PATCH changes what is there: deeply, key by key, as far as anybody has seen.

Lists are replaced whole. Null is a value, except in a free-form map, where it takes the name away.
A value that is another member of a union replaces the one that was there.

Source: elevenlabs.io/docs, update agent (2026-11); the depth is seen in the field, not documented.
"""

import copy
from collections.abc import Mapping
from typing import Any

from tests.fakes.elevenlabs.rules import Json
from tests.fakes.elevenlabs.schema import Schema, is_map, leaf_of


def merged(schema: Schema, old: Any, new: Any, *, maps: str) -> Any:
    """What is there once `new` has been written over `old`.

    Args:
        schema: what both are.
        maps: `merge` or `replace`, for free-form maps.
    """
    if not isinstance(new, Mapping):
        return copy.deepcopy(new)
    name, leaf = leaf_of(schema, new)
    rest = leaf.get("additionalProperties")
    if is_map(leaf):
        kept = old if isinstance(old, dict) and maps == "merge" else {}
        return _merged_map(rest if isinstance(rest, dict) else {}, kept, new)
    is_other = not isinstance(old, dict) or leaf_of(schema, old)[0] != name
    whole: Json = {} if is_other else dict(old)
    for key, part in new.items():
        inner = leaf.get("properties", {}).get(key, {})
        whole[key] = merged(inner, whole.get(key), part, maps=maps)
    return whole


def _merged_map(schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    whole = {**old}
    for key, part in new.items():
        if part is None:
            whole.pop(key, None)
        else:
            whole[key] = merged(schema, whole.get(key), part, maps="merge")
    return whole


def without(value: Json, path: str) -> Json:
    """A copy that lacks what a dotted path names. A path that leads nowhere changes nothing."""
    whole = copy.deepcopy(value)
    *steps, last = path.split(".")
    inner: Any = whole
    for step in steps:
        inner = inner.get(step) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(last, None)
    return whole


def overridden(config: Json, changes: Mapping[str, Any]) -> Json:
    """A configuration with what the introduction overrides. Null overrides nothing."""
    whole = dict(config)
    for key, part in changes.items():
        if isinstance(part, Mapping) and isinstance(whole.get(key), dict):
            whole[key] = overridden(whole[key], part)
        elif part is not None:
            whole[key] = part
    return whole
