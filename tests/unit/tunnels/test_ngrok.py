"""A public address from ngrok: the real pyngrok, with a stand-in for the program."""

import asyncio
import json
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from pyngrok import conf, process
from typing_extensions import override

from bridge.errors import SettingsError, VendorRejected, VendorTooSlow, VendorUnavailable, Why
from bridge.ports.tunnel import Lost
from bridge.tunnels import ngrok
from bridge.tunnels.ngrok import agent
from tests.fakes.ngrok import GOOD_TOKEN, PUBLIC, install
from tests.fakes.stand_in import StandIn

pytestmark = pytest.mark.anyio

NOBODY = "http://127.0.0.1:1"
"""No agent tells anything there."""


@pytest.fixture(autouse=True)
def no_token_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    monkeypatch.setattr(conf, "DEFAULT_NGROK_CONFIG_PATH", str(tmp_path / "own" / "ngrok.yml"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return use(install(tmp_path), monkeypatch)


def use(program: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(program.program))
    return program


def settings(folder: Path, token: str | None = GOOD_TOKEN, **others: Any) -> ngrok.Settings:
    secret = None if token is None else SecretStr(token)
    return ngrok.Settings(
        ngrok_authtoken=secret, folder=folder / "state", **{"agent_api": NOBODY, **others}
    )


async def test_a_tunnel_is_open_inside_the_block_and_its_agent_gone_after(
    tmp_path: Path, stand_in: StandIn
) -> None:
    async with ngrok.connect(settings(tmp_path)) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == PUBLIC
        assert process.is_process_running(str(stand_in.program))
    assert not process.is_process_running(str(stand_in.program))
    assert stand_in.notes[-1]["body"]["upstream"] == {"url": "http://127.0.0.1:8787"}


async def test_the_authtoken_is_in_a_private_file_and_not_among_the_arguments(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGROK_AUTHTOKEN", GOOD_TOKEN)
    async with ngrok.connect(settings(tmp_path)) as tunnel, tunnel.open(8787):
        pass

    file = tmp_path / "state" / "ngrok.yml"
    assert stand_in.starts[0]["arguments"] == [
        "start", "--none", "--log", "stdout", "--config", str(file),
    ]  # fmt: skip
    assert GOOD_TOKEN in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["ngrok.yml"]


async def test_the_address_that_is_wanted_is_asked_for(tmp_path: Path, stand_in: StandIn) -> None:
    wanted = "https://mine.ngrok-free.dev"
    async with (
        ngrok.connect(settings(tmp_path, public_url=wanted)) as tunnel,
        tunnel.open(8787) as opened,
    ):
        assert opened.url == wanted


async def test_an_older_agent_is_asked_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = use(install(tmp_path, too_old=True), monkeypatch)
    wanted = "https://mine.ngrok-free.dev"
    async with (
        ngrok.connect(settings(tmp_path, public_url=wanted)) as tunnel,
        tunnel.open(8787) as opened,
    ):
        assert opened.url == wanted
    assert program.notes[-1]["path"] == "/api/tunnels"
    assert program.notes[-1]["body"]["domain"] == "mine.ngrok-free.dev"


async def test_without_an_authtoken_nothing_is_started(tmp_path: Path, stand_in: StandIn) -> None:
    async with ngrok.connect(settings(tmp_path, token=None)) as tunnel:
        with pytest.raises(SettingsError) as refused:
            async with tunnel.open(8787):
                pass

    assert refused.value.setting == "tunnel.ngrok_authtoken"
    assert "NGROK_AUTHTOKEN" in refused.value.hint
    assert stand_in.notes == []


async def test_a_wrong_authtoken_is_a_matter_of_the_key_and_never_repeated(
    tmp_path: Path, stand_in: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent's own log quotes it, and pyngrok would repeat that log in ours."""
    caplog.set_level(logging.DEBUG)
    async with ngrok.connect(settings(tmp_path, token="wrong-token")) as tunnel:
        with pytest.raises(VendorRejected) as refused:
            async with tunnel.open(8787):
                pass

    error = refused.value
    assert (error.message, error.why) == (
        "ngrok refuses the authtoken (ERR_NGROK_105).",
        Why.KEY,
    )
    assert "NGROK_AUTHTOKEN" in error.hint
    assert error.__suppress_context__
    assert "wrong-token" not in caplog.text
    told = [vars(r)["fields"] for r in caplog.records if r.message == "tunnel.trouble"]
    assert told == [{"vendor": "ngrok", "code": "ERR_NGROK_105"}]
    assert not process.is_process_running(str(stand_in.program))


async def test_an_address_in_use_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = use(install(tmp_path, address_taken=True), monkeypatch)
    async with ngrok.connect(settings(tmp_path)) as tunnel:
        with pytest.raises(VendorUnavailable, match="ERR_NGROK_334") as refused:
            async with tunnel.open(8787):
                pass

    assert "another agent" in refused.value.hint
    assert not process.is_process_running(str(program.program))


async def test_a_program_that_cannot_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "ngrok"
    broken.write_text("no program")
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(broken))
    async with ngrok.connect(settings(tmp_path)) as tunnel:
        with pytest.raises(VendorUnavailable, match="can't be run") as refused:
            async with tunnel.open(8787):
                pass

    assert str(broken) in refused.value.hint


async def test_a_download_is_announced_and_its_failure_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "not-there" / "ngrok"))
    monkeypatch.setattr("pyngrok.installer.PLATFORMS", {})
    monkeypatch.setattr("pyngrok.installer.get_system", lambda: "plan9")
    with caplog.at_level(logging.WARNING):
        async with ngrok.connect(settings(tmp_path, download=True)) as tunnel:
            with pytest.raises(VendorUnavailable, match="can't be downloaded") as refused:
                async with tunnel.open(8787):
                    pass

    assert "https://ngrok.com/download" in refused.value.hint
    assert [r.message for r in caplog.records if r.name.startswith("bridge")] == ["tunnel.download"]


def test_a_program_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = install(tmp_path).program
    monkeypatch.delenv("PYNGROK_NGROK_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert agent.program_path() == str(program)
    assert str(program) != conf.DEFAULT_NGROK_PATH


async def test_a_download_that_nobody_allowed_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "not-there" / "ngrok"))
    monkeypatch.setattr("pyngrok.installer.install_ngrok", _never)
    async with ngrok.connect(settings(tmp_path)) as tunnel:
        assert "bin.ngrok.com" in await tunnel.fetches(8787)
        with pytest.raises(SettingsError, match="may not download") as refused:
            async with tunnel.open(8787):
                pass

    assert refused.value.setting == "tunnel.download"
    assert "https://ngrok.com/download" in refused.value.hint


def _never(*_: object, **__: object) -> None:
    raise AssertionError("it downloads")


async def test_what_is_installed_needs_no_download(tmp_path: Path, stand_in: StandIn) -> None:
    async with ngrok.connect(settings(tmp_path)) as tunnel:
        assert await tunnel.fetches(8787) == ""


async def test_the_persons_own_configuration_is_used_when_no_authtoken_is_set(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "home" / ".config" / "ngrok" / "ngrok.yml"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"version": "3", "authtoken": GOOD_TOKEN}))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(conf, "DEFAULT_NGROK_CONFIG_PATH", str(own))

    used = settings(tmp_path, token=None)
    async with ngrok.connect(used) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == PUBLIC

    assert stand_in.starts[0]["arguments"] == ["start", "--none", "--log", "stdout"]
    assert not (tmp_path / "state").exists()


async def test_an_agent_that_says_nothing_is_given_up_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyngrok would wait for its next line for ever."""
    monkeypatch.setattr(agent, "OPEN_WITHIN_S", 0.5)
    program = use(install(tmp_path, silent=True), monkeypatch)
    async with ngrok.connect(settings(tmp_path)) as tunnel:
        with pytest.raises(VendorTooSlow):
            async with tunnel.open(8787):
                pass

    assert not any(program.is_running(start["pid"]) for start in program.starts)


async def test_a_line_that_was_cut_is_a_doubt_that_is_told_once(
    tmp_path: Path, stand_in: StandIn
) -> None:
    used = settings(tmp_path, look_every_s=0.01)
    async with ngrok.connect(used) as tunnel, tunnel.open(8787) as opened:
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{stand_in.noted('api')[0]}/stand-in/interrupt")
        async with asyncio.timeout(5):
            lost = await opened.lost()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await opened.lost()

    assert lost == Lost("ngrok's session was interrupted", is_certain=False)


async def test_an_agent_of_somebody_elses_that_goes_away_is_noticed(
    tmp_path: Path, stand_in: StandIn
) -> None:
    served = {"url": "https://a.test", "upstream": {"url": "http://localhost:8787"}}
    with agent_that_serves("endpoints", [served]) as agent_api:
        used = settings(tmp_path, token=None, agent_api=agent_api, look_every_s=0.01)
        async with ngrok.connect(used) as tunnel, tunnel.open(8787) as opened:
            served["url"] = "https://another.test"
            async with asyncio.timeout(5):
                assert (await opened.lost()).is_certain


# -- an agent that is already running -------------------------------------------------------------


@contextmanager
def agent_that_serves(kind: str, served: list[Any]) -> Iterator[str]:
    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = served if self.path == f"/api/{kind}" else []
            text = json.dumps({self.path.rpartition("/")[2]: found}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        ("endpoints", {"url": "https://a.test", "upstream": {"url": "http://localhost:8787"}}),
        ("tunnels", {"public_url": "https://a.test", "config": {"addr": "http://127.0.0.1:8787"}}),
        ("tunnels", {"public_url": "https://a.test/", "config": {"addr": "localhost:8787"}}),
    ],
)
async def test_a_tunnel_that_leads_to_the_port_is_used_and_left_alone(
    tmp_path: Path, stand_in: StandIn, kind: str, served: dict[str, Any]
) -> None:
    with agent_that_serves(kind, [served]) as agent_api:
        used = settings(tmp_path, token=None, agent_api=agent_api)
        async with ngrok.connect(used) as tunnel, tunnel.open(8787) as opened:
            assert opened.url == "https://a.test"
    assert stand_in.notes == []


@pytest.mark.parametrize(
    "served",
    [
        {"url": "https://a.test", "upstream": {"url": "http://localhost:9999"}},
        {"url": "tcp://a.test:1", "upstream": {"url": "http://localhost:8787"}},
        {"url": "https://a.test", "upstream": {"url": "http://elsewhere:8787"}},
        {"url": "https://a.test"},
        {"url": "https://a.test", "upstream": None, "config": "http://localhost:8787"},
        {"url": 7, "upstream": {"url": ["http://localhost:8787"]}},
        "http://localhost:8787",
    ],
)
async def test_a_tunnel_to_somewhere_else_is_not_ours(
    tmp_path: Path, stand_in: StandIn, served: Any
) -> None:
    with agent_that_serves("endpoints", [served]) as agent_api:
        used = settings(tmp_path, agent_api=agent_api)
        async with ngrok.connect(used) as tunnel, tunnel.open(8787) as opened:
            assert opened.url == PUBLIC
