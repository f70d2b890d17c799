"""Records as they are shown: masked, without words where none are wanted, safe in a table."""

import pytest

from bridge.core.call_export import (
    COLUMNS,
    ending_note,
    render_call,
    render_row,
    render_turn,
    render_words,
)
from bridge.core.phone import E164
from bridge.core.record import Outcome, State
from tests.fakes.calls_on_record import CALLER, LINE, call, placed, turn


def test_numbers_are_masked_unless_they_are_asked_for() -> None:
    record = placed(session_key=f"desk:{CALLER}")

    shown = render_call(record)
    assert (shown["remote"], shown["line"]) == ("+1555•••1234", "+1555•••0999")
    assert shown["session_key"] == "desk:+1555•••1234"
    bare = render_call(record, reveal=True)
    assert (bare["remote"], bare["line"], bare["session_key"]) == (CALLER, LINE, f"desk:{CALLER}")


def test_a_call_shows_no_words_of_its_own() -> None:
    record = placed(message="zeppelin", brief="zeppelin", details={"a": "zeppelin"})

    assert "zeppelin" not in str(render_call(record))
    assert render_words(record) == {
        "message": "zeppelin",
        "brief": "zeppelin",
        "details": {"a": "zeppelin"},
    }


def test_a_turn_is_shown_with_its_words_or_without() -> None:
    whole = turn(heard="She", fillers=("One moment... ",), acts=({"name": "x"},))

    shown = render_turn(whole)
    assert (shown["utterance"], shown["heard"], shown["fillers"], shown["acts"]) == (
        whole.utterance,
        "She",
        ["One moment... "],
        [{"name": "x"}],
    )
    assert set(render_turn(whole, words=False)) == {
        "run_id",
        "number",
        "at_s",
        "outcome",
        "failure",
        "stages_s",
    }


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.RESERVED, "is over"),
        (State.DIALLING, "may ring on"),
        (State.PLACED, "may ring on"),
        (State.ANSWERED, "at its next turn"),
        (State.ENDED, "is over"),
    ],
)
def test_who_asks_for_an_end_is_told_when_it_comes(state: State, words: str) -> None:
    assert words in ending_note(call(state=state))


def test_a_row_has_a_cell_for_each_column_and_no_formula() -> None:
    record = call(
        remote=E164("+15550001234"),
        cause="=HYPERLINK()",
        outcome=Outcome.FAILED,
        session_key="@x",
    )
    cells = dict(zip(COLUMNS, render_row(render_call(record)), strict=True))

    assert (cells["cause"], cells["remote"], cells["session_key"]) == (
        "'=HYPERLINK()",
        "'+1555•••1234",
        "'@x",
    )
    assert (cells["outcome"], cells["placed_s"], cells["ended_s"]) == ("failed", "100.0", "")
