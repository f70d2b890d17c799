"""Fillers: when one is due, which one it is, and how to take them out again.

A filler is said by bridge while the agent thinks. The platform speaks it, so its history holds
it as if the agent had said it; `strip` takes it out before an agent sees that history, and
before what was heard is compared with what was sent.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from bridge.core.phrases import LABEL
from bridge.core.speech.symbols import SENTENCE_ENDS

SECOND_AFTER_S = 4.0
"""From the first filler to the second, seconds. With the first at 1.2 s it comes at about 5 s,
as in other phone agents: later sounds like a dead line, sooner like nagging."""

NEXT_AFTER_S = 6.0
"""From each later filler to the one after it, seconds: about 11 s, 17 s. A caller who has heard
two knows that the wait is long; people forgive a slow reply that is announced."""

LATEST_FIRST_S = 12.0
"""The first filler never comes later than this, whatever is asked for, seconds. The platform's
clock for first words is 2 to 15 s (15 is what provisioning sets), and the words must travel.
Source: elevenlabs.io/docs, `cascade_timeout_seconds` (2026-11)."""

_MAX_LABEL = 40
"""Characters. What an agent calls a tool is a few words; more is the agent's own sentence."""

_MAX_CUT_LABEL = 24
"""Characters of a label that was cut before its dots. Shorter, because nothing proves it ours."""

_LABEL_CHARACTER = rf"[^{''.join(sorted(SENTENCE_ENDS))}\n]"
_Beginnings = Mapping[str, tuple[str, ...]]
"""Fillers by their first character: every reply of a call is looked at in each of its turns."""

_CUT_DOTS: Final = re.compile(r"\s*(?:\.{2,}|…)\s*\Z|\s+\Z")


def schedule(first_words_s: float, count: int) -> tuple[float, ...]:
    """When fillers are due while no word of the agent has come.

    Args:
        first_words_s: the first moment, seconds since the request; below 0 is 0, and above
            `LATEST_FIRST_S` is `LATEST_FIRST_S`.
        count: at most so many; 0 or less is none.

    Returns:
        Moments in seconds since the request, rising, in front of each other by at least
        `SECOND_AFTER_S`.
    """
    if count <= 0:
        return ()
    first = min(max(first_words_s, 0.0), LATEST_FIRST_S)
    later = (first + SECOND_AFTER_S + NEXT_AFTER_S * i for i in range(count - 1))
    return (first, *later)


def draw(fillers: Sequence[str], previous: str | None, seed: int | str) -> str:
    """One filler, the same for the same arguments in every process, never `previous`.

    Args:
        fillers: to choose from, in a fixed order.
        previous: what was said last on this call, in this turn or the one before; `None` when
            nothing was.
        seed: different for each draw, e.g. the turn's id and a count.

    Returns:
        A filler, or `""` when there is none but `previous`: silence is better than an echo.
    """
    choice = [filler for filler in fillers if filler != previous]
    if not choice:
        return ""
    digest = blake2b(str(seed).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return choice[int.from_bytes(digest, "big") % len(choice)]


def strip(
    text: str, fillers: Sequence[str] | frozenset[str], *, sent_in_this_reply: bool = False
) -> str:
    """The agent's words without our fillers.

    A whole filler, dots and all, is taken out wherever it stands. A filler that was cut (the
    caller spoke into it) is taken out when nothing but fillers comes before it. Behind the
    agent's words there is no telling whose words they are, and the agent's own are never taken,
    unless these very fillers are known to have been sent in this reply: then one that was cut
    behind a finished sentence goes too. Differences of white space don't matter.

    Args:
        text: an assistant message as a platform's history has it.
        fillers: as sent, or with `LABEL` where any label may stand (`PhraseBook.all_fillers`).
        sent_in_this_reply: `fillers` are exactly those that went out with this reply.

    Returns:
        `text` itself when no filler is in it; `""` when nothing else is.
    """
    known = _known(frozenset(fillers))
    if known is None or not text:
        return text
    whole, beginnings = known
    left = ""
    end = 0
    for found in whole.finditer(text):
        left = _join(left + text[end : found.start()], found["after"], text[found.end() :])
        end = found.end()
    left += text[end:]
    if _is_cut(left, beginnings):
        return ""
    if sent_in_this_reply:
        left = _without_cut_tail(left, beginnings)
    return left if left == text else left.strip()


def _without_cut_tail(text: str, beginnings: _Beginnings) -> str:
    """`text` up to its last finished sentence, if what follows is the beginning of a filler."""
    said = _CUT_DOTS.sub("", text)
    finished = max(said.rfind(mark) for mark in SENTENCE_ENDS) + 1
    return said[:finished] if _is_cut(said[finished:], beginnings) else text


def _join(before: str, gap: str, after: str) -> str:
    """`before` as it must end once the filler and the white space behind it are gone.

    The filler brought one space with it. A second one was the agent's, and two words that a
    platform's tidying has left with none must not grow together.
    """
    if not before.strip():
        return ""
    if before[-1:].isspace():
        return before
    glued = _is_letter(before[-1:]) and _is_letter(after[:1])
    return before + (gap[1:] or (" " if glued else ""))


def _is_letter(character: str) -> bool:
    """A letter or digit of a script that parts its words by spaces."""
    return character.isalnum() and not "\u3040" <= character <= "\u9fff"


def _is_cut(rest: str, beginnings: _Beginnings) -> bool:
    """Whether `rest` is the beginning of a filler, and nothing else."""
    said = " ".join(_CUT_DOTS.sub("", rest).split())
    if not said:
        return False
    phrases = (*beginnings.get(said[0], ()), *beginnings.get(LABEL[0], ()))
    return any(_begins(phrase, said) for phrase in phrases)


def _begins(phrase: str, said: str) -> bool:
    fixed, labelled, _ = phrase.partition(LABEL)
    if fixed.startswith(said):
        return True
    if not labelled or not said.startswith(fixed):
        return False
    label = said.removeprefix(fixed)
    return re.fullmatch(f"{_LABEL_CHARACTER}{{1,{_MAX_CUT_LABEL}}}", label) is not None


@lru_cache(maxsize=64)
def _known(fillers: frozenset[str]) -> tuple[re.Pattern[str], _Beginnings] | None:
    """The pattern of a whole filler, and every filler's words without its end."""
    bare = (" ".join(filler.rstrip(" .…\t\n").split()) for filler in fillers)
    phrases = tuple(sorted({phrase for phrase in bare if phrase}, key=len, reverse=True))
    if not phrases:
        return None
    anyone = "|".join(_pattern(phrase) for phrase in phrases)
    dots = r"\s*(?:\.{3,}|…|\.\.\s*\Z)"
    beginnings: dict[str, tuple[str, ...]] = {}
    for phrase in phrases:
        beginnings[phrase[0]] = (*beginnings.get(phrase[0], ()), phrase)
    return re.compile(rf"(?:{anyone}){dots}(?P<after>\s*)"), beginnings


def _pattern(phrase: str) -> str:
    words = r"\s+".join(re.escape(word) for word in phrase.split(" "))
    return words.replace(re.escape(LABEL), f"{_LABEL_CHARACTER}{{1,{_MAX_LABEL}}}?")
