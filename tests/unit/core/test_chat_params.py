"""The fields of a chat request beside its messages."""

from typing import Any

import pytest

from bridge.core.chat_params import PARAMS, PATH_CHARS, check_params
from bridge.errors import BadRequest

RIGHT: dict[str, list[Any]] = {
    "temperature": [0, 0.7, 2],
    "top_p": [1],
    "presence_penalty": [-2.0],
    "frequency_penalty": [2],
    "max_tokens": [5000, -1],
    "max_completion_tokens": [1],
    "n": [1],
    "seed": [0, 10**30],
    "top_logprobs": [5],
    "logprobs": [True, False],
    "parallel_tool_calls": [False],
    "store": [True],
    "user": ["u1", ""],
    "reasoning_effort": ["low"],
    "service_tier": ["auto"],
    "verbosity": ["low"],
    "response_format": [{"type": "text"}],
    "logit_bias": [{"50256": -100}],
    "metadata": [{}],
    "elevenlabs_extra_body": [{"secret": 1}],
    "functions": [[]],
    "modalities": [["text"]],
    "stop": ["END", ["a", "b"], []],
    "tool_choice": ["auto", {"type": "function"}],
    "function_call": ["none", {"name": "f"}],
}
ANYTHING: list[Any] = ["x", 7, 1.5, True, [7], {"a": 7}]


def is_taken(body: dict[str, Any]) -> bool:
    try:
        check_params(body)
    except BadRequest:
        return False
    return True


def test_every_field_has_its_examples() -> None:
    assert RIGHT.keys() == PARAMS.keys()


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_taken_and_so_is_nothing(name: str) -> None:
    assert all(is_taken({name: value}) for value in [*RIGHT[name], None])


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_of_another_kind_is_refused_by_name(name: str) -> None:
    kinds = {type(value) for value in RIGHT[name]}
    wrong = [value for value in ANYTHING if type(value) not in kinds | {int, float}]
    assert wrong
    for value in wrong:
        if name == "stop" and isinstance(value, str):
            continue
        with pytest.raises(BadRequest) as refused:
            check_params({name: value})
        assert refused.value.param == name


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_tokens", 1.5), ("seed", 1.0), ("temperature", True), ("stop", [7]), ("stop", 7)],
)
def test_numbers_and_lists_are_looked_into(name: str, value: object) -> None:
    with pytest.raises(BadRequest) as refused:
        check_params({name: value})
    assert refused.value.param == name


@pytest.mark.parametrize("count", [0, 2, -1])
def test_there_is_one_reply(count: int) -> None:
    with pytest.raises(BadRequest, match="one voice"):
        check_params({"n": count})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"x": float("inf")}, "x"),
        ({"temperature": float("inf")}, "temperature"),
        ({"a": 1, "x": {"y": [0, {"z": float("-inf")}]}}, "x.y[1].z"),
        ({"messages": [{"role": "user", "content": "Hi", "at": float("nan")}]}, "messages[0].at"),
        ({"x" * 1000: float("nan")}, "x" * PATH_CHARS),
    ],
)
def test_a_number_that_json_can_not_hold_is_refused_wherever_it_stands(
    body: dict[str, Any], path: str
) -> None:
    """`1e999` is JSON, and infinite once it was read."""
    with pytest.raises(BadRequest) as refused:
        check_params(body)
    assert refused.value.param == path


def test_fields_that_nobody_knows_pass() -> None:
    assert is_taken({"thinking": {"budget": 1e300}, "x": [None, "y", [[]], {}, 0.5]})
