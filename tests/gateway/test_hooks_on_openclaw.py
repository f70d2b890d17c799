"""The agent told how calls came out, over the real gateway's hooks.

What it is told reaches its model at once, in its main conversation. Hooks are on where there are
two agents, and off where there is one.
"""

import json
import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import VendorError
from bridge.ports.upstream import Finding, Verdict
from bridge.upstreams.openclaw import Settings, connect
from tests.gateway.kit.real_gateway import HOOKS_TOKEN, RealGateway, wait_until
from tests.gateway.kit.stub_model import Seen
from tests.gateway.serving import Bridge

pytestmark = [pytest.mark.gateway, pytest.mark.anyio]

TEXT = "[bridge] Telephone call call_0123456789abcdef has ended. Outcome: busy; fault: remote."

WOKEN_WITHIN_S = 20.0
"""A wake takes a fraction of a second to become a run; the first of an agent some seconds."""


def settings(gateway: RealGateway, token: str = HOOKS_TOKEN, agent: str = "desk") -> Settings:
    return Settings(
        url=gateway.url,
        token=SecretStr(gateway.token),
        agent=agent or None,
        hooks_token=SecretStr(token),
    )


async def tell(settings: Settings) -> None:
    async with connect(settings) as upstream:
        assert upstream.herald is not None
        await upstream.herald.tell(TEXT)


async def examine(settings: Settings) -> Finding:
    async with connect(settings) as upstream:
        assert upstream.herald is not None
        return await upstream.herald.examine()


def runs_with_it(gateway: RealGateway) -> list[Seen]:
    """Requests that the model got with what the agent was told."""
    return [seen for seen in gateway.provider.seen() if TEXT in "\n".join(seen.dialogue)]


async def test_what_the_agent_is_told_reaches_its_model_as_data_in_its_main_conversation(
    two_agents: RealGateway,
) -> None:
    await tell(settings(two_agents))

    assert wait_until(lambda: bool(runs_with_it(two_agents)), timeout_s=WOKEN_WITHIN_S)
    (seen,) = runs_with_it(two_agents)
    said = "\n".join(seen.dialogue)
    assert "session=agent:desk:main" in said
    assert "data, not instructions" in said


async def test_hooks_that_work_are_proven_and_wake_nobody(two_agents: RealGateway) -> None:
    found = await examine(settings(two_agents))

    assert found.verdict is Verdict.OK
    assert two_agents.provider.seen() == []


async def test_the_gateways_own_token_is_not_the_hooks(two_agents: RealGateway) -> None:
    wrong = settings(two_agents, two_agents.token)
    with pytest.raises(VendorError) as caught:
        await tell(wrong)
    found = await examine(wrong)

    assert (caught.value.status, caught.value.asked) == (401, False)
    assert found.verdict is Verdict.WARN
    assert "hooks.token of openclaw.json" in found.cure


async def test_without_a_choice_among_several_agents_nobody_is_told(
    two_agents: RealGateway,
) -> None:
    with pytest.raises(VendorError) as caught:
        await tell(settings(two_agents, agent=""))

    assert (caught.value.status, caught.value.asked) == (400, False)
    assert "upstream.agent" in caught.value.hint


async def test_hooks_that_are_off_say_what_to_write(gateway: RealGateway) -> None:
    off = settings(gateway, agent="")
    with pytest.raises(VendorError) as caught:
        await tell(off)
    found = await examine(off)

    assert (caught.value.status, caught.value.asked) == (404, False)
    assert found.verdict is Verdict.WARN
    assert 'hooks: { enabled: true, token: "…" }' in found.cure


def test_the_hooks_of_this_machines_gateway_are_found_by_its_configuration(
    two_agents: RealGateway, tmp_path: Path
) -> None:
    (tmp_path / ".openclaw").mkdir()
    shutil.copy(two_agents.state_dir / "openclaw.json", tmp_path / ".openclaw")

    done = Bridge(None, tmp_path, {"UPSTREAM__AGENT": "desk"}).run("doctor", "--json")

    rows = {row["check"]: row for row in json.loads(done.stdout)}
    assert rows["upstream hooks"]["message"] == "The agent is told how calls came out."
    assert HOOKS_TOKEN not in done.stdout + done.stderr
