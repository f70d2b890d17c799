"""`bridge provision --undo` and `--destroy`. Our own promises: design 9."""

import pytest

from tests.e2e.provision.office import APPLY, BACK, Office, steps
from tests.fakes.elevenlabs.server import Fault

MOVED = "https://moved.example.net"


@pytest.mark.parametrize("how", ["--undo", "--destroy"])
async def test_what_was_made_is_taken_back_and_the_number_goes_where_it_went(
    office: Office, how: str
) -> None:
    before = office.platform.snapshot(), office.carrier.snapshot()
    await office.types(*APPLY)
    shown = await office.types("provision", how, "--dry-run", "--json")
    made = office.platform.snapshot()
    said = await office.types("provision", how, "--yes", "--json")

    assert steps(shown.json) == steps(said.json) == BACK
    assert made["agents"]
    assert (office.platform.snapshot(), office.carrier.snapshot()) == before
    assert not (office.state / "provision.json").exists()


async def test_a_second_undo_finds_nothing_to_take_back(provisioned: Office) -> None:
    await provisioned.types("provision", "--undo", "--yes")
    said = await provisioned.types("provision", "--undo", "--yes")
    gone = await provisioned.types("provision", "--destroy", "--yes")

    assert (said.code, said.out, said.err) == (0, "", "There is nothing to take back.\n")
    assert (gone.code, gone.out, gone.err) == (0, "", "There is nothing that bridge made.\n")


async def test_undo_takes_back_a_change_and_leaves_what_was_there(provisioned: Office) -> None:
    before = provisioned.agent["conversation_config"]
    await provisioned.types(*APPLY, ELEVENLABS__SILENCE_S="60")
    changed = provisioned.agent["conversation_config"]["turn"]["silence_end_call_timeout"]
    said = await provisioned.types("provision", "--undo", "--yes")

    assert changed == 60
    assert said.code == 0
    assert provisioned.agent["conversation_config"] == before


async def test_an_apply_that_only_moved_the_address_is_passed_over_by_undo(
    provisioned: Office,
) -> None:
    """Nothing answers at the old one."""
    await provisioned.types(*APPLY, SERVER__PUBLIC_URL=MOVED)
    moved = {"SERVER__PUBLIC_URL": MOVED}
    said = await provisioned.types("provision", "--undo", "--dry-run", "--json", **moved)

    assert steps(said.json) == BACK


async def test_without_its_memory_the_agent_goes_and_the_number_stays_with_the_platform(
    provisioned: Office,
) -> None:
    (provisioned.state / "provision.json").unlink()
    assert (await provisioned.types(*APPLY)).code == 0
    said = await provisioned.types("provision", "--destroy", "--yes", "--json")

    platform = provisioned.platform
    assert said.code == 0
    assert (platform.agents, platform.secrets, platform.webhooks) == ({}, {}, {})
    assert [number.agent_id for number in platform.numbers.values()] == [None]


async def test_destroy_that_dies_half_way_goes_on_when_it_is_run_again(office: Office) -> None:
    before = office.platform.snapshot(), office.carrier.snapshot()
    await office.types(*APPLY)
    office.platform.fail(("DELETE", "/v1/convai/agents/*"), Fault.DROP, done=True)
    first = await office.types("provision", "--destroy", "--yes")
    again = await office.types("provision", "--destroy", "--yes", "--json")

    assert first.code == 5
    assert "Could not delete the agent 'bridge'." in first.err
    assert steps(again.json) == BACK[3:]
    assert (office.platform.snapshot(), office.carrier.snapshot()) == before
