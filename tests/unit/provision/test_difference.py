"""How two configurations differ, and what makes them the same."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.masking import holds_number
from bridge.provision.difference import (
    ABSENT,
    Change,
    Made,
    agrees,
    at,
    changes,
    merged,
    patch,
    reversed_changes,
    shown,
)
from bridge.provision.restoring import folded, restored

KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "y"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)
TREES = st.dictionaries(KEYS, VALUES, max_size=4)


@given(TREES, TREES)
def test_the_patch_makes_what_is_there_as_it_is_wanted(wanted: Any, found: Any) -> None:
    mended = merged(found, patch(changes(wanted, found)))

    assert changes(wanted, mended) == ()
    assert agrees(wanted, mended)


@given(TREES, TREES)
def test_the_patch_holds_nothing_that_was_right_already(wanted: Any, found: Any) -> None:
    differing = changes(wanted, found)

    assert changes(patch(differing), found) == differing


@given(TREES, TREES)
def test_the_way_back_leads_to_what_was_there(wanted: Any, found: Any) -> None:
    differing = changes(wanted, found)
    kept = copy.deepcopy(found)
    mended = restored(found, differing)

    assert restored(mended, reversed_changes(differing)) == kept == found


@given(TREES, TREES, TREES)
def test_the_way_back_from_two_changes_is_the_first_of_each_place(
    found: Any, first: Any, second: Any
) -> None:
    one = changes(first, found)
    middle = restored(found, one)
    two = changes(second, middle)
    end = restored(middle, two)
    kept = folded([_entry(change) for change in (*one, *two)])

    back = [Change(tuple(e["path"]), None, e["before"]) for e in kept]
    assert changes(found, restored(end, back)) == ()


def _entry(change: Change) -> dict[str, Any]:
    return {"path": list(change.path), "before": change.before}


@pytest.mark.parametrize(
    ("wanted", "found", "differing"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, [(("a",), 2, 1)]),
        ({"a": {"b": 1}}, {}, [(("a",), ABSENT, {"b": 1})]),
        ({"a": {"b": 1}}, {"a": None}, [(("a",), None, {"b": 1})]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, [(("a", "c"), ABSENT, 2)]),
        ({"a": None}, {"a": {"b": 1}}, [(("a",), {"b": 1}, None)]),
        ({"a": None}, {}, []),
        ({"a": True}, {"a": 1}, [(("a",), 1, True)]),
        ({"a": 0}, {"a": False}, [(("a",), False, 0)]),
        ({"a": 8.0}, {"a": 8}, []),
        ({"a": [1, 2]}, {"a": [2, 1]}, [(("a",), [2, 1], [1, 2])]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, []),
        ({"a": [1]}, {"a": [1, 2]}, [(("a",), [1, 2], [1])]),
        ({"a": (1, 2)}, {"a": [1, 2]}, []),
        ({"a": Made("agent")}, {"a": "agent_1"}, [(("a",), "agent_1", Made("agent"))]),
    ],
)
def test_what_differs(wanted: Any, found: Any, differing: list[Any]) -> None:
    assert changes(wanted, found) == tuple(Change(*one) for one in differing)


def test_a_change_is_named_by_its_path() -> None:
    assert changes({"a": {"b": 1}}, {"a": {"b": 2}})[0].name == "a.b"


@pytest.mark.parametrize(
    ("path", "value"),
    [((), {"a": {"b": None}}), (("a", "b"), None), (("a", "c"), ABSENT), (("a", "b", "c"), ABSENT)],
)
def test_what_stands_at_a_path(path: tuple[str, ...], value: object) -> None:
    assert at({"a": {"b": None}}, path) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ABSENT, "nothing"),
        (Made("webhook_token"), "the webhook token made here"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ("", "''"),
        ("it's", '"it\'s"'),
        (8.0, "8.0"),
        (["a", {"b": 1}], "['a', {b: 1}]"),
        ({"phone_number": "+15550100999"}, "{phone_number: '+1555•••0999'}"),
    ],
)
def test_a_value_for_people(value: object, said: str) -> None:
    assert shown(value) == said


NUMBERS = st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True)


@given(st.recursive(NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_no_number_is_ever_shown(value: object) -> None:
    assert not holds_number(shown(value))
