"""What bad input gets: one clear sentence with the cure, and nothing half-done. Design 7, 9, 15."""

from pathlib import Path

import pytest

from tests.e2e.provision.office import APPLY, Office
from tests.fakes.elevenlabs.server import PERMISSIONS, elevenlabs
from tests.fakes.program import program
from tests.fakes.web_server import Served


async def refused(office: Office, code: int, *, says: str, cure: str, **changes: str) -> None:
    """`provision` and its `--json` say the same, with that code, and nothing is written."""
    before = len(office.platform.writes), len(office.carrier.writes)
    said = await office.types(*APPLY, **changes)
    told = await office.types(*APPLY, "--json", **changes)

    assert (said.code, told.code) == (code, code)
    assert (said.out, told.out) == ("", "")
    for message, hint in ((said.err, said.err), (told.error["message"], told.error["hint"])):
        assert says in message
        assert cure in hint
    assert len(said.err.splitlines()) == 2
    assert (len(office.platform.writes), len(office.carrier.writes)) == before


# -- accounts --------------------------------------------------------------------------------------


async def test_without_a_key_it_says_where_to_get_one(office: Office) -> None:
    says = "elevenlabs.api_key must be set"
    await refused(office, 3, says=says, cure="app/settings/api-keys", ELEVENLABS__API_KEY="")
    assert (await office.types("status", ELEVENLABS__API_KEY="")).code == 3


async def test_a_wrong_key_is_refused(office: Office) -> None:
    says = "Invalid API key (HTTP 401)"
    await refused(office, 4, says=says, cure="ELEVENLABS_API_KEY", ELEVENLABS__API_KEY="sk_wrong")
    assert (await office.types("status", ELEVENLABS__API_KEY="sk_wrong")).code == 4


@pytest.mark.parametrize("lacking", sorted(PERMISSIONS))
async def test_a_key_that_lacks_a_permission_is_told_which_and_the_right_one_goes_on(
    office: Office, lacking: str
) -> None:
    key = office.platform.add_key("sk_limited", sorted(PERMISSIONS - {lacking}))
    said = await office.types(*APPLY, "--json", ELEVENLABS__API_KEY=key)
    again = await office.types(*APPLY)

    assert said.code == 4
    assert f"missing the permission {lacking}" in said.error["message"]
    assert "Give the key what is missing" in said.error["hint"]
    assert again.code == 0
    assert (await office.types("status")).code == 0


async def test_an_address_where_no_elevenlabs_is_says_so(office: Office) -> None:
    nowhere = "http://127.0.0.1:9"
    says, cure = "ElevenLabs can't be reached", "elevenlabs.base_url"
    await refused(office, 5, says=says, cure=cure, ELEVENLABS__BASE_URL=nowhere)


async def test_a_wrong_token_of_the_carrier_is_refused_before_anything_is_made(
    office: Office,
) -> None:
    says, cure = "Twilio refuses", "TWILIO_AUTH_TOKEN"
    await refused(office, 4, says=says, cure=cure, TWILIO__AUTH_TOKEN="another-token-than-theirs")


async def test_a_number_to_import_needs_the_account(office: Office) -> None:
    says, cure = "twilio.account_sid and twilio.auth_token must be set", "console.twilio.com"
    await refused(office, 3, says=says, cure=cure, TWILIO__AUTH_TOKEN="")


async def test_a_number_that_is_not_the_accounts_is_refused(office: Office) -> None:
    says, cure = "is not a number of this Twilio account", "console.twilio.com"
    await refused(office, 3, says=says, cure=cure, TWILIO__PHONE_NUMBER="+15550100111")


async def test_what_is_no_number_is_refused(office: Office) -> None:
    says, cure = "not an international number", "+15550100"
    await refused(office, 3, says=says, cure=cure, TWILIO__PHONE_NUMBER="555 0100")


async def test_a_name_that_is_taken_is_offered_for_adoption(office: Office) -> None:
    agent_id = office.platform.add_agent("bridge")
    says, cure = "The name 'bridge' is taken", f"--agent {agent_id}"
    await refused(office, 3, says=says, cure=cure)
    assert (await office.types("status")).code == 3


# -- the public address ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://bridge.example.com", "is not https"),
        ("https://127.0.0.1", "is this machine's own address"),
        ("https://[::1]:8787", "is this machine's own address"),
        ("https://192.168.1.7", "is an address of a private network"),
        ("https://10.0.0.1:8443", "is an address of a private network"),
        ("https://localhost", "is a name that only this machine or its own network knows"),
        ("https://desk.local", "is a name that only this machine or its own network knows"),
        ("https://bridge.example.com/v1", "ends in /v1, which bridge adds itself"),
        ("https://bridge.example.com/v1/", "ends in /v1, which bridge adds itself"),
        ("bridge.example.com", "must be an address such as"),
        ("https://bridge.example.com/?x=1", "must have no '?'"),
    ],
)
async def test_an_address_that_the_platform_cannot_use_is_refused(
    office: Office, url: str, says: str
) -> None:
    await refused(office, 3, says=says, cure="https", SERVER__PUBLIC_URL=url)
    assert office.platform.requests == []


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://bridge.example.com/", "https://bridge.example.com/v1"),
        ("https://example.com/phone", "https://example.com/phone/v1"),
        ("https://example.com:8443", "https://example.com:8443/v1"),
    ],
)
async def test_an_address_may_end_in_a_slash_or_have_a_path_or_a_port(
    office: Office, url: str, used: str
) -> None:
    said = await office.types("provision", "--dry-run", SERVER__PUBLIC_URL=url)

    assert said.code == 0
    assert f"asks {used}\n" in said.out


async def test_without_an_address_and_a_server_it_says_how_to_get_one(office: Office) -> None:
    says, cure = "There is no public address", "bridge serve --tunnel ngrok"
    await refused(office, 3, says=says, cure=cure, SERVER__PUBLIC_URL="")


def beside(server: Served) -> dict[str, str]:
    return {"SERVER__PUBLIC_URL": "", "SERVER__PORT": str(server.port)}


async def test_the_address_of_the_server_that_runs_here_is_used(office: Office) -> None:
    async with program() as bridge:
        bridge.bridge.whereabouts.proven = "https://abc.tunnel.example"
        said = await office.types("provision", "--dry-run", **beside(bridge.served))

    assert said.code == 0
    assert "asks https://abc.tunnel.example/v1\n" in said.out


async def test_it_is_used_while_the_server_has_no_agent_to_ask(office: Office) -> None:
    """A server that is not ready answers 503, and tells its address all the same."""
    down = {"UPSTREAM__NAME": "openai", "UPSTREAM__URL": "http://127.0.0.1:9/v1"}
    async with program(settings=down) as bridge:
        bridge.bridge.whereabouts.proven = "https://abc.tunnel.example"
        said = await office.types("provision", "--dry-run", **beside(bridge.served))

    assert said.code == 0


async def test_a_server_without_a_public_address_is_none(office: Office) -> None:
    async with program() as bridge:
        says, cure = "There is no public address", "bridge serve --tunnel ngrok"
        await refused(office, 3, says=says, cure=cure, **beside(bridge.served))


async def test_a_server_with_another_token_is_not_provisioned(office: Office) -> None:
    """The platform would be given a token that the server refuses."""
    async with program(settings={"SERVER__TOKEN": "another-token-than-ours"}) as bridge:
        says, cure = "refuses our token", "BRIDGE_SERVER__TOKEN"
        await refused(office, 4, says=says, cure=cure, **beside(bridge.served))
        assert (await office.types("status", **beside(bridge.served))).code == 8


# -- this machine ----------------------------------------------------------------------------------


async def test_a_token_that_can_be_guessed_is_not_given_away(office: Office) -> None:
    says = "server.token must be 8 characters or more"
    await refused(office, 3, says=says, cure="token_urlsafe", SERVER__TOKEN="short")


async def test_a_state_folder_that_is_none_is_refused(office: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    says, cure = "can't be read or written", "BRIDGE_STATE_DIR"
    await refused(office, 3, says=says, cure=cure, STATE_DIR=str(tmp_path / "file"))


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "ids": {"ag', "[]", '{"version": 2}'])
async def test_a_half_written_memory_is_never_guessed_at(office: Office, text: str) -> None:
    await office.types(*APPLY)
    memory = office.state / "provision.json"
    memory.write_text(text, encoding="ascii")
    await refused(office, 3, says="is damaged", cure="Move it away and run again")
    status = await office.types("status")
    memory.unlink()
    again = await office.types(*APPLY, "--json")

    assert status.code == 3
    assert again.code == 0
    assert len(office.platform.agents) == len(office.platform.numbers) == 1


async def test_the_memory_of_another_workspace_does_no_harm(office: Office) -> None:
    await office.types(*APPLY)
    there = office.platform.snapshot()
    async with elevenlabs(twilio=office.carrier, api_key="sk_of_another_workspace") as other:
        for _ in range(7):  # the two fakes name what they make alike, and the two real ones don't
            other.new_id("agent"), other.new_id("sec"), other.new_id("wh"), other.new_id("phnum")
        elsewhere = {"ELEVENLABS__BASE_URL": other.url, "ELEVENLABS__API_KEY": other.api_key}
        status = await office.types("status", **elsewhere)
        said = await office.types(*APPLY, **elsewhere)
        after = await office.types("status", **elsewhere)

    assert (status.code, said.code, after.code) == (8, 0, 0)
    assert office.platform.snapshot() == there
