"""A body or a header that is wrong gets a 400 in OpenAI's shape that names the field.

Never a 500, never a traceback, and nobody else's turn notices. Our own promises: design 6 and 15.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.chat_request import CALL, CHAT, body, error_of, function, post, raw
from tests.fakes.program import Program

HALF = "\ud800"
"""Half a character: JSON can spell it, and no text can hold it."""

CONTENT = "messages[0].content"
CALLS = "messages[0].tool_calls"
SESSION, CONVERSATION = "x-openclaw-session-key", "x-bridge-conversation"


def saying(content: Any, **more: Any) -> dict[str, Any]:
    return body(messages=[{"role": "user", "content": content, **more}])


def calling(calls: Any) -> dict[str, Any]:
    """A history in which the agent called tools."""
    return body(messages=[{"role": "assistant", "content": None, "tool_calls": calls}])


def offering(*tools: Any) -> dict[str, Any]:
    return body(tools=list(tools))


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
