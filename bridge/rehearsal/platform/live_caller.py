"""The other side of a call when somebody real is on the line: no lines, but what they say.

Each utterance is a line of its own, counted from 1.
"""

from collections.abc import Sequence

from bridge.rehearsal.performance import Spoke
from bridge.rehearsal.platform.conversation import Conversation
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.sound import FRAME_S, BeganToSpeak, Ear, FinishedSpeaking, Person


class LiveCaller:
    """Who speaks with the agent.

    Args:
        person: who they are; they have done their own endpointing.
        ear: who understands them.
        language: theirs.
    """

    def __init__(self, around: Surroundings, person: Person, ear: Ear, language: str) -> None:
        self._around = around
        self._person = person
        self._ear = ear
        self._language = language
        self._line = 0

    async def act(self, conversation: Conversation) -> None:
        """Passes on what they say. Returns when they hang up."""
        while (happened := await self._person.next()) is not None:
            match happened:
                case BeganToSpeak():
                    self._line += 1
                    conversation.turn_to(self._line)
                    conversation.begin_listening()
                case FinishedSpeaking(frames):
                    conversation.take_final(await self._understood(frames))

    async def _understood(self, frames: Sequence[bytes]) -> str:
        around, until_s = self._around, self._around.at_s
        began_s = max(0.0, until_s - len(frames) * FRAME_S)
        words = await self._ear.hear(frames, self._language)
        around.tape.add(Spoke(began_s, until_s, "caller", self._line, words))
        around.caller_sound.append((began_s, frames))
        return words
