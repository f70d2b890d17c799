"""The record of a call: the values. What changes them is in `call_life`.

A call's life is a table (`NEXT`): it only goes forward, and once it has ended it stays so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bridge.core.identity import Direction
from bridge.core.phone import E164


class State(StrEnum):
    """Where a call is in its life."""

    PROMISED = "promised"
    """Somebody was told that they will be rung back; it is no order yet, and may never be one."""

    RESERVED = "reserved"
    """Allowed and written down; nobody was asked to dial yet."""

    DIALLING = "dialling"
    """The platform is being asked to dial: it may ring, and the answer is not here yet."""

    PLACED = "placed"
    """The platform has taken it, or it rings in."""

    ANSWERED = "answered"
    """Somebody talks, or listens."""

    ENDED = "ended"


NEXT: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PROMISED: frozenset({State.RESERVED, State.ENDED}),
        State.RESERVED: frozenset({State.DIALLING, State.ENDED}),
        State.DIALLING: frozenset({State.PLACED, State.ANSWERED, State.ENDED}),
        State.PLACED: frozenset({State.ANSWERED, State.ENDED}),
        State.ANSWERED: frozenset({State.ENDED}),
        State.ENDED: frozenset(),
    }
)
"""Which state may follow which. Staying is always allowed, and changes nothing."""

LIVE = frozenset({State.DIALLING, State.PLACED, State.ANSWERED})
"""Calls that may be ringing or talking now."""


class Outcome(StrEnum):
    """How a call came out: a closed set."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_PLACED = "not_placed"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """Whose fault it was that a call came out as it did."""

    NOBODY = "nobody"
    REMOTE = "remote"
    """The person's side: busy, nobody there, a machine."""

    POLICY = "policy"
    AGENT = "agent"
    PLATFORM = "platform"
    CARRIER = "carrier"
    OPERATOR = "operator"
    """A setting, an account, or their wish that it ends."""

    BRIDGE = "bridge"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """What a call that we place is for."""

    NOTIFY = "notify"
    """Say one thing and hang up."""

    CONVERSATION = "conversation"


class Source(StrEnum):
    """By which door a call came about."""

    INBOUND = "inbound"
    TEXT = "text"
    """No telephone: `bridge chat`, the platform's dashboard, a page."""

    ELSEWHERE = "elsewhere"
    """Placed by the platform for somebody else: its dashboard, a batch."""

    COMMAND = "command"
    API = "api"
    SCHEDULE = "schedule"
    AGENT = "agent"
    RING_BACK = "ring_back"


END_ASKED = "end_asked"
"""Where a record's details keep who asked for its end, and when: `{"by", "at_s"}`."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. Moments are seconds since 1970, or `None` when not yet, or not known.

    Attributes:
        id: ours, `call_…`.
        direction: seen from us.
        source: which door it came by.
        state, outcome, fault: where it is, and once it has ended, how it came out and whose fault.
        cause: one sentence on why, for the operator; no words spoken, no numbers, no secrets.
        conversation: the platform's id; `None` until it is known.
        carrier_call: the carrier's id.
        remote: the person's number; `None` when withheld.
        line: ours.
        session_key: the agent's session, bare.
        mode, message, brief, language: of a call that we place.
        owner: whose token placed it: `operator`, `agent`; `bridge` for what it promised by itself;
            empty for inbound calls.
        idempotency_key: what it was asked for under; unique where set.
        placed_s: when it rang; of a call that we place, when it was ordered, or promised while it
            is no more than that.
        answered_s, ended_s: moments.
        touched_s: when anything of it was last heard of.
        duration_s: talking time as the platform counts it.
        cost: what the platform says it cost, in `currency`.
        recording: file name of the kept sound, or empty.
        reported: types of the platform's reports that were taken; each is taken once.
        details: what else the platform told, as JSON.
    """

    id: str
    direction: Direction
    source: Source
    state: State
    placed_s: float
    touched_s: float
    outcome: Outcome | None = None
    fault: Fault | None = None
    cause: str = ""
    conversation: str | None = None
    carrier_call: str | None = None
    remote: E164 | None = field(default=None, repr=False)
    line: E164 | None = field(default=None, repr=False)
    session_key: str | None = None
    mode: Mode | None = None
    message: str = field(default="", repr=False)
    brief: str = field(default="", repr=False)
    language: str = ""
    owner: str = ""
    idempotency_key: str | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    duration_s: float | None = None
    cost: float | None = None
    currency: str = ""
    recording: str = ""
    reported: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_live(self) -> bool:
        """Whether it may be ringing or talking."""
        return self.state in LIVE

    @property
    def end_asked_by(self) -> str:
        """Whose token asked for its end while it was live; empty when nobody's did."""
        return str(self.details.get(END_ASKED, {}).get("by", ""))


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn of a call.

    Attributes:
        run_id: ours, random; unique in a call.
        number: 1 for the first turn of the call; 0 until the store has given it one.
        at_s: time of day when the request came.
        utterance: what the caller said, as recognised.
        sent: the agent's reply as sent, without fillers.
        ours: what bridge said instead of the agent: a greeting, an honest sentence.
        heard: what of it the caller heard; `None` until the next request tells.
        fillers: what we said while the agent was silent.
        acts: control acts, as `{"name", "arguments"}`.
        stages_s: seconds of each stage; they sum to the whole.
        outcome: `done`, `here` (answered without the agent), or why it was stopped.
        failure: the code and reason of what went wrong, or empty.
    """

    run_id: str
    number: int
    at_s: float
    utterance: str = field(default="", repr=False)
    sent: str = field(default="", repr=False)
    ours: str = field(default="", repr=False)
    heard: str | None = field(default=None, repr=False)
    fillers: tuple[str, ...] = field(default=(), repr=False)
    acts: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    stages_s: Mapping[str, float] = field(default_factory=dict)
    outcome: str = "done"
    failure: str = ""
