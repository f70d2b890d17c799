"""What a platform stated in a field, or did not."""

import pytest

from bridge.core.stated import (
    ID_CHARS,
    NOT_STATED,
    SESSION_HEADER,
    WITHHELD,
    is_unfilled,
    is_withheld,
    parse_id,
    parse_session_header,
)
from bridge.errors import BadRequest


@pytest.mark.parametrize("text", ["", "  ", NOT_STATED, " - ", "{{x}}", "{{ x", "a }} b"])
def test_empty_text_placeholders_and_templates_say_nothing(text: str) -> None:
    assert is_unfilled(text)
    assert is_withheld(text)


@pytest.mark.parametrize("word", sorted(WITHHELD))
def test_a_word_for_withheld_counts_in_any_case(word: str) -> None:
    assert is_withheld(f" {word.upper()} ")
    assert not is_unfilled(word)


def test_other_words_are_stated() -> None:
    assert not is_withheld("conv_1")


def test_an_id_is_trimmed() -> None:
    assert parse_id(" conv 1\t", "x") == "conv 1"


@pytest.mark.parametrize(
    "text", ["", " ", "x" * (ID_CHARS + 1), "a\nb", "a\x00", "\u202e", "\ud800"]
)
def test_an_id_that_cannot_be_one_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_id(text, "x-bridge-conversation")

    assert refusal.value.param == "x-bridge-conversation"


def test_the_longest_id_is_taken() -> None:
    assert parse_id("x" * ID_CHARS, "x") == "x" * ID_CHARS


@pytest.mark.parametrize("text", [None, "{{system__conversation_id}}", NOT_STATED, " - "])
def test_a_template_or_a_placeholder_is_no_session_key(text: str | None) -> None:
    assert parse_session_header(text) is None


@pytest.mark.parametrize("text", ["", "a\tb", "ключ", "x" * 257])
def test_an_invalid_session_header_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_session_header(text)

    assert refusal.value.param == SESSION_HEADER


def test_a_session_header_is_taken_as_it_is() -> None:
    assert parse_session_header("agent:Ada:Desk 1") == "agent:Ada:Desk 1"
