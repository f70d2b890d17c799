"""The platform's voice: sentences in time, and what was heard of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.platform.speaking import Kind, Playback, Sentences, Stretch, beginnings
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import Spoken, Word

VOICE = SilentVoice(60.0)
"""A word a second."""

WORDS: tuple[Kind, ...] = ("words",)
TEXTS = st.text(alphabet="ab .!?\n…。」ä\u0000", max_size=40)


def let_go(text: str, *, whole: bool = True) -> tuple[tuple[str, ...], str]:
    sentences, ready = Sentences(whole=whole).add(text)
    return ready, sentences.waiting


def played(*texts: str, at_s: float = 0.0, kind: Kind = "words") -> Playback:
    playback = Playback()
    for text in texts:
        playback = playback.add(VOICE.spoken(text), at_s, kind)
    return playback


# -- sentences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ready", "waiting"),
    [
        ("It is nine", (), "It is nine"),
        ("It is nine.", (), "It is nine."),
        ("It is nine. And", ("It is nine. ",), "And"),
        ("One moment... ", ("One moment... ",), ""),
        ('He said "no." Then', ('He said "no." ',), "Then"),
        ("It costs 3.50 now", (), "It costs 3.50 now"),
        ("First\nsecond", ("First\n",), "second"),
        ("今は九時です。はい", ("今は九時です。",), "はい"),
        ("A! B? C", ("A! ", "B? "), "C"),
    ],
)
def test_words_wait_for_the_end_of_their_sentence(
    text: str, ready: tuple[str, ...], waiting: str
) -> None:
    assert let_go(text) == (ready, waiting)


def test_without_a_buffer_they_wait_for_the_end_of_their_word() -> None:
    assert let_go("It is ni", whole=False) == (("It ", "is "), "ni")


def test_the_end_of_the_reply_lets_go_of_what_is_left() -> None:
    sentences, _ = Sentences().add("It is nine. Or ten")

    assert sentences.end() == (Sentences(), ("Or ten",))
    assert Sentences().end() == (Sentences(), ())


@given(st.lists(TEXTS), st.booleans())
def test_nothing_is_lost_or_changed_on_the_way_to_the_voice(
    pieces: list[str],
    whole: bool,
) -> None:
    sentences, spoken = Sentences(whole=whole), ""
    for piece in pieces:
        sentences, ready = sentences.add(piece)
        spoken += "".join(ready)
    _, rest = sentences.end()

    assert spoken + "".join(rest) == "".join(pieces)


# -- playback ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_s", "heard"),
    [
        (1.9, ""),
        (2.0, ""),
        (3.0, "It"),
        (4.9, "It is"),
        (5.0, "It is nine. "),
        (6.0, "It is nine. Or"),
        (99.0, "It is nine. Or ten."),
    ],
)
def test_a_word_was_heard_when_all_of_it_was_said(at_s: float, heard: str) -> None:
    playback = played("It is nine. ", "Or ten.", at_s=2.0)

    assert playback.heard_by(at_s) == heard
    assert heard + playback.unheard_by(at_s) == "It is nine. Or ten."


def test_a_sentence_waits_for_the_one_before_it() -> None:
    playback = played("One two. ").add(VOICE.spoken("Three."), 1.0)

    assert [one.begins_s for one in playback.sentences] == [0.0, 2.0]
    assert playback.free_s() == 3.0
    assert Playback().free_s() == 0.0


def test_words_are_counted_by_whose_they_are() -> None:
    playback = played("One moment... ", kind="filler").add(VOICE.spoken("It is nine."), 10.0)

    assert playback.word_s(2, WORDS) == 12.0
    assert playback.word_s(2, ("words", "filler")) == 2.0
    assert playback.word_s(4, WORDS) is None
    assert playback.word_s(0, WORDS) is None


def test_sentences_without_a_pause_are_one_stretch() -> None:
    assert played("It is nine. ", "Or ten.").stretches(math.inf) == [
        Stretch(0.0, 5.0, "It is nine. Or ten.", "words")
    ]


def test_a_pause_or_another_speaker_begins_a_new_stretch() -> None:
    playback = played("One. ", kind="greeting")
    playback = playback.add(VOICE.spoken("Two. "), 0.0, "words").add(VOICE.spoken("Three."), 5.0)

    assert playback.stretches(math.inf) == [
        Stretch(0.0, 1.0, "One.", "greeting"),
        Stretch(1.0, 2.0, "Two.", "words"),
        Stretch(5.0, 6.0, "Three.", "words"),
    ]
    assert playback.stretches(math.inf, 1)[0].text == "Two."


def test_each_filler_is_a_stretch_of_its_own() -> None:
    playback = played("One moment... ", "Still here... ", kind="filler")

    assert [one.text for one in playback.stretches(math.inf)] == ["One moment...", "Still here..."]
    assert len(playback.breath(0)) == 1


@given(st.floats(0, 10_000), st.integers(1, 4))
def test_who_cuts_in_at_the_end_of_a_word_has_heard_it_however_the_clock_rounds(
    begins_s: float, count: int
) -> None:
    """The cut comes at that moment, measured from another beginning."""
    playback = played("one two three four", at_s=begins_s)
    cut_s = playback.word_s(count, WORDS)
    assert cut_s is not None

    heard = playback.heard_by((cut_s + 1804010400.1) - 1804010400.1)
    assert len(heard.split()) == count


def test_what_is_cut_off_is_heard_to_its_last_whole_word() -> None:
    assert played("It is nine. ", "Or ten.").stretches(2.5) == [
        Stretch(0.0, 2.5, "It is", "words", "nine.")
    ]


@given(st.lists(TEXTS), st.floats(0, 60), st.floats(0, 60))
def test_what_was_heard_is_a_beginning_of_what_came_and_only_grows(
    texts: list[str], one_s: float, two_s: float
) -> None:
    playback, (early_s, late_s) = played(*texts), sorted((one_s, two_s))
    early, late = playback.heard_by(early_s), playback.heard_by(late_s)

    assert "".join(texts).startswith(late)
    assert late.startswith(early)
    assert late + playback.unheard_by(late_s) == "".join(texts)


@given(st.lists(TEXTS, max_size=5), st.floats(0, 60))
def test_a_cut_at_any_moment_leaves_whole_words(texts: list[str], at_s: float) -> None:
    heard = played(*texts).heard_by(at_s)
    words = [w.text for text in texts for w in VOICE.spoken(text).words]
    said = [w.text for text in _split(texts, heard) for w in VOICE.spoken(text).words]

    assert said == words[: len(said)]


def _split(texts: list[str], heard: str) -> list[str]:
    """The part of each text that was heard."""
    parts, rest = [], heard
    for text in texts:
        parts.append(text[: len(rest)])
        rest = rest[len(text) :]
    return parts


@given(st.lists(TEXTS, max_size=6), st.floats(0, 30))
def test_stretches_hold_what_was_heard_in_order(texts: list[str], at_s: float) -> None:
    playback = played(*texts)
    stretches = playback.stretches(at_s)

    joined = "".join("".join(one.text for one in stretches).split())
    assert joined == "".join(playback.heard_by(at_s).split())[: len(joined)]
    assert all(one.begins_s <= one.ends_s <= at_s for one in stretches)


def test_a_word_that_the_voice_spells_its_own_way_is_heard_with_the_next() -> None:
    spoken = Spoken("Call 42 now", [Word("Call", 1.0), Word("forty-two", 2.0), Word("now", 3.0)])

    assert list(beginnings(spoken)) == [("Call", 1.0), ("Call", 2.0), ("Call 42 now", 3.0)]
