"""The fake platform leads a call as the real one: whom it asks, what it sends, when it gives up."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from elevenlabs import AsyncElevenLabs, ElevenLabs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.agent import FakeAgent
from tests.fakes.elevenlabs.platform import INTRODUCTION, signature
from tests.fakes.elevenlabs.schema import SAMPLES
from tests.fakes.elevenlabs.server import FakeElevenLabs, elevenlabs
from tests.fakes.twilio import twilio
from tests.fakes.web_server import served

pytestmark = pytest.mark.anyio

CALLER, LINE, PUBLIC = "+15550001234", "+15550100", "https://phone.example"
CALL_SID = f"CA{1:032x}"


@dataclass(slots=True)
class Receiver:
    """Who is asked while it rings and told afterwards."""

    url: str = ""
    reply: Any = field(default_factory=lambda: {"type": INTRODUCTION})
    status: int = 200
    came: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def hear(self, request: Request) -> Response:
        self.came.append((request.url.path, await request.body(), dict(request.headers)))
        if isinstance(self.reply, str):
            return Response(self.reply, self.status)
        return JSONResponse(self.reply, self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    route = Route("/{path:path}", receiver.hear, methods=["POST"])
    async with served(Starlette(routes=[route])) as server:
        receiver.url = server.url
        yield receiver


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture
async def fake(receiver: Receiver, agent: FakeAgent) -> AsyncIterator[FakeElevenLabs]:
    """A workspace in which a number leads to an agent that speaks with ours."""
    async with elevenlabs() as fake:
        fake.ways[PUBLIC] = receiver.url
        token = fake.add_secret("bridge token", agent.token)
        proof = fake.add_secret("bridge webhook", "the webhook's secret")
        prompt = {
            "llm": "custom-llm",
            "prompt": "You are Molty. {{who}}",
            "custom_llm": {
                "url": agent.url,
                "model_id": "bridge",
                "api_key": {"secret_id": token},
                "request_headers": {
                    "x-conversation": {"variable_name": "system__conversation_id"},
                    "x-who": {"variable_name": "who"},
                    "x-plain": "1",
                    "Authorization": "never sent",
                },
            },
            "built_in_tools": {
                name: {"name": name, "params": {"system_tool_type": name}}
                for name in ("end_call", "skip_turn", "language_detection")
            },
        }
        hook = {"url": f"{PUBLIC}/ask", "request_headers": {"x-proof": {"secret_id": proof}}}
        may = {"agent": {"first_message": True}}
        agent_id = fake.add_agent(
            "Molty",
            {
                "agent": {
                    "prompt": prompt,
                    "first_message": "Hello, {{who}}.",
                    "dynamic_variables": {"dynamic_variable_placeholders": {"who": "you"}},
                }
            },
            {
                "auth": {"enable_auth": True},
                "overrides": {
                    "conversation_config_override": may,
                    "enable_conversation_initiation_client_data_from_webhook": True,
                },
                "workspace_overrides": {"conversation_initiation_client_data_webhook": hook},
            },
        )
        fake.add_number(LINE, agent_id=agent_id)
        yield fake


def calls(name: str, arguments: str) -> dict[str, Any]:
    """A tool call in one chunk."""
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}


# -- how a call begins ---------------------------------------------------------------------------


async def test_it_asks_the_webhook_while_it_rings(fake: FakeElevenLabs, receiver: Receiver) -> None:
    receiver.reply = {
        "type": INTRODUCTION,
        "dynamic_variables": {"who": "Ada"},
        "conversation_config_override": {"agent": {"first_message": "Hi {{who}}!"}},
    }
    call = await fake.ring(CALLER, LINE)

    assert call.is_up, call.failed
    assert call.greeting == "Hi Ada!"
    assert call.variables["system__caller_id"] == CALLER
    path, raw, headers = receiver.came[0]
    assert path == "/ask"
    assert json.loads(raw) == {
        "caller_id": CALLER,
        "agent_id": "agent_0001",
        "called_number": LINE,
        "call_sid": CALL_SID,
        "conversation_id": call.conversation_id,
    }
    assert headers["x-proof"] == "the webhook's secret"


@pytest.mark.parametrize(
    ("status", "reply", "why"),
    [
        (500, {"type": INTRODUCTION}, "answered 500"),
        (200, "no json", "did not answer JSON"),
        (200, {"type": "another"}, "another type"),
        (200, {"type": INTRODUCTION, "dynamic_variables": 7}, "wrong at"),
        (200, {"type": INTRODUCTION, "dynamic_variables": {"system__x": "1"}}, "system__x"),
        (200, {"type": INTRODUCTION, "dynamic_variables": {"who": None}}, "who"),
        (
            200,
            {
                "type": INTRODUCTION,
                "conversation_config_override": {"agent": {"prompt": {"prompt": "x"}}},
            },
            "Override not allowed by config: agent.prompt.prompt",
        ),
        (200, {"type": INTRODUCTION, "custom_llm_extra_body": {"a": 1}}, "custom_llm_extra_body"),
    ],
)
async def test_a_webhook_that_answers_wrongly_ends_the_call(
    fake: FakeElevenLabs, receiver: Receiver, status: int, reply: Any, why: str
) -> None:
    receiver.status, receiver.reply = status, reply
    call = await fake.ring(CALLER, LINE)

    assert not call.is_up
    assert why in call.failed
    record = fake.conversations[call.conversation_id]
    assert record["status"] == "failed"
    assert record["metadata"]["termination_reason"] == call.failed


async def test_a_webhook_that_says_what_nobody_knows_is_complained_of(
    fake: FakeElevenLabs, receiver: Receiver
) -> None:
    receiver.reply = {"type": INTRODUCTION, "dynamic_variable": {"who": "Ada"}}
    await fake.ring(CALLER, LINE)

    assert fake.complaints.pop().endswith("['dynamic_variable']")


async def test_a_webhook_that_is_not_there_ends_the_call(fake: FakeElevenLabs) -> None:
    fake.ways[PUBLIC] = "http://127.0.0.1:9"
    call = await fake.ring(CALLER, LINE)

    assert call.failed == "the initiation webhook: ConnectError"


@pytest.mark.parametrize("where", ["prompt", "header"])
async def test_a_variable_without_a_value_ends_the_call(fake: FakeElevenLabs, where: str) -> None:
    prompt: dict[str, Any] = {"prompt": "{{nobody}}"}
    if where == "header":
        prompt = {"custom_llm": {"request_headers": {"x-n": {"variable_name": "nobody"}}}}
    fake.edit_agent("agent_0001", {"conversation_config": {"agent": {"prompt": prompt}}})
    call = await fake.ring(CALLER, LINE)

    assert call.failed == "Missing required dynamic variables: nobody"


async def test_an_agent_that_asks_no_webhook_has_its_placeholders(
    fake: FakeElevenLabs, receiver: Receiver
) -> None:
    off = {"enable_conversation_initiation_client_data_from_webhook": False}
    fake.edit_agent("agent_0001", {"platform_settings": {"overrides": off}})
    call = await fake.ring(CALLER, LINE)

    assert call.greeting == "Hello, you."
    assert receiver.came == []


async def test_a_number_that_leads_nowhere_is_told(fake: FakeElevenLabs) -> None:
    fake.numbers["phnum_0001"].agent_id = None
    fake.add_number("+15550107", is_verified_caller_id=True)

    assert (await fake.ring(CALLER, LINE)).failed == "no agent is assigned to the number"
    assert (await fake.ring(CALLER, "+15550107")).failed == "no such number"
    assert (await fake.ring(CALLER, "+15550108")).failed == "no such number"


async def test_a_line_that_twilio_sends_elsewhere_never_rings_here(fake: FakeElevenLabs) -> None:
    async with twilio() as carrier:
        fake.twilio = carrier
        carrier.add_number(LINE, voice_url="https://old.example/voice")
        call = await fake.ring(CALLER, LINE)

    assert call.failed == "Twilio sends this number's calls elsewhere"


async def test_a_chat_has_no_telephone_and_asks_no_webhook(
    fake: FakeElevenLabs, receiver: Receiver
) -> None:
    refused = await fake.web_chat("agent_0001")
    chat = await fake.web_chat("agent_0001", is_signed=True)

    assert refused.failed == "The agent requires authentication"
    assert chat.is_up, chat.failed
    assert chat.greeting == "Hello, you."
    assert not {"system__caller_id", "system__called_number", "system__call_sid"} & set(
        chat.variables
    )
    assert receiver.came == []


# -- turns ---------------------------------------------------------------------------------------


async def test_a_turn_is_asked_as_the_platform_asks(fake: FakeElevenLabs, agent: FakeAgent) -> None:
    agent.reply("It is nine.", to="what time")
    call = await fake.ring(CALLER, LINE)
    turn = await call.say("what time is it")
    await call.say("thanks")

    assert (turn.text, turn.tools, turn.statuses) == ("It is nine.", (), (200,))
    first, second = agent.requests
    assert first.headers["x-conversation"] == call.conversation_id
    assert first.headers["x-who"] == "you"
    assert first.headers["x-plain"] == "1"
    assert first.headers["authorization"] == f"Bearer {agent.token}"
    assert "Authorization" not in call.headers
    body = first.body
    assert isinstance(body, dict)
    assert {k: body[k] for k in ("model", "stream", "temperature", "max_tokens")} == {
        "model": "bridge",
        "stream": True,
        "temperature": 0.0,
        "max_tokens": 5000,
    }
    assert body["messages"][0]["content"].startswith("You are Molty. you\n")
    assert body["messages"][1:] == [
        {"role": "assistant", "content": "Hello, you."},
        {"role": "user", "content": "what time is it"},
    ]
    assert [m["content"] for m in second.messages[3:]] == ["It is nine.", "thanks"]
    offered = {one["function"]["name"]: one["function"]["parameters"] for one in body["tools"]}
    assert offered.keys() == {"end_call", "skip_turn", "language_detection"}
    sample = SAMPLES["custom_llm"]["first_user_turn"]["tools"][0]["function"]
    assert offered["end_call"] == sample["parameters"]


async def test_silence_adds_no_utterance(fake: FakeElevenLabs, agent: FakeAgent) -> None:
    agent.reply("Are you there?")
    call = await fake.ring(CALLER, LINE)
    await call.silence()

    assert [m["role"] for m in agent.requests[0].messages] == ["system", "assistant"]
    assert call.messages[-1] == {"role": "assistant", "content": "Are you there?"}


async def test_a_turn_that_fails_is_asked_three_times_and_ends_the_call(
    fake: FakeElevenLabs, agent: FakeAgent
) -> None:
    agent.refuse(500, once=True)
    call = await fake.ring(CALLER, LINE)
    assert (await call.say("hello")).statuses == (500, 200)
    agent.refuse(500)
    turn = await call.say("and now?")

    assert (turn.text, turn.statuses) == ("", (500, 500, 500))
    assert call.failed == "custom_llm generation failed"
    assert fake.conversations[call.conversation_id]["metadata"]["error"]["code"] == 1002


async def test_an_empty_answer_is_a_failure(fake: FakeElevenLabs, agent: FakeAgent) -> None:
    agent.reply("", once=True)
    call = await fake.ring(CALLER, LINE)

    assert (await call.say("hello")).statuses == (200, 200)


async def test_what_the_platform_would_swallow_is_complained_of(
    fake: FakeElevenLabs, agent: FakeAgent
) -> None:
    agent.rubbish(b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', once=True)
    call = await fake.ring(CALLER, LINE)
    turn = await call.say("hello")

    assert turn.text == "Hi"
    assert len(fake.complaints) == 2
    fake.complaints.clear()


# -- tools -----------------------------------------------------------------------------------------


async def test_end_call_ends_the_call_with_what_it_says(
    fake: FakeElevenLabs, agent: FakeAgent
) -> None:
    arguments = {"reason": "done", "system__message_to_speak": "Bye!"}
    agent.reply(calls("end_call", json.dumps(arguments)), finish="tool_calls")
    call = await fake.ring(CALLER, LINE)
    turn = await call.say("goodbye")

    assert turn.text == "Bye!"
    assert [(one.name, one.arguments) for one in turn.tools] == [("end_call", arguments)]
    assert call.ended == "end_call tool was called"
    assert len(agent.requests) == 1


async def test_a_tool_is_followed_up_and_silence_is_not(
    fake: FakeElevenLabs, agent: FakeAgent
) -> None:
    call = await fake.ring(CALLER, LINE)
    arguments = '{"reason":"spoke Dutch","language":"nl"}'
    agent.reply(calls("language_detection", arguments), finish="tool_calls", once=True)
    turn = await call.say("goedendag")
    agent.reply(calls("skip_turn", "{}"), finish="tool_calls", once=True)
    quiet = await call.say("one moment")

    assert turn.statuses == (200, 200)
    assert call.language == "nl"
    result = json.loads(agent.requests[1].messages[-1]["content"])
    assert result == {
        "result_type": "language_detection_success",
        "status": "success",
        **json.loads(arguments),
    }
    assert (quiet.text, quiet.statuses) == ("", (200,))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("end_call", "{}"), ("voicemail_detection", '{"reason":"beep"}'), ("end_call", "{")],
)
async def test_a_tool_called_wrongly_is_rejected_and_asked_again(
    fake: FakeElevenLabs, agent: FakeAgent, name: str, arguments: str
) -> None:
    agent.reply(calls(name, arguments), finish="tool_calls", once=True)
    call = await fake.ring(CALLER, LINE)
    turn = await call.say("goodbye")

    assert turn.tools[0].rejected
    assert turn.statuses == (200, 200)
    assert call.is_up


# -- afterwards ------------------------------------------------------------------------------------


async def test_the_webhook_afterwards_is_signed_and_their_own_sdk_believes_it(
    fake: FakeElevenLabs, receiver: Receiver
) -> None:
    call = await fake.ring(CALLER, LINE)
    await call.say("hello")
    await call.hang_up()
    assert await fake.post_call(call) is None
    webhook_id = fake.add_webhook("bridge", f"{PUBLIC}/after")
    hook = {"webhooks": {"post_call_webhook_id": webhook_id, "events": ["transcript"]}}
    fake.edit_agent("agent_0001", {"platform_settings": {"workspace_overrides": hook}})
    answer = await fake.post_call(call)

    assert answer is not None
    assert answer.status_code == 200
    path, raw, headers = receiver.came[-1]
    assert path == "/after"
    secret = fake.webhooks[webhook_id].secret
    event = ElevenLabs(api_key="-").webhooks.construct_event(
        raw.decode(), headers["elevenlabs-signature"], secret
    )
    assert event["type"] == "post_call_transcription"
    data = event["data"]
    assert (data["conversation_id"], data["status"]) == (call.conversation_id, "done")
    assert [(t["role"], t["message"]) for t in data["transcript"]] == [
        ("agent", "Hello, you."),
        ("user", "hello"),
        ("agent", "You said: hello"),
    ]
    assert data["metadata"]["phone_call"]["external_number"] == CALLER
    assert data["metadata"]["phone_call"]["call_sid"] == CALL_SID


async def test_a_webhook_that_is_off_is_not_delivered(
    fake: FakeElevenLabs, receiver: Receiver
) -> None:
    webhook_id = fake.add_webhook("bridge", f"{PUBLIC}/after")
    fake.settings["webhooks"]["post_call_webhook_id"] = webhook_id
    call = await fake.ring(CALLER, LINE)
    await call.hang_up()
    assert await fake.post_call(call.conversation_id) is not None
    fake.webhooks[webhook_id].is_disabled = True

    assert await fake.post_call(call) is None


def test_the_signature_is_the_vendor_s() -> None:
    sample = SAMPLES["webhook_signature_vector"]
    signed = signature(sample["secret"], sample["body"].encode(), sample["timestamp"])

    assert signed == sample["header_value"]


async def test_the_sdk_reads_what_was_said(fake: FakeElevenLabs) -> None:
    first, second = await fake.ring(CALLER, LINE), await fake.ring(CALLER, LINE)
    await first.say("hello")
    await first.hang_up()
    await second.hang_up()
    async with httpx.AsyncClient(timeout=5) as client:
        sdk = AsyncElevenLabs(base_url=fake.url, api_key=fake.api_key, httpx_client=client)
        conversations = sdk.conversational_ai.conversations
        page = await conversations.list(agent_id="agent_0001", page_size=1)
        rest = await conversations.list(page_size=1, cursor=page.next_cursor)
        read = await conversations.get(first.conversation_id)
        others = await conversations.list(agent_id="agent_0002")

    listed = [one.conversation_id for one in (*page.conversations, *rest.conversations)]
    assert listed == [second.conversation_id, first.conversation_id]
    assert [turn.message for turn in read.transcript] == ["Hello, you.", "hello", "You said: hello"]
    assert others.conversations == []
