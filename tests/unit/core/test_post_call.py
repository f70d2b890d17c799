"""What the platform reports of a call that is over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.post_call import PostCall, ReportType, Taken, parse_post_call
from bridge.errors import BadRequest

DONE: dict[str, Any] = {
    "type": "post_call_transcription",
    "event_timestamp": 1767225600,
    "data": {
        "agent_id": "agent_0001",
        "conversation_id": "conv_0001",
        "status": "done",
        "transcript": [{"role": "user", "message": "Does aunt Wilhelmina still have the gout?"}],
        "metadata": {
            "start_time_unix_secs": 1767225500,
            "call_duration_secs": 61,
            "termination_reason": "end_call tool was called: the caller thanked Wilhelmina",
            "error": {"code": 1011, "reason": "Wilhelmina"},
            "phone_call": {"external_number": "+15550001234"},
        },
        "analysis": {"call_successful": "success"},
    },
}
UNANSWERED = {
    "type": "call_initiation_failure",
    "event_timestamp": 1767225600,
    "data": {
        "agent_id": "agent_0001",
        "conversation_id": "conv_0002",
        "failure_reason": "no-answer",
        "metadata": {"type": "twilio", "body": {"Called": "+15550100", "CallStatus": "no-answer"}},
    },
}


def with_data(**changes: Any) -> dict[str, Any]:
    return {**DONE, "data": {**DONE["data"], **changes}}


def test_a_call_that_took_place_is_reported_without_its_words_and_numbers() -> None:
    report = parse_post_call(DONE)

    assert report == PostCall(
        ReportType.TRANSCRIPTION,
        "conv_0001",
        agent="agent_0001",
        status="done",
        duration_s=61.0,
        termination_reason="end_call tool was called: the caller thanked Wilhelmina",
        error_code="1011",
        call_successful="success",
    )
    assert report.outcome == "success"
    assert not any(private in repr(report) for private in ("Wilhelmina", "5550001234"))


def test_a_call_that_was_never_answered_says_why() -> None:
    report = parse_post_call(UNANSWERED)

    assert report == PostCall(
        ReportType.FAILURE, "conv_0002", agent="agent_0001", failure_reason="no-answer"
    )
    assert report.outcome == "no-answer"


def test_a_detection_of_a_machine_needs_no_more_than_its_conversation() -> None:
    report = parse_post_call(
        {"type": "answering_machine_detection", "data": {"conversation_id": "conv_3"}}
    )

    assert report == PostCall(ReportType.MACHINE, "conv_3")
    assert report.outcome == ""


@pytest.mark.parametrize("kind", ["post_call_audio", "unredacted_transcript", "of the future", ""])
def test_a_type_that_we_do_not_take_is_none(kind: str) -> None:
    assert parse_post_call({**DONE, "type": kind}) is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"type": 7},
        {"type": "post_call_transcription"},
        {"type": "post_call_transcription", "data": []},
        with_data(conversation_id=None),
        with_data(conversation_id=""),
        with_data(conversation_id="x" * 257),
    ],
)
def test_what_is_no_report_of_a_conversation_is_a_bad_request(body: object) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_post_call(body)

    assert refusal.value.param


@pytest.mark.parametrize(
    ("code", "read"),
    [
        (3000, "3000"),
        ("timeout", "timeout"),
        (-1, "-1"),
        (True, None),
        (15550001234, None),
        pytest.param(10**5000, None, id="huge"),
        ("a sentence of words", None),
        (None, None),
    ],
)
def test_a_code_is_a_small_number_or_one_word(code: object, read: str | None) -> None:
    report = parse_post_call(with_data(metadata={"error": {"code": code}}))

    assert report is not None
    assert report.error_code == read


@pytest.mark.parametrize(
    ("seconds", "read"),
    [
        (0, 0.0),
        (61.5, 61.5),
        (-1, None),
        pytest.param(10**400, None, id="huge"),
        (True, None),
        ("61", None),
    ],
)
def test_a_duration_is_a_number_of_seconds(seconds: object, read: float | None) -> None:
    report = parse_post_call(with_data(metadata={"call_duration_secs": seconds}))

    assert report is not None
    assert report.duration_s == read


@pytest.mark.parametrize("reason", ["", "x" * 257, "a\nb", 7, None])
def test_a_reason_that_is_no_line_of_text_is_not_stated(reason: object) -> None:
    report = parse_post_call(with_data(metadata={"termination_reason": reason}))

    assert report is not None
    assert report.termination_reason is None


def test_an_outcome_is_one_of_a_few_whatever_is_stated() -> None:
    report = parse_post_call(with_data(analysis={"call_successful": "splendid"}))

    assert report is not None
    assert (report.call_successful, report.outcome) == ("splendid", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "error", "code", "analysis", "conversation_id", "status"]),
            inside,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from(list(ReportType)))
def test_any_report_is_read_or_a_bad_request(data: object, kind: ReportType) -> None:
    try:
        report = parse_post_call({"type": kind.value, "data": data})
    except BadRequest:
        return
    assert report is not None


def test_a_report_is_taken_once_for_each_type() -> None:
    taken = Taken()
    report = PostCall(ReportType.TRANSCRIPTION, "conv_1")
    taken.add(report)

    assert PostCall(ReportType.TRANSCRIPTION, "conv_1", status="done") in taken
    assert PostCall(ReportType.MACHINE, "conv_1") not in taken
    assert PostCall(ReportType.TRANSCRIPTION, "conv_2") not in taken


def test_of_too_many_the_oldest_is_forgotten() -> None:
    taken = Taken(room=2)
    reports = [PostCall(ReportType.TRANSCRIPTION, f"conv_{i}") for i in range(3)]
    for report in (*reports, reports[2]):
        taken.add(report)

    assert [report in taken for report in reports] == [False, True, True]
