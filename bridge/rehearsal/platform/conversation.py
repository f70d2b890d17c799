"""One call at the platform: who may speak, what bridge is asked when, what is done after the words.

A shell around `history`, `speaking` and `request`. What it waits for is always a moment that
`Waiting` is told by a function of what is true now.

    the caller begins ─▶ voice stops, streams are closed, history is cut to what was heard
    the caller is done ─▶ endpointing ─▶ the reply's turn ─▶ its tools, after the last word ─▶ quiet
    quiet for long ─▶ bridge is asked without a new utterance ─▶ quiet for longer ─▶ the end
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import anyio
import anyio.abc

from bridge.rehearsal.performance import Acted, Over, Why
from bridge.rehearsal.platform.asking import Asking, Because, Reply
from bridge.rehearsal.platform.history import Carried, History
from bridge.rehearsal.platform.mouth import Mouth
from bridge.rehearsal.platform.opening import Opening
from bridge.rehearsal.platform.record import GENERATION_FAILED
from bridge.rehearsal.platform.request import Question, chat_url, question
from bridge.rehearsal.platform.silence import Silence, next_silence
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.system_tools import Toolbox, ToolUse, asks_again, ends_call

TOOL_ROUNDS = 5
"""How often bridge is asked in one turn because of tool calls. A model that calls a tool again and
again, each time wrongly, is a loop that a caller hears."""

By = Literal["caller", "agent", "platform"]

HUNG_UP = "Call ended by remote party"
SILENT = "Call ended due to silence"
TOO_LONG = "Maximum call duration exceeded"
"""Why a conversation ended, in the platform's words."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. `has_failed`: the platform gave it up."""

    by: By
    reason: str
    has_failed: bool = False


class Conversation:
    """See the module.

    Attributes:
        history: what was said, as the platform keeps it.
        language: what the agent speaks now.
        ended: how it ended; `None` while it goes on.
    """

    def __init__(self, around: Surroundings, opening: Opening) -> None:
        self.history = History()
        self.language = opening.language
        self.ended: Ended | None = None
        self._around = around
        self._opening = opening
        manners = around.manners
        built_in = opening.prompt.get("built_in_tools") or {}
        self._tools = Toolbox(built_in, manners.tools, documented=manners.old_schemas)
        self._asking = Asking(
            around,
            url=lambda: chat_url(opening, around.stage.public_url),
            headers=lambda: dict(opening.headers),
        )
        self._mouth = Mouth(around, lambda: self.language)
        self._tasks: anyio.abc.TaskGroup | None = None
        self._scope = anyio.CancelScope()
        self._turn: anyio.CancelScope | None = None
        self._is_listening = False
        self._line = 0
        self._picked_up_s = around.at_s
        self._turn_s = self._quiet_s = self._caller_s = around.at_s
        self._asked_s: float | None = None

    # -- its course -------------------------------------------------------------------------------

    async def run(self, caller: Callable[[], Awaitable[None]]) -> Ended:
        """From the greeting to the end. `caller` does what the other side does, and hangs up."""
        with self._scope:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._mouth.work)
                self._tasks.start_soon(self._watch_silence)
                self._tasks.start_soon(self._watch_length)
                if self._opening.first_message:
                    self._begin_turn(self._greet)
                await caller()
                self.hang_up()
        assert self.ended is not None, "whoever leaves the scope has ended it"
        return self.ended

    def hang_up(self) -> None:
        """The other side hangs up."""
        self.end(Ended("caller", HUNG_UP))

    def end(self, ended: Ended) -> None:
        """It is over, at once: streams are closed, and the voice stops. Later ends are nothing."""
        if self.ended is not None:
            return
        self.ended = ended
        self._interrupt("hang_up" if ended.by == "caller" else "over")
        self._around.tape.add(Over(self._around.at_s, ended.by, ended.reason))
        self._scope.cancel()

    # -- the caller's side ------------------------------------------------------------------------

    def quiet_since_s(self) -> float | None:
        """Since when nobody has spoken and nobody thinks; `None` while somebody does."""
        silent_s = self._mouth.over_s()
        if silent_s is None or self._turn is not None or self._is_listening:
            return None
        return max(silent_s, self._quiet_s)

    def heard_words_s(self, count: int) -> float | None:
        """When so many words of the reply, fillers not counted, have been heard."""
        return self._mouth.word_s(count, ("words", "ours", "greeting"))

    @property
    def asked_s(self) -> float | None:
        """When bridge was asked last."""
        return self._asked_s

    def turn_to(self, line: int) -> None:
        """What happens from now on belongs to that line of the scenario."""
        self._line = line

    def begin_listening(self) -> None:
        """The caller begins to speak: a barge-in, if anything is under way."""
        self._interrupt("barge_in")
        self._is_listening = True

    def take_early(self, words: str) -> None:
        """An interim transcript: asked with, and taken back with the next."""
        self._asking.withdraw("revised")
        if words.strip():
            assert self._tasks is not None, "it is under way"
            history = self.history.said(words, self._around.at_s)
            self._tasks.start_soon(self._asking.early, self._question(history, Why.EARLY))

    def take_final(self, words: str) -> None:
        """The final transcript, or digits. Without a word nothing is asked."""
        self._interrupt("revised")
        self._is_listening = False
        self._caller_s = self._quiet_s = self._around.at_s
        if words.strip():
            self.history = self.history.said(words, self._around.at_s)
            self._begin_turn(partial(self._reply, Why.UTTERANCE))
        self._around.waiting.stir()

    # -- turns ------------------------------------------------------------------------------------

    def _begin_turn(self, work: Callable[[], Awaitable[None]]) -> None:
        assert self._tasks is not None, "it is under way"
        self._turn = scope = anyio.CancelScope()
        self._turn_s = self._around.at_s
        self._tasks.start_soon(self._take_turn, scope, work)

    async def _take_turn(
        self, scope: anyio.CancelScope, work: Callable[[], Awaitable[None]]
    ) -> None:
        with scope:
            await work()
        if self._turn is scope:
            self._turn, self._quiet_s = None, self._around.at_s
            self._around.waiting.stir()

    async def _greet(self) -> None:
        self._mouth.begin(self._line)
        self._mouth.add(self._opening.first_message, "greeting")
        await self._finish_speaking("greeting")
        self.history = self.history.heard(self._mouth.take(), self._turn_s)

    async def _reply(self, why: Why) -> None:
        self._mouth.begin(self._line)
        for _ in range(TOOL_ROUNDS):
            self._asked_s = self._around.at_s
            self._around.waiting.stir()
            reply = await self._asking.ask(self._question(self.history, why), self._mouth.add)
            if reply is None:
                self.end(Ended("platform", GENERATION_FAILED, has_failed=True))
                return
            await self._finish_speaking()
            if not reply.uses:
                self.history = self.history.heard(self._mouth.take(), self._turn_s)
                return
            if not await self._carry_out(reply):
                return
            why = Why.TOOL

    def _question(self, history: History, why: Why) -> Question:
        return question(self._opening, history, self._tools, self._line, why)

    async def _finish_speaking(self, kind: Literal["greeting"] | None = None) -> None:
        self._mouth.end(kind)
        await self._around.waiting.until(self._mouth.over_s)

    # -- tools ------------------------------------------------------------------------------------

    async def _carry_out(self, reply: Reply) -> bool:
        """Carries out the tools of a reply, now that it was heard. Whether to ask again."""
        heard = self._mouth.take()
        carried = [Carried(use, self._tools.why_not(use)) for use in reply.uses]
        for one in carried:
            if one.use.spoken and not one.error:
                self._mouth.add(one.use.spoken)
                await self._finish_speaking()
                self._mouth.take()
            self._around.tape.add(
                Acted(self._around.at_s, self._line, one.use.name, one.use.given, one.error)
            )
        self.history = self.history.heard(heard, self._turn_s, carried=carried)
        done = [one.use for one in carried if not one.error]
        self._take_effect(done)
        is_answered = all(not one.error and not asks_again(one.use.name) for one in carried)
        return self._around.manners.asks_after_tools and not is_answered

    def _take_effect(self, done: Sequence[ToolUse]) -> None:
        for use in done:
            if use.name == "language_detection":
                self.language = str(use.given["language"])
            if ends_call(use.name):
                self.end(Ended("agent", f"{use.name} tool was called"))

    # -- what ends by itself ----------------------------------------------------------------------

    def _interrupt(self, because: Because) -> None:
        """Whatever the agent does is over. What was heard of it stays."""
        self._asking.withdraw(because)
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()  # before the voice is silent, which it waits for to go on
        heard, rest = self._mouth.cut()
        original = heard + rest if turn is not None else ""
        self.history = self.history.heard(heard, self._turn_s, original=original)
        self._quiet_s = self._around.at_s

    async def _watch_silence(self) -> None:
        """Asks when nobody has spoken for long, and ends the call when that doesn't help."""
        while True:
            await self._around.waiting.until(self._silence_s)
            silence = self._silence()
            if silence is not None and silence.ends:
                self.end(Ended("platform", SILENT))
                return
            why = Why.SILENCE if self.history.utterance else Why.GREETING
            self._begin_turn(partial(self._reply, why))

    def _silence(self) -> Silence | None:
        manners = self._around.manners
        asks_after_s, ends_after_s = manners.turn_timeout_s, manners.silence_end_s
        return next_silence(self.quiet_since_s(), self._caller_s, asks_after_s, ends_after_s)

    def _silence_s(self) -> float | None:
        silence = self._silence()
        return None if silence is None else silence.at_s

    async def _watch_length(self) -> None:
        await self._around.waiting.until(
            lambda: self._picked_up_s + self._around.manners.max_call_s
        )
        self.end(Ended("platform", TOO_LONG))
