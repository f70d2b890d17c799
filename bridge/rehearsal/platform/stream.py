"""A reply as it comes over the wire: read strictly, so that a mistake in it is not overlooked.

Pure: bytes in, parts out. The real platform forgives much of what is a problem here; what it
does with the rest nobody knows, so bridge keeps to the letter.

Source: elevenlabs.io/docs, Custom LLM (2026-11); platform.openai.com/docs/api-reference/chat
(2026-11); html.spec.whatwg.org, server-sent events (2026-11).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.rehearsal.system_tools import ToolUse

CHUNK = "chat.completion.chunk"
CONTENT_TYPE = "text/event-stream"
FINISHES = frozenset({"stop", "tool_calls", "length", "content_filter"})

_KEYS = {"id": str, "created": int, "model": str, "choices": list}
"""What every chunk must have, and its kind."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words to be spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool is called."""

    use: ToolUse


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply says why it ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """The stream is at its end."""


Part = Words | Called | Finished | Done


class StreamReader:
    """Reads one stream.

    Attributes:
        problems: what is wrong with it, as sentences.
        text: all words so far.
        uses: all tool calls so far.
        finish: the reason that it gave; empty before.
        is_done: whether it came to its end.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.text = ""
        self.uses: list[ToolUse] = []
        self.finish = ""
        self.is_done = False
        self._rest = b""
        self._id = ""

    def begin(self, headers: Mapping[str, str]) -> None:
        """The answer's headers came, with status 200."""
        kind = headers.get("content-type", "")
        if kind.partition(";")[0].strip() != CONTENT_TYPE:
            self.problems.append(f"The stream is of type {kind!r}, not {CONTENT_TYPE!r}.")

    def feed(self, data: bytes) -> list[Part]:
        """Some of its bytes came, cut anywhere. What they come to."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [part for line in lines for part in self._line(line.removesuffix(b"\r"))]

    def end(self) -> None:
        """It ended as a response ought to. Whether it was whole is among the problems."""
        if self._rest:
            self.problems.append("The stream ends in the middle of a line.")
        if not self.is_done:
            self.problems.append("The stream doesn't end with [DONE].")
        if not self.finish:
            self.problems.append("The stream gives no finish_reason.")

    def _line(self, line: bytes) -> Iterator[Part]:
        if not line or line.startswith(b":"):
            return
        if not line.startswith(b"data:"):
            self.problems.append("The stream has a line that is neither data nor a comment.")
            return
        text = line.removeprefix(b"data:").strip()
        if self.is_done:
            self.problems.append("Something comes after [DONE].")
        elif text == b"[DONE]":
            self.is_done = True
            yield Done()
        else:
            yield from self._chunk(text)

    def _chunk(self, text: bytes) -> Iterator[Part]:
        try:
            chunk = json.loads(text)
        except ValueError:
            self.problems.append("An event is not JSON.")
            return
        wrong = _wrong_with(chunk)
        if wrong:
            self.problems.append(wrong)
            return
        self._check_order(chunk)
        for choice in chunk["choices"]:
            yield from self._choice(choice)

    def _check_order(self, chunk: Mapping[str, Any]) -> None:
        if not self._id:
            first = chunk["choices"][0]["delta"] if chunk["choices"] else {}
            if first.get("role") != "assistant":
                self.problems.append("The first chunk doesn't say that the assistant speaks.")
        elif chunk["id"] != self._id:
            self.problems.append("A chunk has another id than the one before.")
        self._id = chunk["id"]
        if self.finish and chunk["choices"]:
            self.problems.append("A chunk comes after the finish_reason.")

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Part]:
        delta, reason = choice["delta"], choice["finish_reason"]
        words = delta.get("content")
        if isinstance(words, str) and words:
            self.text += words
            yield Words(words)
        for piece in delta.get("tool_calls") or ():
            yield from self._call(piece)
        if reason is not None:
            self._finish(reason)
            yield Finished(self.finish)

    def _call(self, piece: object) -> Iterator[Part]:
        use = _whole_call(piece)
        if use is None:
            self.problems.append("A tool call doesn't come whole, in one chunk.")
            return
        self.uses.append(use)
        yield Called(use)

    def _finish(self, reason: object) -> None:
        self.finish = str(reason)
        if self.finish not in FINISHES:
            self.problems.append(f"The finish_reason is {self.finish!r}.")
        if (self.finish == "tool_calls") != bool(self.uses):
            count = len(self.uses)
            self.problems.append(f"The finish_reason is {self.finish!r} after {count} tool calls.")


def _wrong_with(chunk: object) -> str:
    """Why something is no chunk; empty when it is one."""
    if not isinstance(chunk, dict):
        return "An event is not a JSON object."
    if "error" in chunk:
        return "An event is an error, which no caller hears."
    if chunk.get("object") != CHUNK:
        return f"A chunk's object is not {CHUNK!r}."
    for key, kind in _KEYS.items():
        if not isinstance(chunk.get(key), kind):
            return f"A chunk has no {key!r} as it should be."
    if not all(_is_choice(choice) for choice in chunk["choices"]):
        return "A chunk's choice lacks 'index', 'delta' or 'finish_reason'."
    return ""


def _is_choice(choice: object) -> bool:
    return (
        isinstance(choice, dict)
        and isinstance(choice.get("index"), int)
        and isinstance(choice.get("delta"), dict)
        and "finish_reason" in choice
    )


def _whole_call(piece: object) -> ToolUse | None:
    function = piece.get("function") if isinstance(piece, dict) else None
    if not isinstance(piece, dict) or not isinstance(function, dict):
        return None
    stated = (piece.get("id"), function.get("name"), function.get("arguments"))
    call, name, arguments = stated
    if not (isinstance(call, str) and isinstance(name, str) and isinstance(arguments, str)):
        return None
    use = ToolUse(call, name, arguments)
    return use if call and name and use.is_readable else None
