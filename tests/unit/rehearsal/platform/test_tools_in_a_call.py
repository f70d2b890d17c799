"""The platform carries out tools, after the last word.

Both voices say a word a second; the greeting is one word. So the first line begins at 1.6 s.
"""

from typing import Any

import pytest

from bridge.rehearsal.performance import (
    Acted,
    Over,
    Requested,
    Spoke,
    Why,
)
from bridge.rehearsal.scenario import Line, Manners, Scenario
from tests.fakes.tiny_bridge import (
    SlowVoice,
    TinyBridge,
    act,
    act_out,
    hang_up,
    say,
)


def call(*lines: Line, **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines, manners=Manners(**manners))


def whys(acted: Any) -> list[Why]:
    return [one.why for one in acted.of(Requested)]


def test_a_tool_is_carried_out_after_the_last_word() -> None:
    acted = act_out(call(Line(1, says="Bye")), TinyBridge(hang_up("Goodbye to you.")))

    assert acted.facts[-4:-1] == [
        Spoke(3.2, 6.2, "agent", 1, "Goodbye to you."),
        Acted(6.2, 1, "end_call", {"reason": "over"}),
        Over(6.2, "agent", "end_call tool was called"),
    ]
    assert len(acted.bridge.asked) == 1


def test_what_a_tool_is_to_say_is_spoken_before_the_end() -> None:
    spoken = act("", "end_call", reason="over", system__message_to_speak="Goodbye.")
    acted = act_out(call(Line(1, says="Bye")), TinyBridge(spoken))

    assert acted.spoken()[-1] == ("agent", "Goodbye.")
    assert acted.of(Over)[0].by == "agent"


def test_after_a_tool_bridge_is_asked_for_the_rest_with_its_result() -> None:
    use = act("Een moment.", "language_detection", reason="asked", language="nl")
    bridge = TinyBridge(use, say("Goedendag."))
    acted = act_out(call(Line(1, says="Nederlands")), bridge)

    assert whys(acted) == [Why.UTTERANCE, Why.TOOL]
    roles = [message["role"] for message in bridge.asked[1].body["messages"]]
    assert roles == ["system", "assistant", "user", "assistant", "tool"]
    assert acted.spoken()[-1] == ("agent", "Goedendag.")


def test_a_change_of_language_is_heard() -> None:
    use = act("Een moment.", "language_detection", reason="asked", language="nl")
    voice = SlowVoice()
    act_out(call(Line(1, says="Nederlands")), TinyBridge(use, say("Goedendag.")), voice=voice)

    assert voice.languages == ["en", "en", "nl"]


def test_nothing_more_to_say_after_a_tool_is_a_reply() -> None:
    use = act("Een moment.", "language_detection", reason="asked", language="nl")
    acted = act_out(call(Line(1, says="Nederlands")), TinyBridge(use, say()))

    assert whys(acted) == [Why.UTTERANCE, Why.TOOL]
    assert acted.of(Over)[0].by == "caller"


def test_a_platform_may_not_ask_after_tools() -> None:
    use = act("Een moment.", "language_detection", reason="asked", language="nl")
    acted = act_out(call(Line(1, says="Nederlands"), asks_after_tools=False), TinyBridge(use))

    assert whys(acted) == [Why.UTTERANCE]


def test_after_waiting_for_the_caller_nobody_is_asked() -> None:
    acted = act_out(call(Line(1, says="Wait")), TinyBridge(act("", "skip_turn")))

    assert whys(acted) == [Why.UTTERANCE]


def test_a_wrong_call_is_told_so_and_asked_again_only_so_often() -> None:
    bridge = TinyBridge(act("Bye.", "end_call"))
    acted = act_out(call(Line(1, says="Bye")), bridge)

    assert [one.error for one in acted.of(Acted)] == ["missing argument 'reason'"] * 5
    assert whys(acted) == [Why.UTTERANCE] + [Why.TOOL] * 4
    assert acted.of(Over)[0].by == "caller"


@pytest.mark.parametrize(("number", "by"), [("+15550100", "agent"), ("+15550199", "caller")])
def test_a_transfer_ends_the_call_when_the_number_may_be_called(number: str, by: str) -> None:
    use = act("One second.", "transfer_to_number", transfer_number=number, agent_message="x")
    acted = act_out(
        call(Line(1, says="Sales")), TinyBridge(use, say("Sorry.")), transfer_to=("+15550100",)
    )

    assert acted.of(Over)[0].by == by


def test_a_tool_is_not_carried_out_when_the_caller_cuts_in() -> None:
    bridge = TinyBridge(hang_up("Goodbye to you."), say("Yes?"))
    acted = act_out(call(Line(1, says="Bye"), Line(2, says="Wait", cuts_in_after_words=1)), bridge)

    assert acted.of(Acted) == []
    assert bridge.asked[1].messages[2] == ("assistant", "Goodbye")


def test_only_what_the_platform_has_is_offered() -> None:
    bridge = TinyBridge(say("Hi."))
    act_out(call(Line(1, says="Hi"), tools=("end_call",), old_schemas=True), bridge)

    (tool,) = bridge.asked[0].body["tools"]
    assert set(tool["function"]["parameters"]["properties"]) == {"reason", "message"}
