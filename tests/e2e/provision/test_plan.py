"""`bridge provision`: what it shows and does. Our own promises: design 7 and 9."""

from pathlib import Path

from tests.e2e.provision.office import APPLY, FIRST, FORMER, LINE, PUBLIC, Office, steps

MOVED = "https://moved.example.net"


async def test_a_first_run_shows_each_step_and_why_then_tells_of_each_when_it_is_done(
    office: Office,
) -> None:
    said = await office.types(*APPLY)

    head, *rows = said.out.splitlines()
    assert head.split() == ["step", "does", "to", "a", "called", "because"]
    assert [tuple(row.split("  ", 1)[1].split()[:3]) for row in rows] == FIRST
    assert f"its calls went to {FORMER}; now they go to ElevenLabs" in rows[-1]
    assert said.err.splitlines() == [
        f"{n}/6 {act} {thing} {name}: done" for n, (act, thing, name) in enumerate(FIRST, start=1)
    ]
    assert said.code == 0


async def test_a_second_run_has_nothing_to_do_and_writes_nothing(provisioned: Office) -> None:
    before = len(provisioned.platform.writes), len(provisioned.carrier.writes)
    said = await provisioned.types(*APPLY)
    result = (await provisioned.types(*APPLY, "--json")).json

    assert (said.code, said.out, said.err) == (0, "", "Nothing is to do.\n")
    assert (result["steps"], result["applied"], result["not_kept"]) == ([], True, [])
    assert (len(provisioned.platform.writes), len(provisioned.carrier.writes)) == before


async def test_a_moved_address_changes_what_carries_it_and_nothing_else(
    provisioned: Office,
) -> None:
    (before,) = provisioned.platform.snapshot()["agents"].values()
    said = await provisioned.types(*APPLY, "--json", SERVER__PUBLIC_URL=MOVED)

    after = provisioned.agent
    changed = [change for step in said.json["steps"] for change in step["changes"]]
    assert {change["path"].rpartition(".")[2] for change in changed} == {
        "url",
        "post_call_webhook_id",
    }
    assert changed[0]["before"] == f"{PUBLIC}/v1"
    assert changed[0]["after"] == f"{MOVED}/v1"
    assert after["name"] == before["name"]
    assert after["tags"] == before["tags"]
    assert after["conversation_config"]["tts"] == before["conversation_config"]["tts"]
    (webhook,) = provisioned.platform.webhooks.values()
    assert webhook.url == f"{MOVED}/webhooks/elevenlabs/post-call"


async def test_a_dry_run_asks_nobody_and_changes_nothing(office: Office) -> None:
    said = await office.types("provision", "--dry-run")
    result = (await office.types("provision", "--dry-run", "--json")).json

    assert said.err == "Nothing was changed: this was a dry run.\n"
    assert steps(result) == FIRST
    assert result["applied"] is False
    assert (office.platform.writes, office.carrier.writes) == ([], [])


async def test_json_has_values_as_they_are_and_numbers_masked(provisioned: Office) -> None:
    provisioned.edit(turn={"speculative_turn": True, "silence_end_call_timeout": 5})
    said = await provisioned.types(
        "provision", "--dry-run", "--json", ELEVENLABS__TRANSFER_TO="+15550100777"
    )

    (step,) = said.json["steps"]
    changes = {change["path"].rpartition(".")[2]: change for change in step["changes"]}
    assert changes["speculative_turn"]["before"] is True
    assert changes["silence_end_call_timeout"]["after"] == 180
    transfer = changes["transfer_to_number"]["after"]["params"]["transfers"][0]
    assert transfer["transfer_destination"]["phone_number"] == "+1555•••0777"
    assert "15550100777" not in said.out


async def test_without_a_number_the_rest_is_made_and_a_note_says_how_to_be_called(
    office: Office,
) -> None:
    said = await office.types(*APPLY, TWILIO__PHONE_NUMBER="")

    assert said.code == 0
    assert "No number: set twilio.phone_number (TWILIO_PHONE_NUMBER) to be called." in said.err
    assert office.platform.numbers == {}
    assert office.carrier.requests == []


async def test_a_number_that_is_in_the_workspace_needs_no_account_of_the_carrier(
    office: Office,
) -> None:
    office.platform.add_number(LINE, "by hand")
    said = await office.types(*APPLY, "--json", TWILIO__ACCOUNT_SID="", TWILIO__AUTH_TOKEN="")

    assert steps(said.json)[-1] == ("link", "number", "+1555•••0999")
    assert office.carrier.requests == []


async def test_the_accounts_may_stand_in_the_file_that_the_readme_shows(
    office: Office, tmp_path: Path
) -> None:
    names = {
        "ELEVENLABS__API_KEY": "ELEVENLABS_API_KEY",
        "TWILIO__ACCOUNT_SID": "TWILIO_ACCOUNT_SID",
        "TWILIO__AUTH_TOKEN": "TWILIO_AUTH_TOKEN",
        "TWILIO__PHONE_NUMBER": "TWILIO_PHONE_NUMBER",
    }
    lines = [f"{seen}={office.settings[name]}\n" for name, seen in names.items()]
    (tmp_path / ".env").write_text("".join(lines), encoding="ascii")
    office.settings = {k: v for k, v in office.settings.items() if k not in names}
    said = await office.types(*APPLY, "--json")

    assert (said.code, steps(said.json)) == (0, FIRST)


# -- an agent made by hand -------------------------------------------------------------------------


async def test_an_adopted_agent_keeps_what_is_its_own_and_gets_back_what_was_replaced(
    office: Office,
) -> None:
    talk = {"first_message": "Ahoy", "language": "de", "prompt": {"prompt": "Be a pirate."}}
    agent_id = office.platform.add_agent("Molty", {"agent": talk})
    before = office.platform.snapshot()
    said = await office.types(*APPLY, "--agent", agent_id)
    again = await office.types(*APPLY, "--json")
    adopted = office.agent["conversation_config"]["agent"]
    undone = await office.types("provision", "--undo", "--yes")

    assert (said.code, undone.code) == (0, 0)
    assert again.json["steps"] == []
    assert (adopted["first_message"], adopted["language"]) == ("Ahoy", "de")
    assert adopted["prompt"]["prompt"] == "Be a pirate."
    assert adopted["prompt"]["custom_llm"]["url"] == f"{PUBLIC}/v1"
    assert office.platform.snapshot() == before


async def test_one_state_folder_sees_to_one_agent(provisioned: Office) -> None:
    other = provisioned.platform.add_agent("Molty")
    said = await provisioned.types(*APPLY, "--agent", other)

    assert said.code == 3
    assert "bridge already sees to the agent agent_0001" in said.err
    assert "--destroy" in said.err


async def test_an_agent_that_is_not_there_is_said_to_be_looked_for_in_the_dashboard(
    office: Office,
) -> None:
    said = await office.types(*APPLY, "--agent", "agent_none", "--json")

    assert said.code == 5
    assert "Agent not found" in said.error["message"]
    assert "no agent agent_none in the workspace of this key" in said.error["hint"]
    assert office.platform.writes == []
