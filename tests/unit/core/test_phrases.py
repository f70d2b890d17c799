"""What every language's phrases must hold, and how a language is chosen."""

from dataclasses import replace

import pytest

from bridge.core.phrases import PhraseBook, Phrases


def phrases(language: str = "en") -> Phrases:
    said = f"This is {language}."
    return Phrases(
        language=language,
        fillers=tuple(f"Word {letter} {language}... " for letter in "abcdef"),
        working=f"Using {language} {{label}}... ",
        still_there=("There?", "Still there?"),
        greeting=said,
        unreachable=said,
        too_slow=said,
        failed=said,
        cut_off=said,
        lost=said,
        busy=said,
        refused=said,
        goodbye=said,
        putting_through=said,
        handed_over=said,
        pin_ask=said,
        pin_wrong=said,
        pin_ok=said,
        pin_locked=said,
        transfer_failed=said,
        stopping=said,
        misconfigured=said,
        ring_back=said,
        ring_back_soon=said,
        ring_back_off=said,
        ring_back_here=said,
        ring_back_empty=said,
        code_left_out=said,
        at_sign=said,
        dot=said,
    )


BOOK = PhraseBook({tag: phrases(tag) for tag in ("en", "pt", "zh", "zh-tw")})


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("pt", "pt"),
        ("pt-BR", "pt"),
        ("PT_br", "pt"),
        ("zh-TW", "zh-tw"),
        ("zh-Hant-TW", "zh"),
        (" zh ", "zh"),
        ("xx", "en"),
        ("", "en"),
        (None, "en"),
        ("-", "en"),
    ],
)
def test_a_tag_gets_its_own_phrases_else_its_language_s_else_english(
    tag: str | None, language: str
) -> None:
    assert BOOK.for_language(tag) == phrases(language)


def test_a_book_names_its_languages_in_order() -> None:
    assert BOOK.languages == ("en", "pt", "zh", "zh-tw")


def test_a_book_without_english_is_refused() -> None:
    with pytest.raises(ValueError, match="'en'"):
        PhraseBook({"de": phrases("de")})


def test_all_fillers_are_those_of_every_language_with_the_labelled_ones() -> None:
    book = PhraseBook({"en": phrases("en"), "de": phrases("de")})
    one, other = phrases("en"), phrases("de")

    assert book.all_fillers() == {*one.fillers, *other.fillers, one.working, other.working}


def test_all_prompts_are_those_of_every_language() -> None:
    de = replace(phrases("de"), still_there=("Da?", "Noch da?"))

    assert PhraseBook({"en": phrases(), "de": de}).all_prompts() == {
        "There?",
        "Still there?",
        "Da?",
        "Noch da?",
    }


def test_the_filler_for_a_tool_names_what_is_being_used() -> None:
    assert phrases().working_on("calendar") == "Using en calendar... "


def test_fewer_than_six_fillers_or_two_alike_are_refused() -> None:
    good = phrases()

    with pytest.raises(ValueError, match="6 different fillers"):
        replace(good, fillers=good.fillers[:5])
    with pytest.raises(ValueError, match="6 different fillers"):
        replace(good, fillers=(*good.fillers, good.fillers[0]))


@pytest.mark.parametrize("filler", ["Well", "Well...", "Well… ", "Well. "])
def test_a_filler_without_three_dots_and_a_space_is_refused(filler: str) -> None:
    good = phrases()

    with pytest.raises(ValueError, match="does not end in"):
        replace(good, fillers=(*good.fillers, filler))


@pytest.mark.parametrize("working", ["Using it... ", "{label} {label}... ", "{label} it is... "])
def test_the_label_stands_once_and_behind_our_own_words(working: str) -> None:
    with pytest.raises(ValueError, match="'working' of 'en'"):
        replace(phrases(), working=working)


def test_silence_has_two_prompts() -> None:
    with pytest.raises(ValueError, match="two prompts"):
        replace(phrases(), still_there=("There?",))
