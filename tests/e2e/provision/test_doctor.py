"""`bridge doctor` at the voice platform and the carrier. Our own promises: design 7 and 9."""

from collections.abc import Callable

import pytest

from tests.e2e.provision.by_hand import (
    link_elsewhere,
    lose_the_webhooks_secret,
    remove_number,
    remove_webhook,
    switch_off,
    unlink,
)
from tests.e2e.provision.office import APPLY, LINE, Office
from tests.fakes.elevenlabs.server import PERMISSIONS
from tests.fakes.program import Program, program


class Findings(dict[str, tuple[str, str, str]]):
    """What doctor found, by check: verdict, message, cure."""


async def doctor(office: Office, **settings: str) -> Findings:
    said = await office.types("doctor", "--json", **settings)
    found = Findings()
    for row in said.json:
        found.setdefault(row["check"], (row["verdict"], row["message"], row["cure"]))
        assert row["verdict"] != "fail" or row["cure"]
    assert said.code == (8 if any(row["verdict"] == "fail" for row in said.json) else 0)
    return found


async def test_without_a_key_nothing_is_asked_and_nothing_is_wrong(office: Office) -> None:
    found = await doctor(office, ELEVENLABS__API_KEY="")

    assert found["elevenlabs key"][:2] == ("ok", "None is set; taking calls needs none.")
    assert office.platform.requests == []


async def test_before_anything_was_made_it_names_the_next_step(office: Office) -> None:
    found = await doctor(office)

    assert found["elevenlabs key"][0] == "ok"
    assert found["provisioning"][:2] == ("warn", "Nothing was provisioned from here.")
    assert "bridge provision" in found["provisioning"][2]
    assert "voice agent" not in found


async def test_from_outside_in_each_hop_has_its_line(provisioned: Office) -> None:
    found = await doctor(provisioned, SERVER__PUBLIC_URL="")

    hops = ["elevenlabs key", "number", "twilio", "voice agent", "secrets", "post-call webhook"]
    told = list(found)
    assert told[told.index(hops[0]) :][: len(hops)] == hops
    assert told.index("public address") > told.index("post-call webhook")
    assert {found[hop][0] for hop in hops} == {"ok"}
    assert provisioned.platform.complaints == []


async def test_a_wrong_key_fails_and_nothing_else_is_asked(provisioned: Office) -> None:
    found = await doctor(provisioned, ELEVENLABS__API_KEY="sk_wrong")

    verdict, message, cure = found["elevenlabs key"]
    assert (verdict, "Invalid API key" in message) == ("fail", True)
    assert "ELEVENLABS_API_KEY" in cure
    assert "voice agent" not in found


@pytest.mark.parametrize("lacking", ["convai_read", "workspace_read"])
async def test_a_permission_that_is_missing_is_named(provisioned: Office, lacking: str) -> None:
    key = provisioned.platform.add_key("sk_limited", sorted(PERMISSIONS - {lacking}))
    verdict, message, _ = (await doctor(provisioned, ELEVENLABS__API_KEY=key))["elevenlabs key"]

    assert verdict == "fail"
    assert f"missing the permission {lacking}" in message


@pytest.mark.parametrize("lacking", ["convai_write", "workspace_write"])
async def test_what_can_be_known_only_by_writing_is_said_to_be_open(
    provisioned: Office, lacking: str
) -> None:
    key = provisioned.platform.add_key("sk_limited", sorted(PERMISSIONS - {lacking}))
    verdict, message, cure = (await doctor(provisioned, ELEVENLABS__API_KEY=key))["elevenlabs key"]

    assert verdict == "ok"
    assert message.startswith("It may read ")
    assert cure.startswith("Whether it may write")


def point_elsewhere(office: Office) -> None:
    office.carrier.numbers[next(iter(office.carrier.numbers))]["voice_url"] = (
        "https://elsewhere.example.net/voice"
    )


def point_nowhere(office: Office) -> None:
    office.carrier.numbers[next(iter(office.carrier.numbers))]["voice_url"] = ""


def give_up(office: Office) -> None:
    office.carrier.numbers.clear()


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (link_elsewhere, "number", "is answered by the agent agent_0002"),
        (unlink, "number", "is answered by nobody"),
        (remove_number, "number", "is not in the workspace"),
        (point_elsewhere, "twilio", "It sends calls to elsewhere.example.net."),
        (point_nowhere, "twilio", "It sends calls to nobody."),
        (give_up, "twilio", "The number is not the account's."),
        (switch_off, "post-call webhook", "It is switched off."),
        (remove_webhook, "post-call webhook", "There is none."),
        (lose_the_webhooks_secret, "post-call webhook", "Its secret isn't known here"),
        (lambda office: office.edit(turn={"turn_timeout": 9}), "", ""),
        (
            lambda office: office.edit(turn={"speculative_turn": True}),
            "voice agent",
            "'bridge' has drifted: one field to change.",
        ),
        (lambda office: office.platform.agents.clear(), "voice agent", "There is none."),
    ],
)
async def test_each_hop_fails_by_itself_and_names_the_cure(
    provisioned: Office, change: Callable[[Office], None], check: str, says: str
) -> None:
    change(provisioned)
    found = await doctor(provisioned, SERVER__PUBLIC_URL="")

    if not check:
        assert {verdict for verdict, *_ in found.values()} == {"ok", "warn"}
        return
    verdict, message, cure = found[check]
    assert verdict == "fail"
    assert says in message
    assert cure


async def test_a_number_that_is_not_there_is_no_concern_of_the_carriers(
    provisioned: Office,
) -> None:
    remove_number(provisioned)
    point_elsewhere(provisioned)
    found = await doctor(provisioned, SERVER__PUBLIC_URL="")

    assert found["number"][0] == "fail"
    assert "twilio" not in found


async def test_a_number_that_was_pointed_elsewhere_is_cured_as_it_says(
    provisioned: Office,
) -> None:
    point_elsewhere(provisioned)
    cure = (await doctor(provisioned, SERVER__PUBLIC_URL=""))["twilio"][2]
    remove_number(provisioned)
    said = await provisioned.types(*APPLY, "--json")
    found = await doctor(provisioned, SERVER__PUBLIC_URL="")

    assert cure.startswith("Take the number out at ElevenLabs and run `bridge provision`")
    assert [step["act"] for step in said.json["steps"]] == ["import"]
    assert found["twilio"][0] == found["number"][0] == "ok"


async def test_another_token_fails_the_secrets(provisioned: Office) -> None:
    found = await doctor(provisioned, SERVER__TOKEN="another-platform-token-than-before")

    verdict, message, _ = found["secrets"]
    assert (verdict, message) == (
        "fail",
        "Not what is set: bridge-platform-token and bridge-webhook-token.",
    )


async def test_a_wrong_token_of_the_carrier_fails_that_hop_alone(provisioned: Office) -> None:
    found = await doctor(provisioned, TWILIO__AUTH_TOKEN="another-token-than-theirs")

    assert found["twilio"][0] == "fail"
    assert found["number"][0] == found["voice agent"][0] == "ok"


async def test_a_memory_that_is_damaged_is_told_apart_from_the_key(provisioned: Office) -> None:
    (provisioned.state / "provision.json").write_text("{", encoding="ascii")
    async with program() as bridge:
        found = await doctor(provisioned, **at(bridge))

    assert found["elevenlabs key"][0] == "ok"
    assert found["provisioning"][0] == "fail"
    assert "is damaged" in found["provisioning"][1]


# -- the webhook that answers while it rings -------------------------------------------------------


def at(bridge: Program, *, is_here: bool = True) -> dict[str, str]:
    """The settings by which this server is the public one. `is_here`: it is known to be ours."""
    port = str(bridge.served.port) if is_here else "0"
    return {"SERVER__PUBLIC_URL": bridge.served.url, "SERVER__PORT": port}


async def test_the_inbound_webhook_is_asked_as_the_platform_asks(provisioned: Office) -> None:
    async with program() as bridge:
        found = await doctor(provisioned, **at(bridge))

    assert found["public address"][0] == "ok"
    assert found["inbound webhook"][:2] == (
        "ok",
        "It answers from outside, with every variable.",
    )


async def test_an_inbound_webhook_with_another_secret_fails(provisioned: Office) -> None:
    async with program(settings={"SERVER__TOKEN": "another-token-than-ours"}) as bridge:
        found = await doctor(provisioned, **at(bridge, is_here=False))

    assert found["inbound webhook"][:2] == ("fail", "It refuses our secret.")
    assert "same server.token" in found["inbound webhook"][2]


async def test_its_secret_is_not_sent_where_somebody_else_answers(provisioned: Office) -> None:
    async with program() as ours, program() as other:
        elsewhere = {**at(ours), "SERVER__PUBLIC_URL": other.served.url}
        found = await doctor(provisioned, **elsewhere)

    assert found["public address"][0] == "fail"
    assert "inbound webhook" not in found


async def test_what_was_never_provisioned_has_no_inbound_webhook(office: Office) -> None:
    async with program() as bridge:
        found = await doctor(office, **at(bridge))

    assert "inbound webhook" not in found
    assert LINE[1:] not in str(found)
