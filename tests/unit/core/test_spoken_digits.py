"""Digits in an utterance, keyed or spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.spoken_digits import UTTERANCE_CHARS, digits_in, is_code, plain_word


@pytest.mark.parametrize(
    ("utterance", "digits"),
    [
        ("1234#", "1234"),
        ("*1234*", "1234"),
        ("1 2 3 4", "1234"),
        ("1, 2, 3, 4.", "1234"),
        ("12-34", "1234"),
        ("1,234", "1234"),
        ("1.234", "1234"),
        ("１２３４", "1234"),
        ("١٢٣٤", "1234"),
        ("۱۲۳۴", "1234"),
        ("१२३४", "1234"),
        ("12#34", "1234"),
    ],
)
def test_keyed_digits_are_read_in_any_figures(utterance: str, digits: str) -> None:
    assert digits_in(utterance) == digits


@pytest.mark.parametrize(
    ("utterance", "digits"),
    [
        ("one two three four", "1234"),
        ("Oh, seven, nine, nought", "0790"),
        ("double five oh nine", "5509"),
        ("triple seven, one", "7771"),
        ("one two three double", "123"),
        ("null eins zwo drei", "0123"),
        ("fünf sechs sieben acht", "5678"),
        ("doppel fünf sechs neun", "5569"),
        ("uno dos tres cuatro", "1234"),
        ("cinco, seis, siete, ocho, nueve, cero", "567890"),
        ("doble cinco seis siete", "5567"),
        ("un deux trois quatre", "1234"),
        ("cinq six sept huit neuf zéro", "567890"),
        ("uno due tre quattro", "1234"),
        ("cinque sei sette otto nove zero", "567890"),
        ("um dois três quatro", "1234"),
        ("cinco meia sete oito nove zero", "567890"),
        ("één twee drie vier", "1234"),
        ("vijf zes zeven acht negen nul", "567890"),
        ("dubbel vijf zes zeven", "5567"),
        ("jeden dwa trzy cztery", "1234"),
        ("pięć sześć siedem osiem dziewięć zero", "567890"),
        ("один два три четыре", "1234"),
        ("Пять, шесть, семь, восемь, девять, ноль.", "567890"),
        ("bir iki üç dört", "1234"),
        ("beş altı yedi sekiz dokuz SIFIR", "567890"),
        ("일이삼사", "1234"),
        ("비밀번호는 오 육 칠 팔 구 공 입니다", "567890"),
        ("いちにさんよん", "1234"),
        ("ゼロ イチ ニ サン", "0123"),
        ("暗証番号はごろくななはちきゅうです", "56789"),
        ("一二三四", "1234"),
        ("我的密码是幺二三四", "1234"),
        ("五六七八九零", "567890"),
        ("واحد اثنان ثلاثة أربعة", "1234"),
        ("خمسة، ستة، سبعة، ثمانية، تسعة، صفر", "567890"),
        ("एक दो तीन चार", "1234"),
        ("पाँच छह सात आठ नौ शून्य", "567890"),
        ("डबल पांच छः सात", "5567"),
    ],
)
def test_spoken_digits_are_read_in_every_language_that_bridge_speaks(
    utterance: str, digits: str
) -> None:
    assert digits_in(utterance) == digits


@pytest.mark.parametrize(
    ("utterance", "digits"),
    [
        ("My code is 1234, for two people", "1234"),
        ("It's one two three four, thanks", "1234"),
        ("1234. No, sorry: 5678", "5678"),
        ("one two, ehm, three four", "1234"),
        ("one um two three four", "1234"),
        ("um, 1234", "1234"),
        ("Um... 47 11, please", "4711"),
        ("Hello?", ""),
        ("", ""),
        ("a table for two", "2"),
        ("❶❷❸❹", ""),
        ("\ud800 1234", "1234"),
    ],
)
def test_the_longest_row_is_the_code_and_of_equal_ones_the_last(
    utterance: str, digits: str
) -> None:
    assert digits_in(utterance) == digits


@pytest.mark.parametrize(
    ("utterance", "is_one"),
    [
        ("1234", True),
        ("*1234#", True),
        ("1, 2, 3, 4.", True),
        ("four seven one one", True),
        ("Double four. One, one.", True),
        ("四七一一", True),
        ("사칠일일", True),
        ("четыре семь один один", True),
        ("123", False),
        ("one two three", False),
        ("My code is 1234", False),
        ("四七一一です", False),
        ("a table for two on 12/12/2026", False),
        ("", False),
        ("###", False),
        ("1" * (UTTERANCE_CHARS + 1), False),
    ],
)
def test_a_code_by_itself_is_told_from_talk(utterance: str, *, is_one: bool) -> None:
    assert is_code(utterance) is is_one


def test_only_the_beginning_of_an_endless_utterance_is_read() -> None:
    assert digits_in(" " * UTTERANCE_CHARS + "1234") == ""


@given(
    st.text("0123456789", min_size=4, max_size=12),
    st.sampled_from(["", " ", "-", ", ", "."]),
    st.sampled_from(["", "Hello, it is ", "code: ", "暗証番号は"]),
    st.sampled_from(["", "#", " please", "です", "!"]),
)
def test_a_code_of_figures_is_read_however_it_is_grouped(
    code: str, between: str, before: str, after: str
) -> None:
    assert digits_in(before + between.join(code) + after) == code


@given(st.text(max_size=200))
def test_whatever_is_said_gives_plain_digits(utterance: str) -> None:
    found = digits_in(utterance)

    assert found == "" or (found.isascii() and found.isdigit())


@pytest.mark.parametrize(
    ("word", "plain"), [("Seven", "seven"), ("FÜNF", "funf"), ("ナナ", "なな"), ("٧", "٧")]
)
def test_a_word_is_compared_without_case_and_accents(word: str, plain: str) -> None:
    assert plain_word(word) == plain
