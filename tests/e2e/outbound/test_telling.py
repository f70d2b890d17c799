"""The agent is told how a call came out that somebody ordered: once, whatever fails on the way.

Our own promises: design 10.
"""

import asyncio
from io import StringIO
from signal import SIGKILL
from typing import Any

import pytest

from tests.e2e.outbound.calling_out import (
    ALLOWED,
    CALLEE,
    calling_out,
    picks_up,
    post,
    rang,
    until,
)
from tests.e2e.provision.office import LINE, PUBLIC, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.command import running
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, Program

TOKEN = "token-of-the-hooks-of-the-end-to-end-tests"
HOOKS = {"UPSTREAM__PROVIDERS__OPENCLAW__HOOKS_TOKEN": TOKEN}
WORDS = "The zeppelin leaves without you, says Wilhelmina."


@pytest.fixture
def gateway() -> FakeAgent:
    gateway = FakeAgent(openclaw=True)
    gateway.hooks_token = TOKEN
    return gateway


async def comes_to_nothing(office: Office, bridge: Program, **order: Any) -> str:
    """A call that nobody answers; its id."""
    _, placed = await post(bridge, **order)
    (conversation,) = office.platform.ringing
    office.platform.no_answer(conversation)
    await office.platform.post_call(conversation)
    await until(bridge, placed["id"], "ended")
    return str(placed["id"])


async def tried(gateway: FakeAgent) -> None:
    """Until somebody has tried to wake the agent."""
    await gateway.until(lambda: any(visit.path == "/hooks/wake" for visit in gateway.visits))


async def test_a_conversation_that_ended_is_told_with_where_to_read_it_and_not_its_words(
    office: Office, gateway: FakeAgent
) -> None:
    async with gateway, calling_out(office, gateway, **HOOKS) as bridge:
        _, placed = await post(bridge, brief="Ask about the zeppelin.")
        call = picks_up(office)
        await call.say(WORDS)
        await call.hang_up()
        for _ in range(3):
            await office.platform.post_call(call)
        await gateway.until(lambda: bool(gateway.wakes))
        await until(bridge, placed["id"], "ended")

    (wake,) = gateway.wakes
    assert wake["mode"] == "now"
    assert wake["text"].startswith(
        f"[bridge] Telephone call {placed['id']} to the number ending in 7001,"
        " ordered over HTTP, has ended. Outcome: completed after "
    )
    assert f"`bridge calls {placed['id']}`" in wake["text"]
    for private in (CALLEE, CALLEE[1:], LINE, "zeppelin", "Wilhelmina"):
        assert private not in wake["text"]


async def test_what_came_to_nothing_is_told_with_its_cause(
    office: Office, gateway: FakeAgent
) -> None:
    async with gateway, calling_out(office, gateway, **HOOKS) as bridge:
        await comes_to_nothing(office, bridge)
        await gateway.until(lambda: bool(gateway.wakes))

    (wake,) = gateway.wakes
    assert wake["text"].endswith("Outcome: no_answer; fault: remote. Cause: Nobody picked up.")


async def test_a_call_that_the_platform_refuses_is_told_too(
    office: Office, gateway: FakeAgent
) -> None:
    office.platform.refuses_calls = f"Geo permission missing for {CALLEE}"
    async with gateway, calling_out(office, gateway, **HOOKS) as bridge:
        await post(bridge)
        await gateway.until(lambda: bool(gateway.wakes))

    (wake,) = gateway.wakes
    assert "Outcome: failed; fault: " in wake["text"]
    assert CALLEE not in wake["text"]


async def test_a_call_that_came_in_is_not_told(office: Office, gateway: FakeAgent) -> None:
    async with gateway, calling_out(office, gateway, **HOOKS, **OPEN) as bridge:
        theirs = await office.platform.ring(CALLEE, LINE)
        await theirs.say("Hello")
        await theirs.hang_up()
        await office.platform.post_call(theirs)
        ours = await comes_to_nothing(office, bridge)
        await gateway.until(lambda: bool(gateway.wakes))

    assert [ours in wake["text"] for wake in gateway.wakes] == [True]


async def test_an_agent_without_such_means_is_not_told(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent, **HOOKS) as bridge:
        agent.hooks_token = TOKEN
        assert bridge.bridge.upstream.herald is None
        await comes_to_nothing(office, bridge)

    assert agent.wakes == []


async def test_a_gateway_without_a_token_for_its_hooks_is_left_alone(
    office: Office, gateway: FakeAgent
) -> None:
    async with gateway, calling_out(office, gateway) as bridge:
        assert bridge.bridge.upstream.herald is None
        await comes_to_nothing(office, bridge)

    assert gateway.wakes == []


async def test_a_gateway_that_is_away_is_told_when_it_is_back(
    office: Office, gateway: FakeAgent
) -> None:
    gateway.wake_status = 503
    async with gateway, calling_out(office, gateway, **HOOKS) as bridge:
        call = await comes_to_nothing(office, bridge)
        await tried(gateway)
        gateway.wake_status = 200
        await gateway.until(lambda: bool(gateway.wakes))

    assert [call in wake["text"] for wake in gateway.wakes] == [True]


async def test_what_could_not_be_told_is_told_after_a_restart(
    office: Office, gateway: FakeAgent
) -> None:
    gateway.wake_status = 401
    log = StringIO()
    async with gateway:
        with logging_to(log, "json"):
            async with calling_out(office, gateway, **HOOKS) as bridge:
                call = await comes_to_nothing(office, bridge)
                await tried(gateway)
        gateway.wake_status = 200
        async with calling_out(office, gateway, **HOOKS):
            await gateway.until(lambda: bool(gateway.wakes))

    assert [call in wake["text"] for wake in gateway.wakes] == [True]
    assert "call.not_told" in log.getvalue()
    assert TOKEN not in log.getvalue()
    assert CALLEE[1:] not in log.getvalue()


async def is_killed_while_it_tells(office: Office, gateway: FakeAgent) -> None:
    """A server whose call has ended, and that waits for the gateway's answer when it is killed."""
    settings = {**office.settings, **ALLOWED, **HOOKS}
    settings = {name: value for name, value in settings.items() if name != "UPSTREAM__NAME"}
    async with running("serve", agent=gateway, settings=settings) as server:
        url = await server.is_listening()
        office.platform.ways[PUBLIC] = url
        async with server.client(url, OPERATOR_TOKEN) as client:
            placed = await client.post("/calls", json={"to": CALLEE})
        assert placed.status_code == 201
        (conversation,) = office.platform.ringing
        office.platform.no_answer(conversation)
        await office.platform.post_call(conversation)
        await gateway.until(lambda: bool(gateway.wakes))
        server.signal(SIGKILL)


async def test_a_server_that_is_killed_while_it_tells_has_told_nobody_twice(
    office: Office, gateway: FakeAgent
) -> None:
    gateway.holds_wakes = asyncio.Event()
    async with gateway:
        await is_killed_while_it_tells(office, gateway)
        gateway.holds_wakes.set()
        async with calling_out(office, gateway, **HOOKS) as bridge:
            second = await comes_to_nothing(office, bridge)
            await gateway.until(lambda: len(gateway.wakes) == 2)

    assert len(rang(office)) == 2
    assert [second in wake["text"] for wake in gateway.wakes] == [False, True]
