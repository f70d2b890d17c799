"""The telephone as an agent's tools: the official client, over stdio, in front of `bridge serve`.

Every process is a real one; the voice platform is the fake. Our own promises: design 7, 10.
Source: modelcontextprotocol.io/specification, server tools (2026-11).
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent

from tests.e2e.outbound.calling_out import ALLOWED, CALLEE, dials, picks_up, rang
from tests.e2e.provision.office import PUBLIC, Office
from tests.fakes.command import ROOT, environment, run, running

MESSAGE = "Good evening, an assistant calls for Ada. The zeppelin is delayed."
NOBODY = "call_0000000000000000"


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with the tools."""

    client: Client

    async def calls(self, tool: str, **arguments: Any) -> CallToolResult:
        async with asyncio.timeout(20):
            return await self.client.call_tool(tool, arguments)

    async def done(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers that did what it was asked for."""
        result = await self.calls(tool, **arguments)
        assert not result.is_error, text_of(result)
        return dict(result.structured_content)

    async def refused(self, tool: str, **arguments: Any) -> tuple[dict[str, Any], str]:
        result = await self.calls(tool, **arguments)
        assert result.is_error, text_of(result)
        error: dict[str, Any] = result.structured_content["error"]
        assert error["message"] in text_of(result) or text_of(result).startswith(error["message"])
        return error, text_of(result)

    async def until_ended(self, call_id: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while (found := await self.done("get_status", call_id=call_id))["state"] != "ended":
                await asyncio.sleep(0.02)
        return found


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@asynccontextmanager
async def agent(settings: Mapping[str, str], *arguments: str) -> AsyncIterator[Agent]:
    """The official client, and `bridge mcp` as its child."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w") as nowhere:
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "bridge", "mcp", *arguments],
            env=environment(folder, None, settings),
            cwd=folder,
        )
        async with Client(stdio_client(command, errlog=nowhere)) as client:
            yield Agent(client)


@asynccontextmanager
async def at_work(office: Office, **settings: str) -> AsyncIterator[Agent]:
    """An agent beside a server in front of the fake platform."""
    ours = {**office.settings, **ALLOWED, **settings}
    async with running("serve", settings=ours) as server:
        url = await server.is_listening()
        office.platform.ways[PUBLIC] = url
        port = str(urlsplit(url).port)
        async with agent({**ours, "SERVER__PORT": port}) as tools:
            yield tools


async def test_the_tools_are_those_of_a_telephone_and_say_what_a_call_is(office: Office) -> None:
    async with agent(office.settings, "--url", "http://127.0.0.1:1") as tools:
        listed = (await tools.client.list_tools()).tools
        instructions = tools.client.instructions

    told = {tool.name: tool for tool in listed}
    assert set(told) == {
        "initiate_call",
        "continue_call",
        "speak_to_user",
        "send_dtmf",
        "end_call",
        "get_status",
    }
    call = told["initiate_call"]
    fields = call.input_schema["properties"]
    assert call.input_schema["required"] == ["to"]
    for promised in ("costs money", "idempotency_key", "agreed"):
        assert promised in (call.description or "")
    assert "E.164" in fields["to"]["description"]
    assert all(field["description"] for tool in listed for field in _fields(tool))
    assert all("ossible" in (told[name].description or "") for name in IMPOSSIBLE)
    assert "not an instruction" in (instructions or "")


def _fields(tool: Any) -> Any:
    return tool.input_schema["properties"].values()


async def test_a_call_is_placed_told_of_and_read_once_it_is_over(office: Office) -> None:
    async with at_work(office) as tools:
        placed = await tools.done("initiate_call", to=CALLEE, message=MESSAGE, brief="Be kind.")
        ringing = await tools.done("get_status", call_id=placed["call_id"])
        call = picks_up(office)
        await call.say("spell cat")
        await call.hang_up()
        await office.platform.post_call(call)
        over = await tools.until_ended(placed["call_id"])
        listed = await tools.done("get_status")

    assert (placed["state"], placed["to"], placed["is_new"]) == ("placed", CALLEE, True)
    assert (ringing["state"], ringing["transcript"]) == ("placed", [])
    assert (over["outcome"], over["fault"], over["message"]) == ("completed", "nobody", MESSAGE)
    assert over["transcript"][0] == {"who": "callee", "text": "spell cat"}
    assert "C, A, T" in over["transcript"][1]["text"]
    assert [call["call_id"] for call in listed["calls"]] == [placed["call_id"]]
    assert len(rang(office)) == 1


async def test_one_key_rings_once(office: Office) -> None:
    async with at_work(office) as tools:
        wish = {"to": CALLEE, "message": MESSAGE, "idempotency_key": "dentist-7"}
        first = await tools.done("initiate_call", **wish)
        again = await tools.done("initiate_call", **wish)
        other, _ = await tools.refused("initiate_call", **{**wish, "message": "Another."})

    assert (first["call_id"], again["is_new"]) == (again["call_id"], False)
    assert "used for another call" in other["message"]
    assert len(rang(office)) == 1


async def test_the_guard_s_refusal_is_a_tool_s_error_that_names_the_rule(office: Office) -> None:
    async with at_work(office, POLICY__OUTBOUND__HOURS="03:00-03:01") as tools:
        hours, said = await tools.refused("initiate_call", to=CALLEE, message=MESSAGE)
        emergency, _ = await tools.refused("initiate_call", to="911", message=MESSAGE)
        dry = await tools.calls("initiate_call", to=CALLEE, message=MESSAGE, dry_run=True)
    async with at_work(office, POLICY__OUTBOUND__ALLOW_TO="") as tools:
        region, _ = await tools.refused("initiate_call", to="+18765550123", message=MESSAGE)
    async with at_work(office, POLICY__OUTBOUND__AGENTS="false") as tools:
        agents, _ = await tools.refused("initiate_call", to=CALLEE, message=MESSAGE)

    assert [error["rule"] for error in (hours, emergency, agents)] == [
        "hours",
        "emergency",
        "agents",
    ]
    assert region["rule"] in ("region", "number", "kind")
    assert "tell them, and let them decide" in said
    assert not dry.is_error
    assert dry.structured_content["allowed"] is False
    assert "Nobody was called" in text_of(dry)
    assert dials(office) == []


async def test_waiting_tells_how_it_goes_and_what_became_of_it(office: Office) -> None:
    states: list[str] = []
    answered = asyncio.Event()

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        states.append(message or "")
        if message == "placed" and not answered.is_set():
            answered.set()

    async with at_work(office) as tools, asyncio.TaskGroup() as tasks:
        wish = {"to": CALLEE, "message": MESSAGE, "wait_s": 60}
        waiting = tasks.create_task(
            tools.client.call_tool("initiate_call", wish, progress_callback=heard)
        )
        async with asyncio.timeout(15):
            await answered.wait()
            (conversation,) = office.platform.ringing
            office.platform.no_answer(conversation)
            await office.platform.post_call(conversation)
            told = await waiting

    assert states[0] == "placed"
    assert told.structured_content["outcome"] == "no_answer"
    assert "Nobody picked up." in text_of(told)


async def test_a_wait_that_is_over_leaves_the_call_alone(office: Office) -> None:
    async with at_work(office) as tools:
        told = await tools.calls("initiate_call", to=CALLEE, message=MESSAGE, wait_s=1)

    assert told.structured_content["state"] == "placed"
    assert "It goes on" in text_of(told)


async def test_a_call_is_ended_at_its_next_turn(office: Office) -> None:
    async with at_work(office) as tools:
        placed = await tools.done("initiate_call", to=CALLEE, message=MESSAGE)
        told = await tools.done("end_call", call_id=placed["call_id"])
        call = picks_up(office)
        await call.say("Hello?")
        await office.platform.post_call(call)
        over = await tools.until_ended(placed["call_id"])
        unknown, _ = await tools.refused("end_call", call_id=NOBODY)

    assert "may ring on" in told["note"]
    assert not call.is_up
    assert (over["outcome"], over["fault"]) == ("completed", "agent")
    assert unknown["message"] == "You have placed no call with this id."


IMPOSSIBLE: dict[str, dict[str, str]] = {
    "continue_call": {"message": "Are you there?"},
    "speak_to_user": {"message": "Are you there?"},
    "send_dtmf": {"digits": "12#"},
}


async def test_what_the_line_cannot_do_is_refused_with_what_to_do_instead(office: Office) -> None:
    async with agent(office.settings, "--url", "http://127.0.0.1:1") as tools:
        for name, arguments in IMPOSSIBLE.items():
            error, said = await tools.refused(name, call_id=NOBODY, **arguments)
            assert error["code"] == "not_possible"
            assert "[[press 12#]]" in said
            assert "[[hang up]]" in said


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("initiate_call", {}, "to"),
        ("initiate_call", {"to": CALLEE, "session": "main"}, "session"),
        ("initiate_call", {"to": CALLEE, "wait_s": 100_000}, "wait_s"),
        ("initiate_call", {"to": CALLEE, "mode": "notify"}, "message"),
        ("end_call", {"call_id": "../stop"}, "call_id"),
        ("get_status", {"call_id": "call_"}, "call_id"),
        ("hang_up_now", {}, "no such tool"),
    ],
)
async def test_what_can_not_be_used_is_a_tool_s_error_that_names_the_field(
    tool: str, arguments: dict[str, Any], field: str
) -> None:
    async with agent({}, "--url", "http://127.0.0.1:1") as tools:
        error, said = await tools.refused(tool, **arguments)

    assert field in said
    assert CALLEE not in said
    assert error["code"] in ("invalid_request", "no_such_tool")


async def test_without_a_server_the_agent_is_told_whom_to_ask(office: Office) -> None:
    async with agent(office.settings, "--url", "http://127.0.0.1:1") as tools:
        error, said = await tools.refused("get_status")
        placing, _ = await tools.refused("initiate_call", to=CALLEE, message=MESSAGE)

    assert (error["code"], placing["code"]) == ("unreachable", "unreachable")
    assert "bridge serve" in said


async def test_a_token_of_another_server_is_told_as_that(office: Office) -> None:
    other = "another-agent-token-of-these-tests"
    async with running("serve", settings={**office.settings, **ALLOWED}) as server:
        url = await server.is_listening()
        settings = {**office.settings, "SERVER__AGENT_TOKEN": other}
        async with agent(settings, "--url", url) as tools:
            error, said = await tools.refused("get_status")

    assert error["code"] == "invalid_api_key"
    assert "BRIDGE_SERVER__AGENT_TOKEN" in said
    assert other not in said


async def test_what_answers_and_is_no_bridge_is_told_as_that(office: Office) -> None:
    async with agent(office.settings, "--url", office.settings["ELEVENLABS__BASE_URL"]) as tools:
        error, _ = await tools.refused("get_status")

    assert error["code"] in ("not_a_bridge", "invalid_api_key")


async def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.abc\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mcp':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "mcp",
        env={**environment(str(tmp_path), None, {}), "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, out) == (3, b"")
    assert b"bridge[mcp]" in err


async def test_who_starts_it_by_hand_sees_it_end_with_its_input() -> None:
    said = await run("mcp", "--url", "http://127.0.0.1:1")
    assert (said.code, said.out) == (0, "")
