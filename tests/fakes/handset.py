"""A telephone in nobody's hand: it says what it is given, frame by frame, at the pace of a line."""

from collections.abc import Sequence

import anyio

from bridge.rehearsal.audio.frames import SILENCE
from bridge.rehearsal.sound import FRAME_S


class FakeHandset:
    """A `bridge.rehearsal.audio.handset.Handset`.

    What it plays is gone through at the same pace, as a loudspeaker does.

    Args:
        script: what is said, each part after so many silent frames.
        silent_after: silent frames after the last, and then it hangs up.

    Attributes:
        played: what was heard in it, from the beginning.
        stopped: how often something that was still to be played was dropped.
    """

    def __init__(self, *script: tuple[int, Sequence[bytes]], silent_after: int = 100) -> None:
        self._said = [
            frame for silent, frames in script for frame in ([SILENCE] * silent + list(frames))
        ] + [SILENCE] * silent_after
        self._to_play: list[bytes] = []
        self.played: list[bytes] = []
        self.stopped = 0

    async def listen(self) -> bytes:
        if not self._said:
            return b""
        await anyio.sleep(FRAME_S)
        self.played.append(self._to_play.pop(0) if self._to_play else SILENCE)
        return self._said.pop(0)

    def play(self, frames: Sequence[bytes]) -> None:
        self._to_play += frames

    def stop(self) -> None:
        self.stopped += bool(self._to_play)
        self._to_play.clear()
