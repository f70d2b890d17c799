"""What is known of a turn once it is over: for metrics, the log and `bridge latency`.

Nothing private: no words, no numbers, no keys.
"""

from dataclasses import dataclass

from bridge.core.latency import Moments
from bridge.core.reply import Failure
from bridge.core.turn import TurnClass


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One run of the agent, or one reply given without it.

    Attributes:
        run_id: ours, random.
        outcome: `"done"`, `"here"` (answered without the agent), or why it was stopped.
        failure: the true cause, whatever the caller heard.
        first_words_s: seconds from the request to the first words out, ours or the agent's.
    """

    run_id: str
    turn_class: TurnClass
    outcome: str
    moments: Moments
    fillers: int = 0
    first_words_s: float | None = None
    failure: Failure | None = None
