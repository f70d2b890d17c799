"""The code that a caller must say or key first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.pin import (
    FORGET_S,
    LOCKOUT_S,
    MAX_DECIDED,
    MAX_TRIES,
    REVISION_S,
    Lock,
    Pin,
    PinBook,
    PinDecision,
    PinGate,
    step,
)

ASK, WRONG, LOCKED, ACCEPTED, PASS = PinDecision
PIN = Pin.of("246810")


def run(*said: tuple[str, str, float]) -> tuple[PinGate, list[PinDecision]]:
    """What a fresh gate becomes by (key, utterance, moment)s, and decides about each."""
    gate, found = PinGate(), []
    for key, utterance, at_s in said:
        gate, decision = step(gate, key, utterance, PIN.matches, at_s)
        found.append(decision)
    return gate, found


def decisions(*said: tuple[str, str, float]) -> list[PinDecision]:
    return run(*said)[1]


def gate_after(*said: tuple[str, str, float]) -> PinGate:
    return run(*said)[0]


def minutely(*utterances: str) -> list[PinDecision]:
    """The same for utterances a minute apart, each said once."""
    return decisions(*((str(i), words, 60.0 * i) for i, words in enumerate(utterances)))


@pytest.mark.parametrize(
    ("utterances", "expected"),
    [
        (["Hello", "246810#", "Book a table"], [ASK, ACCEPTED, PASS]),
        (["Hello", "two four six eight one oh", "Hi"], [ASK, ACCEPTED, PASS]),
        (["Hello", "Which code?", "246810"], [ASK, ASK, ACCEPTED]),
        (["Hello", "a table for 2", "246810"], [ASK, ASK, ACCEPTED]),
        (["Hello", "1111", "2222", "246810"], [ASK, WRONG, WRONG, ACCEPTED]),
        (["Hello", "1111", "2222", "3333", "246810"], [ASK, WRONG, WRONG, LOCKED, LOCKED]),
        (["Hello", "1111", "1111", "1111"], [ASK, WRONG, WRONG, LOCKED]),
        (["246810", "Book a table"], [ACCEPTED, PASS]),
        (["two four six eight one oh", "Hi"], [ACCEPTED, PASS]),
        (["9999", "246810"], [WRONG, ACCEPTED]),
        (["9999", "8888", "7777", "246810"], [WRONG, WRONG, LOCKED, LOCKED]),
        (["It's 246810", "246810"], [ASK, ACCEPTED]),
        (["Book it for 9999", "246810"], [ASK, ACCEPTED]),
        (["Hello", "246810", "246810"], [ASK, ACCEPTED, PASS]),
        (["", "", "246810"], [ASK, ASK, ACCEPTED]),
    ],
)
def test_the_code_is_asked_for_judged_and_then_forgotten_about(
    utterances: list[str], expected: list[PinDecision]
) -> None:
    assert minutely(*utterances) == expected


def test_a_repeated_utterance_keeps_its_decision_and_is_no_further_try() -> None:
    said = [("1", "Hello", 0.0), *[("2", "1111", 10.0 + i) for i in range(20)]]

    assert decisions(*said, ("3", "246810", 60.0), ("2", "1111", 70.0)) == (
        [ASK, *[WRONG] * 20, ACCEPTED, WRONG]
    )


def test_the_right_code_is_thanked_for_again_when_it_is_repeated() -> None:
    assert decisions(
        ("1", "Hello", 0.0), ("2", "246810", 9.0), ("2", "246810", 99.0), ("3", "Hi", 99.0)
    ) == [ASK, ACCEPTED, ACCEPTED, PASS]


def test_first_words_that_grow_are_never_judged() -> None:
    """Ours: the caller has not heard of any code yet."""
    assert decisions(
        ("1", "Book it", 0.0), ("2", "Book it for 7:30 on 12.12.", 1.5), ("3", "1111", 9.0)
    ) == [ASK, ASK, WRONG]


def test_a_code_said_at_once_may_come_in_pieces() -> None:
    assert decisions(
        ("1", "24", 0.0), ("1+", "2468", 0.5), ("1++", "246810", 1.0), ("2", "Hi", 9.0)
    ) == [ASK, WRONG, ACCEPTED, PASS]


def test_a_code_that_grows_is_one_try() -> None:
    growing = [(f"2468{'10'[:i]}", f"2468{'10'[:i]}", 9.0 + i) for i in range(3)]

    assert decisions(("1", "Hello", 0.0), *growing) == [ASK, WRONG, WRONG, ACCEPTED]


def test_even_the_last_try_may_grow_into_the_right_code() -> None:
    wrong = [("2", "1111", 60.0), ("3", "2222", 120.0)]

    assert decisions(("1", "Hello", 0.0), *wrong, ("4", "2468", 180.0), ("5", "246810", 181.0)) == [
        ASK,
        WRONG,
        WRONG,
        LOCKED,
        ACCEPTED,
    ]


def test_after_a_while_it_is_another_try() -> None:
    late = 9.0 + REVISION_S + 0.1

    assert decisions(
        ("1", "Hello", 0.0),
        ("2", "2468", 9.0),
        ("3", "24681", late),
        ("4", "11", late),
        ("5", "246811", 2 * late + 9),
        ("6", "246810", 3 * late + 9),
    ) == [ASK, WRONG, WRONG, ASK, LOCKED, LOCKED]


def test_a_last_try_that_grows_wrongly_stays_locked_for_the_same_time() -> None:
    said = [("1", "Hi", 0.0), ("2", "1111", 60.0), ("3", "2222", 120.0), ("4", "3333", 180.0)]

    gate = gate_after(*said, ("5", "33334", 181.0))

    assert gate.lock == Lock(MAX_TRIES, 180.0 + LOCKOUT_S)
    assert gate.decided[-1] == ("5", LOCKED)


def test_a_code_that_grows_after_it_was_accepted_is_still_kept_from_the_agent() -> None:
    gate = gate_after(
        ("1", "Hello", 0.0),
        ("2", "246810", 9.0),
        ("3", "246810 please", 10.0),
        ("4", "Book a table", 20.0),
    )

    assert gate.accepted is not None
    assert gate.kept_out == {"1", "2", "3"}


def test_the_lock_out_ends() -> None:
    locked_at_s = 180.0
    said = [("0", "Hello", 0.0), *((str(i), f"{i}" * 4, 60.0 * i) for i in range(1, 4))]

    assert decisions(
        *said,
        ("a", "246810", locked_at_s + LOCKOUT_S - 0.1),
        ("b", "246811", locked_at_s + LOCKOUT_S),
        ("c", "246810", locked_at_s + LOCKOUT_S + 60),
        ("a", "246810", locked_at_s + LOCKOUT_S + 60),
    ) == [ASK, WRONG, WRONG, LOCKED, LOCKED, WRONG, ACCEPTED, LOCKED]


def test_decided_utterances_are_bounded() -> None:
    gate = PinGate()
    for i in range(MAX_DECIDED + 5):
        gate, _ = step(gate, str(i), "Hello?", PIN.matches, 60.0 * i)

    assert len(gate.decided) == MAX_DECIDED


def test_neither_code_nor_words_can_be_read_from_what_is_kept() -> None:
    gate, _ = step(PinGate(), "1", "My secret words", PIN.matches, 0.0)
    gate, _ = step(gate, "2", "1357", PIN.matches, 60.0)

    kept = repr((gate, PIN))

    assert not any(private in kept for private in ("secret", "1357", "246810"))


@pytest.mark.parametrize("code", ["", "123", "1" * 13, "12a4", "١٢٣٤", "12 34"])
def test_a_pin_is_four_to_twelve_digits(code: str) -> None:
    with pytest.raises(ValueError, match="4 to 12 digits") as refusal:
        Pin.of(code)

    assert not code or code not in str(refusal.value)


@given(st.text("0123456789", min_size=4, max_size=6), st.text("0123456789", max_size=6))
def test_only_the_code_itself_matches(code: str, other: str) -> None:
    assert Pin.of(code).matches(code)
    assert Pin.of(code).matches(other) is (code == other)


@given(
    st.sampled_from([[], [("", 0.0, "Hello")]]),
    st.lists(
        st.tuples(
            st.text("12", min_size=4, max_size=8), st.floats(0, 20), st.sampled_from(["", " hm "])
        ),
        max_size=30,
    ),
)
def test_nobody_gets_more_guesses_of_the_right_length_than_tries(
    opening: list[tuple[str, float, str]], said: list[tuple[str, float, str]]
) -> None:
    """Ours: whatever is said how fast, three guesses of the code's length in `LOCKOUT_S`."""
    guesses: list[str] = []

    def pin_ok(digits: str) -> bool:
        if len(digits) == 6:
            guesses.append(digits)
        return False

    gate, at_s = PinGate(), 0.0
    for i, (digits, gap_s, noise) in enumerate([*opening, *said]):
        at_s += gap_s
        gate, _ = step(gate, str(i), noise + digits, pin_ok, at_s)
        if at_s < LOCKOUT_S:
            assert len(set(guesses)) <= MAX_TRIES


def tell(book: PinBook, conversation: str, number: str | None, *said: tuple[str, float]) -> object:
    """The last decision about what one call says."""
    decision = None
    for words, at_s in said:
        decision = book.step(
            conversation=conversation,
            number=number,
            utterance_key=f"{words}@{at_s}",
            utterance=words,
            pin_ok=PIN.matches,
            at_s=at_s,
        )
    return decision


def test_hanging_up_does_not_help_a_number() -> None:
    book = PinBook()

    assert tell(book, "a", "n", ("Hi", 0), ("1111", 60), ("2222", 120)) is WRONG
    assert tell(book, "b", "n", ("Hi", 180), ("3333", 240)) is LOCKED
    assert tell(book, "c", "n", ("Hi", 300)) is LOCKED
    assert tell(book, "d", "other", ("Hi", 300)) is ASK
    assert tell(book, "e", "n", ("Hi", 240 + LOCKOUT_S)) is ASK


def test_a_code_said_at_once_is_a_try_like_any_other() -> None:
    """Ours: else every call would bring one more guess that nobody counts."""
    book = PinBook()

    assert tell(book, "a", "n", ("1111", 0)) is WRONG
    assert tell(book, "b", "n", ("2222", 60)) is WRONG
    assert tell(book, "c", "n", ("3333", 120)) is LOCKED
    assert tell(book, "d", "n", ("246810", 180)) is LOCKED


def test_a_withheld_number_is_locked_out_by_the_call() -> None:
    book = PinBook()

    assert tell(book, "a", None, ("Hi", 0), ("1111", 60), ("2222", 120), ("3333", 180)) is LOCKED
    assert tell(book, "b", None, ("Hi", 180)) is ASK


def test_every_call_proves_itself_anew() -> None:
    book = PinBook()

    assert tell(book, "a", "n", ("Hi", 0), ("246810", 60), ("Book it", 70)) is PASS
    assert tell(book, "b", "n", ("Hi", 80)) is ASK
    assert book.gate("a").accepted is not None
    assert book.gate("b").accepted is None
    assert book.gate("unknown") == PinGate()


def test_an_open_call_goes_on_while_its_number_is_locked_out() -> None:
    book = PinBook()
    tell(book, "a", "n", ("Hi", 0), ("246810", 60))
    tell(book, "b", "n", ("Hi", 61), ("1111", 70), ("2222", 80), ("3333", 90))

    assert tell(book, "a", "n", ("Book it", 100)) is PASS


def test_the_right_code_wipes_out_wrong_ones() -> None:
    book = PinBook()
    tell(book, "a", "n", ("Hi", 0), ("1111", 60), ("2222", 120), ("246810", 180))

    assert tell(book, "b", "n", ("Hi", 240), ("1111", 300)) is WRONG


def test_calls_and_numbers_are_forgotten_after_an_hour() -> None:
    book = PinBook()
    tell(book, "a", "n", ("Hi", 0), ("1111", 60))
    tell(book, "b", None, ("Hi", 60 + FORGET_S))

    assert len(book) == 1


def test_the_oldest_that_is_not_locked_out_is_evicted_first() -> None:
    book = PinBook(max_entries=2)
    tell(book, "bad", "bad", ("Hi", 0), ("1111", 60), ("2222", 120), ("3333", 180))
    tell(book, "once", "once", ("Hi", 190), ("1111", 200))
    tell(book, "new", "new", ("Hi", 210), ("1111", 220))

    assert len(book) == 4
    assert tell(book, "bad again", "bad", ("Hi", 230)) is LOCKED
    assert book.gate("once") == PinGate()


def test_when_all_are_locked_out_the_oldest_goes() -> None:
    book = PinBook(max_entries=1)
    for name in ("a", "b"):
        tell(book, name, name, ("Hi", 0), ("1111", 60), ("2222", 120), ("3333", 180))

    assert len(book) == 2
    assert tell(book, "c", "a", ("Hi", 200)) is ASK
