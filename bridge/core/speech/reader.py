"""The way in: reads the agent's text, line by line and sign by sign, in any cut.

The reader is always in one `Mode`. Each step looks at the text from one place, decides what
stands there, tells the voice, and says where it goes on; a step that can't decide yet waits
for more. It looks no further than `hold_chars`, so that a decision is the same in any cut, and
is taken as plain text beyond that.

    line ── first word ──▶ text ── line end ──▶ line
     │ ▲                   │  ▲
     ▼ │                   ▼  │
    fence, definition     region, json, tag, link, address     (each ends where it began)
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from bridge.core.speech import passages, symbols
from bridge.core.speech.blocks import Kind, Opening, open_line
from bridge.core.speech.ending import Ending
from bridge.core.speech.hidden import Region, open_region
from bridge.core.speech.modes import Mode
from bridge.core.speech.options import Piece, SpeechOptions
from bridge.core.speech.signs import read_sign
from bridge.core.speech.silence import begun_pattern
from bridge.core.speech.spoken_json import MAY_OPEN, OPENS, SpokenJson
from bridge.core.speech.voice import Voice

MAX_DEPTH = 2
"""Spoken text may hold JSON that holds spoken text; no model means more than that."""

SHORTEST_WINDOW = 48
"""The least a decision may look ahead, in characters: the longest entity and the longest name
of a region fit. Holding less would be heard as markup."""

_SPECIAL = (
    rf"\\`*_~\[\]<&{{|@{symbols.BREAKS}{symbols.SPACES}{symbols.NO_SOUND}"
    rf"{symbols.JOINERS}{symbols.ARROWS}{symbols.DOTS}"
)
_ADDRESS_BEGUN = (
    r"(?<![^\W_])[hH](?:[tT]{2}[pP][sS]?://|(?:[tT](?:[tT](?:[pP](?:[sS]?(?::/?)?)?)?)?)?\Z)"
)
_STOPPED_KINDS = frozenset({Kind.HEADING, Kind.ITEM, Kind.NUMBERED, Kind.ROW})
_LINE_KINDS = frozenset({Kind.HEADING, Kind.ROW})
_WHITE = re.compile(r"\s+")


@lru_cache(maxsize=64)
def _care(tokens: tuple[str, ...]) -> re.Pattern[str]:
    """Where text stops being plain."""
    return re.compile(
        rf"[{_SPECIAL}]| (?= )|(?<![\w!])!(?=\[|\Z)|/|{_ADDRESS_BEGUN}"
        + (rf"|(?<![^\W_])(?:{begun_pattern(tokens)})" if tokens else "")
    )


@lru_cache(maxsize=64)
def _unplain(tokens: tuple[str, ...]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """What plain text has nowhere, and what it doesn't end in. Quick, and on the safe side."""
    whole = "".join(f"|{re.escape(token)}" for token in tokens if "_" not in token)
    begun = {token[:length] for token in tokens for length in range(1, len(token) + 1)}
    schemes = ("h", "ht", "htt", "http", "https")
    return (
        re.compile(rf"[{_SPECIAL}:/]|  {whole}"),
        ("!", *schemes, *(scheme.capitalize() for scheme in schemes), *sorted(begun)),
    )


class Reader:
    """One reply under way, or the spoken text within one.

    Attributes:
        voice: where the words go.
        options: how they are to be shaped.
        mode: what is being read.
        kind: the block under way; `None` between blocks.
        region: the hidden region under way.
        brackets: how many brackets are open in a link or an address.
    """

    def __init__(self, options: SpeechOptions, voice: Voice | None = None, depth: int = 0) -> None:
        self.voice = voice or Voice()
        self.options = options
        self.mode = Mode.LINE
        self.kind: Kind | None = None
        self._after = Mode.LINE
        self._text = "\n"
        self._care = _care(options.silence_tokens)
        self._unplain, self._risky_ends = _unplain(options.silence_tokens)
        self._depth = depth
        self._in_table = False
        self._in_quote = False
        self._line_is_quoted = False
        self._after_marker = False
        self.region: Region | None = None
        self._json: SpokenJson | None = None
        self._inner: Reader | None = None
        self._fence = ""
        self._fence_line_begins = False
        self._fence_is_fresh = False
        self.brackets = 0
        self._code_phrase = options.code_left_out

    @property
    def holds(self) -> bool:
        """Whether some text is undecided."""
        return len(self._text) > 1 or (self._inner is not None and self._inner.holds)

    def takes_plain(self, text: str) -> bool:
        """Whether text is nothing but words, to be spoken at once as it stands.

        This is how most of a reply goes: the whole text, without a copy. When it is not, nothing
        has happened yet.
        """
        line = self.voice.line
        if (
            self.mode is not Mode.TEXT
            or len(self._text) > 1
            or not text
            or self._unplain.search(text)
            or text.endswith(self._risky_ends)
            or not (line.eager and self.voice.is_calm)
            or (text[0] == " " and line.tail[-1] == " ")
        ):
            return False
        self._text = text[-1]
        line.remember(text)
        return True

    def take(self) -> list[Piece]:
        """What may be spoken now. Each piece is given once."""
        return self.voice.line.take()

    def feed(self, text: str, ending: Ending = Ending.OPEN) -> None:
        """More text; or none, and what is held is decided because it is late, or all there is."""
        if ending is not Ending.OPEN and self._inner is not None:
            self._inner.feed("", ending)
        text = self._text + text
        pos = 1
        window = max(self.options.hold_chars, SHORTEST_WINDOW)
        while pos < len(text):
            limit = pos + window
            is_late = ending is Ending.OPEN and len(text) >= limit
            after = _STEPS[self.mode](self, text, pos, limit, Ending.LATE if is_late else ending)
            if after is None:
                break
            pos = after
        self._text = text[pos - 1 :]

    def finish(self) -> None:
        """The text has ended."""
        self.feed("", Ending.OVER)
        if self._json is not None:
            self._json.finish()
            self._json = None
        self.end_block()
        if self._depth == 0:
            self.voice.finish()

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
        self._json = SpokenJson(self._say_inner, self._end_inner)

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
        """A line ends."""
        if self.kind in _LINE_KINDS:
            self.end_block()
        self.mode = Mode.LINE
        self._line_is_quoted = self._after_marker = False

    def _read_line(self, text: str, pos: int, limit: int, ending: Ending) -> int | None:
        if text[pos] == "<":
            region = open_region(text, pos, limit, ending)
            if isinstance(region, Region):
                self.hide(region)
                return pos
            if region is None or region > pos:
                return region
        opening = open_line(text, pos, limit, ending, in_item=self._after_marker)
        if opening is not None:
            self._open_line(opening)
            return opening.end
        return None

    def _open_line(self, opening: Opening) -> None:
        match opening.kind:
            case Kind.BLANK | Kind.BOX:
                pass
            case Kind.LINE_END:
                self._end_blank_line()
            case Kind.TEXT:
                self._begin_words()
            case Kind.QUOTE:
                self._begin_quote()
            case Kind.RULE:
                self.end_block()
                self._in_table = "|" in opening.text and "-" in opening.text
            case Kind.FENCE:
                self._begin_fence(opening)
            case Kind.DEFINITION:
                self.end_block()
                self.mode = Mode.DEFINITION
            case Kind.HEADING | Kind.ITEM | Kind.NUMBERED | Kind.ROW | Kind.FOOTNOTE:
                self._begin_marked(opening)

    def _end_blank_line(self) -> None:
        if not self._line_is_quoted:
            self._in_quote = False
        self.end_block()
        self._in_table = False
        self._line_is_quoted = self._after_marker = False

    def _begin_words(self) -> None:
        if self._in_quote and not self._line_is_quoted and self.kind is None:
            self._in_quote = False
        if self._in_table and not self._after_marker:
            self.begin_block(Kind.ROW)
        elif self.kind is None:
            self.begin_block(Kind.TEXT)
        elif not self._after_marker:
            self.voice.line_break()
        self.mode = Mode.TEXT

    def _begin_quote(self) -> None:
        self._line_is_quoted = True
        if not self._in_quote:
            self._in_quote = True
            self.end_block()

    def _begin_marked(self, opening: Opening) -> None:
        self.begin_block(Kind.TEXT if opening.kind is Kind.FOOTNOTE else opening.kind)
        if opening.kind is Kind.NUMBERED:
            self.voice.literal(opening.text)
        self._after_marker = True
        if opening.kind in _LINE_KINDS:
            self.mode = Mode.TEXT

    def _begin_fence(self, opening: Opening) -> None:
        self.end_block()
        self.mode = Mode.FENCE
        self._fence = opening.text
        self._fence_line_begins = self._fence_is_fresh = True

    def _read_text(self, text: str, pos: int, limit: int, ending: Ending) -> int | None:
        special = self._care.search(text, pos)
        start = special.start() if special else len(text)
        if start > pos:
            self.voice.plain(text[pos:start])
            return start
        return read_sign(self, text, pos, limit, ending)

    def _read_fence(self, text: str, pos: int, limit: int, ending: Ending) -> int | None:
        if self._fence_line_begins:
            close = re.compile(rf"[ \t>]*{self._fence}{self._fence[0]}*[ \t]*(?=[\r\n]|\Z)")
            begun = re.compile(rf"[ \t>]*{self._fence[0]}*[ \t]*\Z")
            if begun.match(text, pos) and ending is not Ending.OVER and len(text) < limit:
                return None
            closed = close.match(text, pos)
            if closed:
                return self._end_fence(closed.end())
        if self._fence_is_fresh:
            return self._begin_code(text, pos, limit, ending)
        line_end = text.find("\n", pos)
        self._fence_line_begins = line_end >= 0
        return line_end + 1 if line_end >= 0 else len(text)

    def _begin_code(self, text: str, pos: int, limit: int, ending: Ending) -> int | None:
        white = _WHITE.match(text, pos)
        if white:
            self._fence_line_begins = "\n" in white[0]
            return white.end()
        if OPENS.match(text, pos, limit):
            self._fence_is_fresh = False
            self.enter_json()
            return pos
        if MAY_OPEN.match(text, pos) and ending is not Ending.OVER and len(text) < limit:
            return None
        self._fence_is_fresh = False
        self._leave_code_out()
        return pos

    def _end_fence(self, end: int) -> int:
        if self._json is not None and not self._json.spoke:
            self._leave_code_out()
        self._json = None
        self.mode = Mode.LINE
        return end

    def _leave_code_out(self) -> None:
        if self._code_phrase:
            self.begin_block(Kind.TEXT)
            self.voice.literal(self._code_phrase)
            self.end_block()
        self._code_phrase = ""

    def _read_json(self, text: str, pos: int, limit: int, ending: Ending) -> int | None:
        assert self._json is not None
        after = self._json.feed(text, pos)
        if self._json.is_over:
            self.leave()
            if self.mode is not Mode.FENCE:
                self._json = None
        return after if after > pos else None

    def _say_inner(self, text: str) -> None:
        if self._depth >= MAX_DEPTH:
            return
        if self._inner is None:
            self.end_block()
            self._inner = Reader(self.options, self.voice, self._depth + 1)
        self._inner.feed(text)

    def _end_inner(self) -> None:
        if self._inner is not None:
            self._inner.finish()
            self._inner = None


Step = Callable[[Reader, str, int, int, Ending], int | None]
"""One step of a mode: the reader, text, place, limit and ending in; where the text goes on out,
`None` while that is undecided."""

_STEPS: Mapping[Mode, Step] = {
    Mode.LINE: Reader._read_line,
    Mode.TEXT: Reader._read_text,
    Mode.REGION: passages.read_region,
    Mode.FENCE: Reader._read_fence,
    Mode.JSON: Reader._read_json,
    Mode.TAG: passages.read_tag,
    Mode.LINK: passages.read_link,
    Mode.ADDRESS: passages.read_address,
    Mode.DEFINITION: passages.read_definition,
}
