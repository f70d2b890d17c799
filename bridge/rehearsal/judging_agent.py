"""What must always hold of how bridge asks its agent, and nobody has to ask for. Pure.

One thing at a time, in one session, and nothing for nobody: an agent that works on for a caller
who has gone books tables that nobody wanted.
"""

from collections.abc import Iterator

from bridge.rehearsal.evidence import SAME_MOMENT_S, Evidence
from bridge.rehearsal.performance import (
    AgentAsked,
    AgentFinished,
    Answered,
    Broke,
    FirstWords,
    Rang,
    Requested,
    Withdrawn,
)
from bridge.rehearsal.verdict import Verdict, quoted, seconds
from bridge.settings.sections import Turn

LET_GO_S = 0.5
"""How long closing the agent's connection may take: on a clock that jumps it takes nothing, with a
real agent on a busy machine some tenths."""

GONE = frozenset({"barge_in", "hang_up", "over"})
"""Why a request is taken back for good: nobody asks the same again."""

Stretch = tuple[AgentAsked, float]
"""When the agent was asked, and until when it worked; to the end when nothing else is known."""


def one_at_a_time(evidence: Evidence) -> Iterator[Verdict]:
    """The agent is asked nothing while it still works on what it was asked before."""
    stretches = _stretches(evidence)
    both = [
        (earlier, later)
        for place, (earlier, until_s) in enumerate(stretches)
        for later, _ in stretches[place + 1 :]
        if later.at_s < until_s - SAME_MOMENT_S
    ]
    seen = ""
    if both:
        earlier, later = both[0]
        seen = f"at {later.at_s:.1f} s it still worked on {quoted(earlier.utterance)}"
    yield Verdict("the agent is asked one thing at a time", not both, seen)


def let_go(evidence: Evidence) -> Iterator[Verdict]:
    """The agent stops when nobody listens any more: soon, or when a retry could have come."""
    late = [
        f"{quoted(asked.utterance)} went on for {seconds(until_s - left_s)}"
        for left_s, may_last_s in _leavings(evidence)
        for asked, until_s in _stretches(evidence)
        if asked.at_s <= left_s < until_s and until_s > left_s + may_last_s + LET_GO_S
    ]
    seen = late[0] if late else ""
    yield Verdict("the agent is let go of when nobody listens any more", not late, seen)


def one_session(evidence: Evidence) -> Iterator[Verdict]:
    """What belongs together is asked in one session."""
    is_per_call = evidence.performance.scenario.settings.get("session.scope") == "per_call"
    if is_per_call and len(evidence.of(Rang)) > 1:
        return
    sessions = list(dict.fromkeys(asked.session for asked in evidence.of(AgentAsked)))
    if sessions:
        seen = f"it was asked in {len(sessions)}" if len(sessions) > 1 else ""
        yield Verdict("the agent is asked in one session", len(sessions) == 1, seen)


def _stretches(evidence: Evidence) -> list[Stretch]:
    ends = {fact.run: fact.at_s for fact in evidence.of(AgentFinished)}
    last_s = evidence.performance.length_s
    return [(asked, ends.get(asked.run, last_s)) for asked in evidence.of(AgentAsked)]


def _leavings(evidence: Evidence) -> Iterator[tuple[float, float]]:
    """Each moment at which the last listener was gone, and how long a run may last from there.

    Until its words were heard it may last for `turn.grace_s`: the platform could ask again.
    """
    grace_s = evidence.performance.scenario.settings.get("turn.grace_s", _default_grace_s())
    is_open: set[int] = set()
    spoke: set[int] = set()
    for place, fact in enumerate(evidence.facts):
        match fact:
            case Requested(request=request):
                is_open.add(request)
            case FirstWords(request=request, text=text) if not text.rstrip().endswith("..."):
                spoke.add(request)
            case Answered(request=request) | Broke(request=request):
                is_open.discard(request)
            case Withdrawn(at_s, request, because):
                is_open.discard(request)
                is_last = not is_open and not _is_going(evidence, place + 1, at_s)
                if is_last and because in GONE:
                    yield at_s, 0.0 if request in spoke else float(grace_s)
            case _:
                pass


def _is_going(evidence: Evidence, place: int, at_s: float) -> bool:
    """Whether another request is taken back at the same moment: that one tells."""
    later = evidence.facts[place : place + 1]
    return bool(later) and isinstance(later[0], Withdrawn) and later[0].at_s == at_s


def _default_grace_s() -> float:
    return float(Turn.model_fields["grace_s"].default)
