"""A reply as it comes over the wire, read to the letter."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.platform.stream import Called, Done, Finished, Part, StreamReader, Words
from bridge.rehearsal.system_tools import ToolUse

HEADERS = {"content-type": "text/event-stream; charset=utf-8"}

ROLE: dict[str, Any] = {"role": "assistant", "content": ""}
CALL: dict[str, Any] = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "end_call", "arguments": '{"reason": "over"}'},
}


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bridge",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def wire(*events: object) -> bytes:
    lines = [one if isinstance(one, str) else f"data: {json.dumps(one)}" for one in events]
    return "".join(f"{line}\n\n" for line in lines).encode()


DONE = "data: [DONE]"
GOOD = wire(
    ": welcome", chunk(ROLE), chunk({"content": "It is "}), chunk({"content": "nine."}),
    chunk({}, "stop"), chunk({}, choices=[], usage={"total_tokens": 3}), DONE,
)  # fmt: skip


def read(data: bytes, cuts: Sequence[int] = ()) -> tuple[StreamReader, list[Part]]:
    reader, parts = StreamReader(), list[Part]()
    reader.begin(HEADERS)
    borders = [0, *sorted(cuts), len(data)]
    for begins, ends in zip(borders, borders[1:], strict=False):
        parts += reader.feed(data[begins:ends])
    reader.end()
    return reader, parts


def test_a_good_stream_has_words_a_reason_and_an_end() -> None:
    reader, parts = read(GOOD)

    assert parts == [Words("It is "), Words("nine."), Finished("stop"), Done()]
    assert (reader.text, reader.finish, reader.is_done) == ("It is nine.", "stop", True)
    assert reader.problems == []


@given(st.lists(st.integers(0, len(GOOD))))
def test_however_it_is_cut_it_reads_the_same(cuts: list[int]) -> None:
    reader, parts = read(GOOD, cuts)

    assert (parts, reader.problems) == (read(GOOD)[1], [])


def test_a_tool_call_comes_whole() -> None:
    reader, parts = read(
        wire(chunk(ROLE), chunk({"tool_calls": [CALL]}), chunk({}, "tool_calls"), DONE)
    )

    use = ToolUse("call_1", "end_call", '{"reason": "over"}')
    assert parts == [Called(use), Finished("tool_calls"), Done()]
    assert (reader.uses, reader.problems) == ([use], [])


def test_lines_may_end_as_they_do_on_other_systems() -> None:
    reader, parts = read(GOOD.replace(b"\n", b"\r\n"))

    assert (parts, reader.problems) == (read(GOOD)[1], [])


def test_a_character_that_some_take_for_the_end_of_a_line_is_none() -> None:
    text = "one\u2028two"
    said = json.dumps(chunk({"content": text}), ensure_ascii=False)
    reader, _ = read(wire(chunk(ROLE), f"data: {said}", chunk({}, "stop"), DONE))

    assert (reader.text, reader.problems) == (text, [])


BAD: list[tuple[Sequence[object], str]] = [
    ([chunk(ROLE), chunk({}, "stop")], "[DONE]"),
    ([chunk(ROLE), DONE], "no finish_reason"),
    ([chunk(ROLE), chunk({}, "stop"), DONE, chunk({"content": "x"})], "after [DONE]"),
    ([chunk(ROLE), chunk({}, "stop"), chunk({"content": "x"}), DONE], "after the finish_reason"),
    ([chunk({"content": "x"}), chunk({}, "stop"), DONE], "that the assistant speaks"),
    ([chunk({}, choices=[]), chunk({}, "stop"), DONE], "that the assistant speaks"),
    ([chunk(ROLE), chunk({"content": "x"}, id="other"), chunk({}, "stop", id="other"), DONE], "id"),
    ([chunk(ROLE), chunk({}, "finished"), DONE], "'finished'"),
    ([chunk(ROLE), chunk({}, "tool_calls"), DONE], "after 0 tool calls"),
    ([chunk(ROLE), chunk({"tool_calls": [CALL]}), chunk({}, "stop"), DONE], "after 1 tool calls"),
    ([chunk(ROLE), "data: {", chunk({}, "stop"), DONE], "not JSON"),
    ([chunk(ROLE), "data: []", chunk({}, "stop"), DONE], "not a JSON object"),
    ([chunk(ROLE), {"error": "x"}, chunk({}, "stop"), DONE], "is an error"),
    ([chunk(ROLE), chunk({}, object="completion"), chunk({}, "stop"), DONE], "object"),
    ([chunk(ROLE), chunk({}, created="now"), chunk({}, "stop"), DONE], "'created'"),
    ([chunk(ROLE), chunk({}, model=None), chunk({}, "stop"), DONE], "'model'"),
    ([chunk(ROLE), chunk({}, choices=[{"index": 0, "delta": {}}]), chunk({}, "stop"), DONE], "lacks"),
    ([chunk(ROLE), chunk({}, choices=[7]), chunk({}, "stop"), DONE], "lacks"),
    ([chunk(ROLE), "event: message", chunk({}, "stop"), DONE], "neither data nor a comment"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "problem"), BAD)
def test_what_breaks_the_rules_is_named(events: Sequence[object], problem: str) -> None:
    reader, _ = read(wire(*events))

    assert [one for one in reader.problems if problem in one], reader.problems
    assert len(reader.problems) <= 2, "one mistake isn't told as many"


@pytest.mark.parametrize(
    "piece",
    [
        {**CALL, "id": None},
        {**CALL, "id": ""},
        {**CALL, "function": {"name": "end_call", "arguments": '{"rea'}},
        {**CALL, "function": {"arguments": '{"rea'}},
        {**CALL, "function": None},
        7,
    ],
)
def test_a_tool_call_in_pieces_is_none(piece: object) -> None:
    reader, parts = read(wire(chunk(ROLE), chunk({"tool_calls": [piece]}), chunk({}, "stop"), DONE))

    assert reader.problems == ["A tool call doesn't come whole, in one chunk."]
    assert not any(isinstance(part, Called) for part in parts)


def test_a_stream_that_ends_in_a_line_is_not_whole() -> None:
    reader, _ = read(GOOD.rstrip(b"\n")[:-1])

    assert "The stream ends in the middle of a line." in reader.problems


def test_another_type_of_content_is_no_stream() -> None:
    reader = StreamReader()
    reader.begin({"content-type": "application/json"})
    reader.begin({})

    assert len(reader.problems) == 2
