"""Who talks in which session, the latest first, and nobody's number."""

from bridge.calls.sessions import SessionBook, SessionRow
from bridge.core.identity import CallIdentity
from bridge.core.phone import parse_e164
from bridge.core.session import SessionKey

ANN = CallIdentity(conversation="conv_1", caller=parse_e164("+15550001234"))
WITHHELD = CallIdentity(conversation="conv_2")
KEY, OTHER = SessionKey("phone:abc"), SessionKey("phone:xyz")


def test_a_session_is_noted_with_its_turns_and_moments() -> None:
    book = SessionBook()
    book.note(KEY, ANN, 10.0)
    book.note(KEY, ANN, 12.0)

    assert book.rows() == [SessionRow("phone:abc", "+1555•••1234", "conv_1", 2, 10.0, 12.0)]


def test_the_session_that_was_talked_in_last_comes_first() -> None:
    book = SessionBook()
    for key in (KEY, OTHER, KEY):
        book.note(key, ANN, 10.0)

    assert [row.session for row in book.rows()] == [KEY, OTHER]


def test_what_was_known_of_a_session_is_kept_when_the_next_call_withholds_it() -> None:
    book = SessionBook()
    book.note(KEY, ANN, 10.0)
    book.note(KEY, WITHHELD, 11.0)
    book.note(KEY, CallIdentity(), 12.0)

    assert book.rows() == [SessionRow("phone:abc", "+1555•••1234", "conv_2", 3, 10.0, 12.0)]


def test_a_number_that_a_client_made_its_key_is_masked() -> None:
    book = SessionBook()
    book.note(SessionKey("phone:+15550001234"), WITHHELD, 10.0)
    book.note(SessionKey("phone:+15550001234"), WITHHELD, 11.0)

    assert [(row.session, row.turns) for row in book.rows()] == [("phone:+1555•••1234", 2)]


def test_a_caller_who_withheld_their_number_has_none() -> None:
    book = SessionBook()
    book.note(KEY, WITHHELD, 10.0)

    assert [row.caller for row in book.rows()] == [""]


def test_what_stands_alone_is_no_session() -> None:
    book = SessionBook()
    book.note(None, ANN, 10.0)

    assert book.rows() == []


def test_there_is_room_for_so_many_and_the_longest_silent_goes_first() -> None:
    book = SessionBook(room=2)
    for key in (KEY, OTHER, KEY, SessionKey("phone:new")):
        book.note(key, ANN, 10.0)

    assert [row.session for row in book.rows()] == ["phone:new", KEY]
