"""What may be chosen about speech, and what comes out of it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mark:
    """A control mark `[[name argument]]` found in the agent's text. Never spoken.

    Attributes:
        name: in lower case; the names in `bridge.core.speech.marks.KNOWN` in one spelling
            (`"hang up"` for `hangup`, `hang_up`, `Hang-Up`).
        argument: what follows the name, e.g. `"+15550100"`, `"12#"`, `"es"`; `""` when none.
    """

    name: str
    argument: str = ""


Piece = str | Mark
"""Speakable text, never empty, or a mark at its place among the words."""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How an agent's text becomes speakable.

    Attributes:
        shape: False passes the text untouched, but for its control marks.
        numbers: who reads numbers out: the voice platform, or we as words (English only).
        hold_s: how long undecided text may be held, in seconds.
        hold_chars: how many characters of it.
        language: what the caller speaks, a language tag; numbers become words in English only.
        code_left_out: said once a reply in place of fenced code; `""` says nothing.
        at_sign, dot: how the signs of an e-mail address are said.
        silence_tokens: what an agent writes at the end of a reply when it has nothing to say.
    """

    shape: bool = True
    numbers: Literal["platform", "words"] = "platform"
    hold_s: float = 0.4
    hold_chars: int = 200
    language: str = "en"
    code_left_out: str = "I'll leave the code out."
    at_sign: str = "at"
    dot: str = "dot"
    silence_tokens: tuple[str, ...] = ("NO_REPLY", "HEARTBEAT_OK")
