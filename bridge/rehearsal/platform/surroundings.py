"""What every call of a rehearsal has around it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import httpx

from bridge.rehearsal.performance import Fact
from bridge.rehearsal.platform.ours import Ours
from bridge.rehearsal.platform.waiting import Waiting
from bridge.rehearsal.scenario import Event, Manners
from bridge.rehearsal.sound import Ear, Person, Voice

Channel = list[tuple[float, Sequence[bytes]]]
"""Sound of one side: frames, and the moment of the first of each run, in seconds of the call."""


class Tape(Protocol):
    """See `bridge.rehearsal.tape`."""

    problems: list[str]

    @property
    def at_s(self) -> float:
        """Seconds since the call began."""

    def begin(self) -> None:
        """The call begins now."""

    def add(self, fact: Fact) -> None:
        """Notes what happened."""


class Stage(Protocol):
    """What the platform needs of a stage; see `bridge.rehearsal.stage`."""

    @property
    def tape(self) -> Tape:
        """Where what happens is noted."""

    @property
    def voice_agent(self) -> Mapping[str, Any]:
        """The agent at the platform, as it was provisioned."""

    @property
    def public_url(self) -> str:
        """What its URLs begin with, now."""

    @property
    def platform_token(self) -> str:
        """The secret that comes with each turn."""

    @property
    def webhook_token(self) -> str:
        """The secret that comes with the initiation webhook."""

    @property
    def post_call_secret(self) -> str:
        """Signs the post-call webhook."""

    @property
    def operator_token(self) -> str:
        """Who has it may place calls."""

    def reach(self, url: str) -> str:
        """Where a public URL really leads."""

    async def befall(self, event: Event) -> None:
        """Something happens from outside."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """See the module.

    Attributes:
        ours: tells bridge's own sentences from the agent's.
        caller_sound, agent_sound: all that was heard, where there is sound.
        person: who hears the voice agent while it speaks, when somebody real is on the line.
        numbers: of requests, from 1, over all calls of a rehearsal.
    """

    stage: Stage
    http: httpx.AsyncClient
    manners: Manners
    voice: Voice
    callers_voice: Voice
    ear: Ear | None
    ours: Ours
    waiting: Waiting
    caller_sound: Channel = field(default_factory=list)
    agent_sound: Channel = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    person: Person | None = None

    @property
    def tape(self) -> Tape:
        """Where what happens is noted."""
        return self.stage.tape

    @property
    def at_s(self) -> float:
        """Seconds since the first call of the rehearsal began."""
        return self.stage.tape.at_s
