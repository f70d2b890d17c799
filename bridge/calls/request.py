"""A request as the engine takes it: read, identified, let in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core.chat import Message
from bridge.core.dialogue import Dialogue
from bridge.core.identity import CallIdentity, Strength
from bridge.core.reply import Item
from bridge.core.session import SessionKey


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One request of the voice profile.

    Attributes:
        thread: what the ledger keeps it under.
        strength: how surely that is one conversation.
        messages: the platform's history, marker lines removed.
        dialogue: the same, read.
        language: the caller's, as a language tag.
        received_s: when the request was complete.
        model: the model that the platform asked for.
        private: positions of utterances meant for bridge alone, such as a code.
        errand: what the agent is told of a call that we placed; empty for any other.
        closing: what is replied without asking the agent, because the call is over for us.
    """

    thread: str
    strength: Strength
    identity: CallIdentity
    messages: tuple[Message, ...]
    dialogue: Dialogue
    session_key: SessionKey | None
    language: str
    received_s: float
    tools: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    private: frozenset[int] = frozenset()
    errand: str = field(default="", repr=False)
    closing: tuple[Item, ...] = ()
