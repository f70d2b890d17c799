"""One streamed chat completion, read: data payloads in, upstream events out.

`ReplyReader.read` takes one payload and returns what it says. It never waits. It reads what
servers really send: empty `choices`, a missing `finish_reason`, tool calls in fragments with or
without an index and an id, usage before or after the finish. Reasoning (`reasoning`,
`reasoning_content`) is never text, the role chunk says nothing, and of a server's own error
text nothing leaves this file but a word from a closed set.

One field is bridge's own addition: `delta.tool_progress: {"label": "calendar"}` (or `"name"`) says
which of its own tools an agent is using, and becomes `Working`.

Source: platform.openai.com/docs/api-reference/chat-streaming (2026-11).
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from bridge.core.chat import dump
from bridge.ports.upstream import Finish, Text, ToolCall, UpstreamEvent, Working
from bridge.vendors.chat_faults import Source

FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter"})

MAX_LABEL_CHARS = 60
"""A label is spoken inside a filler; longer is no label."""

MAX_CALLS = 32
"""More tool calls than a reply on a telephone can mean; a limit on what is held."""

MAX_ARGUMENT_CHARS = 256 * 1024
"""Arguments of one call: far above any tool of a telephone, far below the memory."""

_DONE = b"[DONE]"


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


class ReplyReader:
    """Reads one reply.

    Attributes:
        is_finished: a finish reason was seen; only usage can follow.
        is_done: `[DONE]` was seen; nothing can follow.
    """

    __slots__ = ("_calls", "_reason", "_source", "_usage", "is_done", "is_finished")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._calls: dict[object, _Call] = {}
        self._reason = ""
        self._usage: Mapping[str, int] | None = None
        self.is_finished = False
        self.is_done = False

    def read(self, payload: bytes) -> Sequence[UpstreamEvent]:
        """What one payload says, in order. Nothing once the reply is done.

        Raises:
            VendorError: it is an error object, or nothing that a chat completion may be.
        """
        if self.is_done:
            return ()
        if payload == _DONE:
            self.is_done = True
            return ()
        chunk = self._parse(payload)
        if chunk.get("usage"):
            self._usage = _counts(chunk["usage"])
        choices = chunk.get("choices")
        if not choices:
            return ()
        choice = choices[0] if isinstance(choices, list) else None
        if not isinstance(choice, dict):
            raise self._source.broke_promise("sent choices that are no list of objects")
        if self.is_finished:
            return ()
        events = self._read_delta(choice.get("delta") or {})
        if choice.get("finish_reason"):
            self._finish(choice["finish_reason"])
        return events

    def calls(self) -> Sequence[ToolCall]:
        """The tool calls of a reply that has ended, whole.

        Raises:
            VendorBrokePromise: the reply stopped without an end, or a call is not whole.
        """
        if not (self.is_finished or self.is_done):
            raise self._source.broke_promise("stopped without an end")
        return [self._whole(call) for call in self._calls.values()]

    def finish(self) -> Finish:
        """The end of a reply whose `calls` were taken, with its usage if that has come."""
        reason = self._reason if self._reason in FINISH_REASONS else "stop"
        if self._calls and reason == "stop":
            reason = "tool_calls"
        return Finish(reason, self._usage)

    def _parse(self, payload: bytes) -> dict[str, Any]:
        try:
            chunk = from_json(payload)
        except ValueError:
            raise self._source.broke_promise("sent a chunk that is no JSON") from None
        if not isinstance(chunk, dict):
            raise self._source.broke_promise("sent a chunk that is no object")
        if chunk.get("error") and not self.is_finished:
            raise self._source.failed_midway(chunk["error"])
        return chunk

    def _finish(self, reason: object) -> None:
        if reason == "error":
            raise self._source.failed_midway(None)
        self.is_finished = True
        self._reason = str(reason)

    def _read_delta(self, delta: object) -> Sequence[UpstreamEvent]:
        if not isinstance(delta, dict):
            raise self._source.broke_promise("sent a delta that is no object")
        events: list[UpstreamEvent] = []
        if content := delta.get("content") or delta.get("refusal"):
            events += _texts(content)
        if progress := delta.get("tool_progress"):
            events += _working(progress)
        if calls := delta.get("tool_calls"):
            self._gather(calls)
        return events

    def _gather(self, pieces: object) -> None:
        if not isinstance(pieces, list):
            raise self._source.broke_promise("sent tool calls that are no list")
        for piece in pieces:
            function = piece.get("function") if isinstance(piece, dict) else None
            if not isinstance(function, dict):
                raise self._source.broke_promise("sent a tool call without a function")
            call = self._call_of(piece)
            call.id = call.id or str(piece.get("id") or "")
            call.name = call.name or str(function.get("name") or "")
            arguments = function.get("arguments") or ""
            call.arguments += arguments if isinstance(arguments, str) else dump(arguments)
            if len(self._calls) > MAX_CALLS or len(call.arguments) > MAX_ARGUMENT_CHARS:
                raise self._source.broke_promise("called more tools than a reply can hold")

    def _call_of(self, piece: Mapping[str, Any]) -> _Call:
        """The call a fragment belongs to: by index, else by id, else the one before."""
        mark = piece.get("index")
        if not isinstance(mark, int):
            mark = piece.get("id") or next(reversed(self._calls), 0)
        return self._calls.setdefault(mark, _Call())

    def _whole(self, call: _Call) -> ToolCall:
        if not call.name:
            raise self._source.broke_promise("called a tool without a name")
        arguments = call.arguments.strip() or "{}"
        try:
            from_json(arguments)
        except ValueError:
            raise self._source.broke_promise("called a tool with half its arguments") from None
        return ToolCall(call.id or f"call_{secrets.token_hex(12)}", call.name, arguments)


def _texts(content: object) -> list[Text]:
    """Text, as a string or as parts; parts of any other kind (thinking, pictures) are not text."""
    if isinstance(content, str):
        return [Text(content)]
    parts = content if isinstance(content, list) else []
    texts = [p.get("text") for p in parts if isinstance(p, dict) and p.get("type") == "text"]
    return [Text(text) for text in texts if isinstance(text, str) and text]


def _working(progress: object) -> list[Working]:
    said = progress if isinstance(progress, dict) else {}
    label = said.get("label") or said.get("name")
    if not isinstance(label, str) or not (label := " ".join(label.split())):
        return []
    return [Working(label)] if len(label) <= MAX_LABEL_CHARS else []


def _counts(usage: object) -> Mapping[str, int] | None:
    """The three counts that every server has; details differ and nobody here needs them."""
    if not isinstance(usage, dict):
        return None
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: value for name in names if isinstance(value := usage.get(name), int)}
