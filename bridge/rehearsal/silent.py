"""A voice without sound: it knows how long words take, and that is all.

Every word takes equally long, so that what was heard by a moment can be reckoned in the head.
"""

import re

from bridge.rehearsal.sound import Spoken, Word

_WORDS = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{1,2}"
    r"|[^\s\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)
"""A word; where a script puts no space between words, two characters count as one."""


class SilentVoice:
    """A `Voice` for a clock that jumps.

    Args:
        words_a_minute: how fast it speaks.
    """

    def __init__(self, words_a_minute: float = 170.0) -> None:
        self._word_s = 60.0 / words_a_minute

    async def speak(self, text: str, language: str) -> Spoken:  # noqa: ARG002 - as every voice
        """See `bridge.rehearsal.sound.Voice`."""
        return self.spoken(text)

    def spoken(self, text: str) -> Spoken:
        """The text with the moments of its words."""
        found = (word.group() for word in _WORDS.finditer(text) if _is_sound(word.group()))
        words = [Word(word, (i + 1) * self._word_s) for i, word in enumerate(found)]
        return Spoken(text, words)


def _is_sound(word: str) -> bool:
    return any(char.isalnum() for char in word)
