"""The platform's calls, from the ring to the report: those that ring in, and those bridge places."""

from typing import Any

import pytest
from typing_extensions import override

from bridge.core.stated import NOT_STATED
from bridge.rehearsal.performance import (
    Delivered,
    Over,
    PickedUp,
    Rang,
    Requested,
    Spoke,
)
from bridge.rehearsal.platform.exchange import acts
from bridge.rehearsal.scenario import Line, Manners, OutboundCall, PickUp, Scenario
from tests.fakes.tiny_bridge import OUTBOUND, TinyBridge, act, act_out, hang_up, say

BYE = hang_up("Bye.")
HI = Line(1, says="Hi")


def scenario(*lines: Line, caller: str = "+15550001234", **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines or (HI,), caller=caller, manners=Manners(**manners))


def outbound(pick_up: PickUp = PickUp.ANSWERED, *lines: Line, **more: Any) -> Scenario:
    call = OutboundCall("+15550001234", message="Your table is booked.", pick_up=pick_up, **more)
    return Scenario("test", "A call.", lines, outbound=call)


# -- a call that rings in --------------------------------------------------------------------------


def test_bridge_is_asked_while_it_rings_and_its_answer_is_obeyed() -> None:
    bridge = TinyBridge(BYE)
    bridge.introduction = {
        "type": "conversation_initiation_client_data",
        "dynamic_variables": {"bridge_caller": "+15550001234"},
        "conversation_config_override": {"agent": {"first_message": "Welcome back."}},
    }
    acted = act_out(scenario(), bridge)

    (rang,) = bridge.rang
    assert rang["conversation_id"] == "conv_test_1"
    assert rang["caller_id"] == "+15550001234"
    assert (rang["called_number"], rang["agent_id"]) == ("+15550100", "agent_rehearsal")
    assert acted.spoken()[0] == ("agent", "Welcome back.")
    assert bridge.asked[0].headers["x-bridge-caller"] == "+15550001234"
    assert bridge.asked[0].headers["x-bridge-conversation"] == "conv_test_1"


def test_a_withheld_number_rings_as_anonymous() -> None:
    bridge = TinyBridge(BYE)
    act_out(scenario(caller=""), bridge)

    assert bridge.rang[0]["caller_id"] == "anonymous"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (500, "the initiation webhook answered 500"),
        ({"type": "something_else"}, "the initiation webhook answered another type"),
        ([], "the initiation webhook answered another type"),
        (b"<html>", "the initiation webhook did not answer JSON"),
        (0, "the initiation webhook: RemoteProtocolError"),
    ],
)
def test_without_a_usable_answer_there_is_no_call(answer: Any, why: str) -> None:
    bridge = TinyBridge(BYE)
    bridge.introduction = answer
    acted = act_out(scenario(), bridge)

    assert acted.of(PickedUp, Spoke, Requested, Delivered) == []
    assert acted.of(Over) == [Over(0.0, "platform", why)]


def test_nobody_lets_it_ring_for_an_answer_for_long() -> None:
    bridge = TinyBridge(BYE)
    bridge.thinks_s = 30.0
    acted = act_out(scenario(), bridge)

    assert acted.facts == [
        Rang(0.0, status=0, took_s=5.0),
        Over(5.0, "platform", "the initiation webhook: TimeoutError"),
    ]


def test_an_answer_that_is_not_permitted_stops_the_conversation() -> None:
    bridge = TinyBridge(BYE)
    override = {"conversation_config_override": {"tts": {"voice_id": "x"}}}
    bridge.introduction = {"type": "conversation_initiation_client_data", **override}
    acted = act_out(scenario(), bridge)

    assert acted.of(Over)[0].reason == "Override not allowed by config: tts.voice_id"
    assert bridge.told[0]["data"]["status"] == "failed"


def test_webhooks_can_be_switched_off() -> None:
    bridge = TinyBridge(BYE)
    acted = act_out(scenario(webhooks=False), bridge)

    assert (bridge.rang, bridge.told) == ([], [])
    assert acted.of(Rang) == [Rang(0.0)]
    assert bridge.asked[0].headers["x-bridge-caller"] == NOT_STATED


def test_the_scenario_may_greet_in_its_own_words() -> None:
    call = Scenario("test", "A call.", (HI,), greeting="Good day.")

    assert act_out(call, TinyBridge(BYE)).spoken()[0] == ("agent", "Good day.")


# -- reports ---------------------------------------------------------------------------------------


def test_the_report_says_what_was_said() -> None:
    bridge = TinyBridge(BYE)
    acted = act_out(scenario(), bridge)

    over_s = acted.of(Over)[0].at_s
    assert acted.of(Delivered) == [Delivered(over_s + 1.0, "post_call_transcription", 200)]
    told = bridge.told[0]["data"]
    assert [(one["role"], one["message"]) for one in told["transcript"]] == [
        ("agent", "Hello."), ("user", "Hi"), ("agent", "Bye."),
    ]  # fmt: skip
    assert (told["status"], told["metadata"]["termination_reason"]) == (
        "done",
        "end_call tool was called",
    )
    assert told["metadata"]["phone_call"]["direction"] == "inbound"


def test_a_report_may_come_more_than_once() -> None:
    bridge = TinyBridge(BYE)
    act_out(scenario(repeat_post_call=3), bridge)

    assert len(bridge.told) == 3
    assert bridge.told[0] == bridge.told[1]


@pytest.mark.parametrize(
    ("statuses", "seen"),
    [([503, 429, 0, 200], [503, 429, 0, 200]), ([500], [500] * 4), ([401], [401])],
)
def test_a_report_that_is_not_taken_comes_again_for_a_while(
    statuses: list[int], seen: list[int]
) -> None:
    bridge = TinyBridge(BYE)
    bridge.takes = statuses
    acted = act_out(scenario(), bridge)

    assert [one.status for one in acted.of(Delivered)] == seen


# -- calls that bridge places ------------------------------------------------------------------------


def test_a_call_is_ordered_of_bridge_and_picked_up() -> None:
    bridge = TinyBridge(say("Nine."), BYE)
    acted = act_out(outbound(PickUp.ANSWERED, Line(1, says="When?"), Line(2, says="Bye")), bridge)

    ((order, headers),) = bridge.orders
    assert order == {
        "to": "+15550001234",
        "mode": "conversation",
        "message": "Your table is booked.",
    }
    assert headers["idempotency-key"]
    assert acted.facts[:3] == [
        Rang(0.0, placed=True),
        PickedUp(4.0),
        Spoke(4.0, 8.0, "agent", 0, "Your table is booked.", kind="greeting"),
    ]
    assert bridge.asked[0].body["user_id"] == "call_1"
    assert bridge.asked[0].headers["x-bridge-direction"] == "outbound"
    (ring,) = acted.platform.rings
    assert (ring["to"], ring["user_id"], ring["answer"]) == (
        "+15550001234",
        "call_1",
        {"id": "call_1"},
    )
    assert bridge.told[0]["data"]["metadata"]["phone_call"]["call_result"] == "answered"


def test_a_call_that_the_guard_refuses_does_not_ring() -> None:
    bridge = TinyBridge(BYE)
    bridge.places = None
    acted = act_out(outbound(refused_by="hours"), bridge)

    assert acted.facts == []
    assert acted.platform.refusal == {"rule": "hours"}
    assert acted.platform.rings == []


@pytest.mark.parametrize(
    ("pick_up", "reason"), [(PickUp.BUSY, "busy"), (PickUp.NO_ANSWER, "no-answer")]
)
def test_nobody_picks_up(pick_up: PickUp, reason: str) -> None:
    bridge = TinyBridge(BYE)
    acted = act_out(outbound(pick_up, rings_s=20.0), bridge)

    assert acted.facts == [
        Rang(0.0, placed=True),
        Over(20.0, "platform", reason),
        Delivered(21.0, "call_initiation_failure", 200),
    ]
    assert bridge.told[0]["data"]["failure_reason"] == reason


def test_the_platform_may_say_that_it_did_not() -> None:
    acted = act_out(outbound(PickUp.REJECTED), TinyBridge(BYE))

    assert (acted.facts, acted.platform.rings, acted.tape.problems) == ([], [], [])


def test_an_order_that_fails_otherwise_is_a_problem() -> None:
    bridge = TinyBridge(BYE)
    bridge.places = {**OUTBOUND, "agent_phone_number_id": "phnum_other"}
    acted = act_out(outbound(), bridge)

    assert acted.tape.problems == ["POST /calls answered 502."]
    assert acted.platform.rings == []


def test_an_answer_that_gets_lost_rings_all_the_same() -> None:
    bridge = TinyBridge(BYE)
    acted = act_out(outbound(PickUp.BROKEN, Line(1, says="When?")), bridge)

    assert bridge.placed == [500]
    assert [type(one) for one in acted.facts[:2]] == [Rang, PickedUp]
    assert len(acted.platform.rings) == 1


def test_a_machine_talks_and_waits_for_nobody() -> None:
    bridge = TinyBridge(act("", "voicemail_detection", reason="a machine"))
    acted = act_out(outbound(PickUp.VOICEMAIL), bridge)

    assert acted.of(Spoke)[1].text.startswith("You have reached my mailbox.")
    assert acted.of(Spoke)[0].unheard == "is booked."
    assert acted.of(Over)[0].reason == "voicemail_detection tool was called"


def test_a_machine_is_hung_up_on_where_that_was_ordered() -> None:
    bridge = TinyBridge(BYE)
    detection = {"actions": [{"action": "hang_up", "answered_by": ["machine_start"]}]}
    bridge.places = {
        **OUTBOUND,
        "telephony_call_config": {"twilio_machine_detection": detection},
    }
    acted = act_out(outbound(PickUp.VOICEMAIL), bridge)

    assert acted.of(Requested, Spoke) == []
    assert [one.kind for one in acted.of(Delivered)] == [
        "answering_machine_detection",
        "post_call_transcription",
    ]
    assert bridge.told[0]["data"]["answered_by"] == "machine_start"


# -- calls back ------------------------------------------------------------------------------------


class RingsBack(TinyBridge):
    """Has the platform call back when it is asked for the first time."""

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_first = scope["path"].endswith("/completions") and not self.asked
        if is_first:
            await self.place()
        await super().__call__(scope, receive, send)


LATER = (Line(1, says="Later"), Line(2, picks_up=True), Line(3, says="Thanks"))


def test_the_lines_after_picking_up_are_said_in_the_call_back() -> None:
    bridge = RingsBack(hang_up("I'll call you back."), BYE)
    acted = act_out(scenario(*LATER), bridge)

    assert [one.placed for one in acted.of(Rang)] == [False, True]
    assert len(acted.of(PickedUp)) == 2
    assert len(acted.of(Over)) == 2
    second = bridge.asked[1]
    assert second.headers["x-bridge-conversation"] == "conv_test_2"
    assert second.messages == [("assistant", "Your table is booked."), ("user", "Thanks")]
    assert acted.of(Requested)[-1].line == 3
    assert len(bridge.told) == 2


class RingsBackLater(TinyBridge):
    """Has the platform call back when the first call is reported."""

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/post-call") and not self.told:
            await self.place()
        await super().__call__(scope, receive, send)


def test_a_call_back_is_picked_up_when_it_comes() -> None:
    acted = act_out(scenario(*LATER), RingsBackLater(BYE, BYE))

    over_s = acted.of(Over)[0].at_s
    assert [one.at_s for one in acted.of(Rang)] == [0.0, over_s + 1.0]
    assert acted.of(PickedUp)[1].at_s == over_s + 5.0


def test_a_call_back_that_nobody_expects_rings_to_its_end() -> None:
    acted = act_out(scenario(HI), RingsBack(BYE))

    assert [one.reason for one in acted.of(Over)] == ["end_call tool was called", "no-answer"]
    assert acted.of(Delivered)[-1].kind == "call_initiation_failure"
    assert len(acted.platform.rings) == 1


def test_who_waits_for_a_call_back_in_vain_says_so() -> None:
    acted = act_out(scenario(*LATER), TinyBridge(BYE))

    assert acted.tape.problems == ["Nobody rang back within 600 s."]


def test_lines_are_parted_where_somebody_picks_up() -> None:
    assert acts(LATER) == [LATER[:1], LATER[2:]]
    assert acts(()) == [()]
