"""A public address that is new, proven, lost or back: who is told, and what becomes of it."""

from functools import cache
from pathlib import Path

import httpx
import pytest

from bridge.cli import announcer
from bridge.cli.announcer import announcing
from tests.fakes.elevenlabs.server import Fault
from tests.fakes.web_server import until
from tests.unit.provision.workbench import ELSEWHERE, HOME, Workbench, workbench

pytestmark = pytest.mark.anyio

THIRD = "https://third.example.org"


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as short as can be, and the world's certificates are read once."""
    monkeypatch.setattr(announcer, "TELL_AGAIN_AFTER_S", (0.0, 0.0))
    once = cache(httpx.create_ssl_context)
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", once)


def asks_at(bench: Workbench) -> str:
    """Where the only agent asks for turns."""
    (agent,) = bench.fake.agents.values()
    url = agent["conversation_config"]["agent"]["prompt"]["custom_llm"]["url"]
    assert isinstance(url, str)
    return url


async def test_a_proven_new_address_is_told_and_nothing_else_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with workbench(tmp_path) as bench:
        await bench.apply()
        by_hand = {"conversation_config": {"agent": {"first_message": "By hand."}}}
        bench.fake.edit_agent(next(iter(bench.fake.agents)), by_hand)
        earlier = len(bench.fake.writes)

        async with announcing(bench.settings) as told:
            await told.reached_at(ELSEWHERE)
            await until(lambda: "ElevenLabs knows it" in capsys.readouterr().err)

        (change,) = (w.body for w in bench.fake.writes[earlier:] if "/agents/" in w.path)
        assert change["conversation_config"] == {
            "agent": {"prompt": {"llm": "custom-llm", "custom_llm": {"url": f"{ELSEWHERE}/v1"}}}
        }
        assert list(change["platform_settings"]) == ["workspace_overrides"]
        assert asks_at(bench) == f"{ELSEWHERE}/v1"
        assert [w.url for w in bench.fake.webhooks.values()] == [
            f"{ELSEWHERE}/webhooks/elevenlabs/post-call"
        ]
        (agent,) = bench.fake.agents.values()
        assert agent["conversation_config"]["agent"]["first_message"] == "By hand."


async def test_an_address_that_is_known_there_asks_nobody(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        await bench.apply()
        earlier = len(bench.fake.requests)

        async with announcing(bench.settings) as told:
            await told.reached_at(HOME)

        assert len(bench.fake.requests) == earlier


async def test_without_provisioning_a_person_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with workbench(tmp_path) as bench:
        async with announcing(bench.settings) as told:
            await told.opened(ELSEWHERE)
            await told.reached_at(ELSEWHERE)

        said = capsys.readouterr().err
        assert "run `bridge provision`" in said
        assert f"set the Custom LLM server URL to {ELSEWHERE}/v1" in said
        assert bench.fake.requests == []


async def test_a_platform_in_trouble_is_told_again(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        await bench.apply()
        bench.fake.fail(("GET", "/v1/convai/agents/*"), Fault.SERVER, times=2)

        async with announcing(bench.settings) as told:
            await told.reached_at(ELSEWHERE)
            await until(lambda: asks_at(bench) == f"{ELSEWHERE}/v1")
            await until(lambda: bench.memory.public_url == ELSEWHERE)


async def test_a_refused_key_is_told_once_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with workbench(tmp_path) as bench:
        await bench.apply()
        bench.fake.keys.clear()
        earlier = len(bench.fake.requests)

        async with announcing(bench.settings) as told:
            await told.reached_at(ELSEWHERE)
            await until(lambda: "Run `bridge provision`" in capsys.readouterr().err)

        assert len(bench.fake.requests) == earlier + 1


async def test_of_two_new_addresses_the_platform_learns_the_later(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        await bench.apply()

        async with announcing(bench.settings) as told:
            await told.reached_at(ELSEWHERE)
            await told.reached_at(THIRD)
            await until(lambda: bench.memory.public_url == THIRD)

        assert asks_at(bench) == f"{THIRD}/v1"


async def test_losses_and_returns_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with workbench(tmp_path) as bench, announcing(bench.settings) as told:
        await bench.apply()
        await told.opened(ELSEWHERE)
        await told.troubled("the name is not known")
        await told.lost("The tunnel's program ended.")
        await told.restored(ELSEWHERE)

    said = capsys.readouterr().err.splitlines()
    assert [line.removesuffix(" Trying again.") for line in said] == [
        f"Its public address is {ELSEWHERE}",
        "The world doesn't reach it yet: the name is not known.",
        "The world doesn't reach it any more: The tunnel's program ended.",
        f"The world reaches it again at {ELSEWHERE}",
    ]
