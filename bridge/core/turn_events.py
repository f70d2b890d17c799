"""What happens to a turn, and what is decided about it: the two vocabularies of `core/turn.py`.

An event is what happened and can't be refused; a decision is what to do now.
"""

from dataclasses import dataclass
from enum import StrEnum

from bridge.core.conversation import Stop
from bridge.core.dialogue import News, TurnKey
from bridge.core.identity import Strength


class TurnClass(StrEnum):
    """What a request is, of those in the design's table."""

    NEW = "new"
    REPEAT = "repeat"
    REVISED = "revised"
    CONTINUATION = "continuation"
    PROMISED = "promised"
    SILENCE = "silence"
    GREETING = "greeting"


# -- events: what happened; they can't be refused ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requested:
    """A request came in. `run_id` names the run it starts, should it start one.

    Attributes:
        heard_nothing: since the last utterance the history has nothing but our own fillers: no
            words, and no tool call, for a call that arrived must not be made again.
        may_continue: news is tool results that are answered here, without the agent.
    """

    at_s: float
    run_id: str
    news: News
    key: TurnKey | None
    strength: Strength
    heard_nothing: bool = False
    may_continue: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """The settling time of a run is over: it is about to ask the agent.

    If nobody listens any more it is stopped instead, and its words may be asked afresh.
    """

    at_s: float
    run_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """A listener went away before the end. `heard_words`: it had been sent words of the agent."""

    at_s: float
    run_id: str
    heard_words: bool
    may_return: bool


@dataclass(frozen=True, slots=True)
class GraceOver:
    """The time in which a retry could have attached is over.

    `left_at_s` says which leaving it followed: a retry may have come and gone since.
    """

    at_s: float
    run_id: str
    left_at_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A run has let go of the agent: by itself (`stop` is `None`) or not.

    `reached_agent` is false only when the agent surely never saw what it was asked.
    """

    at_s: float
    run_id: str
    said: str
    fillers: tuple[str, ...]
    stop: Stop | None = None
    reached_agent: bool = True


@dataclass(frozen=True, slots=True)
class Promised:
    """A run's deadline came, and whoever listens is to be rung back with what comes of it.

    Its reply ends; the run goes on under `behind_id`, unless it was stopped meanwhile or nobody
    listens who could hear the promise.
    """

    at_s: float
    run_id: str
    behind_id: str
    said: str
    fillers: tuple[str, ...]


Event = Requested | Settled | Left | GraceOver | Ended | Promised


# -- decisions: what to do now --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """Start a run.

    Attributes:
        stops: live runs to stop first.
        after: runs that must be over before the agent is asked; those of `stops` among them.
        replaces: an earlier transcript of the same utterance had been asked. Never for results:
            those of the agent's second call stand at one place with those of its first, and
            replace nothing.
        is_restless: a request of this very moment was withdrawn just now, by this one if not
            before: a platform that closes one and sends the next is not always heard in that order.
        breaks_promise: one of `stops` was under way for a ring-back, which is taken back with it.
    """

    turn_class: TurnClass
    run_id: str
    stops: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    replaces: bool = False
    is_restless: bool = False
    breaks_promise: bool = False


@dataclass(frozen=True, slots=True)
class Attach:
    """Listen to that run: its reply from the beginning, then live."""

    turn_class: TurnClass
    run_id: str


@dataclass(frozen=True, slots=True)
class AnswerHere:
    """Answer without the agent."""

    turn_class: TurnClass


@dataclass(frozen=True, slots=True)
class AskNow:
    """Ask the agent."""


@dataclass(frozen=True, slots=True)
class StopRun:
    """Stop that run, for that cause."""

    run_id: str
    cause: Stop


@dataclass(frozen=True, slots=True)
class AwaitReturn:
    """Wait for a retry to attach; then tell `GraceOver` of this leaving."""

    run_id: str
    left_at_s: float


@dataclass(frozen=True, slots=True)
class GoOn:
    """Say the promise and end the reply; the run goes on behind the call, as `run_id`."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do."""


Decision = Start | Attach | AnswerHere | AskNow | StopRun | AwaitReturn | GoOn | Nothing
