"""What the facts of a call tell, asked as expectations ask. Pure.

A turn's facts belong to the line that began it. What bridge asked of its agent says no line: it
belongs to the request that came last before it, in the order of the facts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from bridge.rehearsal.performance import (
    Acted,
    AgentAsked,
    Answered,
    Broke,
    Fact,
    Over,
    Performance,
    Requested,
    Spoke,
    Why,
    Withdrawn,
)

F = TypeVar("F", bound=Fact)

ASKS = frozenset({Why.UTTERANCE, Why.TWIN, Why.SILENCE, Why.GREETING})
"""Requests that begin the wait for a reply: not the ones before the words were final, and not what
only follows."""

WORDS = frozenset({Why.UTTERANCE, Why.TWIN, Why.EARLY, Why.GREETING})
"""Requests that bring words of their own, or none yet."""

SAME_MOMENT_S = 1e-6
"""Two moments that differ by less are one: floats on one clock."""

Stretch = tuple[float, float]
"""From one moment to another."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The agent was asked, in the turn of a line.

    Attributes:
        after: the request that came last before; `None` when none did.
        place: the line whose words are answered: of silence, the one before it. Results of tools
            are a place of their own, below 0: an agent that calls tools is asked with each.
    """

    asked: AgentAsked
    after: Requested | None
    place: int

    @property
    def line(self) -> int:
        """The line whose turn it is."""
        return self.after.line if self.after else 0


def plain(text: str) -> str:
    """A text as it is compared: in one case, with single blanks and straight quotes."""
    straight = text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
    return " ".join(straight.casefold().split())


class Evidence:
    """The facts of one performance."""

    def __init__(self, performance: Performance) -> None:
        self.performance = performance
        self.facts = performance.facts

    def of(self, kind: type[F]) -> list[F]:
        """All facts of a kind, in their order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def sounds(self, line: int | None = None) -> list[Spoke]:
        """What the agent's side was heard saying, by its beginning; all of it, or to one line."""
        heard = [
            spoke
            for spoke in self.of(Spoke)
            if spoke.party == "agent" and line in (None, spoke.line)
        ]
        return sorted(heard, key=lambda spoke: spoke.at_s)

    def heard(self, line: int | None = None) -> str:
        """The words of `sounds`."""
        return " ".join(spoke.text.strip() for spoke in self.sounds(line) if spoke.text.strip())

    def waits_from_s(self, line: int) -> float | None:
        """When the wait for the reply to a line begins: it was recognised, or just said."""
        asked = [fact for fact in self.of(Requested) if fact.line == line]
        finals = [fact.at_s for fact in asked if fact.why in ASKS]
        if finals or asked:
            return finals[0] if finals else asked[0].at_s
        said = [fact for fact in self.of(Spoke) if fact.party == "caller" and fact.line == line]
        return said[-1].until_s if said else None

    def first_sound_s(self, line: int) -> float | None:
        """Seconds from there until anything is heard; `None` when nothing was."""
        begins_s = self.waits_from_s(line)
        if begins_s is None:
            return None
        later = [s.at_s for s in self.sounds(line) if s.at_s >= begins_s - SAME_MOMENT_S]
        return later[0] - begins_s if later else None

    def longest_pause_s(self, line: int) -> float:
        """The longest pause between two stretches of the reply to a line."""
        pauses = [later.at_s - earlier.until_s for earlier, later in pairwise(self.sounds(line))]
        return max(pauses, default=0.0)

    def askings(self, line: int | None = None) -> list[Asking]:
        """Each time the agent was asked; in all, or in the turn of one line."""
        found = list(self._askings())
        return [asking for asking in found if line in (None, asking.line)]

    def _askings(self) -> Iterator[Asking]:
        latest: Requested | None = None
        place = 0
        for fact in self.facts:
            if isinstance(fact, Requested):
                latest = fact
                if fact.why is Why.TOOL:
                    place = -fact.request
                elif fact.why in WORDS:
                    place = fact.line
            elif isinstance(fact, AgentAsked):
                yield Asking(fact, latest, place)

    def acts(self, line: int | None = None) -> list[Acted]:
        """Tools that were carried out."""
        return [act for act in self.of(Acted) if line in (None, act.line) and not act.error]

    def classes(self, line: int) -> list[str]:
        """How bridge classified the requests of a line, those that are on record, in order."""
        moments = [fact.at_s for fact in self.of(Requested) if fact.line == line]
        if not moments:
            return []
        until_s = next(
            (fact.at_s for fact in self.of(Requested) if fact.at_s > moments[-1]), float("inf")
        )
        kinds = {
            str(entry["turn"]): str(entry["kind"])
            for entry in self.performance.log
            if entry.get("turn") and entry.get("kind")
        }
        began_s = self.performance.began_s
        runs = [
            str(turn["run_id"])
            for turn in self.performance.turns
            if moments[0] - SLACK_S <= turn["at_s"] - began_s < until_s
        ]
        return [kinds[run] for run in runs if run in kinds]

    def waits(self) -> list[Stretch]:
        """When the platform waited for words: from a request to its end, retries joined on."""
        ends = {
            fact.request: fact.at_s
            for fact in self.of(Answered) + self.of(Withdrawn) + self.of(Broke)
        }
        over_s = self.performance.length_s
        stretches = [
            (fact.at_s, ends.get(fact.request, over_s))
            for fact in self.of(Requested)
            if fact.why is not Why.EARLY
        ]
        return joined(stretches)

    def longest_silence(self) -> Stretch:
        """The longest stretch in which the platform waited and nobody was heard."""
        sounds = joined([(spoke.at_s, spoke.until_s) for spoke in self.of(Spoke)])
        silences = [silence for wait in self.waits() for silence in without(wait, sounds)]
        return max(silences, key=lambda s: s[1] - s[0], default=(0.0, 0.0))

    @property
    def over(self) -> Over | None:
        """How the call ended; the last of them, when there were two calls."""
        return self.of(Over)[-1] if self.of(Over) else None


SLACK_S = 0.05
"""How far the moments of two clocks may lie apart that were read one after the other."""

RETRY_S = 0.5
"""A platform that asks again within so many seconds was waiting on."""


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Stretches that touch, or nearly, as one; by their beginning."""
    found: list[Stretch] = []
    for begin_s, end_s in sorted(stretches):
        if found and begin_s <= found[-1][1] + RETRY_S:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        else:
            found.append((begin_s, end_s))
    return found


def without(stretch: Stretch, others: Sequence[Stretch]) -> list[Stretch]:
    """What is left of a stretch outside the others, which are in order and apart."""
    left: list[Stretch] = []
    at_s, end_s = stretch
    for other_begin_s, other_end_s in others:
        if other_begin_s > at_s:
            left.append((at_s, min(other_begin_s, end_s)))
        at_s = max(at_s, other_end_s)
        if at_s >= end_s:
            return [(a, b) for a, b in left if b > a]
    left.append((at_s, end_s))
    return [(a, b) for a, b in left if b > a]


UNSPEAKABLE = (
    ("bold or italic marks", re.compile(r"\*\*|__|~~|(?<!\S)[*_](?=\w)|(?<=\w)[*_](?!\S)")),
    ("a code mark", re.compile("`")),
    ("a heading mark", re.compile(r"(?m)^ {0,3}#{1,6} ")),
    ("a link", re.compile(r"\]\(|https?://|\bwww\.")),
    ("a table mark", re.compile(r"\|")),
    ("a control mark", re.compile(r"\[\[|\]\]")),
    ("a tag", re.compile(r"</?[a-zA-Z][^<>]*>")),
    ("JSON", re.compile(r'\{\s*"')),
    ("an emoji", re.compile("[\u2600-\u27bf\u2b50\u2b55\ufe0f\U0001f000-\U0001faff]")),
    ("an invisible sign", re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")),
)
"""What nobody should hear read out, and how it is found in words."""


def unspeakable(text: str) -> str:
    """What of it is not fit for a voice, in words; empty when all is."""
    found = [what for what, pattern in UNSPEAKABLE if pattern.search(text)]
    return ", ".join(found)
