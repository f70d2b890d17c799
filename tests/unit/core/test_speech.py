"""The shaper: what is held and for how long, what may be switched off, numbers as words."""

import pytest

from bridge.core.speech import Mark, Piece, Shaper, SpeechOptions, shape
from bridge.core.speech.marks import KNOWN, MARK_CHARS
from bridge.core.speech.numerals import LARGEST, spell
from bridge.core.speech.symbols import needs_stop, stop_for

UNTOUCHED = SpeechOptions(shape=False)
IN_WORDS = SpeechOptions(numbers="words")
LONG_PROSE = "and so it goes on for quite a while, as people do, " * 10


def speak(shaper: Shaper, text: str, at_s: float = 0.0) -> str:
    """What comes out at once. Only words are expected."""
    return "".join(str(piece) for piece in shaper.feed(text, at_s))


def spoken_in(pieces: list[str], options: SpeechOptions) -> list[Piece]:
    shaper = Shaper(options)
    said = [out for piece in pieces for out in shaper.feed(piece, 0.0)]
    return [*said, *shaper.finish()]


# -- what is held --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token", ["It", " is", " noon", ".", " Ça", " 正午", "です。", " ١٢", "'s"]
)
def test_plain_prose_is_held_for_nothing(token: str) -> None:
    shaper = Shaper(SpeechOptions())
    speak(shaper, "Well")

    assert speak(shaper, token) == token
    assert shaper.due_s is None


@pytest.mark.parametrize(
    ("held", "rest", "spoken"),
    [
        ("*", "bold*", "bold"),
        ("![", "alt](/a.png)", "alt"),
        ("[[wa", "it]]", ""),
        ("<thi", "nk>no</think>yes", "yes"),
        ("`co", "de`", "code"),
        ("ht", "tps://a.example/b", "a.example"),
        ("&am", "p;", "&"),
        ("NO_RE", "PLY.", ""),
        ('{"spo', 'ken":"hi"}', "hi"),
    ],
)
def test_what_may_be_markup_waits_until_it_is_known(held: str, rest: str, spoken: str) -> None:
    shaper = Shaper(SpeechOptions())
    assert speak(shaper, "Well, ") == "Well, "

    assert speak(shaper, held, 1.0) == ""
    said = [out for out in (*shaper.feed(rest, 1.1), *shaper.finish()) if isinstance(out, str)]

    assert "".join(said).rstrip() == spoken


def test_what_is_held_is_due_when_its_time_has_come() -> None:
    shaper = Shaper(SpeechOptions(hold_s=0.4))
    speak(shaper, "See `ls", 10.0)

    assert shaper.due_s == 10.4
    assert shaper.tick(10.39) == ()
    assert shaper.tick(10.4) == ("ls",)
    assert shaper.due_s is None


def test_more_text_does_not_put_off_what_is_due() -> None:
    shaper = Shaper(SpeechOptions(hold_s=0.4))
    speak(shaper, "See `l", 10.0)
    speak(shaper, "s", 10.3)

    assert shaper.due_s == 10.4


def test_nothing_is_due_once_all_is_decided() -> None:
    shaper = Shaper(SpeechOptions())
    speak(shaper, "See `ls", 10.0)

    assert speak(shaper, "` now", 10.1) == "ls now"
    assert shaper.due_s is None
    assert shaper.tick(99.0) == ()


@pytest.mark.parametrize(
    ("held", "spoken"),
    [
        ("`ls -la and", "ls -la and"),
        ("<b and", "b and"),
        ("{name", "name"),
        ("h", "h"),
        ("N", "N"),
        ("[12", "12"),
        ("[^1", "^1"),
        ("[a][b", "ab"),
        ("!", "!"),
        ("\n12", " 12"),
    ],
)
def test_what_is_late_is_spoken_as_plain_text(held: str, spoken: str) -> None:
    shaper = Shaper(SpeechOptions())
    said = speak(shaper, "So ") + speak(shaper, held, 1.0)
    said += "".join(str(out) for out in shaper.tick(9.0))
    said += speak(shaper, " then", 9.1)

    assert said.split() == f"So {spoken} then".split()


@pytest.mark.parametrize("held", ["[[hang", "<thin", '{"spok', "NO_REPLY", "[emb"])
def test_what_must_never_be_heard_stays_held_however_late(held: str) -> None:
    shaper = Shaper(SpeechOptions())
    said = speak(shaper, "So ") + speak(shaper, held, 1.0)

    assert (said, shaper.tick(9.0)) == ("So ", ())


def test_a_mark_that_comes_late_is_still_a_mark() -> None:
    shaper = Shaper(SpeechOptions())
    speak(shaper, "Bye. [[hang", 1.0)
    shaper.tick(9.0)

    assert shaper.feed(" up]]", 9.1) == (Mark("hang up"),)


@pytest.mark.parametrize(
    "opening",
    [
        "`",
        "``",
        "[",
        "![",
        "[a](",
        "[a](/b ",
        "*",
        "**",
        "<b ",
        "&",
        "{",
        "[[",
        "h",
        "| a ",
    ],
)
def test_an_opening_that_is_never_closed_holds_no_more_than_its_bound(opening: str) -> None:
    """200 characters, without any time passing."""
    options = SpeechOptions(hold_chars=200)
    shaper = Shaper(options)
    said = speak(shaper, f"So {opening}") + speak(shaper, LONG_PROSE)

    assert len(said) >= len(LONG_PROSE) - options.hold_chars - MARK_CHARS


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ('See <a href="/x and so\n\non it goes.', "See – on it goes."),
        ('See <a href="/x and so\r\n \r\non > it goes.', "See – on > it goes."),
        ('See <a href="/x"\n title="y">this</a>.', "See this."),
        ('See <a\nhref="/x">this</a>.', "See this."),
        ('See <a href="/x\n', "See "),
    ],
)
def test_a_tag_hides_no_more_than_its_paragraph(text: str, spoken: str) -> None:
    for pieces in ([text], list(text)):
        assert "".join(map(str, spoken_in(pieces, SpeechOptions()))) == spoken


def test_a_link_that_is_never_closed_hides_no_more_than_its_address() -> None:
    assert shape("See [this](/x and so on.") == "See this and so on."


def test_a_smaller_bound_holds_less() -> None:
    held = [Shaper(SpeechOptions(hold_chars=chars)) for chars in (60, 200)]
    small, large = (len(speak(shaper, "So `" + LONG_PROSE[:150])) for shaper in held)

    assert small > large


def test_a_reply_ends_once() -> None:
    shaper = Shaper(SpeechOptions())
    shaper.feed("See `ls", 0.0)

    assert shaper.finish() == ("ls",)
    assert shaper.finish() == ()


def test_no_text_is_no_speech() -> None:
    shaper = Shaper(SpeechOptions())

    assert shaper.feed("", 0.0) == ()
    assert shaper.finish() == ()


# -- marks ---------------------------------------------------------------------------------------


def test_a_mark_keeps_its_place_among_the_words() -> None:
    pieces = spoken_in(["One. [[press 1]] Two. [[wait]]"], SpeechOptions())

    assert pieces == ["One. ", Mark("press", "1"), "Two. ", Mark("wait")]


def test_the_marks_that_mean_something_have_one_spelling() -> None:
    assert {"hang up", "transfer", "press", "language", "wait", "voicemail"} == KNOWN


def test_a_shaped_text_has_no_marks() -> None:
    assert shape("Bye. [[hang up]]") == "Bye. "


# -- speech.shape = false ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["**bold** `x` [a](b)", "[", "a [x] [[]] [[1]] b", "<think>x</think>"],
)
def test_text_passes_untouched_when_shaping_is_off(text: str) -> None:
    assert "".join(map(str, spoken_in([text], UNTOUCHED))) == text
    assert "".join(map(str, spoken_in(list(text), UNTOUCHED))) == text


def test_marks_are_found_when_shaping_is_off() -> None:
    text = "**Bye** [[a](b) [[hang up]]now [[wait"
    pieces = spoken_in(list(text), UNTOUCHED)

    assert [piece for piece in pieces if isinstance(piece, Mark)] == [Mark("hang up")]
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "**Bye** [[a](b) now "


def test_without_shaping_only_what_may_be_a_mark_is_held() -> None:
    shaper = Shaper(UNTOUCHED)

    assert speak(shaper, "**Bye** [", 1.0) == "**Bye** "
    assert shaper.due_s == 1.4
    assert shaper.tick(2.0) == ("[",)


# -- speech.numbers = "words" --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (215, "two hundred fifteen"),
        (1_000, "one thousand"),
        (12_345, "twelve thousand three hundred forty-five"),
        (1_000_001, "one million one"),
        (987_000_000, "nine hundred eighty-seven million"),
        (LARGEST, spell(999) + " million " + spell(999) + " thousand " + spell(999)),
    ],
)  # fmt: skip
def test_a_number_is_spelled_as_one_says_it(number: int, words: str) -> None:
    assert spell(number) == words


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("I have 42 apples.", "I have forty-two apples."),
        ("It takes 5.", "It takes five."),
        ("(7) or “8”!", "(seven) or “eight”!"),
        ("1,250 people, 12,50 not", "one thousand two hundred fifty people, 12,50 not"),
        ("at 10:30 for €5 on 3/4, v1.2, 50%", "at 10:30 for €5 on 3/4, v1.2, 50%"),
        ("007 and 1st and x2", "007 and 1st and x2"),
        ("12345678901 is long", "12345678901 is long"),
        ("**3** eggs [[press 12]] then 4", "three eggs then four"),
        (f"{'9' * 60} x 2", f"{'9' * 60} x two"),
        (f"a{'9' * 90}", f"a{'9' * 90}"),
    ],
)
def test_numbers_become_words_when_asked(text: str, spoken: str) -> None:
    for pieces in ([text], list(text)):
        said = [out for out in spoken_in(pieces, IN_WORDS) if isinstance(out, str)]
        assert "".join(said) == spoken


def test_a_number_under_way_is_held_and_due() -> None:
    shaper = Shaper(IN_WORDS)

    assert speak(shaper, "I have 4", 1.0) == "I have "
    assert shaper.due_s == 1.4
    assert shaper.tick(1.4) == ("four",)


def test_numbers_stay_digits_in_other_languages() -> None:
    assert shape("Ich habe 42.", SpeechOptions(numbers="words", language="de")) == "Ich habe 42."


def test_numbers_are_the_platforms_unless_asked() -> None:
    assert shape("I have 42.") == "I have 42."


# -- stops ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "stop"),
    [
        ("Hallo", "."),
        ("今日は", "。"),
        ("हाँ", "।"),
        ("Բարեւ", "։"),
        ("ሰላም", "።"),
        ("42", "."),
        ("ٹھیک", "۔"),
    ],
)
def test_a_sentence_ends_with_the_stop_of_its_script(said: str, stop: str) -> None:
    assert stop_for(said) == stop


@pytest.mark.parametrize(
    ("said", "needs"),
    [
        ("Hello", True),
        ("Hello.", False),
        ("So?”", False),
        ("(so)", True),
        ("」)", False),
        ("", False),
    ],
)
def test_a_stop_is_wanted_where_no_voice_would_pause(said: str, needs: bool) -> None:
    assert needs_stop(said) is needs
