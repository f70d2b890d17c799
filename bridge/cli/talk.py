"""A call from the terminal: utterances in, replies out, turn by turn.

A reply is shown as it comes. Fillers are dimmed: nothing on the wire tells them from the agent's
words, so they are recognised by bridge's own phrases. What was shown is what was heard: Ctrl-C
cuts the reply there, and the history keeps no more of it.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import click

from bridge import clock
from bridge.cli import output
from bridge.cli.platform import Call, ToolUse
from bridge.cli.running import shown
from bridge.cli.telephone import CallFailed, Telephone
from bridge.core.filler import strip
from bridge.core.phrases import FILLER_END
from bridge.phrases import load_phrases

QUIT = "/quit"

PROMPT = "> "

HOW_TO = "Type what the caller says. Ctrl-C during the reply barges in; Ctrl-D or /quit hangs up."
"""What is told before the first prompt."""

MAX_FOLLOW_UPS = 5
"""How often the platform asks again in one turn because of tool calls. An agent that still calls
tools then will never stop."""


class Status(StrEnum):
    """How a turn ended."""

    DONE = "done"
    BARGED_IN = "barged_in"
    """The caller spoke while it was spoken."""
    ENDED = "ended"
    """The agent ended the call: hung up, or transferred it."""


@dataclass(slots=True)
class Turn:
    """One utterance and what was heard of the reply to it.

    Attributes:
        utterance: empty for silence.
        words: what was heard, piece by piece, fillers too.
        fillers: those of `words` that are fillers.
        calls: the tool calls, in order.
        first_words_ms: from the utterance to the first word; `None` when none came.
        total_ms: to the end of the last reply.
    """

    utterance: str
    words: list[str] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)
    calls: list[ToolUse] = field(default_factory=list)
    first_words_ms: float | None = None
    total_ms: float = 0.0
    status: Status = Status.DONE

    def as_json(self) -> dict[str, object]:
        """The turn as `--json` prints it. Fields are only ever added."""
        return {
            "utterance": self.utterance,
            "reply": "".join(self.words),
            "fillers": self.fillers,
            "calls": [{"name": call.name, "arguments": dict(call.given)} for call in self.calls],
            "first_words_ms": _rounded(self.first_words_ms),
            "total_ms": _rounded(self.total_ms),
            "status": self.status.value,
        }


def _rounded(duration_ms: float | None) -> float | None:
    return None if duration_ms is None else round(duration_ms, 1)


class Screen(Protocol):
    """Where a call is shown."""

    def utterance(self, text: str) -> None:
        """The caller says this, and nobody has seen it typed."""

    def words(self, text: str, *, is_filler: bool) -> None:
        """Words of a reply."""

    def act(self, use: ToolUse) -> None:
        """The platform carries out a tool call."""

    def turn(self, turn: Turn) -> None:
        """The turn is over."""


class TextScreen:
    """For people: words as they come, acts in brackets; what is no reply on standard error."""

    def __init__(self) -> None:
        self._in_line = False

    def utterance(self, text: str) -> None:
        """Echoes it, dimmed."""
        click.secho(f"{PROMPT}{shown(text)}", dim=True, err=True)

    def words(self, text: str, *, is_filler: bool) -> None:
        """Shows them where the line has got to."""
        click.echo(click.style(shown(text), dim=True) if is_filler else shown(text), nl=False)
        self._in_line = not text.endswith("\n")

    def act(self, use: ToolUse) -> None:
        """Shows it on a line of its own."""
        self._end_line()
        click.echo(shown(use.describe()))

    def turn(self, turn: Turn) -> None:
        """Shows how long it took."""
        self._end_line()
        first, whole = turn.first_words_ms, f"{turn.total_ms / 1000:.2f} s"
        words = "no words" if first is None else f"first words {first / 1000:.2f} s"
        barged = ", cut short" if turn.status is Status.BARGED_IN else ""
        click.secho(f"  {words}, whole {whole}{barged}", dim=True, err=True)

    def _end_line(self) -> None:
        if self._in_line:
            click.echo()
        self._in_line = False


class JsonScreen:
    """For programs: one JSON object a turn, each on a line of its own."""

    def utterance(self, text: str) -> None:
        """Stands in the turn."""

    def words(self, text: str, *, is_filler: bool) -> None:
        """Stand in the turn."""

    def act(self, use: ToolUse) -> None:
        """Stands in the turn."""

    def turn(self, turn: Turn) -> None:
        """Prints it."""
        click.echo(json.dumps(turn.as_json(), ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Talk:
    """One call under way.

    Attributes:
        may_barge_in: Ctrl-C during a reply cuts it; otherwise it ends the program.
    """

    phone: Telephone
    call: Call
    screen: Screen
    may_barge_in: bool = False
    known_fillers: frozenset[str] = field(default_factory=lambda: load_phrases().all_fillers())

    def turn(self, utterance: str) -> Turn:
        """Says something, or nothing, and hears the reply to its end.

        Raises:
            CallFailed: the reply broke off, or said nothing to an utterance.
            BridgeError: the server took no call; see `Telephone.ask`.
        """
        turn = Turn(utterance)
        began_s = clock.now_s()
        self.call.say(utterance)
        try:
            self._hear_all(turn, began_s)
        except KeyboardInterrupt:
            if not self.may_barge_in:
                raise
            turn.status = Status.BARGED_IN
        turn.total_ms = 1000 * (clock.now_s() - began_s)
        if self.call.is_over:
            turn.status = Status.ENDED
        self.screen.turn(turn)
        if utterance and turn.status is Status.DONE and not (turn.words or turn.calls):
            raise CallFailed(
                "The reply was empty.",
                hint="The platform would ask twice more, and then end the call.",
            )
        return turn

    def _hear_all(self, turn: Turn, began_s: float) -> None:
        """The reply, and what the platform asks again for because of its tool calls."""
        for _ in range(1 + MAX_FOLLOW_UPS):
            was_over = self.call.is_over
            if not self._hear_one(turn, began_s) or was_over:
                return

    def _hear_one(self, turn: Turn, began_s: float) -> Sequence[ToolUse]:
        heard: list[str] = []
        uses: list[ToolUse] = []
        try:
            with self.phone.ask(self.call.body) as pieces:
                for piece in pieces:
                    if isinstance(piece, ToolUse):
                        uses.append(piece)
                        continue
                    if turn.first_words_ms is None:
                        turn.first_words_ms = 1000 * (clock.now_s() - began_s)
                    heard.append(piece)  # first: who has seen a word may barge in right then
                    self._show(piece, turn)
        except BaseException:
            # A reply that was cut: what was shown was heard, and no tool call is carried out.
            self.call.hear("".join(heard))
            raise
        self.call.hear("".join(heard), uses)
        for use in uses:
            turn.calls.append(use)
            if use.spoken:
                self._show(use.spoken, turn)
            self.screen.act(use)
        return uses

    def _show(self, text: str, turn: Turn) -> None:
        is_filler = text.endswith(FILLER_END) and not strip(text, self.known_fillers).strip()
        turn.words.append(text)
        if is_filler:
            turn.fillers.append(text)
        self.screen.words(text, is_filler=is_filler)


def converse(talk: Talk, utterances: Iterable[str], *, greet: bool, echo: bool) -> None:
    """A whole call: until the utterances end, or the agent ends it.

    Args:
        greet: ask once before anything is said, as the platform does when the agent opens.
        echo: show what is said, because nobody typed it.
    """
    if greet and talk.turn("").status is Status.ENDED:
        return
    unsaid = iter(utterances)
    for utterance in unsaid:
        if echo:
            talk.screen.utterance(utterance)
        if talk.turn(utterance).status is Status.ENDED:
            left = sum(1 for _ in unsaid) if echo else 0
            if left:
                output.say(f"The call was over before {left} more could be said.")
            return


def typed() -> Iterator[str]:
    """What the person types, line by line; Ctrl-C, Ctrl-D or `/quit` hang up. A line is trimmed."""
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        with suppress(ImportError):  # not on every system; lines can be edited where it is
            import readline  # noqa: F401 - `input` uses it once it is there
        output.say(HOW_TO)
    while True:
        try:
            line = _read_line(is_terminal=is_terminal)
        except (EOFError, KeyboardInterrupt):
            if is_terminal:
                output.say("")
            return
        if line.strip() == QUIT:
            return
        yield whole_characters(line.strip())


def _read_line(*, is_terminal: bool) -> str:
    if is_terminal and not sys.stdout.isatty():
        click.echo(PROMPT, nl=False, err=True)  # `input` would write it into the data
        return input()
    return input(PROMPT if is_terminal else "")


def whole_characters(text: str) -> str:
    """Text without bytes that were no characters where it came from."""
    return text.encode(errors="replace").decode()
