"""The whole bridge, over HTTP, on the real gateway, when callers interrupt and when things fail.

The stub provider behind the gateway obeys `[[stub …]]` in the newest utterance and shows every
request that the model received. Each caller has a number of its own, so each has its own session.
"""

import json
import re

import anyio
import openai
import pytest
from anyio import to_thread

from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.kit.stub_model import Seen
from tests.gateway.serving import (
    PHRASES,
    Bridge,
    Caller,
    Serve,
    Spoken,
    first_words,
    whole,
)

pytestmark = pytest.mark.gateway

WAIT_S = 5.0

LONG = "[[stub words=300 delay=0.2]]"
"""A reply that nobody waits for: a minute of words."""


async def provider_saw_hang_up(gateway: RealGateway, about: str) -> None:
    def is_gone(seen: list[Seen]) -> bool:
        return "client disconnected" in [s.outcome for s in seen]

    await to_thread.run_sync(lambda: gateway.provider.wait_for(is_gone, about=about))


async def test_a_barge_in_stops_the_model_and_the_next_words_are_answered_at_once(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    with anyio.fail_after(3 * WAIT_S):  # without an abort the session is blocked for a minute
        async with caller.stream(LONG) as chunks:
            heard = await first_words(chunks, 3)
        await provider_saw_hang_up(gateway, LONG)
        caller.remember(LONG, heard)
        reply = await caller.says("Stop. [[stub words=2]]")

    assert heard.split() == ["w1", "w2", "w3"]
    assert reply == Spoken("w1 w2")


async def test_after_a_barge_in_the_agent_is_told_what_was_heard(
    gateway: RealGateway, bridge: Bridge
) -> None:
    """The reply had been sent whole; the platform played half of it and says so in its history."""
    caller = Caller(bridge)
    opening = 'When? [[stub text="We open at nine and close at six."]]'
    assert (await caller.says(opening)).text == "We open at nine and close at six."
    caller.history[-1]["content"] = "We open at nine..."
    await caller.says("And on Sundays?")
    await caller.says("Thank you.")

    note, words = gateway.provider.seen()[1].newest.splitlines()
    assert re.fullmatch(r"\[.*We open at nine.*\]", note)
    assert words == "And on Sundays?"
    last = gateway.provider.seen()[2]
    assert last.newest == "Thank you."
    assert "\n".join(last.dialogue).count("[phone:") == 1  # stored with its turn, and never again


async def test_a_barge_in_while_the_model_talks_tells_the_agent_too(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    async with caller.stream(LONG) as chunks:
        heard = await first_words(chunks, 4)
    caller.remember(LONG, heard)
    await caller.says("Stop. [[stub words=1]]")

    newest = gateway.provider.seen("Stop.")[0].newest.splitlines()
    assert newest[-1] == "Stop. [[stub words=1]]"
    assert re.fullmatch(r"\[.*w1 w2 w3.*\]", newest[-2])


async def test_a_failing_provider_is_heard_while_the_gateway_is_still_silent(
    gateway: RealGateway, serve: Serve
) -> None:
    """The gateway would retry for 65 s; the caller hears an honest sentence at our deadline."""
    caller = Caller(serve(gateway, TURN__DEADLINE_S="3"))
    with anyio.fail_after(3 * WAIT_S):
        failed = await caller.says("[[stub error=500]]")
        after = await caller.says("Again. [[stub words=2]]")

    assert failed == Spoken(PHRASES["too_slow"])
    assert after == Spoken("w1 w2")
    assert gateway.provider.seen()[0].outcome == "error 500"


async def test_a_failure_of_the_agent_becomes_a_sentence_and_nothing_of_its_text(
    bridge: Bridge,
) -> None:
    """The gateway says at once what a provider rejects, in words that name the provider."""
    spoken = await Caller(bridge).says("[[stub error=400]]")

    assert spoken.reason == "stop"
    assert spoken.text in PHRASES.values()


async def test_a_failure_in_the_midst_of_a_reply_is_a_sentence_and_nothing_of_its_text(
    gateway: RealGateway, bridge: Bridge
) -> None:
    """With status 200 and words already said, the gateway sends an error object in the stream."""
    spoken = await Caller(bridge).says("[[stub words=3 finish=content_filter]]")

    assert spoken == Spoken(f"w1 w2 w3 {PHRASES['cut_off']}")
    assert len(gateway.provider.seen()) == 1


async def test_two_agents_without_a_choice_are_a_set_up_that_is_not_ready(
    two_agents: RealGateway, serve: Serve
) -> None:
    bridge = serve(two_agents, ready_at="/healthz")
    spoken = await Caller(bridge).says("hello")

    assert spoken == Spoken(PHRASES["misconfigured"])
    assert bridge.status("/readyz") == 503
    assert two_agents.provider.seen() == []


async def test_a_wrong_token_is_a_sentence_in_a_stream_and_a_status_elsewhere(
    gateway: RealGateway, serve: Serve
) -> None:
    bridge = serve(gateway, ready_at="/healthz", UPSTREAM__TOKEN="not-the-token")
    caller = Caller(bridge)
    spoken = await caller.says("hello")
    async with caller.client() as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(**Caller(bridge).request("hello"))

    assert spoken == Spoken(PHRASES["misconfigured"])
    assert caught.value.status_code == 502
    assert bridge.status("/readyz") == 503
    assert "not-the-token" not in bridge.log() + caught.value.response.text
    assert gateway.provider.seen() == []


async def test_five_equal_requests_at_one_moment_are_one_run_and_five_equal_replies(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    heard: list[Spoken] = []

    async def ask() -> None:
        async with caller.stream("Book a table. [[stub words=5 first=0.3]]") as chunks:
            heard.append(whole([chunk async for chunk in chunks]))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)

    assert heard == [Spoken("w1 w2 w3 w4 w5")] * 5
    assert len(gateway.provider.seen()) == 1


async def test_a_retry_before_the_first_word_joins_the_run_of_the_request_that_went_away(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    slow = "Book a table. [[stub words=3 first=1]]"
    async with caller.stream(slow):
        await to_thread.run_sync(lambda: gateway.provider.wait_for(bool))
    reply = await caller.says(slow)

    assert reply == Spoken("w1 w2 w3")
    assert [seen.outcome for seen in gateway.provider.seen()] == ["ok"]


async def test_a_request_that_went_away_before_a_word_for_good_is_aborted(
    gateway: RealGateway, serve: Serve
) -> None:
    caller = Caller(serve(gateway, TURN__GRACE_S="0.5"))
    silent = "[[stub hang=60]]"
    async with caller.stream(silent):
        await to_thread.run_sync(lambda: gateway.provider.wait_for(bool))
    await provider_saw_hang_up(gateway, silent)


async def test_a_gateway_that_restarts_finishes_what_runs_and_new_callers_hear_why_till_it_is_back(
    expendable: RealGateway, serve: Serve
) -> None:
    bridge = serve(expendable, UPSTREAM__AGENT="desk")
    words = " ".join(f"w{n}" for n in range(1, 31))
    cures: dict[str, str] = {}

    async def examine() -> None:
        doctor = await to_thread.run_sync(lambda: bridge.run("doctor", "--json"))
        cures.update({row["check"]: row["cure"] for row in json.loads(doctor.stdout)})

    async with Caller(bridge).stream("[[stub words=30 delay=0.2]]") as chunks:
        heard = await first_words(chunks)
        expendable.drain()
        await to_thread.run_sync(expendable.wait_until_draining)
        async with anyio.create_task_group() as group:
            group.start_soon(examine)
            with anyio.fail_after(WAIT_S):
                refused = await Caller(bridge).says("hello")
        rest = whole([chunk async for chunk in chunks]).text
    expendable.stop()
    gone = await Caller(bridge).says("hello")
    await to_thread.run_sync(expendable.start)
    back = await Caller(bridge).says("hello")

    assert f"{heard} {rest}".split() == words.split()
    assert refused == Spoken(PHRASES["unreachable"])
    assert "wait until it is up" in cures["upstream address"]
    assert gone == Spoken(PHRASES["unreachable"])
    assert back == Spoken("Stub turn 1: hello")
