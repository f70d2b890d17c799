"""Two people on the telephone, both spoken by hibari: the voice agent, and a deeper caller.

The same text always sounds the same: the noise in a voice has a seed of its own for each sentence.
A voice speaks English, and says so when it is asked for another language. What it makes goes
through the telephone's band (8000 Hz, μ-law) before anybody hears it.

When each word ends is an estimate: a sentence's time, from its first sound to its last, is shared
out by the letters of its words. It is 0.15 s beside the truth on average and 0.6 s at worst (84
words, held against the ear's own moments); where a sentence begins and ends is exact.

Source: github.com/MMWilliams/hibari (0.2.1, 2026-11).
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hibari
import numpy as np
import soxr
from numpy.typing import NDArray

from bridge.errors import SettingsError
from bridge.rehearsal.audio.frames import encode, framed
from bridge.rehearsal.sound import RATE_HZ, Spoken, Word

Samples = NDArray[np.float32]
"""Mono sound between -1 and 1."""

DEEPER = 1.2
"""How many times lower the caller speaks than the agent.

Far enough apart to tell which of the two is heard; at 1.4 the ear takes every fifth word for
another, at 1.2 one in 170, as at 1.0 (24 sentences, 2026-11)."""

_SEED: Final = 1

_QUIET = 0.02
"""Softer than this share of the loudest sample is the breath before or after a sentence."""

_LEAD_S = 0.02
"""Kept of the silence before a sentence, so that its first consonant has its onset."""

_TAIL_S = 0.1
"""Kept of the silence after it: the shortest pause by which two sentences are heard as two."""

_PAUSE_LETTERS = 6
"""A comma is a pause as long as so many letters: of 0 to 8 the number that fits best."""

_WORD = re.compile(r"\S*\w\S*")


class HibariVoice:
    """A `Voice` of English words.

    Args:
        deeper: how many times lower than the model's own.
    """

    def __init__(self, deeper: float = 1.0) -> None:
        self._deeper = deeper
        self._spoken: dict[str, Spoken] = {}
        self._one_at_a_time = threading.Lock()

    async def speak(self, text: str, language: str) -> Spoken:
        """See `bridge.rehearsal.sound.Voice`.

        Raises:
            SettingsError: the language is not English, or the voice's model is not there.
        """
        if not is_english(language):
            raise SettingsError(
                f"the voices of a rehearsal with sound speak English, not {language!r}",
                setting="--audio",
                hint="Rehearse this call without sound: that works in every language.",
            )
        if text not in self._spoken:
            self._spoken[text] = await asyncio.to_thread(self._speak, text)
        return self._spoken[text]

    def _speak(self, text: str) -> Spoken:
        with self._one_at_a_time:
            return self._synthesize(text, _model())

    def _synthesize(self, text: str, model: hibari.Hibari) -> Spoken:
        parts: list[Samples] = []
        words: list[Word] = []
        begins_s = 0.0
        for sentence in model.split_sentences(text):
            samples = self._sentence(sentence, model)
            if not samples.size:
                continue
            sound_s = samples.size / RATE_HZ
            words += _shared_out(sentence, begins_s, begins_s + sound_s - _TAIL_S)
            begins_s += sound_s
            parts.append(samples)
        if not parts or not words:
            return Spoken(text, ())
        frames = framed(encode(_pcm(np.concatenate(parts))))
        words[-1] = Word(words[-1].text, len(frames) * len(frames[0]) / RATE_HZ)
        return Spoken(text, tuple(words), frames)

    def _sentence(self, sentence: str, model: hibari.Hibari) -> Samples:
        """One sentence at the telephone's rate, with little silence around it."""
        # Played slower by as much as it is deeper; so it is spoken faster first.
        said = model(sentence, speed=self._deeper, seed=_SEED)
        loud = np.flatnonzero(np.abs(said) > _QUIET * np.abs(said).max(initial=0.0))
        if not loud.size:
            return np.zeros(0, np.float32)
        rate_hz = hibari.SAMPLE_RATE / self._deeper
        begin = max(0, int(loud[0]) - round(_LEAD_S * rate_hz))
        tail = np.zeros(round(_TAIL_S * rate_hz), np.float32)
        kept = np.concatenate((said[begin : int(loud[-1]) + 1], tail))
        return np.asarray(soxr.resample(kept, rate_hz, RATE_HZ), np.float32)


def is_english(language: str) -> bool:
    """Whether a language is English, of any country."""
    return language.replace("_", "-").partition("-")[0].lower() == "en"


_loading = threading.Lock()
_loaded: list[hibari.Hibari] = []


def _model() -> hibari.Hibari:
    """The model, loaded once in a process, with its first sentence said: that one is slow.

    Raises:
        SettingsError: the package has lost it.
    """
    with _loading:
        if not _loaded:
            model = Path(hibari.tts.ASSETS) / "hibari.onnx"
            # Without its file the package would fetch one from the internet.
            require(model, "hibari-tts")
            voice = hibari.Hibari(model=str(model), threads=1)
            voice("Hello.", seed=_SEED)
            _loaded.append(voice)
        return _loaded[0]


def require(file: Path, package: str) -> None:
    """Raises a `SettingsError` when a package has come without its model."""
    if not file.is_file():
        raise SettingsError(
            f"the package {package!r} has come without {file.name!r}",
            setting="--audio",
            hint="Install what bridge was tried with: pip install -c constraints.txt"
            " 'bridge[rehearsal]'",
        )


def _shared_out(sentence: str, begins_s: float, ends_s: float) -> Iterator[Word]:
    found = _WORD.findall(sentence)
    weights = [len(word) + 1 + _PAUSE_LETTERS * word.endswith((",", ";", ":")) for word in found]
    so_far = 0
    for word, weight in zip(found, weights, strict=True):
        so_far += weight
        yield Word(word, begins_s + (ends_s - begins_s) * so_far / sum(weights))


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
