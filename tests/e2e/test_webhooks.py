"""The two webhooks of the voice platform, at the whole program. Our own promises: design 5, 6, 9.

A call rings, is answered, and its turns carry what was answered back as headers, as a provisioned
agent does.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bridge.clock import wall_s
from bridge.core.initiation import NOT_STATED, SECRET_HEADER, VARIABLES
from bridge.phrases import load_phrases
from bridge.settings import Settings
from bridge.settings.model import RECORDS
from bridge.settings.sections import Server
from bridge.settings.tokens import webhook_token
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, END_CALL, LINE, OPEN, Caller, Heard
from tests.fakes.chat_request import error_of
from tests.fakes.log_lines import logging_to
from tests.fakes.post_call import DONE, raw, signature
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program, program

INBOUND, POST_CALL = "/webhooks/elevenlabs/inbound", "/webhooks/elevenlabs/post-call"
BOOK = load_phrases()
ENGLISH, GERMAN = BOOK.for_language("en"), BOOK.for_language("de")
GERMAN_CALLER = "+4930123456"
RINGING = {
    "caller_id": CALLER,
    "agent_id": "agent_0001",
    "called_number": LINE,
    "call_sid": "CA00000000000000000000000000000001",
    "conversation_id": "conv_0001",
}
CONVERSATIONS = count(1)
"""Numbers the conversations, so that each call is a new one."""

SECRET = webhook_token(Settings(server=Server(token=SecretStr(PLATFORM_TOKEN))))
SYSTEM = {"role": "system", "content": "Be brief."}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call that rang was answered."""

    variables: dict[str, str]
    first_message: str = ""
    language: str = ""
    conversation: str = field(default_factory=lambda: f"conv-{next(CONVERSATIONS)}")

    def headers(self) -> dict[str, str]:
        """What each request of the call then carries."""
        ours = {VARIABLES[name]: value for name, value in self.variables.items()}
        return {**ours, "x-bridge-conversation": self.conversation}


async def ring(bridge: Program, secret: str = SECRET, **changes: Any) -> Answer:
    """The platform tells that a call rings, of a new conversation."""
    conversation = f"conv-{next(CONVERSATIONS)}"
    told = {**RINGING, "conversation_id": conversation, **changes}
    async with bridge.http(token="none", **{SECRET_HEADER: secret}) as client:
        response = await client.post(INBOUND, json=told)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["type"] == "conversation_initiation_client_data"
    assert answer["dynamic_variables"].keys() == VARIABLES.keys()
    agent = answer.get("conversation_config_override", {"agent": {}})["agent"]
    assert agent.keys() <= {"first_message", "language"}
    said, language = agent.get("first_message", ""), agent.get("language", "")
    return Answer(answer["dynamic_variables"], said, language, conversation)


async def speaks(bridge: Program, answer: Answer, *said: str, greeted: str = "Hello!") -> Heard:
    """One turn of a call that was answered so. Without words: the caller stays silent."""
    first = {"role": "assistant", "content": answer.first_message or greeted}
    words = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    async with bridge.http(**answer.headers()) as client:
        return await Caller(client).ask(messages=[SYSTEM, first, *words], tools=[END_CALL])


@pytest.fixture(scope="module")
async def gateway() -> AsyncIterator[FakeAgent]:
    async with FakeAgent(openclaw=True) as gateway:
        yield gateway


@pytest.fixture(scope="module")
async def office(gateway: FakeAgent) -> AsyncIterator[Program]:
    """An open line that greets Germans in German, in front of an OpenClaw gateway."""
    languages = {"TURN__LANGUAGES": "+49=de,+55=pt-BR"}
    async with program(gateway, {**OPEN, **languages}) as bridge:
        yield bridge


@pytest.fixture(scope="module")
async def listing(gateway: FakeAgent) -> AsyncIterator[Program]:
    """A line with one caller on its list."""
    listed = {"POLICY__INBOUND": "allowlist", "POLICY__ALLOW_FROM": CALLER}
    async with program(gateway, {**listed, "TURN__LANGUAGES": "+49=de"}) as bridge:
        yield bridge


# -- from ringing to the first turn ---------------------------------------------------------------


async def test_the_turns_of_a_call_that_rang_join_its_session(
    office: Program, gateway: FakeAgent
) -> None:
    answer = await ring(office)
    heard = await speaks(office, answer, "Hello")

    key = answer.variables["bridge_session_key"]
    assert heard.text == "You said: Hello"
    assert gateway.requests[-1].headers["x-openclaw-session-key"] == f"agent:main:{key}"
    assert "555" not in key
    async with office.http(OPERATOR_TOKEN) as client:
        rows = (await client.get("/sessions")).json()["sessions"]
    conversations = [row["conversation"] for row in rows if row["session"] == key]
    assert conversations == [answer.conversation]


@pytest.mark.parametrize("scope", ["per_call", "per_phone"])
async def test_a_withheld_caller_of_an_open_line_has_the_session_of_the_call(
    gateway: FakeAgent, scope: str
) -> None:
    async with program(gateway, {**OPEN, "SESSION__SCOPE": scope}) as bridge:
        known = await ring(bridge, caller_id="anonymous")
        unknown = await ring(bridge, caller_id="", conversation_id=None)
        keys = []
        for answer in (known, unknown):
            await speaks(bridge, answer, "Hello")
            keys.append(gateway.requests[-1].headers["x-openclaw-session-key"])

    assert known.variables["bridge_session_key"] == f"phone:call:{known.conversation}"
    assert unknown.variables["bridge_session_key"] == NOT_STATED
    assert keys == [f"agent:main:phone:call:{one.conversation}" for one in (known, unknown)]


@pytest.mark.parametrize(
    ("caller", "language", "said"),
    [
        (CALLER, "", ""),
        (GERMAN_CALLER, "de", GERMAN.greeting),
        ("+5511988887777", "pt-br", BOOK.for_language("pt-BR").greeting),
        ("anonymous", "", ""),
    ],
)
async def test_a_caller_is_greeted_in_the_language_of_their_number(
    office: Program, caller: str, language: str, said: str
) -> None:
    answer = await ring(office, caller_id=caller)

    assert (answer.language, answer.first_message) == (language, said)


async def test_the_greeting_that_was_set_is_said_to_all(gateway: FakeAgent) -> None:
    greeting = {"ELEVENLABS__FIRST_MESSAGE": "Ada's desk.", "TURN__LANGUAGES": "+49=de"}
    async with program(gateway, {**OPEN, **greeting}) as bridge:
        answer = await ring(bridge, caller_id=GERMAN_CALLER)

    assert (answer.language, answer.first_message) == ("de", "")


# -- who may call ---------------------------------------------------------------------------------


async def test_who_is_listed_is_let_in(listing: Program) -> None:
    answer = await ring(listing)

    assert answer.first_message == ""
    assert (await speaks(listing, answer, "Hello")).text == "You said: Hello"


@pytest.mark.parametrize("said", [(), ("Hello",), ("...",), ("Hello", "", "Are you there?")])
@pytest.mark.parametrize(
    ("caller", "sentence"),
    [
        ("+15550009999", ENGLISH.refused),
        (GERMAN_CALLER, GERMAN.refused),
        ("anonymous", ENGLISH.refused),
        (None, ENGLISH.refused),
    ],
)
async def test_a_refused_caller_hears_one_sentence_once_and_is_hung_up(
    listing: Program,
    gateway: FakeAgent,
    caller: str | None,
    sentence: str,
    said: tuple[str, ...],
) -> None:
    asked = len(gateway.requests)
    answer = await ring(listing, caller_id=caller)
    heard = await speaks(listing, answer, *said)

    assert answer.first_message == sentence
    assert heard == Heard(200, "", ("end_call",), "tool_calls")
    assert len(gateway.requests) == asked


async def test_a_refused_caller_whom_the_platform_greeted_itself_hears_the_sentence(
    listing: Program,
) -> None:
    """An agent whose webhook isn't set up has its own first message."""
    answer = await ring(listing, caller_id="anonymous")
    greeted = replace(answer, first_message="")

    assert await speaks(listing, greeted, "Hello") == Heard(
        200, ENGLISH.refused, ("end_call",), "tool_calls"
    )


async def test_a_dashboard_test_of_a_provisioned_agent_is_no_call(
    listing: Program, gateway: FakeAgent
) -> None:
    tested = Answer(dict.fromkeys(VARIABLES, NOT_STATED))

    assert (await speaks(listing, tested, "Hello")).text == "You said: Hello"
    session = gateway.requests[-1].headers["x-openclaw-session-key"]
    assert session == f"agent:main:phone:call:{tested.conversation}"


@pytest.mark.parametrize("secret", ["", "wrong", PLATFORM_TOKEN, OPERATOR_TOKEN])
async def test_nobody_rings_without_the_secret(office: Program, secret: str) -> None:
    async with office.http(**{SECRET_HEADER: secret}) as client:
        response = await client.post(INBOUND, json=RINGING)

    assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")


async def test_the_secret_opens_no_other_door(office: Program) -> None:
    async with office.http(token=SECRET, **{SECRET_HEADER: SECRET}) as client:
        answers = [(await client.get(path)).status_code for path in ("/v1/models", "/sessions")]

    assert answers == [401, 401]


# -- whatever happens -----------------------------------------------------------------------------

ODD_VALUES: list[Any] = [None, "", "-", "{{x}}", "x" * 3000, "\u202e", 7, True, [], {"a": [1]}]
ODD: list[Any] = [
    *({**RINGING, name: value} for name in RINGING for value in ODD_VALUES),
    *({}, {"more": RINGING}, {"caller_id": "+" * 5000}, {"": ""}),
]


@pytest.mark.parametrize("number", range(len(ODD)))
async def test_an_odd_body_never_ends_the_call(office: Program, number: int) -> None:
    async with office.http(**{SECRET_HEADER: SECRET}) as client:
        response = await client.post(INBOUND, json=ODD[number])

    assert response.status_code == 200
    variables = response.json()["dynamic_variables"]
    assert variables.keys() == VARIABLES.keys()
    headers = {VARIABLES[name]: value for name, value in variables.items()}
    async with office.http(**headers) as client:
        assert (await Caller(client).ask("Hello")).status == 200


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b"{}{}"])
async def test_what_is_no_object_is_our_callers_mistake(office: Program, body: bytes) -> None:
    named = {SECRET_HEADER: SECRET, "content_type": "application/json"}
    async with office.http(**named) as client:
        response = await client.post(INBOUND, content=body)

    assert (response.status_code, error_of(response)["code"]) == (400, "invalid_request")


async def test_a_call_is_answered_while_the_agent_hangs_for_ever(tmp_path: Path) -> None:
    """The agent is never asked, its connection is not even opened, and nothing is waited for."""
    async with silent_agent() as (url, connected):
        hanging = {
            "UPSTREAM__NAME": "openai",
            "UPSTREAM__URL": url,
            "STATE_DIR": str(tmp_path),
            **OPEN,
        }
        async with program(None, hanging) as bridge:
            async with bridge.http() as client:
                asking = asyncio.ensure_future(Caller(client).ask("Hello"))
                await asyncio.wait_for(connected.wait(), 5)
                before = written(tmp_path)
                connected.clear()
                answer = await asyncio.wait_for(ring(bridge), 5)
                asking.cancel()
            assert answer.variables["bridge_caller"] == CALLER
            assert not connected.is_set()
            assert written(tmp_path) == before


def written(folder: Path) -> dict[str, int]:
    """When each file was written last; the record of a call is written behind its back."""
    files = (path for path in folder.iterdir() if not path.name.startswith(RECORDS))
    return {path.name: path.stat().st_mtime_ns for path in files}


@asynccontextmanager
async def silent_agent() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """An agent that takes connections and never says a word."""
    connected, over = asyncio.Event(), asyncio.Event()

    async def listens(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(listens, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", connected
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def test_a_call_is_answered_while_we_are_stopping(gateway: FakeAgent) -> None:
    async with program(gateway, OPEN) as bridge:
        bridge.bridge.gate.draining = True
        answer = await ring(bridge)

    assert answer.variables["bridge_caller"] == CALLER


async def test_no_log_holds_the_number_or_the_secret(listing: Program) -> None:
    with logging_to(lines := StringIO(), "json"):
        await ring(listing)
        await ring(listing, caller_id=GERMAN_CALLER)

    rings = [json.loads(line) for line in lines.getvalue().splitlines()]
    told = [(one["outcome"], one["rule"]) for one in rings if one["event"] == "call.ringing"]
    assert told == [("let_in", "allow_from"), ("refused", "not_listed")]
    for private in (CALLER[1:], GERMAN_CALLER[1:], SECRET):
        assert private not in lines.getvalue()


# -- a call is over -------------------------------------------------------------------------------


async def deliver(bridge: Program, secret: str, body: bytes = raw(DONE)) -> httpx.Response:
    signed = signature(body, wall_s(), secret)
    async with bridge.http(token="none", content_type="application/json") as client:
        return await client.post(POST_CALL, content=body, headers={"elevenlabs-signature": signed})


async def test_a_report_signed_by_the_secret_that_was_set_is_counted() -> None:
    async with program(None, {"ELEVENLABS__WEBHOOK_SECRET": "wsec_set"}) as bridge:
        answers = [await deliver(bridge, secret) for secret in ("wsec_set", "wsec_set", "wsec_no")]
        async with bridge.http(OPERATOR_TOKEN) as client:
            figures = (await client.get("/metrics")).text

    assert [answer.status_code for answer in answers] == [200, 200, 401]
    counted = [x for x in figures.splitlines() if x.startswith("bridge_calls_reported_total")]
    assert counted == [
        'bridge_calls_reported_total{outcome="success",type="post_call_transcription"} 1.0'
    ]


async def test_provisioning_while_the_server_runs_needs_no_restart(tmp_path: Path) -> None:
    file = tmp_path / "post-call-secret"
    async with program(None, {"STATE_DIR": str(tmp_path)}) as bridge:
        before = await deliver(bridge, "wsec_old")
        file.write_text("wsec_old\n", encoding="ascii")
        once = await deliver(bridge, "wsec_old")
        file.write_text("wsec_new\nwsec_old\n", encoding="ascii")
        both = [await deliver(bridge, secret) for secret in ("wsec_new", "wsec_old")]
        file.write_text("wsec_new\n", encoding="ascii")
        after = await deliver(bridge, "wsec_old")

    assert (before.status_code, error_of(before)["code"]) == (503, "not_provisioned")
    assert [one.status_code for one in (once, *both, after)] == [200, 200, 200, 401]


async def test_a_long_transcript_is_taken_whatever_the_limit_for_requests() -> None:
    long = raw({**DONE, "padding": "x" * 2_000_000})
    settings = {"ELEVENLABS__WEBHOOK_SECRET": "wsec_set", "LIMITS__BODY_BYTES": "1000"}
    async with program(None, settings) as bridge:
        assert (await deliver(bridge, "wsec_set", long)).status_code == 200
