"""An agent that somebody made by hand keeps all that is theirs, and gets the rest back."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import SettingsError
from bridge.provision.difference import at
from tests.unit.provision.workbench import (
    HAND_MADE,
    LINE,
    OLD_VOICE,
    Workbench,
    workbench,
)

pytestmark = pytest.mark.anyio

PIRATE = "agent_0001"
PROMPT = ("conversation_config", "agent", "prompt")
THEIRS = (
    ("name",),
    (*PROMPT, "prompt"),
    ("conversation_config", "agent", "first_message"),
    ("conversation_config", "agent", "language"),
    ("conversation_config", "tts"),
    (*PROMPT, "custom_llm", "request_headers", "x-ship"),
    (*PROMPT, "built_in_tools", "language_detection"),
    (*PROMPT, "built_in_tools", "end_call"),
    ("conversation_config", "agent", "dynamic_variables", "dynamic_variable_placeholders", "ship"),
    ("platform_settings", "privacy"),
    ("platform_settings", "auth"),
)
HOSTED: dict[str, Any] = {
    "conversation_config": {"agent": {"prompt": {"llm": "gpt-4o", "prompt": "You are a cook."}}}
}


@pytest.fixture(scope="module", params=["merge", "replace"])
async def one_bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Workbench]:
    async with workbench(tmp_path_factory.mktemp("bench"), maps=request.param) as bench:
        yield bench


@pytest.fixture(params=["own model", "hosted model"])
def bench(one_bench: Workbench, tmp_path: Path, request: pytest.FixtureRequest) -> Workbench:
    bench = one_bench.anew(tmp_path / "bench")
    made = HAND_MADE if request.param == "own model" else HOSTED
    bench.fake.add_agent(
        "Pirate", made["conversation_config"], made.get("platform_settings"), ["sea"]
    )
    other = bench.fake.add_agent("Receptionist")
    bench.fake.add_number(LINE, "reception", other)
    bench.adopt = PIRATE
    return bench


async def test_only_the_seam_is_changed(bench: Workbench) -> None:
    before = copy.deepcopy(bench.fake.agents[PIRATE])

    await bench.apply()

    after = bench.fake.agents[PIRATE]
    set_by_hand = {p: at(before, p) for p in THEIRS if at(before, p) is not None}
    assert {p: at(after, p) for p in set_by_hand} == set_by_hand
    assert after["tags"][:3] == ["sea", "bridge", "bridge-adopted"]
    assert at(after, (*PROMPT, "llm")) == "custom-llm"
    assert at(after, (*PROMPT, "custom_llm", "url")) == "https://bridge.example.com/v1"
    assert bench.fake.numbers["phnum_0001"].agent_id == PIRATE
    bench.adopt = None
    assert (await bench.plan()).steps == (), "known from now on without being told"


@pytest.mark.parametrize("how", ["undo", "destroy"])
async def test_what_was_before_is_restored_byte_for_byte(bench: Workbench, how: str) -> None:
    before = bench.there()
    await bench.apply()
    bench.adopt = None

    await bench.back(how)

    assert bench.there() == before
    assert not bench.memory_file.exists()


async def test_undo_after_a_second_apply_leads_to_the_first(bench: Workbench) -> None:
    """And destroying leads to the beginning; what people changed themselves meanwhile is theirs."""
    before = bench.keep()
    bench.fake.agents[PIRATE]["conversation_config"]["turn"]["speculative_turn"] = True
    at_first = bench.there()
    bench = bench.anew(bench.folder.with_name("again"), before)
    await bench.apply()
    after_one = bench.there()
    bench.set["ELEVENLABS__TRANSFER_TO"] = "+15550100222"
    bench.fake.agents[PIRATE]["conversation_config"]["turn"]["speculative_turn"] = True
    drifted = bench.there()
    assert drifted != after_one
    await bench.apply()

    await bench.back("undo")
    assert bench.there() == drifted
    await bench.back("destroy")
    assert bench.there() == at_first


async def test_what_is_theirs_and_changed_meanwhile_stays(bench: Workbench) -> None:
    await bench.apply()
    bench.fake.agents[PIRATE]["conversation_config"]["agent"]["first_message"] = "Later."
    await bench.apply()

    await bench.back("destroy")

    there = bench.fake.agents[PIRATE]["conversation_config"]["agent"]
    assert there["first_message"] == "Later."


async def test_a_second_agent_is_not_taken_on_besides(bench: Workbench) -> None:
    await bench.apply()
    bench.adopt = "agent_0002"

    with pytest.raises(SettingsError, match=r"already sees to the agent agent_0001, .*agent_0002"):
        await bench.apply()


async def test_after_a_lost_memory_it_is_still_theirs(bench: Workbench) -> None:
    """What was there before is not known any more; the agent is never deleted."""
    await bench.apply()
    bench.memory_file.unlink()
    right = bench.there()
    await bench.apply()
    assert bench.there() == right

    bench.memory_file.unlink()
    await bench.back("destroy")

    assert PIRATE in bench.fake.agents


async def test_an_adopted_agent_that_was_deleted_by_hand_is_made_anew_and_is_ours(
    bench: Workbench,
) -> None:
    await bench.apply()
    bench.adopt = None
    del bench.fake.agents[PIRATE]
    bench.fake.numbers["phnum_0001"].agent_id = None

    await bench.apply()

    (made,) = [one for one in bench.fake.agents.values() if one["name"] == "bridge"]
    assert "bridge-adopted" not in made["tags"]
    await bench.back("destroy")
    assert [one["name"] for one in bench.fake.agents.values()] == ["Receptionist"]
    assert bench.fake.secrets == {}


async def test_a_number_that_was_there_goes_back_to_whom_it_was_with(bench: Workbench) -> None:
    await bench.apply()

    await bench.back("destroy")

    assert bench.fake.numbers["phnum_0001"].agent_id == "agent_0002"
    line = bench.carrier.line(LINE) or {}
    assert {name: line[name] for name in OLD_VOICE} == OLD_VOICE, "never touched"
    assert bench.carrier.writes == []
