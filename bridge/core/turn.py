"""One utterance of the caller and the reply to it: which requests make which run of the agent.

A **run** is one time the agent is asked. The platform sends the same turn again, sends it early
and then longer, and goes away without a word; `step` takes what the ledger holds of a
conversation and what just happened, and says what it holds now and what to do about it.

                       asked                     ended
    settling ────────────────────▶ running ────────────────────▶ done
        │ taken back: never asked      │ taken back, late, broken
        └──────────────▶ stopped ◀─────┘

A run whose deadline comes may go on behind the call: its reply ends with a promise to ring back,
and its second half stands in the conversation as a run of its own, which nobody listens to.

What it promises, for every order of events: at most one run is live in a conversation whose
requests say which conversation they are; an utterance that nobody took back is asked once.

`CLASSES` is the table that classifies; the rules above it are its columns.
"""

from collections.abc import Mapping
from dataclasses import replace

from bridge.core.conversation import Conversation, Run, Standing, Stop
from bridge.core.dialogue import News, TurnKey
from bridge.core.identity import Strength
from bridge.core.turn_events import (
    AnswerHere,
    AskNow,
    Attach,
    AwaitReturn,
    Decision,
    Ended,
    Event,
    GoOn,
    GraceOver,
    Left,
    Nothing,
    Promised,
    Requested,
    Settled,
    Start,
    StopRun,
    TurnClass,
)

REMEMBERED_RUNS = 8
"""Runs kept of a conversation. A platform retries three times and revises a few; older ones
can only be met by a request that was lost on the way for several turns."""

JOIN_BY_KEY_S = 60.0
"""How long after its end a run is joined where only a session key says who asks.

Two callers may share such a key and open with the same word. Within a minute an identical
request is taken for the platform's retry (three attempts of at most 15 s each); later, for
somebody else. Source: elevenlabs.io/docs, cascade_timeout_seconds (2026-11).
"""

WITHDRAWN_LATELY_S = 5.0
"""How long a withdrawn request makes its line a restless one. Revised transcripts were seen
to follow each other by up to 2.8 s."""

RESTLESS_SETTLE_S = 0.25
"""What `turn.settle_ms = "auto"` waits on a restless line: bursts come about 150 ms apart."""


CLASSES: Mapping[tuple[News, bool, bool], TurnClass] = {
    # what is new,    known run?, same place, other words?
    (News.UTTERANCE, False, False): TurnClass.NEW,
    (News.UTTERANCE, False, True): TurnClass.REVISED,
    (News.UTTERANCE, True, False): TurnClass.REPEAT,
    (News.UTTERANCE, True, True): TurnClass.REPEAT,
    (News.RESULTS, False, False): TurnClass.NEW,
    (News.RESULTS, False, True): TurnClass.NEW,
    (News.RESULTS, True, False): TurnClass.REPEAT,
    (News.RESULTS, True, True): TurnClass.REPEAT,
    (News.NOTHING, False, False): TurnClass.SILENCE,
    (News.NOTHING, False, True): TurnClass.SILENCE,
    (News.NOTHING, True, False): TurnClass.REPEAT,
    (News.NOTHING, True, True): TurnClass.REPEAT,
    (News.NOBODY, False, False): TurnClass.GREETING,
}
"""News, whether a run of this very turn can be joined, and whether other words stand at its place.

For `NOTHING` a run is joined only when its reply is still owed: nothing but fillers was heard.
Results that are answered here are a `CONTINUATION` before this table is asked; the first words
after a promise to ring back are `PROMISED` (see `_told_again`).
"""


def step(conversation: Conversation, event: Event) -> tuple[Conversation, Decision]:
    """One thing happened: what the ledger holds now, and what to do.

    Never fails: an event that merely came late, or names a forgotten run, is nothing to do.
    """
    match event:
        case Requested():
            return _requested(conversation, event)
        case Settled():
            return _settled(conversation, event)
        case Left():
            return _left(conversation, event)
        case GraceOver():
            return _grace_over(conversation, event)
        case Promised():
            return _promised(conversation, event)
        case _:
            return _ended(conversation, event)


def _requested(conversation: Conversation, event: Requested) -> tuple[Conversation, Decision]:
    if event.may_continue:
        return conversation, AnswerHere(TurnClass.CONTINUATION)
    joined = _joinable(conversation, event)
    revisable = event.strength is Strength.CONVERSATION
    there = _at_place(conversation, event.key) if revisable else ()
    others = any(run.key != event.key for run in there)
    turn_class = CLASSES[event.news, joined is not None, others]
    if joined is not None:
        listening = replace(joined, listeners=joined.listeners + 1, left_at_s=None)
        return _with(conversation, listening), Attach(turn_class, joined.id)
    if event.key is None or turn_class in (TurnClass.SILENCE, TurnClass.GREETING):
        return conversation, AnswerHere(turn_class)
    earlier = conversation.runs if revisable else ()
    told = _told_again(earlier, event)
    if told is not None:
        return _with(conversation, told), AnswerHere(TurnClass.PROMISED)
    start = Start(
        turn_class,
        event.run_id,
        stops=tuple(run.id for run in earlier if run.is_live),
        after=tuple(run.id for run in earlier if not run.is_over),
        replaces=event.news is News.UTTERANCE
        and any(run.asked and run.key != event.key for run in there),
        is_restless=any(run.is_live or _was_withdrawn(run, event.at_s) for run in there),
        breaks_promise=any(run.is_live and run.is_behind for run in earlier),
    )
    for run_id in start.stops:
        conversation = _stopped(conversation, run_id, Stop.SUPERSEDED, event.at_s)
    runs = (*conversation.runs, Run(event.run_id, event.key))
    return replace(conversation, runs=_remembered(runs)), start


def _joinable(conversation: Conversation, event: Requested) -> Run | None:
    """The run whose reply this request is owed, newest first."""
    if event.news is News.NOTHING and not event.heard_nothing:
        runs = reversed(conversation.runs)
        live = next((r for r in runs if r.is_live and not r.is_behind), None)
        return live if live is not None and live.key == event.key and not live.spoke else None
    for run in reversed(conversation.runs):
        if run.key != event.key or run.is_behind:
            continue
        is_late = run.ended_at_s is not None and event.at_s - run.ended_at_s > JOIN_BY_KEY_S
        if is_late and event.strength is not Strength.CONVERSATION:
            return None
        return run if run.may_be_joined else None
    return None


def _told_again(runs: tuple[Run, ...], event: Requested) -> Run | None:
    """The run behind the call, when its caller is to be told once more that they are rung back.

    "All right, thank you" is what people say to that, and it must not undo what was promised. So
    the first utterance after the promise is not put to the agent; with the next one the caller
    goes on to something else, and the promise is taken back.
    """
    behind = next((run for run in runs if run.is_behind and run.is_live), None)
    if behind is None or event.key is None or event.news is not News.UTTERANCE:
        return None
    place = event.key.place
    if place == behind.key.place or behind.told_at not in (None, place):
        return None
    return replace(behind, told_at=place)


def _at_place(conversation: Conversation, key: TurnKey | None) -> tuple[Run, ...]:
    return tuple(run for run in conversation.runs if key and run.key.place == key.place)


def _was_withdrawn(run: Run, at_s: float) -> bool:
    return (run.left_at_s is not None and at_s - run.left_at_s <= WITHDRAWN_LATELY_S) or (
        run.stop in (Stop.LEFT, Stop.SUPERSEDED)
        and run.ended_at_s is not None
        and at_s - run.ended_at_s <= WITHDRAWN_LATELY_S
    )


def _settled(conversation: Conversation, event: Settled) -> tuple[Conversation, Decision]:
    run = conversation.run(event.run_id)
    if run is None or run.standing is not Standing.SETTLING:
        return conversation, Nothing()
    if not run.listeners:
        return _stopped(conversation, run.id, Stop.LEFT, event.at_s), Nothing()
    return _with(conversation, replace(run, standing=Standing.RUNNING, asked=True)), AskNow()


def _left(conversation: Conversation, event: Left) -> tuple[Conversation, Decision]:
    run = conversation.run(event.run_id)
    if run is None:
        return conversation, Nothing()
    listeners = max(0, run.listeners - 1)
    run = replace(run, listeners=listeners, spoke=run.spoke or event.heard_words)
    if listeners or not run.is_live:
        return _with(conversation, run), Nothing()
    conversation = _with(conversation, replace(run, left_at_s=event.at_s))
    if run.spoke or not event.may_return:
        return _stopped(conversation, run.id, Stop.LEFT, event.at_s), StopRun(run.id, Stop.LEFT)
    return conversation, AwaitReturn(run.id, event.at_s)


def _grace_over(conversation: Conversation, event: GraceOver) -> tuple[Conversation, Decision]:
    run = conversation.run(event.run_id)
    if run is None or not run.is_live or run.left_at_s != event.left_at_s:
        return conversation, Nothing()
    return _stopped(conversation, run.id, Stop.LEFT, event.at_s), StopRun(run.id, Stop.LEFT)


def _promised(conversation: Conversation, event: Promised) -> tuple[Conversation, Decision]:
    run = conversation.run(event.run_id)
    if run is None or run.standing is not Standing.RUNNING or not run.listeners:
        return conversation, Nothing()
    done = replace(
        run,
        standing=Standing.DONE,
        ended_at_s=event.at_s,
        is_over=True,
        said=event.said,
        fillers=event.fillers,
    )
    behind = Run(
        event.behind_id, run.key, Standing.RUNNING, listeners=0, asked=True, is_behind=True
    )
    last = event.fillers[-1] if event.fillers else conversation.last_filler
    held = _with(replace(conversation, last_filler=last), done)
    return replace(held, runs=_remembered((*held.runs, behind))), GoOn(event.behind_id)


def _ended(conversation: Conversation, event: Ended) -> tuple[Conversation, Decision]:
    run = conversation.run(event.run_id)
    if run is None or run.is_over:
        return conversation, Nothing()
    if run.is_live:
        standing = Standing.DONE if event.stop is None else Standing.STOPPED
        run = replace(run, standing=standing, stop=event.stop, ended_at_s=event.at_s)
    last = event.fillers[-1] if event.fillers else conversation.last_filler
    over = replace(
        run,
        asked=run.asked and event.reached_agent,
        is_over=True,
        said=event.said,
        fillers=event.fillers,
    )
    return _with(replace(conversation, last_filler=last), over), Nothing()


def _stopped(conversation: Conversation, run_id: str, cause: Stop, at_s: float) -> Conversation:
    run = conversation.run(run_id)
    assert run is not None
    stopped = replace(run, standing=Standing.STOPPED, stop=cause, ended_at_s=at_s)
    return _with(conversation, stopped)


def _with(conversation: Conversation, changed: Run) -> Conversation:
    runs = tuple(changed if run.id == changed.id else run for run in conversation.runs)
    return replace(conversation, runs=runs)


def _remembered(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The latest ones, and those not yet over: whoever owns one must still be able to end it."""
    surplus = max(0, len(runs) - REMEMBERED_RUNS)
    return tuple(run for i, run in enumerate(runs) if i >= surplus or not run.is_over)
