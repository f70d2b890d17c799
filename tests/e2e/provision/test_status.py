"""`bridge status`: what somebody changed, and what nobody did. Our own promises: design 7 and 9."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.provision.by_hand import (
    link_elsewhere,
    lose_the_webhooks_secret,
    remove_number,
    remove_webhook,
    switch_off,
    unlink,
)
from tests.e2e.provision.office import APPLY, PUBLIC, Office, Said
from tests.fakes.elevenlabs.server import Fault

OBJECTS = ["secret", "secret", "webhook", "agent", "number"]
PROMPT = "conversation_config.agent.prompt"


def states(said: Said) -> list[str]:
    return [row["state"] for row in said.json["objects"]]


def paths(said: Said) -> list[tuple[str, str, Any, Any]]:
    return [(row["object"], row["path"], row["found"], row["wanted"]) for row in said.json["drift"]]


async def test_before_anything_was_made_all_is_missing(office: Office) -> None:
    said = await office.types("status")
    told = await office.types("status", "--json")

    assert said.code == told.code == 8
    head, *rows = said.out.splitlines()
    assert head.split() == ["object", "called", "id", "state"]
    assert [row.split()[0] for row in rows] == OBJECTS
    assert all(row.endswith("missing") for row in rows)
    assert said.err == "`bridge provision` makes it right.\n"
    assert states(told) == ["missing"] * 5
    assert [row[:3] for row in paths(told)] == [(name, "", "missing") for name in OBJECTS]
    assert (office.platform.writes, office.carrier.requests) == ([], [])


async def test_after_a_run_all_is_as_wanted(provisioned: Office) -> None:
    said = await provisioned.types("status")
    told = await provisioned.types("status", "--json")

    assert (said.code, told.code, said.err) == (0, 0, "")
    assert all(row.endswith("as wanted") for row in said.out.splitlines()[1:])
    assert told.json["drift"] == []
    assert told.json["public_url"] == PUBLIC
    assert [row["id"] for row in told.json["objects"]] == [
        *("sec_0001", "sec_0002", "wh_0001", "agent_0001", "phnum_0001")
    ]
    assert "+1555•••0999" in said.out


async def test_without_an_address_it_compares_with_the_one_that_was_provisioned(
    provisioned: Office,
) -> None:
    said = await provisioned.types("status", "--json", SERVER__PUBLIC_URL="")

    assert (said.code, said.json["public_url"]) == (0, PUBLIC)


async def test_each_field_that_was_changed_by_hand_has_its_path_and_both_values(
    provisioned: Office,
) -> None:
    provisioned.edit(
        agent={
            "prompt": {"cascade_timeout_seconds": 4, "backup_llm_config": {"preference": "default"}}
        },
        turn={"speculative_turn": True},
    )
    said = await provisioned.types("status")
    told = await provisioned.types("status", "--json")
    mended = await provisioned.types(*APPLY)

    assert said.code == told.code == 8
    assert f"agent bridge: {PROMPT}.cascade_timeout_seconds is 4; wanted: 15" in said.out
    assert paths(told) == [
        ("agent", f"{PROMPT}.cascade_timeout_seconds", 4, 15),
        ("agent", f"{PROMPT}.backup_llm_config.preference", "default", "disabled"),
        ("agent", "conversation_config.turn.speculative_turn", True, False),
    ]
    assert states(told)[3] == "differs"
    assert mended.code == (await provisioned.types("status")).code == 0


async def test_what_is_not_ours_to_see_to_is_no_drift(provisioned: Office) -> None:
    provisioned.edit(tts={"speed": 1.1}, agent={"prompt": {"prompt": "Be brief."}})

    assert (await provisioned.types("status")).code == 0


@pytest.mark.parametrize(
    ("change", "thing", "state"),
    [
        (link_elsewhere, "number", "differs"),
        (unlink, "number", "differs"),
        (remove_number, "number", "missing"),
        (switch_off, "webhook", "differs"),
        (remove_webhook, "webhook", "missing"),
        (lose_the_webhooks_secret, "webhook", "differs"),
    ],
)
async def test_whatever_was_changed_is_seen_and_mended_by_the_next_run(
    provisioned: Office, change: Callable[[Office], None], thing: str, state: str
) -> None:
    change(provisioned)
    said = await provisioned.types("status")
    told = await provisioned.types("status", "--json")
    mended = await provisioned.types(*APPLY)

    assert said.code == told.code == 8
    assert states(told)[OBJECTS.index(thing)] == state
    assert state == "missing" or any(
        line.startswith(f"{thing} ") and ": " in line for line in said.out.splitlines()
    )
    assert mended.code == (await provisioned.types("status")).code == 0


async def test_an_agent_that_is_gone_is_made_anew(provisioned: Office) -> None:
    provisioned.platform.agents.clear()
    told = await provisioned.types("status", "--json")
    mended = await provisioned.types(*APPLY)

    assert (told.code, states(told)[3]) == (8, "missing")
    assert mended.code == (await provisioned.types("status")).code == 0


async def test_another_token_is_drift_of_the_secrets_and_says_so(provisioned: Office) -> None:
    new = {"SERVER__TOKEN": "another-platform-token-than-before"}
    said = await provisioned.types("status", **new)
    told = await provisioned.types("status", "--json", **new)

    assert said.code == 8
    assert "secret bridge-platform-token differs: its value is another" in said.out
    assert states(told)[:2] == ["differs", "differs"]


async def test_a_moved_address_is_drift_of_what_carries_it(provisioned: Office) -> None:
    moved = {"SERVER__PUBLIC_URL": "https://moved.example.net"}
    said = await provisioned.types("status", **moved)
    told = await provisioned.types("status", "--json", **moved)

    assert said.code == 8
    assert states(told) == ["as wanted", "as wanted", "differs", "differs", "as wanted"]
    assert paths(told)[:2] == [
        ("webhook", "", "differs", "as set"),
        ("agent", f"{PROMPT}.custom_llm.url", f"{PUBLIC}/v1", "https://moved.example.net/v1"),
    ]
    assert "missing" not in said.out


async def test_a_line_that_is_not_seen_to_is_not_in_the_list(provisioned: Office) -> None:
    told = await provisioned.types("status", "--json", TWILIO__PHONE_NUMBER="")

    assert told.code == 0
    assert len(states(told)) == 4


@pytest.mark.parametrize("how", [Fault.SERVER, Fault.HTML, Fault.DROP, Fault.NOT_JSON])
async def test_a_platform_that_fails_is_no_drift(provisioned: Office, how: Fault) -> None:
    provisioned.platform.fail(("GET", "/v1/convai/secrets"), how)
    said = await provisioned.types("status", "--json")

    assert said.code == 5
    assert "ElevenLabs" in said.error["message"]
    assert said.error["hint"]
