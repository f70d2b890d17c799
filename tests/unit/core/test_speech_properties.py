"""What holds of every text: any cut says the same, what is speakable stays, nothing waits long."""

import hypothesis.strategies as st
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from bridge.core.speech import Mark, Piece, Shaper, SpeechOptions, shape
from bridge.core.speech.line import MAX_AFTER_TOKEN
from bridge.core.speech.marks import MARK_CHARS

SIGNS = (  # noqa: SIM905 - as a list it would be a page
    "* ** _ __ ` `` ``` ~~ ~~~ # ## - + 1. 1) > | |---| ! ![ [ ] ]( ) [[ ]] [[wait]] { } < </ > <b> "
    "</b> <br> <think> </think> <details> </details> <!-- --> <|end|> & &amp; &lt; &#42; \\ \" ' : ; "
    '{"spoken":" "} {"a":1} NO_REPLY HEART http:// https://a.example/b( x@y.com @ www. [^1] [^1]: '
    "[x]: / $ = == === --- *** -> 5*3 2**8 . , ? - – … → • 1、 ``` json"
).split(" ")
WORDS = ["word", "The", "h", "N", "a b", "é", "漢字", "です。", "مرحبا", "नमस्ते", "42", "1"]
BLANKS = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\u2028", "\u00a0"]
SOUNDLESS = ["😀", "👨\u200d👩", "1\ufe0f\u20e3", "\u200b", "\u202e", "\u0000", "\u00ad"]

hostile = st.lists(st.sampled_from([*SIGNS, *WORDS, *BLANKS, *SOUNDLESS]), max_size=14).map("".join)
options = st.builds(
    SpeechOptions,
    numbers=st.sampled_from(["platform", "words"]),
    hold_chars=st.sampled_from([48, 200]),
)


@st.composite
def cut(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text, and the same in pieces."""
    text = draw(hostile)
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    return text, [text[i:j] for i, j in zip([0, *places], [*places, len(text)], strict=True)]


def spoken(pieces: list[str], options: SpeechOptions) -> list[Piece]:
    """What is said and done when no time passes, with neighbouring words made one."""
    shaper = Shaper(options)
    said: list[Piece] = []
    for out in [*(out for piece in pieces for out in shaper.feed(piece, 0.0)), *shaper.finish()]:
        if isinstance(out, str) and said and isinstance(said[-1], str):
            said[-1] += out
        else:
            said.append(out)
    return said


@given(cut(), options)
@hypothesis_settings(max_examples=1000, deadline=None)
def test_any_cut_says_the_same(cut: tuple[str, list[str]], options: SpeechOptions) -> None:
    text, pieces = cut
    whole = spoken([text], options)

    assert spoken(pieces, options) == whole
    assert spoken(list(text), options) == whole


@given(hostile)
@hypothesis_settings(max_examples=1000, deadline=None)
def test_what_is_speakable_stays_as_it_is(text: str) -> None:
    said = shape(text)

    assert shape(said) == said


@given(st.text(max_size=60))
@hypothesis_settings(max_examples=500, deadline=None)
def test_text_of_any_script_is_taken_in_any_cut(text: str) -> None:
    assert spoken(list(text), SpeechOptions()) == spoken([text], SpeechOptions())


@given(hostile, options)
@hypothesis_settings(max_examples=500, deadline=None)
def test_what_is_held_is_bounded(text: str, options: SpeechOptions) -> None:
    """Whatever came before, a flood of it leaves no more than a window's worth for the end."""
    shaper = Shaper(options)
    shaper.feed(text * 40, 0.0)
    rest = "".join(out for out in shaper.finish() if isinstance(out, str))

    assert len(rest) <= options.hold_chars + MARK_CHARS + MAX_AFTER_TOKEN + 100


@given(hostile, st.lists(st.floats(0, 2, allow_nan=False), max_size=6))
@hypothesis_settings(max_examples=500, deadline=None)
def test_time_never_brings_a_word_back_or_a_mark_twice(text: str, waits: list[float]) -> None:
    """Late text is said as plain text: other signs perhaps, but each mark once at most."""
    shaper, at_s = Shaper(SpeechOptions()), 0.0
    said: list[Piece] = []
    for place, char in enumerate(text):
        said += shaper.feed(char, at_s)
        at_s += waits[place % len(waits)] if waits else 0.0
        said += shaper.tick(at_s)
    said += shaper.finish()

    marks = [out for out in said if isinstance(out, Mark)]
    assert len(marks) <= text.count("[[wait]]") + text.count("[[")
    assert all(out != "" for out in said)
    assert "`" not in "".join(out for out in said if isinstance(out, str))


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join))
@hypothesis_settings(max_examples=300, deadline=None)
def test_plain_prose_passes_as_it_is(text: str) -> None:
    assert shape(f"Well, {text} so.") == f"Well, {text} so."
