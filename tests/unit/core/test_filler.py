"""Fillers come when they are due, never twice running, and go out of a history again."""

import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.filler import LATEST_FIRST_S, SECOND_AFTER_S, draw, schedule, strip

FILLERS = (
    "One moment... ",
    "Let me think... ",
    "I'm still on it... ",
    "请稍等... ",
    "Bin noch dran... ",
    "Checking the {label}... ",
)
SENT = (*FILLERS[:-1], "Checking the calendar... ")

plain = st.text(string.ascii_lowercase + " ,!?äß你好はい\n", min_size=1, max_size=60)
"""An agent's words that hold no filler: fillers begin with other letters or hold dots."""


@pytest.mark.parametrize(
    ("first_words_s", "count", "due"),
    [
        (1.2, 3, (1.2, 5.2, 11.2)),
        (1.0, 4, (1.0, 5.0, 11.0, 17.0)),
        (1.2, 1, (1.2,)),
        (1.2, 0, ()),
        (1.2, -1, ()),
        (-3.0, 2, (0.0, 4.0)),
        (60.0, 2, (12.0, 16.0)),
    ],
)
def test_the_first_filler_is_early_and_the_rest_are_spaced(
    first_words_s: float, count: int, due: tuple[float, ...]
) -> None:
    assert schedule(first_words_s, count) == pytest.approx(due)


@given(st.floats(-5, 100), st.integers(0, 20))
def test_fillers_are_never_crowded_and_the_platform_s_clock_never_runs_out(
    first_words_s: float, count: int
) -> None:
    due = schedule(first_words_s, count)

    assert len(due) == count
    assert all(0 <= at_s <= LATEST_FIRST_S for at_s in due[:1])
    assert all(b - a >= SECOND_AFTER_S - 1e-9 for a, b in pairwise(due))


@given(st.lists(st.sampled_from(FILLERS), min_size=2, unique=True), st.text(), st.integers())
def test_a_draw_is_repeatable_and_never_what_was_said_last(
    fillers: list[str], turn: str, count: int
) -> None:
    previous: str | None = None
    for seed in (f"{turn}-{count}-1", f"{turn}-{count}-2", count):
        drawn = draw(fillers, previous, seed)
        assert drawn in fillers
        assert drawn != previous
        assert drawn == draw(tuple(fillers), previous, seed)
        previous = drawn


def test_every_filler_gets_its_turn() -> None:
    assert {draw(FILLERS, None, seed) for seed in range(100)} == set(FILLERS)


def test_nothing_is_said_rather_than_the_same_again() -> None:
    assert draw(["One moment... "], "One moment... ", 1) == ""
    assert draw([], None, 1) == ""


@pytest.mark.parametrize(
    ("spoken", "agent_s"),
    [
        ("One moment... It is noon.", "It is noon."),
        ("One moment... Let me think... It is noon.", "It is noon."),
        ("It is. One moment... Noon.", "It is. Noon."),
        ("It is One moment...  noon.", "It is noon."),
        ("It isOne moment... noon.", "It is noon."),
        ("It is.One moment...  Noon.", "It is. Noon."),
        ("你好。请稍等... 世界", "你好。世界"),
        ("你好请稍等... 世界", "你好世界"),
        ("  One \n moment ...It is noon.", "It is noon."),
        ("One moment… It is noon.", "It is noon."),
        ("It is noon. One moment...", "It is noon."),
        ("It is noon. One moment..", "It is noon."),
        ("Checking the web search... Sunny.", "Sunny."),
    ],
)
def test_a_filler_is_taken_out_wherever_it_stands(spoken: str, agent_s: str) -> None:
    assert strip(spoken, FILLERS) == agent_s


@pytest.mark.parametrize(
    "spoken",
    [
        "One mo...",
        "Let me thi",
        "Let me think",
        "Let me think..",
        "One moment... Let me thi",
        "One moment... One mo… ",
        "Checking th",
        "Checking the calen",
        "Checking the calen...",
        "请稍",
    ],
)
def test_of_a_filler_that_was_cut_nothing_is_left(spoken: str) -> None:
    assert strip(spoken, FILLERS) == ""


@pytest.mark.parametrize(
    "text",
    [
        "One moment, please.",
        "One moment.",
        "Let me think about that.",
        "Let me thi s",
        "Here it is. Let me thi",
        "Checking the oven is wise.",
        "Checking the calendar, I see that you are free",
        "Checking the calendar I find that you have nothing at all today",
        "...",
        "  ",
        "",
    ],
)
def test_the_agent_s_own_words_are_kept_even_when_they_are_the_same(text: str) -> None:
    assert strip(text, FILLERS) == text


@pytest.mark.parametrize(
    ("spoken", "agent_s"),
    [
        ("Here it is. Let me thi", "Here it is."),
        ("Here it is. One moment... Let me thi...", "Here it is."),
        ("はい。请稍", "はい。"),
        ("One moment... Here it is. Checking the cal…", "Here it is."),
        ("Here it is. Let me know", "Here it is. Let me know"),
        ("Here it is, let me thi", "Here it is, let me thi"),
        ("Here it is.", "Here it is."),
        ("Here it is. ", "Here it is. "),
        ("Let me thi", ""),
    ],
)
def test_a_cut_filler_behind_a_finished_sentence_goes_when_it_is_known_to_have_been_sent(
    spoken: str, agent_s: str
) -> None:
    assert strip(spoken, FILLERS, sent_in_this_reply=True) == agent_s


@pytest.mark.parametrize("fillers", [(), ("... ",), frozenset[str]()])
def test_without_fillers_nothing_is_taken_out(fillers: tuple[str, ...] | frozenset[str]) -> None:
    assert strip("One moment... Yes.", fillers) == "One moment... Yes."


@settings(max_examples=200)
@given(st.lists(st.sampled_from(SENT), max_size=4), plain.map(str.strip).filter(bool))
def test_what_the_agent_said_behind_any_fillers_is_what_is_left(
    fillers: list[str], reply: str
) -> None:
    assert strip("".join(fillers) + reply, FILLERS) == reply


@settings(max_examples=200)
@given(st.lists(st.sampled_from(SENT), min_size=1, max_size=4), st.data())
def test_a_row_of_fillers_cut_anywhere_leaves_nothing(
    fillers: list[str], data: st.DataObject
) -> None:
    """Cut after the first of a last filler's dots is the exception: that is a sentence's end."""
    row = "".join(fillers)
    cut = row[: data.draw(st.integers(0, len(row)))]
    ends_in_one_dot = cut.endswith(".") and not cut.endswith("..")

    assert strip(cut, FILLERS).strip() == "" or ends_in_one_dot


@settings(max_examples=200)
@given(st.lists(st.tuples(plain, st.sampled_from(SENT)), max_size=4), plain)
def test_the_agent_s_words_survive_fillers_among_them(
    pairs: list[tuple[str, str]], last: str
) -> None:
    spoken = "".join(words + filler for words, filler in pairs) + last
    words = "".join(words for words, _ in pairs) + last

    assert "".join(strip(spoken, FILLERS).split()) == "".join(words.split())


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_any_text_without_our_dots_and_our_beginnings_is_untouched(text: str) -> None:
    kept = "It says: " + text.replace(".", ",").replace("…", ",")

    assert strip(kept, FILLERS) == kept
