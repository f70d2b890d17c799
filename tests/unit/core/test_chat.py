"""The chat-completions wire: what is read, what is refused and how, what is written."""

import json
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from bridge.core.chat import (
    DONE,
    MAX_MESSAGES,
    MAX_TOOLS,
    NO_USAGE,
    ChatRequest,
    ChunkWriter,
    Message,
    dump,
    parse_request,
    render_completion,
    render_error,
)
from bridge.errors import BadRequest

HI: dict[str, Any] = {"role": "user", "content": "Hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "end_call", "parameters": {"type": "object"}}}


def body(**changes: object) -> dict[str, Any]:
    return {"messages": [HI], **changes}


def with_message(**fields: object) -> dict[str, Any]:
    return {"messages": [HI, fields]}


# -- what is read ---------------------------------------------------------------------------------


def test_the_smallest_request_is_one_message() -> None:
    assert parse_request({"messages": [HI]}) == ChatRequest("", (Message("user", "Hi"),))


def test_everything_that_is_relied_on_is_read_and_the_rest_is_carried_through() -> None:
    asked = parse_request(
        body(
            model="openclaw",
            stream=True,
            stream_options={"include_usage": True},
            tools=[TOOL],
            elevenlabs_extra_body={"secret": 1},
            user_id="caller-7",
            temperature=0.5,
            max_tokens=100,
            n=1,
            something_new={"from": "a platform"},
        )
    )

    assert asked == ChatRequest(
        model="openclaw",
        messages=(Message("user", "Hi"),),
        stream=True,
        include_usage=True,
        tools=(TOOL,),
        params={
            "temperature": 0.5,
            "max_tokens": 100,
            "n": 1,
            "something_new": {"from": "a platform"},
            "user": "caller-7",
        },
    )


def test_a_user_that_was_named_is_not_replaced_by_the_platforms_user_id() -> None:
    assert parse_request(body(user="a", user_id="b")).params == {"user": "a"}


def test_null_fields_are_as_good_as_missing_ones() -> None:
    nulls = dict.fromkeys(
        ("model", "stream", "stream_options", "tools", "elevenlabs_extra_body", "user_id", "seed")
    )

    assert parse_request(body(**nulls)) == ChatRequest(
        "", (Message("user", "Hi"),), params={"seed": None}
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ("words", "words"),
        ([], ""),
        ([{"type": "text", "text": "one"}, {"type": "input_text", "text": "two"}], "one\ntwo"),
        ([{"type": "refusal", "refusal": "I'd rather not"}], "I'd rather not"),
        ([{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "a"}], "a"),
    ],
)
def test_content_is_text_in_each_of_its_forms(content: object, text: str) -> None:
    (message,) = parse_request({"messages": [{"role": "user", "content": content}]}).messages

    assert message == Message("user", text)
    assert message.wire == {"role": "user", "content": content}


def test_tool_calls_and_their_results_are_known_by_their_ids() -> None:
    messages = parse_request(
        {
            "messages": [
                HI,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "done"},
            ]
        }
    ).messages

    assert messages == (
        Message("user", "Hi"),
        Message("assistant", "", ("call_1",)),
        Message("tool", "done", ("call_1",)),
    )


def test_a_message_with_other_words_keeps_everything_else() -> None:
    wire = {"role": "user", "content": "Hi", "name": "Ann"}
    (message,) = parse_request({"messages": [wire]}).messages

    changed = message.with_text("Bye")

    assert changed == Message("user", "Bye")
    assert changed.wire == {"role": "user", "content": "Bye", "name": "Ann"}
    assert message.wire == wire


def test_a_message_of_our_own_can_be_sent_as_it_is() -> None:
    assert Message.of("system", "Be brief.").wire == {"role": "system", "content": "Be brief."}


# -- what is refused ------------------------------------------------------------------------------

WRONG: list[tuple[object, str | None]] = [
    ([], None),
    ("words", None),
    (None, None),
    ({}, "messages"),
    ({"messages": None}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [HI] * (MAX_MESSAGES + 1)}, "messages"),
    (body(model=4), "model"),
    (body(stream="yes"), "stream"),
    (body(stream=1), "stream"),
    (body(stream_options=[]), "stream_options"),
    (body(stream_options={"include_usage": "yes"}), "stream_options.include_usage"),
    (body(elevenlabs_extra_body="x"), "elevenlabs_extra_body"),
    (body(user=7), "user"),
    (body(user_id=7), "user_id"),
    (body(temperature="warm"), "temperature"),
    (body(temperature=True), "temperature"),
    (body(temperature=float("nan")), "temperature"),
    (body(top_p=[]), "top_p"),
    (body(top_p=float("inf")), "top_p"),
    (body(presence_penalty="x"), "presence_penalty"),
    (body(frequency_penalty={}), "frequency_penalty"),
    (body(max_tokens=1.5), "max_tokens"),
    (body(max_tokens=True), "max_tokens"),
    (body(max_completion_tokens="9"), "max_completion_tokens"),
    (body(seed="x"), "seed"),
    (body(n="1"), "n"),
    (body(n=2), "n"),
    (body(n=0), "n"),
    ({"messages": ["Hi"]}, "messages[0]"),
    (with_message(), "messages[1].role"),
    (with_message(role=1), "messages[1].role"),
    (with_message(role="robot"), "messages[1].role"),
    (with_message(role=["user"]), "messages[1].role"),
    (with_message(role="user", content=7), "messages[1].content"),
    (with_message(role="user", content={}), "messages[1].content"),
    (with_message(role="user", content=["Hi"]), "messages[1].content[0]"),
    (with_message(role="user", content=[{"text": "Hi"}]), "messages[1].content[0]"),
    (with_message(role="user", content=[{"type": 1}]), "messages[1].content[0]"),
    (with_message(role="user", content=[{"type": "text"}]), "messages[1].content[0].text"),
    (
        with_message(role="user", content=[{"type": "text", "text": 1}]),
        "messages[1].content[0].text",
    ),
    (with_message(role="tool", content="x"), "messages[1].tool_call_id"),
    (with_message(role="tool", tool_call_id=1), "messages[1].tool_call_id"),
    (with_message(role="assistant", tool_calls={}), "messages[1].tool_calls"),
    (with_message(role="assistant", tool_calls=["x"]), "messages[1].tool_calls[0]"),
    (with_message(role="assistant", tool_calls=[{"id": "x"}]), "messages[1].tool_calls[0]"),
    (
        with_message(role="assistant", tool_calls=[CALL, {"id": "x", "function": {"name": 1}}]),
        "messages[1].tool_calls[1]",
    ),
    (
        with_message(role="assistant", tool_calls=[{"function": {"name": "x"}}]),
        "messages[1].tool_calls[0].id",
    ),
    (body(tools={}), "tools"),
    (body(tools=[TOOL] * (MAX_TOOLS + 1)), "tools"),
    (body(tools=["end_call"]), "tools[0].function.name"),
    (body(tools=[TOOL, {"type": "function"}]), "tools[1].function.name"),
    (body(tools=[{"function": {"name": None}}]), "tools[0].function.name"),
    (body(tools=[{"function": {"name": "x", "parameters": []}}]), "tools[0].function.parameters"),
]


@pytest.mark.parametrize(("wrong", "param"), WRONG)
def test_a_field_of_the_wrong_kind_is_refused_by_name(wrong: object, param: str | None) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_request(wrong)

    assert (refusal.value.param, refusal.value.status) == (param, 400)
    assert (param or "object") in refusal.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "tool_calls", "tool_call_id", "id", "function", "name", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["messages", "tools", "stream", "stream_options", "n", "user_id", "seed"]),
        json_values,
    )
)
def test_whatever_comes_is_a_request_or_a_bad_request(anything: dict[str, Any]) -> None:
    with suppress(BadRequest):
        assert parse_request(anything).messages


# -- what is written ------------------------------------------------------------------------------


def chunk_of(event: bytes) -> ChatCompletionChunk:
    """A server-sent event as the official client reads it."""
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n") == 2
    return ChatCompletionChunk.model_validate(json.loads(event.removeprefix(b"data: ")))


WRITER = ChunkWriter("chatcmpl-1", 1_700_000_000, 'a "model" of ours')


@given(st.text())
def test_words_reach_the_official_client_as_they_are(text: str) -> None:
    chunk = chunk_of(WRITER.text(text))

    assert (chunk.id, chunk.created, chunk.model) == (
        "chatcmpl-1",
        1_700_000_000,
        'a "model" of ours',
    )
    assert chunk.object == "chat.completion.chunk"
    assert [c.delta.content for c in chunk.choices] == [text]
    assert chunk.choices[0].finish_reason is None


@pytest.mark.parametrize(
    "text", ['"quoted" \\ and\n\r\ttabbed', "日本語 ø 🙂", "\u2028\u2029\x00\x1f", "data: x\n\n"]
)
def test_nothing_in_the_words_can_break_the_stream(text: str) -> None:
    assert chunk_of(WRITER.text(text)).choices[0].delta.content == text


@given(st.text(st.characters(min_codepoint=0xD7FF, max_codepoint=0xE000), min_size=1))
def test_half_a_character_becomes_a_question_mark(text: str) -> None:
    """An agent that cuts its own JSON in the middle of an emoji must not end a call."""
    whole = text.encode("utf-8", "replace").decode()

    assert chunk_of(WRITER.text(text)).choices[0].delta.content == whole
    assert chunk_of(WRITER.tool_call(0, text, text, text)).choices[0].delta.tool_calls
    rendered = render_completion(
        reply_id="1", created=1, model=text, text=text, calls=[("1", "press", text)]
    )
    assert json.loads(dump(rendered).encode()) == rendered
    assert rendered["choices"][0]["message"]["content"] == whole


def test_the_first_chunk_says_who_speaks_and_nothing_else() -> None:
    (choice,) = chunk_of(WRITER.role()).choices

    assert (choice.delta.role, choice.delta.content) == ("assistant", "")


def test_a_tool_call_goes_out_in_one_chunk_with_whole_arguments() -> None:
    (choice,) = chunk_of(WRITER.tool_call(1, "call_9", "end_call", '{"reason":"done"}')).choices

    assert choice.delta.model_dump(exclude_none=True)["tool_calls"] == [
        {
            "index": 1,
            "id": "call_9",
            "type": "function",
            "function": {"name": "end_call", "arguments": '{"reason":"done"}'},
        }
    ]


def test_the_last_chunk_says_why_it_is_the_last() -> None:
    (choice,) = chunk_of(WRITER.finish("tool_calls")).choices

    assert (choice.finish_reason, choice.delta.content) == ("tool_calls", None)


def test_where_usage_is_asked_for_every_chunk_before_it_says_that_there_is_none_yet() -> None:
    """Source: platform.openai.com/docs/api-reference/chat, `include_usage` (2026-11)."""
    writer = ChunkWriter("chatcmpl-1", 1, "m", has_usage=True)
    before = [
        json.loads(event.removeprefix(b"data: "))
        for event in (writer.role(), writer.text("Hi"), writer.finish("stop"))
    ]

    assert [chunk["usage"] for chunk in before] == [None, None, None]
    assert chunk_of(writer.usage(NO_USAGE)).usage is not None
    assert b"usage" not in WRITER.text("Hi")


def test_usage_comes_in_a_chunk_without_choices() -> None:
    chunk = chunk_of(WRITER.usage(NO_USAGE))

    assert chunk.choices == []
    assert chunk.usage is not None
    assert chunk.usage.model_dump(exclude_none=True) == dict(NO_USAGE)


def test_the_stream_ends_as_openais_does() -> None:
    assert DONE == b"data: [DONE]\n\n"


def test_a_whole_reply_is_what_the_official_client_expects() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    whole = ChatCompletion.model_validate(
        render_completion(reply_id="chatcmpl-1", created=1, model="m", text="Goodbye.", usage=usage)
    )

    assert whole.choices[0].message.content == "Goodbye."
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert whole.usage.model_dump(exclude_none=True) == usage


def test_a_whole_reply_of_calls_alone_has_no_content() -> None:
    whole = ChatCompletion.model_validate(
        render_completion(
            reply_id="chatcmpl-1",
            created=1,
            model="m",
            text="",
            calls=[("call_1", "end_call", "{}")],
            reason="tool_calls",
        )
    )
    message = whole.choices[0].message

    assert message.content is None
    assert message.tool_calls is not None
    assert message.tool_calls[0].model_dump() == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "end_call", "arguments": "{}"},
    }


def test_a_whole_reply_of_nothing_is_an_empty_text() -> None:
    empty = render_completion(reply_id="1", created=1, model="m", text="")

    assert empty["choices"][0]["message"] == {"role": "assistant", "content": ""}
    assert empty["usage"] == dict(NO_USAGE)


def test_an_error_has_openais_shape() -> None:
    assert render_error("No.", "invalid_request_error", param="messages") == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": "messages",
            "code": None,
        }
    }
