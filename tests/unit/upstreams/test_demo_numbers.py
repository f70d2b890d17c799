"""Sums, numerals, keys and zones of the demo agent."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.upstreams.demo.numerals import parse_keys, parse_number, parse_whole, render_count
from bridge.upstreams.demo.sums import solve
from bridge.upstreams.demo.zones import CITIES, find_place, local_time


@pytest.mark.parametrize(
    ("said", "replied"),
    [
        ("What is 12 times 7?", "That is 84."),
        ("what's twelve minus thirty one", "That is minus 19."),
        ("12x7", "That is 84."),
        ("How much is 1,250.5 minus 0.5", "That is 1250."),
        ("two hundred and five plus two thousand and one", "That is 2206."),
        ("calculate 2 + 3 * 4", "That is 14."),
        ("2 + 3 * 4 - 10 / 5 =", "That is 12."),
        ("ten divided by four", "That is 2.5."),
        ("1 divided by 3", "That is about 0.3333."),
        ("minus three minus minus four", "That is 1."),
        ("three minus ten", "That is minus 7."),
        ("minus one over 3", "That is about minus 0.3333."),
        ("two and two", "That is 4."),
        ("seven divided by zero", "Nothing can be divided by zero."),
        ("999999999999 * 999999999999", "That is too large a number to say."),
    ],
)
def test_a_sum_is_solved(said: str, replied: str) -> None:
    assert solve(said) == replied


@pytest.mark.parametrize(
    "said",
    [
        "",
        "what is 5",
        "what is love",
        "12 monkeys plus one",
        "plus plus",
        "1 + ",
        "__import__('os') + 1",
        "2 ** 3",
        "1 plus " * 200 + "1",
        "1.2.3 + 1",
    ],
)
def test_what_is_no_sum_is_left_alone(said: str) -> None:
    assert solve(said) is None


whole = st.integers(0, 999_999)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("+-*"), whole), min_size=1, max_size=3), whole)
def test_sums_come_out_as_arithmetic_has_them(parts: list[tuple[str, int]], first: int) -> None:
    written = str(first) + "".join(f" {operator} {number}" for operator, number in parts)
    value = eval(written)  # noqa: S307 - our own digits: the plainest oracle there is
    said = "too large a number to say" if abs(value) >= 10**15 else None

    assert solve(written) == (
        f"That is {said}." if said else f"That is {'minus ' if value < 0 else ''}{abs(value)}."
    )


@given(st.text())
def test_any_text_is_a_sum_or_none_and_nothing_is_raised(text: str) -> None:
    assert solve(text) is None or "." in str(solve(text))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("7", 7),
        ("1,000", 1000),
        ("2.5", Fraction(5, 2)),
        ("twenty one", 21),
        ("a hundred", None),
        ("hundred", 100),
        ("three hundred and twelve thousand and six", 312_006),
        ("two million", 2_000_000),
        ("and", None),
        ("", None),
    ],
)
def test_a_number_is_read_from_digits_or_words(words: str, value: Fraction | int | None) -> None:
    assert parse_number(words.split()) == value


@given(st.integers(0, 99))
def test_a_count_in_words_reads_back(value: int) -> None:
    assert parse_whole(render_count(value)) == value


def test_half_a_number_is_not_whole() -> None:
    assert parse_whole("2.5") is None


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ("one two pound", "12#"),
        ("1 2 #", "12#"),
        ("the star key and then zero", "*0"),
        ("plus 1 555-0100 thanks, 9", "+15550100"),
        ("é1", "1"),
        ("nothing", ""),
    ],
)
def test_keys_are_read_until_another_word_comes(said: str, keys: str) -> None:
    assert parse_keys(said) == keys


def test_every_city_lies_in_a_zone_that_exists() -> None:
    assert [city for city, zone in CITIES.items() if local_time(0, zone) is None] == []
    assert len(CITIES) >= 60


@given(st.sampled_from(sorted(CITIES)))
def test_a_city_is_found_in_any_case(city: str) -> None:
    assert find_place(f"what time is it in {city.upper()}?") == (city, CITIES[city])


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "/etc/passwd", "Nowhere/Else", "a\0b"])
def test_a_zone_that_is_none_has_no_time(zone: str) -> None:
    assert local_time(0, zone) is None
