"""A call as a picture for a terminal, by calls written by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.happenings import Said, transcript
from bridge.rehearsal.performance import (
    Acted,
    AgentAsked,
    Answered,
    Befell,
    Broke,
    Delivered,
    Fact,
    Over,
    PickedUp,
    Rang,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)
from bridge.rehearsal.picture import Paper, moment, render_picture, render_transcript
from bridge.rehearsal.terminal_text import (
    ASCII,
    UNICODE,
    one_line,
    padded,
    signs_for,
    width,
    wrapped,
)
from tests.fakes.performances import a_performance

EVENTFUL: tuple[Fact, ...] = (
    Rang(0.0, status=200),
    PickedUp(0.0),
    Spoke(0.5, 2.1, "agent", 0, "Hello, how can I help?", kind="greeting"),
    Spoke(2.7, 4.2, "caller", 1, "What time is it in Tokyo?"),
    Requested(4.4, 1, 1, Why.EARLY, utterance="What time"),
    Withdrawn(4.5, 1, "revised"),
    Requested(4.7, 2, 1, Why.UTTERANCE, utterance="What time is it in Tokyo?"),
    AgentAsked(4.7, 1, "What time is it in Tokyo?"),
    Spoke(5.9, 6.7, "agent", 1, "One moment...", kind="filler"),
    Withdrawn(9.0, 2, "late"),
    Requested(9.0, 3, 1, Why.RETRY, 2),
    AgentAsked(9.0, 2, "What time is it in Tokyo?"),
    Spoke(9.6, 11.9, "agent", 1, "It is 7:00 PM in", unheard="Tokyo, where the sun sets early."),
    Withdrawn(11.9, 3, "barge_in"),
    Spoke(11.8, 12.9, "caller", 2, "And in Berlin?"),
    Requested(13.4, 4, 2, Why.UTTERANCE, utterance="And in Berlin?"),
    Requested(13.4, 5, 2, Why.TWIN, utterance="And in Berlin?"),
    AgentAsked(13.4, 3, "And in Berlin?"),
    Answered(14.0, 4, "stop", "It is noon in Berlin."),
    Spoke(13.9, 15.6, "agent", 2, "It is noon in Berlin. 東京では午後七時です。東京では午後七時です。"),
    Requested(22.6, 6, 3, Why.SILENCE),
    Acted(22.7, 3, "skip_turn", {"reason": "waiting"}),
    Befell(30.0, "restart", 1.2),
    Spoke(62.0, 64.0, "caller", 4, "1234#", is_keys=True),
    Broke(64.2, 7, 502),
    Broke(64.3, 8, 0, "in its middle"),
    Spoke(65.0, 66.0, "agent", 4, "", unheard=""),
    Spoke(65.0, 67.0, "agent", 4, "I'm sorry, something went wrong.", kind="ours"),
    Acted(70.0, 4, "transfer_to_number", {"transfer_number": "+15550001234", "client_message": ""}),
    Acted(70.1, 4, "end_call", error="reason is missing"),
    Over(71.3, "agent", "end_call"),
    Delivered(72.0, "post_call_transcription", 200),
    Delivered(73.0, "post_call_transcription", 500),
)  # fmt: skip

PICTURE = """\
           caller                              agent
    0.0  ○ it rings                          │
    0.5  │                                   │ Hello, how can I help?
    2.7  │ What time is it in Tokyo?         │
    4.4  ↻ asked early: “What time”          │
    4.5  × the words have changed: the request is closed
         ⋯ 1.4 s                             │
    5.9  │                                   │ ~ One moment...
         ⋯ 2.3 s                             │
    9.0  × no words in time: the request is closed
    9.0  ↻ asked again, the same (attempt 2) │
    9.0  ↻ the agent is asked again          │
    9.6  │                                   │ It is 7:00 PM in ✂ [Tokyo, where
         │                                   │ the sun sets early.]
   11.8  │ And in Berlin?                    │
   13.4  ↻ asked twice at the same moment    │
   13.9  │                                   │ It is noon in Berlin.
         │                                   │ 東京では午後七時です。東京では午
         │                                   │ 後七時です。
         ⋯ 7.0 s                             │
   22.6  ↻ nothing is said; asked for words  │
   22.7  ◆ skip_turn(waiting)                │
         ⋯ 7.3 s                             │
   30.0  ! the server is stopped and started again (1.2 s)
         ⋯ 32.0 s                            │
 1:02.0  │ (keys) 1234#                      │
 1:04.2  × status 502                        │
 1:04.3  × the stream breaks off in its middle
 1:05.0  │                                   │ = I'm sorry, something went
         │                                   │ wrong.
         ⋯ 3.0 s                             │
 1:10.0  ◆ transfer_to_number(+1555•••1234)  │
 1:10.1  ◆ end_call: reason is missing       │
         ⋯ 1.2 s                             │
 1:11.3  ● the agent ends the call: end_call │
 1:12.0  » post_call_transcription: 200      │
 1:13.0  » post_call_transcription: 500      │

         ~ said while the agent thinks, = bridge's own words, ✂ cut off [not
         heard], ↻ asked again, × closed, or failed, ◆ tool, ! from outside, »
         report of the call"""


def test_time_runs_downward_the_caller_left_and_the_agent_right() -> None:
    assert render_picture(a_performance(facts=EVENTFUL), Paper()) == PICTURE


def test_a_calm_call_is_words_and_nothing_else() -> None:
    picture = render_picture(a_performance(), Paper(columns=60))

    assert picture.splitlines() == [
        "           caller                    agent",
        "    0.0  ○ it rings                │",
        "    0.2  │                         │ Hello.",
        "    2.0  │ When is lunch?          │",
        "         ⋯ 1.5 s                   │",
        "    4.5  │                         │ Lunch is at noon.",
        "    6.0  │                         │ Enjoy it.",
        "         ⋯ 1.0 s                   │",
        "    8.0  ● the caller ends the call: hung up",
        "    9.0  » post_call_transcription: 200",
        "",
        "         » report of the call",
    ]


def test_a_call_without_a_report_needs_no_legend() -> None:
    assert render_picture(a_performance(facts=[Rang(0.0)]), Paper()).splitlines()[1:] == [
        "    0.0  ○ it rings                          │"
    ]


def test_a_call_that_bridge_places_is_picked_up() -> None:
    facts: list[Fact] = [Rang(0.0, placed=True, status=500), PickedUp(4.0)]

    assert [
        line.rstrip(" │") for line in render_picture(a_performance(facts=facts), Paper()).splitlines()[1:]
    ] == [
        "    0.0  ○ bridge calls: the webhook is answered 500",
        "         ⋯ 4.0 s",
        "    4.0  ○ picked up",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [20, 60, 61, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    lines = render_picture(a_performance(facts=EVENTFUL), Paper(columns)).splitlines()

    assert max(map(width, lines)) <= max(columns, 60)


def test_lanes_stay_where_they_are() -> None:
    lines = render_picture(a_performance(facts=EVENTFUL), Paper(70)).splitlines()
    lanes = {len_before for line in lines for len_before in _lanes(line)}

    assert len(lanes) == 2


def _lanes(line: str) -> list[int]:
    return [width(line[: found.start()]) for found in re.finditer("│", line)]


def test_a_terminal_without_unicode_gets_the_same_in_ascii() -> None:
    facts = [fact for fact in EVENTFUL if "東" not in getattr(fact, "text", "")]
    picture = render_picture(a_performance(facts=facts), Paper(signs=ASCII))

    assert set(re.findall("[^\x00-\x7f]", picture)) <= {"“", "”", "•"}
    assert len(picture.splitlines()) > 30


def test_colours_change_no_letter() -> None:
    performance = a_performance(facts=EVENTFUL)
    coloured = render_picture(performance, Paper(colour=True))

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_picture(performance, Paper())


def test_what_is_said_can_not_move_the_cursor() -> None:
    facts = [Spoke(0.0, 1.0, "agent", 0, "a\x1b[2Jb\r\nc")]

    assert "a�[2Jb c" in render_picture(a_performance(facts=facts), Paper())


def test_moments_have_minutes_from_a_minute_on() -> None:
    assert [moment(at_s) for at_s in (0.0, 9.96, 59.94, 59.96, 61.0, 600.0)] == [
        "0.0", "10.0", "59.9", "1:00.0", "1:01.0", "10:00.0",
    ]  # fmt: skip


# -- the transcript --------------------------------------------------------------------------------


def test_the_transcript_has_what_was_heard_and_brackets_what_was_not() -> None:
    assert render_transcript(a_performance(facts=EVENTFUL), Paper()).splitlines() == [
        "agent   Hello, how can I help?",
        "caller  What time is it in Tokyo?",
        "agent   One moment... It is 7:00 PM in ✂ [Tokyo, where the sun sets early.]",
        "caller  And in Berlin?",
        "agent   It is noon in Berlin. 東京では午後七時です。東京では午後七時です。",
        "caller  keys 1234#",
        "agent   I'm sorry, something went wrong.",
    ]


def test_stretches_of_one_party_are_one_until_they_are_cut() -> None:
    facts = [
        Spoke(0.0, 1.0, "agent", 1, "One."),
        Spoke(1.0, 2.0, "agent", 1, "Two", unheard="and three."),
        Spoke(2.0, 3.0, "agent", 2, "Four."),
    ]

    assert transcript(a_performance(facts=facts)) == [
        Said(0.0, "agent", "One. Two", "and three."),
        Said(2.0, "agent", "Four."),
    ]


# -- text for a terminal ---------------------------------------------------------------------------


def test_signs_are_those_that_the_encoding_has() -> None:
    assert signs_for("utf-8") is UNICODE
    assert signs_for("ascii") is signs_for(None) is signs_for("no-such-encoding") is ASCII
    assert all(width(getattr(UNICODE, name)) == 1 for name in UNICODE.__slots__ if name != "shades")


def test_width_counts_columns_and_not_letters() -> None:
    assert (width("abc"), width("東京"), width("e\u0301"), width("a\u200db")) == (3, 4, 1, 2)
    assert padded("東", 4) == "東  "


@given(st.text(), st.integers(2, 40))
def test_wrapping_loses_nothing_and_fits(text: str, columns: int) -> None:
    lines = wrapped(text, columns)

    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(one_line(text).split())


def test_a_column_that_is_narrower_than_a_letter_still_shows_it() -> None:
    assert wrapped("東", 1) == ["東"]
    assert wrapped("", 10) == [""]
