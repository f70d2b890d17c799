"""What the agent of a recorded call said and did, for a scripted one to say and do again.

Pure. Words and acts stand as they were; telephone numbers in them are somebody's, and are hidden.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.errors import Why
from bridge.masking import mask_numbers
from bridge.rehearsal.scenario import Fault, Reply

Json = Mapping[str, Any]

COLLEAGUE = "+15550100777"
"""Nobody's number, in place of one that a caller is put through to.
Source: nanpa.com, numbers for entertainment and advertising (2026-11)."""

HERE = "here"
"""The outcome of a turn that was answered without the agent."""

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class Discretion:
    """What of a record may be shown: its words, and nobody's telephone number.

    Attributes:
        has_colleague: whether a number that a tool was called with was replaced.
    """

    def __init__(self, *, reveal: bool, masks_words: bool) -> None:
        self.has_colleague = False
        self._reveal = reveal
        self._masks_words = masks_words

    def text(self, text: str) -> str:
        """A text, its numbers masked where they are to be."""
        return mask_numbers(text) if self._masks_words else text

    def number(self, number: str | None, otherwise: str) -> str:
        """A number; nobody's in its place, and a withheld one stays so."""
        if number is None:
            return ""
        return number if self._reveal and _NUMBER.fullmatch(number) else otherwise

    def arguments(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """What a tool was called with, its numbers replaced by one that can be rung."""
        if isinstance(value, Mapping):
            return {key: self.arguments(each) for key, each in value.items() if each is not None}
        if not isinstance(value, str):
            return value
        if _NUMBER.fullmatch(value) and not self._reveal:
            self.has_colleague = True
            return COLLEAGUE
        return self.text(value)


def replies_of(turns: Sequence[Json], keep: Discretion) -> Iterator[Reply]:
    """What the agent said, once each: to who says the same twice it may have said two things.

    Transcripts to which it had said nothing when they were taken back come last: it says nothing
    to them again, and their words fit longer ones too.
    """
    asked = [turn for turn in turns if turn["outcome"] != HERE]
    yield from (_reply(turn, keep) for turn in asked if _has_come(turn))
    yield from (_reply(turn, keep) for turn in asked if not _has_come(turn))


def _has_come(turn: Json) -> bool:
    """Whether anything came of the agent, a failure or an end without words too."""
    was_let_go = turn["outcome"] in ("superseded", "left", "draining")
    return bool(turn["sent"].strip() or turn["acts"] or turn["failure"]) or not was_let_go


def _reply(turn: Json, keep: Discretion) -> Reply:
    says, usual = keep.text(turn["sent"].strip()), Reply()
    chunks = max(1, len(says) // usual.chunk_chars)
    fault = _fault(turn)
    think_s = usual.after_s if fault is Fault.HANG else turn["stages_s"].get("think", 0.0)
    return Reply(
        to=keep.text(turn["utterance"].strip()),
        says=says,
        after_s=round(think_s, 2),
        chunk_s=round(turn["stages_s"].get("speak", 0.0) / chunks, 2) if says else usual.chunk_s,
        calls=tuple(_call(act, keep) for act in turn["acts"]),
        fault=fault,
        times=1,
    )


def _fault(turn: Json) -> Fault | None:
    """How the agent failed, as far as a record tells: late, in its words, or before them."""
    if not _has_come(turn) or turn["failure"].endswith(f" {Why.LATE}"):
        return Fault.HANG
    if turn["failure"]:
        return Fault.DROP if turn["sent"].strip() else Fault.STATUS
    return None


def _call(act: Json, keep: Discretion) -> Json:
    given = act["arguments"]
    arguments = keep.arguments(given) if isinstance(given, Mapping) else {}
    return {"name": act["name"], "arguments": arguments}
