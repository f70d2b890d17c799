"""What became of a call on record, beside what becomes of it today: turn by turn.

Pure. Both sides are turns as records have them, so that they are read in one way. A turn belongs
to the one in which the same was said, in the order of the call; what has no partner stands alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bridge.core.turn_events import (
    TurnClass,
)
from bridge.rehearsal.evidence import plain
from bridge.rehearsal.replay_lines import first_words_s, was_cut

Json = Mapping[str, Any]

NOTICED_S = 0.3
"""First words that come later or sooner by less are the same: a listener doesn't notice.
Source: ITU-T G.114, one-way delays below 0.15 s are not noticed; this is twice that."""

ASPECTS = ("words", "acts", "class", "first words")
"""What is compared."""


@dataclass(frozen=True, slots=True)
class Side:
    """A turn as it was on one of both sides.

    Attributes:
        words: what was heard, the agent's and bridge's own; without fillers.
        is_cut: the caller did not hear all of it.
        acts: names of the tools that were called, in order.
        turn_class: what the request was, as its record tells.
        first_words_s: from the request to the reply's first words; `None` when there were none.
        outcome: as on record.
    """

    words: str
    is_cut: bool
    acts: tuple[str, ...]
    turn_class: str
    first_words_s: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One turn, then and now; `None` where it did not take place."""

    utterance: str
    then: Side | None
    now: Side | None

    @property
    def differs(self) -> tuple[str, ...]:
        """In which of `ASPECTS`; `turn` alone when one side is missing."""
        if self.then is None or self.now is None:
            return ("turn",)
        same = (
            plain(self.then.words) == plain(self.now.words),
            self.then.acts == self.now.acts,
            self.then.turn_class == self.now.turn_class,
            not _is_noticed(self.then.first_words_s, self.now.first_words_s),
        )
        return tuple(aspect for aspect, is_same in zip(ASPECTS, same, strict=True) if not is_same)


def compare(then: Sequence[Json], now: Sequence[Json]) -> tuple[Pair, ...]:
    """The turns of both calls, in their order."""
    return tuple(_pairs(then, now))


def render_pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """As JSON. Its keys only grow."""
    return [
        {
            "utterance": pair.utterance,
            "differs": list(pair.differs),
            "then": _rendered(pair.then),
            "now": _rendered(pair.now),
        }
        for pair in pairs
    ]


def _rendered(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    first_s = side.first_words_s
    return {
        "words": side.words,
        "is_cut": side.is_cut,
        "acts": list(side.acts),
        "class": side.turn_class,
        "first_words_s": None if first_s is None else round(first_s, 4),
        "outcome": side.outcome,
    }


def _pairs(then: Sequence[Json], now: Sequence[Json]) -> Iterator[Pair]:
    before, after = _sides(then), _sides(now)
    said = [plain(turn["utterance"]) for turn in then]
    says = [plain(turn["utterance"]) for turn in now]
    matcher = SequenceMatcher(None, said, says, autojunk=False)
    for what, from_then, to_then, from_now, to_now in matcher.get_opcodes():
        if what == "equal":
            both = zip(range(from_then, to_then), range(from_now, to_now), strict=True)
            yield from (Pair(then[i]["utterance"], before[i], after[j]) for i, j in both)
            continue
        yield from (Pair(then[i]["utterance"], before[i], None) for i in range(from_then, to_then))
        yield from (Pair(now[j]["utterance"], None, after[j]) for j in range(from_now, to_now))


def _sides(turns: Sequence[Json]) -> list[Side]:
    return [_side(turn, turns[i - 1] if i else None) for i, turn in enumerate(turns)]


def _side(turn: Json, before: Json | None) -> Side:
    heard, ours = turn["sent"] if turn["heard"] is None else turn["heard"], turn["ours"]
    # What a run that was let go says instead is for a repeat that never came.
    is_said = turn["outcome"] not in ("left", "superseded")
    words = " ".join(f"{heard} {ours if is_said else ''}".split())
    return Side(
        words=words,
        is_cut=was_cut(turn),
        acts=tuple(str(act["name"]) for act in turn["acts"]),
        turn_class=_class_of(turn, before),
        first_words_s=first_words_s(turn) if words else None,
        outcome=turn["outcome"],
    )


def _class_of(turn: Json, before: Json | None) -> TurnClass:
    """What the request was. Repeats, and what goes on after an act, have no turn of their own."""
    if not turn["utterance"]:
        if turn["sent"].strip():
            return TurnClass.NEW  # the results of a tool, or a greeting of the agent's own
        return TurnClass.GREETING if before is None else TurnClass.SILENCE
    was_replaced = before is not None and before["outcome"] == "superseded"
    return TurnClass.REVISED if was_replaced else TurnClass.NEW


def _is_noticed(then_s: float | None, now_s: float | None) -> bool:
    """Whether somebody would notice the difference. That nothing was said is told by the words."""
    if then_s is None or now_s is None:
        return False
    return abs(then_s - now_s) > NOTICED_S
