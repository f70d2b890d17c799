"""The dialogue as an agent may see it: only what it and the caller said.

The platform's history holds more: our fillers, calls of the platform's own tools that we made,
messages that mean silence, a code the caller gave us. All of that is taken out again.
"""

from collections.abc import Callable, Collection, Sequence

from bridge.core import filler
from bridge.core.chat import Message
from bridge.core.dialogue import is_silence

OUR_CALL = "call_bridge_"
"""How the ids of tool calls begin that bridge made itself, so that any process knows its own."""


def clean(
    messages: Sequence[Message],
    *,
    fillers: Collection[str],
    is_private: Callable[[int], bool] = lambda _position: False,
) -> tuple[Message, ...]:
    """A platform's history without what is ours.

    Args:
        messages: oldest first.
        fillers: every filler that may stand in it.
        is_private: whether the utterance at that position (counted from 0 over the caller's
            real utterances) was meant for bridge alone, such as a code.

    Returns:
        What is left; messages that needed no change are the same objects.
    """
    known = frozenset(fillers)
    kept: list[Message] = []
    position = -1
    for message in messages:
        if message.role == "user":
            if is_silence(message.text):
                continue
            position += 1
            if not is_private(position):
                kept.append(message)
        elif message.role == "assistant":
            cleaned = _clean_reply(message, known)
            if cleaned is not None:
                kept.append(cleaned)
        elif message.role != "tool" or not message.call_ids[0].startswith(OUR_CALL):
            kept.append(message)
    return tuple(kept)


def _clean_reply(message: Message, fillers: frozenset[str]) -> Message | None:
    text = filler.strip(message.text, fillers)
    theirs = tuple(i for i in message.call_ids if not i.startswith(OUR_CALL))
    if not text.strip() and not theirs:
        return None
    if text == message.text and theirs == message.call_ids:
        return message
    wire = {**message.wire, "content": text or None}
    wire.pop("tool_calls", None)
    if theirs:
        wire["tool_calls"] = [c for c in message.wire["tool_calls"] if c["id"] in theirs]
    return Message(message.role, text, theirs, wire)
