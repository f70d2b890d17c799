"""What the platform says was spoken, against what we sent: turn by turn, when a call is over.

Each entry of the voice agent belongs to the next of our turns that it is the beginning of. What
belongs to none is kept as said otherwise: the greeting, a tool's own message, a voicemail's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.core import filler, heard
from bridge.core.platform_call import Said
from bridge.core.record import TurnRecord

MAX_OTHERWISE = 50
"""Entries kept that are none of ours. A call has one greeting and a message or two."""


@dataclass(frozen=True, slots=True)
class AsHeard:
    """The comparison.

    Attributes:
        heard: by run id, what was heard of a reply, for turns of which the record says otherwise.
        cut: how many replies the caller did not hear to their end.
        otherwise: what the voice agent said that we did not send.
    """

    heard: Mapping[str, str] = field(default_factory=dict, repr=False)
    cut: int = 0
    otherwise: tuple[str, ...] = field(default=(), repr=False)


def compare(transcript: Sequence[Said], turns: Sequence[TurnRecord]) -> AsHeard:
    """Compares a call's transcript with its turns, both in order."""
    spoken = [turn for turn in turns if turn.sent.strip() or turn.ours.strip()]
    known: dict[str, str] = {}
    otherwise: list[str] = []
    cut = at = 0
    for entry in transcript:
        if entry.by_caller:
            continue
        place = _place_of(entry.text, spoken, at)
        if place is None:
            otherwise.append(entry.text)
            continue
        turn, at = spoken[place], place + 1
        text = _without_fillers(entry.text, turn)
        split = heard.compare(turn.sent, text)
        cut += split is not None
        if turn.sent.strip():
            was_heard = turn.sent.strip() if split is None else split.heard
            if was_heard != turn.heard:
                known[turn.run_id] = was_heard
    return AsHeard(known, cut, tuple(otherwise[:MAX_OTHERWISE]))


def _place_of(text: str, turns: Sequence[TurnRecord], at: int) -> int | None:
    for place in range(at, len(turns)):
        turn = turns[place]
        bare = _without_fillers(text, turn)
        whole = f"{turn.sent} {turn.ours}"
        if heard.is_beginning(bare, whole) or (not bare.strip() and turn.fillers):
            return place
    return None


def _without_fillers(text: str, turn: TurnRecord) -> str:
    if not turn.fillers:
        return text
    return filler.strip(text, frozenset(turn.fillers), sent_in_this_reply=True)
