"""Control acts: hang up, transfer, press keys, change language, wait, leave it to voicemail.

A voice platform offers its acts as function tools in each request; an agent without tools asks
for them by a mark of its own (`[[hang up]]`, `[[transfer +15550100]]`). Here a mark becomes a
tool call. Platforms rename the properties of these tools without notice, and reject a call that
lacks a required one, so arguments are built from the schema in the request and never from
memory. An act that isn't offered now, or whose argument can't be used, is refused quietly:
`build_call` returns `None`, and nothing is spoken about it.

Source: elevenlabs.io/docs, system tools (2026-11).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from bridge.core.chat import dump
from bridge.core.phrases import Phrases
from bridge.core.tool_schema import Filler, Reader, carries, fill

Tool = Mapping[str, Any]


class Act(StrEnum):
    """What a mark asks for: the value is the mark's name."""

    HANG_UP = "hang up"
    TRANSFER = "transfer"
    PRESS = "press"
    LANGUAGE = "language"
    WAIT = "wait"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class _Stand:
    """How one platform tool stands for an act.

    Attributes:
        act: the act.
        places: names under which the mark's argument may travel, the documented one first;
            empty when the act has no argument.
        read: the mark's argument as the tool wants it, or `None` when it can't be used.
        reason: what is written where the tool demands a reason. Read by people, not spoken.
        ends_turns: the conversation with us is over once it succeeds.
    """

    act: Act
    places: tuple[str, ...] = ()
    read: Reader = str
    reason: str = ""
    ends_turns: bool = False


class ToolCallWire(NamedTuple):
    """One whole tool call, in the order the chunk writer takes it. `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What the platform says became of an act.

    Attributes:
        succeeded: False only when it says plainly that the act failed.
        result_type: the platform's own name of the result, `""` when it gave none.
    """

    succeeded: bool
    result_type: str = ""


MAX_DIGITS = 64
"""Longest key sequence: a card number with pauses fits; half a minute of tones is a mistake."""

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_AGENT = re.compile(r"[0-9]{1,4}")
_KEYS = re.compile(rf"[0-9*#A-DwW]{{1,{MAX_DIGITS}}}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")
_PUNCTUATION = re.compile(r"[ \u00a0().\-/]")


def _read_phone(argument: str) -> str | None:
    number = _PUNCTUATION.sub("", argument)
    return number if _PHONE.fullmatch(number) else None


def _read_agent(argument: str) -> int | None:
    return int(argument) if _AGENT.fullmatch(argument) else None


def _read_keys(argument: str) -> str | None:
    keys = re.sub(r"[ \-]", "", argument).replace(",", "w")
    keys = re.sub("[a-d]", lambda key: key[0].upper(), keys)
    return keys if _KEYS.fullmatch(keys) else None


def _read_language(argument: str) -> str | None:
    code = argument.lower().replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) else None


_KEY_PLACES = ("dtmf_tones", "digits", "tones", "dtmf", "keys")
_KEYPAD = _Stand(Act.PRESS, _KEY_PLACES, _read_keys, "A menu asks for these keys.")

_STANDS: Mapping[str, _Stand] = {
    "end_call": _Stand(Act.HANG_UP, reason="The conversation is over.", ends_turns=True),
    "transfer_to_number": _Stand(
        Act.TRANSFER,
        ("transfer_number", "phone_number", "number", "destination"),
        _read_phone,
        "The caller is to speak with someone else.",
        ends_turns=True,
    ),
    "transfer_to_agent": _Stand(
        Act.TRANSFER,
        ("agent_number", "agent_id", "agent"),
        _read_agent,
        "Another agent is to go on with this call.",
        ends_turns=True,
    ),
    "play_keypad_touch_tone": _KEYPAD,
    "play_dtmf": _KEYPAD,
    "language_detection": _Stand(
        Act.LANGUAGE,
        ("language", "language_code", "lang"),
        _read_language,
        "The caller speaks another language.",
    ),
    "skip_turn": _Stand(Act.WAIT, reason="The caller asked for a moment."),
    "voicemail_detection": _Stand(
        Act.VOICEMAIL, reason="An answering machine picked up.", ends_turns=True
    ),
}

CONTROL_TOOLS = frozenset(_STANDS)
"""Names of the platform tools that stand for a control act."""

_HEARD_BY_CALLER = frozenset(
    {"message", "client_message", "system__message_to_speak", "transfer_message"}
)


def is_control(name: str) -> bool:
    """Whether the tool is a control act of the platform, not a tool of the agent's."""
    return name in CONTROL_TOOLS


def is_terminal(name: str) -> bool:
    """Whether our part of the call is over once it succeeds: hang-up, transfer, voicemail."""
    stand = _STANDS.get(name)
    return stand is not None and stand.ends_turns


def split_tools(tools: Iterable[Tool]) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """The platform's control tools and the others, each in the order they came."""
    every = tuple(tools)
    return (
        tuple(tool for tool in every if is_control(_name_of(tool))),
        tuple(tool for tool in every if not is_control(_name_of(tool))),
    )


def offered(tools: Iterable[Tool]) -> frozenset[str]:
    """Names of the marks that can be obeyed with these tools, e.g. `{"hang up", "wait"}`."""
    names = (_name_of(tool) for tool in tools)
    return frozenset(_STANDS[name].act.value for name in names if name in _STANDS)


def build_call(
    mark_name: str,
    argument: str,
    tools: Sequence[Tool],
    call_id: str,
    *,
    last_words: str,
    phrases: Phrases,
) -> ToolCallWire | None:
    """A mark as a call of the tool that stands for it.

    Args:
        mark_name: the act, in any case, with spaces or underscores: `"hang up"`, `"hang_up"`.
        argument: the rest of the mark: a number, an agent's place in the list, keys, a language
            code. Ignored by acts that take none.
        tools: the tools of the request that is being answered.
        call_id: the id of the call to be made.
        last_words: what the reply has said in content. With any, the tool says nothing itself:
            a goodbye is never heard twice.
        phrases: ours, in the caller's language, for a tool that demands words to be spoken: to
            the caller when none were said, or to whoever takes the call over.

    Returns:
        The call, or `None` when the act is not offered or its argument can't be used.
    """
    act = " ".join(re.split(r"[\s_-]+", mark_name.strip().lower()))
    for tool in tools:
        stand = _STANDS.get(_name_of(tool))
        if stand is None or stand.act != act:
            continue
        filler = _filler(stand, phrases, has_spoken=bool(last_words.strip()))
        arguments = _arguments(stand, argument.strip(), _parameters_of(tool), filler)
        if arguments is not None:
            return ToolCallWire(call_id, _name_of(tool), dump(arguments))
    return None


def parse_result(content: str) -> ToolOutcome:
    """A tool message's content to what became of the act.

    Reads `result_type` (`…_success`, `…_error`), then `status`, then a filled `error`. Text that
    isn't JSON counts as success unless it begins with "error": a result nobody can read must not
    make the agent act twice.
    """
    try:
        result = json.loads(content)
    except (ValueError, RecursionError):
        return ToolOutcome(not content.lstrip().lower().startswith("error"))
    if isinstance(result, list) and result:
        result = result[0]
    if not isinstance(result, dict):
        return ToolOutcome(not str(result).lower().startswith("error"))
    result_type = result.get("result_type")
    kind = result_type if isinstance(result_type, str) else ""
    if kind.endswith(("_success", "_error")):
        return ToolOutcome(kind.endswith("_success"), kind)
    failed = result.get("status") == "error" or bool(result.get("error"))
    return ToolOutcome(not failed and result.get("is_error") is not True, kind)


def _name_of(tool: Tool) -> str:
    return str(tool["function"]["name"])


def _parameters_of(tool: Tool) -> Mapping[str, Any]:
    parameters = tool["function"].get("parameters")
    return parameters if isinstance(parameters, Mapping) else {}


def _filler(stand: _Stand, phrases: Phrases, *, has_spoken: bool) -> Filler:
    """What the tool may demand beside the act's own argument."""
    courtesies = {Act.HANG_UP: phrases.goodbye, Act.TRANSFER: phrases.putting_through}
    courtesy = courtesies.get(stand.act, "")
    return Filler(
        texts={"reason": stand.reason, "agent_message": phrases.handed_over}
        | dict.fromkeys(_HEARD_BY_CALLER, "" if has_spoken else courtesy),
        spoken=courtesy or stand.reason,
    )


def _arguments(
    stand: _Stand, argument: str, schema: Mapping[str, Any], filler: Filler
) -> dict[str, Any] | None:
    """The tool's arguments, or `None` when the act's own argument finds no place or no use."""
    if not stand.places:
        return fill(schema, filler)
    place = carries(schema, stand.places, besides=frozenset(filler.texts))
    if place is None:
        return None
    value = place.fit(argument, stand.read)
    if value is None:
        return None
    carried = {name: value for name in stand.places if name in place.required}
    return fill(schema, filler, carried | {place.name: value})
