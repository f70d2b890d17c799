"""A telephone line that does harm: noise under the voices, frames that never arrive.

What it does to a text is the same each time: the harm is drawn with the text as its seed.
"""

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, decode, encode, framed
from bridge.rehearsal.scenario import Manners
from bridge.rehearsal.sound import Spoken, Voice

_LOUDEST: Final = 32767


@dataclass(frozen=True, slots=True)
class BadLine:
    """A `Voice` as it arrives at the other end.

    Attributes:
        voice: as it speaks into the line.
        noise_db: by how much it is louder than the noise; `None` is no noise.
        lost_frames: share of frames in whose place there is silence.
    """

    voice: Voice
    noise_db: float | None
    lost_frames: float

    async def speak(self, text: str, language: str) -> Spoken:
        """See `bridge.rehearsal.sound.Voice`."""
        spoken = await self.voice.speak(text, language)
        return Spoken(spoken.text, spoken.words, self._arrived(text, b"".join(spoken.frames)))

    def _arrived(self, text: str, ulaw: bytes) -> tuple[bytes, ...]:
        chance = np.random.default_rng(zlib.crc32(text.encode()))
        if self.noise_db is not None and ulaw:
            linear = np.frombuffer(decode(ulaw), "<i2").astype(np.float64)
            loudness = np.sqrt(np.mean(linear**2)) / 10 ** (self.noise_db / 20)
            noisy = np.clip(linear + chance.normal(0.0, loudness, linear.size), -_LOUDEST, _LOUDEST)
            ulaw = encode(noisy.astype("<i2").tobytes())
        lost = chance.random(len(ulaw) // FRAME_BYTES) < self.lost_frames
        return tuple(
            SILENCE if is_lost else frame for frame, is_lost in zip(framed(ulaw), lost, strict=True)
        )


def over_line(voice: Voice, manners: Manners) -> Voice:
    """The voice over the line that a scenario asks for; itself when that does no harm."""
    if manners.noise_db is None and not manners.lost_frames:
        return voice
    return BadLine(voice, manners.noise_db, manners.lost_frames)
