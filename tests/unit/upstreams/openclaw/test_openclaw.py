"""The adapter against a gateway that refuses what the real one refuses."""

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from bridge.core.chat import Message
from bridge.core.session import SessionKey
from bridge.errors import VendorError, VendorRejected, VendorUnavailable
from bridge.ports.upstream import Ask, Finding, Upstream, Verdict
from bridge.upstreams import openclaw
from bridge.upstreams.openclaw import OpenClaw, Settings
from tests.fakes.agent import FakeAgent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gateway() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True) as gateway:
        yield gateway


@pytest.fixture
async def two() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True, agents=("desk", "home")) as gateway:
        yield gateway


def _settings(gateway: FakeAgent, **more: object) -> Settings:
    return Settings.model_validate({"url": gateway.url, "token": gateway.token, **more})


async def _hear(upstream: Upstream, key: str | None = "phone:abc") -> None:
    messages = (Message.of("user", "hello"),)
    session = None if key is None else SessionKey(key)
    async with upstream.ask(Ask(messages, messages, session_key=session)) as events:
        async for _ in events:
            pass


def _route(gateway: FakeAgent) -> tuple[str, str | None, str | None]:
    visit = gateway.requests[-1]
    key, agent = "x-openclaw-session-key", "x-openclaw-agent-id"
    return visit.body["model"], visit.headers.get(agent), visit.headers.get(key)


async def test_the_only_agent_is_learnt_once(gateway: FakeAgent) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream)
        await _hear(upstream)

    assert _route(gateway) == ("openclaw/main", "main", "agent:main:phone:abc")
    assert [visit.path for visit in gateway.visits].count("/v1/models") == 1


async def test_it_is_learnt_anew_after_the_gateway_refused_it(gateway: FakeAgent) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream)
        gateway.agents, gateway.models = ("new",), ("openclaw", "openclaw/default", "openclaw/new")
        with pytest.raises(VendorRejected):
            await _hear(upstream)
        await _hear(upstream)

    assert _route(gateway) == ("openclaw/new", "new", "agent:new:phone:abc")


@pytest.mark.parametrize("choice", [{"agent": "home"}, {"model": "openclaw/home"}])
async def test_a_chosen_agent_is_asked_without_looking(
    two: FakeAgent, choice: dict[str, str]
) -> None:
    async with openclaw.connect(_settings(two, **choice)) as upstream:
        await _hear(upstream)

    assert _route(two) == ("openclaw/home", "home", "agent:home:phone:abc")
    assert len(two.visits) == 1


async def test_a_full_key_chooses_its_agent(two: FakeAgent) -> None:
    async with openclaw.connect(_settings(two, agent="home")) as upstream:
        await _hear(upstream, "agent:desk:main")

    assert _route(two) == ("openclaw/desk", "desk", "agent:desk:main")


async def test_with_several_agents_and_no_choice_nothing_is_asked(two: FakeAgent) -> None:
    async with openclaw.connect(_settings(two)) as upstream:
        with pytest.raises(VendorRejected) as caught:
            await _hear(upstream)

    assert not caught.value.asked
    assert caught.value.hint == "Set upstream.agent to one of 'desk', 'home'."
    assert two.requests == []


async def test_a_gateway_that_lists_nothing_is_asked_by_its_default(gateway: FakeAgent) -> None:
    gateway.models_status = 404
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream)

    assert _route(gateway) == ("openclaw", None, "phone:abc")


async def test_a_request_that_stands_alone_has_no_key(gateway: FakeAgent) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream, None)

    assert _route(gateway) == ("openclaw/main", "main", None)


async def test_the_channel_is_a_voice_and_nothing_is_forwarded(gateway: FakeAgent) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream)

    headers = gateway.requests[-1].headers
    assert sorted(name for name in headers if name.startswith("x-")) == [
        "x-openclaw-agent-id",
        "x-openclaw-message-channel",
        "x-openclaw-session-key",
    ]
    assert headers["x-openclaw-message-channel"] == "voice"


async def test_warming_up_is_one_turn_in_a_session_of_its_own(gateway: FakeAgent) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await upstream.warm_up()

    assert _route(gateway) == ("openclaw/main", "main", "agent:main:bridge:warm-up")
    assert gateway.requests[0].was_whole


@pytest.mark.parametrize(
    ("status", "asked", "hint"),
    [
        (400, False, "upstream.agent"),
        (401, False, "gateway.auth.token"),
        (403, False, "a proxy in between"),
        (404, False, "chatCompletions: { enabled: true }"),
        (429, False, "wait"),
        (500, True, ""),
        (503, False, "starting or stopping"),
    ],
)
async def test_a_refused_turn_was_not_run_and_has_a_cure(
    gateway: FakeAgent, status: int, asked: bool, hint: str
) -> None:
    gateway.refuse(status)
    async with openclaw.connect(_settings(gateway)) as upstream:
        with pytest.raises(VendorError) as caught:
            await _hear(upstream)

    assert caught.value.asked is asked
    assert hint in caught.value.hint


async def test_a_gateway_that_went_away_is_not_asked_for_its_agent_again(
    gateway: FakeAgent,
) -> None:
    async with openclaw.connect(_settings(gateway)) as upstream:
        await _hear(upstream)
        gateway.ready = False
        with pytest.raises(VendorUnavailable):
            await _hear(upstream)
        gateway.ready = True
        await _hear(upstream)

    assert [visit.path for visit in gateway.visits].count("/v1/models") == 1


@pytest.mark.parametrize(("given", "calls"), [(None, False), (False, False), (True, True)])
async def test_whether_the_agent_calls_tools_is_a_setting(
    gateway: FakeAgent, given: bool | None, calls: bool
) -> None:
    async with openclaw.connect(_settings(gateway, calls_tools=given)) as upstream:
        assert upstream.calls_tools is calls


# -- what doctor shows ---------------------------------------------------------------------


async def _examine(
    gateway: FakeAgent, *, deep: bool = False, **settings: object
) -> dict[str, Finding]:
    async with openclaw.connect(_settings(gateway, **settings)) as upstream:
        assert isinstance(upstream, OpenClaw)
        found = await (upstream.examine(deep=True) if deep else upstream.examine())
    assert all(f.cure for f in found if f.verdict is not Verdict.OK)
    return {finding.check.removeprefix("upstream "): finding for finding in found}


def _verdicts(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.verdict.value for check, finding in found.items()}


async def test_a_healthy_gateway(gateway: FakeAgent) -> None:
    assert _verdicts(await _examine(gateway)) == {
        "address": "ok",
        "token": "ok",
        "endpoint": "ok",
        "agent": "ok",
        "hooks": "ok",
    }
    assert gateway.requests == []


async def test_who_set_no_token_for_the_hooks_is_told_what_it_is_for(gateway: FakeAgent) -> None:
    found = await _examine(gateway)

    assert found["hooks"].verdict is Verdict.OK
    assert "isn't told how calls came out" in found["hooks"].message
    assert "hooks: { enabled: true" in found["hooks"].cure
    assert "hooks" not in await _examine(gateway, hooks_token="a-token")


async def test_an_endpoint_that_is_not_enabled(gateway: FakeAgent) -> None:
    gateway.enabled, gateway.models_status = False, 404

    found = await _examine(gateway)

    assert _verdicts(found) == {"address": "ok", "endpoint": "fail"}
    assert "gateway.http.endpoints.chatCompletions.enabled: true" in found["endpoint"].cure


async def test_a_wrong_token(gateway: FakeAgent) -> None:
    found = await _examine(gateway, token="wrong")

    assert _verdicts(found) == {"address": "ok", "token": "fail"}
    assert "gateway.auth.token" in found["token"].cure


async def test_a_token_is_proven_by_the_endpoint_where_the_gateway_has_no_list(
    gateway: FakeAgent,
) -> None:
    gateway.models_status = 404

    taken, refused = await _examine(gateway), await _examine(gateway, token="wrong")

    assert _verdicts(taken) == {"address": "ok", "token": "ok", "endpoint": "ok", "hooks": "ok"}
    assert _verdicts(refused) == {"address": "ok", "token": "fail"}


async def test_several_agents_without_a_choice(two: FakeAgent) -> None:
    found = await _examine(two)

    assert found["agent"].verdict is Verdict.FAIL
    assert found["agent"].cure == "Set upstream.agent to one of 'desk', 'home'."


async def test_an_agent_that_is_not_there(two: FakeAgent) -> None:
    found = await _examine(two, agent="garden")

    assert found["agent"].verdict is Verdict.FAIL
    assert "'garden'" in found["agent"].message


async def test_a_chosen_agent_that_is_there(two: FakeAgent) -> None:
    assert (await _examine(two, agent="Desk"))["agent"].verdict is Verdict.OK


async def test_a_gateway_that_is_draining(gateway: FakeAgent) -> None:
    gateway.ready = False

    found = await _examine(gateway)

    assert found["address"].verdict is Verdict.WARN
    assert "its log" in found["address"].cure


async def test_hidden_tools_are_looked_for_only_when_asked(gateway: FakeAgent) -> None:
    gateway.fail()

    found = await _examine(gateway, deep=True)

    assert found["tools"].verdict is Verdict.WARN
    assert 'toolSearch: { mode: "directory" }' in found["tools"].cure
    assert gateway.requests[0].headers["x-openclaw-session-key"] == "agent:main:bridge:check"


@pytest.mark.parametrize(("calls_tools", "is_told"), [(None, True), (True, False)])
async def test_tools_that_an_agent_sees_can_be_used_by_a_setting(
    gateway: FakeAgent, calls_tools: bool | None, is_told: bool
) -> None:
    gateway.call_tool("bridge_check", "{}")

    finding = (await _examine(gateway, deep=True, calls_tools=calls_tools))["tools"]

    assert finding.verdict is Verdict.OK
    assert ("upstream.calls_tools" in finding.cure) is is_told


async def test_a_tools_check_that_could_not_be_made_says_so(gateway: FakeAgent) -> None:
    gateway.refuse(429)

    assert "too often" in (await _examine(gateway, deep=True))["tools"].message


async def test_no_run_is_spent_where_something_else_is_wrong(two: FakeAgent) -> None:
    assert "tools" not in await _examine(two, deep=True)


async def test_a_proxy_in_between_is_named(gateway: FakeAgent) -> None:
    gateway.is_proxied = True

    found = await _examine(gateway)

    assert _verdicts(found) == {"address": "fail"}
    assert "proxy" in found["address"].cure


async def test_a_gateway_that_has_locked_us_out_says_wait(gateway: FakeAgent) -> None:
    gateway.models_status = 429

    found = await _examine(gateway)

    assert _verdicts(found) == {"address": "ok", "gateway": "fail"}
    assert "wait" in found["gateway"].cure


@pytest.mark.parametrize("model", ["gpt-4o", "openclaw/", "anthropic/claude"])
def test_a_model_that_the_gateway_would_refuse_is_refused_here(model: str) -> None:
    with pytest.raises(ValidationError, match="must be 'openclaw'"):
        Settings(model=model)


@pytest.mark.parametrize(
    ("given", "agent"),
    [
        ({}, ""),
        ({"model": ""}, ""),
        ({"model": "openclaw"}, ""),
        ({"model": "openclaw/default"}, ""),
        ({"model": "openclaw:desk"}, "desk"),
        ({"model": "agent:desk"}, "desk"),
        ({"model": "openclaw/desk", "agent": "home"}, "home"),
    ],
)
def test_the_agent_that_was_chosen(given: dict[str, str], agent: str) -> None:
    assert Settings.model_validate(given).chosen_agent == agent
