"""What was heard of a reply, from what the platform's history says was spoken."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridge.core.heard import Heard, compare, is_beginning

SAID = "Friday has two meetings, at nine and at ten."


@pytest.mark.parametrize(
    ("said", "spoken", "heard"),
    [
        (
            SAID,
            "Friday has two meetings,",
            Heard("Friday has two meetings,", "at nine and at ten."),
        ),
        (SAID, "Friday has two meetings", Heard("Friday has two meetings,", "at nine and at ten.")),
        (SAID, "Friday has two mee...", Heard("Friday has two mee", "tings, at nine and at ten.")),
        (
            SAID,
            "friday has  two\nmeetings…",
            Heard("Friday has two meetings,", "at nine and at ten."),
        ),
        (SAID, "", Heard("", SAID)),
        (SAID, "...", Heard("", SAID)),
        ('He said "no." Then he left.', "He said “no”", Heard('He said "no."', "Then he left.")),
        (
            "今日は晴れです。明日は雨です。",
            "今日は晴れです。",
            Heard("今日は晴れです。", "明日は雨です。"),
        ),
        ("今日は晴れです。明日は雨です。", "今日は…", Heard("今日は", "晴れです。明日は雨です。")),
        ("नमस्ते जी, कैसे हैं?", "नमस्ते", Heard("नमस्ते", "जी, कैसे हैं?")),
        ("İzmir'e hoş geldiniz.", "İzmir'e", Heard("İzmir'e", "hoş geldiniz.")),
        ("1. nine 2. ten", "1. nine", Heard("1. nine", "2. ten")),
    ],
)
def test_a_reply_is_split_where_the_caller_stopped_hearing_it(
    said: str, spoken: str, heard: Heard
) -> None:
    assert compare(said, spoken) == heard


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        (SAID, SAID),
        (SAID, "friday has two meetings at nine and at ten"),
        (SAID, f"{SAID} Are you still there?"),
        (SAID, "Monday has two"),
        (SAID, "has two meetings"),
        ("", ""),
        ("", "words"),
        ("... !", ""),
    ],
)
def test_nothing_is_claimed_of_a_whole_reply_or_of_another_one(said: str, spoken: str) -> None:
    assert compare(said, spoken) is None


words = st.text(st.characters(categories=["L", "N", "P", "Zs", "M"]), max_size=40)


@given(words, st.integers(0, 40))
def test_wherever_a_reply_is_cut_both_parts_make_it_whole_again(said: str, at: int) -> None:
    split = compare(said, said[:at])

    if split is not None:
        assert "".join((split.heard + split.unheard).split()) == "".join(said.split())
        letters = [char for char in said[:at] if char.isalnum()]
        assert [char for char in split.heard if char.isalnum()] == letters


@given(words, words)
def test_any_two_texts_can_be_compared(said: str, spoken: str) -> None:
    split = compare(said, spoken)

    assert split is None or split.unheard


@pytest.mark.parametrize(
    ("spoken", "begins"),
    [
        ("Are you still there?", True),
        ("are you  still…", True),
        ("Are you", True),
        ("You are", False),
        ("Are you still there? Yes", False),
        ("...", False),
    ],
)
def test_a_sentence_is_known_by_its_beginning(spoken: str, begins: bool) -> None:
    assert is_beginning(spoken, "Are you still there?") is begins
