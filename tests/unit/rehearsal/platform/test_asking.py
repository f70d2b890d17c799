"""The platform asks: deadlines, retries, twins, transcripts that change.

Both voices say a word a second; the greeting is one word. So the first line begins at 1.6 s.
"""

from typing import Any

import pytest

from bridge.rehearsal.performance import (
    Broke,
    FirstWords,
    Over,
    Requested,
    Why,
    Withdrawn,
)
from bridge.rehearsal.scenario import Line, Manners, Scenario
from tests.fakes.tiny_bridge import (
    SILENT,
    Says,
    TinyBridge,
    act_out,
    chunk,
    say,
)


def call(*lines: Line, **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines, manners=Manners(**manners))


def whys(acted: Any) -> list[Why]:
    return [one.why for one in acted.of(Requested)]


def test_without_words_in_time_the_same_is_asked_again_and_the_late_one_closed() -> None:
    bridge = TinyBridge(SILENT, SILENT, say("Nine."))
    acted = act_out(call(Line(1, says="Time"), first_token_s=4.0), bridge)

    assert [(one.why, one.attempt) for one in acted.of(Requested)] == [
        (Why.UTTERANCE, 1), (Why.RETRY, 2), (Why.RETRY, 3),
    ]  # fmt: skip
    assert len({one.raw for one in bridge.asked}) == 1
    assert acted.asked_s() == [3.1, 7.1, 11.1]
    assert acted.of(Withdrawn) == [Withdrawn(7.1, 1, "late"), Withdrawn(11.1, 2, "late")]
    assert acted.closed_s() == [7.1, 11.1, None]
    assert acted.spoken()[-1] == ("agent", "Nine.")


def test_after_the_last_attempt_the_call_is_given_up() -> None:
    bridge = TinyBridge(SILENT)
    acted = act_out(call(Line(1, says="Time"), first_token_s=4.0, attempts=2), bridge)

    assert len(bridge.asked) == 2
    assert acted.of(Over) == [Over(11.1, "platform", "custom_llm generation failed")]
    assert bridge.told[0]["data"]["status"] == "failed"


def test_words_once_begun_may_take_their_time() -> None:
    bridge = TinyBridge(say("One. ", "Two.", every_s=60.0))
    acted = act_out(call(Line(1, says="Count"), first_token_s=4.0), bridge)

    assert (len(bridge.asked), acted.of(Withdrawn)) == (1, [])


def test_a_role_is_no_first_word() -> None:
    blank = Says([(0.0, chunk({"role": "assistant", "content": ""})), (0.0, chunk({"content": " "})),
                  (60.0, "")])  # fmt: skip
    acted = act_out(call(Line(1, says="Hi"), first_token_s=4.0), TinyBridge(blank, say("Hi.")))

    assert [one.because for one in acted.of(Withdrawn)] == ["late"]
    assert [one.request for one in acted.of(FirstWords)] == [2]


def test_an_impatient_platform_asks_again_although_nothing_is_late() -> None:
    bridge = TinyBridge(SILENT, SILENT, say("Nine.", after_s=9.0))
    acted = act_out(call(Line(1, says="Time"), impatient=True, retry_after_s=1.0), bridge)

    assert acted.asked_s() == [3.1, 4.1, 5.1]
    assert acted.spoken()[-1] == ("agent", "Nine.")


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Says(status=503), 503), (Says(drops=True), 0), (Says([(0.0, "")]), 0)],
)
def test_what_fails_at_once_is_asked_again_after_a_pause(fault: Says, status: int) -> None:
    acted = act_out(call(Line(1, says="Time")), TinyBridge(fault, say("Nine.")))

    assert [one.status for one in acted.of(Broke)] == [status]
    assert acted.asked_s() == [3.1, 4.1]
    assert acted.spoken()[-1] == ("agent", "Nine.")


def test_an_empty_reply_is_a_failure() -> None:
    acted = act_out(call(Line(1, says="Time")), TinyBridge(say(), say("Nine.")))

    assert whys(acted) == [Why.UTTERANCE, Why.RETRY]


def test_a_stream_that_breaks_off_leaves_what_was_said() -> None:
    broken = Says(
        [(0.0, chunk({"role": "assistant"})), (0.1, chunk({"content": "It is"}))], drops=True
    )
    acted = act_out(
        call(Line(1, says="Time"), Line(2, says="What?")), TinyBridge(broken, say("Nine."))
    )

    assert len(acted.of(Broke)) == 1
    assert acted.bridge.asked[1].messages[1:] == [
        ("user", "Time"), ("assistant", "It is"), ("user", "What?"),
    ]  # fmt: skip


def test_a_stream_that_breaks_the_rules_is_a_problem() -> None:
    acted = act_out(
        call(Line(1, says="Time")),
        TinyBridge(Says([(0.1, chunk({"content": "Nine."})), (0.0, chunk({}, "stop")),
                         (0.0, "data: [DONE]\n\n")])),
    )  # fmt: skip

    assert acted.tape.problems == [
        "Request 1: The first chunk doesn't say that the assistant speaks."
    ]


def test_each_turn_may_be_asked_twice_at_once() -> None:
    bridge = TinyBridge(say("Nine."))
    acted = act_out(call(Line(1, says="Time"), twice=True), bridge)

    assert sorted(whys(acted)) == [Why.TWIN, Why.UTTERANCE]
    assert acted.asked_s() == [3.1, 3.1]
    assert bridge.asked[0].raw == bridge.asked[1].raw
    assert [one for one in acted.spoken() if one[0] == "agent"][1:] == [("agent", "Nine.")]


def test_a_late_twin_is_closed_with_its_twin() -> None:
    bridge = TinyBridge(SILENT, SILENT, say("Nine."))
    acted = act_out(call(Line(1, says="Time"), twice=True, first_token_s=4.0), bridge)

    assert [one.because for one in acted.of(Withdrawn)] == ["late", "late"]
    assert acted.closed_s() == [7.1, 7.1, None, None]


def test_a_twin_of_what_failed_is_closed_before_it_is_asked_again() -> None:
    bridge = TinyBridge(Says(status=503), SILENT, say("Nine."))
    acted = act_out(call(Line(1, says="Time"), twice=True), bridge)

    assert acted.asked_s() == [3.1, 3.1, 4.1, 4.1]
    assert acted.closed_s() == [None, 3.1, None, None]


def test_earlier_transcripts_are_asked_with_and_taken_back_in_bursts() -> None:
    bridge = TinyBridge(SILENT, SILENT, say("Nine."))
    line = Line(1, says="Book nine", heard_first=("Book", "Book fine"), burst_s=0.15)
    acted = act_out(call(line), bridge)

    assert [(one.why, one.utterance) for one in acted.of(Requested)] == [
        (Why.EARLY, "Book"), (Why.EARLY, "Book fine"), (Why.UTTERANCE, "Book nine"),
    ]  # fmt: skip
    assert acted.asked_s() == [4.1, 4.25, 4.4]
    assert acted.closed_s() == [4.25, 4.4, None]
    assert [one.because for one in acted.of(Withdrawn)] == ["revised", "revised"]
    assert [one.messages[1:] for one in bridge.asked] == [
        [("user", "Book")], [("user", "Book fine")], [("user", "Book nine")],
    ]  # fmt: skip


def test_words_of_an_early_reply_are_never_spoken() -> None:
    line = Line(1, says="Book nine", heard_first=("Book",), burst_s=1.0)
    acted = act_out(call(line), TinyBridge(say("For when? "), say("Nine it is.")))

    assert acted.spoken()[-1] == ("agent", "Nine it is.")
    assert "For when?" not in [text for _, text in acted.spoken()]


def test_a_speculative_platform_asks_while_the_caller_speaks() -> None:
    bridge = TinyBridge(SILENT, SILENT, say("Nine."))
    acted = act_out(call(Line(1, says="Book me nine"), speculative=True), bridge)

    assert [(one.why, one.utterance) for one in acted.of(Requested)] == [
        (Why.EARLY, "Book"), (Why.EARLY, "Book me"), (Why.UTTERANCE, "Book me nine"),
    ]  # fmt: skip
    assert acted.asked_s() == [2.6, 3.6, 5.1]
    assert acted.closed_s() == [3.6, 5.1, None]
