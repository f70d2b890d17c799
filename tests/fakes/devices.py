"""A microphone and a loudspeaker that are not there, as the package `sounddevice` shows them.

Held against sounddevice 0.5 with PortAudio 19.6 on ALSA's null device: it is opened with the same
arguments, and calls back from another thread with 20 ms of 16-bit samples each way.
"""

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any, Self

from bridge.rehearsal.audio.frames import FRAME_BYTES


class Devices(ModuleType):
    """What bridge uses of `sounddevice`. A test plays the part of PortAudio's thread."""

    class PortAudioError(Exception):
        pass

    def __init__(self, *, works: bool = True) -> None:
        super().__init__("sounddevice")
        self.works = works
        self.opened: dict[str, Any] = {}
        self.is_running = False

    def RawStream(self, **given: Any) -> "Devices":  # noqa: N802 - theirs
        if not self.works:
            raise self.PortAudioError("Error querying device -1")
        self.opened = given
        return self

    def __enter__(self) -> Self:
        self.is_running = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_running = False

    async def exchange(self, said: bytes) -> bytes:
        """20 ms pass, in another thread: what the loudspeaker was given for them."""
        out = bytearray(2 * FRAME_BYTES)
        callback: Callable[..., None] = self.opened["callback"]
        await asyncio.to_thread(callback, said, memoryview(out), FRAME_BYTES, None, None)
        return bytes(out)
