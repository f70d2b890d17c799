"""Who is calling: the call identity of a request, from its headers and its marker line.

A platform tells us by headers that provisioning set up, or by a line in the prompt:

    [bridge conversation=conv_1 caller=+15550001234 called=+15550100 call=CA1 direction=inbound]

Field by field the header wins; one that says `NOT_STATED` is not there at all. The marker is for us
and never goes on to the agent. What carriers send in place of a number (a SIP address, an
extension, `anonymous`) means withheld and is never an error; only a conversation id that can't be
one is, because joining the wrong turns is worse.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from bridge.core.chat import Message
from bridge.core.phone import E164, parse_e164
from bridge.core.stated import (
    ID_CHARS,
    NOT_STATED,
    SESSION_HEADER,
    is_unfilled,
    is_withheld,
    parse_id,
    parse_session_header,
)

Direction = Literal["inbound", "outbound"]

CONVERSATION_HEADER = "x-bridge-conversation"

_CALL_FIELDS: Final = ("caller", "called", "call", "direction")
"""The fields that only a telephone call has; each may come as the header `x-bridge-<field>`."""

_FIELDS: Final = ("conversation", *_CALL_FIELDS)
_NAMES = "|".join(_FIELDS)

_OPEN = "[bridge"
_QUOTED_OR_END = re.compile(r"""=[ \t]*(?:"[^"]*"|'[^']*')|\]""")
_FIELD = re.compile(
    rf"""(?:^|[\s,;])({_NAMES})[ \t]*="""
    rf"""(?:[ \t]*"([^"]*)"|[ \t]*'([^']*)'|(.*?)(?=[\s,;](?:{_NAMES})[ \t]*=|$))"""
)

MARKER_CHARS = 2048
"""Longest marker read; a filled-in one has about 200 characters. A longer one is removed unread."""


class Strength(StrEnum):
    """How well a request's conversation is known, strongest first."""

    CONVERSATION = "conversation"
    """By its own conversation id: nobody else's turns have it."""

    KEY = "key"
    """Only by `x-openclaw-session-key`, which two callers may share."""

    ALONE = "alone"
    """By nothing: answered, and never joined to another request."""


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Who is calling, as far as it was stated.

    Attributes:
        conversation: the platform's conversation id.
        caller: who dialled; `None` when withheld or not stated.
        called: who was dialled.
        call: the carrier's id of the call.
        direction: seen from us; `None` when not stated.
        is_outbound: a header says that we placed the call. A marker line is not believed in this,
            because a caller's name may have been filled into it.
        is_call: something that only a telephone call has was stated, even if as withheld.
        strength: how well the conversation is known.
        thread: what the ledger is keyed by: `conv:<id>`, `key:<session key header>`, or `None`
            when the request stands alone.
    """

    conversation: str | None = None
    caller: E164 | None = None
    called: E164 | None = None
    call: str | None = None
    direction: Direction | None = None
    is_outbound: bool = False
    is_call: bool = False
    strength: Strength = Strength.ALONE
    thread: str | None = None

    @property
    def remote(self) -> E164 | None:
        """The person's number: who was called on a call we placed, else who dialled."""
        return self.called if self.direction == "outbound" else self.caller

    @property
    def line(self) -> E164 | None:
        """Our own number, whichever way the call went."""
        return self.caller if self.direction == "outbound" else self.called


def identify(
    headers: Mapping[str, str], messages: Sequence[Message]
) -> tuple[CallIdentity, tuple[Message, ...]]:
    """Who is calling, and the dialogue without marker lines.

    Args:
        headers: by lower-case name.
        messages: the dialogue. Markers count in system and developer messages only: a caller
            can't speak one. The first marker is believed, and every one is removed.

    Returns:
        The identity, and the messages. A message that was nothing but a marker is gone; when
        nothing else is left, the last stays and is empty.

    Raises:
        BadRequest: a conversation id or session key of the wrong length, or not printable.
    """
    marker, kept = _take_markers(messages)
    stated = {field: _first_said(headers, marker, field) for field in _FIELDS}
    conversation = _conversation(headers, stated["conversation"])
    header_key = parse_session_header(headers.get(SESSION_HEADER))
    if conversation is not None:
        strength, thread = Strength.CONVERSATION, f"conv:{conversation}"
    elif header_key is not None:
        strength, thread = Strength.KEY, f"key:{header_key}"
    else:
        strength, thread = Strength.ALONE, None
    identity = CallIdentity(
        conversation=conversation,
        caller=_number(stated["caller"]),
        called=_number(stated["called"]),
        call=_call(stated["call"]),
        direction=_direction(stated["direction"]),
        is_outbound=_direction(headers.get("x-bridge-direction", "").strip()) == "outbound",
        is_call=any(_is_there(headers, field) or field in marker for field in _CALL_FIELDS),
        strength=strength,
        thread=thread,
    )
    return identity, kept


def _is_there(headers: Mapping[str, str], field: str) -> bool:
    return headers.get(f"x-bridge-{field}", NOT_STATED).strip() != NOT_STATED


def _first_said(headers: Mapping[str, str], marker: Mapping[str, str], field: str) -> str:
    """The header unless nobody filled it in, then the marker; empty when neither says anything.

    A header that says "withheld" has said something, so the marker is not asked.
    """
    for text in (headers.get(f"x-bridge-{field}", ""), marker.get(field, "")):
        if not is_unfilled(text):
            return text.strip()
    return ""


def _conversation(headers: Mapping[str, str], text: str) -> str | None:
    if is_withheld(text):
        return None
    in_header = not is_unfilled(headers.get(CONVERSATION_HEADER, ""))
    return parse_id(text, CONVERSATION_HEADER if in_header else "messages")


def _number(text: str) -> E164 | None:
    try:
        return parse_e164(text)
    except ValueError:
        return None


def _call(text: str) -> str | None:
    fits = len(text) <= ID_CHARS and text.isprintable()
    return text if fits and not is_withheld(text) else None


def _direction(text: str) -> Direction | None:
    match text.casefold():
        case "inbound":
            return "inbound"
        case "outbound":
            return "outbound"
        case _:
            return None


def _take_markers(messages: Sequence[Message]) -> tuple[dict[str, str], tuple[Message, ...]]:
    found: list[str] = []
    kept: list[Message] = []
    for message in messages:
        if message.role not in ("system", "developer") or _OPEN not in message.text:
            kept.append(message)
            continue
        before = len(found)
        text = "\n".join(_take_from_lines(message.text, found))
        if len(found) == before:
            kept.append(message)
        elif text.strip():
            kept.append(message.with_text(text))
    if messages and not kept:
        kept.append(messages[-1].with_text(""))
    return (_parse_marker(found[0]) if found else {}), tuple(kept)


def _take_from_lines(text: str, found: list[str]) -> Iterator[str]:
    for line in text.split("\n"):
        rest, markers = _take_from_line(line)
        found.extend(markers)
        if not markers or rest.strip():
            yield rest


def _take_from_line(line: str) -> tuple[str, list[str]]:
    """The line without its markers, and what stood in them. One pass: a line may be a megabyte."""
    rest: list[str] = []
    markers: list[str] = []
    at = 0
    while (start := line.find(_OPEN, at)) >= 0:
        inside = start + len(_OPEN)
        if line[inside : inside + 1] not in (" ", "\t", "]"):  # another word, such as "[bridges"
            rest.append(line[at:inside])
            at = inside
            continue
        end = _end_of_marker(line, inside)
        if end < 0:
            break
        rest.append(line[at:start])
        markers.append(line[inside:end])
        at = end + 1
    rest.append(line[at:])
    return "".join(rest), markers


def _end_of_marker(line: str, inside: int) -> int:
    for token in _QUOTED_OR_END.finditer(line, inside):
        if token[0] == "]":
            return token.start()
    return -1


def _parse_marker(marker: str) -> dict[str, str]:
    """Its fields. One that is stated twice says nothing: a caller's own text may be in there."""
    fields: dict[str, str] = {}
    if len(marker) > MARKER_CHARS:
        return fields
    for name, double, single, bare in _FIELD.findall(marker):
        fields[name] = "" if name in fields else (double or single or bare).strip(" \t,;")
    return fields
