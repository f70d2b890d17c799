"""A public address from Cloudflare: the adapter, with a stand-in for its program."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.errors import (
    BridgeError,
    SettingsError,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    Why,
)
from bridge.tunnels import cloudflared
from tests.fakes.cloudflared import GOOD_TOKEN, install

pytestmark = pytest.mark.anyio

OWN = "https://phone.example.com"


def settings(folder: Path, token: str | None = None, **others: Any) -> cloudflared.Settings:
    secret = None if token is None else SecretStr(token)
    program = str(folder / "cloudflared")
    return cloudflared.Settings(program=program, cloudflared_token=secret, **others)


async def failure(used: cloudflared.Settings) -> BridgeError:
    """What opening raises."""
    async with cloudflared.connect(used) as tunnel:
        with pytest.raises((SettingsError, VendorError)) as failed:
            async with asyncio.timeout(10), tunnel.open(8787):
                pass
    return failed.value


async def test_without_a_token_the_address_is_the_one_that_is_printed(tmp_path: Path) -> None:
    program = install(tmp_path)
    async with (
        cloudflared.connect(settings(tmp_path)) as tunnel,
        tunnel.open(8787) as opened,
    ):
        assert opened.url == f"https://stand-in-{program.starts[0]['pid']}.trycloudflare.com"

    assert program.starts[0]["arguments"] == [
        "tunnel", "--no-autoupdate", "--url", "http://127.0.0.1:8787",
    ]  # fmt: skip


async def test_the_token_comes_by_the_environment_and_nothing_else_of_ours_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path)
    for name in ("BRIDGE_SERVER__TOKEN", "ELEVENLABS_API_KEY", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "s3cret")
    used = settings(tmp_path, GOOD_TOKEN, public_url=OWN)
    async with cloudflared.connect(used) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == OWN

    (start,) = program.starts
    assert start["arguments"] == ["tunnel", "--no-autoupdate", "run"]
    assert start["secrets"] == ["TUNNEL_TOKEN"]


async def test_a_wrong_token_is_a_matter_of_the_key_and_never_repeated(tmp_path: Path) -> None:
    install(tmp_path)
    error = await failure(settings(tmp_path, "wrong-token", public_url=OWN))

    assert isinstance(error, VendorRejected)
    assert error.why is Why.KEY
    assert "wrong-token" not in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("token", "public_url", "setting"),
    [
        (GOOD_TOKEN, None, "server.public_url"),
        (None, OWN, "tunnel.cloudflared_token"),
    ],
)
async def test_the_token_and_the_address_go_together(
    tmp_path: Path, token: str | None, public_url: str | None, setting: str
) -> None:
    program = install(tmp_path)
    error = await failure(settings(tmp_path, token, public_url=public_url))

    assert isinstance(error, SettingsError)
    assert error.setting == setting
    assert program.starts == []


async def test_whom_it_asks_for_an_address_is_not_taken_for_one(tmp_path: Path) -> None:
    """The first address in what it prints is `api.trycloudflare.com`."""
    install(tmp_path, hesitates=True)
    async with (
        cloudflared.connect(settings(tmp_path)) as tunnel,
        tunnel.open(8787) as opened,
    ):
        assert opened.url.startswith("https://stand-in-")


async def test_one_that_reaches_nobody_says_how_it_ended(tmp_path: Path) -> None:
    install(tmp_path, offline=True)
    error = await failure(settings(tmp_path))

    assert "exit code 1" in error.message


async def test_one_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path, silent=True)
    monkeypatch.setattr(cloudflared, "OPEN_WITHIN_S", 0.3)
    error = await failure(settings(tmp_path))

    assert isinstance(error, VendorTooSlow)
    assert not any(program.is_running(start["pid"]) for start in program.starts)
