"""What is being read: the state that every step of the reader works on, and its changes."""

from collections.abc import Callable

from bridge.core.speech.blocks import Kind
from bridge.core.speech.ending import Ending
from bridge.core.speech.fence import Fence
from bridge.core.speech.hidden import Region
from bridge.core.speech.modes import Mode
from bridge.core.speech.options import SpeechOptions
from bridge.core.speech.spoken_json import SpokenJson
from bridge.core.speech.voice import Voice

_STOPPED_KINDS = frozenset({Kind.HEADING, Kind.ITEM, Kind.NUMBERED, Kind.ROW})
_LINE_KINDS = frozenset({Kind.HEADING, Kind.ROW})


class Reading:
    """One reply under way, or the spoken text within one.

    Attributes:
        voice: where the words go.
        options: how they are to be shaped.
        mode: what is being read.
        kind: the block under way; `None` between blocks.
        region: the hidden region under way.
        fence: the fence that code stands in.
        json: the JSON under way, or just read within a fence.
        brackets: how many brackets are open in a link or an address.
        in_table, in_quote: what the lines before make of the next one.
        line_is_quoted, line_is_rule: what is known of the line under way.
        after_marker: only the marker of a list item, or a heading's, stands before.
    """

    def __init__(
        self,
        options: SpeechOptions,
        voice: Voice,
        say_spoken: Callable[[str], None],
        end_spoken: Callable[[], None],
    ) -> None:
        """`say_spoken` gets the spoken text within JSON, `end_spoken` is called at its end."""
        self.voice = voice
        self.options = options
        self.mode = Mode.LINE
        self.kind: Kind | None = None
        self.region: Region | None = None
        self.fence = Fence("")
        self.json: SpokenJson | None = None
        self.brackets = 0
        self.in_table = self.in_quote = False
        self.line_is_quoted = self.line_is_rule = self.after_marker = False
        self._say_spoken, self._end_spoken = say_spoken, end_spoken
        self._after = Mode.LINE
        self._code_phrase = options.code_left_out

    def enter(self, mode: Mode) -> None:
        """Goes into a mode that ends where it began."""
        self._after = self.mode
        self.mode = mode
        self.brackets = 0

    def leave(self) -> None:
        """Goes back to where the mode was entered from."""
        self.mode = self._after

    def hide(self, region: Region) -> None:
        """Goes into a hidden region."""
        self.enter(Mode.REGION)
        self.region = region

    def enter_json(self) -> None:
        """Goes into JSON, whose first bracket is read next."""
        self.enter(Mode.JSON)
        self.json = SpokenJson(self._say_spoken, self._end_spoken)

    def leave_json(self) -> None:
        """Goes back to where JSON stood. A fence still wants to know of it."""
        self.leave()
        if self.mode is not Mode.FENCE:
            self.json = None

    def begin_block(self, kind: Kind) -> None:
        """A block begins; the one before it ends."""
        self.end_block()
        self.kind = kind
        self.voice.line.eager = kind is Kind.TEXT

    def end_block(self) -> None:
        """The block under way ends."""
        if self.kind in _STOPPED_KINDS:
            self.voice.stop()
        else:
            self.voice.paragraph()
        self.kind = None
        self.voice.line.eager = True

    def end_line(self) -> None:
        """A line ends. Some blocks are one line."""
        if self.kind in _LINE_KINDS:
            self.end_block()
        self.mode = Mode.LINE
        self.line_is_quoted = self.after_marker = False

    def begin_fence(self, signs: str) -> None:
        """Fenced code begins."""
        self.end_block()
        self.mode = Mode.FENCE
        self.fence = Fence(signs)

    def end_fence(self) -> None:
        """Fenced code ends. JSON without spoken text was code, too."""
        if self.json is not None and not self.json.spoke:
            self.leave_code_out()
        self.json = None
        self.mode = Mode.LINE

    def leave_code_out(self) -> None:
        """Says once that code is left out."""
        if self._code_phrase:
            self.begin_block(Kind.TEXT)
            self.voice.literal(self._code_phrase)
            self.end_block()
        self._code_phrase = ""


Step = Callable[[Reading, str, int, int, Ending], int | None]
"""Reads what stands at one place: the reading, the text, the place, the limit and the ending in;
where the text goes on out, `None` while that is undecided."""
