"""A call as a list of things to show, in the order in which they began. Pure.

What every picture of a call has in common: the terminal's, the page's and the transcript.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bridge.masking import mask_numbers
from bridge.rehearsal.performance import (
    Acted,
    AgentAsked,
    Befell,
    Broke,
    Delivered,
    Fact,
    Over,
    Performance,
    PickedUp,
    Rang,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)

Kind = Literal["rings", "again", "withdrawn", "tool", "event", "report", "over"]

NOTED_WAIT_S = 1.0
"""A wait for words that is worth a line: shorter ones are a conversation's own."""

EVENTS = {
    "restart": "the server is stopped and started again",
    "crash": "the server is killed and started again",
    "tunnel_moves": "the public address changes",
    "stop_all": "the operator stops all calls that bridge places",
    "agent_restarts": "the agent is started again",
}
"""What befalls a call, in words."""

WHY = {
    Why.RETRY: "asked again, the same",
    Why.TWIN: "asked twice at the same moment",
    Why.SILENCE: "nothing is said; asked for words",
}
"""Requests that are worth a line."""

BECAUSE = {
    "late": "no words in time: the request is closed",
    "revised": "the words have changed: the request is closed",
}
"""Closed requests that are worth a line: the others show in what is heard."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of speech, or keys."""

    spoke: Spoke

    @property
    def at_s(self) -> float:
        """When it began."""
        return self.spoke.at_s


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that is no sound, in words.

    Attributes:
        is_bad: it went wrong.
    """

    at_s: float
    kind: Kind
    text: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """Nobody was heard for so long."""

    at_s: float
    for_s: float


Thing = Heard | Happened | Waited


def things(performance: Performance) -> list[Thing]:
    """What there is to show, waits among it."""
    found: list[Heard | Happened] = sorted(_found(performance.facts), key=lambda t: t.at_s)
    return list(_with_waits(found))


def _found(facts: Sequence[Fact]) -> Iterator[Heard | Happened]:
    asked: set[int] = set()
    line, is_placed = 0, False
    for fact in facts:
        match fact:
            case Spoke(text=text, unheard=unheard):
                if text.strip() or unheard.strip():
                    yield Heard(fact)
            case AgentAsked(at_s):
                if line in asked:
                    yield Happened(at_s, "again", "the agent is asked again")
                asked.add(line)
            case PickedUp() if not is_placed:
                pass  # the voice agent picks up at once, and nobody would hear it ring on
            case _:
                yield from _happened(fact)
        line = fact.line if isinstance(fact, Requested) else line
        is_placed = fact.placed if isinstance(fact, Rang) else is_placed


def _happened(fact: Fact) -> Iterator[Happened]:
    """What there is to say of a fact that is no sound; nothing of most requests."""
    if (happened := _as_happened(fact)) is not None:
        yield happened


def _as_happened(fact: Fact) -> Happened | None:  # noqa: C901 - a table of all kinds
    match fact:
        case Rang(at_s, placed, status):
            text = "bridge calls" if placed else "it rings"
            is_bad = status is not None and not 200 <= status < 300  # noqa: PLR2004 - 2xx
            told = f": the webhook is answered {status}" if is_bad else ""
            return Happened(at_s, "rings", text + told, is_bad)
        case PickedUp(at_s):
            return Happened(at_s, "rings", "picked up")
        case Requested(at_s, why=Why.EARLY, utterance=utterance):
            return Happened(at_s, "again", f"asked early: “{utterance}”")
        case Requested(at_s, why=why, attempt=attempt) if why in WHY:
            times = f" (attempt {attempt})" if why is Why.RETRY else ""
            return Happened(at_s, "again", WHY[why] + times)
        case Withdrawn(at_s, because=because) if because in BECAUSE:
            return Happened(at_s, "withdrawn", BECAUSE[because])
        case Broke(at_s, status=status, detail=detail):
            what = f"status {status}" if status else "the stream breaks off"
            return Happened(at_s, "withdrawn", f"{what} {detail}".rstrip(), is_bad=True)
        case Acted(at_s, name=name, arguments=arguments, error=error):
            said = ", ".join(mask_numbers(str(value)) for value in arguments.values() if value)
            told = f"{name}: {error}" if error else f"{name}({said})" if said else name
            return Happened(at_s, "tool", told, bool(error))
        case Befell(at_s, event=event, took_s=took_s):
            took = f" ({took_s:.1f} s)" if took_s else ""
            return Happened(at_s, "event", EVENTS.get(event, event) + took)
        case Delivered(at_s, kind=kind, status=status):
            is_bad = not 200 <= status < 300  # noqa: PLR2004 - 2xx
            return Happened(at_s, "report", f"{kind}: {status}", is_bad)
        case Over(at_s, by=by, reason=reason):
            return Happened(at_s, "over", f"the {by} ends the call: {reason}".rstrip(": "))
        case _:
            return None


def _with_waits(found: Sequence[Heard | Happened]) -> Iterator[Thing]:
    """A wait stands before what ends it, whatever that is, until the call is over."""
    until_s: float | None = None
    for thing in found:
        if until_s is not None and thing.at_s - until_s >= NOTED_WAIT_S:
            yield Waited(until_s, thing.at_s - until_s)
        yield thing
        if isinstance(thing, Heard):
            until_s = max(until_s or 0.0, thing.spoke.until_s)
        elif thing.kind in ("over", "report"):
            until_s = None
        else:
            until_s = max(until_s or 0.0, thing.at_s)


@dataclass(frozen=True, slots=True)
class Said:
    """One party's words in a row, as they were heard.

    Attributes:
        unheard: what was cut off.
    """

    at_s: float
    party: str
    text: str
    unheard: str = ""


def transcript(performance: Performance) -> list[Said]:
    """Who said what, as it was heard: stretches that follow one another are one."""
    found: list[Said] = []
    for thing in things(performance):
        if not isinstance(thing, Heard):
            continue
        spoke = thing.spoke
        text = f"keys {spoke.text}" if spoke.is_keys else spoke.text.strip()
        last = found[-1] if found else None
        if last is not None and last.party == spoke.party and not last.unheard:
            joined = f"{last.text} {text}".strip()
            found[-1] = replace(last, text=joined, unheard=spoke.unheard.strip())
        else:
            found.append(Said(spoke.at_s, spoke.party, text, spoke.unheard.strip()))
    return found
