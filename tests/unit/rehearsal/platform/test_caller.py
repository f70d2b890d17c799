"""When the moment of a line is."""

from typing import Any

import pytest

from bridge.rehearsal.platform.caller import due_s
from bridge.rehearsal.scenario import Line


@pytest.mark.parametrize(
    ("line", "quiet_s", "words_s", "asked_s", "due"),
    [
        ({}, 10.0, None, 4.0, 10.6),
        ({}, None, None, 4.0, None),
        ({"after_s": 3.0}, 10.0, None, None, 13.0),
        ({"cuts_in_after_words": 3}, None, None, 4.0, None),
        ({"cuts_in_after_words": 3}, None, 6.0, 4.0, 6.0),
        ({"cuts_in_after_words": 3}, 10.0, None, 4.0, 10.6),
        ({"cuts_in_after_s": 1.5}, None, None, 4.0, 5.5),
        ({"cuts_in_after_s": 1.5}, 10.0, None, None, 10.6),
    ],
)
def test_it_is_after_the_reply_or_in_the_middle_of_it(
    line: dict[str, Any],
    quiet_s: float | None,
    words_s: float | None,
    asked_s: float | None,
    due: float | None,
) -> None:
    assert due_s(Line(1, says="x", **line), quiet_s, words_s, asked_s) == due
