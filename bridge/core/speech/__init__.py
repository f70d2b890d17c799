"""Model text to speakable text, in any cut."""

from bridge.core.speech.options import Mark, Piece, SpeechOptions
from bridge.core.speech.shaper import Shaper, shape

__all__ = ["Mark", "Piece", "Shaper", "SpeechOptions", "shape"]
