"""`bridge serve` behind a tunnel: the address shown, proven from outside, and restored.

The real pyngrok, and a stand-in for ngrok's program whose public addresses are a proxy on loopback
that leads to us: what is proven here is really asked "from outside".
"""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import cloudflared, ngrok
from tests.fakes.command import Command, running
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN
from tests.fakes.stand_in import StandIn
from tests.fakes.typist import typist

WITHIN_S = 15.0
"""A tunnel is opened by two programs, which may do so while many tests run."""

OPENED = re.compile(r"^Its public address is (\S+)$")
PROVEN = re.compile(r"^The world reaches it at (\S+):")
AGAIN = re.compile(r"^The world reaches it again at (\S+)")
LOST = re.compile(r"^The world doesn't reach it any more: (.+)")


@dataclass(frozen=True, slots=True)
class Line:
    """A server behind a tunnel, and the tunnel's program."""

    server: Command
    program: StandIn
    local: str

    async def says(self, wanted: re.Pattern[str]) -> str:
        """What it says next of that kind."""
        async with asyncio.timeout(WITHIN_S):
            return (await self.server.line(wanted))[1]

    async def tells(self, path: str = "/readyz", token: str = OPERATOR_TOKEN) -> dict[str, Any]:
        """What it answers on this machine."""
        async with self.server.client(self.local, token) as client:
            found = (await client.get(path)).json()
        assert isinstance(found, dict)
        return found

    async def move(self, what: str) -> None:
        """Has the agent do something; see `tests.fakes.ngrok`."""
        # It may be ended for what it did before it has answered.
        async with httpx.AsyncClient(trust_env=False) as http:
            with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                await http.post(f"{self.program.noted('api')[-1]}/stand-in/{what}")

    @property
    def running(self) -> list[int]:
        """Ids of the tunnel's programs that run."""
        return [s["pid"] for s in self.program.starts if self.program.is_running(s["pid"])]

    async def nothing_runs(self) -> None:
        """Waits until the tunnel's programs are gone."""
        async with asyncio.timeout(WITHIN_S):
            while self.running:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def behind_ngrok(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> AsyncIterator[Line]:
    program = ngrok.install(folder, answers=True)
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(program.program))
    given: Mapping[str, str] = {
        "TUNNEL__NGROK_AUTHTOKEN": ngrok.GOOD_TOKEN,
        "TUNNEL__PROVIDERS__NGROK__AGENT_API": "http://127.0.0.1:1",
        "TUNNEL__PROVIDERS__NGROK__LOOK_EVERY_S": "0.02",
        **settings,
    }
    async with running("serve", "--tunnel", "ngrok", settings=given) as server:
        yield Line(server, program, await server.is_listening())


async def test_the_address_is_shown_proven_from_outside_and_known_to_who_has_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        address = await line.says(OPENED)
        assert await line.says(PROVEN) == address
        assert (await line.tells())["public_url"] == address
        async with line.server.client(address) as world:
            reply = await world.get("/v1/models")
            stranger = await world.get("/readyz", headers={"authorization": ""})
        line.server.signal(signal.SIGTERM)
        said = await line.server.ended()
        await line.nothing_runs()

    assert reply.status_code == 200
    assert "public_url" not in stranger.json()
    assert (said.code, said.out) == (0, "")
    assert f"set the Custom LLM server URL to {address}/v1\n" in said.err
    for secret in (ngrok.GOOD_TOKEN, PLATFORM_TOKEN, OPERATOR_TOKEN):
        assert secret not in said.err
        assert secret not in json.dumps(line.program.starts)


async def test_an_address_that_ngrok_drops_is_told_of_and_another_is_opened_and_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        first = await line.says(PROVEN)
        await line.move("drop")
        assert "serves the address no more" in await line.says(LOST)
        second = await line.says(PROVEN)
        assert (await line.tells())["public_url"] == second
        assert len(line.running) == 1
        line.server.signal(signal.SIGTERM)
        said = await line.server.ended()

    assert first != second
    assert said.code == 0
    assert "tunnel.lost" in said.err
    assert "Traceback" not in said.err


async def test_an_agent_that_is_killed_is_replaced_while_calls_on_this_machine_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        first = await line.says(PROVEN)
        (pid,) = line.running
        kill(pid)
        assert "the ngrok program ended" in await line.says(LOST)
        assert (await line.tells())["public_url"] is None
        assert await line.says(PROVEN) != first
        assert line.running != [pid]
        line.server.signal(signal.SIGTERM)
        said = await line.server.ended()
        await line.nothing_runs()

    assert said.code == 0


async def test_a_line_that_was_cut_and_still_leads_here_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        address = await line.says(PROVEN)
        await line.move("interrupt")
        async with asyncio.timeout(WITHIN_S):
            await line.server.line(re.compile("tunnel.trouble"))
        assert (await line.tells())["public_url"] == address
        line.server.signal(signal.SIGTERM)
        said = await line.server.ended()

    assert "tunnel.lost" not in said.err
    assert len(line.program.starts) == 1


async def test_the_second_ctrl_c_leaves_no_program_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        await line.says(PROVEN)
        line.server.signal(signal.SIGINT)
        line.server.signal(signal.SIGINT)
        await line.server.ended()
        await line.nothing_runs()


async def test_ctrl_c_while_the_tunnel_opens_leaves_no_program_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_ngrok(tmp_path, monkeypatch) as line:
        await line.says(PROVEN)
        line.program.order(silent=True)
        (pid,) = line.running
        kill(pid)
        async with asyncio.timeout(WITHIN_S):
            while line.running in ([], [pid]):
                await asyncio.sleep(0.01)
        line.server.signal(signal.SIGINT)
        await line.server.ended()
        await line.nothing_runs()


@pytest.mark.parametrize(
    ("tunnel", "settings", "code", "said"),
    [
        ("ngrock", {}, 3, "Did you mean 'ngrok'?"),
        ("url", {}, 3, "server.public_url must be set"),
        ("url", {"SERVER__PUBLIC_URL": "http://bridge.example.com"}, 3, "is not https"),
        ("ngrok", {"TUNNEL__NGROK_AUTHTOKEN": ""}, 3, "NGROK_AUTHTOKEN"),
        ("ngrok", {"TUNNEL__NGROK_AUTHTOKEN": "wrong-token"}, 4, "refuses the authtoken"),
        ("tailscale", {"TUNNEL__PROVIDERS__TAILSCALE__PROGRAM": "/nowhere"}, 3, "not installed"),
        ("cloudflared", {"TUNNEL__PROVIDERS__CLOUDFLARED__PROGRAM": "/nowhere"}, 3, "not install"),
    ],
)
async def test_a_tunnel_that_can_not_be_opened_at_the_start_ends_it_with_its_cure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tunnel: str,
    settings: dict[str, str],
    code: int,
    said: str,
) -> None:
    program = ngrok.install(tmp_path)
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(program.program))
    given = {"TUNNEL__PROVIDERS__NGROK__AGENT_API": "http://127.0.0.1:1", **settings}
    async with running("serve", "--tunnel", tunnel, settings=given) as server:
        ended = await server.ended()

    assert ended.code == code
    assert said in ended.err
    assert "wrong-token" not in ended.err
    assert "Traceback" not in ended.err


async def test_without_a_terminal_a_download_is_refused_and_nobody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "nowhere" / "ngrok"))
    given = {
        "TUNNEL__PROVIDERS__NGROK__AGENT_API": "http://127.0.0.1:1",
        "TUNNEL__NGROK_AUTHTOKEN": ngrok.GOOD_TOKEN,
    }
    async with running("serve", "--tunnel", "ngrok", settings=given) as server:
        ended = await server.ended()

    assert ended.code == 3
    assert "bridge may not download it" in ended.err
    assert "BRIDGE_TUNNEL__DOWNLOAD" in ended.err
    assert not (tmp_path / "nowhere").exists()


async def test_at_a_terminal_a_download_is_asked_about_and_no_is_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "nowhere" / "ngrok"))
    given = {
        "TUNNEL__PROVIDERS__NGROK__AGENT_API": "http://127.0.0.1:1",
        "TUNNEL__NGROK_AUTHTOKEN": ngrok.GOOD_TOKEN,
    }
    async with typist("serve", "--tunnel", "ngrok", settings=given) as person:
        await person.sees("bin.ngrok.com). Download it? [y/N]: ")
        person.types("n\n")
        await person.sees("bridge may not download it")
        assert await person.ended() == 3

    assert not (tmp_path / "nowhere").exists()


async def test_an_own_domain_that_leads_nowhere_yet_is_shown_and_warned_of(
    tmp_path: Path,
) -> None:
    """A proxy may be started later: the server runs on."""
    public = "http://127.0.0.1:1"
    async with running("serve", settings={"SERVER__PUBLIC_URL": public}) as server:
        url = await server.is_listening()
        assert (await server.line(OPENED))[1] == public
        await server.line(re.compile("doesn't reach it yet: .* nothing listens there"))
        async with server.client(url) as client:
            assert (await client.get("/healthz")).status_code == 200
        server.signal(signal.SIGTERM)
        assert (await server.ended()).code == 0


async def test_a_program_that_lingers_is_killed_when_the_server_stops(
    tmp_path: Path,
) -> None:
    program = cloudflared.install(tmp_path, stubborn=True)
    given = {"TUNNEL__PROVIDERS__CLOUDFLARED__PROGRAM": str(program.program)}
    async with running("serve", "--tunnel", "cloudflared", settings=given) as server:
        line = Line(server, program, await server.is_listening())
        assert (await line.says(OPENED)).endswith(".trycloudflare.com")
        server.signal(signal.SIGTERM)
        assert (await server.ended()).code == 0
        await line.nothing_runs()


def kill(pid: int) -> None:
    """Ends a process that this test's server started, as a crash would."""
    os.kill(pid, signal.SIGKILL)
