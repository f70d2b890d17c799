"""The promises of `bridge.ports.tunnel`, asked of every adapter in `bridge/tunnels`.

An adapter is found by being there. What stands behind it is in `BEHIND`: a stand-in for the program
that it runs, or nothing. A new adapter without an entry fails `test_every_adapter_is_asked`.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pyngrok import conf

from bridge import plugins
from bridge.errors import BridgeError, SettingsError, VendorError
from bridge.ports.tunnel import Tunnel
from bridge.ports.upstream import Verdict
from tests.fakes import cloudflared, ngrok, tailscale
from tests.fakes.stand_in import StandIn

pytestmark = pytest.mark.anyio

WITHIN_S = 5.0
"""No wait here is longer."""

PORT = 8787
SECRET = "s3cret-of-bridge-itself"


@dataclass(frozen=True, slots=True)
class Behind:
    """What an adapter needs to be asked.

    Attributes:
        settings: its own, given where it may keep files.
        install: its program, if it runs one.
        secrets: what must stand nowhere but where the program reads it.
        broken: orders with which the program fails.
    """

    settings: Callable[[Path], Mapping[str, object]]
    install: Callable[..., StandIn] | None = None
    secrets: tuple[str, ...] = ()
    broken: Mapping[str, object] = field(default_factory=dict)


BEHIND: Mapping[str, Behind] = {
    "none": Behind(lambda _: {"public_url": "https://mine.example.com"}),
    "url": Behind(lambda _: {"public_url": "https://mine.example.com"}),
    "ngrok": Behind(
        lambda folder: {
            "ngrok_authtoken": ngrok.GOOD_TOKEN,
            "folder": folder / "state",
            "agent_api": "http://127.0.0.1:1",
            "look_every_s": 0.01,
        },
        ngrok.install,
        (ngrok.GOOD_TOKEN,),
        {"address_taken": True},
    ),
    "tailscale": Behind(
        lambda folder: {"program": str(folder / "tailscale"), "look_every_s": 0.05},
        tailscale.install,
        broken={"funnel": "denied"},
    ),
    "cloudflared": Behind(
        lambda folder: {
            "program": str(folder / "cloudflared"),
            "cloudflared_token": cloudflared.GOOD_TOKEN,
            "public_url": "https://mine.example.com",
        },
        cloudflared.install,
        (cloudflared.GOOD_TOKEN,),
        {"offline": True},
    ),
}

ADAPTERS = plugins.names("tunnels")
RUNNERS = [name for name in ADAPTERS if name in BEHIND and BEHIND[name].install]


@dataclass
class World:
    """A machine with the program of one adapter."""

    name: str
    folder: Path
    program: StandIn | None

    @asynccontextmanager
    async def tunnel(self, **more: object) -> AsyncIterator[Tunnel]:
        module = plugins.adapter("tunnels", self.name)
        given = {**BEHIND[self.name].settings(self.folder), **more}
        async with module.connect(module.Settings.model_validate(given)) as tunnel:
            yield tunnel

    @property
    def running(self) -> list[int]:
        """Ids of the programs that run."""
        assert self.program is not None
        return [s["pid"] for s in self.program.starts if self.program.is_running(s["pid"])]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    behind = BEHIND[request.param]
    program = behind.install(tmp_path) if behind.install else None
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "ngrok"))
    monkeypatch.setenv("NGROK_AUTHTOKEN", ngrok.GOOD_TOKEN)
    monkeypatch.setenv("BRIDGE_SERVER__TOKEN", SECRET)
    monkeypatch.setattr(conf, "DEFAULT_NGROK_CONFIG_PATH", str(tmp_path / "own.yml"))
    return World(request.param, tmp_path, program)


of_all = pytest.mark.parametrize("world", ADAPTERS, indirect=True)
of_runners = pytest.mark.parametrize("world", RUNNERS, indirect=True)


def test_every_adapter_is_asked() -> None:
    assert set(ADAPTERS) == set(BEHIND)


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_has_its_line_in_the_manual(name: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "public-address.md"

    assert f"\n| `{name}`" in page.read_text("utf-8")


@of_all
async def test_the_address_is_https_and_has_no_slash_at_its_end(world: World) -> None:
    async with world.tunnel() as tunnel, asyncio.timeout(WITHIN_S), tunnel.open(PORT) as opened:
        parts = urlsplit(opened.url)

    assert (parts.scheme, parts.path, parts.query) == ("https", "", "")
    assert parts.hostname


@of_all
async def test_an_address_that_is_fine_is_not_lost_and_may_be_asked_about_again(
    world: World,
) -> None:
    async with world.tunnel() as tunnel, tunnel.open(PORT) as opened:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await opened.lost()


@of_all
async def test_it_can_be_opened_again(world: World) -> None:
    async with world.tunnel() as tunnel:
        for _ in range(2):
            async with asyncio.timeout(WITHIN_S), tunnel.open(PORT) as opened:
                assert opened.url


@of_all
async def test_nothing_is_fetched_when_the_program_is_there(world: World) -> None:
    async with world.tunnel() as tunnel:
        assert await tunnel.fetches(PORT) == ""


@of_all
async def test_what_it_needs_is_examined_and_nothing_stays(world: World) -> None:
    async with world.tunnel() as tunnel:
        found = await tunnel.examine()

    assert {finding.verdict for finding in found} <= {Verdict.OK}
    if world.program:
        assert found
        assert world.running == []


@of_all
@pytest.mark.parametrize("how", ["leaves", "fails", "is cancelled"])
async def test_whoever_leaves_however_leaves_no_program_behind(world: World, how: str) -> None:
    before = asyncio.all_tasks()
    is_open = asyncio.Event()

    async def stay() -> None:
        async with world.tunnel() as tunnel, tunnel.open(PORT):
            is_open.set()
            if how == "fails":
                raise ZeroDivisionError
            if how == "is cancelled":
                await asyncio.Event().wait()

    async with asyncio.timeout(2 * WITHIN_S):
        staying = asyncio.gather(stay(), return_exceptions=True)
        await is_open.wait()
        if world.program:
            assert len(world.running) >= (how == "is cancelled")
        if how == "is cancelled":
            staying.cancel()
        await asyncio.wait([staying])

    assert asyncio.all_tasks() == before
    if world.program:
        assert world.running == []


@of_runners
async def test_being_cancelled_while_it_opens_leaves_no_program_behind(world: World) -> None:
    assert world.program is not None
    world.program.order(silent=True)

    async def open_it() -> None:
        async with world.tunnel() as tunnel, tunnel.open(PORT):
            raise AssertionError("it can't open")

    async with asyncio.timeout(2 * WITHIN_S):
        opening = asyncio.gather(open_it(), return_exceptions=True)
        while not world.running:
            await asyncio.sleep(0.01)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        while world.running:
            await asyncio.sleep(0.01)


@of_runners
async def test_the_end_of_its_program_is_noticed_and_opening_again_starts_another(
    world: World,
) -> None:
    async with world.tunnel() as tunnel:
        async with tunnel.open(PORT) as opened, asyncio.timeout(WITHIN_S):
            (pid,) = world.running
            os.kill(pid, signal.SIGKILL)
            lost = await opened.lost()
        async with asyncio.timeout(WITHIN_S), tunnel.open(PORT) as opened:
            (another,) = world.running

    assert lost.is_certain
    assert lost.reason
    assert another != pid


@of_runners
async def test_no_secret_stands_among_arguments_in_the_log_or_where_it_is_not_needed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.program is not None
    caplog.set_level(logging.DEBUG)
    async with world.tunnel() as tunnel, tunnel.open(PORT):
        pass

    arguments = " ".join(word for start in world.program.starts for word in start["arguments"])
    for secret in (*BEHIND[world.name].secrets, SECRET):
        assert secret not in arguments
        assert secret not in caplog.text


@of_runners
async def test_a_program_that_fails_is_an_error_of_ours_with_a_hint(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.program is not None
    caplog.set_level(logging.DEBUG)
    world.program.order(**BEHIND[world.name].broken)
    more = {} if world.name != "cloudflared" else {"cloudflared_token": None, "public_url": None}
    async with world.tunnel(**more) as tunnel:
        with pytest.raises(VendorError) as failed:
            async with asyncio.timeout(2 * WITHIN_S), tunnel.open(PORT):
                pass

    error = failed.value
    assert error.hint
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert world.running == []


@of_runners
async def test_a_program_that_is_not_there_is_a_matter_of_settings_and_says_where_to_get_it(
    world: World,
) -> None:
    assert world.program is not None
    world.program.program.unlink()
    async with world.tunnel() as tunnel:
        with pytest.raises(SettingsError, match="not installed") as refused:
            async with tunnel.open(PORT):
                pass
        found = await tunnel.examine()

    assert "https://" in refused.value.hint
    assert [finding.verdict for finding in found] == [Verdict.FAIL]


@of_runners
async def test_a_program_that_cannot_run_is_named(world: World) -> None:
    assert world.program is not None
    world.program.program.write_text("no program")
    async with world.tunnel() as tunnel:
        with pytest.raises(BridgeError, match="can't be run") as failed:
            async with tunnel.open(PORT):
                pass

    assert str(world.program.program) in failed.value.hint
