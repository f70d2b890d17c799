"""One streamed reply, read from its payloads alone."""

import json
from typing import Any

import pytest

from bridge.errors import VendorBrokePromise, VendorError, VendorRejected, VendorUnavailable, Why
from bridge.ports.upstream import Finish, Text, ToolCall, UpstreamEvent, Working
from bridge.vendors import chat_reply
from bridge.vendors.chat_faults import Source
from bridge.vendors.chat_reply import ReplyReader

SOURCE = Source("acme", "chat")
DONE = b"[DONE]"


def _delta(finish: str | None = None, **delta: Any) -> bytes:
    return _chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def _chunk(**fields: Any) -> bytes:
    return json.dumps({"object": "chat.completion.chunk", **fields}).encode()


def _call(function: Any, **fields: Any) -> bytes:
    return _delta(tool_calls=[{"function": function, **fields}])


def _read(*payloads: bytes) -> list[UpstreamEvent]:
    reader = ReplyReader(SOURCE)
    said = [event for payload in payloads for event in reader.read(payload)]
    return [*said, *reader.calls(), reader.finish()]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (_delta(role="assistant"), []),
        (_delta(role="assistant", content=""), []),
        (_delta(content="Hi"), [Text("Hi")]),
        (_delta(content=None), []),
        (_delta(content=[{"type": "text", "text": "Hi"}, {"type": "thinking"}]), [Text("Hi")]),
        (_delta(content=7), []),
        (_delta(refusal="I can't."), [Text("I can't.")]),
        (_delta(reasoning="hm"), []),
        (_delta(reasoning_content="hm"), []),
        (_delta(reasoning="hm", content="Hi"), [Text("Hi")]),
        (_delta(tool_progress={"label": "the  calendar\n"}), [Working("the calendar")]),
        (_delta(tool_progress={"name": "search"}), [Working("search")]),
        (_delta(tool_progress={"name": 5}), []),
        (_delta(tool_progress={"label": " "}), []),
        (_delta(tool_progress="calendar"), []),
        (_delta(tool_progress={"label": "x" * 61}), []),
        (_chunk(choices=[]), []),
        (_chunk(choices=None), []),
        (_chunk(), []),
        (_chunk(choices=[{"index": 0, "delta": None}]), []),
        (_chunk(error=None, choices=[{"delta": {"content": "Hi"}}]), [Text("Hi")]),
    ],
)
def test_one_chunk_says(payload: bytes, said: list[UpstreamEvent]) -> None:
    assert _read(payload, DONE) == [*said, Finish("stop")]


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("eos", "stop"),
    ],
)
def test_the_finish_reason_is_one_that_openai_has(reason: str, ours: str) -> None:
    assert _read(_delta(reason, content="Hi")) == [Text("Hi"), Finish(ours)]


def test_done_without_a_finish_is_a_stop() -> None:
    assert _read(_delta(content="Hi"), DONE) == [Text("Hi"), Finish("stop")]


def test_the_end_without_either_is_a_broken_promise() -> None:
    with pytest.raises(VendorBrokePromise, match="stopped without an end"):
        _read(_delta(content="Hi"))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_usage_may_come_anywhere_and_only_its_three_counts_are_kept(place: int) -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    usage = _chunk(choices=[], usage={**counts, "prompt_tokens_details": {"cached": 1}})
    payloads = [_delta(content="Hi"), _delta("stop")]
    payloads.insert(place, usage)

    assert _read(*payloads, DONE)[-1] == Finish("stop", counts)


def test_usage_of_another_kind_is_none() -> None:
    assert _read(_chunk(usage="many"), DONE) == [Finish("stop", None)]


def test_nothing_counts_after_the_end() -> None:
    late = (_delta(content="late"), _chunk(error={"message": "late"}))

    assert _read(_delta("stop"), *late, DONE, b"rubbish") == [Finish("stop")]


def test_calls_are_gathered_by_index_and_given_whole_before_the_finish() -> None:
    payloads = (
        _call({"name": "a", "arguments": ""}, index=0, id="x"),
        _call({"name": "b", "arguments": '{"n"'}, index=1, id="y"),
        _call({"arguments": '{"m":1}'}, index=0),
        _call({"arguments": ":2}"}, index=1),
        _delta("tool_calls"),
    )

    assert _read(*payloads) == [
        ToolCall("x", "a", '{"m":1}'),
        ToolCall("y", "b", '{"n":2}'),
        Finish("tool_calls"),
    ]


def test_calls_without_an_index_go_by_their_id_and_fragments_to_the_one_before() -> None:
    payloads = (
        _call({"name": "a", "arguments": '{"m"'}, id="x"),
        _call({"arguments": ":1}"}),
        _call({"name": "b", "arguments": {"n": 2}}, id="y"),
        _delta("stop"),
    )

    assert _read(*payloads) == [
        ToolCall("x", "a", '{"m":1}'),
        ToolCall("y", "b", '{"n":2}'),
        Finish("tool_calls"),
    ]


def test_a_call_without_an_id_or_arguments_gets_both() -> None:
    call, _ = _read(_call({"name": "end_call"}, index=0), DONE)

    assert isinstance(call, ToolCall)
    assert call.id.startswith("call_")
    assert (call.name, call.arguments) == ("end_call", "{}")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        _chunk(choices={"a": 1}),
        _chunk(choices=["a"]),
        _chunk(choices=[{"delta": "a"}]),
        _delta(tool_calls={"a": 1}),
        _delta(tool_calls=[{"index": 0}]),
        _call({"arguments": "{}"}, index=0),
        _call({"name": "a", "arguments": '{"half'}, index=0),
    ],
)
def test_rubbish_is_a_broken_promise(payload: bytes) -> None:
    with pytest.raises(VendorBrokePromise):
        _read(payload, DONE)


@pytest.mark.parametrize("limit", ["MAX_CALLS", "MAX_ARGUMENT_CHARS"])
def test_calls_without_an_end_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(chat_reply, limit, 2)
    calls = [{"index": i, "function": {"name": "a", "arguments": "{ }"}} for i in range(3)]

    with pytest.raises(VendorBrokePromise, match="more tools"):
        _read(_delta(tool_calls=calls))


@pytest.mark.parametrize(
    ("error", "kind", "why"),
    [
        ({"message": "secret"}, VendorUnavailable, Why.SERVER),
        ({"message": "secret", "code": 429}, VendorUnavailable, Why.SERVER),
        ({"message": "secret", "type": "rate_limit_error"}, VendorUnavailable, Why.RATE),
        ({"message": "secret", "code": "insufficient_quota"}, VendorRejected, Why.QUOTA),
        ("secret", VendorUnavailable, Why.SERVER),
    ],
)
def test_an_error_object_is_told_in_our_words(
    error: object, kind: type[VendorError], why: Why
) -> None:
    with pytest.raises(kind) as caught:
        _read(_chunk(error=error))

    assert caught.value.why is why
    assert "secret" not in str(caught.value)


def test_a_finish_by_error_is_a_failure() -> None:
    with pytest.raises(VendorUnavailable):
        _read(_delta("error"))
