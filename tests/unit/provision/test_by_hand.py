"""What people move, delete, take or lose is seen and made right, and can be taken back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.provision import agent
from bridge.provision.plan import Plan
from tests.unit.provision.workbench import (
    ELSEWHERE,
    HOME,
    LINE,
    OLD_VOICE,
    Kept,
    Workbench,
    workbench,
)

pytestmark = pytest.mark.anyio

AGENT = "agent_0001"
EVERYTHING = {
    "TURN__LANGUAGES": "+49=de",
    "ELEVENLABS__TRANSFER_TO": "+15550100222",
    "ELEVENLABS__VOICE_ID": "voice_of_ada",
}
"""Settings that have the agent hold all that it can."""


@pytest.fixture(scope="module")
async def one_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    async with workbench(tmp_path_factory.mktemp("bench")) as bench:
        bench.set.update(EVERYTHING)
        await bench.apply()
        yield bench


@pytest.fixture(scope="module")
def kept(one_bench: Workbench) -> Kept:
    return one_bench.keep()


@pytest.fixture
def bench(one_bench: Workbench, kept: Kept, tmp_path: Path) -> Workbench:
    """Everything is applied."""
    return one_bench.anew(tmp_path / "bench", kept)


async def _writes(bench: Workbench) -> list[tuple[str, str]]:
    asked = len(bench.fake.writes)
    await bench.apply()
    assert (await bench.plan()) == Plan()
    return [(one.method, one.path) for one in bench.fake.writes[asked:]]


async def test_a_token_that_was_rotated_updates_the_secrets_alone(bench: Workbench) -> None:
    bench.set["SERVER__TOKEN"] = "another-platform-token"

    assert await _writes(bench) == [
        ("PATCH", "/v1/convai/secrets/sec_0001"),
        ("PATCH", "/v1/convai/secrets/sec_0002"),
    ]
    assert bench.fake.secrets["sec_0001"].value == "another-platform-token"


async def test_a_moved_address_patches_only_what_carries_it(bench: Workbench) -> None:
    bench.set["SERVER__PUBLIC_URL"] = ELSEWHERE
    plan = await bench.plan()
    asked = len(bench.fake.writes)
    right = json.dumps(bench.there()).replace(HOME, ELSEWHERE)

    assert await bench.follow(ELSEWHERE)

    (update,) = [step for step in plan.steps if step.thing == "agent"]
    assert {change.name for change in update.changes} == agent.ADDRESSES
    assert [(one.method, one.path) for one in bench.fake.writes[asked:]] == [
        ("POST", "/v1/workspace/webhooks"),
        ("PATCH", "/v1/workspace/webhooks/wh_0002"),
        ("PATCH", f"/v1/convai/agents/{AGENT}"),
        ("DELETE", "/v1/workspace/webhooks/wh_0001"),
    ]
    assert json.loads(right) == bench.there()
    assert bench.knows_webhook_secret()
    assert not await bench.follow(ELSEWHERE), "told already"


async def test_following_leaves_other_drift_alone(bench: Workbench) -> None:
    bench.fake.agents[AGENT]["conversation_config"]["agent"]["first_message"] = "Ahoy!"
    bench.set["TURN__GREETING"] = "Good evening."

    assert await bench.follow(ELSEWHERE)

    there = bench.fake.agents[AGENT]["conversation_config"]["agent"]
    assert there["first_message"] == "Ahoy!"
    assert there["prompt"]["custom_llm"]["url"] == f"{ELSEWHERE}/v1"


async def test_following_makes_the_secret_again_that_the_new_address_needs(
    bench: Workbench,
) -> None:
    del bench.fake.secrets["sec_0002"]

    assert await bench.follow(ELSEWHERE)

    there = bench.fake.agents[AGENT]["platform_settings"]["workspace_overrides"]
    webhook = there["conversation_initiation_client_data_webhook"]
    assert webhook["url"].startswith(ELSEWHERE)
    assert list(bench.fake.secrets) == ["sec_0001", "sec_0003"]


async def test_following_without_an_agent_makes_none(bench: Workbench) -> None:
    del bench.fake.agents[AGENT]

    assert await bench.follow(ELSEWHERE)

    assert bench.fake.agents == {}
    assert [webhook.url for webhook in bench.fake.webhooks.values()] == [
        f"{HOME}/webhooks/elevenlabs/post-call"
    ]


async def test_following_between_two_halves_of_an_apply_does_not_end_it(
    one_bench: Workbench, tmp_path: Path
) -> None:
    bench = one_bench.anew(tmp_path / "bench")
    was = bench.there()
    bench.fake.fail_write(6)
    with pytest.raises(Exception, match="Could not import"):
        await bench.apply()
    bench.fake.heal()

    await bench.follow(ELSEWHERE)
    bench.set["SERVER__PUBLIC_URL"] = ELSEWHERE
    await bench.apply()
    await bench.back("undo")

    assert bench.there() == was


async def test_a_lost_memory_makes_nothing_twice(bench: Workbench) -> None:
    """The webhook's secret is in a file of its own; without it the webhook is made again."""
    bench.memory_file.unlink()
    right = bench.there()

    await bench.apply()

    assert bench.there() == right
    assert bench.knows_webhook_secret()
    assert (await bench.plan()) == Plan()


async def test_after_a_lost_memory_everything_can_be_destroyed(bench: Workbench) -> None:
    bench.memory_file.unlink()
    bench.fake.numbers.clear()

    await bench.back("destroy")

    there = bench.there()
    assert (there["agents"], there["secrets"]) == ([], [])


async def test_a_lost_webhook_secret_makes_the_webhook_again(bench: Workbench) -> None:
    (bench.folder / "state" / "post-call-secret").unlink()
    right = bench.there()

    await bench.apply()

    assert bench.there() == right
    assert bench.knows_webhook_secret()


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("secrets", ["sec_0001"]),
        ("secrets", ["sec_0002"]),
        ("secrets", ["sec_0001", "sec_0002"]),
        ("webhooks", ["wh_0001"]),
        ("agents", [AGENT]),
        ("numbers", ["phnum_0001"]),
    ],
)
async def test_what_was_deleted_by_hand_is_made_again_and_all_can_be_taken_back(
    bench: Workbench, kind: str, ids: list[str]
) -> None:
    right = bench.there()
    for id_ in ids:
        del getattr(bench.fake, kind)[id_]
    if kind == "agents":
        bench.fake.numbers["phnum_0001"].agent_id = None

    await bench.apply()

    assert bench.there() == right
    assert (await bench.plan()) == Plan()
    await bench.back("undo")
    await bench.apply()
    assert bench.there() == right, "after the second was undone and made again"
    await bench.back("destroy")
    assert {kind: bench.there()[kind] for kind in ("agents", "secrets", "webhooks", "numbers")} == {
        "agents": [],
        "secrets": [],
        "webhooks": [],
        "numbers": [],
    }
    line = bench.carrier.line(LINE) or {}
    assert {name: line[name] for name in OLD_VOICE} == OLD_VOICE


@pytest.mark.parametrize("switch", [{"is_disabled": True}])
async def test_a_webhook_that_was_switched_off_is_switched_on(
    bench: Workbench, switch: dict[str, bool]
) -> None:
    bench.fake.webhooks["wh_0001"].is_disabled = True

    assert await _writes(bench) == [("PATCH", "/v1/workspace/webhooks/wh_0001")]
    assert not bench.fake.webhooks["wh_0001"].is_disabled


async def test_a_number_that_another_agent_took_is_taken_back_and_given_back(
    bench: Workbench,
) -> None:
    thief = bench.fake.add_agent("Thief")
    bench.fake.numbers["phnum_0001"].agent_id = thief

    plan = await bench.plan()
    assert [(step.act, step.why) for step in plan.steps] == [
        ("link", "Thief answered it; now bridge does")
    ]
    assert await _writes(bench) == [("PATCH", "/v1/convai/phone-numbers/phnum_0001")]
    await bench.back("undo")

    assert bench.fake.numbers["phnum_0001"].agent_id == thief


async def test_a_tag_of_somebody_elses_is_no_drift(bench: Workbench) -> None:
    bench.fake.agents[AGENT]["tags"].append("mine")

    assert (await bench.plan()) == Plan()


async def test_two_agents_that_bear_our_tag_are_named(bench: Workbench) -> None:
    bench.memory_file.unlink()
    twin = bench.fake.add_agent("bridge", tags=["bridge"])

    with pytest.raises(SettingsError, match=f"2 agents called 'bridge'.*{twin}, {AGENT}") as raised:
        await bench.apply()

    assert "--agent" in raised.value.hint
    bench.adopt = AGENT
    await bench.apply()
    assert "bridge-adopted" not in bench.fake.agents[AGENT]["tags"], "it is ours"
    assert bench.memory.adopted is False


async def test_a_name_that_is_taken_is_named_with_both_ways_out(
    one_bench: Workbench, tmp_path: Path
) -> None:
    bench = one_bench.anew(tmp_path / "bench")
    taken = bench.fake.add_agent("bridge")

    with pytest.raises(SettingsError, match="name 'bridge' is taken") as raised:
        await bench.apply()

    assert f"--agent {taken}" in raised.value.hint
    assert bench.fake.writes == []


async def test_a_namesake_of_an_agent_that_is_gone_is_not_taken_back(bench: Workbench) -> None:
    del bench.fake.agents[AGENT]
    namesake = bench.fake.add_agent("bridge", tags=["bridge"])

    await bench.back("destroy")

    assert list(bench.fake.agents) == [namesake]
