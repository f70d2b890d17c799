"""A call that bridge places, from the order to its end: what is asked for, said, told and kept.

Our own promises: design 10.
"""

from tests.e2e.outbound.calling_out import (
    CALLEE,
    calling_out,
    dials,
    picks_up,
    post,
    rang,
    shown,
    until,
)
from tests.e2e.provision.office import LINE, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN

MESSAGE = "Your table for four is booked, for nine on Thursday."
BRIEF = "Ask whether the terrace is open, and take the quieter table."


async def test_a_call_is_asked_for_as_the_platform_wants_it(office: Office) -> None:
    async with calling_out(office) as bridge:
        status, call = await post(bridge, message=MESSAGE, mode="notify")
        whole = await shown(bridge, call["id"])

    (asked,) = dials(office)
    (agent_id,) = office.platform.agents
    (number_id,) = office.platform.numbers
    told = asked["conversation_initiation_client_data"]
    assert status == 201
    assert (asked["agent_id"], asked["agent_phone_number_id"]) == (agent_id, number_id)
    assert asked["to_number"] == CALLEE
    assert told["user_id"] == call["id"]
    assert told["conversation_config_override"] == {"agent": {"first_message": MESSAGE}}
    assert asked["telephony_call_config"]["twilio_machine_detection"]["actions"] == [
        {"action": "hang_up", "answered_by": ["machine_start", "fax"]}
    ]
    variables = told["dynamic_variables"]
    assert variables.pop("bridge_session_key").startswith("phone:")
    assert variables == {
        "bridge_caller": LINE,
        "bridge_called": CALLEE,
        "bridge_call": call["id"],
        "bridge_direction": "outbound",
        "bridge_language": "-",
    }
    assert (call["state"], call["is_new"], call["source"]) == ("placed", True, "api")
    assert call["remote"] == "+1555•••7001"
    (placed,) = rang(office)
    assert whole["conversation"] == placed["conversation_id"]
    assert whole["carrier_call"] == placed["call_sid"]


async def test_a_message_is_said_and_the_line_hung_up_without_the_agent(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        _, placed = await post(bridge, message=MESSAGE, brief=BRIEF, mode="notify")
        call = picks_up(office)
        turn = await call.say("Thank you!")
        await office.platform.post_call(call)
        ended = await until(bridge, placed["id"], "ended")

    assert call.greeting == MESSAGE
    assert [tool.name for tool in turn.tools] == ["end_call"]
    assert turn.text.startswith("Goodbye.")
    assert (call.is_up, call.failed) == (False, "")
    assert agent.requests == []
    assert (ended["outcome"], ended["fault"]) == ("completed", "nobody")
    (kept,) = ended["turns"]
    assert (kept["utterance"], kept["outcome"]) == ("Thank you!", "here")


async def test_whoever_speaks_over_the_message_hears_it_once_more(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message=MESSAGE, mode="notify")
        call = picks_up(office)
        call.messages[-1]["content"] = "Your table"
        turn = await call.say("Hello?")

    assert turn.text.startswith(f"{MESSAGE} Goodbye.")
    assert not call.is_up


async def test_silence_after_the_message_hangs_up_too(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        await post(bridge, message=MESSAGE, mode="notify")
        call = picks_up(office)
        await call.silence()

    assert not call.is_up
    assert agent.requests == []


async def test_the_brief_is_heard_by_the_agent_and_by_nobody_else(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        agent.reply("Is the terrace open?")
        _, placed = await post(bridge, message=MESSAGE, brief=BRIEF)
        call = picks_up(office)
        turn = await call.say("Who is this?")
        await until(bridge, placed["id"], "answered")

    asked = agent.requests[0].body["messages"]
    systems = [m["content"] for m in asked if m["role"] == "system"]
    assert [BRIEF in text for text in systems].count(True) == 1
    assert f"<brief>\n{BRIEF}\n</brief>" in "".join(systems)
    assert MESSAGE in "".join(systems)
    assert "This call was placed for you" in "".join(systems)
    assert turn.text == "Is the terrace open?"
    assert BRIEF not in str(dials(office))
    assert BRIEF not in str(call.requests)


async def test_the_brief_is_known_after_a_restart(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message=MESSAGE, brief=BRIEF)
    async with FakeAgent() as agent, calling_out(office, agent):
        call = picks_up(office)
        await call.say("Who is this?")

    assert BRIEF in str(agent.requests[0].body["messages"])
    assert MESSAGE in str(agent.requests[0].body["messages"])


async def test_a_message_is_hung_up_after_a_restart_as_well(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message=MESSAGE, mode="notify")
    async with FakeAgent() as agent, calling_out(office, agent):
        call = picks_up(office)
        await call.say("Thanks.")

    assert not call.is_up
    assert agent.requests == []


async def test_it_joins_the_session_of_the_person_s_own_calls(office: Office) -> None:
    async with (
        FakeAgent(openclaw=True) as agent,
        calling_out(office, agent, **OPEN) as bridge,
    ):
        theirs = await office.platform.ring(CALLEE, LINE)
        await theirs.say("Hello")
        await theirs.hang_up()
        await post(bridge, message=MESSAGE)
        ours = picks_up(office)
        await ours.say("Hello")

    first, second = (v.headers["x-openclaw-session-key"] for v in agent.requests)
    assert first == second


async def test_it_is_let_in_though_nobody_may_call(office: Office) -> None:
    async with (
        FakeAgent() as agent,
        calling_out(office, agent, POLICY__INBOUND="disabled") as bridge,
    ):
        await post(bridge, message=MESSAGE)
        call = picks_up(office)
        await call.say("Hello")
    assert len(agent.requests) == 1


async def test_braces_in_a_message_do_not_end_the_call(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message="Write {{name}} on it.")
        call = picks_up(office)
    assert call.failed == ""


async def test_a_language_is_spoken_when_it_is_another_than_the_agent_s(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, message="Guten Tag.", language="de")
    agent = dials(office)[0]["conversation_initiation_client_data"]
    assert agent["conversation_config_override"]["agent"]["language"] == "de"
    assert agent["dynamic_variables"]["bridge_language"] == "de"


async def test_the_agent_s_own_language_is_not_overridden(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, language="en")
    assert "conversation_config_override" not in str(dials(office))


async def test_nobody_picks_up_and_the_record_says_so(office: Office) -> None:
    async with calling_out(office) as bridge:
        _, placed = await post(bridge, message=MESSAGE)
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        await office.platform.post_call(conversation)
        ended = await until(bridge, placed["id"], "ended")
    assert (ended["outcome"], ended["fault"]) == ("no_answer", "remote")
    assert ended["cause"] == "Nobody picked up."
