"""The proof that the configuration we write and the server we run fit together.

The agent that `bridge provision` made is called by telephone: the platform asks, answers, sends and
reports as the agent's record there says, and a bridge that runs with the same settings is asked.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import StringIO

import pytest

from bridge.phrases import load_phrases
from tests.e2e.provision.office import APPLY, LINE, PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, OPEN, OTHER
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, Program, program

BOOK = load_phrases()
ENGLISH, GERMAN = BOOK.for_language("en"), BOOK.for_language("de")
GERMAN_CALLER = "+4930123456"


@asynccontextmanager
async def open_for_calls(
    office: Office, agent: FakeAgent | None = None, **settings: str
) -> AsyncIterator[Program]:
    """Everything provisioned, and a server at the public address, with the same settings."""
    applied = await office.types(*APPLY, **settings)
    assert applied.code == 0, applied.err
    ours = {"STATE_DIR": str(office.state), "LIMITS__PER_NUMBER_PER_MINUTE": "0", **OPEN}
    async with program(agent, {**ours, **settings}) as bridge:
        office.platform.ways[PUBLIC] = bridge.served.url
        yield bridge


async def sessions(bridge: Program) -> Mapping[str, str]:
    """By conversation, the session that it joined; of each session the newest conversation."""
    async with bridge.http(OPERATOR_TOKEN) as client:
        rows = (await client.get("/sessions")).json()["sessions"]
    return {row["conversation"]: row["session"] for row in rows}


async def figure(bridge: Program, name: str) -> list[str]:
    async with bridge.http(OPERATOR_TOKEN) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return [line for line in lines if line.startswith(name)]


# -- a call ----------------------------------------------------------------------------------------


async def test_whoever_calls_is_greeted_heard_and_replied_to(office: Office) -> None:
    async with open_for_calls(office):
        call = await office.platform.ring(CALLER, LINE)
        first = await call.say("spell cat")
        second = await call.say("What is 2 plus 3?")
        await call.hang_up()

    assert (call.failed, call.greeting) == ("", ENGLISH.greeting)
    assert first.text.endswith("cat is spelled C, A, T.")
    assert (first.tools, first.statuses) == ((), (200,))
    assert "5" in second.text
    assert second.statuses == (200,)


async def test_each_caller_has_one_memory_and_no_number_stands_in_it(office: Office) -> None:
    async with (
        FakeAgent(openclaw=True) as gateway,
        open_for_calls(office, gateway) as bridge,
    ):
        calls = []
        for caller in (CALLER, OTHER, CALLER):
            call = await office.platform.ring(caller, LINE)
            assert (await call.say("Hello")).text == "You said: Hello"
            await call.hang_up()
            calls.append(call)
        joined = await sessions(bridge)

    keys = [visit.headers["x-openclaw-session-key"] for visit in gateway.requests]
    assert keys[0] == keys[2] != keys[1]
    assert all(key.startswith("agent:main:phone:") for key in keys)
    newest = [joined[call.conversation_id] for call in calls[1:]]
    assert [f"agent:main:{session}" for session in newest] == keys[1:]
    assert not any(number[2:] in key for key in keys for number in (CALLER, OTHER))


async def test_who_withholds_their_number_gets_a_session_of_the_call(office: Office) -> None:
    async with (
        FakeAgent(openclaw=True) as gateway,
        open_for_calls(office, gateway) as bridge,
    ):
        call = await office.platform.ring("anonymous", LINE)
        await call.say("Hello")
        joined = await sessions(bridge)

    assert joined[call.conversation_id] == f"phone:call:{call.conversation_id}"


async def test_a_turn_that_the_platform_asks_again_is_one_run_of_the_agent(office: Office) -> None:
    """An empty reply counts as a failure there, and is asked for three times."""
    async with FakeAgent() as agent, open_for_calls(office, agent, TURN__FILLERS="0"):
        call = await office.platform.ring(CALLER, LINE)
        agent.reply("It is nine.")
        await call.say("What time is it?")
        call.messages.pop()  # as if the reply had been lost on its way
        again = await call.silence()

    assert again.text == "It is nine."
    assert len(agent.requests) == 1


async def test_the_agent_hangs_up_with_its_last_words(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent):
        call = await office.platform.ring(CALLER, LINE)
        agent.reply("Goodbye then. [[hang up]]")
        turn = await call.say("That was all.")

    assert turn.text.strip() == "Goodbye then."
    assert [(tool.name, tool.rejected) for tool in turn.tools] == [("end_call", "")]
    assert call.ended == "end_call tool was called"


async def test_a_caller_is_put_through_to_a_number_that_was_set(office: Office) -> None:
    desk = {"ELEVENLABS__TRANSFER_TO": "+15550100777"}
    async with FakeAgent() as agent, open_for_calls(office, agent, **desk):
        call = await office.platform.ring(CALLER, LINE)
        agent.reply("I'll put you through. [[transfer +15550100777]]")
        turn = await call.say("A human, please.")

    assert [tool.rejected for tool in turn.tools] == [""]
    assert call.transferred_to == "+15550100777"


async def test_a_silent_caller_is_waited_for_and_the_agent_not_asked(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent):
        call = await office.platform.ring(CALLER, LINE)
        turn = await call.silence()

    assert [(tool.name, tool.rejected) for tool in turn.tools] == [("skip_turn", "")]
    assert call.is_up
    assert agent.requests == []


async def test_a_caller_is_greeted_in_the_language_of_their_number(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent, TURN__LANGUAGES="+49=de"):
        german = await office.platform.ring(GERMAN_CALLER, LINE)
        english = await office.platform.ring(CALLER, LINE)
        heard = await german.say("Guten Tag")

    talk = german.agent["conversation_config"]["agent"]
    assert (german.greeting, talk["language"]) == (GERMAN.greeting, "de")
    assert english.greeting == ENGLISH.greeting
    assert heard.text == "You said: Guten Tag"


async def test_the_greeting_that_was_set_is_what_is_said(office: Office) -> None:
    async with (
        FakeAgent() as agent,
        open_for_calls(office, agent, ELEVENLABS__FIRST_MESSAGE="Ada's desk."),
    ):
        call = await office.platform.ring(CALLER, LINE)

    assert (call.failed, call.greeting) == ("", "Ada's desk.")


# -- who may call ----------------------------------------------------------------------------------

LISTED = {"POLICY__INBOUND": "allowlist", "POLICY__ALLOW_FROM": CALLER}


@pytest.mark.parametrize(
    ("caller", "sentence"),
    [(OTHER, ENGLISH.refused), (GERMAN_CALLER, GERMAN.refused), ("anonymous", ENGLISH.refused)],
)
async def test_a_refused_caller_hears_one_sentence_once_and_is_hung_up(
    office: Office, caller: str, sentence: str
) -> None:
    settings = {**LISTED, "TURN__LANGUAGES": "+49=de"}
    async with FakeAgent() as agent, open_for_calls(office, agent, **settings):
        call = await office.platform.ring(caller, LINE)
        turn = await call.say("Hello?")

    assert call.greeting == sentence
    assert turn.text == ""
    assert [(tool.name, tool.rejected) for tool in turn.tools] == [("end_call", "")]
    assert call.ended
    assert agent.requests == []


async def test_who_is_listed_is_let_in(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent, **LISTED):
        call = await office.platform.ring(CALLER, LINE)
        turn = await call.say("Hello")

    assert (call.greeting, turn.text) == (ENGLISH.greeting, "You said: Hello")


async def test_with_a_code_the_greeting_asks_for_it_and_the_agent_never_learns_it(
    office: Office,
) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent, POLICY__PIN="4711"):
        call = await office.platform.ring(CALLER, LINE)
        wrong = await call.say("one two three four")
        right = await call.say("4 7 1 1")
        then = await call.say("What is on?")

    assert call.greeting.endswith(ENGLISH.pin_ask)
    assert (wrong.text, right.text) == (ENGLISH.pin_wrong, ENGLISH.pin_ok)
    assert then.text == "You said: What is on?"
    assert [visit.utterance for visit in agent.requests] == ["What is on?"]
    assert "4 7 1 1" not in json.dumps(agent.requests[0].body)


async def test_a_conversation_without_a_telephone_needs_a_signed_start(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent, **LISTED):
        agent_id = office.agent["agent_id"]
        stranger = await office.platform.web_chat(agent_id)
        tester = await office.platform.web_chat(agent_id, is_signed=True)
        turn = await tester.say("Hello")

    assert stranger.failed == "The agent requires authentication"
    assert turn.text == "You said: Hello"


# -- after a call ----------------------------------------------------------------------------------


async def test_the_report_of_a_call_is_taken_and_counted_once(office: Office) -> None:
    async with FakeAgent() as agent, open_for_calls(office, agent) as bridge:
        call = await office.platform.ring(CALLER, LINE)
        await call.say("Hello")
        await call.hang_up()
        answers = [await office.platform.post_call(call) for _ in range(2)]
        counted = await figure(bridge, "bridge_calls_reported_total")

    assert [answer.status_code for answer in answers if answer is not None] == [200, 200]
    assert [line.rpartition(" ")[2] for line in counted] == ["1.0"]


async def test_a_report_that_is_signed_with_another_secret_is_refused(office: Office) -> None:
    async with open_for_calls(office) as bridge:
        call = await office.platform.ring(CALLER, LINE)
        await call.hang_up()
        (webhook,) = office.platform.webhooks.values()
        webhook.secret = "wsec_of_somebody_else"
        answer = await office.platform.post_call(call)
        counted = await figure(bridge, "bridge_calls_reported_total")

    assert answer is not None
    assert answer.status_code == 401
    assert counted == []


# -- what changes ----------------------------------------------------------------------------------


async def test_after_the_address_has_moved_calls_come_by_the_new_one(office: Office) -> None:
    moved = {"SERVER__PUBLIC_URL": "https://moved.example.net"}
    async with FakeAgent() as agent, open_for_calls(office, agent) as bridge:
        assert (await office.types(*APPLY, **moved)).code == 0
        office.platform.ways = {moved["SERVER__PUBLIC_URL"]: bridge.served.url}
        call = await office.platform.ring(CALLER, LINE)
        turn = await call.say("Hello")
        await call.hang_up()
        answer = await office.platform.post_call(call)

    assert turn.text == "You said: Hello"
    assert answer is not None
    assert answer.status_code == 200


async def test_a_new_token_reaches_the_platform_with_the_next_run(office: Office) -> None:
    new = {"SERVER__TOKEN": "another-platform-token-than-before"}
    await office.types(*APPLY)
    async with program(settings={"STATE_DIR": str(office.state), **OPEN, **new}) as bridge:
        office.platform.ways[PUBLIC] = bridge.served.url
        before = await office.platform.ring(CALLER, LINE)
        assert (await office.types(*APPLY, **new)).code == 0
        after = await office.platform.ring(CALLER, LINE)
        turn = await after.say("spell cat")

    assert before.failed == "the initiation webhook answered 401"
    assert turn.text.endswith("cat is spelled C, A, T.")


async def test_an_adopted_agent_is_called_with_its_own_greeting(office: Office) -> None:
    agent_id = office.platform.add_agent("Molty", {"agent": {"first_message": "Ahoy!"}})
    await office.types(*APPLY, "--agent", agent_id)
    async with FakeAgent() as agent, open_for_calls(office, agent):
        call = await office.platform.ring(CALLER, LINE)
        turn = await call.say("Hello")

    assert (call.failed, call.greeting) == ("", "Ahoy!")
    assert turn.text == "You said: Hello"


async def test_what_was_taken_back_rings_nowhere_of_ours(office: Office) -> None:
    async with open_for_calls(office):
        await office.types("provision", "--undo", "--yes")
        call = await office.platform.ring(CALLER, LINE)

    assert call.failed == "Twilio sends this number's calls elsewhere"


async def test_no_log_of_a_call_holds_a_number_a_word_or_a_secret(office: Office) -> None:
    with logging_to(lines := StringIO(), "json"):
        async with FakeAgent() as agent, open_for_calls(office, agent, **LISTED):
            for caller in (CALLER, OTHER):
                call = await office.platform.ring(caller, LINE)
                await call.say("Does aunt Wilhelmina have the gout?")
                await call.hang_up()
                await office.platform.post_call(call)

    office.check(lines.getvalue())
    for private in (CALLER[1:], OTHER[1:], "Wilhelmina"):
        assert private not in lines.getvalue()
    assert "call.ringing" in lines.getvalue()
