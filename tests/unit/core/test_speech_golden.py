"""What is spoken of a whole reply, for every kind of markup and many languages, in any cut.

The replies are in `speech_golden/*.toml`: text as a model writes it, and what a caller hears.
"""

import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge.core.speech import Mark, Shaper, SpeechOptions, shape

REPLIES: dict[str, dict[str, Any]] = {
    f"{file.stem}: {reply['name']}": reply
    for file in sorted((Path(__file__).parent / "speech_golden").glob("*.toml"))
    for reply in tomllib.loads(file.read_text())["reply"]
}

RANDOM_CUTS = 20
"""How often each reply is cut at random, besides once at every place and at all of them."""

every_reply = pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)


def options_of(reply: dict[str, Any]) -> SpeechOptions:
    return SpeechOptions(language=reply.get("language", "en"), **reply.get("options", {}))


def spoken(pieces: list[str], options: SpeechOptions) -> tuple[str, list[str]]:
    """The words and, with what they say to do, the marks. No time passes."""
    shaper = Shaper(options)
    said = [out for piece in pieces for out in shaper.feed(piece, 0.0)]
    said += shaper.finish()
    marks = [f"{out.name} {out.argument}".strip() for out in said if isinstance(out, Mark)]
    return "".join(out for out in said if isinstance(out, str)), marks


@every_reply
def test_a_caller_hears_what_a_person_would_say(reply: dict[str, Any]) -> None:
    assert spoken([reply["text"]], options_of(reply)) == (reply["spoken"], reply.get("marks", []))


@every_reply
def test_a_cut_anywhere_changes_nothing(reply: dict[str, Any]) -> None:
    text, options = reply["text"], options_of(reply)
    whole = (reply["spoken"], reply.get("marks", []))

    for cut in range(len(text) + 1):
        assert spoken([text[:cut], text[cut:]], options) == whole, f"cut at {cut}"


@every_reply
def test_many_cuts_change_nothing(reply: dict[str, Any]) -> None:
    text, options = reply["text"], options_of(reply)
    whole = (reply["spoken"], reply.get("marks", []))
    cuts = random.Random(text)

    assert spoken(list(text), options) == whole
    for _ in range(RANDOM_CUTS):
        places = sorted(cuts.choices(range(len(text) + 1), k=cuts.randint(1, 12)))
        pieces = [text[i:j] for i, j in zip([0, *places], [*places, len(text)], strict=True)]
        assert spoken(pieces, options) == whole, pieces


@every_reply
def test_what_is_speakable_stays_as_it_is(reply: dict[str, Any]) -> None:
    assert shape(reply["spoken"], options_of(reply)) == reply["spoken"]


def test_the_replies_are_many_and_in_many_languages() -> None:
    """What was asked for: at least 120, in these seven."""
    assert len(REPLIES) >= 120
    languages = {reply.get("language", "en") for reply in REPLIES.values()}
    assert languages >= {"en", "de", "es", "ja", "zh", "ar", "hi"}
