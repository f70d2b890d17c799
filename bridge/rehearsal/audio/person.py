"""Somebody real in a rehearsed call: a handset, and endpointing that cuts what it hears."""

from collections.abc import Sequence

from bridge.rehearsal.audio.handset import Handset
from bridge.rehearsal.audio.utterances import Utterances
from bridge.rehearsal.sound import BeganToSpeak, FinishedSpeaking


class HandsetPerson:
    """A `bridge.rehearsal.sound.Person` with a handset."""

    def __init__(self, handset: Handset, utterances: Utterances) -> None:
        self._handset = handset
        self._utterances = utterances

    async def next(self) -> BeganToSpeak | FinishedSpeaking | None:
        """See `bridge.rehearsal.sound.Person`."""
        while frame := await self._handset.listen():
            happened = self._utterances.hear(frame)
            if happened is not None:
                return happened
        return None

    def play(self, frames: Sequence[bytes]) -> None:
        """See `bridge.rehearsal.sound.Person`."""
        self._handset.play(frames)

    def stop(self) -> None:
        """See `bridge.rehearsal.sound.Person`."""
        self._handset.stop()
