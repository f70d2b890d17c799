"""What the platform's voice says when: words come in pieces, and go out as sentences in time.

    pieces of a reply ─▶ Sentences ─▶ a Voice, in the shell ─▶ Playback: what was heard by when

Pure. Words wait for the end of their sentence, as a synthesiser needs them; `"... "` lets go of
them at once, and so does the end of the reply. A sentence begins when the one before it is over.
A word was heard when all of it was said.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from bridge.rehearsal.sound import Spoken

Kind = Literal["words", "filler", "ours", "greeting"]
"""Whose words they are: the agent's, or one of bridge's own phrases."""

SAME_BREATH_S = 0.05
"""A shorter pause between two sentences is nobody's pause: they are one stretch of speech."""

SAME_MOMENT_S = 1e-6
"""Two moments that differ by less are one: who cuts in at the end of a word has heard it, however
the clock rounds."""

_END = re.compile(
    r"""[.!?…؟।]+["'»”’)\]]*\s+  # ended, and more will follow
      | [。！？]+[」』”’）]*       # scripts that put no space between sentences
      | \n+
    """,
    re.VERBOSE,
)
_WORD_END = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Words that wait for the end of their sentence.

    Attributes:
        waiting: what has come and is not let go of.
        whole: whether it waits for a sentence, or for a word alone.
    """

    waiting: str = ""
    whole: bool = True

    def add(self, text: str) -> tuple["Sentences", tuple[str, ...]]:
        """A piece comes; what may be spoken now. All that is let go of, joined, is what came."""
        waiting = self.waiting + text
        ends = [found.end() for found in (_END if self.whole else _WORD_END).finditer(waiting)]
        borders = [0, *ends]
        ready = tuple(waiting[a:b] for a, b in pairwise(borders))
        return replace(self, waiting=waiting[borders[-1] :]), ready

    def end(self) -> tuple["Sentences", tuple[str, ...]]:
        """The reply is over: what is left is spoken as it stands."""
        return replace(self, waiting=""), (self.waiting,) if self.waiting else ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that has its place in time."""

    spoken: Spoken
    begins_s: float
    kind: Kind = "words"

    @property
    def ends_s(self) -> float:
        """When all of it was said."""
        return self.begins_s + self.spoken.duration_s

    def heard_by(self, at_s: float) -> str:
        """Its beginning, as far as it was said by then."""
        if at_s >= self.ends_s:
            return self.spoken.text
        by_s = at_s - self.begins_s + SAME_MOMENT_S
        said = [text for text, until_s in beginnings(self.spoken) if until_s <= by_s]
        return said[-1] if said else ""

    def word_ends_s(self) -> list[float]:
        """When each of its words has been said."""
        return [self.begins_s + word.until_s for word in self.spoken.words]


def beginnings(spoken: Spoken) -> Iterator[tuple[str, float]]:
    """A text up to each of its words, and after how many seconds that has been said.

    A word that a voice spells in its own way is heard with the next that is found.
    """
    place = 0
    for word in spoken.words:
        text = word.text.strip()
        found = spoken.text.find(text, place)
        place = place if found < 0 else found + len(text)
        yield spoken.text[:place], word.until_s


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech without a pause, of one kind: what was heard from when to when."""

    begins_s: float
    ends_s: float
    text: str
    kind: Kind
    unheard: str = ""


@dataclass(frozen=True, slots=True)
class Playback:
    """The sentences of a reply, in order. None begins before the one before it is over."""

    sentences: tuple[Sentence, ...] = ()

    def free_s(self) -> float:
        """When all that it has will have been said."""
        return self.sentences[-1].ends_s if self.sentences else 0.0

    def add(self, spoken: Spoken, at_s: float, kind: Kind = "words") -> "Playback":
        """A sentence is there to be said from `at_s` on."""
        begins_s = max(at_s, self.free_s())
        return Playback((*self.sentences, Sentence(spoken, begins_s, kind)))

    def heard_by(self, at_s: float) -> str:
        """All that was heard by then: a beginning of what was added, ending with a whole word."""
        return "".join(one.heard_by(at_s) for one in self.sentences if one.begins_s <= at_s)

    def unheard_by(self, at_s: float) -> str:
        """What was added and was not heard by then."""
        return "".join(one.spoken.text for one in self.sentences)[len(self.heard_by(at_s)) :]

    def word_s(self, count: int, kinds: Collection[Kind]) -> float | None:
        """When so many words of these kinds have been heard; `None` when there are fewer yet."""
        ends = [end for one in self.sentences if one.kind in kinds for end in one.word_ends_s()]
        return ends[count - 1] if 0 < count <= len(ends) else None

    def breath(self, first: int) -> tuple[Sentence, ...]:
        """The sentences from the `first` on that are said in one breath, all of one kind."""
        return _breath(self.sentences[first:])

    def stretches(self, until_s: float, first: int = 0) -> list[Stretch]:
        """What was heard by then, as stretches of speech, from the `first` sentence on."""
        rest = tuple(one for one in self.sentences[first:] if one.begins_s < until_s)
        found: list[Stretch] = []
        while rest:
            breath = _breath(rest)
            found.append(_stretch(breath, until_s))
            rest = rest[len(breath) :]
        return found


def _breath(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    borders = (
        i for i, (one, two) in enumerate(pairwise(sentences), 1) if not _is_one_breath(one, two)
    )
    return sentences[: next(borders, len(sentences))]


def _is_one_breath(one: Sentence, two: Sentence) -> bool:
    """Fillers are counted: each is a stretch of its own."""
    return one.kind == two.kind != "filler" and two.begins_s - one.ends_s < SAME_BREATH_S


def _stretch(group: Sequence[Sentence], until_s: float) -> Stretch:
    first, last = group[0], group[-1]
    whole = "".join(one.spoken.text for one in group)
    heard = "".join(one.heard_by(until_s) for one in group)
    ends_s = min(last.ends_s, until_s)
    return Stretch(first.begins_s, ends_s, heard.strip(), first.kind, whole[len(heard) :].strip())
