"""How much of a reply the caller has heard.

When the caller barges in, the platform cuts the reply in its history to what was really played.
A stateful agent believes it said all of it. Comparing the two says what was heard and what was not.

The comparison looks at letters and digits only: platforms add an ellipsis, fold white space and
change quotation marks. It claims something only where the history is a true beginning of the reply.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply, split where the caller stopped hearing it. Both in the reply's own spelling."""

    heard: str
    unheard: str


def compare(said: str, spoken: str) -> Heard | None:
    """Splits what was `said` at the end of what the history says was `spoken`.

    Args:
        said: the agent's words as they were sent, without fillers.
        spoken: the platform's text of the same reply, without fillers; `""` when it has none.

    Returns:
        `None` when all of it was heard, or when the two texts are not one reply.
    """
    places = [i for i, char in enumerate(said) if char.isalnum()]
    letters = _letters(said)
    played = _letters(spoken)
    if not letters or not letters.startswith(played) or len(played) >= len(letters):
        return None
    cut = _place(said, places, len(played))
    return Heard(said[:cut].strip(), said[cut:].strip())


def is_beginning(spoken: str, of: str) -> bool:
    """Whether what was `spoken` is that sentence, or its beginning, spelled in whatever way."""
    played = _letters(spoken)
    return bool(played) and _letters(of).startswith(played)


def _letters(text: str) -> str:
    return "".join(_fold(char) for char in text if char.isalnum())


def _fold(char: str) -> str:
    """Lower case that keeps one character one character, so that places stay true."""
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char


def _place(said: str, places: list[int], count: int) -> int:
    """Where the first `count` letters of `said` end, with the punctuation that follows them."""
    if count == 0:
        return 0
    end = places[count - 1] + 1
    while end < places[count] and not said[end].isspace():
        end += 1
    return end
