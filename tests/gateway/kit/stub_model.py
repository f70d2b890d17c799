"""What the stub model was asked, and what it replies: no sockets, no chance, no clock.

A request is steered by a directive in its newest user message (the last one wins):

    [[stub text="It is noon." first=0.5 delay=0.1]]

    text="..."     reply with this text (default: a line naming the turn and the user's words)
    words=N        reply with N words: w1 w2 ... wN
    first=S        wait S seconds before the first byte of the body
    delay=S        wait S seconds between chunks (one word each)
    chunk=N        N words a chunk (default 1)
    error=CODE     answer with that HTTP status and an OpenAI-style error body
    tool=NAME      call the tool NAME (only while no tool result follows the directive)
    args={...}     JSON arguments of that call (default {})
    say="..."      stream this text before that call
    reasoning="."  stream this as reasoning_content first
    cut=N          drop the connection after N chunks
    hang=S         send headers and the role chunk, then nothing for S seconds
    finish=REASON  finish_reason to send (default "stop")
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DIRECTIVE = re.compile(r'\[\[stub\b((?:"(?:[^"\\]|\\.)*"|[^"])*?)\]\]', re.DOTALL)
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\{.*?\}(?=\s|$)|\S+)', re.DOTALL)

# What the gateway puts around a caller's words (seen in 2026.9.6).
INTERNAL = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"
RUNTIME_LINE = re.compile(r"\n\nRuntime: agent=[^\n]*\s*$")
STAMP = re.compile(r"^\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d [^\]]*\] ")

Json = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """One model request.

    Attributes:
        number: counted from 1.
        headers: with lower-case names.
        body: as the gateway sent it.
        newest: the newest user message without the gateway's date and Runtime line.
        user_turns: how many user messages it holds.
        directives: what steered the reply.
        chunks_sent: chunks of text so far.
        outcome: `open`, then `ok`, `error N`, `cut` or `client disconnected`.
    """

    number: int
    headers: Mapping[str, str]
    body: Json
    newest: str = ""
    user_turns: int = 0
    directives: dict[str, str] = field(default_factory=dict)
    chunks_sent: int = 0
    outcome: str = "open"

    @property
    def system(self) -> str:
        """The system prompt, the whole of it."""
        return "\n".join(
            text_of(m.get("content"))
            for m in self.body.get("messages", [])
            if m.get("role") in ("system", "developer")
        )

    @property
    def dialogue(self) -> list[str]:
        """Every other message, as `role: text`."""
        return [
            f"{m.get('role')}: {text_of(m.get('content'))}"
            for m in self.body.get("messages", [])
            if m.get("role") not in ("system", "developer")
        ]

    @property
    def tool_names(self) -> set[str]:
        """The tools that the model may call."""
        return {tool["function"]["name"] for tool in self.body.get("tools", [])}


Otherwise = str | Callable[[Seen], str]
"""What steers a request without a directive: always the same, or what is made of the request."""


def read_request(
    number: int, headers: Mapping[str, str], body: Json, otherwise: Otherwise = ""
) -> Seen:
    """A request as it arrived, with what steers its reply: its own directive, or `otherwise`."""
    seen = Seen(number, headers, body)
    said, _ = newest_user(seen)
    seen.user_turns = len(said)
    seen.newest = said[-1] if said else ""
    found = DIRECTIVE.findall(seen.newest)
    if found:
        seen.directives = parse_directives(found[-1])
    else:
        seen.directives = parse_directives(
            otherwise if isinstance(otherwise, str) else otherwise(seen)
        )
    return seen


def parse_directives(text: str) -> dict[str, str]:
    """`a=1 b="two words"` to a mapping."""
    return {
        key: str(json.loads(raw)) if raw.startswith('"') else raw for key, raw in PAIR.findall(text)
    }


def text_of(content: object) -> str:
    """The text of a message's content: the string, or its text parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    return ""


def newest_user(seen: Seen) -> tuple[list[str], int]:
    """What users said, and where the newest of it stands."""
    said, at = [], -1
    for i, message in enumerate(seen.body.get("messages", [])):
        text = text_of(message.get("content"))
        if message.get("role") == "user" and not text.lstrip().startswith(INTERNAL):
            said.append(STAMP.sub("", RUNTIME_LINE.sub("", text)))
            at = i
    return said, at


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says or calls, and how it ends."""

    text: str
    call: Json | None
    finish: str
    usage: Json


def compose(seen: Seen) -> Reply:
    """The reply that the directives ask for."""
    wanted = seen.directives
    _, user_at = newest_user(seen)
    later = seen.body.get("messages", [])[user_at + 1 :]
    results = [text_of(m.get("content")) for m in later if m.get("role") == "tool"]
    call = None
    if "tool" in wanted and not results:
        function = {"name": wanted["tool"], "arguments": wanted.get("args", "{}")}
        call = {"id": f"call_stub_{seen.number}", "type": "function", "function": function}
    text = _words(seen, results)
    prompt, completion = 100 + seen.user_turns, len(text.split())
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return Reply(text, call, "tool_calls" if call else wanted.get("finish", "stop"), usage)


def _words(seen: Seen, results: Sequence[str]) -> str:
    wanted = seen.directives
    if "text" in wanted:
        return wanted["text"]
    if "words" in wanted:
        return " ".join(f"w{i}" for i in range(1, int(wanted["words"]) + 1))
    if "tool" in wanted and results:
        return f"Stub got tool result: {results[-1][:80]}"
    lines = DIRECTIVE.sub("", seen.newest).strip().splitlines() or [""]
    return f"Stub turn {seen.user_turns}: {lines[-1].strip()[:80]}"
