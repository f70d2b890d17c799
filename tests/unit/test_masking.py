"""Telephone numbers in text are hidden, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.masking import MASK, holds_number, mask_numbers

numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from +15550001234 to +15550100.", "from +1555•••1234 to +15•••00."),
        ("GET /calls?to=%2B15550001234&x=1", "GET /calls?to=+1555•••1234&x=1"),
        ("call +1 (555) 000-1234 now", "call +1555•••1234 now"),
        ("dialled 0015550001234", "dialled +1555•••1234"),
        ("from=15550001234.", "from=+1555•••1234."),
        ("+12345678901234567890", MASK),
        ("took 12 ms at 1795252577.123, id conv_12345678901a, 0.00123456789", None),
        ("conv-15550001234 or conv_15550001234", "conv-+1555•••1234 or conv_+1555•••1234"),
        ("+(49) 30 123456 and + 49 30 123456", "+49•••56 and +49•••56"),
        ("2026-11-21T12:00:00 conv_15550001234x", None),
        ("+1555•••1234", None),
    ],
)
def test_every_number_in_a_text_is_masked_and_nothing_else(text: str, masked: str | None) -> None:
    assert mask_numbers(text) == (text if masked is None else masked)
    assert holds_number(text) is (masked is not None)


@given(st.text(max_size=30), numbers, st.text(max_size=30))
def test_no_number_survives_in_any_surroundings(before: str, number: str, after: str) -> None:
    assert number not in mask_numbers(before + number + after)
