"""The fake ElevenLabs is honest: their SDK works against it, and it refuses what they refuse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from elevenlabs import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.request_options import RequestOptions
from elevenlabs.errors import UnprocessableEntityError

from tests.fakes.elevenlabs.numbers import VOICE_URL
from tests.fakes.elevenlabs.server import LOUD, FakeElevenLabs, Fault, elevenlabs
from tests.fakes.twilio import FakeTwilio, twilio

pytestmark = pytest.mark.anyio

ONCE: RequestOptions = {"max_retries": 0}
LINE = "+15550100"
AGENT = "/v1/convai/agents/agent_0001"


@pytest.fixture
async def carrier() -> AsyncIterator[FakeTwilio]:
    async with twilio() as carrier:
        carrier.add_number(LINE, voice_url="https://old.example/voice")
        yield carrier


@pytest.fixture
async def fake() -> AsyncIterator[FakeElevenLabs]:
    async with elevenlabs() as fake:
        yield fake


@asynccontextmanager
async def sdk_of(fake: FakeElevenLabs, key: str = "") -> AsyncIterator[Any]:
    """Their SDK, typed as anything: it takes plain dicts, and its stubs ask for models."""
    async with httpx.AsyncClient(timeout=5) as client:
        yield AsyncElevenLabs(base_url=fake.url, api_key=key or fake.api_key, httpx_client=client)


@pytest.fixture
async def sdk(fake: FakeElevenLabs) -> AsyncIterator[Any]:
    async with sdk_of(fake) as sdk:
        yield sdk


@pytest.fixture
async def http(fake: FakeElevenLabs) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"xi-api-key": fake.api_key}
    async with httpx.AsyncClient(base_url=fake.url, headers=headers, timeout=5) as client:
        yield client


def own(**changes: Any) -> dict[str, Any]:
    """A configuration with a custom LLM."""
    prompt = {"llm": "custom-llm", "custom_llm": {"url": "https://a.example/v1"}, **changes}
    return {"agent": {"prompt": prompt}}


# -- the SDK ---------------------------------------------------------------------------------


async def test_the_sdk_keeps_secrets(fake: FakeElevenLabs, sdk: Any) -> None:
    secrets = sdk.conversational_ai.secrets
    made = await secrets.create(name="bridge", value="first", request_options=ONCE)
    await secrets.create(name="other", value="x", request_options=ONCE)
    await secrets.update(made.secret_id, name="bridge", value="second", request_options=ONCE)
    fake.add_agent("Molty", own(custom_llm={"url": "u", "api_key": {"secret_id": made.secret_id}}))

    first = await secrets.list(page_size=1)
    second = await secrets.list(page_size=1, cursor=first.next_cursor)
    found = await secrets.list(search="bri")

    assert (made.secret_id, fake.secrets[made.secret_id].value) == ("sec_0001", "second")
    assert [s.name for s in (*first.secrets, *second.secrets)] == ["bridge", "other"]
    assert second.next_cursor is None
    assert [s.secret_id for s in found.secrets] == ["sec_0001"]
    assert [a.name for a in found.secrets[0].used_by.agents] == ["Molty"]
    await secrets.delete("sec_0002", request_options=ONCE)
    assert list(fake.secrets) == ["sec_0001"]


async def test_the_sdk_keeps_agents(fake: FakeElevenLabs, sdk: Any) -> None:
    agents = sdk.conversational_ai.agents
    made = await agents.create(
        name="Molty", tags=["bridge"], conversation_config=own(), request_options=ONCE
    )
    fake.add_agent("By hand")
    read = await agents.get(made.agent_id)
    changed = await agents.update(
        made.agent_id,
        conversation_config={"agent": {"first_message": "Hello."}},
        platform_settings={"call_limits": {"daily_limit": 50}},
        request_options=ONCE,
    )

    assert read.conversation_config.turn.turn_timeout == 7
    assert changed.conversation_config.agent.prompt.custom_llm.url == "https://a.example/v1"
    assert changed.conversation_config.agent.first_message == "Hello."
    assert changed.platform_settings.call_limits.bursting_enabled is True
    assert changed.version_id != read.version_id
    page = await agents.list(page_size=1)
    rest = await agents.list(page_size=1, cursor=page.next_cursor)
    assert [a.name for a in (*page.agents, *rest.agents)] == ["By hand", "Molty"]
    assert (page.has_more, rest.has_more) == (True, False)
    assert [a.name for a in (await agents.list(search="mol")).agents] == ["Molty"]
    assert [a.name for a in (await agents.list(tags=["bridge"])).agents] == ["Molty"]
    await agents.update("agent_0002", platform_settings={"archived": True}, request_options=ONCE)
    assert [a.name for a in (await agents.list(archived=True)).agents] == ["By hand"]
    await agents.delete(made.agent_id, request_options=ONCE)
    assert list(fake.agents) == ["agent_0002"]


async def test_the_sdk_keeps_numbers_and_an_import_takes_the_line(
    fake: FakeElevenLabs, carrier: FakeTwilio, sdk: Any
) -> None:
    fake.twilio = carrier
    numbers = sdk.conversational_ai.phone_numbers
    agent_id = fake.add_agent("Molty")
    body = {"provider": "twilio", "phone_number": LINE, "label": "Line"}
    made = await numbers.create(
        request={**body, "sid": carrier.account_sid, "token": carrier.token}, request_options=ONCE
    )
    line = carrier.line(LINE)
    assert line is not None
    assert line["voice_url"] == VOICE_URL
    assert line["status_callback"]
    await numbers.update(made.phone_number_id, agent_id=agent_id, request_options=ONCE)
    (row,) = await numbers.list()
    assert (row.phone_number, row.assigned_agent.agent_name) == (LINE, "Molty")
    agent = await sdk.conversational_ai.agents.get(agent_id)
    assert [n.phone_number for n in agent.phone_numbers] == [LINE]
    await numbers.update(made.phone_number_id, agent_id=None, request_options=ONCE)
    assert fake.numbers[made.phone_number_id].agent_id is None
    await numbers.delete(made.phone_number_id, request_options=ONCE)
    assert fake.numbers == {}
    assert line["voice_url"] == VOICE_URL


async def test_the_sdk_keeps_webhooks_whose_secret_is_shown_once(
    fake: FakeElevenLabs, sdk: Any
) -> None:
    settings = {"auth_type": "hmac", "name": "bridge", "webhook_url": "https://a.example/h"}
    made = await sdk.webhooks.create(settings=settings, request_options=ONCE)
    hook = {"webhooks": {"post_call_webhook_id": made.webhook_id, "events": ["transcript"]}}
    fake.add_agent(platform_settings={"workspace_overrides": hook})
    await sdk.webhooks.update(
        made.webhook_id, is_disabled=True, name="renamed", request_options=ONCE
    )
    plain = await sdk.webhooks.list()
    (row,) = (await sdk.webhooks.list(include_usages=True)).webhooks

    assert made.webhook_secret == fake.webhooks[made.webhook_id].secret
    assert made.webhook_secret not in plain.model_dump_json()
    assert (row.name, row.is_disabled) == ("renamed", True)
    assert [use.usage_type for use in row.usage] == ["ConvAI Agent Settings"]
    assert plain.webhooks[0].usage is None
    with pytest.raises(ApiError) as refused:
        await sdk.webhooks.delete(made.webhook_id, request_options=ONCE)
    assert refused.value.body["detail"]["code"] == "webhook_in_use"
    fake.agents.clear()
    await sdk.webhooks.delete(made.webhook_id, request_options=ONCE)
    assert fake.webhooks == {}


async def test_the_sdk_changes_settings_and_calls_out(fake: FakeElevenLabs, sdk: Any) -> None:
    webhook_id = fake.add_webhook("bridge", "https://a.example/h")
    agent_id, number_id = fake.add_agent(), fake.add_number(LINE)
    settings = sdk.conversational_ai.settings
    await settings.update(webhooks={"post_call_webhook_id": webhook_id}, request_options=ONCE)
    said = await sdk.conversational_ai.twilio.outbound_call(
        agent_id=agent_id,
        agent_phone_number_id=number_id,
        to_number="+15550001234",
        request_options=ONCE,
    )
    assert (await settings.get()).webhooks.post_call_webhook_id == webhook_id
    assert (said.success, said.call_sid) == (True, fake.outbound[0]["call_sid"])
    fake.refuses_calls = "Twilio error 21211"
    said = await sdk.conversational_ai.twilio.outbound_call(
        agent_id=agent_id, agent_phone_number_id=number_id, to_number="x", request_options=ONCE
    )
    assert (said.success, said.message) == (False, "Twilio error 21211")


# -- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_wrong_key_is_refused(fake: FakeElevenLabs, key: str | None) -> None:
    headers = {} if key is None else {"xi-api-key": key}
    async with httpx.AsyncClient(headers=headers, timeout=5) as client:
        answer = await client.get(f"{fake.url}/v1/convai/secrets")

    assert (answer.status_code, answer.json()["detail"]["code"]) == (401, "invalid_api_key")


async def test_a_limited_key_is_told_which_permission_it_lacks(fake: FakeElevenLabs) -> None:
    key = fake.add_key("reader", ["convai_read", "workspace_read"])
    async with sdk_of(fake, key) as sdk:
        await sdk.conversational_ai.secrets.list()
        await sdk.webhooks.list()
        with pytest.raises(ApiError) as refused:
            await sdk.conversational_ai.secrets.create(name="a", value="b", request_options=ONCE)

    assert refused.value.status_code == 403
    assert refused.value.body["detail"]["code"] == "missing_permissions"
    assert "convai_write" in refused.value.body["detail"]["message"]


# -- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/v1/convai/secrets", {"type": "new", "name": "a", "value": "b", "x": 1}, "x"),
        (
            "POST",
            "/v1/convai/agents/create",
            {"conversation_config": {"agent": {"llm": "custom-llm"}}},
            "conversation_config.agent.llm",
        ),
        (
            "PATCH",
            AGENT,
            {"platform_settings": {"overrides": {"custom_llm_extra_bodies": True}}},
            "platform_settings.overrides.custom_llm_extra_bodies",
        ),
        (
            "PATCH",
            AGENT,
            {"conversation_config": {"agent": {"prompt": {"backup_llm_config": {}}}}},
            "no tag 'preference'",
        ),
        ("POST", "/v1/convai/phone-numbers", {"phone_number": LINE}, "no tag 'provider'"),
        ("GET", "/v1/convai/agents?pagesize=2", None, "?pagesize"),
    ],
)
async def test_an_unknown_key_or_a_missing_tag_is_a_loud_500(
    method: str, path: str, body: Any, named: str
) -> None:
    async with elevenlabs(may_complain=True) as fake, httpx.AsyncClient(timeout=5) as client:
        fake.add_agent()
        before = fake.snapshot(with_versions=True)
        answer = await client.request(
            method, fake.url + path, json=body, headers={"xi-api-key": fake.api_key}
        )

        assert answer.status_code == 500
        assert LOUD in answer.text
        assert named in fake.complaints[0]
        assert fake.snapshot(with_versions=True) == before


async def test_what_was_complained_of_fails_the_test_in_the_end() -> None:
    with pytest.raises(AssertionError, match="somethin"):
        async with elevenlabs() as fake:
            fake.complaints.append("something")


async def test_an_answer_that_the_document_forbids_is_complained_of() -> None:
    async with elevenlabs(may_complain=True) as fake, sdk_of(fake) as sdk:
        fake.agents[fake.add_agent()]["tags"] = "not a list"
        with pytest.raises(ApiError):
            await sdk.conversational_ai.agents.get("agent_0001", request_options=ONCE)

        assert "answered wrongly" in fake.complaints[0]


async def test_told_so_it_drops_unknown_keys_without_a_word() -> None:
    async with elevenlabs(silent_unknown_keys=True) as fake, sdk_of(fake) as sdk:
        agents = sdk.conversational_ai.agents
        made = await agents.create(
            conversation_config={"agent": {"llm": "custom-llm"}}, request_options=ONCE
        )
        await agents.update(
            made.agent_id, conversation_config={"tst": {"speed": 1.1}}, request_options=ONCE
        )
        talk = fake.agents[made.agent_id]["conversation_config"]
        fake.settings["webhooks"]["transcript_format"] = "opentelemetry"
        await sdk.conversational_ai.settings.update(
            webhooks={"evnts": ["audio"]}, request_options=ONCE
        )

    assert fake.settings["webhooks"]["transcript_format"] == "opentelemetry"
    assert "evnts" not in fake.settings["webhooks"]
    assert "llm" not in talk["agent"]
    assert "tst" not in talk
    assert talk["agent"]["prompt"]["llm"] != "custom-llm"


async def test_a_key_that_only_the_sdk_knows_is_kept(fake: FakeElevenLabs, sdk: Any) -> None:
    agent_id = fake.add_agent()
    talk = {"agent": {"prompt": {"enable_parallel_tool_calls": True}}}
    await sdk.conversational_ai.agents.update(
        agent_id, conversation_config=talk, request_options=ONCE
    )

    kept = fake.agents[agent_id]["conversation_config"]["agent"]["prompt"]
    assert kept["enable_parallel_tool_calls"] is True


@pytest.mark.parametrize(
    "talk",
    [
        own(cascade_timeout_seconds=16),
        own(cascade_timeout_seconds=1),
        {"tts": {"speed": 3}},
        {"turn": {"turn_eagerness": "wild"}},
        {"agent": {"first_message": 7}},
        own(custom_llm={"model_id": "m"}),
    ],
)
async def test_a_body_that_does_not_fit_is_422_and_changes_nothing(
    fake: FakeElevenLabs, sdk: Any, talk: Any
) -> None:
    agent_id, agents = fake.add_agent(), sdk.conversational_ai.agents
    before = fake.snapshot(with_versions=True)
    with pytest.raises(UnprocessableEntityError):
        await agents.create(conversation_config=talk, request_options=ONCE)
    with pytest.raises(UnprocessableEntityError):
        await agents.update(agent_id, conversation_config=talk, request_options=ONCE)

    assert fake.snapshot(with_versions=True) == before


# -- a PATCH ------------------------------------------------------------------------------------


async def patched(fake: FakeElevenLabs, agent_id: str, prompt: dict[str, Any]) -> dict[str, Any]:
    talk = {"agent": {"prompt": prompt}}
    async with sdk_of(fake) as sdk:
        await sdk.conversational_ai.agents.update(
            agent_id, conversation_config=talk, request_options=ONCE
        )
    found = fake.agents[agent_id]["conversation_config"]["agent"]["prompt"]
    assert isinstance(found, dict)
    return found


def with_headers(**headers: Any) -> dict[str, Any]:
    custom = {"url": "https://a.example/v1", "request_headers": headers}
    return {"llm": "custom-llm", "custom_llm": custom}


@pytest.mark.parametrize(
    ("maps", "kept"), [("merge", {"a": "1", "b": "3"}), ("replace", {"b": "3"})]
)
async def test_a_patch_merges_maps_or_replaces_them_as_told(
    maps: Any, kept: dict[str, str]
) -> None:
    async with elevenlabs(maps=maps) as fake:
        agent_id = fake.add_agent("", own(**with_headers(a="1", b="2", c="2")))
        prompt = await patched(fake, agent_id, with_headers(b="3", c=None))

    assert prompt["custom_llm"]["request_headers"] == kept


async def test_a_patch_merges_deeply_replaces_lists_and_members_and_keeps_null(
    fake: FakeElevenLabs,
) -> None:
    secret_id = fake.add_secret("a", "b")
    key = {"secret_id": secret_id}
    before = own(
        custom_llm={"url": "u", "model_id": "m", "api_key": key},
        tool_ids=["t1", "t2"],
        backup_llm_config={"preference": "override", "order": ["gpt-4o"]},
    )
    agent_id = fake.add_agent("", before)
    prompt = await patched(
        fake,
        agent_id,
        {
            "llm": "custom-llm",
            "custom_llm": {"api_key": {"env_var_label": "new"}, "model_id": None},
            "tool_ids": ["t3"],
            "backup_llm_config": {"preference": "disabled"},
            "temperature": None,
        },
    )

    assert prompt["custom_llm"]["url"] == "u"
    assert prompt["custom_llm"]["model_id"] is None
    assert prompt["custom_llm"]["api_key"] == {"env_var_label": "new"}
    assert prompt["tool_ids"] == ["t3"]
    assert prompt["backup_llm_config"] == {"preference": "disabled"}
    assert prompt["temperature"] is None


async def test_what_is_put_back_is_the_same_in_the_end(fake: FakeElevenLabs, sdk: Any) -> None:
    agent_id = fake.add_agent("Molty", {"agent": {"first_message": "Hello."}})
    before, versions = fake.snapshot(), fake.snapshot(with_versions=True)
    for words in ("Bye.", "Hello."):
        assert fake.snapshot()["secrets"] == {}
        await sdk.conversational_ai.agents.update(
            agent_id, conversation_config={"agent": {"first_message": words}}, request_options=ONCE
        )

    assert fake.snapshot() == before
    assert fake.snapshot(with_versions=True) != versions


async def test_a_field_that_is_told_to_be_forgotten_is_not_kept(
    fake: FakeElevenLabs, sdk: Any
) -> None:
    fake.forget("conversation_config.agent.prompt.cascade_timeout_seconds")
    made = await sdk.conversational_ai.agents.create(
        conversation_config=own(cascade_timeout_seconds=15), request_options=ONCE
    )
    prompt = await patched(fake, made.agent_id, {"cascade_timeout_seconds": 14, "max_tokens": 9})

    assert (prompt["cascade_timeout_seconds"], prompt["max_tokens"]) == (4, 9)


# -- what they refuse ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "patch", "status"),
    [
        ({}, {"custom_llm": {"url": "u"}}, "custom_llm_without_llm"),
        (own(), {"llm": "gpt-4o"}, "custom_llm_must_be_null"),
        ({}, {"llm": "custom-llm"}, "custom_llm_missing"),
    ],
)
async def test_the_model_is_changed_whole_or_not_at_all(
    fake: FakeElevenLabs, before: Any, patch: Any, status: str
) -> None:
    agent_id = fake.add_agent("", before)
    with pytest.raises(ApiError) as refused:
        await patched(fake, agent_id, patch)

    assert (refused.value.status_code, refused.value.body["detail"]["status"]) == (400, status)


async def test_back_to_a_hosted_model_with_null_is_fine(fake: FakeElevenLabs) -> None:
    prompt = await patched(fake, fake.add_agent("", own()), {"llm": "gpt-4o", "custom_llm": None})

    assert prompt["custom_llm"] is None


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        (
            {"conversation_config": {**own(), "tts": {"voice_id": "cloned"}}},
            "custom_llm_not_allowed_in_with_agent_with_ivc_voice",
        ),
        (
            {
                "conversation_config": own(),
                "platform_settings": {"privacy": {"zero_retention_mode": True}},
            },
            "custom_llm_not_allowed_in_zrm",
        ),
        (
            {
                "conversation_config": {
                    "agent": {
                        "dynamic_variables": {"dynamic_variable_placeholders": {"system__x": "1"}}
                    }
                }
            },
            "reserved_dynamic_variable",
        ),
        (
            {"conversation_config": own(custom_llm={"url": "u", "api_key": {"secret_id": "s"}})},
            "secret_not_found",
        ),
        (
            {
                "conversation_config": {},
                "platform_settings": {
                    "workspace_overrides": {"webhooks": {"post_call_webhook_id": "w"}}
                },
            },
            "webhook_not_found",
        ),
    ],
)
async def test_what_may_not_be_is_refused_and_nothing_is_made(
    fake: FakeElevenLabs, sdk: Any, extra: dict[str, Any], status: str
) -> None:
    fake.cloned_voices.add("cloned")
    with pytest.raises(ApiError) as refused:
        await sdk.conversational_ai.agents.create(**extra, request_options=ONCE)

    assert refused.value.body["detail"]["status"] == status
    assert fake.agents == {}


@pytest.mark.parametrize("status", [400, 409])
async def test_a_secret_in_use_stays(fake: FakeElevenLabs, sdk: Any, status: Any) -> None:
    fake.in_use_status = status
    secret_id = fake.add_secret("a", "b")
    fake.add_agent("", own(custom_llm={"url": "u", "api_key": {"secret_id": secret_id}}))
    with pytest.raises(ApiError) as refused:
        await sdk.conversational_ai.secrets.delete(secret_id, request_options=ONCE)

    assert refused.value.status_code == status
    assert secret_id in fake.secrets


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, "invalid_twilio_credentials"),
        ({"phone_number": "+15550109"}, "phone_number_not_found_in_twilio"),
        ({"sid": "SK1"}, "account_auth_token_required"),
        ({"agent_id": "agent_9"}, "agent_not_found"),
        ({"phone_number": "+15550107", "agent_id": "agent_0001"}, "verified_caller_id"),
        ({"phone_number": "+15550108"}, "phone_number_already_exists"),
    ],
)
async def test_a_number_that_can_not_be_imported_is_refused(
    fake: FakeElevenLabs, carrier: FakeTwilio, sdk: Any, changes: dict[str, str], code: str
) -> None:
    fake.twilio = carrier
    fake.add_agent()
    fake.add_number("+15550108")
    carrier.verified_caller_ids.add("+15550107")
    before = carrier.snapshot()
    body = {"provider": "twilio", "phone_number": LINE, "label": "", "token": carrier.token}
    with pytest.raises(ApiError) as refused:
        await sdk.conversational_ai.phone_numbers.create(
            request={**body, "sid": carrier.account_sid, **changes}, request_options=ONCE
        )

    assert refused.value.body["detail"]["code"].startswith(code)
    assert len(fake.numbers) == 1
    assert carrier.snapshot() == before


async def test_a_verified_caller_id_is_never_assigned(fake: FakeElevenLabs, sdk: Any) -> None:
    agent_id = fake.add_agent()
    number_id = fake.add_number("+15550107", is_verified_caller_id=True)
    with pytest.raises(ApiError):
        await sdk.conversational_ai.phone_numbers.update(
            number_id, agent_id=agent_id, request_options=ONCE
        )

    assert fake.numbers[number_id].agent_id is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/convai/agents/agent_9",
        "/v1/convai/secrets/sec_9",
        "/v1/convai/phone-numbers/phnum_9",
        "/v1/convai/conversations/conv_9",
        "/v1/nothing",
    ],
)
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


# -- how it fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [how for how in Fault if how.value[0].isdigit()])
async def test_it_answers_wrongly_as_told_and_then_no_more(
    fake: FakeElevenLabs, http: httpx.AsyncClient, how: Fault
) -> None:
    fake.fail(("GET", "/v1/convai/secrets"), how)
    wrong = await http.get("/v1/convai/secrets")
    other = await http.get("/v1/convai/agents")
    right = await http.get("/v1/convai/secrets")

    assert wrong.status_code == int(how.value[:3])
    assert (other.status_code, right.status_code) == (200, 200)
    assert [record.status for record in fake.requests] == [int(how.value[:3]), 200, 200]


async def test_the_nth_write_is_dropped_done_or_undone(
    fake: FakeElevenLabs, http: httpx.AsyncClient
) -> None:
    async def write(name: str) -> None:
        body = {"type": "new", "name": name, "value": "v"}
        await http.post("/v1/convai/secrets", json=body)

    fake.fail_write(2, done=True)
    fake.fail_write(3)
    await write("first")
    await http.get("/v1/convai/secrets")
    for name in ("done", "undone"):
        with pytest.raises(httpx.RemoteProtocolError):
            await write(name)
    await write("last")

    assert [secret.name for secret in fake.secrets.values()] == ["first", "done", "last"]
    assert [record.status for record in fake.writes] == [200, 0, 0, 200]


async def test_a_test_can_break_off_after_any_write(
    fake: FakeElevenLabs, http: httpx.AsyncClient
) -> None:
    seen: list[str] = []

    async def after(record: Any) -> None:
        seen.append(record.path)
        raise RuntimeError

    fake.after_write = after
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/v1/convai/secrets", json={"type": "new", "name": "a", "value": "v"})
    refused = await http.post("/v1/convai/secrets", json={"type": "new"})

    assert seen == ["/v1/convai/secrets"]
    assert len(fake.secrets) == 1
    assert refused.status_code == 422


async def test_a_request_that_hangs_ends_with_the_fake() -> None:
    async with elevenlabs() as fake, httpx.AsyncClient(timeout=0.05) as client:
        fake.fail(("GET", "*"), Fault.HANG)
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{fake.url}/v1/convai/secrets")

    assert fake.requests[0].status == 0


async def test_the_sdk_told_not_to_retry_writes_once(fake: FakeElevenLabs, sdk: Any) -> None:
    fake.fail(("POST", "*"), Fault.SERVER, times=1)
    with pytest.raises(ApiError):
        await sdk.conversational_ai.secrets.create(name="a", value="b", request_options=ONCE)

    assert len(fake.writes) == 1
