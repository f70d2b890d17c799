"""What the ledger holds of a conversation: its latest runs, and how far each has come.

Values only: `core/turn.py` alone says how they change.
"""

from dataclasses import dataclass
from enum import StrEnum

from bridge.core.dialogue import TurnKey


class Standing(StrEnum):
    """How far a run has come."""

    SETTLING = "settling"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Stop(StrEnum):
    """Why a run was stopped."""

    LEFT = "left"
    """Whoever asked went away."""
    SUPERSEDED = "superseded"
    """Other words took its place."""
    FAILED = "failed"
    """The agent failed, or was too late."""
    DRAINING = "draining"
    """The program is stopping."""


@dataclass(frozen=True, slots=True)
class Run:
    """One time the agent is asked.

    Attributes:
        listeners: requests that receive its reply and have not gone away before its end.
        asked: whether the agent may have seen it.
        spoke: whether words of the agent went out to a listener.
        left_at_s: when its last listener went away before it had ended; `None` while it has one.
        ended_at_s: when it was done, or when stopping it was decided.
        is_over: whether it has let go of the agent; a little later than it was stopped.
        said: the agent's words as sent; known once it is over.
        fillers: our fillers as sent, in order.
        is_behind: it goes on behind the call, for a ring-back: the second half of a run whose
            reply has ended. Nobody can listen to it.
        told_at: of such a run, the place of the utterance after which the caller was told once
            more that they will be rung back.
    """

    id: str
    key: TurnKey
    standing: Standing = Standing.SETTLING
    stop: Stop | None = None
    listeners: int = 1
    asked: bool = False
    spoke: bool = False
    left_at_s: float | None = None
    ended_at_s: float | None = None
    is_over: bool = False
    said: str = ""
    fillers: tuple[str, ...] = ()
    is_behind: bool = False
    told_at: tuple[int, str] | None = None

    @property
    def is_live(self) -> bool:
        """Whether the agent is, or is about to be, at work on it."""
        return self.standing in (Standing.SETTLING, Standing.RUNNING)

    @property
    def may_be_joined(self) -> bool:
        """Whether a repeat of its request gets its reply.

        Not when it was stopped before the agent was asked, for then nothing was done yet; and
        not when other words took its place, for then its own have been taken back.
        """
        return self.standing is not Standing.STOPPED or (
            self.asked and self.stop is not Stop.SUPERSEDED
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the ledger holds of one conversation: its latest runs, oldest first."""

    runs: tuple[Run, ...] = ()
    last_filler: str = ""

    def run(self, run_id: str) -> Run | None:
        """The run of that id, if it is still remembered."""
        return next((run for run in self.runs if run.id == run_id), None)
