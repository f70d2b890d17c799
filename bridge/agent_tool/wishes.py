"""What an agent may ask for, field by field, described for a model that reads it.

The descriptions are all that a model knows of the telephone.
"""

from pydantic import BaseModel, ConfigDict, Field

from bridge.core.order import BRIEF_CHARS, MESSAGE_CHARS
from bridge.core.record import Mode

ID = r"^call_[0-9a-f]{16}$"
TO_CHARS = 64
"""Longest text taken for a number. Which numbers may be called is for the guard to say, by a rule
that it can name."""

DIGITS = r"^[0-9*#wW]{1,64}$"
KEY = r"^[!-~]{0,128}$"

WAIT_S = 600
"""Longest wait for a call's end: twice what a call usually takes, and what a person who reads along
will bear. Who needs longer asks for the status again."""


class Wish(BaseModel):
    """What a tool is called with."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class InitiateCall(Wish):
    """Place a call."""

    to: str = Field(
        min_length=1,
        max_length=TO_CHARS,
        examples=["+15550100"],
        description="Who is called: an E.164 number, `+` and country code first, as +15550100. "
        "Never guess or complete a number: ask the person for it.",
    )
    message: str = Field(
        default="",
        max_length=MESSAGE_CHARS,
        description="What is said first, as soon as somebody picks up: one or two plain spoken "
        "sentences that say who calls, for whom, and why. With mode notify it is all that is said.",
    )
    mode: Mode = Field(
        default=Mode.CONVERSATION,
        description="notify: say the message and hang up. conversation: the person's agent on the "
        "telephone talks with whoever picks up.",
    )
    brief: str = Field(
        default="",
        max_length=BRIEF_CHARS,
        description="For mode conversation: what the call is to achieve, what may be agreed to and "
        "what not. Only the agent on the telephone gets it; the callee never hears it.",
    )
    language: str = Field(
        default="",
        pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2})?$",
        description="A language tag, as de, when it is not the agent's own.",
    )
    idempotency_key: str = Field(
        default="",
        pattern=KEY,
        description="Name the task (as dentist-booking-2026-11-21) and give the same key whenever "
        "you try the same call again: it then rings once, however often you ask. Another call "
        "needs another key.",
    )
    wait_s: int = Field(
        default=0,
        ge=0,
        le=WAIT_S,
        description="Seconds to wait for the call's end, to answer with its outcome and what was "
        "said; 0 answers as soon as it is placed. A call that outlasts the wait goes on.",
    )
    dry_run: bool = Field(
        default=False,
        description="Only say whether the operator's rules would let it out, and what it would "
        "cost. Nobody is called.",
    )


class GetStatus(Wish):
    """Ask how a call is."""

    call_id: str | None = Field(
        default=None,
        pattern=ID,
        description="The id that initiate_call gave. Without it: your latest calls.",
    )


class EndCall(Wish):
    """End a call."""

    call_id: str = Field(pattern=ID, description="The id that initiate_call gave.")


class Speak(Wish):
    """Say something in a live call."""

    call_id: str = Field(pattern=ID, description="The id that initiate_call gave.")
    message: str = Field(max_length=MESSAGE_CHARS, description="What would be said.")


class SendDtmf(Wish):
    """Press keys in a live call."""

    call_id: str = Field(pattern=ID, description="The id that initiate_call gave.")
    digits: str = Field(pattern=DIGITS, description="What would be pressed, as 1ww23#.")
