"""What strangers and broken clients cost: a bounded amount, and never another caller's turn.

Counted are connections, runs, requests under way and tasks; nothing here looks at a clock.
Our own promises: design 15.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bridge.core.delivery import MAX_REPLY_CHARS
from tests.fakes.agent import FakeAgent
from tests.fakes.program import OPERATOR_TOKEN, Program, program
from tests.fakes.stranger import (
    answer,
    bridges_tasks,
    chat,
    deaf,
    impatient,
    is_at_rest,
    is_served,
    trickling,
)
from tests.fakes.web_server import Wire, until


@pytest.fixture(scope="module")
async def one_agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
def agent(one_agent: FakeAgent) -> FakeAgent:
    """An agent that nobody has asked yet. One for all, as a server takes longer than a test."""
    one_agent.requests.clear()
    return one_agent


@pytest.fixture(scope="module")
async def bridge(one_agent: FakeAgent) -> AsyncIterator[Program]:
    """One for all as well: what a test leaves behind, the next one would count."""
    async with program(one_agent, {"TURN__GRACE_S": "0"}) as running:
        yield running


# -- the slow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"", b"P", chat()[:60]], ids=["nothing", "a letter", "a start"])
async def test_who_does_not_finish_a_head_is_cut_off(bridge: Program, said: bytes) -> None:
    async with impatient(bridge) as server:
        wire = await server.connect()
        await wire.say(said)
        assert await wire.hear_all() == b""
        await until(lambda: server.connections == 0)
        await wire.close()
        assert await is_served(server)


async def test_a_head_that_trickles_for_ever_is_cut_off_all_the_same(bridge: Program) -> None:
    async with impatient(bridge) as server:
        wire = await server.connect()
        with trickling(wire, b"GET /healthz HTTP/1.1\r\nx: " + b"x" * 10_000):
            assert await wire.hear_all() == b""
        await wire.close()
        await until(lambda: server.connections == 0)


async def test_who_does_not_finish_a_body_is_told_so(bridge: Program, agent: FakeAgent) -> None:
    async with impatient(bridge) as server:
        wire = await server.connect()
        await wire.say(chat("x" * 1000)[:-500])
        status, told = await answer(wire)
        rest = await wire.hear_all()
        await wire.close()
        assert await is_served(server)

    assert (status, told["error"]["code"], rest) == (408, "request_timeout", b"")
    assert [visit.utterance for visit in agent.requests] == ["Still there"]


async def test_a_body_that_trickles_for_ever_is_cut_off_all_the_same(
    bridge: Program, agent: FakeAgent
) -> None:
    head, _, body = chat("x" * 10_000).partition(b"\r\n\r\n")
    async with impatient(bridge) as server:
        wire = await server.connect()
        await wire.say(head + b"\r\n\r\n")
        with trickling(wire, body):
            await wire.hear_all()
        await wire.close()
        await until(lambda: server.connections == 0)

    assert agent.requests == []


# -- those who vanish ------------------------------------------------------------------------------


async def in_the_head(_agent: FakeAgent, wire: Wire) -> None:
    await wire.say(chat()[:50])


async def in_the_body(_agent: FakeAgent, wire: Wire) -> None:
    await wire.say(chat("x" * 1000)[:-500])


async def while_the_agent_thinks(agent: FakeAgent, wire: Wire) -> None:
    asked = len(agent.requests)
    await wire.say(chat("think", stream=True))
    await agent.asked(asked + 1)


async def while_the_agent_thinks_of_a_whole_reply(agent: FakeAgent, wire: Wire) -> None:
    asked = len(agent.requests)
    await wire.say(chat("think"))
    await agent.asked(asked + 1)


async def amid_the_words(_agent: FakeAgent, wire: Wire) -> None:
    await wire.say(chat("story", stream=True))
    await wire.hear_until(b"Once")


Leaving = Callable[[FakeAgent, Wire], Awaitable[None]]


@pytest.mark.parametrize("abruptly", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "until_then",
    [
        in_the_head,
        in_the_body,
        while_the_agent_thinks,
        while_the_agent_thinks_of_a_whole_reply,
        amid_the_words,
    ],
)
async def test_who_vanishes_leaves_nothing_behind(
    bridge: Program, agent: FakeAgent, until_then: Leaving, *, abruptly: bool
) -> None:
    agent.hang("Once ", to="story")
    agent.hang(to="think")
    tasks, idle = bridges_tasks(agent), agent.connections
    for _ in range(3):
        wire = await bridge.served.connect()
        await until_then(agent, wire)
        if abruptly:
            wire.writer.transport.abort()
        await wire.close()
    await is_at_rest(bridge, agent, tasks)
    await agent.until(lambda: agent.connections <= idle)

    assert not any(visit.was_whole for visit in agent.requests)


async def test_twenty_callers_who_vanish_at_one_moment_leave_nothing_behind(
    bridge: Program, agent: FakeAgent
) -> None:
    agent.hang("Once ", to="story")
    tasks = bridges_tasks(agent)
    wires = [await bridge.served.connect() for _ in range(20)]
    for wire in wires:
        await amid_the_words(agent, wire)
    assert (bridge.bridge.turns.live_runs, agent.connections) == (20, 20)
    for wire in wires:
        wire.writer.transport.abort()
    await is_at_rest(bridge, agent, tasks)
    await agent.until(lambda: agent.connections == 0)

    assert len(agent.requests) == 20


# -- those who don't listen ------------------------------------------------------------------------


async def test_who_never_reads_holds_up_nobody_not_even_the_agent(
    bridge: Program, agent: FakeAgent
) -> None:
    """The agent talks for ever; its reply ends where no telephone call would have gone on."""
    agent.reply(*["And then. " * 400] * (MAX_REPLY_CHARS // 1000), to="story")
    tasks = bridges_tasks(agent)
    async with deaf(bridge.served, chat("story", stream=True)):
        await agent.asked()
        await until(lambda: bridge.bridge.turns.live_runs == 0)

        state = bridge.served.server.server_state
        assert len(state.tasks) == 1  # it is still being told
        assert await is_served(bridge.served)
    await is_at_rest(bridge, agent, tasks)


async def test_who_never_reads_their_stream_is_cut_off(bridge: Program, agent: FakeAgent) -> None:
    """In the plain profile a reply has no length beyond which it ends."""
    agent.reply(*["And then. " * 400] * 4000, to="story")
    tasks = bridges_tasks(agent)
    told = chat("story", stream=True).replace(b"host: x", b"x-bridge-profile: plain")
    async with impatient(bridge) as server:
        async with deaf(server, told):
            await agent.asked()
            await until(lambda: server.connections == 0)
            await until(lambda: not server.server.server_state.tasks)
            assert await is_served(server)
        await until(lambda: server.connections == 0)
    await is_at_rest(bridge, agent, tasks)


async def test_who_asks_and_asks_and_never_reads_is_cut_off_without_any_token(
    bridge: Program,
) -> None:
    """Each answer is small; together they are more than the system holds for a client."""
    async with impatient(bridge) as server, deaf(server) as send:
        await until(lambda: server.connections == 1)

        async def ask_for_ever() -> None:
            while True:
                await send(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 100)

        with pytest.raises(ConnectionError):
            await ask_for_ever()
        await until(lambda: server.connections == 0)
        assert await is_served(server)


# -- the many --------------------------------------------------------------------------------------


async def test_a_thousand_idle_connections_are_bounded_and_keep_no_caller_out(
    agent: FakeAgent,
) -> None:
    async with program(agent, {"LIMITS__CONNECTIONS": "50"}) as bridge:
        gate = asyncio.Event()
        agent.reply("Friday.", gate=gate, to="When")
        caller = await bridge.served.connect()
        await caller.say(chat("When"))
        await agent.asked()
        idle = [await bridge.served.connect() for _ in range(1000)]
        await until(lambda: bridge.served.connections <= 50)
        assert await is_served(bridge.served)
        gate.set()
        status, _body = await answer(caller)
        for wire in [*idle, caller]:
            await wire.close()
        await until(lambda: bridge.served.connections == 0)

    assert status == 200


async def test_a_connection_too_many_is_told_so_when_all_are_busy(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__CONNECTIONS": "3"}) as bridge:
        agent.hang("Once ", to="story")
        busy = [await bridge.served.connect() for _ in range(3)]
        for wire in busy:
            await amid_the_words(agent, wire)
        one_more = await bridge.served.connect()
        status, told = await answer(one_more)
        for wire in [*busy, one_more]:
            await wire.close()
        await until(lambda: bridge.served.connections == 0)
        assert await is_served(bridge.served)

    assert (status, told["error"]["code"]) == (503, "too_many_connections")


async def test_wrong_tokens_use_up_nothing_of_the_right_one(agent: FakeAgent) -> None:
    limits = {"LIMITS__PER_MINUTE": "1", "LIMITS__CONCURRENT": "1"}
    async with program(agent, limits) as bridge:
        wire = await bridge.served.connect()
        wrong = set()
        for number in range(200):
            await wire.say(chat(token=f"guess-{number}"))
            head = await wire.hear_until(b"\r\n\r\n")
            wrong.add(head.split()[1])
            await wire.close()
            wire = await bridge.served.connect()
        await wire.close()
        assert await is_served(bridge.served)

    assert wrong == {b"401"}
    assert [visit.utterance for visit in agent.requests] == ["Still there"]


async def test_a_stranger_makes_no_series_of_figures(bridge: Program) -> None:
    """Whatever is asked for, `/metrics` grows by labels of ours only."""
    async with bridge.http(OPERATOR_TOKEN) as client:
        await client.get("/metrics")
        for number in range(50):
            await client.get(f"/x{number}")
            await client.request(f"M{'X' * (number % 7)}", f"/v1/{number}")
        figures = (await client.get("/metrics")).text
    series = [line for line in figures.splitlines() if line.startswith("bridge_requests_total")]

    assert all('route="other"' in line or 'route="/' in line for line in series)
    assert len(series) < 10
