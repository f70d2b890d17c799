"""A real `bridge serve` with schedules: it rings by itself, and once, whenever it is killed.

Our own promises: design 10, once only.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from signal import SIGKILL, SIGTERM
from typing import Any

from tests.e2e.outbound.calling_out import ALLOWED, CALLEE, DIAL, dials, due, rang
from tests.e2e.provision.office import Office
from tests.fakes.command import START_WITHIN_S, Command, Said, run, running
from tests.fakes.elevenlabs.faults import Record
from tests.fakes.program import OPERATOR_TOKEN

MESSAGE = "The zeppelin is delayed."

AHEAD_S = (3.0, 10.0, 30.0)
"""How far away a moment is set. On a busy machine it may be past before it is asked for: then the
next one is tried."""


def moment(after_s: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=after_s)).isoformat()


async def shown(server: Command, url: str, name: str) -> dict[str, Any]:
    async with server.client(url, OPERATOR_TOKEN) as client:
        found: dict[str, Any] = (await client.get(f"/schedules/{name}")).json()
    return found


async def noted(server: Command, url: str, name: str, ahead_s: float = 0.0) -> list[str]:
    """What the schedule's notes say, once there are some. A first call loads half the program."""
    async with asyncio.timeout(ahead_s + START_WITHIN_S):
        while not (notes := (await shown(server, url, name))["notes"]):
            await asyncio.sleep(0.05)
    return [note["what"] for note in notes]


async def wake(server: Command, url: str) -> None:
    """Has a server look at the store: it is told that all schedules ring, as they do."""
    async with server.client(url, OPERATOR_TOKEN) as client:
        await client.post("/schedules/resume")


async def calls(server: Command, url: str) -> list[dict[str, Any]]:
    async with server.client(url, OPERATOR_TOKEN) as client:
        found: list[dict[str, Any]] = (await client.get("/calls")).json()["calls"]
    return found


async def made_ahead(server: Command, url: str) -> tuple[dict[str, Any], float]:
    """A schedule that was made while its moment was to come, and how far away that was."""
    for ahead_s in AHEAD_S:
        body = {"to": CALLEE, "at": moment(ahead_s), "zone": "UTC", "message": MESSAGE}
        async with server.client(url, OPERATOR_TOKEN) as client:
            made = await client.post("/schedules", json=body)
        if made.status_code == 201:
            return made.json(), ahead_s
    raise AssertionError("no moment was far enough away")


async def typed_ahead(settings: Mapping[str, str]) -> tuple[Said, float]:
    """The same, by a command."""
    for ahead_s in AHEAD_S:
        at = ("schedule", "at", moment(ahead_s), "--zone", "UTC", "--to", CALLEE)
        said = await run(*at, "--message", MESSAGE, "--yes", "--json", settings=settings)
        if said.code == 0:
            return said, ahead_s
    raise AssertionError("no moment was far enough away")


async def test_it_rings_by_itself_when_the_moment_comes(office: Office) -> None:
    async with running("serve", settings={**office.settings, **ALLOWED}) as server:
        url = await server.is_listening()
        made, ahead_s = await made_ahead(server, url)
        assert made["notes"] == []
        assert await noted(server, url, made["id"], ahead_s) == ["fired"]
        server.signal(SIGTERM)
        said = await server.ended()
    assert len(dials(office)) == len(rang(office)) == 1
    office.check(said.err)
    assert [part for part in (CALLEE[1:], "zeppelin") if part in said.err] == []


async def test_killed_between_ringing_and_settling_it_rings_once(office: Office) -> None:
    settings = {**office.settings, **ALLOWED}
    name = await due(office, message=MESSAGE)
    async with running("serve", settings=settings) as server:

        async def kill(record: Record) -> None:
            if (record.method, record.path) == DIAL:
                server.signal(SIGKILL)
                raise ConnectionError

        office.platform.after_write = kill
        assert (await server.ended()).code == -SIGKILL
    office.platform.after_write = None

    async with running("serve", settings=settings) as server:
        url = await server.is_listening()
        assert await noted(server, url, name) == ["fired"]
        (call,) = await calls(server, url)
        assert (await shown(server, url, name))["call"] == call["id"]
        server.signal(SIGTERM)
        await server.ended()
    assert len(dials(office)) == len(rang(office)) == 1
    assert call["source"] == "schedule"


async def test_two_servers_on_one_store_ring_once(office: Office) -> None:
    settings = {**office.settings, **ALLOWED}
    async with (
        running("serve", settings=settings) as first,
        running("serve", settings=settings) as second,
    ):
        servers = [(one, await one.is_listening()) for one in (first, second)]
        names = [await due(office) for _ in range(3)]
        await asyncio.gather(*(wake(server, url) for server, url in servers))
        for name in names:
            assert await noted(*servers[0], name) == ["fired"]
        logs = []
        for server, _url in servers:
            server.signal(SIGTERM)
            logs.append((await server.ended()).err)
    assert len(dials(office)) == len(rang(office)) == 3
    assert "".join(logs).count('"schedule.fired"') == 3


async def test_what_a_command_keeps_rings_once_a_server_runs(office: Office) -> None:
    settings = {**office.settings, **ALLOWED, "SERVER__PORT": "1"}
    said, ahead_s = await typed_ahead(settings)
    assert "nothing rings until `bridge serve` does" in said.err
    async with running("serve", "--port", "0", settings=settings) as server:
        url = await server.is_listening()
        name = json.loads(said.out)["id"]
        assert await noted(server, url, name, ahead_s) == ["fired"]
        server.signal(SIGTERM)
        await server.ended()
    assert len(rang(office)) == 1
