"""A fence around code."""

import re
from dataclasses import dataclass


@dataclass(slots=True)
class Fence:
    """A fence and what is known of the code within.

    Attributes:
        signs: what opened it; as many or more of the same end it.
        line_begins: a line begins here, so that the fence may end.
        is_fresh: nothing of the code was read yet.
    """

    signs: str
    line_begins: bool = True
    is_fresh: bool = True

    def find_end(self, text: str, pos: int) -> int | None:
        """Where the text goes on after the fence's end, if that stands at `pos`."""
        end = re.compile(rf"[ \t>]*{self.signs}{self.signs[0]}*[ \t]*(?=[\r\n]|\Z)").match(
            text, pos
        )
        return end.end() if end else None

    def may_end(self, text: str, pos: int) -> bool:
        """Whether the text breaks off at what may become its end."""
        return re.compile(rf"[ \t>]*{self.signs[0]}*[ \t]*\Z").match(text, pos) is not None
