"""An agent's text to speakable text, in any cut.

    text ─▶ `shaper` ─▶ `reader`: line by line, sign by sign ─▶ `voice` ─▶ `line` ─▶ pieces

The reader decides what stands at a place, by `Step`s; the voice lets nothing out that could be
taken for markup; the line sets spaces and pauses. Here: what is heard of a text. Not here: when
it is asked for, or what a mark does. A new sign is one more step in `signs`, with its examples
in `tests/unit/core/speech_golden/`.
"""

from bridge.core.speech.options import Mark, Piece, SpeechOptions
from bridge.core.speech.shaper import Shaper, shape

__all__ = ["Mark", "Piece", "Shaper", "SpeechOptions", "shape"]
