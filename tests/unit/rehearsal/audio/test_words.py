"""How many words were understood wrongly, however each side writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.audio.words import Reading, compare, spelled


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Half-past nine, OK?", "half past nine okay"),
        ("Good bye!", "goodbye"),
        ("It’s 15.", "its fifteen"),
        ("at 9:30 p.m.", "at nine thirty pm"),
        ("at 9:05 and 10:00", "at nine oh five and ten"),
        ("$1,250 or 20%", "one thousand two hundred fifty dollars or twenty percent"),
        ("3.5 miles", "three point five miles"),
        ("the 3rd, 12th, 20th and 21st", "the third twelfth twentieth and twenty first"),
        ("007", "zero zero seven"),
        ("1000000", "one zero zero zero zero zero zero"),
        ("999,999", "nine hundred ninety nine thousand nine hundred ninety nine"),
        ("'quoted' _words_", "quoted words"),
        ("e.g. Mr. Smith", "e g mister smith"),
        ("…", ""),
    ],
)
def test_a_text_as_it_is_said(text: str, words: str) -> None:
    assert spelled(text) == words


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ("whole", "four thousand seven hundred eleven"),
        ("digits", "four seven one one"),
        ("pairs", "forty seven eleven"),
    ],
)
def test_digits_have_three_readings(reading: Reading, words: str) -> None:
    assert spelled("4711", reading) == words


def test_years_and_hours_are_read_in_pairs() -> None:
    assert spelled("1905", "pairs") == "nineteen oh five"
    assert spelled("930", "pairs") == "nine thirty"


def test_pairs_that_nobody_says_are_read_as_one_number() -> None:
    assert spelled("1900", "pairs") == "one thousand nine hundred"


@pytest.mark.parametrize(
    ("said", "understood", "words", "errors"),
    [
        ("Book a table for fifteen.", "book a table for 15", 5, 0),
        ("My code is four seven one one.", "My code is 4711.", 7, 0),
        ("It is 9:30.", "It is 930.", 4, 0),
        ("Take a note: buy milk.", "Take a note by milk.", 5, 1),
        ("That is bridge's", "that is bridges", 3, 0),
        ("Yes.", "", 1, 1),
        ("", "Thank you.", 0, 2),
        ("", "", 0, 0),
        ("one two", "one and two and", 2, 2),
    ],
)
def test_words_that_were_taken_for_others_are_counted(
    said: str, understood: str, words: int, errors: int
) -> None:
    assert compare(said, understood) == (words, errors)


def test_another_number_is_an_error_in_every_reading() -> None:
    assert compare("It is 4711.", "It is 4712.")[1] == 1


@given(st.integers(0, 999_999))
def test_every_number_is_written_in_words(number: int) -> None:
    assert not any(character.isdigit() for character in spelled(str(number)))


@given(st.text())
def test_nothing_is_wrong_with_the_same_text(text: str) -> None:
    assert compare(text, text)[1] == 0
