"""The code: who is asked, what they hear, and that it never reaches the agent."""

import pytest

from bridge.calls.asking import AskPlan, plan_ask
from bridge.calls.request import TurnRequest
from bridge.core.conversation import Conversation
from bridge.core.dialogue import News
from bridge.core.pin import LOCKOUT_S
from bridge.errors import NotAllowed
from bridge.ports.upstream import Ask
from tests.fakes.desk import BOOK, CALLER, CODED, HEADERS, PHRASES, Desk, after_our, hangs_up
from tests.fakes.scripted_agent import ScriptedAgent

OPENING = ("What's on today?", PHRASES.pin_ask)


def test_a_caller_is_asked_for_the_code_and_then_let_in() -> None:
    desk = Desk(CODED)

    assert desk.hears("What's on today?") == PHRASES.pin_ask
    desk.at_s += 6
    assert desk.hears(*OPENING, "four seven one one") == PHRASES.pin_ok
    desk.at_s += 6
    turn = desk.passes(*OPENING, "four seven one one", PHRASES.pin_ok, "So, what's on?")

    assert turn.private == frozenset({0, 1})
    assert desk.refused == ["pin_ask"]


def test_a_retry_of_each_step_is_told_the_same() -> None:
    desk = Desk(CODED)
    for _ in range(3):
        assert desk.hears("What's on today?") == PHRASES.pin_ask
    desk.at_s += 6
    for _ in range(5):
        assert desk.hears(*OPENING, "4 7 1 2") == PHRASES.pin_wrong
    desk.at_s += 6
    wrong = (*OPENING, "4 7 1 2", PHRASES.pin_wrong)
    for _ in range(3):
        assert desk.hears(*wrong, "4 7 1 1") == PHRASES.pin_ok
        desk.at_s += 20
    assert isinstance(desk.asks(*wrong, "4 7 1 1", PHRASES.pin_ok, "So?"), TurnRequest)


def test_after_three_wrong_codes_the_number_is_locked_out_and_the_line_hung_up() -> None:
    desk = Desk(CODED)
    history: tuple[str, ...] = ("Hi",)
    heard = [desk.hears(*history)]
    for code in ("1111", "2222", "3333"):
        desk.at_s += 6
        history = (*history, heard[-1], code)
        heard.append(desk.hears(*history))

    assert heard == [PHRASES.pin_ask, PHRASES.pin_wrong, PHRASES.pin_wrong, PHRASES.pin_locked]
    locked = desk.is_refused(*history)
    assert hangs_up(locked)
    assert isinstance(locked.error, NotAllowed)
    assert locked.error.rule == "pin_locked"
    again = {**HEADERS, "x-bridge-conversation": "conv_2"}
    assert desk.hears("Hi", headers=again) == PHRASES.pin_locked
    desk.at_s += LOCKOUT_S
    assert desk.hears("Hi", headers={**again, "x-bridge-conversation": "conv_3"}) == PHRASES.pin_ask


def test_asking_for_the_code_is_no_error_for_a_request_without_a_stream() -> None:
    refusal = Desk(CODED).is_refused("Hi")

    assert (refusal.rule, refusal.error, hangs_up(refusal)) == ("pin_ask", None, False)


@pytest.mark.parametrize("keeps_history", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
def test_the_code_never_reaches_the_agent(*, keeps_history: bool, restarted: bool) -> None:
    """Not in its history, not among what it was not asked yet; not even after a restart."""
    desk = Desk(CODED)
    said = (*OPENING, "It's 47 11", "")
    desk.hears(*said[:1])
    desk.at_s += 6
    desk.hears(*said[:3])
    desk.at_s += 6
    if restarted:
        desk = Desk(CODED)
        desk.hears("Hi")
        desk.at_s += 6
        desk.hears("Hi", PHRASES.pin_ask, "4711")
        desk.at_s += 6
    turn = desk.passes(*said, "What about tomorrow?")

    ask = asked(turn, keeps_history=keeps_history)
    everything = " ".join(m.text for m in (*ask.messages, *ask.newest))
    assert [m.text for m in ask.newest][-1] == "What about tomorrow?"
    assert "47" not in everything
    assert "11" not in everything


def asked(turn: TurnRequest, *, keeps_history: bool) -> Ask:
    plan = AskPlan(
        turn,
        Conversation(),
        replaces=False,
        fillers=BOOK.all_fillers(),
        prompts=BOOK.all_prompts(),
        tells_caller=True,
    )
    return plan_ask(plan, ScriptedAgent(keeps_history=keeps_history))


def test_digits_of_the_code_are_not_kept_from_the_agent_when_they_are_the_question() -> None:
    desk = Desk(CODED)
    desk.hears("Hi")
    desk.at_s += 6
    desk.hears("Hi", PHRASES.pin_ask, "4711")
    desk.at_s += 60
    turn = desk.passes("Hi", PHRASES.pin_ask, "4711", PHRASES.pin_ok, "Is 4711 a perfume?")

    ask = asked(turn, keeps_history=False)
    assert ask.messages[-1].text == ask.newest[-1].text == "Is 4711 a perfume?"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**HEADERS, "x-bridge-direction": "outbound", "x-bridge-called": CALLER},
    ],
    ids=["let in by its token", "placed by us"],
)
def test_who_needs_no_code_is_asked_for_none(headers: dict[str, str]) -> None:
    Desk(CODED).passes("Hi", headers=headers)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"x-bridge-caller": CALLER}, PHRASES.pin_ask),
        ({"x-bridge-caller": "anonymous", "x-bridge-call": "CA1"}, PHRASES.pin_ask),
        ({"x-bridge-caller": "anonymous"}, PHRASES.pin_locked),
    ],
    ids=["known by its number", "known by the carrier's id", "known by nothing"],
)
def test_a_call_without_a_conversation_does_not_slip_past_the_code(
    headers: dict[str, str], sentence: str
) -> None:
    assert Desk(CODED).hears("Hi", headers=headers) == sentence


def test_silence_and_what_follows_our_own_act_need_no_code() -> None:
    desk = Desk(CODED)

    assert desk.passes("...").dialogue.news is News.NOBODY
    assert isinstance(desk.entrance.admit(after_our("end_call"), HEADERS), TurnRequest)
