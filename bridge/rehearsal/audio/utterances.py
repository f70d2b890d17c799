"""When somebody begins to speak and when they have finished: endpointing for a live microphone.

    silence ── speech for BEGINS_AFTER_S ──▶ speaking ── silence for `pause_s` ──▶ silence
                                             `BeganToSpeak`                 `FinishedSpeaking`

`Utterances` decides, frame by frame; whether a frame is speech is said by a detector. Silero's
reads 32 ms at a time, so the answer for a frame may be up to that much older.
Source: github.com/snakers4/silero-vad, whose sixth model faster-whisper carries (2026-11).
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path

import faster_whisper
import numpy as np
import onnxruntime

from bridge.rehearsal.audio.frames import decode
from bridge.rehearsal.audio.voices import require
from bridge.rehearsal.sound import FRAME_S, BeganToSpeak, FinishedSpeaking

BEGINS_AFTER_S = 0.1
"""Shorter sounds are a click, a cough or a door; nobody's first word is as short."""

KEPT_BEFORE_S = 0.3
"""Of the sound before speech was found: a first consonant is found late."""

LONGEST_S = 28.0
"""An utterance is taken as finished here: the ear understands half a minute at once."""

IS_SPEECH = 0.5
"""From this probability on a stretch is speech: what the makers of the model recommend."""

_WINDOW, _CONTEXT = 512, 64
"""Samples at 16000 Hz that the model reads at once, and those before that it is reminded of."""


class Utterances:
    """Cuts a stream of frames into utterances.

    Args:
        is_speech: whether a frame, the newest of a stream, is speech.
        pause_s: silence by which an utterance is finished.
    """

    def __init__(self, is_speech: Callable[[bytes], bool], pause_s: float) -> None:
        self._is_speech = is_speech
        self._pause = round(pause_s / FRAME_S)
        self._before: deque[bytes] = deque(maxlen=round((KEPT_BEFORE_S + BEGINS_AFTER_S) / FRAME_S))
        self._speaking: list[bytes] | None = None
        self._speech = self._silence = 0

    def hear(self, frame: bytes) -> BeganToSpeak | FinishedSpeaking | None:
        """The next frame; what that changes."""
        if self._is_speech(frame):
            self._speech, self._silence = self._speech + 1, 0
        else:
            self._speech, self._silence = 0, self._silence + 1
        if self._speaking is None:
            return self._wait(frame)
        self._speaking.append(frame)
        if self._silence < self._pause and len(self._speaking) < LONGEST_S / FRAME_S:
            return None
        finished = FinishedSpeaking(tuple(self._speaking))
        self._speaking = None
        return finished

    def _wait(self, frame: bytes) -> BeganToSpeak | None:
        self._before.append(frame)
        if self._speech < BEGINS_AFTER_S / FRAME_S:
            return None
        self._speaking = list(self._before)
        self._before.clear()
        return BeganToSpeak()


class Silero:
    """Tells speech from everything else, in one stream of frames. Takes 0.1 ms a frame.

    Raises:
        SettingsError: the model is not there.
    """

    def __init__(self) -> None:
        model = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
        require(model, "faster-whisper")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._waiting = np.zeros(_CONTEXT, np.float32)
        self._last = 0.0
        self._is_speech = False

    def __call__(self, frame: bytes) -> bool:
        """Whether somebody speaks, as of the last 32 ms that are whole."""
        linear = np.frombuffer(decode(frame), "<i2").astype(np.float32) / 32768
        # Twice as many samples, each second one between its neighbours: enough for this model.
        doubled = np.empty(2 * linear.size, np.float32)
        doubled[1::2] = linear
        doubled[::2] = (np.concatenate(([self._last], linear[:-1])) + linear) / 2
        self._last = float(linear[-1])
        self._waiting = np.concatenate((self._waiting, doubled))
        while self._waiting.size >= _CONTEXT + _WINDOW:
            window, self._waiting = self._waiting[: _CONTEXT + _WINDOW], self._waiting[_WINDOW:]
            given = {"input": window[None], "h": self._h, "c": self._c}
            probability, self._h, self._c = self._session.run(None, given)
            self._is_speech = bool(np.max(probability) >= IS_SPEECH)
        return self._is_speech
