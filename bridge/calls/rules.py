"""How turns are to be run: what the operator set, as the engine wants it."""

from dataclasses import dataclass, field

from bridge.core.speech import SpeechOptions


@dataclass(frozen=True, slots=True)
class Rules:
    """See `docs/reference/settings.md`, `turn.*`.

    Attributes:
        settle_s: waited before the agent is asked; `None` is `"auto"`.
        greeting: said first when the agent is to open the call; `""` when it is not;
            `"auto"` for our phrase in the caller's language.
        tells_caller: whether the agent is told the caller's number.
    """

    first_words_s: float = 1.2
    fillers: int = 3
    grace_s: float = 3.0
    settle_s: float | None = None
    deadline_s: float = 90.0
    greeting: str = ""
    tells_caller: bool = True
    speech: SpeechOptions = field(default_factory=SpeechOptions)
