"""How much more text may come, which decides what undecided text is taken for."""

from enum import Enum


class Ending(Enum):
    """Why a decision is asked for."""

    OPEN = "open"
    """More may come: undecided text waits."""
    LATE = "late"
    """It has waited too long: undecided text is plain text. More may still come."""
    OVER = "over"
    """The reply has ended."""
