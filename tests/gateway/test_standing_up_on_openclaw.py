"""From nothing to a call on the real gateway: found by itself, warm, its connection kept fresh."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from anyio.abc import SocketStream

from bridge.core.session import SessionKey
from bridge.vendors.chat_completions import KEEPALIVE_S
from tests.gateway.asking import Reply, open_upstream, reply_to, turn
from tests.gateway.kit.real_gateway import RealGateway, fetch, free_port
from tests.gateway.prompt import session_of
from tests.gateway.serving import Bridge, Caller, Serve, Spoken

pytestmark = pytest.mark.gateway

MARGIN_S = 0.3
"""Past the moment when a connection counts as too old, and well before the gateway's 5 s."""


def test_a_gateway_on_this_machine_is_found_with_nothing_set(
    gateway: RealGateway, tmp_path: Path
) -> None:
    """`~/.openclaw/openclaw.json` says where it is and what its token is."""
    (tmp_path / ".openclaw").mkdir()
    shutil.copy(gateway.state_dir / "openclaw.json", tmp_path / ".openclaw")
    with Bridge(None, tmp_path, {}) as bridge:
        answered, text = fetch(
            f"{bridge.url}/chat/completions",
            {"messages": [{"role": "user", "content": "hello"}]},
            {"Authorization": f"Bearer {bridge.token}"},
            timeout_s=10.0,
        )
        doctor = bridge.run("doctor", "--json")
        rows = json.loads(bridge.run("config", "show", "--json").stdout)

    shown = {row["name"]: (row["value"], row["origin"]) for row in rows}
    file = "~/.openclaw/openclaw.json"
    assert shown["upstream.name"] == ("openclaw", file)
    assert shown["upstream.url"] == (gateway.url, file)
    assert shown["upstream.token"][1] == file
    assert answered == 200
    assert json.loads(text)["choices"][0]["message"]["content"] == "Stub turn 1: hello"
    assert doctor.returncode == 0
    assert gateway.token not in doctor.stdout + bridge.log() + json.dumps(rows)


async def test_the_warm_up_at_a_start_has_a_session_of_its_own(
    gateway: RealGateway, serve: Serve
) -> None:
    check = "check of the line"
    bridge = serve(gateway, UPSTREAM__WARM_UP="true")
    await to_thread.run_sync(lambda: gateway.provider.wait_for(bool, about=check))
    spoken = await Caller(bridge).says("hello")

    warm_up, callers = gateway.provider.seen()
    assert session_of(warm_up) == ("main", "agent:main:bridge:warm-up")
    assert spoken == Spoken("Stub turn 1: hello")
    assert check not in json.dumps(callers.body)


@dataclass(slots=True)
class Relay:
    """A door in front of the gateway that counts who comes in.

    Attributes:
        opened: connections that were made to it.
        ended_by_gateway: those of them that the gateway closed first.
    """

    url: str
    opened: int = 0
    ended_by_gateway: int = 0


@asynccontextmanager
async def relayed(gateway: RealGateway) -> AsyncIterator[Relay]:
    """The gateway behind a relay that passes bytes on, both ways."""
    port = int(gateway.url.removesuffix("/v1").rpartition(":")[2])
    ours = free_port()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=ours)
    relay = Relay(f"http://127.0.0.1:{ours}/v1")

    async def serve(near: SocketStream) -> None:
        relay.opened += 1
        async with near, await anyio.connect_tcp("127.0.0.1", port) as far:
            ends: list[str] = []

            async def pass_on(source: SocketStream, target: SocketStream, name: str) -> None:
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async for piece in source:
                        await target.send(piece)
                ends.append(name)
                both.cancel_scope.cancel()

            async with anyio.create_task_group() as both:
                both.start_soon(pass_on, near, far, "bridge")
                both.start_soon(pass_on, far, near, "gateway")
            relay.ended_by_gateway += ends[:1] == ["gateway"]

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield relay
        group.cancel_scope.cancel()


async def test_an_idle_connection_is_given_up_before_the_gateway_closes_it(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """The gateway closes one after 5 s, and a turn written into it just then would be lost."""
    replies = []
    async with relayed(gateway) as relay, open_upstream(gateway, url=relay.url) as upstream:
        replies += [await reply_to(upstream, turn(session_key, words)) for words in ("a", "b")]
        opened_at_once = relay.opened
        await anyio.sleep(KEEPALIVE_S + MARGIN_S)
        was_open = relay.ended_by_gateway == 0
        replies.append(await reply_to(upstream, turn(session_key, "c")))

    assert replies == [Reply(f"Stub turn {n}: {said}") for n, said in enumerate("abc", 1)]
    assert was_open
    assert (opened_at_once, relay.opened) == (1, 2)
