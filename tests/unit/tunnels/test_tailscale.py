"""A public address from Tailscale: the adapter, with a stand-in for its program and daemon."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import BridgeError, SettingsError, VendorBrokePromise, VendorRejected
from bridge.ports.upstream import Verdict
from bridge.tunnels import tailscale
from tests.fakes.stand_in import StandIn
from tests.fakes.tailscale import NAME, background, install

pytestmark = pytest.mark.anyio


def settings(folder: Path, **others: Any) -> tailscale.Settings:
    return tailscale.Settings(program=str(folder / "tailscale"), look_every_s=0.05, **others)


async def opened(used: tailscale.Settings) -> str:
    """Its address."""
    async with tailscale.connect(used) as tunnel, asyncio.timeout(10), tunnel.open(8787) as one:
        return one.url


def made(program: StandIn) -> list[list[str]]:
    """How funnels were asked for."""
    return [s["arguments"] for s in program.starts if s["arguments"][:2] == ["funnel", "--yes"]]


async def test_a_funnel_is_made_in_the_foreground_under_this_machines_name(tmp_path: Path) -> None:
    program = install(tmp_path)

    assert await opened(settings(tmp_path)) == f"https://{NAME}"
    assert made(program) == [["funnel", "--yes", "--https=443", "http://127.0.0.1:8787"]]


async def test_a_funnel_that_leads_to_the_port_is_used_and_left_alone(tmp_path: Path) -> None:
    program = install(tmp_path, config=background(8787, 8443))

    assert await opened(settings(tmp_path)) == f"https://{NAME}:8443"
    assert made(program) == []


async def test_what_is_served_already_keeps_its_port(tmp_path: Path) -> None:
    program = install(tmp_path, config=background(3000))

    assert await opened(settings(tmp_path)) == f"https://{NAME}:8443"
    assert made(program)[0][2] == "--https=8443"


async def test_an_own_machine_only_serves_the_tailnet_when_funnel_is_not_allowed_for_it(
    tmp_path: Path,
) -> None:
    """`tailscale serve` leads to the port too, but not from the internet."""
    program = install(tmp_path, config={**background(8787), "AllowFunnel": None})

    assert await opened(settings(tmp_path)) == f"https://{NAME}:8443"
    assert len(made(program)) == 1


async def test_the_address_that_is_wanted_is_made(tmp_path: Path) -> None:
    program = install(tmp_path)
    wanted = f"https://{NAME}:10000"

    assert await opened(settings(tmp_path, public_url=wanted)) == wanted
    assert made(program)[0][2] == "--https=10000"


@pytest.mark.parametrize(
    ("options", "public_url", "said"),
    [
        ({}, "https://elsewhere.example.com", f"must be https://{NAME}"),
        ({"config": background(3000)}, f"https://{NAME}", "something else at the address"),
    ],
)
async def test_an_address_that_cannot_be_had_is_a_matter_of_settings(
    tmp_path: Path, options: dict[str, Any], public_url: str, said: str
) -> None:
    program = install(tmp_path, **options)
    with pytest.raises(SettingsError, match=said):
        await opened(settings(tmp_path, public_url=public_url))

    assert made(program) == []


@pytest.mark.parametrize(
    ("options", "kind", "hint"),
    [
        ({"state": "NeedsLogin"}, VendorRejected, "tailscale up"),
        ({"is_down": True}, BridgeError, "tailscaled"),
        ({"funnel": "off"}, VendorRejected, "tailscale funnel 8787"),
        ({"funnel": "denied"}, VendorRejected, "--operator"),
        ({"rubbish": True}, VendorBrokePromise, "1.52"),
    ],
)
async def test_what_stands_in_the_way_comes_with_its_cure(
    tmp_path: Path, options: dict[str, Any], kind: type[BridgeError], hint: str
) -> None:
    program = install(tmp_path, **options)
    with pytest.raises(kind) as failed:
        await opened(settings(tmp_path))

    assert hint in failed.value.hint
    assert not any(program.is_running(start["pid"]) for start in program.starts)


@pytest.mark.parametrize("orders", [{"config": {}}, {"is_down": True}, {"state": "Stopped"}])
async def test_a_funnel_that_somebody_takes_away_is_noticed(
    tmp_path: Path, orders: dict[str, Any]
) -> None:
    program = install(tmp_path, config=background(8787))
    used = settings(tmp_path)
    async with tailscale.connect(used) as tunnel, tunnel.open(8787) as one:
        program.order(**orders)
        async with asyncio.timeout(5):
            lost = await one.lost()

    assert lost.is_certain


async def test_a_machine_in_no_tailnet_is_found_out_without_opening(tmp_path: Path) -> None:
    install(tmp_path, state="NeedsLogin")
    async with tailscale.connect(settings(tmp_path)) as tunnel:
        (found,) = await tunnel.examine()

    assert (found.verdict, found.cure) == (Verdict.FAIL, "Run `tailscale up`.")
