"""How calls come out and whose fault it was, by what the platform tells."""

import pytest

from bridge.core import call_outcome
from bridge.core.call_outcome import Verdict, is_better, verdict
from bridge.core.platform_call import PlatformCall
from bridge.core.record import Fault, Outcome

CASES = [
    ({"failure": "busy"}, Outcome.BUSY, Fault.REMOTE),
    ({"failure": "no-answer"}, Outcome.NO_ANSWER, Fault.REMOTE),
    ({"failure": "unknown"}, Outcome.FAILED, Fault.CARRIER),
    ({"failure": "something new"}, Outcome.FAILED, Fault.CARRIER),
    ({"machine": "machine_end_beep"}, Outcome.VOICEMAIL, Fault.REMOTE),
    ({"machine": "fax"}, Outcome.VOICEMAIL, Fault.REMOTE),
    ({"call_result": "voicemail", "status": "done"}, Outcome.VOICEMAIL, Fault.REMOTE),
    ({"call_result": "no_answer", "status": "failed"}, Outcome.NO_ANSWER, Fault.REMOTE),
    ({"call_result": "answered", "status": "done"}, Outcome.COMPLETED, Fault.NOBODY),
    ({"status": "done"}, Outcome.COMPLETED, Fault.NOBODY),
    ({"status": "processing"}, Outcome.COMPLETED, Fault.NOBODY),
    ({"status": "done", "reason": "voicemail_detection"}, Outcome.VOICEMAIL, Fault.REMOTE),
    ({"status": "failed"}, Outcome.FAILED, Fault.PLATFORM),
    (
        {"status": "failed", "error_reason": "custom_llm generation failed"},
        Outcome.FAILED,
        Fault.AGENT,
    ),
    ({"status": "failed", "reason": "Quota exceeded"}, Outcome.FAILED, Fault.OPERATOR),
    (
        {"status": "failed", "reason": "Missing required dynamic variables"},
        Outcome.FAILED,
        Fault.OPERATOR,
    ),
    ({"status": "failed", "reason": "the initiation webhook"}, Outcome.FAILED, Fault.BRIDGE),
    ({"status": "failed", "reason": "Twilio error"}, Outcome.FAILED, Fault.CARRIER),
]


@pytest.mark.parametrize(("told", "outcome", "fault"), CASES)
def test_what_is_told_has_one_outcome_and_one_fault(
    told: dict[str, str], outcome: Outcome, fault: Fault
) -> None:
    found = verdict(PlatformCall("conv_1", **told))  # type: ignore[arg-type]

    assert found is not None
    assert (found.outcome, found.fault) == (outcome, fault)


@pytest.mark.parametrize("told", [{}, {"status": "in-progress"}, {"machine": "human"}])
def test_nothing_is_said_of_a_call_that_is_not_over(told: dict[str, str]) -> None:
    assert verdict(PlatformCall("conv_1", **told)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("end_call tool was called", "The agent hung up."),
        ("Call ended by remote party", "The other side hung up."),
        ("Transferred to a number", "It was transferred."),
        ("Exceeded the maximum duration", "It took as long as a call may."),
        ("Silence", "Nobody spoke for too long."),
        ("Aunt Wilhelmina has the gout", ""),
    ],
)
def test_the_cause_is_in_our_words_and_never_a_quotation(reason: str, cause: str) -> None:
    found = verdict(PlatformCall("conv_1", status="done", reason=reason))

    assert found is not None
    assert found.cause == cause


def test_no_cause_of_ours_holds_a_digit_or_a_name() -> None:
    causes = [found.cause for found in call_outcome.BY_RESULT.values()]
    causes += [found.cause for _words, found in call_outcome.ENDINGS]
    causes += [cause for *_, cause in call_outcome.FAILURES]

    assert not any(char.isdigit() for cause in causes for char in cause)
    assert all(cause.endswith(".") for cause in causes)


def test_what_was_seen_is_never_undone() -> None:
    better = {(a, b) for a in (None, *Outcome) for b in Outcome if is_better(a, b)}

    assert {a for a, _ in better} == {None, Outcome.UNKNOWN, Outcome.COMPLETED}
    assert {b for a, b in better if a is Outcome.COMPLETED} == {Outcome.VOICEMAIL}


@pytest.mark.parametrize(("by", "fault"), [("operator", Fault.OPERATOR), ("agent", Fault.AGENT)])
def test_a_hang_up_of_ours_was_for_whoever_asked_for_it(by: str, fault: Fault) -> None:
    found = call_outcome.at_wish(call_outcome.HUNG_UP, by)

    assert found == Verdict(Outcome.COMPLETED, fault, f"It was ended: the {by} asked for that.")
    assert call_outcome.at_wish(call_outcome.HUNG_UP, "") is call_outcome.HUNG_UP
    assert call_outcome.at_wish(call_outcome.BUSY, by) is call_outcome.BUSY
    assert call_outcome.taken_back(by).fault is fault
