"""`bridge provision` that fails or is broken off: the next run goes on. Our own promises: design 9."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Any

import pytest

from tests.e2e.provision.office import APPLY, FIRST, Office, steps
from tests.fakes.command import running
from tests.fakes.elevenlabs.server import Fault, Record


@pytest.mark.parametrize(
    ("how", "code", "reason"),
    [
        (Fault.CONFLICT, 5, "The resource was changed by someone else"),
        (Fault.OLDER, 5, "Agent not found"),
        (Fault.STRING, 5, "Not Found"),
        (Fault.INVALID, 5, "body.name: Field required"),
        (Fault.FORBIDDEN, 4, "The API key is missing convai_write"),
        (Fault.RATE, 5, "Too many requests"),
        (Fault.HTML, 5, "HTTP 502"),
        (Fault.NOT_JSON, 5, "is not ElevenLabs' API"),
        (Fault.DROP, 5, "can't be reached"),
    ],
)
async def test_a_failure_names_the_step_the_reason_and_the_cure_and_the_next_run_goes_on(
    office: Office, how: Fault, code: int, reason: str
) -> None:
    office.platform.fail(("POST", "/v1/convai/agents/create"), how)
    first = await office.types(*APPLY, "--json")
    again = await office.types(*APPLY, "--json")

    assert first.code == code
    assert first.error["message"].startswith("Could not create the agent 'bridge'.")
    assert reason in first.error["message"]
    assert first.error["hint"]
    assert again.code == 0
    assert steps(again.json) == FIRST[4:]
    assert len(office.platform.agents) == 1


async def test_a_field_that_is_not_kept_is_told_by_its_path(provisioned: Office) -> None:
    provisioned.edit(turn={"speculative_turn": True})
    provisioned.platform.forget("conversation_config.turn.speculative_turn")
    said = await provisioned.types(*APPLY)
    told = await provisioned.types(*APPLY, "--json")

    path = "conversation_config.turn.speculative_turn"
    assert said.code == told.code == 8
    assert f"Not kept: agent bridge: {path} is true; wanted: false" in said.err
    (row,) = told.json["not_kept"]
    assert (row["path"], row["found"], row["wanted"]) == (path, True, False)


@pytest.mark.parametrize("how", [SIGINT, SIGKILL])
async def test_a_run_that_is_broken_off_is_gone_on_with(office: Office, how: Any) -> None:
    """Between what the platform has done and its answer, where it hurts most."""
    reached, over = asyncio.Event(), asyncio.Event()
    office.platform.after_write = held(reached, over, "/v1/convai/agents/create")
    async with running(*APPLY, settings=office.settings) as command:
        await asyncio.wait_for(reached.wait(), 30)
        argv = Path(f"/proc/{command.process.pid}/cmdline").read_text()
        command.signal(how)
        broken = await command.ended()
        over.set()
    office.platform.after_write = None
    again = await office.types(*APPLY, "--json")

    office.check(argv + broken.out + broken.err)
    if how is SIGINT:
        assert broken.code == 130
        assert "Broken off. What was done stays; the next run goes on from there." in broken.err
        assert "Traceback" not in broken.err
    assert again.code == 0
    assert steps(again.json) == FIRST[5:]
    assert len(office.platform.agents) == 1


async def test_a_second_run_at_once_is_refused_and_harms_nothing(office: Office) -> None:
    reached, over = asyncio.Event(), asyncio.Event()
    office.platform.after_write = held(reached, over, "/v1/convai/secrets")
    async with running(*APPLY, settings=office.settings) as first:
        await asyncio.wait_for(reached.wait(), 30)
        second = await office.types(*APPLY, "--json")
        status = await office.types("status")
        over.set()
        ended = await first.ended()

    assert second.code == status.code == 5
    assert "Another run of provisioning is at work" in second.error["message"]
    assert ended.code == 0
    assert len(office.platform.agents) == len(office.platform.numbers) == 1


def held(
    reached: asyncio.Event, over: asyncio.Event, path: str
) -> Callable[[Record], Awaitable[None]]:
    """Holds back the answers to writes there until it is over."""

    async def hold(record: Record) -> None:
        if record.path == path:
            reached.set()
            await over.wait()

    return hold
