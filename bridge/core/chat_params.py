"""The fields of a chat request beside its messages: which kind each must be.

Fields that nobody here knows are carried as they came. Only a number that is none is refused
wherever it stands: JSON can't hold it, so nobody could pass it on.

Source: platform.openai.com/docs/api-reference/chat/create (2026-11).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bridge.errors import BadRequest

PATH_CHARS = 128
"""How much of a field's path an error repeats: names in a request are as long as it likes."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_a(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


def _is_stop(value: object) -> bool:
    parts = value if isinstance(value, list) else [value]
    return all(isinstance(part, str) for part in parts)


_KINDS: tuple[tuple[str, Callable[[object], bool], tuple[str, ...]], ...] = (
    ("a number", _is_number, ("temperature", "top_p", "presence_penalty", "frequency_penalty")),
    (
        "a whole number",
        _is_whole,
        ("max_tokens", "max_completion_tokens", "n", "seed", "top_logprobs"),
    ),
    ("true or false", _is_a(bool), ("logprobs", "parallel_tool_calls", "store")),
    ("a string", _is_a(str), ("user", "reasoning_effort", "service_tier", "verbosity")),
    (
        "an object",
        _is_a(dict),
        ("response_format", "logit_bias", "metadata", "elevenlabs_extra_body"),
    ),
    ("a list", _is_a(list), ("functions", "modalities")),
    ("a string or a list of strings", _is_stop, ("stop",)),
    ("a string or an object", _is_a(str, dict), ("tool_choice", "function_call")),
)

PARAMS: Mapping[str, tuple[str, Callable[[object], bool]]] = MappingProxyType(
    {name: (wanted, is_right) for wanted, is_right, names in _KINDS for name in names}
)
"""What each field must be, in words, and whether a value is. `null` is right for all of them."""


def check_params(body: Mapping[str, Any]) -> None:
    """Returns when every field is of its kind.

    Args:
        body: the whole decoded request, nested as deep as its reader allowed.

    Raises:
        BadRequest: one isn't; `param` names it.
    """
    for name, (wanted, is_right) in PARAMS.items():
        value = body.get(name)
        if value is not None and not is_right(value):
            raise BadRequest(f"{name!r} must be {wanted}.", param=name)
    if body.get("n") not in (None, 1):
        raise BadRequest("'n' must be 1: a telephone has one voice.", param="n")
    endless = next(_endless(body, ""), None)
    if endless is not None:
        path = endless[:PATH_CHARS]
        raise BadRequest(f"{path!r} must be a number that JSON has.", param=path)


def _endless(value: object, path: str) -> Iterator[str]:
    """Where a number is none or beyond all bounds, as `1e999` is once it was read."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(inner, str):
                yield from _endless(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            if not isinstance(inner, str):
                yield from _endless(inner, f"{path}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield path
