"""On which line of a TOML text each of its keys stands: what `tomllib` knows and doesn't tell.

The text must be one that `tomllib` takes: nothing is checked here, and what is found in another
text means nothing.
"""

import re
import tomllib
from bisect import bisect_left

Place = tuple[str | int, ...]
"""A key, or an item of a list, as pydantic names it: `("lines", 2, "expect", "heard")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')[ \t]*""")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\r\n]+")


def lines_of(text: str) -> dict[Place, int]:
    """The line of every key, table and item, counted from 1."""
    locator = _Locator(text)
    locator.read_document()
    return locator.found


def line_of(found: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest one around it; 1 when there is none."""
    for length in range(len(place), 0, -1):
        if place[:length] in found:
            return found[place[:length]]
    return 1


class _Locator:
    """Walks through a text and notes where it came upon what."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._lists: dict[Place, int] = {}
        self.found: dict[Place, int] = {}

    def read_document(self) -> None:
        table: Place = ()
        self._skip()
        while self._at < len(self._text):
            if self._takes("[["):
                table = self._next_of_list(self._read_keys())
                self._takes("]]")
            elif self._takes("["):
                table = self._resolved(self._read_keys())
                self._note(table)
                self._takes("]")
            else:
                self._read_pair(table)
            self._skip()

    def _next_of_list(self, keys: tuple[str, ...]) -> Place:
        """The table that `[[keys]]` begins."""
        place = (*self._resolved(keys[:-1]), keys[-1])
        self._lists[place] = number = self._lists.get(place, -1) + 1
        self._note(place)
        self._note((*place, number))
        return (*place, number)

    def _resolved(self, keys: tuple[str, ...]) -> Place:
        """Where keys of a header lead: a list of tables means its newest one."""
        place: Place = ()
        for key in keys:
            place = (*place, key)
            if place in self._lists:
                place = (*place, self._lists[place])
        return place

    def _read_pair(self, table: Place) -> None:
        line_at = self._at
        place = (*table, *self._read_keys())
        for length in range(len(table) + 1, len(place) + 1):
            self._note(place[:length], line_at)
        self._takes("=")
        self._read_value(place)

    def _read_keys(self) -> tuple[str, ...]:
        keys = []
        while True:
            found = _KEY.match(self._text, self._at)
            assert found, "not a text that tomllib takes"
            self._at = found.end()
            [key] = tomllib.loads(f"{found[1]} = 0")
            keys.append(key)
            if not self._takes("."):
                return tuple(keys)

    def _read_value(self, place: Place) -> None:
        self._skip()
        if self._takes("["):
            self._read_items(place)
        elif self._takes("{"):
            self._skip()
            while not self._takes("}"):
                self._read_pair(place)
                self._skip()
                self._takes(",")
                self._skip()
        else:
            found = _TEXT.match(self._text, self._at) or _BARE.match(self._text, self._at)
            assert found, "not a text that tomllib takes"
            self._at = found.end()

    def _read_items(self, place: Place) -> None:
        number = 0
        self._skip()
        while not self._takes("]"):
            self._note((*place, number))
            self._read_value((*place, number))
            number += 1
            self._skip()
            self._takes(",")
            self._skip()

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found, "it matches nothing, too"
        self._at = found.end()

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _note(self, place: Place, at: int | None = None) -> None:
        ends_before = bisect_left(self._ends, self._at if at is None else at)
        self.found.setdefault(place, ends_before + 1)
