"""What may never be written: card numbers and the code, however they are said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.pin import Pin
from bridge.core.redaction import CARD, CODE, LONGEST_ROW, Redactor
from tests.fakes.calls_on_record import call, turn

REDACTOR = Redactor(Pin.of("4711").matches)
ONES = " ".join(["one"] * 15)
SPOKEN = f"four {ONES}"
"""4111111111111111 as it is read out: one of the numbers that card companies publish for tests."""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("My card is 4111 1111 1111 1111, thanks.", f"My card is {CARD}, thanks."),
        ("4111-1111-1111-1111", CARD),
        ("4111111111111111", CARD),
        ("It's 3782 822463 10005.", f"It's {CARD}."),
        (f"It is {SPOKEN}.", f"It is {CARD}."),
        ("vier" + " eins" * 15, CARD),
        ("四" + "一" * 15, CARD),
        ("٤١١١ ١١١١ ١١١١ ١١١١", CARD),
        ("2 4111 1111 1111 1111 3", CARD),
        ("My code is 4711.", f"My code is {CODE}."),
        ("four seven one one", CODE),
        ("four seven double one, please", f"{CODE}, please"),
        ("5555 5555 5555 4444 3056 930902 5904", CARD),
        ("6011000990139424", CARD),
        ("4711 is it, and 4111 1111 1111 1111", f"{CODE} is it, and {CARD}"),
        ("order 4111 1111 1111 1112", "order 4111 1111 1111 1112"),
        ("0000 0000 0000 0000", "0000 0000 0000 0000"),
        ("a table for two at 8, 12 December 2026", "a table for two at 8, 12 December 2026"),
        ("call me at +15550001234", "call me at +15550001234"),
        ("double trouble", "double trouble"),
        ("one two three", "one two three"),
        ("x" * 100, "x" * 100),
        ("", ""),
    ],
)
def test_cards_and_codes_are_taken_out_and_nothing_else(text: str, kept: str) -> None:
    assert REDACTOR.text(text) == kept


def test_without_a_code_only_cards_are() -> None:
    assert Redactor().text("4711, 4111111111111111") == CARD
    assert Redactor().text("4711") == "4711"


def test_a_redactor_that_is_off_keeps_everything() -> None:
    assert Redactor(REDACTOR.is_code, works=False).text("4711") == "4711"


def test_every_text_of_a_turn_and_of_a_call_is_redacted() -> None:
    said = "it is 4711"
    whole = turn(
        utterance=said,
        sent=said,
        ours=said,
        heard=said,
        fillers=(said,),
        acts=({"name": "press", "arguments": {"keys": ["4711", 5, None]}},),
    )

    assert "4711" not in "".join(str(getattr(REDACTOR.turn(whole), n)) for n in whole.__slots__)
    assert REDACTOR.turn(turn()).heard is None
    placed = call(message=said, brief=said, details={"a": [said, {"b": said}], "n": 3})
    kept = REDACTOR.call(placed)
    assert (kept.message, kept.brief) == (f"it is {CODE}",) * 2
    assert kept.details == {"a": [f"it is {CODE}", {"b": f"it is {CODE}"}], "n": 3}


@given(st.text())
def test_any_text_can_be_redacted_and_twice_is_once(text: str) -> None:
    once = REDACTOR.text(text)

    assert REDACTOR.text(once) == once


@given(st.text(alphabet="ab ,.-"), st.text(alphabet="ab ,.-"))
def test_a_card_is_found_between_any_words(before: str, after: str) -> None:
    assert "4111" not in REDACTOR.text(f"{before}4111 1111 1111 1111{after}")


def test_a_row_without_an_end_is_looked_through_only_so_far() -> None:
    asked: list[str] = []

    def is_code(digits: str) -> bool:
        asked.append(digits)
        return False

    Redactor(is_code).text("9" * 10_000)

    assert len(asked) < LONGEST_ROW * 10
