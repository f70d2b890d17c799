"""E.164 numbers: parse, compare, mask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.phone import (
    E164,
    mask,
    matches,
    parse_e164,
    parse_pattern,
)
from bridge.masking import MASK

numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True).filter(
    lambda number: number != "+266696687"
)


@pytest.mark.parametrize(
    "text",
    [
        "+15550001234",
        " +1 (555) 000-1234 ",
        "+1.555.000.1234",
        "tel:+1-555-000-1234",
        "0015550001234",
        "+1\u00a0555\u20110001234",
    ],
)
def test_a_number_is_read_as_people_write_it(text: str) -> None:
    assert parse_e164(text) == "+15550001234"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anonymous",
        "1001",
        "15550001299",
        "+123456",
        "+1234567890123456",
        "+05550001234",
        "+1555000CALL",
        "sip:+15550001234@example.com",
        "client:ada",
        "+44 (0)20 7946 0000",
        "+١٥٥٥٠٠٠١٢٣٤",
        "+266696687",
        "+15550001234\n+15550001235",
        "{{system__caller_id}}",
    ],
)
def test_what_is_no_international_number_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|dialled") as refusal:
        parse_e164(text)

    assert not text or text not in str(refusal.value)


@given(numbers)
def test_every_number_is_its_own_plain_form(number: str) -> None:
    assert parse_e164(number) == number


@pytest.mark.parametrize(
    ("number", "pattern", "expected"),
    [
        ("+14155550100", "+14155550100", True),
        ("+14155550100", "+1 (415) 555-0100", True),
        ("+14155550100", "+1415*", True),
        ("+14155550100", "+1 415 *", True),
        ("+14155550100", "+1415555010", False),
        ("+14155550100", "+141555501000", False),
        ("+14155550100", "+1416*", False),
        ("+14155550100", "4155550100", False),
        ("+14155550100", "*", False),
        ("+14155550100", "*0100", False),
        ("+14155550100", "", False),
    ],
)
def test_a_pattern_is_a_whole_number_or_a_beginning(
    number: str, pattern: str, *, expected: bool
) -> None:
    assert matches(E164(number), pattern) is expected


@pytest.mark.parametrize("pattern", ["*", "+*", "1415*", "+1415**", "+123456789012345*", "+1*5"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_pattern(pattern)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+15550001234", "+1555•••1234"),
        ("+1 555 000 1234", "+1555•••1234"),
        ("+15550100", "+15•••00"),
        ("+1555010", "+15•••10"),
        ("1001", MASK),
        ("anonymous", MASK),
        ("", ""),
    ],
)
def test_a_masked_number_shows_only_its_ends(number: str, masked: str) -> None:
    assert mask(number) == masked


@given(numbers)
def test_a_mask_hides_at_least_three_digits(number: str) -> None:
    shown = mask(number).replace(MASK, "")

    assert len(number) - len(shown) >= 3
