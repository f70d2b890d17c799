"""How a scenario is performed, whatever is in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.rehearsal.performance import Fact
from bridge.rehearsal.scenario import AgentKind
from bridge.rehearsal.sound import Ear, Person, Voice
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """See the module.

    Attributes:
        jumps: whether the clock jumps over what nobody would hear; else the call takes as long as
            one on the telephone.
        voice: the voice agent's; `None` is one without sound.
        callers_voice: the caller's; `None` is the same.
        ear: who makes the caller's words out of sound; `None` has them as they were written.
        person: somebody real, who speaks instead of the scenario's lines and is heard by the ear.
        settings: the operator's own, for an agent that they name; nothing else is taken of them.
        agent: who stands behind bridge, instead of whom the scenario names.
        progress: is told each fact when it becomes known.
    """

    jumps: bool = True
    voice: Voice | None = None
    callers_voice: Voice | None = None
    ear: Ear | None = None
    person: Person | None = None
    settings: Settings | None = field(default=None, repr=False)
    agent: AgentKind | None = None
    progress: Callable[[Fact], None] | None = None
