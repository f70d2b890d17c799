"""What happened in a rehearsed call: facts with their moments, and what is on record afterwards.

Moments are seconds since the call began, on the rehearsal's clock. Facts stand in the order in
which they became known; a stretch of speech is known when it ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.sound import AudioReport, CallSound

Party = Literal["caller", "agent"]
"""Who is heard: the person on the telephone, or the voice agent with bridge behind it."""


class Why(StrEnum):
    """Why the platform sent a request."""

    UTTERANCE = "utterance"
    RETRY = "retry"
    """The same body again."""
    EARLY = "early"
    """A transcript that will still change."""
    TWIN = "twin"
    """The same body at the same moment."""
    SILENCE = "silence"
    TOOL = "tool"
    """The results of tool calls."""
    GREETING = "greeting"


@dataclass(frozen=True, slots=True)
class Rang:
    """The telephone rang.

    Attributes:
        placed: whether bridge placed the call.
        status: of the initiation webhook's answer; `None` when it was not called.
        took_s: how long that answer took.
    """

    at_s: float
    placed: bool = False
    status: int | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PickedUp:
    """Somebody, or a machine, picked up."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Spoke:
    """Somebody was heard from one moment to another.

    Attributes:
        line: the number of the scenario's line: whose words these are, or which turn they reply
            to; 0 is the greeting.
        text: what was heard.
        unheard: what was still to be said when it was cut off; empty when it was whole.
        kind: of the agent's words, as far as they can be told apart by bridge's own phrases.
        is_keys: keys were pressed, and `text` are they.
    """

    at_s: float
    until_s: float
    party: Party
    line: int
    text: str
    unheard: str = ""
    kind: Literal["words", "filler", "ours", "greeting"] = "words"
    is_keys: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """The platform asked bridge. `request` counts from 1; `utterance` is its newest user text."""

    at_s: float
    request: int
    line: int
    why: Why
    attempt: int = 1
    utterance: str = ""


@dataclass(frozen=True, slots=True)
class FirstWords:
    """The first words of a reply reached the platform."""

    at_s: float
    request: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply came to its end. `finish` is its reason, `text` all of its words.

    `longest_gap_s` is the longest time between two pieces of its words: a stall, on the wire.
    """

    at_s: float
    request: int
    finish: str
    text: str
    longest_gap_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The platform closed a request before its end: late, revised, barge-in or hang-up."""

    at_s: float
    request: int
    because: Literal["late", "revised", "barge_in", "hang_up", "over"]


@dataclass(frozen=True, slots=True)
class Broke:
    """A request came to nothing: a status, or a stream that broke off (status 0)."""

    at_s: float
    request: int
    status: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Acted:
    """The platform carried out a tool call, or refused to (`error`)."""

    at_s: float
    line: int
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class AgentAsked:
    """bridge asked the agent.

    Attributes:
        run: counts from 1.
        utterance: the newest words of the caller's.
        told: all text it was sent.
        session: the session it was asked in, as its key; empty when none was named.
    """

    at_s: float
    run: int
    utterance: str
    told: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AgentFinished:
    """The agent was let go of. `whole`: it had come to its own end."""

    at_s: float
    run: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Befell:
    """Something happened from outside: one of `scenario.Event`."""

    at_s: float
    event: str
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The platform reported the call, or part of it, and bridge answered with that status."""

    at_s: float
    kind: str
    status: int


@dataclass(frozen=True, slots=True)
class Over:
    """The call is over."""

    at_s: float
    by: Literal["caller", "agent", "platform"]
    reason: str


Fact = (
    Rang | PickedUp | Spoke | Requested | FirstWords | Answered | Withdrawn | Broke | Acted
    | AgentAsked | AgentFinished | Befell | Delivered | Over
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Performance:
    """A call that was acted out.

    Attributes:
        facts: what happened.
        record: the call as bridge's records have it in the end (`bridge calls ID --json`); `None`
            when there is none.
        turns: its turns, as the same command shows them.
        rings: every call that bridge placed, as `POST /calls` was answered.
        refusal: of the guard, when bridge would not place the call.
        problems: what the platform found wrong with replies (a body or a stream that breaks the
            wire's rules), as sentences. Each fails the scenario.
        real_s: how long it took on the wall.
        jumped: whether the clock jumped.
        log: bridge's own log lines, as fields.
        audio: how well the sound was understood; `None` without sound.
        sound: what was on the telephone line; `None` without sound.
        began_s: time of day at which the call began, in seconds since 1970: moment 0 of the facts.
    """

    scenario: Scenario
    facts: Sequence[Fact]
    record: Mapping[str, Any] | None = None
    turns: Sequence[Mapping[str, Any]] = ()
    rings: Sequence[Mapping[str, Any]] = ()
    refusal: Mapping[str, Any] | None = None
    problems: Sequence[str] = ()
    real_s: float = 0.0
    jumped: bool = True
    log: Sequence[Mapping[str, Any]] = ()
    audio: AudioReport | None = None
    sound: CallSound | None = field(default=None, repr=False)
    began_s: float = 0.0

    @property
    def length_s(self) -> float:
        """How long the call was, on its own clock."""
        ends = [getattr(fact, "until_s", fact.at_s) for fact in self.facts]
        return max(ends, default=0.0)
