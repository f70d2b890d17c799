"""What an agent writes when it has nothing to say, such as `NO_REPLY`.

At the end of a reply such a token is dropped; with words after it, it is a word like others.
"""

import re
from functools import lru_cache

from bridge.core.speech.ending import Ending


@lru_cache(maxsize=64)
def begun_pattern(tokens: tuple[str, ...]) -> str:
    """A pattern for each token, whole or cut off by the end of the text."""
    return "|".join(_cut_anywhere(token) for token in tokens)


@lru_cache(maxsize=64)
def token_pattern(tokens: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that parts a text at its silence tokens, which it keeps."""
    whole = "|".join(re.escape(token) for token in tokens) or "(?!)"
    return re.compile(rf"(?<![^\W_])({whole})(?![^\W_])")


def _cut_anywhere(token: str) -> str:
    beginnings = (token[:length] for length in range(len(token) - 1, 0, -1))
    return "|".join((re.escape(token), *(rf"{re.escape(begun)}\Z" for begun in beginnings)))


def read_token(
    text: str, pos: int, tokens: tuple[str, ...], ending: Ending
) -> tuple[int, bool] | None:
    """Looks at a place where a silence token may stand.

    Returns:
        Where the text goes on, and whether a token stands before that, rather than the first
        letter of a word. `None` while that is undecided; a whole token stays undecided
        however late it is, until it is known to be no longer word.
    """
    for token in tokens:
        if text.startswith(token, pos):
            end = pos + len(token)
            if end == len(text) and ending is not Ending.OVER:
                return None
            if not re.match(r"[^\W_]", text[end : end + 1]):
                return end, True
        elif token.startswith(text[pos:]) and ending is Ending.OPEN:
            return None
    return pos + 1, False
