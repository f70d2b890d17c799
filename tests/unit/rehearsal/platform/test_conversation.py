"""The platform leads a call over real sockets: who speaks when, and what is heard.

Both voices say a word a second; the greeting is one word. So the first line begins at 1.6 s.
"""

from typing import Any

from bridge.rehearsal.performance import (
    Answered,
    Befell,
    FirstWords,
    Over,
    PickedUp,
    Rang,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)
from bridge.rehearsal.scenario import Event, Line, Manners, Scenario
from tests.fakes.tiny_bridge import (
    SILENT,
    SlowVoice,
    TinyBridge,
    act_out,
    say,
)


def call(*lines: Line, **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines, manners=Manners(**manners))


def whys(acted: Any) -> list[Why]:
    return [one.why for one in acted.of(Requested)]


def test_a_calm_call_is_led_from_the_ring_to_the_last_word() -> None:
    bridge = TinyBridge(say("It is ", "nine. ", "Bye."))
    acted = act_out(call(Line(1, says="What time?"), Line(2, hangs_up=True)), bridge)

    assert acted.facts[:-1] == [
        Rang(0.0, status=200),
        PickedUp(0.0),
        Spoke(0.0, 1.0, "agent", 0, "Hello.", kind="greeting"),
        Spoke(1.6, 3.6, "caller", 1, "What time?"),
        Requested(4.1, 1, 1, Why.UTTERANCE, 1, "What time?"),
        FirstWords(4.2, 1, "It is "),
        Answered(4.2, 1, "stop", "It is nine. Bye."),
        Spoke(4.2, 8.2, "agent", 1, "It is nine. Bye."),
        Over(8.8, "caller", "Call ended by remote party"),
    ]
    assert acted.tape.problems == []
    assert bridge.asked[0].messages == [("assistant", "Hello."), ("user", "What time?")]


def test_a_caller_without_more_to_say_hangs_up_after_the_reply() -> None:
    acted = act_out(call(Line(1, says="Hi")), TinyBridge(say("Hi.")))

    assert acted.of(Over) == [Over(5.2, "caller", "Call ended by remote party")]


def test_words_wait_for_their_sentence_unless_the_voice_needs_none() -> None:
    reply = say("One ", "two. ", "Three", every_s=5.0)
    buffered = act_out(call(Line(1, says="Count")), TinyBridge(reply))
    by_word = act_out(call(Line(1, says="Count"), sentence_buffer=False), TinyBridge(reply))

    assert [one.at_s for one in buffered.of(Spoke)[2:]] == [8.2, 13.2]
    assert [one.at_s for one in by_word.of(Spoke)[2:]] == [3.2, 8.2, 13.2]


def test_a_barge_in_closes_the_stream_and_cuts_the_history_to_what_was_heard() -> None:
    story = say("Once upon a time. ", "There was a bridge.", every_s=60.0)
    bridge = TinyBridge(story, say("Yes?"))
    lines = (Line(1, says="Story"), Line(2, says="Stop", cuts_in_after_words=2))
    acted = act_out(call(*lines), bridge)

    assert Spoke(3.2, 5.2, "agent", 1, "Once upon", "a time.") in acted.facts
    assert acted.of(Withdrawn) == [Withdrawn(5.2, 1, "barge_in")]
    assert acted.closed_s() == [5.2, None]
    assert bridge.asked[1].messages[1:] == [
        ("user", "Story"), ("assistant", "Once upon"), ("user", "Stop"),
    ]  # fmt: skip
    said = bridge.told[0]["data"]["transcript"][2]
    assert (said["interrupted"], said["original_message"]) == (True, "Once upon a time.")


def test_a_reply_that_came_whole_is_cut_all_the_same() -> None:
    bridge = TinyBridge(say("One two three. ", "Four five."), say("Yes?"))
    lines = (Line(1, says="Count"), Line(2, says="Stop", cuts_in_after_words=4))
    acted = act_out(call(*lines), bridge)

    assert acted.of(Withdrawn) == []
    assert bridge.asked[1].messages[2] == ("assistant", "One two three. Four")
    assert [one.unheard for one in acted.of(Spoke) if one.unheard] == ["five."]


def test_the_greeting_can_be_cut_too() -> None:
    bridge = TinyBridge(say("Yes?"))
    lines = (Line(1, says="Stop", cuts_in_after_words=2),)
    acted = act_out(call(*lines), bridge, greeting="Hello, how are you?")

    assert Spoke(0.0, 2.0, "agent", 0, "Hello, how", "are you?", "greeting") in acted.facts
    assert bridge.asked[0].messages[0] == ("assistant", "Hello, how")


def test_fillers_are_not_counted_as_words_of_the_reply() -> None:
    bridge = TinyBridge(say("One moment... ", "It is nine.", every_s=5.0), say("Yes?"))
    lines = (Line(1, says="Time"), Line(2, says="Stop", cuts_in_after_words=2))
    act_out(call(*lines), bridge)

    assert bridge.asked[1].messages[2] == ("assistant", "One moment... It is")


def test_the_caller_may_cut_in_before_a_word_was_heard() -> None:
    bridge = TinyBridge(SILENT, say("Ten."))
    lines = (Line(1, says="Nine"), Line(2, says="no, ten", cuts_in_after_s=4.0))
    acted = act_out(call(*lines), bridge)

    assert acted.of(Withdrawn) == [Withdrawn(7.1, 1, "barge_in")]
    assert bridge.asked[1].messages[1:] == [("user", "Nine"), ("user", "no, ten")]


def test_what_follows_at_once_grows_the_utterance() -> None:
    bridge = TinyBridge(SILENT, say("Ten."))
    lines = (Line(1, says="Nine"), Line(2, says="tomorrow", cuts_in_after_s=0.2))
    act_out(call(*lines), bridge)

    assert bridge.asked[1].messages[1:] == [("user", "Nine tomorrow")]


def test_who_waits_for_more_words_than_come_speaks_after_the_reply() -> None:
    lines = (Line(1, says="Time"), Line(2, says="Thanks", cuts_in_after_words=9, after_s=2.0))
    acted = act_out(call(*lines), TinyBridge(say("It is nine."), say("Bye.")))

    assert acted.of(Spoke)[3] == Spoke(8.2, 9.2, "caller", 2, "Thanks")


def test_a_hang_up_closes_what_is_open() -> None:
    bridge = TinyBridge(say("One. ", "Two.", every_s=60.0))
    lines = (Line(1, says="Count"), Line(2, hangs_up=True, cuts_in_after_s=5.0))
    acted = act_out(call(*lines), bridge)

    assert acted.of(Withdrawn, Over) == [
        Withdrawn(8.1, 1, "hang_up"), Over(8.1, "caller", "Call ended by remote party"),
    ]  # fmt: skip
    assert acted.closed_s() == [8.1]


def test_what_was_not_spoken_yet_when_the_caller_cut_in_is_never_heard() -> None:
    bridge = TinyBridge(say("It is nine."), say("Yes?"))
    lines = (Line(1, says="Time"), Line(2, says="Stop", cuts_in_after_s=2.0))
    acted = act_out(call(*lines), bridge, voice=SlowVoice())

    assert acted.spoken() == [
        ("agent", "Hello."), ("caller", "Time"), ("caller", "Stop"), ("agent", "Yes?"),
    ]  # fmt: skip


def test_silence_is_asked_about_without_a_new_utterance() -> None:
    bridge = TinyBridge(say("Nine."), say("Still there?"))
    acted = act_out(call(Line(1, says="Time"), Line(2, silent_s=10.0)), bridge)

    assert whys(acted) == [Why.UTTERANCE, Why.SILENCE]
    assert acted.of(Requested)[1].line == 2
    assert acted.asked_s() == [3.1, 11.2]
    assert bridge.asked[1].messages[-1] == ("assistant", "Nine.")


def test_an_agent_that_is_to_open_the_call_is_asked_first() -> None:
    acted = act_out(call(Line(1, silent_s=8.0)), TinyBridge(say("Welcome.")), greeting="")

    assert whys(acted) == [Why.GREETING]
    assert acted.asked_s() == [7.0]


def test_silence_for_too_long_ends_the_call() -> None:
    lines = (Line(1, says="Hi"), Line(2, silent_s=600.0))
    acted = act_out(call(*lines, silence_end_s=20.0, turn_timeout_s=-1), TinyBridge(say("Hi.")))

    assert acted.of(Over) == [Over(23.1, "platform", "Call ended due to silence")]


def test_a_call_does_not_go_on_for_ever() -> None:
    lines = (Line(1, silent_s=900.0),)
    acted = act_out(
        call(*lines, max_call_s=60.0, turn_timeout_s=-1, silence_end_s=-1), TinyBridge(say("Hi."))
    )

    assert acted.of(Over) == [Over(60.0, "platform", "Maximum call duration exceeded")]


def test_digits_arrive_as_words_after_a_pause() -> None:
    bridge = TinyBridge(say("Thanks."))
    acted = act_out(call(Line(1, keys="47#")), bridge)

    assert Spoke(1.6, 2.35, "caller", 1, "47#", is_keys=True) in acted.facts
    assert acted.asked_s() == [4.35]
    assert bridge.asked[0].messages[-1] == ("user", "47#")


def test_what_befalls_a_call_comes_at_its_place() -> None:
    bridge = TinyBridge(say("One."), say("Two."))
    lines = (Line(1, says="Count"), Line(2, event=Event.TUNNEL_MOVES), Line(3, says="on"))
    acted = act_out(call(*lines), bridge)

    assert [one.at_s for one in acted.of(Befell)] == [4.8]
    assert len(bridge.asked) == 2
    assert len(bridge.told) == 1
