"""What the manual says of speech is what the shaper does."""

import re
from pathlib import Path

import pytest

from bridge.core.speech import SpeechOptions, shape

PAGE = (Path(__file__).parents[2] / "docs" / "explain" / "speech.md").read_text()
ROWS = re.findall(r"^\| `(.+)` \| (.*?) ?\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("text", "heard"), ROWS)
def test_the_caller_hears_what_the_page_says(text: str, heard: str) -> None:
    assert shape(text).strip() == heard


def test_the_page_has_its_table() -> None:
    assert len(ROWS) == 8


def test_the_bounds_are_the_defaults() -> None:
    options = SpeechOptions()

    assert f"at most {options.hold_chars} characters or {options.hold_s} s" in PAGE
