"""Which of the sentences heard are bridge's own, and not the agent's.

Pure, and as good as it can be from outside: an agent that says one of them in the same words is
taken for bridge.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import fields
from functools import cache

from bridge.core.phrases import LABEL, PhraseBook, Phrases
from bridge.phrases import load_phrases
from bridge.rehearsal.platform.speaking import Kind, Sentences

_NOT_SAID = frozenset({"language", "fillers", "working", "at_sign", "dot"})
"""Fields of a language's phrases that aren't sentences of their own, or are fillers."""


class Ours:
    """Tells sentences apart."""

    def __init__(self, book: PhraseBook) -> None:
        every = [book.for_language(tag) for tag in book.languages]
        fillers = [filler for phrases in every for filler in (*phrases.fillers, phrases.working)]
        self._filler = re.compile("|".join(_pattern(filler.strip()) for filler in fillers))
        self._sentences: Collection[str] = frozenset(
            sentence.strip() for phrases in every for sentence in _sentences(phrases)
        )

    def kind(self, sentence: str) -> Kind:
        """Whose it is."""
        said = sentence.strip()
        if self._filler.fullmatch(said):
            return "filler"
        return "ours" if said in self._sentences else "words"


@cache
def known_ours() -> Ours:
    """Of all phrases that bridge has: read once, however many calls there are at once."""
    return Ours(load_phrases())


def _pattern(filler: str) -> str:
    return re.escape(filler).replace(re.escape(LABEL), ".{1,60}")


def _sentences(phrases: Phrases) -> Iterator[str]:
    """Every sentence of a language, as the voice takes them: one by one."""
    for field in fields(phrases):
        if field.name in _NOT_SAID:
            continue
        said = getattr(phrases, field.name)
        for phrase in said if isinstance(said, tuple) else (said,):
            rest, ready = Sentences().add(phrase)
            yield from (*ready, *rest.end()[1])
