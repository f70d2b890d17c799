"""What is known of a turn once it is over: for metrics, the log and `bridge latency`.

Nothing private: no words, no numbers, no keys.
"""

from dataclasses import dataclass, replace

from bridge.calls.request import TurnRequest
from bridge.calls.run import Run
from bridge.core.latency import Moments
from bridge.core.reply import Failure
from bridge.core.turn_events import (
    Start,
    TurnClass,
)


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One run of the agent, one reply given without it, or one request that joined a run.

    Attributes:
        run_id: ours, random.
        outcome: `"done"`, `"here"` (answered without the agent), `"joined"` (a repeat: the stages
            are those of the run it joined), `"ring_back"` (the caller was promised to be rung with
            what it comes to), or why it was stopped.
        failure: the true cause, whatever the caller heard.
        first_words_s: seconds from the request to the first words out, ours or the agent's.
        conversation: the platform's id, by which the operator finds the turn there; `None` when
            it named none.
    """

    run_id: str
    turn_class: TurnClass
    outcome: str
    moments: Moments
    fillers: int = 0
    first_words_s: float | None = None
    failure: Failure | None = None
    conversation: str | None = None


def joined(request: TurnRequest, run_id: str, turn_class: TurnClass, at_s: float) -> TurnReport:
    """A request that listens to a run under way, or ended."""
    moments = Moments(request.received_s, at_s)
    return TurnReport(run_id, turn_class, "joined", moments, conversation=_conversation(request))


def answered_here(
    request: TurnRequest, run_id: str, turn_class: TurnClass, at_s: float
) -> TurnReport:
    """A reply given without the agent."""
    moments = Moments(request.received_s, at_s, last_word_s=at_s)
    return TurnReport(run_id, turn_class, "here", moments, conversation=_conversation(request))


def of_run(
    request: TurnRequest,
    start: Start,
    run: Run,
    outcome: str,
    moments: Moments,
) -> TurnReport:
    """A run that is over.

    An agent that only calls a tool thought until it did. What a run never came to falls on its
    end: the time an agent was silent counts as its thinking.

    Args:
        request: the one that started it.
        start: how it was classified.
        run: what it said, and when.
        outcome: how it came out; see `TurnReport`.
        moments: when it was classified, and as its last word the moment when it was over.
    """
    delivery = run.delivery
    said_s = delivery.first_text_s or delivery.first_call_s
    moments = replace(
        moments,
        asked_s=run.asked_s,
        first_text_s=said_s or (moments.last_word_s if run.asked_s else None),
        first_words_s=delivery.first_words_s,
        last_word_s=delivery.last_word_s or moments.last_word_s,
    )
    sound_s = delivery.first_sound_s
    return TurnReport(
        start.run_id,
        start.turn_class,
        outcome,
        moments,
        fillers=len(delivery.fillers),
        first_words_s=None if sound_s is None else sound_s - request.received_s,
        failure=run.failure,
        conversation=_conversation(request),
    )


def _conversation(request: TurnRequest) -> str | None:
    return request.identity.conversation
