"""Nothing that comes out of the shaper is markdown to somebody who knows markdown.

The judge is markdown-it-py, an implementation of CommonMark that is not ours; so this stands
beside the tests of `core/`, which need nothing but pytest and hypothesis.
"""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from markdown_it import MarkdownIt

from bridge.core.speech import shape
from tests.unit.core.test_speech_golden import every_reply
from tests.unit.core.test_speech_properties import hostile

JUDGE = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PLAIN = {"paragraph_open", "inline", "paragraph_close", "text", "softbreak"}


def markup_in(text: str) -> set[str]:
    """The kinds of markup that the judge finds."""
    tokens = JUDGE.parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    return {token.type for token in (*tokens, *inline)} - PLAIN


@pytest.mark.parametrize("text", ["# a", "*a*", "`a`", "- a", "1. a", "<b>", "[a](b)", "~~a~~"])
def test_the_judge_knows_markup(text: str) -> None:
    assert markup_in(text)


@every_reply
def test_what_is_spoken_of_a_reply_is_no_markup(reply: dict[str, str]) -> None:
    assert markup_in(reply["spoken"]) == set()


@given(hostile)
@hypothesis_settings(max_examples=1000, deadline=None)
def test_what_is_spoken_of_hostile_text_is_no_markup(text: str) -> None:
    assert markup_in(shape(text)) == set()


@given(st.text("ab1*_`~#-+>|![](){}<>&;.:=\\\n \t\"'/", max_size=40))
@hypothesis_settings(max_examples=1000, deadline=None)
def test_what_is_spoken_of_any_signs_is_no_markup(text: str) -> None:
    assert markup_in(shape(text)) == set()
