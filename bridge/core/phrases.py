"""What bridge itself says on a call, as values: fillers, prompts, failures, per language.

The words live in `bridge/phrases/*.toml`; `bridge.phrases.load_phrases` reads them. Here is
what every language must hold, and how a language is chosen. Each sentence is honest, fit for
a telephone, and free of markup: it reaches the caller as it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_LANGUAGE = "en"
"""What is spoken when nothing is known of the caller's language, or we have no phrases in it."""

FILLER_END = "... "
"""Three dots and one space: platforms hand this to the voice at once, and what follows still
sounds like one sentence. Source: elevenlabs.io/docs, Custom LLM, buffer words (2026-11)."""

LABEL = "{label}"
"""Stands in `working` where the agent's name for what it is using goes."""

MIN_FILLERS = 6
"""Twice what one turn may use by default, so that two slow turns in a row sound different."""

SILENCE_PROMPTS = 2
"""A caller who says nothing is asked twice; a third time would sound like a machine."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's phrases.

    Attributes:
        language: a language tag, lower case: `"en"`.
        fillers: at least `MIN_FILLERS`, distinct, each one to four words, ended by `FILLER_END`.
        working: a filler with `LABEL` in it, right with any label. Begins with words of ours, so
            that it can be told from the agent's words before it.
        still_there: two prompts for silence, in the order they are said.
        greeting: said first when the greeting is to be ours.
        unreachable: the agent can't be reached.
        too_slow: the turn's deadline passed.
        failed: the agent failed before its first word.
        cut_off: the agent's reply broke off in the middle.
        lost: the run behind this reply was given up, and the caller must ask again.
        busy: too many calls or turns at once.
        refused: this caller may not talk to us; the line is hung up after it.
        goodbye: where the call ends, or goes to another, and the agent said nothing:
        putting_through: to the caller.
        handed_over: to whoever takes the call over.
        pin_ask, pin_wrong, pin_ok, pin_locked: the code a caller must give.
        transfer_failed: the call could not be handed over.
        stopping: bridge is stopping and takes no new turn.
        misconfigured: the agent refuses our key or request; only the operator can cure it.
        ring_back: the reply isn't there in time, and the caller will be rung with it.
        ring_back_soon: the same, to what they say to that.
        ring_back_off: they went on with something else, so they won't be rung back.
        ring_back_here: said first when they are, before the answer.
        ring_back_empty: said when they are, and there is no answer.
        code_left_out: said once in place of fenced code.
        at_sign, dot: the signs of an e-mail address, as one says them.
    """

    language: str
    fillers: tuple[str, ...]
    working: str
    still_there: tuple[str, ...]
    greeting: str
    unreachable: str
    too_slow: str
    failed: str
    cut_off: str
    lost: str
    busy: str
    refused: str
    goodbye: str
    putting_through: str
    handed_over: str
    pin_ask: str
    pin_wrong: str
    pin_ok: str
    pin_locked: str
    transfer_failed: str
    stopping: str
    misconfigured: str
    ring_back: str
    ring_back_soon: str
    ring_back_off: str
    ring_back_here: str
    ring_back_empty: str
    code_left_out: str
    at_sign: str
    dot: str

    def __post_init__(self) -> None:
        """Refuse what would be heard as a mistake.

        Raises:
            ValueError: too few or equal fillers, or one without its end; no place for the label;
                not two prompts for silence.
        """
        if len(set(self.fillers)) != len(self.fillers) or len(self.fillers) < MIN_FILLERS:
            raise ValueError(f"{self.language!r} needs {MIN_FILLERS} different fillers")
        if not all(filler.endswith(FILLER_END) for filler in (*self.fillers, self.working)):
            raise ValueError(f"a filler of {self.language!r} does not end in {FILLER_END!r}")
        if self.working.count(LABEL) != 1 or self.working.startswith(LABEL):
            raise ValueError(f"'working' of {self.language!r} needs {LABEL!r} once, not in front")
        if len(self.still_there) != SILENCE_PROMPTS:
            raise ValueError(f"'still_there' of {self.language!r} needs two prompts")

    def working_on(self, label: str) -> str:
        """The filler that says what the agent is using. `label` is a few plain words."""
        return self.working.replace(LABEL, label)


class PhraseBook:
    """The phrases of every language we have."""

    def __init__(self, by_language: Mapping[str, Phrases]) -> None:
        if DEFAULT_LANGUAGE not in by_language:
            raise ValueError(f"there are no phrases in {DEFAULT_LANGUAGE!r}, the default")
        self._by_language = dict(by_language)

    @property
    def languages(self) -> tuple[str, ...]:
        """Language tags, sorted."""
        return tuple(sorted(self._by_language))

    def for_language(self, tag: str | None) -> Phrases:
        """The phrases nearest to a language tag.

        Args:
            tag: as `"de"`, `"de-AT"`, `"pt_BR"`, in any case; `None` or `""` when unknown.

        Returns:
            The tag's own phrases, else those of its primary language, else `DEFAULT_LANGUAGE`.
        """
        parts = (tag or "").strip().lower().replace("_", "-").split("-")
        for count in range(len(parts), 0, -1):
            found = self._by_language.get("-".join(parts[:count]))
            if found is not None:
                return found
        return self._by_language[DEFAULT_LANGUAGE]

    def all_prompts(self) -> frozenset[str]:
        """What a silent caller may be asked, in every language."""
        return frozenset(p for phrases in self._by_language.values() for p in phrases.still_there)

    def all_fillers(self) -> frozenset[str]:
        """Every filler of every language, and every `working` with its `LABEL` still in it.

        For `bridge.core.filler.strip`, which knows what `LABEL` stands for. Not for saying.
        """
        every = self._by_language.values()
        return frozenset(f for phrases in every for f in (*phrases.fillers, phrases.working))
