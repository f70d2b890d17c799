"""Who may have a turn: policy, the pace of a number, the session, the plain profile."""

import json
from dataclasses import replace

import pytest

from bridge.calls.entrance import Refusal, Rules
from bridge.calls.request import TurnRequest
from bridge.core.chat import ChatRequest, Message
from bridge.core.dialogue import News
from bridge.core.identity import Strength
from bridge.core.initiation import NOT_STATED, VARIABLES
from bridge.core.policy import Inbound, Policy
from bridge.core.reply import Call, End, Origin, Words
from bridge.core.session import caller_digest
from bridge.errors import BadRequest, NotAllowed, OverLimit
from bridge.ports.upstream import Ask
from tests.fakes.desk import (
    BOOK,
    CALLER,
    CODED,
    END_CALL,
    HEADERS,
    LINE,
    PHRASES,
    RULES,
    SECRET,
    Desk,
    after_our,
    chat,
    hangs_up,
    sentence_of,
)


def after_refusal(language: str, *said: str) -> ChatRequest:
    """A call that was answered with our refusal, and what was said after it, the caller first."""
    refused = BOOK.for_language(language).refused
    wires = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": refused},
    ]
    request = chat(wires=wires)
    return replace(chat("x", tools=True), messages=(*request.messages, *spoken(*said)))


def spoken(*said: str) -> tuple[Message, ...]:
    return tuple(Message.of(("user", "assistant")[i % 2], text) for i, text in enumerate(said))


# -- a turn ---------------------------------------------------------------------------------------


def test_who_is_let_in_has_a_turn_with_everything_the_engine_needs() -> None:
    desk = Desk()
    turn = desk.passes("Hi", "Hello!", "What's on?")

    assert (turn.thread, turn.strength) == ("conv:conv_1", Strength.CONVERSATION)
    assert turn.identity.caller == CALLER
    assert turn.session_key == f"phone:{caller_digest(CALLER, SECRET)}"
    assert (turn.dialogue.news, turn.dialogue.newest[0].text) == (News.UTTERANCE, "What's on?")
    assert (turn.language, turn.received_s) == ("en", 1000.0)
    assert (turn.tools, turn.params) == ((END_CALL,), {})
    assert turn.private == frozenset()
    assert desk.refused == []


def test_requests_that_say_nothing_of_themselves_stand_alone_each() -> None:
    desk = Desk()
    one, other = desk.passes("Hi", headers={}), desk.passes("Hi", headers={})

    assert (one.strength, one.session_key) == (Strength.ALONE, None)
    assert one.thread != other.thread
    assert desk.sessions.rows() == []


def test_the_marker_line_says_who_calls_and_goes_no_further() -> None:
    desk = Desk()
    marker = f"[bridge conversation=conv_9 caller={CALLER} direction=inbound]"
    wires = [
        {"role": "system", "content": f"Be brief.\n{marker}"},
        {"role": "user", "content": "Hi"},
    ]
    turn = desk.entrance.admit(chat(wires=wires), {})

    assert isinstance(turn, TurnRequest)
    assert turn.thread == "conv:conv_9"
    assert "bridge" not in turn.messages[0].text


def test_a_header_that_can_not_be_is_a_bad_request() -> None:
    with pytest.raises(BadRequest):
        Desk().asks("Hi", headers={"x-openclaw-session-key": "x" * 300})


def test_who_talks_in_which_session_is_noted_once_they_are_in() -> None:
    desk = Desk()
    desk.passes("Hi")
    desk.passes("Hi", "Hello!", "Bye")

    (row,) = desk.sessions.rows()
    assert (row.conversation, row.turns) == ("conv_1", 2)
    assert row.last_at_s == 1.7e9 + 1000.0
    assert CALLER not in str(row)


# -- policy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "headers", "rule"),
    [
        (Policy(), HEADERS, "disabled"),
        (Policy(Inbound.ALLOWLIST, ("+4930*",)), HEADERS, "not_listed"),
        (
            Policy(Inbound.ALLOWLIST, ("+1*",)),
            {**HEADERS, "x-bridge-caller": "anonymous"},
            "withheld",
        ),
        (Policy(Inbound.OPEN, unidentified="refuse"), {}, "unidentified"),
    ],
)
def test_a_refused_caller_hears_one_sentence_and_the_line_is_hung_up(
    policy: Policy, headers: dict[str, str], rule: str
) -> None:
    desk = Desk(replace(RULES, policy=policy))
    refusal = desk.is_refused("Hi", headers=headers)

    assert refusal.rule == rule
    assert sentence_of(refusal.items) == PHRASES.refused
    assert hangs_up(refusal)
    assert refusal.items[-1] == End("tool_calls")
    assert isinstance(refusal.error, NotAllowed)
    assert refusal.error.rule == rule
    assert desk.refused == [rule]
    assert desk.sessions.rows() == []


def test_without_the_tool_a_refused_caller_still_hears_the_sentence() -> None:
    refusal = Desk(replace(RULES, policy=Policy())).asks("Hi", tools=False)

    assert isinstance(refusal, Refusal)
    assert refusal.items == (Words(PHRASES.refused, Origin.BRIDGE), End())


def test_a_refused_caller_hears_the_sentence_in_their_language() -> None:
    desk = Desk(replace(RULES, policy=Policy(), language="de"))

    assert desk.hears("Hallo") == BOOK.for_language("de").refused


def test_what_follows_our_own_hang_up_is_an_empty_end() -> None:
    """The platform tells the outcome of the hang-up: the caller must not be refused twice."""
    desk = Desk(replace(RULES, policy=Policy()))
    refusal = desk.entrance.admit(after_our("end_call"), HEADERS)

    assert isinstance(refusal, Refusal)
    assert refusal.items == (End(),)


@pytest.mark.parametrize("said", [(), ("Hi",), ("Hi", "", "Hello?")])
@pytest.mark.parametrize("language", ["en", "de"])
def test_who_heard_the_sentence_when_the_call_was_answered_is_hung_up_without_it(
    said: tuple[str, ...], language: str
) -> None:
    desk = Desk(replace(RULES, policy=Policy()))
    refusal = desk.entrance.admit(after_refusal(language, *said), HEADERS)

    assert isinstance(refusal, Refusal)
    assert refusal.rule == "disabled"
    assert [type(item) for item in refusal.items] == [Call, End]
    assert hangs_up(refusal)
    assert isinstance(refusal.error, NotAllowed)


def test_a_tool_that_wants_words_of_its_own_repeats_nothing() -> None:
    wants = {"message": {"type": "string"}, "reason": {"type": "string"}}
    parameters = {"type": "object", "properties": wants, "required": list(wants)}
    tool = {"type": "function", "function": {"name": "end_call", "parameters": parameters}}
    heard = replace(after_refusal("en", "Hi"), tools=(tool,))
    refusal = Desk(replace(RULES, policy=Policy())).entrance.admit(heard, HEADERS)

    assert isinstance(refusal, Refusal)
    assert isinstance(refusal.items[0], Call)
    assert json.loads(refusal.items[0].arguments)["message"] == ""


def test_where_nothing_hangs_up_who_heard_the_sentence_hears_nothing_more() -> None:
    heard = replace(after_refusal("en", "Hi"), tools=())
    refusal = Desk(replace(RULES, policy=Policy())).entrance.admit(heard, HEADERS)

    assert isinstance(refusal, Refusal)
    assert refusal.items == (End(),)


def test_who_spoke_over_the_sentence_hears_it_once_more() -> None:
    cut = PHRASES.refused[:12]
    heard = chat(wires=[{"role": "assistant", "content": cut}, {"role": "user", "content": "Hi"}])
    refusal = Desk(replace(RULES, policy=Policy())).entrance.admit(heard, HEADERS)

    assert isinstance(refusal, Refusal)
    assert sentence_of(refusal.items) == PHRASES.refused


def test_who_was_refused_when_the_call_was_answered_stays_refused() -> None:
    """Something was broken then: the line must not open because it works again."""
    desk = Desk()
    refusal = desk.entrance.admit(after_refusal("en", "Hi"), HEADERS)

    assert isinstance(refusal, Refusal)
    assert (refusal.rule, desk.refused) == ("refused_before", ["refused_before"])
    assert hangs_up(refusal)


def test_a_test_of_a_provisioned_agent_is_no_call() -> None:
    """In the dashboard nobody fills our variables in: each header is the placeholder."""
    tested = dict.fromkeys(VARIABLES.values(), NOT_STATED) | {"x-bridge-conversation": "conv_7"}
    turn = Desk(replace(RULES, policy=Policy())).passes("Hi", headers=tested)

    assert (turn.thread, turn.session_key) == ("conv:conv_7", "phone:call:conv_7")
    refusing = Desk(replace(RULES, policy=Policy(Inbound.OPEN, unidentified="refuse")))
    assert refusing.is_refused("Hi", headers=tested).rule == "unidentified"


@pytest.mark.anyio
async def test_a_refusal_can_be_followed_as_any_reply() -> None:
    refusal = Desk(replace(RULES, policy=Policy())).is_refused("Hi")
    listening = refusal.listening()

    assert listening.kind == "refused"
    assert [items async for items in listening.items] == [refusal.items]


# -- the pace of a number -------------------------------------------------------------------------


def test_one_number_may_not_ask_faster_than_its_pace() -> None:
    desk = Desk(replace(RULES, per_number=2))
    desk.passes("Hi")
    desk.passes("Hi", "Hello!", "Bye")

    with pytest.raises(OverLimit) as refusal:
        desk.asks("Hi", "Hello!", "Bye", "Bye!", "Oh")

    assert refusal.value.retry_after_s == 60.0
    assert CALLER not in refusal.value.message
    assert desk.refused == ["per_number"]
    desk.passes("Hi", headers={**HEADERS, "x-bridge-caller": "+15550009999"})
    desk.at_s += 60.0
    desk.passes("Hi", "Hello!", "Bye", "Bye!", "Oh")


def test_a_withheld_number_has_no_pace_of_its_own() -> None:
    desk = Desk(replace(RULES, per_number=1))
    withheld = {**HEADERS, "x-bridge-caller": "anonymous"}

    for _ in range(3):
        desk.passes("Hi", headers=withheld)


def test_on_a_call_we_placed_it_is_the_callee_who_has_a_pace() -> None:
    desk = Desk(replace(RULES, per_number=1))
    placed = {"x-bridge-caller": LINE, "x-bridge-called": CALLER, "x-bridge-direction": "outbound"}
    desk.passes("Hi", headers={**placed, "x-bridge-conversation": "conv_1"})

    with pytest.raises(OverLimit):
        desk.asks("Hi", headers={**placed, "x-bridge-conversation": "conv_2"})


# -- the plain profile ----------------------------------------------------------------------------


def test_a_plain_request_is_asked_as_it_came() -> None:
    desk = Desk()
    request = replace(
        chat("Hi", "One moment... Hello!", "Bye", tools=True), model="m", params={"top_p": 1}
    )
    ask = desk.entrance.admit_plain(request, HEADERS)

    assert ask == Ask(
        messages=request.messages,
        newest=request.messages[-1:],
        session_key=ask.session_key,
        tools=(END_CALL,),
        params={"top_p": 1},
        model="m",
        plain=True,
    )
    assert ask.session_key == f"phone:{caller_digest(CALLER, SECRET)}"


def test_a_plain_request_of_system_messages_alone_still_asks_something() -> None:
    request = chat(wires=[{"role": "system", "content": "Say hello."}])

    assert Desk().entrance.admit_plain(request, {}).newest == (Message("system", "Say hello."),)


@pytest.mark.parametrize(
    ("rules", "rule"), [(replace(RULES, policy=Policy()), "disabled"), (CODED, "pin")]
)
def test_a_plain_request_of_a_caller_who_may_not_is_an_error(rules: Rules, rule: str) -> None:
    desk = Desk(rules)
    with pytest.raises(NotAllowed) as refusal:
        desk.entrance.admit_plain(chat("Hi"), HEADERS)

    assert (refusal.value.rule, desk.refused) == (rule, [rule])


def test_a_plain_request_keeps_the_pace_too() -> None:
    desk = Desk(replace(RULES, per_number=1))
    desk.entrance.admit_plain(chat("Hi"), HEADERS)

    with pytest.raises(OverLimit):
        desk.entrance.admit_plain(chat("Hi"), HEADERS)
