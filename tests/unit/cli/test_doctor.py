"""`bridge doctor`: every hop proved, each failure with its cure."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.agent import FakeAgent
from tests.fakes.program import Program, program
from tests.fakes.terminal import bridge, point_at
from tests.fakes.web_server import served

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def alone(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine of its own, where no server runs; the log as the test runner has it."""
    monkeypatch.setattr("bridge.log.configure", lambda *_: None)
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "0")
    monkeypatch.setenv("BRIDGE_TUNNEL__PROVIDERS__NGROK__AGENT_API", "http://127.0.0.1:1")
    monkeypatch.setattr("pyngrok.conf.DEFAULT_NGROK_CONFIG_PATH", str(machine / "ngrok.yml"))


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Program]:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        yield running


class Doctor:
    """Runs it and keeps its findings."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.code = 0
        self.found: list[dict[str, str]] = []

    async def run(self, *arguments: str) -> None:
        self.code = await bridge("doctor", "--json", *arguments)
        self.found = json.loads(self._capsys.readouterr().out)

    def of(self, check: str) -> dict[str, str]:
        """The only finding of that check."""
        (finding,) = (found for found in self.found if found["check"] == check)
        return finding

    def verdict(self, check: str) -> tuple[str, str]:
        return self.of(check)["verdict"], self.of(check)["message"]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(capsys)


async def test_an_untouched_machine_is_fine_and_nothing_is_made(
    doctor: Doctor, machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await doctor.run()

    assert doctor.code == 0
    assert [(found["check"], found["verdict"]) for found in doctor.found] == [
        ("settings", "ok"),
        ("state folder", "ok"),
        ("tokens", "ok"),
        ("elevenlabs key", "ok"),
        ("public address", "ok"),
        ("server", "ok"),
        ("policy", "warn"),
        ("agent", "ok"),
    ]
    assert not (machine / "state").exists()


async def test_people_read_a_line_and_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    assert await bridge("doctor") == 0

    shown = capsys.readouterr()
    assert 'warn  policy: policy.inbound is "disabled": every telephone call is refused.\n' in (
        shown.out
    )
    assert '      Set policy.inbound to "allowlist"' in shown.out
    assert shown.err == "7 fine, 1 to look at, 0 failed.\n"


async def test_wrong_settings_are_the_only_finding(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TURN__GRACE_S", "long")
    await doctor.run()

    assert doctor.code == 8
    (finding,) = doctor.found
    assert (finding["check"], finding["verdict"]) == ("settings", "fail")
    assert "environment: BRIDGE_TURN__GRACE_S" in finding["message"]


async def test_a_state_folder_that_is_none_fails(
    doctor: Doctor, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "file").write_text("")
    monkeypatch.setenv("BRIDGE_STATE_DIR", str(machine / "file" / "state"))
    await doctor.run()

    assert doctor.code == 8
    failed = [found["check"] for found in doctor.found if found["verdict"] == "fail"]
    assert failed == ["state folder", "tokens"]


async def test_a_public_bind_without_tokens_fails(
    doctor: Doctor, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__HOST", "0.0.0.0")  # noqa: S104 - the address is never bound
    await doctor.run()

    assert doctor.code == 8
    assert doctor.of("tokens")["verdict"] == "fail"
    assert "config show --reveal" in doctor.of("tokens")["cure"]
    assert not (machine / "state").exists()


async def test_stored_tokens_are_enough(doctor: Doctor) -> None:
    assert await bridge("config", "show", "server.token", "--reveal", "--json") == 0
    doctor._capsys.readouterr()
    await doctor.run()

    assert doctor.verdict("tokens") == ("ok", "Both are set.")


# -- the server ----------------------------------------------------------------------------------


async def test_a_running_server_is_found_ready(doctor: Doctor, running: Program) -> None:
    await doctor.run()

    assert doctor.verdict("server") == ("ok", f"It runs at {running.served.url}.")
    assert doctor.verdict("server readiness") == ("ok", "It is ready for calls.")


async def test_a_server_that_cannot_reach_its_agent_says_why(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeAgent() as agent:
        agent.models_status = 401
        async with program(agent) as running:
            point_at(running.served.url, monkeypatch)
            await doctor.run()

    assert doctor.code == 8
    assert doctor.of("server readiness")["message"].startswith("It is not ready: upstream token:")


async def test_an_address_that_another_program_has_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(Starlette()) as other:
        monkeypatch.setenv("BRIDGE_SERVER__PORT", str(other.port))
        await doctor.run()

    assert doctor.code == 8
    assert doctor.of("server")["message"].startswith(
        f"Nothing can listen on 127.0.0.1:{other.port}:"
    )


# -- the agent -----------------------------------------------------------------------------------


async def test_the_agents_own_findings_are_printed_as_they_are(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeAgent(openclaw=True, agents=("main", "desk")) as gateway:
        gateway.enabled = False
        for name, value in (("NAME", "openclaw"), ("URL", gateway.url), ("TOKEN", gateway.token)):
            monkeypatch.setenv(f"BRIDGE_UPSTREAM__{name}", value)
        await doctor.run()

    assert doctor.code == 8
    assert doctor.of("upstream endpoint")["verdict"] == "fail"
    assert "chatCompletions" in doctor.of("upstream endpoint")["cure"]
    assert doctor.of("upstream agent")["cure"] == "Set upstream.agent to one of 'main', 'desk'."


@pytest.mark.parametrize(
    ("token", "verdict", "cure"),
    [
        ("", "ok", "hooks: { enabled: true"),
        ("token-of-the-hooks", "ok", ""),
        ("another-token", "warn", "hooks.token of openclaw.json"),
    ],
    ids=["none", "right", "wrong"],
)
async def test_hooks_are_no_must_and_said_to_work_or_not(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, token: str, verdict: str, cure: str
) -> None:
    async with FakeAgent(openclaw=True) as gateway:
        gateway.hooks_token = "token-of-the-hooks"
        for name, value in (
            ("NAME", "openclaw"),
            ("URL", gateway.url),
            ("TOKEN", gateway.token),
            ("PROVIDERS__OPENCLAW__HOOKS_TOKEN", token),
        ):
            monkeypatch.setenv(f"BRIDGE_UPSTREAM__{name}", value)
        await doctor.run()

    found = doctor.of("upstream hooks")
    assert (doctor.code, found["verdict"]) == (0, verdict)
    assert cure in found["cure"]
    assert gateway.wakes == []


async def test_an_agent_that_lacks_a_setting_fails_with_the_cure(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_UPSTREAM__NAME", "openai")
    await doctor.run()

    assert doctor.code == 8
    assert doctor.verdict("upstream") == ("fail", "upstream.url must be set")


async def test_a_turn_is_asked_only_when_it_is_allowed(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeAgent() as agent:
        for name, value in (("NAME", "openai"), ("URL", agent.url), ("TOKEN", agent.token)):
            monkeypatch.setenv(f"BRIDGE_UPSTREAM__{name}", value)
        await doctor.run()
        asked_before = len(agent.requests)
        await doctor.run("--turn")

    assert (asked_before, len(agent.requests)) == (0, 1)
    assert doctor.of("upstream turn")["verdict"] == "ok"


@pytest.mark.parametrize("how", ["refuse", "nothing"])
async def test_a_turn_that_goes_wrong_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with FakeAgent() as agent:
        agent.refuse(500) if how == "refuse" else agent.reply("")
        for name, value in (("NAME", "openai"), ("URL", agent.url), ("TOKEN", agent.token)):
            monkeypatch.setenv(f"BRIDGE_UPSTREAM__{name}", value)
        await doctor.run("--turn")

    assert doctor.code == 8
    assert doctor.of("upstream turn")["verdict"] == "fail"


# -- from outside --------------------------------------------------------------------------------


async def test_a_public_address_that_leads_here_is_proved(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", f"http://localhost:{running.served.port}")
    await doctor.run()

    assert doctor.verdict("public address") == (
        "ok",
        f"http://localhost:{running.served.port} leads here and takes the platform token.",
    )


async def test_a_public_address_of_another_bridge_fails(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program(settings={"SERVER__TOKEN": "token-of-another-bridge"}) as other:
        monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", other.served.url)
        await doctor.run()

    assert doctor.code == 8
    assert doctor.of("public address")["message"].startswith("Another bridge")


async def test_a_public_address_that_holds_back_the_token_fails(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", running.served.url)
    monkeypatch.setenv("BRIDGE_SERVER__TOKEN", "another-token-than-the-servers")
    await doctor.run()

    assert doctor.verdict("public address") == (
        "fail",
        f"{running.served.url} leads here and refuses the platform token.",
    )


async def test_the_address_that_a_running_server_has_proven_is_asked(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "cloudflared")
    running.bridge.whereabouts.proven = f"http://localhost:{running.served.port}"
    await doctor.run()

    assert doctor.verdict("public address") == (
        "ok",
        f"http://localhost:{running.served.port} leads here and takes the platform token.",
    )


async def test_a_running_server_that_nobody_reaches_fails(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "cloudflared")
    await doctor.run()

    assert doctor.verdict("public address") == (
        "fail",
        "The running server is not reached from outside.",
    )


async def test_before_the_server_runs_a_tunnels_address_is_not_known(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "cloudflared")
    await doctor.run()

    assert doctor.verdict("public address") == ("ok", "It is known once the server runs.")


async def test_a_bridge_that_cannot_be_compared_is_worth_a_look(
    doctor: Doctor, running: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", running.served.url)
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "0")
    await doctor.run()

    assert doctor.of("public address")["verdict"] == "warn"


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        ("<html>ERR_NGROK_6024</html>", {}, "(ERR_NGROK_6024)"),
        ("<html></html>", {"ngrok-error-code": "ERR_NGROK_3200"}, "(ERR_NGROK_3200)"),
        ("<html>Welcome to nginx</html>", {}, "a web page"),
    ],
)
async def test_a_page_instead_of_bridge_is_explained(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    headers: dict[str, str],
    said: str,
) -> None:
    asked: list[dict[str, Any]] = []

    async def page(request: Request) -> Response:
        asked.append(dict(request.headers))
        return HTMLResponse(body, headers=headers)

    async with served(Starlette(routes=[Route("/{path:path}", page)])) as other:
        monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", other.url)
        monkeypatch.setenv("BRIDGE_SERVER__TOKEN", "token-that-must-not-leave")
        await doctor.run()

    assert doctor.code == 8
    assert said in doctor.of("public address")["message"]
    assert doctor.of("public address")["cure"]
    assert [headers for headers in asked if "authorization" in headers] == []


async def test_a_page_without_an_end_holds_nobody_up(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"<p>" * 1000
            await asyncio.sleep(0)

    async def page(_request: Request) -> Response:
        return StreamingResponse(endless(), media_type="text/html")

    async with served(Starlette(routes=[Route("/{path:path}", page)])) as other:
        monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", other.url)
        await doctor.run()

    assert doctor.verdict("public address") == (
        "fail",
        f"{other.url} answers with a web page, not as a bridge does.",
    )


async def test_a_public_address_where_nobody_is_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", "http://127.0.0.1:1")
    await doctor.run()

    assert doctor.verdict("public address") == (
        "fail",
        "http://127.0.0.1:1 refuses connections: nothing listens there.",
    )


async def test_a_public_address_without_https_fails_before_anything_is_sent(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", "http://bridge.example")
    await doctor.run()

    assert doctor.verdict("public address") == (
        "fail",
        "http://bridge.example is not https: tokens and words travel through it.",
    )


# -- accounts and policy -------------------------------------------------------------------------


async def test_a_tunnel_that_does_not_exist_fails_with_those_that_do(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "ngrock")
    await doctor.run()

    assert doctor.code == 8
    assert "'ngrok', 'none', 'tailscale', 'url'" in doctor.of("tunnel")["message"]
    assert doctor.of("tunnel")["cure"] == "Did you mean 'ngrok'?"


async def test_an_own_domain_that_no_platform_can_use_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "url")
    monkeypatch.setenv("BRIDGE_SERVER__PUBLIC_URL", "https://bridge.local")
    await doctor.run()

    assert doctor.code == 8
    assert doctor.of("tunnel")["message"].startswith("server.public_url is a name that only this")


async def test_a_tunnel_without_an_authtoken_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "ngrok")
    await doctor.run()

    assert doctor.code == 8
    assert "NGROK_AUTHTOKEN" in doctor.of("tunnel")["cure"]


async def test_a_tunnel_whose_program_is_missing_is_worth_a_look(
    doctor: Doctor, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TUNNEL__NAME", "ngrok")
    monkeypatch.setenv("NGROK_AUTHTOKEN", "s3cret")
    monkeypatch.setenv("PATH", str(machine))
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(machine / "nowhere"))
    await doctor.run()

    assert doctor.of("tunnel")["verdict"] == "fail"
    monkeypatch.setenv("BRIDGE_TUNNEL__DOWNLOAD", "true")
    await doctor.run()

    assert doctor.of("tunnel")["verdict"] == "warn"
    assert "s3cret" not in json.dumps(doctor.found)


@pytest.mark.parametrize(
    ("inbound", "allow_from", "verdict"),
    [
        ("open", "", ("ok", "Everybody may call.")),
        ("allowlist", "+1415*", ("ok", "Whoever is on the list may call.")),
        ("allowlist", "", ("warn", "The list of callers is empty.")),
    ],
)
async def test_policy_says_who_may_call(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    inbound: str,
    allow_from: str,
    verdict: tuple[str, str],
) -> None:
    monkeypatch.setenv("BRIDGE_POLICY__INBOUND", inbound)
    monkeypatch.setenv("BRIDGE_POLICY__ALLOW_FROM", allow_from)
    await doctor.run()

    assert doctor.verdict("policy") == verdict


async def test_a_key_that_nobody_can_be_asked_about_is_never_shown(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "s3cret-key-of-the-workspace")
    monkeypatch.setenv("BRIDGE_ELEVENLABS__BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("BRIDGE_SERVER__TOKEN", "platform-token-of-this-test")
    await doctor.run()

    verdict, message = doctor.verdict("elevenlabs key")
    assert (verdict, "can't be reached" in message) == ("fail", True)
    assert "s3cret" not in json.dumps(doctor.found)


async def test_a_key_is_not_tried_before_there_is_a_token(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "s3cret-key-of-the-workspace")
    await doctor.run()

    assert doctor.verdict("elevenlabs key") == (
        "warn",
        "It was not tried: there is no platform token.",
    )
