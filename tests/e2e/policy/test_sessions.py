"""Which session of the agent a call joins, over real requests. Our own promises: design 5."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, LINE, OPEN, OTHER, Caller, calling
from tests.fakes.program import Program, program

DIGEST = r"[a-z2-7]{16}"


@pytest.fixture(scope="module")
async def office(one_gateway: FakeAgent) -> AsyncIterator[Program]:
    """In front of an OpenClaw gateway."""
    async with program(one_gateway, OPEN) as bridge:
        yield bridge


async def key_of(bridge: Program, gateway: FakeAgent, client: httpx.AsyncClient) -> str | None:
    """The session key that the agent is given for one more request."""
    before = len(gateway.requests)
    async with client:
        await Caller(client).ask("Hello")
    assert len(gateway.requests) == before + 1
    return gateway.requests[-1].headers.get("x-openclaw-session-key")


async def test_one_telephone_is_one_session_whatever_the_call(
    office: Program, gateway: FakeAgent
) -> None:
    first = await key_of(office, gateway, calling(office))
    again = await key_of(office, gateway, calling(office, "tel:+1-555-000-1234"))
    other = await key_of(office, gateway, calling(office, OTHER))
    outwards = {"x_bridge_called": CALLER, "x_bridge_direction": "outbound"}
    placed = await key_of(office, gateway, calling(office, LINE, **outwards))

    assert re.fullmatch(f"agent:main:phone:{DIGEST}", first or "")
    assert re.fullmatch(f"agent:main:phone:{DIGEST}", other or "")
    assert (again, placed) == (first, first)
    assert other != first


async def test_a_withheld_number_is_a_session_of_its_call(
    office: Program, gateway: FakeAgent
) -> None:
    keys = [
        await key_of(office, gateway, calling(office, caller, call))
        for caller, call in [("", "c1"), ("anonymous", "c2"), ("{{system__caller_id}}", "c3")]
    ]

    assert keys == [f"agent:main:phone:call:{call}" for call in ("c1", "c2", "c3")]


async def test_two_installs_name_one_number_differently_and_each_keeps_its_name(
    gateway: FakeAgent, tmp_path: Path
) -> None:
    keys = []
    for folder in ("one", "other", "one"):
        (tmp_path / folder).mkdir(exist_ok=True)
        async with program(gateway, {**OPEN, "STATE_DIR": str(tmp_path / folder)}) as bridge:
            keys.append(await key_of(bridge, gateway, calling(bridge)))

    assert keys[0] == keys[2]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"SESSION__SCOPE": "per_call"}, r"agent:main:phone:call:call-\d+"),
        ({"SESSION__SCOPE": "fixed"}, r"agent:main:main"),
        ({"SESSION__SCOPE": "fixed", "SESSION__KEY": "desk"}, r"agent:main:desk"),
        (
            {"SESSION__SCOPE": "template", "SESSION__TEMPLATE": "desk:{line}:{caller}"},
            rf"agent:main:desk:{DIGEST}:{DIGEST}",
        ),
    ],
    ids=["per_call", "fixed", "fixed key", "template"],
)
async def test_every_scope_reaches_the_agent_as_its_key(
    gateway: FakeAgent, settings: dict[str, str], expected: str
) -> None:
    async with program(gateway, {**OPEN, **settings}) as bridge:
        key = await key_of(bridge, gateway, calling(bridge, x_bridge_called=LINE))

    assert re.fullmatch(expected, key or "")
    body = json.dumps(gateway.requests[-1].body)
    assert str(key) not in body


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("desk", "agent:main:desk"),
        ("main", "agent:main:main"),
        ("agent:main:desk", "agent:main:desk"),
        ("desk:with:parts", "agent:main:desk:with:parts"),
    ],
)
@pytest.mark.parametrize("profile", ["voice", "plain"])
async def test_a_client_that_names_its_session_is_obeyed(
    office: Program, gateway: FakeAgent, asked: str, given: str, profile: str
) -> None:
    named = {"x_openclaw_session_key": asked, "x_bridge_profile": profile}
    key = await key_of(office, gateway, calling(office, **named))

    assert key == given


async def test_a_session_key_names_the_agent_that_is_asked() -> None:
    async with FakeAgent(openclaw=True, agents=("main", "desk")) as gateway:
        settings = {**OPEN, "UPSTREAM__AGENT": "main"}
        async with program(gateway, settings) as bridge:
            named = calling(bridge, x_openclaw_session_key="agent:desk:notes")
            key = await key_of(bridge, gateway, named)
            usual = await key_of(bridge, gateway, calling(bridge))

    assert key == "agent:desk:notes"
    assert (usual or "").startswith("agent:main:phone:")
    asked = [visit.headers["x-openclaw-agent-id"] for visit in gateway.requests]
    assert asked == ["desk", "main"]


async def test_a_request_that_stands_alone_joins_no_session(
    office: Program, gateway: FakeAgent
) -> None:
    assert await key_of(office, gateway, office.http()) is None
