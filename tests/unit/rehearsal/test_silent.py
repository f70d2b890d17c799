"""A voice that only knows how long words take."""

import pytest

from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import Spoken, Word


async def test_every_word_takes_equally_long() -> None:
    spoken = await SilentVoice(120.0).speak("It is nine, I think.", "en")

    assert spoken == Spoken(
        "It is nine, I think.",
        [Word("It", 0.5), Word("is", 1.0), Word("nine,", 1.5), Word("I", 2.0), Word("think.", 2.5)],
    )
    assert (spoken.duration_s, spoken.frames) == (2.5, ())


@pytest.mark.parametrize("text", ["", " ", "... ", "— –"])
def test_what_has_no_words_takes_no_time(text: str) -> None:
    assert SilentVoice().spoken(text).duration_s == 0.0


def test_where_no_space_parts_words_two_characters_are_one() -> None:
    words = [word.text for word in SilentVoice().spoken("今は九時です。OK").words]

    assert words == ["今は", "九時", "です", "。OK"]
