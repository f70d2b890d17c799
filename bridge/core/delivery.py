"""From what the agent says to what the caller hears: one reply, piece by piece.

Takes the agent's text, tool calls and end, each with its moment, and gives the reply's items:
speakable words, a filler when the agent is slow, control acts after the last word, one honest
sentence when it fails. Pure: whoever runs it asks `due_s` when to call `tick`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.core import control, filler
from bridge.core.conversation import Stop
from bridge.core.history import OUR_CALL
from bridge.core.phrases import Phrases
from bridge.core.reply import Call, End, Failure, Item, Origin, Words
from bridge.core.speech import Mark, Piece, Shaper
from bridge.core.speech.symbols import SENTENCE_ENDS
from bridge.errors import Why

GAP_FILLER_S = 5.0
"""A pause this long after a finished sentence gets a filler: the agent is using a tool.

People begin to say "hello?" after about four seconds; a filler within a sentence would be worse
than the pause.
"""

MAX_REPLY_CHARS = 60_000
"""About an hour of speech, control marks among it. An agent that says more in one turn has lost
its way."""

_TAKES_NOTHING = 503
"""Starting, stopping or full: asking again at once, as `failed` would have it, doesn't help."""

_SENTENCE_ENDS = (*SENTENCE_ENDS, ":")


@dataclass(frozen=True, slots=True)
class Style:
    """How one reply is to be delivered.

    Attributes:
        phrases: ours, in the caller's language.
        filler_after_s: when fillers are due, in seconds since the turn began; ascending.
        seed: makes the choice of fillers repeatable.
        tools: the request's tools; control acts are built from their schemas.
    """

    phrases: Phrases
    filler_after_s: tuple[float, ...] = ()
    seed: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class Delivery:
    """One reply under way. Every method returns the items that are now due, in order.

    After an `End` nothing is due any more, whatever comes: `finish`, `fail` and `give_up` may
    each come too late.

    Attributes:
        previous_filler: the one said last in this conversation, never to be said twice running.
        fillers: our fillers so far, as sent.
        ours: what we said instead of the agent.
        acts: the calls that went out with the reply.
        first_text_s: when the agent's first text came.
        first_call_s: when it first called a tool.
        first_words_s: when the first of its words went out.
        last_word_s: when the last one did.
        first_sound_s: when the first words went out at all, a filler's or the agent's.
        failure: why the agent's reply failed, if it did.
    """

    style: Style
    shaper: Shaper
    began_s: float
    previous_filler: str = ""
    fillers: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    acts: tuple[Call, ...] = ()
    first_text_s: float | None = None
    first_call_s: float | None = None
    first_words_s: float | None = None
    last_word_s: float | None = None
    first_sound_s: float | None = None
    failure: Failure | None = None
    _is_over: bool = False
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _marks: list[Mark] = field(default_factory=list)
    _calls: list[Call] = field(default_factory=list)
    _label: str = ""
    _quiet_since_s: float = 0.0

    @property
    def said(self) -> str:
        """The agent's words so far, as sent."""
        return "".join(self._pieces)

    @property
    def due_s(self) -> float | None:
        """The moment by which `tick` must be called; `None` when nothing waits."""
        if self._is_over:
            return None
        moments = [m for m in (self.shaper.due_s, self._filler_due_s()) if m is not None]
        return min(moments, default=None)

    @property
    def is_over(self) -> bool:
        """Whether the reply has had its `End`."""
        return self._is_over

    @property
    def is_too_long(self) -> bool:
        """Whether the reply has outgrown any telephone call."""
        return self._length > MAX_REPLY_CHARS

    def text(self, text: str, at_s: float) -> list[Item]:
        """The agent said this."""
        if self._is_over:
            return []
        if self.first_text_s is None:
            self.first_text_s = at_s
        return self._speak(self.shaper.feed(text, at_s), at_s)

    def working(self, label: str) -> list[Item]:
        """The agent is using a tool of its own: the next filler may say so."""
        self._label = label
        return []

    def call(self, call: Call, at_s: float) -> list[Item]:
        """The agent called a tool. It goes out after the last word."""
        if self.first_call_s is None:
            self.first_call_s = at_s
        self._calls.append(call)
        return []

    def announce(self, sentence: str) -> list[Item]:
        """Ours, before the agent's first word."""
        if self._is_over:
            return []
        self.ours.append(sentence)
        return [Words(f"{sentence} ", Origin.BRIDGE)]

    def promise(self, sentence: str) -> list[Item]:
        """The reply ends here with a promise. What is still being shaped goes on elsewhere."""
        if self._is_over:
            return []
        self._is_over = True
        return [self._ours(sentence), End()]

    def tick(self, at_s: float) -> list[Item]:
        """Time has passed: what was held too long, and a filler if one is due."""
        if self._is_over:
            return []
        items = self._speak(self.shaper.tick(at_s), at_s)
        due = self._filler_due_s()
        if not items and due is not None and due <= at_s:
            items.append(self._fill(at_s))
        return items

    def finish(
        self, reason: str, at_s: float, usage: Mapping[str, int] | None = None
    ) -> list[Item]:
        """The agent has finished: the rest of its words, its acts, the end.

        An empty reply counts as a failure at the platform: the turn is passed if it may be, else
        the caller is told. An agent that only asked for an act it may not have did not fail.
        """
        if self._is_over:
            return []
        items = self._speak(self.shaper.finish(), at_s)
        calls = self._acts()
        if not self._pieces and not calls:
            calls = self._pass_the_turn()
            if not calls and not self._marks:
                return self._failed(_EMPTY, self.style.phrases.lost)
            items += [] if calls else [self._ours(self.style.phrases.still_there[-1])]
        self._is_over = True
        self.acts = tuple(calls)
        items += calls
        counts = usage or {}
        items.append(
            End(
                "tool_calls" if calls else ("stop" if reason == "tool_calls" else reason),
                counts.get("prompt_tokens", 0),
                counts.get("completion_tokens", 0),
            )
        )
        return items

    def fail(self, failure: Failure, at_s: float) -> list[Item]:
        """The agent failed: what it had said, one honest sentence, the end."""
        if self._is_over:
            return []
        items = self._speak(self.shaper.finish(), at_s)
        sentence = sentence_for(failure, self.style.phrases, spoke=bool(self._pieces))
        return items + self._failed(failure, sentence)

    def give_up(self, cause: Stop, at_s: float) -> list[Item]:
        """The run was stopped: whoever hears of it now gets what there was, and one sentence.

        After a bug of ours (`Stop.FAILED`) text that is still being shaped is left where it is:
        it may be what broke.
        """
        if self._is_over:
            return []
        self._is_over = True
        phrases = self.style.phrases
        items = [] if cause is Stop.FAILED else self._speak(self.shaper.finish(), at_s)
        sentence = phrases.cut_off if self._pieces else phrases.lost
        said = self._ours(phrases.stopping if cause is Stop.DRAINING else sentence)
        if cause in (Stop.LEFT, Stop.SUPERSEDED):
            self.ours.pop()  # nobody was there to hear it; only a late repeat would
        items.append(said)
        items.append(End(failure=_GIVEN_UP))
        return items

    def _failed(self, failure: Failure, sentence: str) -> list[Item]:
        self._is_over = True
        self.failure = failure
        return [self._ours(sentence), End(failure=failure)]

    def _speak(self, pieces: Sequence[Piece], at_s: float) -> list[Item]:
        items: list[Item] = []
        for piece in pieces:
            if isinstance(piece, Mark):
                self._marks.append(piece)
                self._length += len(piece.name) + len(piece.argument)
                continue
            items.append(Words(piece))
            self._pieces.append(piece)
            self._length += len(piece)
            self.last_word_s = self._quiet_since_s = at_s
            if self.first_words_s is None:
                self.first_words_s = at_s
                self.first_sound_s = at_s if self.first_sound_s is None else self.first_sound_s
        return items

    def _ours(self, sentence: str) -> Words:
        self.ours.append(sentence)
        return Words(self._gap() + sentence, Origin.BRIDGE)

    def _gap(self) -> str:
        """What keeps ours from running into the agent's last word."""
        return " " if self._pieces and not self._pieces[-1][-1].isspace() else ""

    def _filler_due_s(self) -> float | None:
        used = len(self.fillers)
        if used >= len(self.style.filler_after_s):
            return None
        if self.first_words_s is None:
            return self.began_s + self.style.filler_after_s[used]
        if self._pieces[-1].rstrip().endswith(_SENTENCE_ENDS):
            return self._quiet_since_s + GAP_FILLER_S
        return None

    def _fill(self, at_s: float) -> Words:
        phrases = self.style.phrases
        previous = self.fillers[-1] if self.fillers else self.previous_filler
        seed = f"{self.style.seed}{len(self.fillers)}"
        drawn = filler.draw(phrases.fillers, previous or None, seed)
        if self._label and phrases.working_on(self._label) != previous:
            drawn = phrases.working_on(self._label)
            self._label = ""
        self.fillers.append(drawn)
        self._quiet_since_s = at_s
        self.first_sound_s = at_s if self.first_sound_s is None else self.first_sound_s
        return Words(self._gap() + drawn, Origin.FILLER)

    def _acts(self) -> list[Call]:
        """The calls to make: the agent's own, then those its marks stand for, hang-up last."""
        calls = list(self._calls)
        for mark in sorted(self._marks, key=lambda mark: mark.name == control.Act.HANG_UP):
            built = control.build_call(
                mark.name,
                mark.argument,
                self.style.tools,
                f"{OUR_CALL}{self.style.seed}_{len(calls)}",
                last_words=self.said,
                phrases=self.style.phrases,
            )
            if built is not None and not _is_made(built.name, mark, calls):
                calls.append(Call(*built, ours=True))
        return calls

    def _pass_the_turn(self) -> list[Call]:
        call_id = f"{OUR_CALL}{self.style.seed}_0"
        skip = control.build_call(
            control.Act.WAIT,
            "",
            self.style.tools,
            call_id,
            last_words="",
            phrases=self.style.phrases,
        )
        return [Call(*skip, ours=True)] if skip is not None else []


def _is_made(name: str, mark: Mark, calls: Sequence[Call]) -> bool:
    """Whether that tool is called already. Keys may be pressed one mark after another."""
    made = [call for call in calls if call.name == name]
    return any(not call.ours or mark.name != control.Act.PRESS for call in made)


_EMPTY = Failure(
    code="upstream_broken",
    why=Why.UNKNOWN,
    message="The agent's reply held nothing to say or to do.",
    vendor="upstream",
    operation="chat",
)
_GIVEN_UP = Failure(
    code="upstream_unavailable",
    why=Why.UNKNOWN,
    message="The reply was given up before it was whole.",
    vendor="bridge",
    operation="chat",
)


def sentence_for(failure: Failure, phrases: Phrases, *, spoke: bool) -> str:
    """The one honest sentence for a failure. `spoke`: words of the reply were already heard."""
    if failure.code == "upstream_timeout":
        return phrases.too_slow
    if spoke:
        return phrases.cut_off
    match failure.why:
        case Why.SERVER if failure.status == _TAKES_NOTHING:
            return phrases.unreachable
        case Why.UNREACHABLE:
            return phrases.unreachable
        case Why.KEY | Why.PERMISSION | Why.REQUEST:
            return phrases.misconfigured
        case Why.RATE | Why.QUOTA:
            return phrases.busy
        case Why.LATE:
            return phrases.too_slow
        case _:
            return phrases.failed
