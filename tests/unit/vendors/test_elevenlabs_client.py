"""Every operation, once each way, against the fake; and what it says when the answer is none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.cli.main import exit_code
from bridge.cli.output import ExitCode
from bridge.errors import VendorBrokePromise, VendorError, Why
from bridge.masking import holds_number
from bridge.vendors.elevenlabs import Account, ElevenLabs, client, connect
from tests.fakes.elevenlabs.server import FakeElevenLabs, Fault, elevenlabs
from tests.fakes.web_server import served

pytestmark = pytest.mark.anyio

LINE = "+15550100999"
SECRET = "value-that-nobody-may-see"


@pytest.fixture
async def fake() -> AsyncIterator[FakeElevenLabs]:
    async with elevenlabs() as fake:
        yield fake


@pytest.fixture
async def platform(fake: FakeElevenLabs) -> AsyncIterator[ElevenLabs]:
    async with connect(Account(SecretStr(fake.api_key), fake.url)) as platform:
        yield platform


async def test_secrets_are_made_changed_listed_and_deleted(
    fake: FakeElevenLabs, platform: ElevenLabs
) -> None:
    made = await platform.create_secret("token", SECRET)
    assert fake.secrets[made].value == SECRET
    await platform.update_secret(made, "token", "another")
    assert fake.secrets[made].value == "another"
    assert [(s["secret_id"], s["name"]) for s in await platform.secrets()] == [(made, "token")]
    await platform.delete_secret(made)
    assert await platform.secrets() == []


async def test_agents_are_made_found_read_changed_and_deleted(
    fake: FakeElevenLabs, platform: ElevenLabs
) -> None:
    made = await platform.create_agent({"name": "a", "conversation_config": {}, "tags": ["x"]})
    await platform.update_agent(made, {"tags": ["y"]})
    assert [one["agent_id"] for one in await platform.agents("a")] == [made]
    assert await platform.agents("z") == []
    whole = await platform.agent(made)
    assert (whole["name"], whole["tags"]) == ("a", ["y"])
    assert "conversation_config" in whole, "as it came over the wire"
    await platform.delete_agent(made)
    assert fake.agents == {}


async def test_numbers_are_imported_linked_let_go_and_deleted(
    fake: FakeElevenLabs, platform: ElevenLabs
) -> None:
    body = {"provider": "twilio", "phone_number": LINE, "label": "b", "sid": "AC1", "token": SECRET}
    made = await platform.import_number(body)
    agent = fake.add_agent("a")
    await platform.link_number(made, agent)
    (listed,) = await platform.numbers()
    assert (listed["phone_number"], listed["assigned_agent"]["agent_id"]) == (LINE, agent)
    await platform.link_number(made, None)
    assert fake.numbers[made].agent_id is None
    await platform.delete_number(made)
    assert await platform.numbers() == []


async def test_webhooks_are_made_switched_on_listed_and_deleted(
    fake: FakeElevenLabs, platform: ElevenLabs
) -> None:
    made, secret = await platform.create_webhook("w", "https://bridge.example.com/hook")
    fake.webhooks[made].is_disabled = True
    assert secret == fake.webhooks[made].secret
    await platform.enable_webhook(made, "w")
    assert not fake.webhooks[made].is_disabled
    assert fake.webhooks[made].retry_enabled
    assert [w["webhook_id"] for w in await platform.webhooks()] == [made]
    await platform.delete_webhook(made)
    assert await platform.webhooks() == []


async def test_lists_are_read_to_their_last_page(
    fake: FakeElevenLabs, platform: ElevenLabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    for n in range(5):
        fake.add_secret(f"s{n}", "x")
        fake.add_agent(f"a{n}")

    assert [s["name"] for s in await platform.secrets()] == ["s0", "s1", "s2", "s3", "s4"]
    assert {a["name"] for a in await platform.agents("a")} == {"a0", "a1", "a2", "a3", "a4"}
    assert len(fake.requests) == 6


async def test_a_list_without_an_end_is_a_broken_promise(
    fake: FakeElevenLabs, platform: ElevenLabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    monkeypatch.setattr(client, "PAGES", 2)
    for n in range(5):
        fake.add_secret(f"s{n}", "x")

    with pytest.raises(VendorBrokePromise, match="more than 2 pages"):
        await platform.secrets()


Act = Callable[[ElevenLabs], Awaitable[object]]

ACTS: dict[str, Act] = {
    "list secrets": lambda p: p.secrets(),
    "create secret": lambda p: p.create_secret("token", SECRET),
    "update secret": lambda p: p.update_secret("sec_1", "token", SECRET),
    "delete secret": lambda p: p.delete_secret("sec_1"),
    "list agents": lambda p: p.agents("bridge"),
    "read agent": lambda p: p.agent("agent_1"),
    "create agent": lambda p: p.create_agent({"conversation_config": {}}),
    "update agent": lambda p: p.update_agent("agent_1", {"tags": []}),
    "delete agent": lambda p: p.delete_agent("agent_1"),
    "list numbers": lambda p: p.numbers(),
    "import number": lambda p: p.import_number(
        {"provider": "twilio", "phone_number": LINE, "label": "b", "sid": "AC1", "token": SECRET}
    ),
    "link number": lambda p: p.link_number("phnum_1", None),
    "delete number": lambda p: p.delete_number("phnum_1"),
    "list webhooks": lambda p: p.webhooks(),
    "create webhook": lambda p: p.create_webhook("w", "https://bridge.example.com/hook"),
    "update webhook": lambda p: p.enable_webhook("wh_1", "w"),
    "delete webhook": lambda p: p.delete_webhook("wh_1"),
}

FAULTS: dict[Fault, tuple[Why, ExitCode, str, str]] = {
    Fault.UNAUTHORIZED: (
        Why.KEY,
        ExitCode.CREDENTIALS_REFUSED,
        "refuses to {}: Invalid API key (HTTP 401).",
        "Copy a key from ",
    ),
    Fault.FORBIDDEN: (
        Why.PERMISSION,
        ExitCode.CREDENTIALS_REFUSED,
        "refuses to {}: The API key is missing convai_write (HTTP 403).",
        "Give the key what is missing",
    ),
    Fault.NOT_FOUND: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Document not found (HTTP 404).",
        "It may have been deleted meanwhile",
    ),
    Fault.CONFLICT: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: The resource was changed by someone else (HTTP 409).",
        "Look at the settings",
    ),
    Fault.INVALID: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: body.name: Field required (HTTP 422).",
        "Look at the settings",
    ),
    Fault.RATE: (
        Why.RATE,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Too many requests (HTTP 429).",
        "Try again in a minute",
    ),
    Fault.CONCURRENT: (
        Why.RATE,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Too many concurrent requests (HTTP 429).",
        "Too much is under way",
    ),
    Fault.SERVER: (
        Why.SERVER,
        ExitCode.REMOTE_REFUSED,
        "failed to {}: Something went wrong (HTTP 500).",
        "Try again in a minute",
    ),
    Fault.HTML: (
        Why.SERVER,
        ExitCode.REMOTE_REFUSED,
        "failed to {} (HTTP 502).",
        "Try again in a minute",
    ),
    Fault.STRING: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Not Found (HTTP 404).",
        "It may have been deleted meanwhile",
    ),
    Fault.OLDER: (
        Why.REQUEST,
        ExitCode.REMOTE_REFUSED,
        "refuses to {}: Agent not found (HTTP 400).",
        "Look at the settings",
    ),
    Fault.NOT_JSON: (
        Why.UNKNOWN,
        ExitCode.REMOTE_REFUSED,
        "What answers {!r} is not ElevenLabs' API (HTTP 200).",
        "See that elevenlabs.base_url",
    ),
    Fault.DROP: (
        Why.UNREACHABLE,
        ExitCode.REMOTE_REFUSED,
        "ElevenLabs can't be reached for {!r} (",
        "See that this machine reaches",
    ),
}


@pytest.mark.parametrize("how", FAULTS)
async def test_every_failure_of_every_operation_has_its_sentence_and_is_asked_once(
    fake: FakeElevenLabs, platform: ElevenLabs, how: Fault
) -> None:
    why, code, sentence, cure = FAULTS[how]
    for operation, act in ACTS.items():
        fake.fail(("*", "*"), how)
        for method in ("GET", "POST", "PATCH", "DELETE"):
            fake.fail((method, "*"), how, times=9)
        asked = len(fake.requests)

        with pytest.raises(VendorError) as raised:
            await act(platform)
        fake.heal()

        error = raised.value
        assert sentence.format(operation) in error.message, (operation, error.message)
        assert error.hint.startswith(cure)
        assert (error.vendor, error.operation) == ("elevenlabs", operation)
        assert (error.why, exit_code(error)) == (why, code)
        assert len(fake.requests) == asked + 1, "asked again"
        for told in (str(error), error.hint, repr(error)):
            assert SECRET not in told
            assert fake.api_key not in told
            assert not holds_number(told)


@pytest.mark.parametrize("operation", ACTS)
async def test_what_comes_too_late_says_so(
    fake: FakeElevenLabs, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(client, "WITHIN_S", 0.1)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        fake.fail((method, "*"), Fault.HANG)
    async with connect(Account(SecretStr(fake.api_key), fake.url)) as platform:
        with pytest.raises(VendorError, match=f"did not answer '{operation}' in time") as raised:
            await ACTS[operation](platform)

    assert (raised.value.why, len(fake.requests)) == (Why.LATE, 1)


async def test_nobody_there_is_unreachable() -> None:
    async with connect(Account(SecretStr("key"), "http://127.0.0.1:1")) as platform:
        with pytest.raises(VendorError, match=r"can't be reached for 'list secrets' \(Connect"):
            await platform.secrets()


def _answering(status: int, raw: bytes, kind: bytes = b"application/json") -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind), (b"location", b"https://elsewhere.example/")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    return app


NO_ANSWER_NEEDED = {
    *("update secret", "delete secret", "update agent", "delete agent", "link number"),
    *("delete number", "update webhook", "delete webhook"),
}


@pytest.mark.parametrize(
    "raw", [b"null", b"[]", b"[1]", b"5", b'"text"', b"{}", b'{"secret_id": 5, "agents": [5]}']
)
async def test_an_answer_without_what_is_needed_is_a_broken_promise(raw: bytes) -> None:
    async with served(_answering(200, raw)) as server:
        for operation, act in ACTS.items():
            if operation in NO_ANSWER_NEEDED or (raw == b"[]" and operation == "list numbers"):
                continue
            async with connect(Account(SecretStr("key"), server.url)) as platform:
                with pytest.raises(VendorBrokePromise) as raised:
                    await act(platform)
            assert repr(operation) in raised.value.message
            assert raised.value.hint


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (200, b"", b"application/json"),
        (200, b"<html>", b"text/html"),
        (302, b"", b"text/html"),
        (302, b"<html>", b"text/html"),
    ],
)
async def test_a_page_or_a_signpost_is_not_the_api(status: int, raw: bytes, kind: bytes) -> None:
    async with served(_answering(status, raw, kind)) as server:
        for operation, act in ACTS.items():
            if operation in NO_ANSWER_NEEDED and status == 200 and not raw:
                continue
            async with connect(Account(SecretStr("key"), server.url)) as platform:
                with pytest.raises(VendorBrokePromise, match="is not ElevenLabs' API") as raised:
                    await act(platform)
            assert raised.value.status == status


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 503])
async def test_a_refusal_without_a_word_is_no_success(status: int) -> None:
    """Their SDK takes an empty answer to a delete for a good one, whatever its status."""
    async with served(_answering(status, b"")) as server:
        for act in ACTS.values():
            async with connect(Account(SecretStr("key"), server.url)) as platform:
                with pytest.raises(VendorError, match=rf"\(HTTP {status}\)") as raised:
                    await act(platform)
            assert raised.value.status == status
