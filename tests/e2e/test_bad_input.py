"""Whatever is wrong with a request, the answer is a status in OpenAI's shape that names the field.

Never a 500, never a traceback, and nobody else's turn notices. Our own promises: design 6 and 15.
"""

import asyncio
import copy
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.agent import FakeAgent
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program, program
from tests.fakes.web_server import until

CHAT = "/v1/chat/completions"
HALF = "\ud800"
"""Half a character: JSON can spell it, and no text can hold it."""

UNLIMITED = {"LIMITS__PER_MINUTE": "0"}


@pytest.fixture(scope="module")
async def agent() -> AsyncIterator[FakeAgent]:
    async with FakeAgent() as agent:
        yield agent


@pytest.fixture(scope="module")
async def bridge(agent: FakeAgent) -> AsyncIterator[Program]:
    async with program(agent, UNLIMITED) as running:
        yield running


@pytest.fixture(scope="module")
async def client(bridge: Program) -> AsyncIterator[httpx.AsyncClient]:
    """One client for all that is merely wrong: to make one takes longer than a request."""
    async with bridge.http() as client:
        yield client


@pytest.fixture(scope="module")
async def stranger(bridge: Program) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=bridge.served.url, trust_env=False) as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    """A good request, with some fields changed."""
    return {"model": "bridge", "messages": [{"role": "user", "content": "Hi"}], **changes}


def saying(content: Any, **more: Any) -> dict[str, Any]:
    return body(messages=[{"role": "user", "content": content, **more}])


def calling(calls: Any) -> dict[str, Any]:
    """A history in which the agent called tools."""
    return body(messages=[{"role": "assistant", "content": None, "tool_calls": calls}])


def offering(*tools: Any) -> dict[str, Any]:
    return body(tools=list(tools))


def function(**fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": fields}


CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
CONTENT = "messages[0].content"
CALLS = "messages[0].tool_calls"

NOT_JSON: Mapping[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "words": b"not json",
    "half an object": b'{"messages": [{"role": "user", "content": "Hi',
    "a missing brace": b'{"messages": []',
    "two values": b"{} {}",
    "a trailing comma": b'{"messages": [],}',
    "single quotes": b"{'messages': []}",
    "a comment": b"{} // hello",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "bytes that are no text": b'{"messages": "\xff\xfe"}',
    "half a character in bytes": b'{"messages": "\xed\xa0\x80"}',
    "UTF-16": json.dumps(body()).encode("utf-16"),
    "zeros": b"\x00" * 64,
    "a hundred thousand open lists": b"[" * 100_000,
    "a hundred thousand open objects": b'{"a":' * 100_000,
    "lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "lists in a good request": json.dumps(body()).encode()[:-1]
    + b',"x":'
    + b"[" * 5000
    + b"]" * 5000
    + b"}",
    "not a number": json.dumps(body(seed=float("nan"))).encode(),
    "not a number, somewhere": json.dumps(body(metadata={"a": [float("nan")]})).encode(),
    "infinity": json.dumps(body(temperature=float("inf"))).encode(),
    "minus infinity": json.dumps(body(metadata=float("-inf"))).encode(),
    "a number of ten thousand digits": b'{"messages": [], "seed": ' + b"9" * 10_000 + b"}",
    "half a character said": json.dumps(saying(HALF)).encode(),
    "half a character in a part": json.dumps(saying([{"type": "text", "text": HALF}])).encode(),
    "half a character as a role": json.dumps(body(messages=[{"role": HALF}])).encode(),
    "half a character in a name": json.dumps(saying("Hi", name=HALF)).encode(),
    "half a character as a model": json.dumps(body(model=HALF)).encode(),
    "half a character as a user": json.dumps(body(user_id=HALF)).encode(),
    "half a character as a field": json.dumps(body(**{HALF: 1})).encode(),
    "half a character as a call": json.dumps(calling([{**CALL, "id": "\udfff"}])).encode(),
    "half a character as a tool": json.dumps(offering(function(name=HALF))).encode(),
    "half a character as arguments": json.dumps(
        calling([{**CALL, "function": {"name": "f", "arguments": HALF}}])
    ).encode(),
}
"""Not JSON, or none that a text can hold: the body as a whole is named."""

WRONG: Mapping[str, tuple[Any, str | None]] = {
    "a list": ([], None),
    "a number": (7, None),
    "a string": ("Hi", None),
    "null": (None, None),
    "true": (True, None),
    "an empty object": ({}, "messages"),
    "no messages": (body(messages=None), "messages"),
    "empty messages": (body(messages=[]), "messages"),
    "messages that are words": (body(messages="Hi"), "messages"),
    "messages that are an object": (body(messages={"role": "user"}), "messages"),
    "five thousand messages": (body(messages=body()["messages"] * 5000), "messages"),
    "a message that is a string": (body(messages=["Hi"]), "messages[0]"),
    "a message that is null": (body(messages=[*body()["messages"], None]), "messages[1]"),
    "no role": (body(messages=[{"content": "Hi"}]), "messages[0].role"),
    "an unknown role": (body(messages=[{"role": "robot"}]), "messages[0].role"),
    "a role in capitals": (body(messages=[{"role": "USER"}]), "messages[0].role"),
    "a role that is a list": (body(messages=[{"role": ["user"]}]), "messages[0].role"),
    "content that is a number": (saying(7), CONTENT),
    "content that is true": (saying(True), CONTENT),  # noqa: FBT003 - a JSON value
    "content that is an object": (saying({"text": "Hi"}), CONTENT),
    "a part that is a string": (saying(["Hi"]), f"{CONTENT}[0]"),
    "a part without a type": (saying([{"text": "Hi"}]), f"{CONTENT}[0]"),
    "a part whose type is a number": (saying([{"type": 7}]), f"{CONTENT}[0]"),
    "a text part without a text": (saying([{"type": "text"}]), f"{CONTENT}[0].text"),
    "a text part that is null": (saying([{"type": "text", "text": None}]), f"{CONTENT}[0].text"),
    "a text part that is a list": (saying([{"type": "text", "text": []}]), f"{CONTENT}[0].text"),
    "tool calls that are an object": (calling({}), CALLS),
    "tool calls that are words": (calling("weather"), CALLS),
    "a tool call that is null": (calling([None]), f"{CALLS}[0]"),
    "a tool call without a function": (calling([{"id": "c1"}]), f"{CALLS}[0]"),
    "a tool call without a name": (calling([{**CALL, "function": {}}]), f"{CALLS}[0]"),
    "a tool call named by a number": (calling([{**CALL, "function": {"name": 7}}]), f"{CALLS}[0]"),
    "a tool call without an id": (calling([CALL, {**CALL, "id": None}]), f"{CALLS}[1].id"),
    "a tool call with a number as id": (calling([{**CALL, "id": 7}]), f"{CALLS}[0].id"),
    "a result without a call": (
        body(messages=[{"role": "tool", "content": "rain"}]),
        "messages[0].tool_call_id",
    ),
    "a result of call number 7": (
        body(messages=[{"role": "tool", "content": "rain", "tool_call_id": 7}]),
        "messages[0].tool_call_id",
    ),
    "tools that are an object": (body(tools={}), "tools"),
    "tools that are words": (body(tools="weather"), "tools"),
    "three hundred tools": (offering(*[function(name="f")] * 300), "tools"),
    "a tool that is null": (offering(None), "tools[0].function.name"),
    "a tool that is no function": (offering({"type": "x"}), "tools[0].function.name"),
    "a function without a name": (offering(function()), "tools[0].function.name"),
    "a function named by a number": (
        offering(function(name="f"), function(name=7)),
        "tools[1].function.name",
    ),
    "parameters that are a list": (
        offering(function(name="f", parameters=[])),
        "tools[0].function.parameters",
    ),
    "parameters that are words": (
        offering(function(name="f", parameters="none")),
        "tools[0].function.parameters",
    ),
    "stream as a word": (body(stream="true"), "stream"),
    "stream as a number": (body(stream=1), "stream"),
    "stream options as a list": (body(stream_options=[]), "stream_options"),
    "usage as a word": (
        body(stream_options={"include_usage": "yes"}),
        "stream_options.include_usage",
    ),
    "two replies": (body(n=2), "n"),
    "no replies": (body(n=0), "n"),
    "half a reply": (body(n=1.5), "n"),
    "true replies": (body(n=True), "n"),
    "a hot temperature": (body(temperature="hot"), "temperature"),
    "a true temperature": (body(temperature=True), "temperature"),
    "top_p as a list": (body(top_p=[]), "top_p"),
    "tokens as words": (body(max_tokens="many"), "max_tokens"),
    "tokens as a fraction": (body(max_completion_tokens=1.5), "max_completion_tokens"),
    "a seed that is true": (body(seed=True), "seed"),
    "a choice of tools by number": (body(tool_choice=5), "tool_choice"),
    "a stop that is a number": (body(stop=[5]), "stop"),
    "a format as a word": (body(response_format="json"), "response_format"),
    "a function without any name": (offering(function(name="")), "tools[0].function.name"),
    "a model that is a number": (body(model=5), "model"),
    "a user that is a number": (body(user=5), "user"),
    "a user id that is a list": (body(user_id=[]), "user_id"),
    "a vendor's extra as a list": (body(elevenlabs_extra_body=[]), "elevenlabs_extra_body"),
    "a conversation of 300 characters in the prompt": (
        body(messages=[{"role": "system", "content": f"[bridge conversation={'x' * 300}]"}]),
        "messages",
    ),
}
"""JSON, and not a request: the answer names the field."""

SESSION, CONVERSATION = "x-openclaw-session-key", "x-bridge-conversation"
ENDLESS: Mapping[str, str] = {
    '{"temperature": 1e999': "temperature",
    '{"x": 1e999': "x",
    '{"x": {"y": [0, -1e999]}': "x.y[1]",
    '{"elevenlabs_extra_body": {"x": 1e999}': "elevenlabs_extra_body.x",
}
"""Numbers that JSON can spell and nobody can hold: to pass them on would break the agent's JSON."""

WRONG_HEADERS: Mapping[str, tuple[str, bytes, str]] = {
    "an empty session key": (SESSION, b"", SESSION),
    "a session key of 300 characters": (SESSION, b"k" * 300, SESSION),
    "a session key with a tab": (SESSION, b"a\tb", SESSION),
    "a session key with a control character": (SESSION, b"a\x85b", SESSION),
    "a session key in Latin-1": (SESSION, b"caf\xe9", SESSION),
    "a session key in UTF-8": (SESSION, "schlüssel".encode(), SESSION),
    "half a character as a session key": (SESSION, b"\xed\xa0\x80", SESSION),
    "a conversation of 300 characters": (CONVERSATION, b"c" * 300, CONVERSATION),
    "a conversation with a tab": (CONVERSATION, b"a\tb", CONVERSATION),
    "a conversation with a control character": (CONVERSATION, b"a\x85b", CONVERSATION),
    "half a character as a conversation": (CONVERSATION, b"\xed\xa0\x80", CONVERSATION),
    "an unknown profile": ("x-bridge-profile", b"loud", "x-bridge-profile"),
    "two profiles": ("x-bridge-profile", b"voice, plain", "x-bridge-profile"),
    "a profile in no alphabet": ("x-bridge-profile", b"\xff", "x-bridge-profile"),
}


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error, having looked that it is one of ours in OpenAI's shape and gives nothing away."""
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer.keys() == {"error"}
    error: dict[str, Any] = answer["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert not any(word in response.text for word in ("Traceback", 'File \\"', ".py"))
    return error


async def post(
    client: httpx.AsyncClient, content: bytes, *headers: tuple[str, bytes]
) -> httpx.Response:
    named = [("content-type", b"application/json"), *headers]
    return await client.post(CHAT, content=content, headers=[(k.encode(), v) for k, v in named])


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


# -- what is sent ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NOT_JSON)
async def test_what_is_not_json_is_a_400(client: httpx.AsyncClient, name: str) -> None:
    response = await post(client, NOT_JSON[name])

    error = error_of(response)
    assert response.status_code == 400
    assert (error["param"], error["code"]) == (None, "invalid_request")
    assert error["message"].startswith("The body is not JSON")


@pytest.mark.parametrize("name", WRONG)
async def test_a_field_of_the_wrong_kind_is_a_400_that_names_it(
    client: httpx.AsyncClient, name: str
) -> None:
    wrong, param = WRONG[name]
    response = await post(client, raw(wrong))

    error = error_of(response)
    assert (response.status_code, error["param"], error["code"]) == (400, param, "invalid_request")


@pytest.mark.parametrize("beginning", ENDLESS)
async def test_a_number_beyond_all_bounds_is_a_400_that_names_it(
    client: httpx.AsyncClient, beginning: str
) -> None:
    good = json.dumps(body()).removeprefix("{")
    response = await post(client, f"{beginning}, {good}".encode())

    assert (response.status_code, error_of(response)["param"]) == (400, ENDLESS[beginning])


@pytest.mark.parametrize("name", WRONG_HEADERS)
async def test_a_wrong_header_is_a_400_that_names_it(client: httpx.AsyncClient, name: str) -> None:
    header, value, param = WRONG_HEADERS[name]
    response = await post(client, raw(body()), (header, value))

    error = error_of(response)
    assert (response.status_code, error["param"], error["code"]) == (400, param, "invalid_request")


async def test_streaming_and_plain_requests_are_told_in_the_same_way(
    client: httpx.AsyncClient,
) -> None:
    wrong = raw(body(stream=True, temperature="hot"))
    for profile in (b"voice", b"plain"):
        response = await post(client, wrong, ("x-bridge-profile", profile))
        assert (response.status_code, error_of(response)["param"]) == (400, "temperature")


async def test_no_bad_request_disturbs_a_turn_or_reaches_the_agent(
    bridge: Program, agent: FakeAgent, client: httpx.AsyncClient
) -> None:
    gate, before = asyncio.Event(), len(agent.requests)
    agent.reply("Friday has ", gate, "two meetings.", once=True)
    good = raw(body(stream=True))
    statuses = set()
    async with (
        bridge.http(x_bridge_conversation="undisturbed", content_type="application/json") as caller,
        caller.stream("POST", CHAT, content=good) as turn,
    ):
        lines = turn.aiter_lines()
        async for line in lines:
            if "Friday has" in line:
                break
        for wrong in (*NOT_JSON.values(), *(raw(wrong) for wrong, _ in WRONG.values())):
            response = await post(client, wrong)
            statuses.add(response.status_code)
        assert bridge.bridge.turns.live_runs == 1
        gate.set()
        rest = [json.loads(line[6:]) async for line in lines if line.startswith("data: {")]

    assert statuses == {400}
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in rest) == "two meetings."
    assert rest[-1]["choices"][0]["finish_reason"] == "stop"
    assert len(agent.requests) == before + 1


# -- how it is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/chat/completions/chat/completions",
        "/v1/v1/chat/completions",
        "/v1/chat/completions?source=elevenlabs",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "//v1/chat/completions//",
        "/v1/v1//chat/completions/",
    ],
)
async def test_the_addresses_a_platform_may_build_all_work(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.post(path, json=body())

    assert response.json()["choices"][0]["message"]["content"] == "You said: Hi"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/completions",
        "/v1/chat/completions/x",
        "/v2/chat/completions",
        "/favicon.ico",
        "/.env",
        "/healthz/x",
        "/metrics/x",
        "//evil.example/",
        "/v1/%2e%2e/sessions",
    ],
)
async def test_any_other_address_is_a_404_and_never_a_redirect(
    client: httpx.AsyncClient, path: str
) -> None:
    """A redirect would be built from the client's `Host` and take the token with it."""
    response = await client.post(path, json=body(), headers={"host": "evil.example"})

    assert (response.status_code, error_of(response)["code"]) == (404, "not_found")
    assert "location" not in response.headers
    assert "evil.example" not in response.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_a_wrong_method_is_a_405_that_says_which(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, CHAT)

    allow = response.headers.get("allow")
    if method == "BREW":  # the parser knows no such method
        assert (response.status_code, allow) == (400, None)
    else:
        assert (response.status_code, allow) == (405, "POST")
    if method != "HEAD":
        assert error_of(response)["code"] in ("method_not_allowed", "invalid_http")


async def test_models_are_read_only(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/models", json={})

    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert error_of(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "x"],
)
async def test_a_body_of_another_kind_is_a_415(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post(CHAT, content=raw(body()), headers={"content-type": kind})

    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")


async def test_a_packed_body_is_a_415_and_not_unpacked(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(raw(body()))
    response = await client.post(CHAT, content=packed, headers={"content-encoding": "gzip"})
    as_it_is = await client.post(CHAT, json=body(), headers={"content-encoding": "identity"})

    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")
    assert as_it_is.status_code == 200


async def test_json_may_say_its_charset_or_nothing(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    said = await client.post(CHAT, content=raw(body()), headers=headers)
    unsaid = await client.post(CHAT, content=raw(body()))

    assert (said.status_code, unsaid.status_code) == (200, 200)


# -- who sends it ----------------------------------------------------------------------------------

BEARERS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "empty": ("",),
    "only the scheme": ("Bearer",),
    "wrong": ("Bearer wrong",),
    "a beginning of it": (f"Bearer {PLATFORM_TOKEN[:-1]}",),
    "more than it": (f"Bearer {PLATFORM_TOKEN}x",),
    "in capitals": (f"Bearer {PLATFORM_TOKEN.upper()}",),
    "twice in one": (f"Bearer {PLATFORM_TOKEN} {PLATFORM_TOKEN}",),
    "twice": (f"Bearer {PLATFORM_TOKEN}", f"Bearer {PLATFORM_TOKEN}"),
    "right after wrong": ("Bearer wrong", f"Bearer {PLATFORM_TOKEN}"),
    "another scheme": (f"Basic {PLATFORM_TOKEN}",),
    "no scheme": (PLATFORM_TOKEN,),
    "the operator's": (f"Bearer {OPERATOR_TOKEN}",),
    "not ASCII": ("Bearer t\xf6ken",),
    "very long": (f"Bearer {'x' * 20_000}",),
}


@pytest.mark.parametrize("name", BEARERS)
async def test_nobody_comes_in_without_the_one_right_token(
    stranger: httpx.AsyncClient, agent: FakeAgent, name: str
) -> None:
    before = len(agent.requests)
    headers = [(b"authorization", value.encode("latin-1")) for value in BEARERS[name]]
    response = await stranger.post(CHAT, json=body(), headers=headers)

    assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")
    assert response.headers["www-authenticate"] == "Bearer"
    assert len(agent.requests) == before
    assert PLATFORM_TOKEN not in response.text
    assert OPERATOR_TOKEN not in response.text


@pytest.mark.parametrize("path", ["/sessions", "/latency"])
async def test_the_platforms_token_opens_nothing_of_the_operators(
    bridge: Program, path: str
) -> None:
    async with bridge.http() as platform, bridge.http(OPERATOR_TOKEN) as operator:
        refused, let_in = await platform.get(path), await operator.get(path)

    assert (refused.status_code, error_of(refused)["code"]) == (401, "invalid_api_key")
    assert let_in.status_code == 200


async def test_a_token_in_the_address_is_no_token(stranger: httpx.AsyncClient) -> None:
    response = await stranger.post(f"{CHAT}?api_key={PLATFORM_TOKEN}", json=body())

    assert response.status_code == 401


# -- how much of it --------------------------------------------------------------------------------

HEAD = (
    f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {PLATFORM_TOKEN}\r\n"
    "content-type: application/json\r\n"
).encode()


async def test_a_body_too_large_is_refused_before_a_byte_of_it_is_sent(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__BODY_BYTES": "1000"}) as bridge:
        wire = await bridge.served.connect()
        await wire.say(HEAD + b"content-length: 1001\r\n\r\n")
        head = await wire.hear_until(b"\r\n\r\n")
        error = json.loads(await wire.hear_until(b"}}"))["error"]
        await wire.close()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert error["code"] == "request_too_large"
    assert "1000 bytes" in error["message"]


async def test_a_body_of_untold_length_is_refused_once_it_is_too_large(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__BODY_BYTES": "1000"}) as bridge:
        wire = await bridge.served.connect()
        await wire.say(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        await wire.say((b"200\r\n" + b" " * 512 + b"\r\n") * 2)
        head = await wire.hear_until(b"\r\n\r\n")
        error = json.loads(await wire.hear_until(b"}}"))["error"]
        await wire.close()

    assert (head[:13], error["code"]) == (b"HTTP/1.1 413 ", "request_too_large")


@pytest.mark.parametrize(
    "lengths",
    [
        b"content-length: -1\r\n",
        b"content-length: +5\r\n",
        b"content-length: five\r\n",
        b"content-length: 0x10\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"content-length: " + b"9" * 400 + b"\r\n",
    ],
)
async def test_a_length_that_can_not_be_is_refused(bridge: Program, lengths: bytes) -> None:
    wire = await bridge.served.connect()
    await wire.say(HEAD + lengths + b"\r\nhello")
    heard = await wire.hear_all()
    await wire.close()

    assert heard.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert heard.count(b"HTTP/1.1 ") == 1


async def test_too_many_a_minute_is_a_429_that_says_when(agent: FakeAgent) -> None:
    async with program(agent, {"LIMITS__PER_MINUTE": "2"}) as bridge, bridge.http() as client:
        statuses = [(await client.post(CHAT, json=body())).status_code for _ in range(2)]
        response = await client.post(CHAT, json=body())

    assert statuses == [200, 200]
    assert (response.status_code, error_of(response)["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(response.headers["retry-after"]) <= 60


async def test_too_many_at_once_is_a_429_until_one_is_over() -> None:
    gate = asyncio.Event()
    async with FakeAgent() as agent, program(agent, {"LIMITS__CONCURRENT": "1"}) as bridge:
        agent.reply("Done.", gate=gate)
        async with bridge.http() as client:
            first = asyncio.ensure_future(client.post(CHAT, json=body()))
            await agent.asked()
            second = await client.post(CHAT, json=body())
            gate.set()
            done = await first
            third = await client.post(CHAT, json=body())

    assert (second.status_code, error_of(second)["code"]) == (429, "rate_limit_exceeded")
    assert second.headers["retry-after"] == "1"
    assert (done.status_code, third.status_code) == (200, 200)


# -- anything at all -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
RICH = body(
    messages=[
        {"role": "system", "content": "[bridge conversation=c1] Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": "One moment... ", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Thanks. Bye"},
    ],
    tools=[
        function(
            name="end_call",
            description="Ends it.",
            parameters={
                "type": "object",
                "properties": {"reason": {"type": "string", "enum": ["bye"]}},
                "required": ["reason"],
            },
        )
    ],
    stream=True,
    stream_options={"include_usage": True},
    temperature=0.5,
    n=1,
    user_id="u1",
    tool_choice="auto",
    elevenlabs_extra_body={"a": 1},
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, child in inner:
        found.append((*path, key))
        if isinstance(child, dict | list):
            found += _places(child, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good request in which up to three values were replaced, removed or doubled."""
    whole = copy.deepcopy(RICH)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_places(whole)))
        holder: Any = whole
        for key in way:
            holder = holder[key]
        act = draw(st.sampled_from(["replace", "remove", "double"]))
        if act == "replace":
            holder[last] = draw(JSON)
        elif act == "remove":
            del holder[last]
        else:
            holder[last] = [holder[last], copy.deepcopy(holder[last])]
    return whole


FAIR = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def _answers_fairly(
    client: httpx.AsyncClient, sent: bytes, *headers: tuple[str, bytes]
) -> None:
    response = await post(client, sent, *headers)
    if response.status_code == 200:
        return
    error = error_of(response)
    # What the agent itself found wrong (a result of a call that nobody made) is a 502 by rights.
    is_agents = (response.status_code, error["code"]) == (502, "upstream_rejected")
    assert response.status_code in (400, 413, 415, 422) or is_agents, (response.text, sent)


@FAIR
@given(value=JSON)
async def test_any_json_gets_a_fair_answer(client: httpx.AsyncClient, value: Any) -> None:
    await _answers_fairly(client, raw(value))


@FAIR
@given(value=mutated(), profile=st.sampled_from([b"voice", b"plain"]))
async def test_any_change_of_a_good_request_gets_a_fair_answer(
    client: httpx.AsyncClient, value: Any, profile: bytes
) -> None:
    await _answers_fairly(client, raw(value), ("x-bridge-profile", profile))


async def test_nothing_is_left_of_all_this(bridge: Program) -> None:
    await until(lambda: bridge.bridge.turns.live_runs == 0)
    await until(lambda: not bridge.served.server.server_state.tasks)
