"""What was said in a call, as the platform keeps it: only what was really heard.

Pure. From it come the messages of the next request and the transcript of the record. A reply that
was cut off stands here as far as it was spoken, and not at all when nothing of it was.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.rehearsal.system_tools import ToolUse, result_of

Json = dict[str, Any]

GROWS_S = 2.8
"""Words that follow an utterance within this belong to it, when nothing was heard in between: the
recogniser revises its transcript. Source: field reports on revised transcripts (2026-10)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A tool call, and why it was rejected; empty when it was carried out."""

    use: ToolUse
    error: str = ""

    @property
    def content(self) -> str:
        """Its result, as the agent is told."""
        return json.dumps(result_of(self.use, self.error))


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said, or done.

    Attributes:
        by: who.
        text: what was heard; empty for tools without words.
        at_s: when it began, in seconds of the call.
        original: all of a reply of which only `text` was heard; empty when it was whole.
        carried: the tool calls that came with it.
    """

    by: str
    text: str
    at_s: float
    original: str = ""
    carried: tuple[Carried, ...] = ()

    def messages(self) -> list[Json]:
        """As they stand in a request."""
        if self.by == "caller":
            return [{"role": "user", "content": self.text}]
        reply: Json = {"role": "assistant", "content": self.text or None}
        if self.carried:
            reply["tool_calls"] = [one.use.as_wire() for one in self.carried]
        results = [
            {"role": "tool", "tool_call_id": one.use.id, "content": one.content}
            for one in self.carried
        ]
        return [reply, *results]

    def transcribed(self) -> Json:
        """As it stands in the record of the conversation."""
        return {
            "role": "user" if self.by == "caller" else "agent",
            "message": self.text or None,
            "time_in_call_secs": int(self.at_s),
            "tool_calls": [_tool_call(one.use) for one in self.carried],
            "tool_results": [_tool_result(one) for one in self.carried],
            "interrupted": bool(self.original),
            "original_message": self.original or None,
        }


@dataclass(frozen=True, slots=True)
class History:
    """Everything so far, oldest first."""

    entries: tuple[Entry, ...] = ()

    def heard(
        self, text: str, at_s: float, *, original: str = "", carried: Sequence[Carried] = ()
    ) -> "History":
        """The agent was heard, or did something. Nothing heard and nothing done changes nothing.

        Args:
            original: all of what was to be said, where `text` is only its beginning.
        """
        if not text.strip() and not carried:
            return self
        return self._with(Entry("agent", text.strip(), at_s, original.strip(), tuple(carried)))

    def said(self, text: str, at_s: float) -> "History":
        """The caller said something. It is added to what they said just before, if that was all."""
        if not text.strip():
            return self
        last = self.entries[-1] if self.entries else None
        if last is not None and last.by == "caller" and at_s - last.at_s <= GROWS_S:
            grown = replace(last, text=f"{last.text} {text.strip()}")
            return History((*self.entries[:-1], grown))
        return self._with(Entry("caller", text.strip(), at_s))

    @property
    def utterance(self) -> str:
        """The caller's newest words; empty when there are none yet."""
        return next((e.text for e in reversed(self.entries) if e.by == "caller"), "")

    def messages(self) -> list[Json]:
        """As they stand in a request, after the system message."""
        return [message for entry in self.entries for message in entry.messages()]

    def transcript(self) -> list[Json]:
        """As the record has it."""
        return [entry.transcribed() for entry in self.entries]

    def _with(self, entry: Entry) -> "History":
        return History((*self.entries, entry))


def _tool_call(use: ToolUse) -> Json:
    return {
        "type": "system",
        "request_id": use.id,
        "tool_name": use.name,
        "params_as_json": use.arguments or "{}",
        "tool_has_been_called": True,
    }


def _tool_result(one: Carried) -> Json:
    return {
        "type": "system",
        "request_id": one.use.id,
        "tool_name": one.use.name,
        "result_value": one.content,
        "is_error": bool(one.error),
        "tool_has_been_called": True,
    }
