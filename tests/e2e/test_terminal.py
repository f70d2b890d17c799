"""`bridge chat` as a person types it, on a terminal. Our own promise: design 7."""

import asyncio

from tests.fakes.agent import FakeAgent
from tests.fakes.typist import BARGE_IN, typist

NOBODY = {"SERVER__PORT": "1", "UPSTREAM__WARM_UP": "false", "TURN__FILLERS": "0"}
"""No server runs there, so the chat brings its own."""


async def test_a_newcomer_is_told_what_to_type_before_the_first_prompt_and_then_no_more() -> None:
    async with typist("chat", settings=NOBODY) as person:
        opening = await person.sees("\n> ")
        person.types("spell cat\n")
        reply = await person.sees("\n> ")
        person.types("/quit\n")
        code = await person.ended()

    *_, told, _prompt = opening.splitlines()
    assert told == (
        "Type what the caller says. Ctrl-C during the reply barges in; Ctrl-D or /quit hangs up."
    )
    assert "cat is spelled C, A, T." in reply
    assert "Ctrl-C" not in reply
    assert code == 0


async def test_ctrl_c_during_a_reply_barges_in_and_the_call_goes_on() -> None:
    async with FakeAgent() as agent, typist("chat", agent=agent, settings=NOBODY) as person:
        agent.reply("Friday has ", asyncio.Event(), "two meetings.", once=True)
        await person.sees("> ")
        person.types("What is on?\n")
        await person.sees("Friday has")
        cut = await person.insists(BARGE_IN, lambda: person.sees("\n> "))
        await agent.closed()
        person.types("Only the first.\n")
        await person.sees("You said: Only the first.")
        await person.sees("\n> ")
        code = await person.insists(BARGE_IN, person.ended)

    said = [(m["role"], m["content"]) for m in agent.requests[-1].body["messages"]]
    assert "cut short" in cut
    assert said[-2:] == [("assistant", "Friday has "), ("user", "Only the first.")]
    assert code == 0


async def test_ctrl_d_at_the_prompt_hangs_up() -> None:
    async with typist("chat", settings=NOBODY) as person:
        await person.sees("> ")
        person.types("\x04")

        assert await person.ended() == 0
