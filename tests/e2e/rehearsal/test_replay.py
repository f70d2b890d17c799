"""A call that really was, on a running server, replayed by another process that asks for it."""

import json
import stat
from pathlib import Path

import httpx

from tests.fakes.agent import FakeAgent
from tests.fakes.command import run, running
from tests.fakes.program import OPERATOR_TOKEN

CALLER = "+493012345678"


async def a_turn(http: httpx.AsyncClient, utterance: str) -> None:
    answer = await http.post(
        "/v1/chat/completions", json={"messages": [{"role": "user", "content": utterance}]}
    )
    answer.raise_for_status()


async def the_call(http: httpx.AsyncClient) -> str:
    """The id of the only call on record, once its turn is there."""
    for _ in range(50):
        calls = (await http.get("/calls")).json()["calls"]
        if calls and (await http.get(f"/calls/{calls[0]['id']}/transcript")).json()["turns"]:
            return str(calls[0]["id"])
    raise AssertionError("the turn never came to be on record")


async def test_a_call_of_a_running_server_is_replayed_and_kept(tmp_path: Path) -> None:
    kept = tmp_path / "kept.toml"
    async with running("serve", settings={"POLICY__INBOUND": "open"}) as server:
        url = await server.is_listening()
        named = {
            "x_bridge_conversation": "conv_1",
            "x_bridge_direction": "inbound",
            "x_bridge_caller": CALLER,
            "x_bridge_called": "+15550100",
        }
        async with server.client(url, **named) as platform:
            await a_turn(platform, f"Spell the word cat for {CALLER}.")
        async with server.client(url, OPERATOR_TOKEN) as operator:
            call_id = await the_call(operator)

        said = await run(
            "rehearse", "--from-call", call_id[:9], "--url", url, "--keep", str(kept), "--json"
        )

    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert document["replay"]["call"] == call_id
    [pair] = document["replay"]["turns"]
    assert pair["utterance"] == f"Spell the word cat for {CALLER}."
    assert pair["then"]["words"] == pair["now"]["words"]
    assert pair["differs"] == []
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert CALLER not in kept.read_text("utf-8")
    again = await run("rehearse", str(kept), "-q")
    assert again.code == 0, again.out


async def test_the_agent_of_the_settings_answers_as_it_does_today() -> None:
    quiet = {"UPSTREAM__WARM_UP": "false"}
    async with FakeAgent() as agent:
        agent.reply("It is nine.")
        async with running(
            "serve", agent=agent, settings={"POLICY__INBOUND": "open", **quiet}
        ) as server:
            url = await server.is_listening()
            async with server.client(url, x_bridge_conversation="conv_1") as platform:
                await a_turn(platform, "What time is it?")
            async with server.client(url, OPERATOR_TOKEN) as operator:
                call_id = await the_call(operator)
            agent.reply("It is ten.")

            said = await run(
                "rehearse", "--from-call", call_id, "--url", url, agent=agent, settings=quiet
            )

    assert said.code == 0, said.err
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "! words It is nine. It is ten." in rows
    assert rows[-1].startswith("1 of 1 turn differs: words in 1")
    assert len(agent.requests) == 2


async def test_a_call_that_nobody_has_is_told(tmp_path: Path) -> None:
    said = await run("rehearse", "--from-call", "call_1")

    assert said.code == 2
    assert "No call was recorded yet." in said.err
