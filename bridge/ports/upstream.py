"""The upstream: the person's AI agent, asked one turn at a time.

An adapter turns an `Ask` into its own wire and what comes back into `UpstreamEvent`s.
It promises:

- nothing is sent before the context is entered; leaving the context early stops the
  agent (closes the connection, and whatever else that agent offers) within 50 ms;
- events come in order; exactly one `Finish` ends a reply that went well;
- every failure is a `VendorError` whose message is in our words (the vendor's own text
  may name keys and is never passed on), with `asked=False` only when the agent surely
  never saw the request;
- reasoning is never passed as `Text`. Text is otherwise untouched: shaping is not its work.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bridge.core.chat import Message
from bridge.core.session import SessionKey


@dataclass(frozen=True, slots=True)
class Ask:
    """One turn, as an upstream is asked it.

    Attributes:
        messages: the cleaned dialogue, oldest first, the newest utterance (or tool results)
            last: no fillers, no marker lines, system messages of the platform first.
            What a stateless upstream needs.
        newest: the part of `messages` that the agent has not been asked yet, in order: what a
            stateful upstream needs. Never empty.
        note: one bracketed line on what was heard of the last reply, or empty. A stateful
            upstream puts it in front of the newest utterance; a stateless one ignores it.
        instructions: our phone manner and who is calling, for a system message. Empty in the
            plain profile.
        session_key: which conversation of the agent this turn belongs to; `None` when it
            stands alone.
        tools: function tools offered with this request, as they came.
        params: further fields of the request (temperature, max_tokens, tool_choice, user …),
            as they came; never `messages`, `tools`, `stream`, `stream_options`, `model`,
            `elevenlabs_extra_body`.
        model: the model that our client asked for; `""` when none. For an agent that has no other.
        plain: the plain profile: the request as a plain OpenAI client meant it.
        silence_s: how long the agent may be silent in this turn, where that is longer than its
            adapter's own limit; 0 leaves it at that.
    """

    messages: tuple[Message, ...]
    newest: tuple[Message, ...]
    note: str = ""
    instructions: str = ""
    session_key: SessionKey | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    plain: bool = False
    silence_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the reply, in any chunking. Never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Working:
    """The agent says it is using a tool of its own. `label` is fit for `"Checking the {label}"`."""

    label: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The agent calls a tool that the request offered. `arguments` is whole JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The reply is whole. `reason` is OpenAI's `stop`, `length`, `tool_calls`, `content_filter`."""

    reason: str = "stop"
    usage: Mapping[str, int] | None = None


UpstreamEvent = Text | Working | ToolCall | Finish


class Verdict(StrEnum):
    """How one check of `examine` came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked hop: what was checked, how it came out, and the cure when it did not."""

    check: str
    verdict: Verdict
    message: str
    cure: str = ""


class Herald(Protocol):
    """Tells the agent something that is no turn of a call, and waits for no reply."""

    async def tell(self, text: str) -> None:
        """Tells it once. Returns when the agent's side has taken it in.

        Raises:
            VendorError: `asked` is false only when it surely was not told.
        """

    async def examine(self) -> Finding:
        """Whether it could be told now. Tells it nothing; never raises for what it finds."""


class Upstream(Protocol):
    """An agent behind chat completions."""

    @property
    def name(self) -> str:
        """The adapter's name, as in `upstream.name`."""

    @property
    def keeps_history(self) -> bool:
        """True when the agent remembers a session itself, so that history is never resent."""

    @property
    def calls_tools(self) -> bool:
        """True when the agent calls the tools a request offers; else marks in text are used."""

    @property
    def herald(self) -> Herald | None:
        """How it is told something outside of a turn; `None` where it offers no such way."""

    def ask(self, ask: Ask) -> AbstractAsyncContextManager[AsyncIterator[UpstreamEvent]]:
        """Ask one turn. Entering sends it; leaving early stops the agent."""

    async def models(self) -> tuple[str, ...]:
        """The model ids it offers, for `GET /v1/models`. Raises `VendorError`."""

    async def warm_up(self) -> None:
        """Take the cost of a first turn before a caller pays it. Raises `VendorError`."""

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """Check address, token and set-up, each with a cure. Never raises for what it finds.

        `deep` allows what only a run of the agent can show, which costs tokens.
        """
