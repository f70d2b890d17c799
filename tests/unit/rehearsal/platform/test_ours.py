"""bridge's own sentences, told from the agent's."""

import pytest

from bridge.phrases import load_phrases
from bridge.rehearsal.platform.ours import Ours
from bridge.rehearsal.platform.speaking import Kind

OURS = Ours(load_phrases())


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("One moment... ", "filler"),
        (" Checking the calendar... ", "filler"),
        ("Einen Moment... ", "filler"),
        ("Goodbye.", "ours"),
        ("Please try again in a little while.", "ours"),
        ("I can't reach my assistant right now. ", "ours"),
        ("It is nine.", "words"),
        ("One moment please.", "words"),
        ("One moment... or two.", "words"),
        ("at", "words"),
        ("", "words"),
    ],
)
def test_each_sentence_is_known_by_its_words(sentence: str, kind: Kind) -> None:
    assert OURS.kind(sentence) == kind


@pytest.mark.parametrize("language", load_phrases().languages)
def test_the_fillers_of_every_language_are_known(language: str) -> None:
    phrases = load_phrases().for_language(language)

    assert {OURS.kind(filler) for filler in phrases.fillers} == {"filler"}
    assert OURS.kind(phrases.working_on("calendar")) == "filler"
