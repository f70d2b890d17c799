"""The way in: reads the agent's text, line by line and sign by sign, in any cut.

A reading is always in one `Mode`. Each step looks at the text from one place, decides what
stands there, tells the voice, and says where it goes on; a step that can't decide yet waits
for more. It looks no further than `hold_chars`, so that a decision is the same in any cut, and
is taken as plain text beyond that.

    line ── first word ──▶ text ── line end ──▶ line
     │ ▲                   │  ▲
     ▼ │                   ▼  │
    fence, definition     region, json, tag, link, address     (each ends where it began)
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from bridge.core.speech import passages, symbols
from bridge.core.speech.addresses import BEGINNINGS, SCHEME_BEGUN
from bridge.core.speech.ending import Ending
from bridge.core.speech.lines import read_line
from bridge.core.speech.modes import Mode
from bridge.core.speech.options import Piece, SpeechOptions
from bridge.core.speech.reading import Reading, Step
from bridge.core.speech.signs import read_sign
from bridge.core.speech.silence import begun_pattern
from bridge.core.speech.voice import Voice

MAX_DEPTH = 2
"""Spoken text may hold JSON that holds spoken text; no model means more than that."""

SHORTEST_WINDOW = 48
"""The least a decision may look ahead, in characters: the longest entity and the longest name
of a region fit. Holding less would be heard as markup."""

_SPECIAL = (
    rf"\\`*_~\[\]<>&{{}}|@{symbols.BREAKS}{symbols.SPACES}{symbols.NO_SOUND}"
    rf"{symbols.JOINERS}{symbols.ARROWS}{symbols.DOTS}"
)
_ADDRESS = rf"(?<![A-Za-z0-9])(?:[hH][tT]{{2}}[pP][sS]?://|{SCHEME_BEGUN})"
_HASHES = r"(?<=[ \t])#(?=[#\s]|\Z)"


@lru_cache(maxsize=64)
def _care(tokens: tuple[str, ...]) -> re.Pattern[str]:
    """Where text stops being plain."""
    return re.compile(
        rf"[{_SPECIAL}]| (?= )|(?<![\w!])!(?=\[|\Z)|/|{_HASHES}|{_ADDRESS}"
        + (rf"|(?<![^\W_])(?:{begun_pattern(tokens)})" if tokens else "")
    )


@lru_cache(maxsize=64)
def _unplain(tokens: tuple[str, ...]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """What plain text has nowhere, and what it doesn't end in. Quick, and on the safe side."""
    whole = "".join(f"|{re.escape(token)}" for token in tokens if "_" not in token)
    begun = {token[:length] for token in tokens for length in range(1, len(token) + 1)}
    return (
        re.compile(rf"[{_SPECIAL}:/#]|  {whole}"),
        ("!", *BEGINNINGS, *(letters.capitalize() for letters in BEGINNINGS), *sorted(begun)),
    )


class Reader:
    """Reads one reply, or the spoken text within one."""

    def __init__(self, options: SpeechOptions, voice: Voice | None = None, depth: int = 0) -> None:
        """`depth` counts the JSON that the text stands in."""
        self._reading = Reading(
            options, voice or Voice(options.at_sign), self._say_spoken, self._end_spoken
        )
        self._text = "\n"
        self._window = max(options.hold_chars, SHORTEST_WINDOW)
        self._unplain, self._risky_ends = _unplain(options.silence_tokens)
        self._depth = depth
        self._inner: Reader | None = None

    @property
    def holds(self) -> bool:
        """Whether some text is undecided."""
        return len(self._text) > 1 or (self._inner is not None and self._inner.holds)

    def takes_plain(self, text: str) -> bool:
        """Whether text is nothing but words, to be spoken at once as it stands.

        This is how most of a reply goes: the whole text, without a copy. When it is not, nothing
        has happened yet.
        """
        reading = self._reading
        line = reading.voice.line
        if (
            reading.mode is not Mode.TEXT
            or len(self._text) > 1
            or not text
            or self._unplain.search(text)
            or text.endswith(self._risky_ends)
            or not (line.eager and reading.voice.is_calm)
            or (text[0] == " " and line.tail[-1] == " ")
        ):
            return False
        self._text = text[-1]
        line.remember(text)
        return True

    def take(self) -> list[Piece]:
        """What may be spoken now. Each piece is given once."""
        return self._reading.voice.line.take()

    def feed(self, text: str, ending: Ending = Ending.OPEN) -> None:
        """More text; or none, and what is held is decided because it is late, or all there is."""
        if ending is not Ending.OPEN and self._inner is not None:
            self._inner.feed("", ending)
        text = self._text + text
        reading, pos = self._reading, 1
        while pos < len(text):
            limit = pos + self._window
            is_late = ending is Ending.OPEN and len(text) >= limit
            step = _STEPS[reading.mode]
            after = step(reading, text, pos, limit, Ending.LATE if is_late else ending)
            if after is None:
                break
            pos = after
        self._text = text[pos - 1 :]

    def finish(self) -> None:
        """The text has ended."""
        self.feed("", Ending.OVER)
        if self._reading.json is not None:
            self._reading.json.finish()
        self._reading.end_block()
        if self._depth == 0:
            self._reading.voice.finish()

    def _say_spoken(self, text: str) -> None:
        if self._depth >= MAX_DEPTH:
            return
        if self._inner is None:
            self._reading.end_block()
            self._inner = Reader(self._reading.options, self._reading.voice, self._depth + 1)
        self._inner.feed(text)

    def _end_spoken(self) -> None:
        if self._inner is not None:
            self._inner.finish()
            self._inner = None


def _read_text(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Words, up to the next sign. See `Step`."""
    special = _care(reading.options.silence_tokens).search(text, pos)
    start = special.start() if special else len(text)
    if start > pos:
        reading.voice.plain(text[pos:start])
        return start
    return read_sign(reading, text, pos, limit, ending)


def _read_json(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """JSON, up to its last bracket. See `Step`."""
    assert reading.json is not None
    after = reading.json.feed(text, pos)
    if reading.json.is_over:
        reading.leave_json()
    return after if after > pos else None


_STEPS: Mapping[Mode, Step] = {
    Mode.LINE: read_line,
    Mode.TEXT: _read_text,
    Mode.REGION: passages.read_region,
    Mode.FENCE: passages.read_fence,
    Mode.JSON: _read_json,
    Mode.TAG: passages.read_tag,
    Mode.LINK: passages.read_link,
    Mode.ADDRESS: passages.read_address,
    Mode.DEFINITION: passages.read_definition,
}
