"""The fake Twilio is honest: it answers in the vendor's shapes and refuses what the vendor refuses."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fakes.twilio import FakeTwilio, Fault, twilio

pytestmark = pytest.mark.anyio

LINE, OTHER = "+15550100", "+15550101"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    async with twilio() as fake:
        fake.add_number(LINE, voice_url="https://old.example/voice", status_callback="https://o/s")
        fake.add_number(OTHER)
        yield fake


@pytest.fixture
async def client(fake: FakeTwilio) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{fake.url}/2010-04-01/Accounts/{fake.account_sid}"
    auth = (fake.account_sid, fake.token)
    async with httpx.AsyncClient(base_url=base, auth=auth, timeout=5) as client:
        yield client


async def test_the_account_is_shown(fake: FakeTwilio, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{client.base_url}".rstrip("/") + ".json")

    said = answer.json()
    assert (said["sid"], said["status"], said["type"]) == (fake.account_sid, "active", "Full")


async def test_a_number_is_found_by_itself_with_where_its_calls_go(
    fake: FakeTwilio, client: httpx.AsyncClient
) -> None:
    said = (await client.get("/IncomingPhoneNumbers.json", params={"PhoneNumber": LINE})).json()

    (number,) = said["incoming_phone_numbers"]
    assert number["voice_url"] == "https://old.example/voice"
    assert number["voice_method"] == "POST"
    assert number["voice_fallback_url"] == ""
    assert number["status_callback"] == "https://o/s"
    assert number["status_callback_method"] == "POST"
    assert number["voice_application_sid"] == ""
    assert number["trunk_sid"] is None
    assert number["capabilities"]["voice"] is True
    assert (said["page"], said["page_size"], said["start"], said["end"]) == (0, 50, 0, 0)
    assert said["next_page_uri"] is None
    assert fake.requests[-1].query == {"PhoneNumber": [LINE]}


async def test_a_number_that_is_not_there_is_an_empty_page(client: httpx.AsyncClient) -> None:
    said = (await client.get("/IncomingPhoneNumbers.json", params={"PhoneNumber": "+1999"})).json()

    assert said["incoming_phone_numbers"] == []


async def test_pages_lead_to_one_another(fake: FakeTwilio, client: httpx.AsyncClient) -> None:
    first = (await client.get("/IncomingPhoneNumbers.json", params={"PageSize": "1"})).json()
    second = (await client.get(fake.url + first["next_page_uri"])).json()

    numbers = [page["incoming_phone_numbers"][0]["phone_number"] for page in (first, second)]
    assert numbers == [LINE, OTHER]
    assert second["next_page_uri"] is None
    assert second["previous_page_uri"] == first["uri"]


async def test_a_form_changes_where_calls_go(fake: FakeTwilio, client: httpx.AsyncClient) -> None:
    line = fake.line(LINE)
    assert line is not None
    told = {"VoiceUrl": "https://new.example", "VoiceMethod": "GET", "StatusCallback": ""}
    answer = await client.post(f"/IncomingPhoneNumbers/{line['sid']}.json", data=told)
    read = await client.get(f"/IncomingPhoneNumbers/{line['sid']}.json")

    assert answer.status_code == 200
    assert answer.json() == read.json() == line
    assert line["voice_url"] == "https://new.example"
    assert line["voice_method"] == "GET"
    assert line["status_callback"] == ""


@pytest.mark.parametrize(
    "told",
    [{"voice_url": "https://x"}, {"VoiceMethod": "PUT"}, {"VoiceUrl": "not a url"}],
)
async def test_a_wrong_change_changes_nothing(
    fake: FakeTwilio, client: httpx.AsyncClient, told: dict[str, str]
) -> None:
    before = fake.snapshot()
    answer = await client.post(f"/IncomingPhoneNumbers/{next(iter(fake.numbers))}.json", data=told)

    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "message", "more_info", "status"}
    assert fake.snapshot() == before


async def test_wrong_credentials_are_refused_as_the_vendor_does(fake: FakeTwilio) -> None:
    path = f"/2010-04-01/Accounts/{fake.account_sid}.json"
    async with httpx.AsyncClient(base_url=fake.url, timeout=5) as client:
        wrong = await client.get(path, auth=(fake.account_sid, "wrong"))
        none = await client.get(path)

    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    assert (none.status_code, none.json()["code"]) == (401, 20003)


async def test_an_api_key_is_as_good_as_the_account(fake: FakeTwilio) -> None:
    fake.api_keys["SK1"] = "its secret"
    async with httpx.AsyncClient(
        base_url=fake.url, auth=("SK1", "its secret"), timeout=5
    ) as client:
        answer = await client.get(f"/2010-04-01/Accounts/{fake.account_sid}.json")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/IncomingPhoneNumbers/PN9.json", "/Nothing.json"])
async def test_what_is_not_there_is_20404(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_another_account_is_not_there(fake: FakeTwilio) -> None:
    auth = (fake.account_sid, fake.token)
    async with httpx.AsyncClient(base_url=fake.url, auth=auth, timeout=5) as client:
        answer = await client.get("/2010-04-01/Accounts/AC1.json")

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_it_fails_when_told_in_its_own_shape_and_then_no_more(
    fake: FakeTwilio, client: httpx.AsyncClient
) -> None:
    fake.fail(("GET", "*/IncomingPhoneNumbers.json"), Fault.RATE)
    first = await client.get("/IncomingPhoneNumbers.json")
    second = await client.get("/IncomingPhoneNumbers.json")

    assert (first.status_code, first.json()["code"]) == (429, 20429)
    assert second.status_code == 200
    assert [record.status for record in fake.requests] == [429, 200]


async def test_a_dropped_change_was_done_or_not_as_told(
    fake: FakeTwilio, client: httpx.AsyncClient
) -> None:
    line = fake.line(LINE)
    assert line is not None
    for done in (False, True):
        fake.fail(("POST", "*"), Fault.DROP, done=done)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(
                f"/IncomingPhoneNumbers/{line['sid']}.json", data={"VoiceUrl": "https://new"}
            )
        assert (line["voice_url"] == "https://new") is done


async def test_a_hung_request_ends_with_its_client(
    fake: FakeTwilio, client: httpx.AsyncClient
) -> None:
    fake.fail(("GET", "*"), Fault.HANG)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.get("/IncomingPhoneNumbers.json")

    assert (await client.get("/IncomingPhoneNumbers.json")).status_code == 200
