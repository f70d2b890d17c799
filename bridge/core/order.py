"""What is asked for when a call is to be placed, and what it is weighed against.

Values alone: `bridge.core.outbound` decides about them.
"""

from dataclasses import dataclass, field
from functools import cached_property

from bridge.core.calling_hours import CallingHours
from bridge.core.number_facts import NumberFacts
from bridge.core.phone import E164, parse_e164
from bridge.core.prices import Estimate
from bridge.core.record import Mode, Source

OPERATOR, AGENT = "operator", "agent"
"""The `owner` of what the operator, or an agent's token, asked for."""

MESSAGE_CHARS = 1000
"""Longest message, in characters: about a minute of speech, and what the platform takes as a first
message. Who has more to say wants a conversation, and a brief."""

BRIEF_CHARS = 4000
"""Longest brief, in characters: two pages. It goes to the agent with every turn of the call."""


@dataclass(frozen=True, slots=True)
class Order:
    """A call that somebody wants placed.

    Attributes:
        to: who is to be called, as it was given: any text. No rule passes on what it is hoped to
            be.
        line: our number; `None` when we have none, or don't know it.
        mode: say one thing and hang up, or talk.
        message: what is said first. A `notify` call needs one.
        brief: what the call is for, told to the agent and never to the callee.
        language: a language tag, or empty.
        source: by which door it came.
        owner: whose token asked for it: `operator` or `agent`.
        key: what it was asked for under, so that it rings once; `None` where nobody said.
        session: the agent's session to join, bare; `None` is the session that the settings give.
    """

    to: str = field(repr=False)
    line: E164 | None = field(default=None, repr=False)
    mode: Mode = Mode.CONVERSATION
    message: str = field(default="", repr=False)
    brief: str = field(default="", repr=False)
    language: str = ""
    source: Source = Source.COMMAND
    owner: str = OPERATOR
    key: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """The operator's rules for calls that we place: the settings under `policy.outbound`.

    Attributes:
        enabled: whether any call is placed.
        agents: whether agents may place them.
        regions: regions that may be called, as `US`; `*` is any that is known; empty is that of
            our own line.
        allow_to: numbers and prefixes that may be called whatever their region, and where neither
            region nor kind is known. No other rule is lifted for them.
        do_not_call: numbers and prefixes that are never called.
        hours: when a telephone may ring, in every zone its holder may live in.
        live_calls: calls at one moment, those that came in counted.
        per_hour, per_day: calls placed in any 60 minutes, and in any 24 hours.
        per_number_per_hour, per_number_per_day: the same, to one number.
        loop_calls, loop_minutes: so many calls with one number in so many minutes, whoever began
            them, are two machines calling each other.
        money_a_day: dollars that the calls of any 24 hours may cost.
        minutes_assumed: how long a call is taken to last before it has.
        own_lines: our own numbers.
    """

    enabled: bool = True
    agents: bool = True
    regions: tuple[str, ...] = ()
    allow_to: tuple[str, ...] = field(default=(), repr=False)
    do_not_call: tuple[str, ...] = field(default=(), repr=False)
    hours: CallingHours = field(default_factory=CallingHours)
    live_calls: int = 4
    per_hour: int = 20
    per_day: int = 60
    per_number_per_hour: int = 6
    per_number_per_day: int = 12
    loop_calls: int = 6
    loop_minutes: int = 10
    money_a_day: float = 20.0
    minutes_assumed: float = 5.0
    own_lines: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """What has happened already, as the store has it; `None` is what could not be learnt.

    The default knows nothing, and with it no call is placed.

    Attributes:
        is_killed: whether the kill switch is on.
        live: calls ringing or talking now, either way.
        last_hour, last_day: calls that we placed.
        number_last_hour, number_last_day: calls that we placed to this number.
        with_number_lately: calls with this number, either way, in the last `loop_minutes`.
        usd_last_day: what the calls of the last 24 hours cost, those under way by what they may.
    """

    is_killed: bool | None = None
    live: int | None = None
    last_hour: int | None = None
    last_day: int | None = None
    number_last_hour: int | None = None
    number_last_day: int | None = None
    with_number_lately: int | None = None
    usd_last_day: float | None = None


QUIET_DAY = Counts(
    is_killed=False,
    live=0,
    last_hour=0,
    last_day=0,
    number_last_hour=0,
    number_last_day=0,
    with_number_lately=0,
    usd_last_day=0.0,
)
"""Nothing has happened: what a call of another day is weighed against."""


class NotKnown(Exception):
    """Something that a rule needs could not be learnt, and so the rule does not hold."""


@dataclass(frozen=True)
class Case:
    """One order, with all that its rules look at.

    Attributes:
        looked_up: what is known of the callee's number; `None` when nothing could be looked up.
        line_facts: the same of our own line.
        estimate: what the call would cost; `None` when that can't be said.
        now_s: time of day.
    """

    order: Order = field(repr=False)
    looked_up: NumberFacts | None
    line_facts: NumberFacts | None
    rules: OutboundRules
    counts: Counts
    estimate: Estimate | None
    now_s: float

    @property
    def facts(self) -> NumberFacts:
        """What is known of the callee's number. Raises `NotKnown` when it wasn't looked up."""
        if self.looked_up is None:
            raise NotKnown("what kind of number this is")
        return self.looked_up

    @cached_property
    def number(self) -> E164:
        """The callee's number. Raises `NotKnown` when the order names none."""
        try:
            return parse_e164(self.order.to)
        except ValueError:
            raise NotKnown("who is to be called") from None
