"""Model text becomes speakable text, however it is cut."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from bridge.core.speech import Mark, Shaper, SpeechOptions, shape

REPLIES = [
    ("Hello there.", "Hello there."),
    ("This is **bold**, *slanted* and `code`.", "This is bold, slanted and code."),
    ("See [the page](https://example.com/a?b=c).", "See the page."),
    ("<think>secret plan</think>It is noon.", "It is noon."),
    ('{"spoken":"It is noon."}', "It is noon."),
    ('```json\n{"spoken": "It is noon."}\n```', "It is noon."),
    ("3 * 4 * 5 is 60.", "3 * 4 * 5 is 60."),
    ("It costs $5 & that is it.", "It costs $5 & that is it."),
    ("snake_case_name stays.", "snake_case_name stays."),
    ("今日は晴れです。明日は雨です。", "今日は晴れです。明日は雨です。"),
    ("Das ist **wichtig**, oder?", "Das ist wichtig, oder?"),
]


@pytest.mark.parametrize(("text", "spoken"), REPLIES)
def test_a_reply_is_spoken_as_a_person_would_say_it(text: str, spoken: str) -> None:
    assert shape(text) == spoken


@pytest.mark.parametrize("text", [text for text, _spoken in REPLIES])
def test_any_cut_gives_the_same_words(text: str) -> None:
    whole = shape(text)
    for cut in range(len(text) + 1):
        assert spoken_in_pieces([text[:cut], text[cut:]]) == whole
    assert spoken_in_pieces(list(text)) == whole


@given(st.lists(st.text("ab *_`[](){}<>#\n-|:\"'\\!/.1", max_size=6), max_size=12))
@hypothesis_settings(max_examples=200, deadline=None)
def test_any_markup_in_any_cut_gives_the_same_words(pieces: list[str]) -> None:
    assert spoken_in_pieces(pieces) == shape("".join(pieces))


@given(st.text("abc ,.äßéяжあ漢", min_size=1).filter(lambda text: text == text.strip()))
@hypothesis_settings(max_examples=100, deadline=None)
def test_plain_prose_is_held_for_nothing(text: str) -> None:
    shaper = Shaper(SpeechOptions())
    said = "".join(p for p in shaper.feed(f"Well {text}", 0.0) if isinstance(p, str))

    assert said.startswith("Well")


def test_a_mark_is_found_across_cuts_and_never_spoken() -> None:
    shaper = Shaper(SpeechOptions())
    pieces = [p for char in "Bye.\n[[hang up]]" for p in shaper.feed(char, 0.0)]
    pieces += shaper.finish()

    assert [p for p in pieces if isinstance(p, Mark)] == [Mark("hang up", "")]
    assert "".join(p for p in pieces if isinstance(p, str)).strip() == "Bye."


def test_text_passes_untouched_when_shaping_is_off() -> None:
    assert shape("**bold** `x`", SpeechOptions(shape=False)) == "**bold** `x`"


def spoken_in_pieces(pieces: list[str]) -> str:
    shaper = Shaper(SpeechOptions())
    said = [p for piece in pieces for p in shaper.feed(piece, 0.0)]
    said += shaper.finish()
    return "".join(p for p in said if isinstance(p, str))
