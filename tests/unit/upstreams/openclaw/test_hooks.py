"""The agent told something outside of a turn, against a gateway that refuses what the real one does.

Source: OpenClaw 2026.9.6, observed (2026-11).
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from bridge.errors import VendorError
from bridge.ports.upstream import Herald, Verdict
from bridge.upstreams import openclaw
from bridge.upstreams.openclaw import Settings
from tests.fakes.agent import FakeAgent

pytestmark = pytest.mark.anyio

TOKEN = "token-of-the-hooks"
TEXT = "Telephone call call_1 has ended."


@pytest.fixture
async def gateway() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True) as gateway:
        gateway.hooks_token = TOKEN
        yield gateway


def settings(gateway: FakeAgent, **more: object) -> Settings:
    fields = {"url": gateway.url, "token": gateway.token, "hooks_token": TOKEN, **more}
    return Settings.model_validate(fields)


async def tell(settings: Settings) -> None:
    async with openclaw.connect(settings) as upstream:
        assert upstream.herald is not None
        await upstream.herald.tell(TEXT)


async def test_the_agent_is_woken_with_the_text_and_nothing_else(gateway: FakeAgent) -> None:
    await tell(settings(gateway))

    assert gateway.wakes == [{"text": TEXT, "mode": "now"}]
    assert gateway.requests == []


async def test_of_several_agents_the_chosen_one_is_woken() -> None:
    async with FakeAgent(openclaw=True, agents=("desk", "home")) as gateway:
        gateway.hooks_token = TOKEN
        await tell(settings(gateway, agent="home"))

    assert [wake["agentId"] for wake in gateway.wakes] == ["home"]


async def test_nothing_that_a_proxy_could_have_forwarded_is_sent(gateway: FakeAgent) -> None:
    await tell(settings(gateway))

    (visit,) = gateway.visits
    assert [name for name in visit.headers if name.startswith(("x-", "forwarded"))] == []
    assert visit.headers["content-type"] == "application/json"


async def test_without_a_token_of_the_hooks_there_is_no_herald(gateway: FakeAgent) -> None:
    async with openclaw.connect(settings(gateway, hooks_token=None)) as upstream:
        assert upstream.herald is None


@pytest.mark.parametrize(
    ("status", "asked", "hint"),
    [
        (400, False, "upstream.agent"),
        (401, False, "hooks.token"),
        (403, False, "a proxy in between"),
        (404, False, "hooks: { enabled: true"),
        (408, False, ""),
        (413, False, ""),
        (429, False, "wait"),
        (500, True, ""),
        (502, True, ""),
        (503, False, "starting or stopping"),
    ],
)
async def test_a_refusal_says_whether_the_agent_was_told_and_has_a_cure(
    gateway: FakeAgent, status: int, asked: bool, hint: str
) -> None:
    gateway.wake_status = status
    with pytest.raises(VendorError) as caught:
        await tell(settings(gateway))

    assert (caught.value.status, caught.value.asked) == (status, asked)
    assert hint in caught.value.hint
    assert TOKEN not in str(caught.value)


async def test_a_gateway_that_is_away_was_surely_not_told(gateway: FakeAgent) -> None:
    await gateway.stop()
    with pytest.raises(VendorError) as caught:
        await tell(settings(gateway))

    assert not caught.value.asked


async def test_an_answer_that_is_lost_leaves_room_for_doubt(gateway: FakeAgent) -> None:
    gateway.holds_wakes = asyncio.Event()
    with pytest.raises(VendorError) as caught:
        await asyncio.gather(tell(settings(gateway)), _cut(gateway))

    assert caught.value.asked
    assert len(gateway.wakes) == 1


async def _cut(gateway: FakeAgent) -> None:
    await gateway.until(lambda: bool(gateway.wakes))
    await gateway.cut()


# -- what doctor shows ------------------------------------------------------------------------------


async def examine(settings: Settings) -> tuple[str, str]:
    async with openclaw.connect(settings) as upstream:
        herald: Herald | None = upstream.herald
        assert herald is not None
        found = await herald.examine()
    assert found.check == "upstream hooks"
    return found.verdict, found.cure


async def test_hooks_that_work_are_proven_without_waking_anybody(gateway: FakeAgent) -> None:
    assert await examine(settings(gateway)) == (Verdict.OK, "")
    assert gateway.wakes == []


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({"hooks_token": "another"}, "hooks.token of openclaw.json"),
        ({"hooks_path": "/elsewhere"}, "hooks: { enabled: true"),
        ({"url": "http://127.0.0.1:1/v1"}, "Start the gateway"),
    ],
    ids=["wrong token", "wrong place", "nobody there"],
)
async def test_hooks_that_do_not_work_are_a_warning_with_a_cure(
    gateway: FakeAgent, changes: dict[str, str], cure: str
) -> None:
    verdict, found = await examine(settings(gateway, **changes))

    assert verdict is Verdict.WARN
    assert cure in found


# -- settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/hooks", "hooks", "hooks/", " /hooks "])
def test_a_path_is_read_as_the_gateway_reads_it(path: str) -> None:
    assert Settings(hooks_path=path).hooks_path == "/hooks"


@pytest.mark.parametrize("given", [{"hooks_path": "/"}, {"hooks_path": "/a?b"}])
def test_a_path_that_is_none_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="such as '/hooks'"):
        Settings.model_validate(given)


@pytest.mark.parametrize("token", ["", "two words", "schlüssel", "a\nb"])
def test_a_token_that_no_header_holds_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"hooks_token": token})

    assert "printable ASCII" in str(caught.value)
