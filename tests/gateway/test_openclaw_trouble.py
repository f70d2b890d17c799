"""The openclaw adapter against the real gateway when something goes away, fails or is wrong.

Each test has a session of its own. The stub provider behind the gateway obeys `[[stub …]]` in the
newest utterance and shows every request that the model received.
"""

import anyio
import pytest
from anyio import to_thread

from bridge.core.session import SessionKey
from bridge.errors import VendorError, VendorRejected, VendorTooSlow, VendorUnavailable, Why
from bridge.ports.upstream import Text, Upstream, Verdict
from tests.gateway.asking import Reply, open_upstream, reply_to, turn, whole
from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.kit.stub_model import Seen

pytestmark = pytest.mark.gateway

WAIT_S = 5.0

LONG = "[[stub words=300 delay=0.2]]"
"""A reply that nobody waits for: a minute of words."""


async def provider_saw(gateway: RealGateway, outcome: str, about: str) -> None:
    def is_there(seen: list[Seen]) -> bool:
        return outcome in [s.outcome for s in seen]

    await to_thread.run_sync(lambda: gateway.provider.wait_for(is_there, about=about))


async def test_an_unfinished_turn_blocks_the_next_one_of_its_session(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """Why a turn that nobody listens to must be aborted (the gateway's promise, not ours)."""
    order: list[str] = []

    async def ask(upstream: Upstream, name: str, words: str) -> None:
        async with upstream.ask(turn(session_key, words)) as events:
            async for event in events:  # as they come: the order of the two turns is the point
                order.append(f"{name} {type(event).__name__.lower()}")  # noqa: PERF401

    async with open_upstream(gateway) as upstream, anyio.create_task_group() as group:
        group.start_soon(ask, upstream, "first", "[[stub words=5 delay=0.2]]")
        await provider_saw(gateway, "open", "words=5")
        group.start_soon(ask, upstream, "second", "[[stub words=1]]")

    assert order[-3:] == ["first finish", "second text", "second finish"]


async def test_leaving_after_a_word_stops_the_model_and_frees_the_session(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    async with open_upstream(gateway) as upstream:
        with anyio.fail_after(2 * WAIT_S):  # the model would talk for a minute
            async with upstream.ask(turn(session_key, LONG)) as events:
                first = await anext(aiter(events))
            await provider_saw(gateway, "client disconnected", LONG)
            after = await reply_to(upstream, turn(session_key, "a", "w1", "[[stub words=2]]"))

    assert isinstance(first, Text)
    assert after == Reply("w1 w2")


async def test_leaving_before_a_word_stops_the_model_and_frees_the_session(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    silent = "[[stub hang=60]]"
    async with open_upstream(gateway) as upstream:
        with anyio.fail_after(2 * WAIT_S):
            async with upstream.ask(turn(session_key, silent)):
                await provider_saw(gateway, "open", silent)
            await provider_saw(gateway, "client disconnected", silent)
            after = await reply_to(upstream, turn(session_key, silent, "", "[[stub words=2]]"))

    assert after == Reply("w1 w2")


async def test_a_failing_provider_is_given_up_while_the_gateway_still_retries(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """The gateway is silent for 65 s then; our own clock ends it, and the session is free."""
    async with open_upstream(gateway, timeout_s=2.0) as upstream:
        with anyio.fail_after(2 * WAIT_S):
            with pytest.raises(VendorTooSlow) as caught:
                await reply_to(upstream, turn(session_key, "[[stub error=500]]"))
            after = await reply_to(upstream, turn(session_key, "a", "", "[[stub words=2]]"))

    assert (caught.value.vendor, caught.value.why, caught.value.asked) == (
        "openclaw",
        Why.LATE,
        True,
    )
    assert gateway.provider.seen()[0].outcome == "error 500"
    assert after == Reply("w1 w2")


async def test_the_gateways_own_words_about_a_failure_go_no_further(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    """Its text may name providers and keys; here the failure comes within a second."""
    async with open_upstream(gateway) as upstream:
        with pytest.raises(VendorError) as caught:
            await reply_to(upstream, turn(session_key, "[[stub error=400]]"))

    assert "stub" not in f"{caught.value.message} {caught.value.hint}".lower()


async def test_a_wrong_token_is_named_with_its_cure(
    gateway: RealGateway, session_key: SessionKey
) -> None:
    async with open_upstream(gateway, token="not-the-token") as upstream:
        with pytest.raises(VendorRejected) as caught:
            await reply_to(upstream, turn(session_key, "hello"))
        findings = await upstream.examine()
    async with open_upstream(gateway) as upstream:  # the delay after failures ends with a success
        await upstream.models()

    error = caught.value
    assert (error.why, error.status, error.asked) == (Why.KEY, 401, False)
    assert "token" in error.hint
    assert "not-the-token" not in f"{error!r} {error.hint} {findings!r}"
    assert [f.cure != "" for f in findings if f.verdict is Verdict.FAIL] == [True]
    assert gateway.provider.seen() == []


async def test_a_gateway_that_stops_finishes_what_runs_and_takes_nothing_new(
    expendable: RealGateway, rest_of_key: str
) -> None:
    async with open_upstream(expendable, agent="desk") as upstream:
        long_turn = turn(SessionKey(rest_of_key), "[[stub words=15 delay=0.2]]")
        async with upstream.ask(long_turn) as running:
            events = [await anext(aiter(running))]
            expendable.drain()
            await to_thread.run_sync(expendable.wait_until_draining)
            with anyio.fail_after(WAIT_S), pytest.raises(VendorUnavailable):
                await reply_to(upstream, turn(SessionKey(f"{rest_of_key}-new"), "hello"))
            events += [event async for event in running]
        expendable.stop()
        with pytest.raises(VendorUnavailable) as gone:
            await reply_to(upstream, turn(SessionKey(rest_of_key), "hello"))

    assert whole(events) == Reply(" ".join(f"w{n}" for n in range(1, 16)))
    assert (gone.value.why, gone.value.asked) == (Why.UNREACHABLE, False)
