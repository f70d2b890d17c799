"""Where a caller's number and bridge's secrets may go, and where they never do.

Our own promises: design 5 and 15.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from bridge.settings.model import RECORDS
from tests.fakes.agent import FakeAgent
from tests.fakes.program import PLATFORM_TOKEN, program
from tests.fakes.web_server import WITHIN_S

CHAT = "/v1/chat/completions"
NUMBER = "+15550001234"
CODE = "471183920561"


@pytest.mark.parametrize("scope", ["per_phone", "per_call", "fixed", "template"])
async def test_no_number_stands_in_what_names_the_session(scope: str) -> None:
    settings = {
        "POLICY__INBOUND": "open",
        "SESSION__SCOPE": scope,
        "SESSION__TEMPLATE": "desk:{line}:{caller}:{called}:{conversation}",
        "POLICY__TELL_CALLER": "false",
    }
    asked = {"messages": [{"role": "user", "content": "Hi"}], "user": "u1"}
    async with (
        FakeAgent(openclaw=True) as gateway,
        program(gateway, settings) as bridge,
        bridge.http(x_bridge_called="+1 415 555 0123") as client,
    ):
        for number, caller in enumerate((NUMBER, "tel:+1-555-000-1234", "")):
            call = {"x-bridge-caller": caller, "x-bridge-conversation": f"conv{number}-{NUMBER}"}
            assert (await client.post(CHAT, json=asked, headers=call)).status_code == 200

    told = json.dumps([[dict(visit.headers), visit.body] for visit in gateway.requests])
    digits = re.sub(r"[^0-9]+", " ", told)
    assert len(gateway.requests) == 3
    assert told.count('"x-openclaw-session-key": "agent:main:') == 3
    assert not any(part in digits for part in ("5550001234", "000 1234", "4155550123", "555 0123"))


async def test_the_agent_is_told_the_number_unless_that_is_switched_off() -> None:
    """The one place where it may go, and what the operator may say about it."""
    told = []
    for setting in ("true", "false"):
        settings = {"POLICY__INBOUND": "open", "POLICY__TELL_CALLER": setting}
        async with FakeAgent() as agent, program(agent, settings) as bridge:
            async with bridge.http(x_bridge_caller=NUMBER) as client:
                await client.post(CHAT, json={"messages": [{"role": "user", "content": "Hi"}]})
            body = agent.requests[0].body
            rest = {name: value for name, value in body.items() if name != "messages"}
            assert "0001234" not in json.dumps(rest)
            told.append(NUMBER in json.dumps(body["messages"]))

    assert told == [True, False]


# -- what the machine shows ------------------------------------------------------------------------


def command_line(pid: int) -> str:
    """What `ps` shows of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux shows it there")
async def test_no_secret_stands_on_the_command_line_or_is_printed(tmp_path: Path) -> None:
    secrets = {
        "BRIDGE_SERVER__TOKEN": PLATFORM_TOKEN,
        "BRIDGE_UPSTREAM__TOKEN": "token-of-the-fake-agent",
        "BRIDGE_POLICY__PIN": CODE,
        "ELEVENLABS_API_KEY": "sk_elevenlabs_of_the_end_to_end_tests",
    }
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "BRIDGE_STATE_DIR": str(tmp_path / "state"),
        "BRIDGE_UPSTREAM__NAME": "demo",
        **secrets,
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bridge", "serve", "--port", "0", "--log-level", "debug"),
        env=environ,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert running.stderr is not None
    shown = ""
    try:
        async with asyncio.timeout(4 * WITHIN_S):  # a cold start on a busy machine
            while "server.started" not in shown:
                line = await running.stderr.readline()
                assert line, shown
                shown += line.decode()
        shown += command_line(running.pid)
    finally:
        running.terminate()
        out, error = await asyncio.wait_for(running.communicate(), WITHIN_S)
    shown += (out + error).decode()

    made = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    texts = [path for path in made if not path.name.startswith(RECORDS)]
    kept = [path.read_text().strip() for path in texts]
    assert "bridge serve" in shown
    assert [secret for secret in (*secrets.values(), *kept) if secret and secret in shown] == []
    assert {oct(path.stat().st_mode & 0o777) for path in made} <= {"0o600"}
    assert made
