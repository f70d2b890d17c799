"""What people change by hand is seen by its path and mended, and nothing else is touched."""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import VendorRejected
from bridge.provision import agent, completing
from bridge.provision.difference import at
from tests.fakes.elevenlabs.schema import named, problems
from tests.unit.provision.workbench import (
    Kept,
    Workbench,
    paths,
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


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(one, (*path, key))
    else:
        yield path


async def _wanted(bench: Workbench) -> dict[str, Any]:
    async with bench.opened() as run:
        there = await run.look()
        ids = dict(run.memory.ids)
        return agent.wanted(run.wish, ids, there.agent or {}, adopted=False)


def _others(value: object) -> list[object]:
    """Values that are not this one; the platform may know only some of them."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1, value - 1]
        case str():
            known = ("default", "gpt-4o", "responses", "opentelemetry", "blind", "de")
            return [value + "x", *known, "eleven_multilingual_v2", "system_prompt", "elevenlabs"]
        case list():
            return [[one for one in value if one != "interruption"], value[:-1]]
        case _:
            return []


def _drifted(there: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """The agent with another value there that the platform knows; `None` when there is none."""
    value = at(there, path)
    for other in ["elsewhere"] if path[-1] in REFERENCES else _others(value):
        drifted = copy.deepcopy(there)
        _set(drifted, path, other)
        drifted = {**drifted, "phone_numbers": []}
        if other != value and not problems(named("GetAgentResponseModel"), drifted):
            del drifted["phone_numbers"]
            return drifted
    return None


def _set(space: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        space = space[key]
    space[path[-1]] = value


REFERENCES = ("secret_id", "post_call_webhook_id")


async def test_every_managed_field_that_drifts_is_seen_and_mended_alone(
    one_bench: Workbench, kept: Kept, tmp_path: Path
) -> None:
    bench = one_bench.anew(tmp_path / "first", kept)
    wanted = await _wanted(bench)
    leaves = [path for path in _leaves(wanted) if at(wanted, path) is not None]
    right = bench.there()
    assert len(leaves) >= 60, "every leaf of the wanted agent"
    constant: list[str] = []
    for n, path in enumerate(leaves):
        bench = one_bench.anew(tmp_path / str(n), kept)
        drifted = _drifted(bench.fake.agents[AGENT], path)
        if drifted is None:
            constant.append(".".join(path[-2:]))
            continue
        bench.fake.agents[AGENT] = drifted
        async with bench.opened() as run:
            plan, there = await run.plan()
            named = paths(plan)
            asked = len(bench.fake.writes)
            done = [step async for step in run.apply(plan, there)]

        # A list is one field; and the tags tell of a list of ours that was cut.
        assert named == [".".join(path)], path
        (written,) = bench.fake.writes[asked:]
        assert (len(done), written.method, written.path) == (
            1,
            "PATCH",
            f"/v1/convai/agents/{AGENT}",
        )
        assert _is_within(written.body, path), (path, written.body)
        if path[-1] != "client_events":  # `interruption` comes last now
            assert bench.there() == right, path
    assert set(constant) == {"params.system_tool_type"}


def _is_within(body: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a body holds that path, and besides only what must stand beside it."""
    beside = {path}
    for touched, needed in completing.NEEDED_WITH.items():
        if path[: len(touched)] == touched:
            beside |= set(needed)
    for whole in completing.MAPS:
        if path[: len(whole)] == whole or any(one == whole[: len(one)] for one in beside - {path}):
            beside.add(whole)
    return at(body, path) is not None and all(
        any(leaf[: len(one)] == one for one in beside) for leaf in _leaves(body)
    )


REQUIRED = {
    "llm",
    "custom_llm",
    "url",
    "secret_id",
    "variable_name",
    "preference",
    "name",
    "system_tool_type",
}
"""Without one of these the platform refuses an agent, or the object that it stands in."""

DEFAULTS = {"params", "api_type", "language", "speculative_turn", "transcript_format"}
"""What we want of these is what the platform has by itself."""


async def test_every_field_that_the_platform_drops_is_reported_by_its_path(
    one_bench: Workbench, kept: Kept, tmp_path: Path
) -> None:
    wanted = await _wanted(one_bench.anew(tmp_path / "first", kept))
    leaves = list(_leaves(wanted))
    objects = {path[:-1]: None for path in leaves if path[-1] in REQUIRED}
    unreported: list[str] = []
    for n, path in enumerate([*leaves, *objects]):
        bench = one_bench.anew(tmp_path / str(n))
        bench.set.update(EVERYTHING)
        bench.fake.forget(".".join(path))
        try:
            await bench.apply()
        except VendorRejected:
            assert path[-1] in REQUIRED | {"params"}, path
            continue
        found = await bench.not_kept()
        name = ".".join(path)
        if not any(name.startswith(one) or one.startswith(f"{name}.") for one in found):
            unreported.append(path[-1])
    assert set(unreported) <= DEFAULTS


async def test_what_is_not_ours_stays(bench: Workbench) -> None:
    there = bench.fake.agents[AGENT]
    there["name"] = "Renamed"
    there["tags"] = ["mine", *there["tags"], "last"]
    prompt = there["conversation_config"]["agent"]["prompt"]
    prompt["prompt"] = "You are a pirate."
    prompt["temperature"] = 0.7
    prompt["custom_llm"]["request_headers"]["x-mine"] = "1"
    there["conversation_config"]["tts"]["speed"] = 1.1
    there["platform_settings"]["privacy"]["delete_audio"] = True
    assert (await bench.plan()).steps == ()

    prompt["cascade_timeout_seconds"] = 4
    del prompt["custom_llm"]["request_headers"]["x-bridge-caller"]
    wanted = copy.deepcopy(bench.fake.agents[AGENT])
    await bench.apply()

    now = bench.fake.agents[AGENT]
    inner = wanted["conversation_config"]["agent"]["prompt"]
    inner["cascade_timeout_seconds"] = 15
    inner["custom_llm"]["request_headers"]["x-bridge-caller"] = {"variable_name": "bridge_caller"}
    assert _comparable(now) == _comparable(wanted)


def _comparable(one: dict[str, Any]) -> Any:
    return json.loads(
        json.dumps({k: v for k, v in one.items() if k not in {"version_id", "metadata"}})
    )
