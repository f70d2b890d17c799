"""A telephone in somebody's hand: the microphone and the loudspeaker of this machine, `--mic`.

8000 Hz, mono, μ-law, as on the line. Wear headphones: a microphone that hears the loudspeaker
takes the agent for the caller. Ctrl-C hangs up.

Source: python-sounddevice.readthedocs.io (0.5, 2026-11).
"""

import asyncio
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from bridge.errors import SettingsError
from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, decode, encode
from bridge.rehearsal.sound import FRAME_S, RATE_HZ

LONGEST_WAIT_S = 30.0
"""So much sound waits to be listened to, and older sound is dropped: the longest utterance."""


class Handset(Protocol):
    """Hears somebody, and plays to them. Frames are as everywhere on the line."""

    async def listen(self) -> bytes:
        """The next frame of what they say, silence included; empty when they have hung up."""

    def play(self, frames: Sequence[bytes]) -> None:
        """Plays to them, after what is still to be played."""

    def stop(self) -> None:
        """Drops what is still to be played."""


@asynccontextmanager
async def open_handset() -> AsyncIterator["DeviceHandset"]:
    """The devices that the system has as its own, opened. Closing them stops the sound.

    Raises:
        SettingsError: there is no microphone or no loudspeaker, or what speaks with them is
            missing; the message says which.
    """
    sounddevice = _sounddevice()
    handset = DeviceHandset(asyncio.get_running_loop())
    try:
        stream = sounddevice.RawStream(
            samplerate=RATE_HZ,
            blocksize=FRAME_BYTES,
            channels=1,
            dtype="int16",
            callback=handset.exchange,
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SettingsError(
            f"no microphone and loudspeaker can be opened: {error}",
            setting="--mic",
            hint="Plug in a headset, and see with python -m sounddevice what the system has.",
        ) from None
    loop = asyncio.get_running_loop()
    with stream:
        loop.add_signal_handler(signal.SIGINT, handset.hang_up)
        try:
            yield handset
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _sounddevice() -> Any:  # noqa: ANN401 - a package without types
    try:
        import sounddevice  # noqa: PLC0415 - for --mic alone, and it loads a library of the system
    except ModuleNotFoundError:
        raise SettingsError(
            "the microphone needs the package 'sounddevice', which is not installed",
            setting="--mic",
            hint="pip install sounddevice",
        ) from None
    except OSError:
        raise SettingsError(
            "the microphone needs the library PortAudio, which is not installed",
            setting="--mic",
            hint="Debian, Ubuntu: apt install libportaudio2; macOS: brew install portaudio",
        ) from None
    return sounddevice


class DeviceHandset:
    """A `Handset`. Its `exchange` runs in the thread of the devices, everything else in the loop's.

    Args:
        loop: where it is listened to.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._to_play: deque[bytes] = deque()
        self._one_at_a_time = threading.Lock()
        self._has_hung_up = False

    async def listen(self) -> bytes:
        """See `Handset`."""
        if self._has_hung_up:
            return b""
        return await self._said.get()

    def play(self, frames: Sequence[bytes]) -> None:
        """See `Handset`."""
        with self._one_at_a_time:
            self._to_play.extend(frames)

    def stop(self) -> None:
        """See `Handset`."""
        with self._one_at_a_time:
            self._to_play.clear()

    def hang_up(self) -> None:
        """Nothing more is listened to."""
        self._has_hung_up = True
        self._said.put_nowait(b"")

    def exchange(self, said: bytes, out: Any, frames: int, time: Any, status: Any) -> None:  # noqa: ANN401, ARG002 - PortAudio's own
        """20 ms of the microphone come, and 20 ms for the loudspeaker are wanted."""
        self._loop.call_soon_threadsafe(self._take, encode(bytes(said)))
        with self._one_at_a_time:
            frame = self._to_play.popleft() if self._to_play else SILENCE
        out[:] = decode(frame)

    def _take(self, frame: bytes) -> None:
        if self._said.qsize() > LONGEST_WAIT_S / FRAME_S:
            self._said.get_nowait()
        self._said.put_nowait(frame)
