"""The other side of a call: does what the scenario's lines say, one after the other.

Speaking takes time, a keypad waits for the last key, and patience is part of the lines. `due_s`
decides when a line's moment is; the rest waits for it and acts.
"""

from collections.abc import Mapping, Sequence

from bridge.rehearsal.performance import Spoke
from bridge.rehearsal.platform.conversation import Conversation
from bridge.rehearsal.platform.speaking import beginnings
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.scenario import Line
from bridge.rehearsal.sound import Spoken

KEY_S = 0.25
"""How long a key is pressed, with the pause after it: what a person does."""

KEYS_PAUSE_S = 2.0
"""After so long without another key the digits are taken: the platform's `dtmf_input_timeout`.
Source: elevenlabs.io/docs, agent configuration (2026-11)."""

HANGS_UP_AFTER_S = 1.0
"""A caller who has no more to say hangs up so long after the last reply."""


def due_s(
    line: Line, quiet_s: float | None, words_s: float | None, asked_s: float | None
) -> float | None:
    """When a line's moment is; `None` while that can't be said.

    Args:
        quiet_s: since when nobody has spoken and nobody thinks; `None` while somebody does.
        words_s: when as many words were heard as the line waits for.
        asked_s: when bridge was asked last.
    """
    after_s = None if quiet_s is None else quiet_s + line.after_s
    if line.cuts_in_after_s is not None and asked_s is not None:
        return asked_s + line.cuts_in_after_s
    if line.cuts_in_after_words is not None and words_s is not None:
        return words_s
    return after_s


class Caller:
    """Who speaks with the agent.

    Args:
        lines: what they do.
        spoken: how each line that has words is spoken, by its number.
        language: theirs.
    """

    def __init__(
        self,
        around: Surroundings,
        lines: Sequence[Line],
        spoken: Mapping[int, Spoken],
        language: str,
    ) -> None:
        self._around = around
        self._lines = lines
        self._spoken = spoken
        self._language = language

    async def act(self, conversation: Conversation) -> None:
        """Does everything. Returns some time after the last reply, unless the call ends before."""
        for line in self._lines:
            await self._around.waiting.until(lambda line=line: _due_s(line, conversation))  # type: ignore[misc]
            if line.event is not None:
                await self._around.stage.befall(line.event)
                continue
            conversation.turn_to(line.number)
            if line.hangs_up:
                conversation.hang_up()
            elif line.silent_s is not None:
                await self._around.waiting.pause(line.silent_s)
            elif line.keys:
                await self._press(line, conversation)
            else:
                await self._say(line, conversation)
        end = Line(0, after_s=HANGS_UP_AFTER_S)
        await self._around.waiting.until(lambda: _due_s(end, conversation))

    async def _say(self, line: Line, conversation: Conversation) -> None:
        around, spoken = self._around, self._spoken[line.number]
        manners, began_s = around.manners, around.at_s
        conversation.begin_listening()
        if manners.speculative:
            await self._speak_word_by_word(spoken, conversation)
        await around.waiting.until(lambda: began_s + spoken.duration_s)
        around.tape.add(Spoke(began_s, around.at_s, "caller", line.number, line.says))
        if spoken.frames:
            around.caller_sound.append((began_s, spoken.frames))
        words = line.says
        if around.ear is not None and spoken.frames:
            words = await around.ear.hear(spoken.frames, self._language)
        await around.waiting.pause(manners.endpointing_s)
        for early in line.heard_first:
            conversation.take_early(early)
            await around.waiting.pause(line.burst_s)
        conversation.take_final(words)

    async def _speak_word_by_word(self, spoken: Spoken, conversation: Conversation) -> None:
        """Each word but the last, with which the transcript is the final one."""
        began_s = self._around.at_s
        for words, until_s in list(beginnings(spoken))[:-1]:
            ends_s = began_s + until_s
            await self._around.waiting.until(lambda ends_s=ends_s: ends_s)  # type: ignore[misc]
            conversation.take_early(words)

    async def _press(self, line: Line, conversation: Conversation) -> None:
        around, began_s = self._around, self._around.at_s
        await around.waiting.pause(KEY_S * len(line.keys))
        pressed = Spoke(
            began_s, around.at_s, "caller", line.number, line.keys, kind="words", is_keys=True
        )
        around.tape.add(pressed)
        await around.waiting.pause(KEYS_PAUSE_S)
        conversation.begin_listening()
        conversation.take_final(line.keys)


def _due_s(line: Line, conversation: Conversation) -> float | None:
    return due_s(
        line,
        conversation.quiet_since_s(),
        conversation.heard_words_s(line.cuts_in_after_words or 0),
        conversation.asked_s,
    )
