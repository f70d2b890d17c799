"""What a reply of the demo agent is made of, and what it has to go by."""

from dataclasses import dataclass

from bridge.core.manner import MAY_RING_BACK


@dataclass(frozen=True, slots=True)
class Say:
    """Words, streamed one by one."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """Nothing is said for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Use:
    """The agent says that it is using a tool of its own."""

    label: str


Step = Say | Think | Use
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule may look at.

    Attributes:
        utterance: the caller's newest words, white space folded.
        rest: the part of the utterance that a rule took out for its skill, or `""`.
        before: what the caller said before, oldest first.
        replies: what the agent said before, as it was heard, oldest first.
        instructions: what the agent was told about the call.
        wall_s: the time of day, seconds since 1970-01-01 UTC.
        zone: the zone meant when no place is named.
    """

    utterance: str
    before: tuple[str, ...]
    replies: tuple[str, ...]
    instructions: str
    wall_s: float
    zone: str
    rest: str = ""

    @property
    def may_ring_back(self) -> bool:
        """Whether the agent was told that the caller may be rung back."""
        return MAY_RING_BACK in self.instructions

    def may(self, mark: str) -> bool:
        """Whether the agent was told that this control mark is obeyed now."""
        return f"[[{mark}" in self.instructions
