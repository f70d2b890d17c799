"""What a fake agent is told to do: scripts, and which one an utterance gets."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.fakes.agent_wire import call_delta, event

VENDOR_TEXT = "provider acme refused key sk-vendor-secret-1234"
"""What a vendor's error text may hold. A test can look for it wherever it must not turn up."""


class Act(Enum):
    """Parts that are no words."""

    HANG = "go silent until the client leaves"
    DROP = "close the connection right here, without an end"


Part = str | bytes | float | asyncio.Event | Act | Mapping[str, Any]
"""What a reply is made of, in order: words (one chunk), raw bytes, a pause in seconds, a gate to
wait for, an act, a delta object (such as `{"reasoning_content": "…"}`)."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the agent does with one request.

    Attributes:
        parts: see `Part`.
        status: an HTTP status; anything but 200 is answered at once with an error body.
        headers: more response headers.
        body: for an error, its text; `None` writes an ordinary error object.
        opens: whether the role chunk goes out before the first part.
        finish: the finish reason; `None` leaves the finish chunk out.
        done: whether `[DONE]` ends the stream.
        usage: token counts, sent when the request asks for them.
    """

    parts: tuple[Part, ...] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    opens: bool = True
    finish: str | None = "stop"
    done: bool = True
    usage: Mapping[str, int] = field(
        default_factory=lambda: {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    )


class Told:
    """Remembers what to do for which utterance."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._once: list[tuple[str, Script]] = []

    def play(self, script: Script, *, to: str = "", once: bool = False) -> None:
        """Do exactly this for utterances that hold `to` (`""`: for any), once or from now on."""
        if once:
            self._once.append((to, script))
        else:
            self._scripts[to] = script

    def reply(
        self,
        *parts: Part,
        to: str = "",
        gate: asyncio.Event | None = None,
        after_s: float = 0.0,
        gap_s: float = 0.0,
        chunk_chars: int = 0,
        finish: str | None = "stop",
        once: bool = False,
    ) -> None:
        """Say these words.

        Args:
            parts: words and whatever else; see `Part`.
            to: only for utterances that hold this.
            gate: held (after the role chunk) until this is set.
            after_s: a pause before the first word.
            gap_s: a pause between chunks.
            chunk_chars: cut words into chunks of so many characters; 0 cuts at words when there
                is one part, and not at all when there are several.
            finish: the finish reason; `None` leaves it out.
            once: for the next such utterance only.
        """
        lead: list[Part] = [gate] if gate else []
        lead += [after_s] if after_s else []
        said = [piece for part in parts for piece in _cut(part, len(parts) == 1, chunk_chars)]
        spaced = [p for piece in said for p in ((gap_s, piece) if gap_s else (piece,))]
        self.play(Script((*lead, *spaced), finish=finish), to=to, once=once)

    def hang(self, *said: Part, to: str = "", once: bool = False) -> None:
        """Say this, then go silent for ever."""
        self.play(Script((*said, Act.HANG)), to=to, once=once)

    def refuse(
        self,
        status: int,
        *,
        to: str = "",
        retry_after: str = "",
        body: bytes | None = None,
        once: bool = False,
    ) -> None:
        """Answer with this status. The body names a made-up key, which must never be passed on."""
        headers = (("retry-after", retry_after),) if retry_after else ()
        script = Script(status=status, headers=headers, body=body)
        self.play(script, to=to, once=once)

    def fail(self, *said: Part, to: str = "", once: bool = False) -> None:
        """Say this, then send an error object with status 200 and no finish, as OpenClaw does."""
        error = {"error": {"message": VENDOR_TEXT, "type": "api_error"}}
        script = Script((*said, event(error)), finish=None)
        self.play(script, to=to, once=once)

    def drop(self, *said: Part, to: str = "", once: bool = False) -> None:
        """Say this, then close the connection half-way."""
        self.play(Script((*said, Act.DROP)), to=to, once=once)

    def rubbish(
        self, raw: bytes, *, to: str = "", kind: str = "text/event-stream", once: bool = False
    ) -> None:
        """Send these bytes as the whole body, with this content type."""
        script = Script(
            (raw,), headers=(("content-type", kind),), opens=False, finish=None, done=False
        )
        self.play(script, to=to, once=once)

    def call_tool(
        self,
        name: str,
        arguments: str,
        *said: Part,
        to: str = "",
        call_id: str = "call_1",
        piece_chars: int = 4,
        once: bool = False,
    ) -> None:
        """Say this, then call a tool, its arguments in pieces."""
        head = {"id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        deltas = [call_delta(head)] + [
            call_delta({"function": {"arguments": piece}})
            for piece in _pieces(arguments, piece_chars)
        ]
        self.play(Script((*said, *deltas), finish="tool_calls"), to=to, once=once)

    def think(self, reasoning: str, *parts: Part, to: str = "", once: bool = False) -> None:
        """Stream reasoning (both names that servers use), then these words."""
        deltas = [{"reasoning_content": w} for w in _words(reasoning)]
        deltas += [{"reasoning": w} for w in _words(reasoning)]
        self.play(Script((*deltas, *parts)), to=to, once=once)

    def script_for(self, utterance: str) -> Script:
        """What to do now for this utterance; takes what was told once."""
        for i, (to, script) in enumerate(self._once):
            if to in utterance:
                del self._once[i]
                return script
        fitting = [to for to in self._scripts if to in utterance]
        if fitting:
            return self._scripts[max(fitting, key=len)]
        return Script(tuple(_words(f"You said: {utterance}")))


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+", text)


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


def _cut(part: Part, is_only: bool, chunk_chars: int) -> Sequence[Part]:
    if not isinstance(part, str):
        return (part,)
    if chunk_chars:
        return tuple(_pieces(part, chunk_chars))
    return _words(part) if is_only else (part,)
