"""What bridge says itself, in every language, is fit to be spoken as it stands."""

import re
import unicodedata
from dataclasses import fields
from itertools import pairwise

import pytest

from bridge.core import filler as fillers
from bridge.core.phrases import LABEL, Phrases
from bridge.core.spoken_digits import _WORDS as DIGIT_WORDS
from bridge.phrases import load_phrases

BOOK = load_phrases()
LANGUAGES = BOOK.languages
MARKUP = re.compile(r"[*_`#<>|\[\]~\\=^]|https?:|www\.")


def every_text(phrases: Phrases) -> list[str]:
    texts: list[str] = []
    for field in fields(phrases):
        value = getattr(phrases, field.name)
        texts.extend(value if isinstance(value, tuple) else [value])
    return [text.replace(LABEL, "calendar") for text in texts if text != phrases.language]


def test_the_fifteen_languages_are_there() -> None:
    assert " ".join(LANGUAGES) == "ar de en es fr hi it ja ko nl pl pt ru tr zh"


def test_who_is_asked_for_a_code_in_a_language_may_say_it_in_that_language() -> None:
    assert set(LANGUAGES) == DIGIT_WORDS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_plain_text_without_markup_emoji_or_digits(language: str) -> None:
    for text in every_text(BOOK.for_language(language)):
        kinds = {unicodedata.category(character) for character in text}
        assert text.strip(), language
        assert not MARKUP.search(text.replace("...", "")), text
        assert not kinds & {"Nd", "Nl", "No", "So", "Sk", "Cf", "Cc", "Co"}, text
        assert text == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filler_is_one_to_four_words_and_one_breath(language: str) -> None:
    for text in BOOK.for_language(language).fillers:
        assert 1 <= len(text.removesuffix("... ").split()) <= 4, text
        assert len(text) <= 32
        assert "." not in text.removesuffix("... ")
        assert text == text.lstrip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_an_end_and_does_not_trail_off(language: str) -> None:
    phrases = BOOK.for_language(language)
    no_sentences = {
        *phrases.fillers,
        phrases.working_on("calendar"),
        phrases.at_sign,
        phrases.dot,
    }
    for text in every_text(phrases):
        if text not in no_sentences:
            assert text.endswith((".", "?", "!", "。", "？", "؟", "।")), text
            assert text == text.strip()
            assert "..." not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_failure_sounds_different(language: str) -> None:
    phrases = BOOK.for_language(language)
    failures = (
        phrases.unreachable,
        phrases.too_slow,
        phrases.failed,
        phrases.cut_off,
        phrases.lost,
        phrases.busy,
        phrases.refused,
        phrases.misconfigured,
        phrases.stopping,
    )

    assert len(set(failures)) == len(failures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_filler_is_the_beginning_of_another(language: str) -> None:
    phrases = BOOK.for_language(language)
    bare = sorted(text.removesuffix("... ") for text in (*phrases.fillers, phrases.working))
    assert [a for a, b in pairwise(bare) if b.startswith(a)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_filler_is_found_again_in_a_history(language: str) -> None:
    phrases = BOOK.for_language(language)
    for said in (*phrases.fillers, phrases.working_on("calendar")):
        assert fillers.strip(f"{said}Noon. {said}And one.", BOOK.all_fillers()) == "Noon. And one."


def test_no_sentence_of_ours_is_taken_for_a_filler() -> None:
    for language in LANGUAGES:
        phrases = BOOK.for_language(language)
        for text in (phrases.greeting, phrases.unreachable, phrases.lost, *phrases.still_there):
            assert fillers.strip(text, BOOK.all_fillers()) == text


def test_shaping_leaves_every_phrase_as_it_is() -> None:
    speech = pytest.importorskip("bridge.core.speech")
    for language in LANGUAGES:
        for text in every_text(BOOK.for_language(language)):
            assert speech.shape(text).strip() == text.strip()
