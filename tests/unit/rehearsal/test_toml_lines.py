"""Where keys stand in a TOML text: against what `tomllib` reads out of it."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.rehearsal import choosing
from bridge.rehearsal.toml_lines import Place, line_of, lines_of

TEXT = '''\
# a comment with = and [brackets]
title = "one [[lines]] in a text"  # and one behind
a.b.c = 1
"quoted.key" = { x = 1, 'y z' = [1, 2], nested = { deep = true } }
long = """
[not.a.table]
not_a_key = 1 \\"\\"\\" """
literal = \'\'\'
x = 2\'\'\'
when = 1979-05-27 07:32:00

[table.inner]
key = 1

[[lines]]
says = "first"

[[lines]]
heard = [
  "one",  # a comment, with a comma
  ["two", 3],
]
[lines.expect]
turn = "x"
[[lines.parts]]
n = 1
[[lines.parts]]
n = 2
'''

PLACES: dict[Place, int] = {
    ("title",): 2,
    ("a", "b", "c"): 3,
    ("quoted.key",): 4,
    ("quoted.key", "y z", 1): 4,
    ("quoted.key", "nested", "deep"): 4,
    ("long",): 5,
    ("literal",): 8,
    ("when",): 10,
    ("table", "inner", "key"): 13,
    ("lines", 0, "says"): 16,
    ("lines", 1): 18,
    ("lines", 1, "heard", 0): 20,
    ("lines", 1, "heard", 1, 1): 21,
    ("lines", 1, "expect", "turn"): 24,
    ("lines", 1, "parts", 0, "n"): 26,
    ("lines", 1, "parts", 1, "n"): 28,
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_a_key_is_found_on_its_line(place: Place) -> None:
    assert lines_of(TEXT)[place] == PLACES[place]


def test_nothing_is_found_that_is_not_there() -> None:
    leaves = {place for place, _ in _leaves(tomllib.loads(TEXT))}

    assert leaves <= set(lines_of(TEXT))
    assert not any("not_a_key" in place for place in lines_of(TEXT))


@pytest.mark.parametrize("name", choosing.shipped_names())
def test_every_key_of_a_shipped_scenario_is_on_the_line_that_names_it(name: str) -> None:
    [scenario] = choosing.choose([name])
    text = choosing.shipped_text(name)
    found, lines = lines_of(text), text.splitlines()

    for place, _ in _leaves(tomllib.loads(text)):
        key = next(part for part in reversed(place) if isinstance(part, str))
        assert isinstance(place[-1], int) or key in lines[found[place] - 1], (scenario.name, place)


def test_a_place_that_is_not_there_is_looked_for_around_it() -> None:
    found = lines_of(TEXT)

    assert line_of(found, ("lines", 1, "missing")) == 18
    assert line_of(found, ("nowhere", 3)) == 1


def test_lines_that_end_as_on_windows_count_once() -> None:
    assert lines_of("a = 1\r\n[b]\r\nc = 2\r\n")[("b", "c")] == 3


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, value
