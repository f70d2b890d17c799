"""What single characters mean to a voice: what ends a sentence, what has no sound.

Source: the Unicode Character Database, emoji-data.txt and Blocks.txt, 15.1.
"""

import re

ENDS = frozenset(".!?…:;,。．！？：；，、‥؟۔،؛।॥։፧።។၊။—–―|·")
"""After these a voice pauses already: a block that ends in one gets no full stop."""

SENTENCE_ENDS = frozenset(".!?…。．！？؟۔।॥։።។။")
"""Of those, what ends a whole sentence, in every script that has a sign for it."""

CLOSERS = frozenset("\"'”’»›)}」』）】》〉")
"""May stand between a sentence's last mark and its end."""

_STOPS = (
    ("\u0900-\u09ff\u0a00-\u0a7f\u0b00-\u0b7f", "।"),
    ("\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff", "。"),
    ("\u0530-\u058f", "։"),
    ("\u1200-\u137f", "።"),
    ("\u1780-\u17ff", "។"),
    ("\u1000-\u109f", "။"),
)
_STOP_OF = tuple((re.compile(f"[{letters}]"), stop) for letters, stop in _STOPS)
_URDU = frozenset("ٹڈڑںےھ")
_LAST_LETTER = re.compile(r"([^\W\d_])[\W\d_]*\Z")

NO_SOUND = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u20e3\u231a\u231b\u2328\u23cf\u23e9-\u23fa"
    "\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3164\u3297\u3299\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\uffff\ue000-\uf8ff\U0001f000-\U0001faff\U0001fb00-\U0001fbff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
"""Emoji, pictographs, controls of width and direction, private signs: a character class."""

PICTURES = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
"""Emoji and pictographs, those that people set in front of lines: a character class."""

SPACES = "\t\x0b\x0c\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""White space that is said as a space: a character class."""

BREAKS = "\n\r\x85\u2028\u2029"
"""What ends a line: a character class."""

ARROWS = "\u2190-\u21ff\u2794\u2798-\u27af\u27b1-\u27be\u27f0-\u27ff\u2b05-\u2b0d"
"""Arrows: between two words, a pause."""

DOTS = "\u2022\u2023\u2043\u25aa\u25ab\u25cf\u25cb\u25e6\u2219"
"""Bullets as people type them: a character class."""

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: emoji glue, but spelling in the scripts of `JOINING`."""

JOINING = re.compile(
    r"[\u0600-\u08ff\u0900-\u0dff\u0e80-\u0fff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf"
    r"\ua840-\ua8df\ufb50-\ufdff\ufe70-\ufefc]"
)
"""Scripts in which a joiner after a letter changes how the word is read."""


def needs_stop(said: str) -> bool:
    """Whether text ends without anything that would make a voice pause."""
    for char in reversed(said):
        if char not in CLOSERS and not char.isspace():
            return char not in ENDS
    return False


def stop_for(said: str) -> str:
    """The full stop of the script that text ends in."""
    letter = _LAST_LETTER.search(said)
    if letter is None:
        return "."
    for letters, stop in _STOP_OF:
        if letters.match(letter[1]):
            return stop
    return "۔" if _URDU & frozenset(said) else "."
