"""The promises of `bridge.ports.upstream`, asked of every adapter in `bridge/upstreams`.

An adapter is found by being there. What stands behind it is in `BEHIND`: a fake for one that asks
somebody over HTTP, nothing for one that speaks by itself. A new adapter without an entry fails
`test_every_adapter_is_asked`, so none is left out in silence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bridge import plugins
from bridge.clock import now_s
from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.ports.upstream import (
    Ask,
    Finding,
    Finish,
    Text,
    ToolCall,
    Upstream,
    UpstreamEvent,
    Verdict,
    Working,
)
from tests.fakes.agent import VENDOR_TEXT, WAIT_S, FakeAgent

pytestmark = pytest.mark.anyio

Fake = Callable[[], AbstractAsyncContextManager[FakeAgent]]

BEHIND: Mapping[str, Fake | None] = {
    "demo": None,
    "openai": FakeAgent,
    "openclaw": lambda: FakeAgent(openclaw=True),
}
"""Adapter → the fake it talks to, or `None` when it needs nobody."""

ADAPTERS = plugins.names("upstreams")
REMOTE = [name for name in ADAPTERS if BEHIND.get(name)]

TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {"name": "end_call", "parameters": {"type": "object", "properties": {}}},
}


@dataclass
class Line:
    """An adapter, and the fake behind it."""

    upstream: Upstream
    agent: FakeAgent

    async def hear(self, ask: Ask) -> list[UpstreamEvent]:
        heard: list[UpstreamEvent] = []
        await self.hear_into(heard, ask)
        return heard

    async def hear_into(self, heard: list[UpstreamEvent], ask: Ask) -> None:
        """For replies that fail: what came before is in `heard`."""
        async with asyncio.timeout(WAIT_S), self.upstream.ask(ask) as events:
            async for event in events:
                heard.append(event)  # noqa: PERF401 - a failure must not lose what came before


@asynccontextmanager
async def _connected(name: str, url: str, token: str, **more: object) -> AsyncIterator[Upstream]:
    module = plugins.adapter("upstreams", name)
    settings = module.Settings.model_validate({"url": url, "token": token, **more})
    async with module.connect(settings) as upstream:
        yield upstream


@pytest.fixture(params=REMOTE)
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    fake = BEHIND[request.param]
    assert fake is not None
    async with (
        fake() as agent,
        _connected(request.param, agent.url, agent.token, timeout_s=WAIT_S) as upstream,
    ):
        yield Line(upstream, agent)


def _ask(text: str = "hello", *, tools: tuple[Mapping[str, Any], ...] = ()) -> Ask:
    messages = (Message.of("user", text),)
    return Ask(messages, messages, session_key=SessionKey("test"), tools=tools, model="m")


def _words(events: list[UpstreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def test_every_adapter_is_asked() -> None:
    assert set(ADAPTERS) == set(BEHIND)


@pytest.mark.parametrize("name", ADAPTERS)
async def test_a_reply_is_words_in_order_and_exactly_one_finish_at_its_end(name: str) -> None:
    fake = BEHIND[name]
    async with contextlib.AsyncExitStack() as stack:
        agent = await stack.enter_async_context(fake()) if fake else None
        where = (agent.url, agent.token) if agent else ("", "")
        upstream = await stack.enter_async_context(_connected(name, *where, words_per_s=0))
        async with asyncio.timeout(WAIT_S), upstream.ask(_ask()) as events:
            got = [event async for event in events]

        assert upstream.name == name
        assert all(isinstance(event, Text | Working) for event in got[:-1])
        assert all(event.text for event in got if isinstance(event, Text))
        assert isinstance(got[-1], Finish)
        assert _words(got)
        assert await upstream.models()
        assert all(finding.check for finding in await upstream.examine())
        await upstream.warm_up()


@pytest.mark.parametrize("name", ADAPTERS)
async def test_leaving_early_leaves_no_task_behind(name: str) -> None:
    fake = BEHIND[name]
    before = asyncio.all_tasks()
    async with contextlib.AsyncExitStack() as stack:
        agent = await stack.enter_async_context(fake()) if fake else None
        where = (agent.url, agent.token) if agent else ("", "")
        if agent:
            agent.hang("One ")
        upstream = await stack.enter_async_context(_connected(name, *where, words_per_s=1000))
        async with asyncio.timeout(WAIT_S), upstream.ask(_ask()) as events:
            await anext(events)
        behind = asyncio.all_tasks() - before - (agent.tasks if agent else set())

    assert behind == set()


async def test_nothing_is_sent_before_the_context_is_entered(line: Line) -> None:
    waiting = line.upstream.ask(_ask("first"))
    await line.hear(_ask("second"))

    assert [visit.utterance for visit in line.agent.requests] == ["second"]
    async with waiting:
        assert [visit.utterance for visit in line.agent.requests] == ["second", "first"]


async def test_words_arrive_while_the_agent_is_still_speaking(line: Line) -> None:
    gate = asyncio.Event()
    line.agent.reply("Hello", gate, " there.")

    async with asyncio.timeout(WAIT_S), line.upstream.ask(_ask()) as events:
        first = await anext(events)
        gate.set()
        rest = [event async for event in events]

    assert first == Text("Hello")
    assert rest[0] == Text(" there.")
    assert isinstance(rest[1], Finish)


async def test_text_is_passed_untouched(line: Line) -> None:
    said = "  **Bold** <think>no</think> [[hang up]]\n\n漢字 😀\u2028 NO_REPLY  "
    line.agent.reply(said, chunk_chars=3)

    assert _words(await line.hear(_ask())) == said


async def test_reasoning_is_never_text(line: Line) -> None:
    line.agent.think("the user greets me", "Hello.")

    assert (await line.hear(_ask()))[:-1] == [Text("Hello.")]


async def test_a_tool_call_in_fragments_comes_out_whole(line: Line) -> None:
    line.agent.call_tool("end_call", '{"reason": "done"}', "Bye.")

    got = await line.hear(_ask(tools=(TOOL,)))

    call = ToolCall("call_1", "end_call", '{"reason": "done"}')
    assert got[:-1] == [Text("Bye."), call]
    assert isinstance(got[-1], Finish)
    assert got[-1].reason == "tool_calls"
    assert line.agent.requests[-1].body["tools"] == [TOOL]


async def test_the_agent_may_say_which_tool_it_is_using(line: Line) -> None:
    line.agent.reply({"tool_progress": {"label": "calendar"}}, "Nine is free.")

    assert (await line.hear(_ask()))[:-1] == [Working("calendar"), Text("Nine is free.")]


async def test_leaving_early_closes_the_connection(line: Line) -> None:
    """Within 50 ms is promised; the figure is printed (`-s`), not asserted."""
    line.agent.hang("Hello ")

    async with line.upstream.ask(_ask()) as events:
        await anext(events)
        left_s = now_s()
    left = await line.agent.closed()

    assert not left.was_whole
    assert left.closed_at_s is not None
    after_ms = 1000 * (left.closed_at_s - left_s)
    print(f"{line.upstream.name}: the agent saw the close after {after_ms:.2f} ms")
    await line.agent.until(lambda: line.agent.connections == 0)


async def test_being_cancelled_while_the_agent_is_silent_closes_the_connection(line: Line) -> None:
    line.agent.hang()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(line.hear(_ask()))
        await line.agent.asked()
        task.cancel()

    assert not (await line.agent.closed()).was_whole


async def test_a_reply_that_was_read_to_its_end_leaves_its_connection_for_the_next(
    line: Line,
) -> None:
    for _ in range(3):
        await line.hear(_ask())

    assert line.agent.connections == 1


async def test_an_idle_connection_that_the_agent_closed_is_not_used_again(line: Line) -> None:
    for n in range(5):
        assert _words(await line.hear(_ask(f"number {n}"))) == f"You said: number {n}"
        await line.agent.cut()


async def test_many_turns_at_once_do_not_mix(line: Line) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(line.hear(_ask(f"number {n}"))) for n in range(30)]

    assert [_words(t.result()) for t in tasks] == [f"You said: number {n}" for n in range(30)]


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (302, VendorBrokePromise, Why.UNKNOWN),
        (400, VendorRejected, Why.REQUEST),
        (401, VendorRejected, Why.KEY),
        (402, VendorRejected, Why.QUOTA),
        (403, VendorRejected, Why.PERMISSION),
        (404, VendorRejected, Why.REQUEST),
        (413, VendorRejected, Why.REQUEST),
        (418, VendorRejected, Why.REQUEST),
        (429, VendorUnavailable, Why.RATE),
        (500, VendorUnavailable, Why.SERVER),
        (502, VendorUnavailable, Why.SERVER),
        (503, VendorUnavailable, Why.SERVER),
        (504, VendorTooSlow, Why.LATE),
    ],
)
async def test_each_status_has_its_place_in_our_tree(
    line: Line, status: int, kind: type[VendorError], why: Why
) -> None:
    line.agent.refuse(status, retry_after="7")

    with pytest.raises(VendorError) as caught:
        await line.hear(_ask())

    error = caught.value
    assert (type(error), error.why, error.status, error.vendor) == (
        kind,
        why,
        status,
        line.upstream.name,
    )
    assert error.retry_after_s == 7
    _tells_nothing(error, line.agent)


async def test_an_error_object_inside_a_stream_is_a_failure_in_our_words(line: Line) -> None:
    line.agent.fail("One moment. ")
    heard: list[UpstreamEvent] = []

    with pytest.raises(VendorUnavailable) as caught:
        await line.hear_into(heard, _ask())

    assert heard == [Text("One moment. ")]
    assert (caught.value.why, caught.value.asked) == (Why.SERVER, True)
    _tells_nothing(caught.value, line.agent)


async def test_a_connection_dropped_half_way_is_a_failure_after_its_words(line: Line) -> None:
    line.agent.drop("Half a ")
    heard: list[UpstreamEvent] = []

    with pytest.raises(VendorUnavailable) as caught:
        await line.hear_into(heard, _ask())

    assert heard == [Text("Half a ")]
    assert caught.value.asked


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello\n\n",
        b"data: hello\n\n",
        b"data: [1]\n\n",
        b'data: {"choices":5}\n\n',
        b'data: {"choices":[5]}\n\n',
        b'data: {"choices":[{"delta":5}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[5]}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"no end"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
    ],
)
async def test_rubbish_is_a_broken_promise(line: Line, raw: bytes) -> None:
    line.agent.rubbish(raw)

    with pytest.raises(VendorBrokePromise):
        await line.hear(_ask())


async def test_a_body_that_is_no_event_stream_is_a_broken_promise(line: Line) -> None:
    line.agent.rubbish(b"<html>Welcome!</html>", kind="text/html")

    with pytest.raises(VendorBrokePromise):
        await line.hear(_ask())


@pytest.mark.parametrize("name", REMOTE)
async def test_a_silent_agent_is_too_slow(name: str) -> None:
    fake = BEHIND[name]
    assert fake is not None
    async with (
        fake() as agent,
        _connected(name, agent.url, agent.token, timeout_s=0.05) as upstream,
    ):
        agent.hang("Hm ")

        with pytest.raises(VendorTooSlow) as caught:
            await Line(upstream, agent).hear(_ask())

    assert caught.value.why is Why.LATE
    assert caught.value.asked
    assert "upstream.timeout_s" in caught.value.message


@pytest.mark.parametrize("name", REMOTE)
async def test_an_agent_that_is_not_there_was_surely_not_asked(name: str) -> None:
    async with FakeAgent() as gone:
        url = gone.url
    async with _connected(name, url, "any") as upstream:
        with pytest.raises(VendorUnavailable) as caught:
            await Line(upstream, gone).hear(_ask())
        found = await upstream.examine()

    assert (caught.value.why, caught.value.asked) == (Why.UNREACHABLE, False)
    assert "nothing listens there" in caught.value.message
    assert [finding.verdict for finding in found] == [Verdict.FAIL]


async def test_a_wrong_token_is_refused_and_examine_says_what_to_set(line: Line) -> None:
    line.agent.token = "another"

    with pytest.raises(VendorRejected) as caught:
        await line.hear(_ask())
    found = await line.upstream.examine()

    assert (caught.value.why, caught.value.asked) == (Why.KEY, False)
    assert found[-1].verdict is Verdict.FAIL
    assert "upstream.token" in found[-1].cure


async def test_a_healthy_agent_is_examined_without_a_run(line: Line) -> None:
    found = await line.upstream.examine()

    assert _worst(found) in (Verdict.OK, Verdict.WARN)
    assert all(finding.cure for finding in found if finding.verdict is not Verdict.OK)
    assert line.agent.requests == []


async def test_half_a_surrogate_pair_from_a_client_breaks_nothing(line: Line) -> None:
    assert _words(await line.hear(_ask("broken \ud83d here"))) == "You said: broken ? here"


async def test_a_failure_does_not_spoil_the_next_turn(line: Line) -> None:
    line.agent.refuse(500, once=True)
    line.agent.drop("Half a ", once=True)
    for _ in range(2):
        with pytest.raises(VendorUnavailable):
            await line.hear(_ask())

    assert _words(await line.hear(_ask("and now"))) == "You said: and now"


async def test_an_ask_can_be_asked_again_word_for_word(line: Line) -> None:
    ask = _ask()
    await line.hear(ask)
    await line.hear(replace(ask))

    first, second = line.agent.requests
    assert first.body == second.body


def _worst(found: tuple[Finding, ...]) -> Verdict:
    order = [Verdict.OK, Verdict.WARN, Verdict.FAIL]
    return max((finding.verdict for finding in found), key=order.index)


def _tells_nothing(error: VendorError, agent: FakeAgent) -> None:
    """Neither the vendor's text nor our token, nor a cause that holds either."""
    assert VENDOR_TEXT not in f"{error.message} {error.hint}"
    assert agent.token not in f"{error.message} {error.hint} {error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
