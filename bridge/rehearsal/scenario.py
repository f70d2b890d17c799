"""A call as it is to be acted out: who says what when, how platform and agent behave, what must be.

Values alone, made by `reading.py` from a small TOML file. Times are seconds of the rehearsal's own
clock. What is not set is as a calm call would have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class AgentKind(StrEnum):
    """Who stands behind bridge."""

    DEMO = "demo"
    """bridge's own demo agent."""
    SCRIPTED = "scripted"
    """A small OpenAI-compatible server that says what the scenario tells it to."""
    CONFIGURED = "configured"
    """The agent that the settings name: a real one."""


class Fault(StrEnum):
    """How a scripted agent fails instead of replying."""

    STATUS = "status"
    """It answers with `Reply.status` and no words."""
    DROP = "drop"
    """It closes the connection after what it said."""
    HANG = "hang"
    """It says nothing more and keeps the connection open."""
    REFUSE = "refuse"
    """Nothing listens at its address."""
    ERROR_EVENT = "error_event"
    """Its stream holds an error instead of words."""
    EMPTY = "empty"
    """Its stream ends without a word."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a scripted agent does when it is asked. The first that fits, each as often as it fits.

    Attributes:
        to: text that the newest user message holds, in any case; empty fits everything.
        says: its words; markdown and marks are sent as they stand.
        after_s: how long it thinks before the first of them.
        chunk_s: seconds between one chunk and the next.
        chunk_chars: characters in a chunk.
        pauses: after so many characters it is silent for so many seconds.
        calls: tool calls of its own, as `{"name", "arguments"}`, after its words.
        working: the name of a tool that it says it is using before it replies.
        fault: how it fails after its words; unset when it doesn't.
        status: the HTTP status of the fault `status`.
        times: how often this reply may be given; unset is without end.
    """

    to: str = ""
    says: str = ""
    after_s: float = 0.2
    chunk_s: float = 0.02
    chunk_chars: int = 12
    pauses: tuple[tuple[int, float], ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    working: str = ""
    fault: Fault | None = None
    status: int = 500
    times: int | None = None


class Event(StrEnum):
    """What may befall a call from outside, at a line's place."""

    RESTART = "restart"
    """The server stops in an orderly way and another one starts at the same address and state."""
    CRASH = "crash"
    """The server's connections are cut and another one starts at the same address and state."""
    TUNNEL_MOVES = "tunnel_moves"
    """The public address changes: the platform's next request goes to the new one."""
    STOP_ALL = "stop_all"
    """The operator turns the kill switch on."""
    AGENT_RESTARTS = "agent_restarts"
    """The scripted agent drops every connection and refuses new ones for a second."""


@dataclass(frozen=True, slots=True)
class LineExpectation:
    """What must be true of the turn that a line begins.

    Attributes:
        heard: texts that were heard, in this order, in any case.
        never_heard: texts that were not.
        first_sound_by_s: seconds from the end of the line (as recognised) until anything is heard.
        no_sound_before_s: seconds in which nothing may be heard.
        fillers: how many fillers were heard, at least and at most.
        longest_silence_s: no longer pause within the reply, fillers counted as sound.
        agent_asked: how often the agent was asked in this turn, exactly.
        acts: names of the tools that were carried out, in order.
        turn_class: how bridge classified it, as on record.
        told_agent: texts that the agent was sent with this turn, anywhere in the request.
        not_told_agent: texts that it was not.
    """

    heard: tuple[str, ...] = ()
    never_heard: tuple[str, ...] = ()
    first_sound_by_s: float | None = None
    no_sound_before_s: float | None = None
    fillers: tuple[int, int] | None = None
    longest_silence_s: float | None = None
    agent_asked: int | None = None
    acts: tuple[str, ...] | None = None
    turn_class: str | None = None
    told_agent: tuple[str, ...] = ()
    not_told_agent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Something that the caller does, in order.

    Exactly one of `says`, `keys`, `silent_s`, `hangs_up`, `event`, `picks_up` is set.

    Attributes:
        number: of the line, from 1, for messages.
        says: words.
        keys: digits on the keypad.
        silent_s: says nothing for so long (the platform's silence clock runs).
        hangs_up: hangs up.
        event: something happens that the caller knows nothing of.
        picks_up: the call so far is over (the caller hangs up if it isn't); bridge rings back, and
            the lines that follow are said in that call.
        after_s: how long after the reply to the line before was heard, or the greeting.
        cuts_in_after_words: begins to speak when so many words of the reply were heard; unset
            waits for its end.
        cuts_in_after_s: begins so many seconds after the last request, heard words or not.
        heard_first: what the recogniser made of it before: transcripts that were sent early and
            taken back, oldest first.
        burst_s: seconds between those and the final transcript.
        expect: of the turn it begins.
    """

    number: int
    says: str = ""
    keys: str = ""
    silent_s: float | None = None
    hangs_up: bool = False
    event: Event | None = None
    picks_up: bool = False
    after_s: float = 0.6
    cuts_in_after_words: int | None = None
    cuts_in_after_s: float | None = None
    heard_first: tuple[str, ...] = ()
    burst_s: float = 0.15
    expect: LineExpectation = field(default_factory=LineExpectation)


@dataclass(frozen=True, slots=True)
class Manners:
    """How the voice platform behaves in this call: what hurts can be switched and timed.

    The defaults are a calm day with what `bridge provision` sets.
    Source: elevenlabs.io/docs and field reports on repeated and speculative turns (2026-11).

    Attributes:
        first_token_s: how long it waits for the first words before it asks again.
        attempts: how often it asks before it gives the call up.
        impatient: asks again after `retry_after_s` although nothing is late; the earlier is closed.
        retry_after_s: see `impatient`.
        endpointing_s: from the caller's last sound to the final transcript.
        twice: sends each turn's request twice at the same moment.
        speculative: sends a request while the caller still speaks, whenever a word is complete.
        turn_timeout_s: silence of the caller after which the agent is asked; -1 is never.
        silence_end_s: silence after which the call is ended; -1 is never.
        words_a_minute: how fast its voice speaks.
        sentence_buffer: whether words wait for the end of their sentence before they are spoken.
        asks_after_tools: whether it asks again after a tool call.
        webhooks: whether the initiation and post-call webhooks are called.
        repeat_post_call: how often the post-call webhook is delivered.
        tools: names of the system tools that it offers.
        old_schemas: whether `end_call` and `transfer_to_number` have their documented arguments
            instead of the ones seen live.
        max_call_s: after which it ends the call.
        noise_db: with sound: by how much the voices are louder than the noise of the line; unset
            is a line without noise.
        lost_frames: with sound: the share of frames that the line loses.
    """

    first_token_s: float = 15.0
    attempts: int = 3
    impatient: bool = False
    retry_after_s: float = 1.0
    endpointing_s: float = 0.5
    twice: bool = False
    speculative: bool = False
    turn_timeout_s: float = 7.0
    silence_end_s: float = 180.0
    words_a_minute: float = 170.0
    sentence_buffer: bool = True
    asks_after_tools: bool = True
    webhooks: bool = True
    repeat_post_call: int = 1
    tools: tuple[str, ...] = (
        "end_call",
        "transfer_to_number",
        "language_detection",
        "skip_turn",
        "play_keypad_touch_tone",
        "voicemail_detection",
    )
    old_schemas: bool = False
    max_call_s: float = 600.0
    noise_db: float | None = None
    lost_frames: float = 0.0


class PickUp(StrEnum):
    """What becomes of a call that bridge places."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    """A machine answers; the platform's agent finds out and ends the call."""
    REJECTED = "rejected"
    """The platform answers `success: false`."""
    BROKEN = "broken"
    """The platform answers 500, and rings all the same."""


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A call that bridge is asked to place, by `POST /calls`.

    Attributes:
        to: who is called.
        mode: `notify` says its message and hangs up, `conversation` talks.
        message: what is said first.
        brief: what the call is for; the agent alone is told.
        pick_up: what becomes of it.
        rings_s: how long it rings.
        refused_by: the rule of the guard that must refuse it; then nothing may ring.
    """

    to: str
    mode: Literal["notify", "conversation"] = "conversation"
    message: str = ""
    brief: str = ""
    pick_up: PickUp = PickUp.ANSWERED
    rings_s: float = 4.0
    refused_by: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true of the whole call.

    Attributes:
        heard: texts that were heard, in this order, in any case.
        never_heard: texts that were not.
        agent_asked_at_most: in the whole call.
        runs_per_utterance: most runs for any one final utterance; 1 is the promise.
        acts: names of the tools that were carried out, in order.
        ended_by: `caller`, `agent` or `platform`.
        silent_at_most_s: no longer stretch of the call without anybody's sound while the caller
            waits for a reply.
        outcome: how it came out, as on record.
        fault: whose fault that was, as on record.
        record: fields of the record and their values, as `bridge calls ID --json` has them.
        turns_on_record: how many.
        rings: how many calls were placed by bridge in all.
        posted: statuses of the post-call deliveries.
    """

    heard: tuple[str, ...] = ()
    never_heard: tuple[str, ...] = ()
    agent_asked_at_most: int | None = None
    runs_per_utterance: int = 1
    acts: tuple[str, ...] | None = None
    ended_by: str | None = None
    silent_at_most_s: float | None = None
    outcome: str | None = None
    fault: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    turns_on_record: int | None = None
    rings: int | None = None
    posted: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call.

    Attributes:
        name: of its file, without the ending.
        title: what it shows, as a sentence.
        file: where it was read, for messages; empty for one that was made.
        agent: who stands behind bridge.
        runs_with: kinds of agent it makes sense with besides, so that the same scenario can be run
            against a real one: what it expects holds there too.
        replies: what a scripted agent says.
        caller: the number that rings in; empty is withheld.
        line: our number.
        language: the caller's.
        greeting: the first message of the voice agent; unset is what the settings make of it.
        settings: bridge's own, by their dotted names.
        manners: the platform's.
        outbound: the call that bridge places; unset when somebody rings in.
        lines: what the caller does.
        expect: what must be true of the whole call.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    file: str = ""
    agent: AgentKind = AgentKind.DEMO
    runs_with: tuple[AgentKind, ...] = ()
    replies: tuple[Reply, ...] = ()
    caller: str = "+15550001234"
    line: str = "+15550100"
    language: str = "en"
    greeting: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)
    outbound: OutboundCall | None = None
    expect: Expectation = field(default_factory=Expectation)
