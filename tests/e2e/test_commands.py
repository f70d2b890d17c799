"""`bridge` as a person starts it and a service manager stops it: processes, signals, exit codes.

Our own promises: design 7.
"""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.command import START_WITHIN_S, WITHIN_S, Said, run, running
from tests.fakes.program import PLATFORM_TOKEN

CHAT = "/v1/chat/completions"
STOPPING = re.compile("server.stopping")
CALLER = "+15550001234"


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


def body(text: str = "Hi", *, stream: bool = True) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "stream": stream}


async def until_it_says(lines: AsyncIterator[str], words: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        async for line in lines:
            if words in line:
                return
    raise AssertionError(f"the stream ended before {words!r}")


def sentences(said: Said) -> list[str]:
    """What a person reads of a command that failed."""
    return said.err.splitlines()


# -- the server starts -----------------------------------------------------------------------------


async def test_the_server_says_where_it_listens_and_keeps_standard_output_for_data() -> None:
    public = "https://bridge.example.com"
    async with running("serve", settings={"SERVER__PUBLIC_URL": f"{public}/"}) as server:
        url = await server.is_listening()
        async with server.client(url) as client:
            alive = await client.get("/healthz")
            reply = await client.post(CHAT, json=body("What is 2 plus 3?", stream=False))
        server.signal(signal.SIGTERM)
        said = await server.ended()

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert "5" in reply.json()["choices"][0]["message"]["content"]
    assert (said.code, said.out) == (0, "")
    assert f"set the Custom LLM server URL to {public}/v1\n" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("options", [(), ("--port", "0", "--host", "localhost")])
async def test_what_it_says_to_type_next_works_as_it_stands(options: tuple[str, ...]) -> None:
    """In another terminal, in the same folder: with the same settings, without these options."""
    async with running("serve", *options) as server:
        chat = (await server.line(re.compile("run `(.+)` in another terminal")))[1]
        other = await asyncio.create_subprocess_shell(
            f"{chat} --say 'spell cat'",
            env=server.environ,
            cwd=server.environ["HOME"],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(START_WITHIN_S):
            out, err = await other.communicate()

    assert "cat is spelled C, A, T." in out.decode()
    assert "brings its own" not in err.decode()
    assert other.returncode == 0


# -- the server stops ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stream_under_way_finishes_while_new_ones_are_refused(
    agent: FakeAgent, number: signal.Signals
) -> None:
    gate = asyncio.Event()
    agent.reply("Friday has ", gate, "two meetings.")
    async with running("serve", agent=agent) as server:
        url = await server.is_listening()
        async with (
            server.client(url) as client,
            client.stream("POST", CHAT, json=body()) as under_way,
        ):
            lines = under_way.aiter_lines()
            await until_it_says(lines, "Friday has")
            server.signal(number)
            await server.line(STOPPING)
            async with server.client(url) as other:
                refused = await other.post(CHAT, json=body("And Monday?"))
                alive, ready = await other.get("/healthz"), await other.get("/readyz")
            gate.set()
            rest = [line async for line in lines if line]
        said = await server.ended()

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stopping")
    assert int(refused.headers["retry-after"]) >= 1
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["reasons"] == ["stopping"]
    assert "two meetings." in "".join(rest)
    assert rest[-1] == "data: [DONE]"
    assert (said.code, said.out) == (0, "")
    assert len(agent.requests) == 1


async def test_a_stream_that_will_not_end_is_given_its_time_and_no_more(
    agent: FakeAgent,
) -> None:
    agent.hang("Once ")
    async with running("serve", agent=agent, settings={"SERVER__DRAIN_S": "0.1"}) as server:
        url = await server.is_listening()
        async with (
            server.client(url) as client,
            client.stream("POST", CHAT, json=body()) as under_way,
        ):
            lines = under_way.aiter_lines()
            await until_it_says(lines, "Once")
            server.signal(signal.SIGTERM)
            said = await server.ended()
        await agent.closed()

    assert said.code == 0
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 128 + 15), (signal.SIGINT, 128 + 2)])
async def test_a_second_signal_stops_at_once(
    agent: FakeAgent, number: signal.Signals, code: int
) -> None:
    agent.hang("Once ")
    async with running("serve", agent=agent, settings={"SERVER__DRAIN_S": "600"}) as server:
        url = await server.is_listening()
        async with (
            server.client(url) as client,
            client.stream("POST", CHAT, json=body()) as under_way,
        ):
            await until_it_says(under_way.aiter_lines(), "Once")
            server.signal(number)
            await server.line(STOPPING)
            server.signal(number)
            said = await server.ended()
        await agent.closed()

    assert said.code == code
    assert "Traceback" not in said.err


# -- the server doesn't start ----------------------------------------------------------------------


async def test_a_port_that_is_taken_is_a_sentence_and_a_matter_of_settings() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await run("serve", "--port", str(port))

    assert (said.code, said.out) == (3, "")
    assert sentences(said) == [
        f"bridge: Nothing can listen on 127.0.0.1:{port}: Address already in use.",
        "  Stop what listens there, or choose another port with --port.",
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SERVER__PORT": "here"}, "server.port must be a whole number from 0 to 65535"),
        ({"SERVER__PROT": "1"}, "'BRIDGE_SERVER__PROT' is not a setting"),
        ({"UPSTREAM__NAME": "acme"}, "upstream.name is 'acme': there is no such adapter"),
        ({"UPSTREAM__NAME": "openai"}, "upstream.url must be set"),
        ({"SERVER__HOST": "192.0.2.1"}, "Nothing can listen on 192.0.2.1:0"),
        (
            {"SERVER__HOST": "::", "SERVER__TOKEN": "", "SERVER__OPERATOR_TOKEN": ""},
            "server.token and server.operator_token must be set",
        ),
    ],
)
async def test_a_wrong_setting_is_a_sentence_with_its_cure(
    settings: dict[str, str], words: str
) -> None:
    said = await run("serve", settings=settings)

    assert (said.code, said.out) == (3, "")
    assert sentences(said)[0].startswith(f"bridge: {words}")
    assert len(sentences(said)) <= 2
    assert PLATFORM_TOKEN not in said.err


async def test_a_wrong_option_is_a_usage_error() -> None:
    said = await run("serve", "--prot", "1")

    assert (said.code, said.out) == (2, "")
    assert "--prot" in said.err


# -- the other commands, against a running server --------------------------------------------------


def beside(url: str) -> dict[str, str]:
    """The settings by which commands find a server there."""
    return {"SERVER__PORT": str(urlsplit(url).port)}


async def test_a_call_from_the_terminal_and_what_is_known_of_it_afterwards(
    agent: FakeAgent,
) -> None:
    agent.reply("It is nine.", to="time")
    settings = {"POLICY__INBOUND": "open", "UPSTREAM__WARM_UP": "false"}
    async with running("serve", agent=agent, settings=settings) as server:
        here = beside(await server.is_listening())
        call = await run("chat", "--caller", CALLER, "--say", "What time is it?", settings=here)
        typed = await run("chat", "--json", "--say", "The time?", settings=here)
        latency = await run("latency", "--json", settings=here)
        sessions = await run("sessions", "--json", settings=here)
        table = await run("sessions", settings=here)
        doctor = await run("doctor", "--json", agent=agent, settings={**here, **settings})

    assert (call.code, call.out) == (0, "It is nine.\n")
    turn = json.loads(typed.out)
    assert (turn["utterance"], turn["reply"], turn["status"]) == (
        "The time?",
        "It is nine.",
        "done",
    )
    assert json.loads(latency.out)["turns"] == 2
    assert [row["caller"] for row in json.loads(sessions.out)] == ["", "+1555•••1234"]
    assert CALLER not in sessions.out + table.out
    assert table.out.splitlines()[0].split()[:2] == ["session", "caller"]
    findings = {row["check"]: row["verdict"] for row in json.loads(doctor.out)}
    assert (doctor.code, findings["server"], findings["server readiness"]) == (0, "ok", "ok")
    assert [said.code for said in (typed, latency, sessions, table)] == [0] * 4


async def test_a_wrong_token_is_a_matter_of_credentials() -> None:
    async with running("serve") as server:
        here = beside(await server.is_listening())
        wrong = {**here, "SERVER__TOKEN": "wrong", "SERVER__OPERATOR_TOKEN": "wrong"}
        for command in (("chat", "--say", "Hi"), ("latency",), ("sessions",)):
            said = await run(*command, "--json", settings=wrong)
            error = json.loads(said.err.splitlines()[-1])["error"]

            assert (said.code, said.out, error["code"]) == (4, "", "invalid_api_key")


@pytest.mark.parametrize("command", [("latency",), ("sessions",)])
async def test_without_a_server_the_cure_is_to_start_one(command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = {"SERVER__PORT": str(free.getsockname()[1])}
    said = await run(*command, settings=nobody)

    assert (said.code, said.out) == (5, "")
    assert "bridge serve" in said.err


async def test_without_anything_set_a_newcomer_talks_with_the_demo_agent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = str(free.getsockname()[1])
    nothing = {"SERVER__TOKEN": "", "SERVER__OPERATOR_TOKEN": "", "UPSTREAM__NAME": ""}
    said = await run(
        "chat", "--say", "What is 2 plus 3?", settings={**nothing, "SERVER__PORT": nobody}
    )

    assert said.code == 0
    assert "5" in said.out
    assert "demo agent" in said.err


async def test_tokens_are_made_once_and_revealed_when_asked_for() -> None:
    nothing = {"SERVER__TOKEN": "", "SERVER__OPERATOR_TOKEN": ""}
    async with running("serve", settings=nothing) as server:
        url = await server.is_listening()
        state = server.environ["BRIDGE_STATE_DIR"]
        shown = await run(
            "config",
            "show",
            "server.token",
            "--reveal",
            settings={**nothing, "STATE_DIR": state},
        )
        async with server.client(url, shown.out.strip()) as client:
            let_in = await client.get("/v1/models")
        async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
            refused = await stranger.get("/v1/models")

    assert (let_in.status_code, refused.status_code) == (200, 401)
