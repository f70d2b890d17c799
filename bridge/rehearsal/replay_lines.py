"""What the caller of a recorded call did, line by line, and when.

Pure. A record has the moments of requests and no sound: how long somebody spoke is reckoned at the
pace of the simulated voices.

    utterance, digits ─▶ a line             cut off ─▶ the next line cuts in after so many words
    taken back, then said at length ─▶ what was heard first       no utterance ─▶ a silence
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from bridge.core import heard
from bridge.rehearsal.platform.history import GROWS_S
from bridge.rehearsal.scenario import Line, Manners
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.system_tools import ends_call

Json = Mapping[str, Any]

LONGEST_PAUSE_S = Manners().turn_timeout_s - 1.0
"""Longest pause before a line. A record without a silence has none that the platform would have
asked about, however it is reckoned."""

SILENCE_SLACK_S = 1.0
"""How much longer a silence is than until it was asked about last."""

_KEYPAD = re.compile(r"[0-9*#]+")
_VOICE = SilentVoice(Manners().words_a_minute)


@dataclass(frozen=True, slots=True)
class Group:
    """Turns that one line begins: what was heard first, the utterance itself, and what followed."""

    early: tuple[Json, ...]
    turns: tuple[Json, ...]

    @property
    def is_silence(self) -> bool:
        """Whether nobody said anything."""
        return not self.turns[0]["utterance"]

    @property
    def began_s(self) -> float:
        """When its first request came."""
        return float((*self.early, *self.turns)[0]["at_s"])


def groups_of(turns: Sequence[Json]) -> list[Group]:
    """The turns by the lines that began them."""
    groups: list[Group] = []
    early: list[Json] = []
    for turn, later in pairwise([*turns, None]):
        assert turn is not None, "only the last is followed by nothing"
        if later is not None and _is_early(turn, later):
            early.append(turn)
        elif turn["utterance"] or not groups or is_silence(turn):
            groups.append(Group(tuple(early), (turn,)))
            early = []
        else:  # results of tools, in the turn before
            groups[-1] = replace(groups[-1], turns=(*groups[-1].turns, turn))
    return groups


def is_silence(turn: Json) -> bool:
    """Whether nobody said anything in it but bridge itself."""
    return not turn["utterance"] and not turn["sent"]


def _is_early(turn: Json, later: Json) -> bool:
    """Whether a turn was a transcript that was taken back for the longer one of the next."""
    said, then = turn["utterance"].casefold().strip(" .,?!…"), later["utterance"].casefold()
    was_silent = not (turn["heard"] or "").strip() and not turn["acts"]
    is_soon = later["at_s"] - turn["at_s"] <= GROWS_S
    is_over = turn["outcome"] in ("superseded", "left")
    return bool(said) and then.startswith(said) and was_silent and is_soon and is_over


def lines_of(call: Json, turns: Sequence[Json]) -> Iterator[Line]:
    """The lines in order, without their numbers."""
    groups = groups_of(turns)
    before: Group | None = None
    at = 0
    while at < len(groups):
        group = groups[at]
        if group.is_silence:
            silences = 1
            while at + silences < len(groups) and groups[at + silences].is_silence:
                silences += 1
            yield _silence(groups[at : at + silences])
            at += silences
        else:
            yield _spoken(group, before)
            at += 1
        before = groups[at - 1]
    if before is not None and not _ended_by_act(before):
        yield _cut_in(Line(0, hangs_up=True), before)
    elif before is None and call.get("mode") is not None and call["outcome"] == "completed":
        yield Line(0, silent_s=_spoken_s(call.get("message") or "") + SILENCE_SLACK_S)


def _silence(silences: Sequence[Group]) -> Line:
    """One long silence, in which the platform asks as often as it did."""
    spoken_s = sum(_spoken_s(group.turns[0]["ours"]) for group in silences[:-1])
    lasts_s = len(silences) * Manners().turn_timeout_s + spoken_s + SILENCE_SLACK_S
    return Line(0, silent_s=round(lasts_s, 1), after_s=0.0)


def _spoken(group: Group, before: Group | None) -> Line:
    said = group.turns[0]["utterance"].strip()
    line = Line(0, keys=said) if _KEYPAD.fullmatch(said) else Line(0, says=said)
    if group.early and line.says:
        took_s = group.turns[0]["at_s"] - group.began_s
        first = tuple(turn["utterance"].strip() for turn in group.early)
        line = replace(line, heard_first=first, burst_s=round(took_s / len(first), 2))
    if before is None:
        return line
    begins_s = group.began_s - Manners().endpointing_s - _spoken_s(said)
    pause_s = min(max(0.0, begins_s - _ends_s(before)), LONGEST_PAUSE_S)
    line = replace(line, after_s=round(pause_s, 1))
    return _cut_in(line, before, begins_s)


def _cut_in(line: Line, before: Group, begins_s: float | None = None) -> Line:
    """The line, cutting in where the reply before it was cut off."""
    last = before.turns[-1]
    if was_cut(last) and last["heard"].strip():
        usual = Line(0).after_s
        words = len(_VOICE.spoken(last["heard"]).words)
        return replace(line, cuts_in_after_words=words, after_s=usual)
    was_left = last["outcome"] == "left" and not last["sent"].strip()
    if begins_s is not None and (was_cut(last) or was_left):
        waited_s = max(0.0, begins_s - last["at_s"])
        return replace(line, cuts_in_after_s=round(waited_s, 1), after_s=Line(0).after_s)
    return line


def _ends_s(group: Group) -> float:
    """When the reply was over, as far as that can be reckoned."""
    last = group.turns[-1]
    words = last["sent"] if last["heard"] is None else last["heard"]
    spoken_s = first_words_s(last) + _spoken_s(f"{words} {last['ours']}")
    took_s = sum(last["stages_s"].values())
    return float(last["at_s"] + max(spoken_s, took_s))


def _ended_by_act(group: Group) -> bool:
    return any(ends_call(act["name"]) for turn in group.turns for act in turn["acts"])


def _spoken_s(text: str) -> float:
    return float(_VOICE.spoken(text).duration_s)


def first_words_s(turn: Json) -> float:
    """From a turn's request to its first words."""
    return sum(float(took_s) for stage, took_s in turn["stages_s"].items() if stage != "speak")


def was_cut(turn: Json) -> bool:
    """Whether its reply was not heard to its end, as far as the record knows."""
    return turn["heard"] is not None and heard.compare(turn["sent"], turn["heard"]) is not None
