"""The voice agent's voice in a call: it says what comes, in order, until somebody cuts in.

A shell around `speaking`: it has texts spoken, notes what was heard when it is over, and keeps the
sound.
"""

from collections import deque
from collections.abc import Callable, Collection

import anyio

from bridge.rehearsal.performance import Spoke
from bridge.rehearsal.platform.speaking import Kind, Playback, Sentence, Sentences, Stretch
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.sound import FRAME_S
from bridge.rehearsal.tape import DIGITS


class Mouth:
    """Says one reply after the other.

    Args:
        language: the one that is spoken now.
    """

    def __init__(self, around: Surroundings, language: Callable[[], str]) -> None:
        self._around = around
        self._language = language
        self._fresh = Sentences(whole=around.manners.sentence_buffer)
        self._sentences = self._fresh
        self._ready: deque[tuple[str, Kind]] = deque()
        self._playback = Playback()
        self._told = 0
        self._taken = 0
        self._line = 0
        self._reply = 0

    # -- what is to be said -----------------------------------------------------------------------

    def begin(self, line: int) -> None:
        """A reply to that line of the scenario begins. The one before is over."""
        self._line = line
        self._reply += 1
        self._sentences, self._playback = self._fresh, Playback()
        self._ready.clear()
        self._told = self._taken = 0

    def add(self, text: str, kind: Kind | None = None) -> None:
        """More words of it. `kind`: whose they are; as they read when not given."""
        self._sentences, ready = self._sentences.add(text)
        self._let_go(ready, kind)

    def end(self, kind: Kind | None = None) -> None:
        """No more words come, for now: nothing need wait."""
        self._sentences, ready = self._sentences.end()
        self._let_go(ready, kind)

    def cut(self) -> tuple[str, str]:
        """It falls silent at once. What was heard of what was not taken yet, and what wasn't."""
        at_s = self._around.at_s
        heard = self._playback.heard_by(at_s)[self._taken :]
        queued = "".join(text for text, _ in self._ready)
        rest = self._playback.unheard_by(at_s) + queued + self._sentences.waiting
        stretches = self._playback.stretches(at_s, self._told)
        for stretch in stretches[:-1]:
            self._note(stretch, stretch.unheard)
        if stretches:
            self._note(stretches[-1], rest.strip())
        self._keep_sound(self._playback.sentences[self._told :], at_s)
        if self._around.person is not None:
            self._around.person.stop()
        self.begin(self._line)
        self._around.waiting.stir()
        return heard, rest

    # -- what was heard ---------------------------------------------------------------------------

    def take(self) -> str:
        """What was heard since this was asked before."""
        heard = self._playback.heard_by(self._around.at_s)
        new, self._taken = heard[self._taken :], len(heard)
        return new

    def over_s(self) -> float | None:
        """Since when it has been silent; `None` while something is still to be said."""
        is_busy = self._ready or self._sentences.waiting
        if is_busy or self._told < len(self._playback.sentences):
            return None
        return self._playback.free_s()

    def word_s(self, count: int, kinds: Collection[Kind]) -> float | None:
        """When so many words of these kinds have been heard; `None` while that can't be said."""
        return self._playback.word_s(count, kinds)

    # -- the work ---------------------------------------------------------------------------------

    async def work(self) -> None:
        """Speaks, until it is cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._speak)
            tasks.start_soon(self._tell)

    async def _speak(self) -> None:
        around = self._around
        while True:
            await around.waiting.until(lambda: 0.0 if self._ready else None)
            reply, (text, kind) = self._reply, self._ready[0]
            spoken = await around.voice.speak(text, self._language())
            if reply == self._reply:  # else it was cut meanwhile
                self._ready.popleft()
                self._playback = self._playback.add(spoken, around.at_s, kind)
                if around.person is not None:
                    around.person.play(spoken.frames)
                around.waiting.stir()

    async def _tell(self) -> None:
        while True:
            await self._around.waiting.until(self._next_end_s)
            breath = self._playback.breath(self._told)
            for stretch in self._playback.stretches(breath[-1].ends_s, self._told)[:1]:
                self._note(stretch)
            self._keep_sound(breath, breath[-1].ends_s)
            self._told += len(breath)
            self._around.waiting.stir()

    def _next_end_s(self) -> float | None:
        breath = self._playback.breath(self._told)
        return breath[-1].ends_s if breath else None

    def _let_go(self, ready: Collection[str], kind: Kind | None) -> None:
        self._ready.extend((text, kind or self._around.ours.kind(text)) for text in ready)
        if ready:
            self._around.waiting.stir()

    def _note(self, heard: Stretch, unheard: str = "") -> None:
        if not heard.text and not unheard:
            return
        from_s, to_s = round(heard.begins_s, DIGITS), round(heard.ends_s, DIGITS)
        self._around.tape.add(
            Spoke(from_s, to_s, "agent", self._line, heard.text, unheard, heard.kind)
        )

    def _keep_sound(self, sentences: Collection[Sentence], until_s: float) -> None:
        for one in sentences:
            count = round((until_s - one.begins_s) / FRAME_S)
            if one.spoken.frames and count > 0:
                self._around.agent_sound.append((one.begins_s, one.spoken.frames[:count]))
