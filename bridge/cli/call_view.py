"""Calls as a person reads them: a list, and one call with all that was said."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.cli.sessions import moment

HEADERS = ("call", "began", "way", "remote", "state", "outcome", "fault", "talked", "cause")

HIT_HEADERS = ("call", "began", "turn", "caller", "agent")

SHOWN_CHARS = 60
"""Longest part of an utterance in a list of hits."""

ID_CHARS = 13
"""Of an id in a list: enough to name one call of millions."""

Json = Mapping[str, Any]


def row(call: Json) -> Sequence[str]:
    """One call in the list."""
    return (
        str(call["id"])[:ID_CHARS],
        moment(call["placed_s"]),
        {"inbound": "in", "outbound": "out"}.get(call["direction"], "-"),
        call["remote"] or ("-" if call["source"] != "text" else "text"),
        call["state"],
        call["outcome"] or "-",
        call["fault"] or "-",
        seconds(call["duration_s"]),
        call["cause"] or "-",
    )


def hit_row(hit: Json) -> Sequence[str]:
    """One turn that a search found."""
    call, turn = hit["call"], hit["turn"]
    return (
        str(call["id"])[:ID_CHARS],
        moment(call["placed_s"]),
        str(turn["number"]),
        _short(turn["utterance"]),
        _short(turn["sent"] or turn["ours"]),
    )


def page(call: Json) -> Iterator[str]:
    """One call, line by line."""
    facts = (
        ("call", call["id"]),
        ("direction", f"{call['direction']} ({call['source']})"),
        ("remote", call["remote"]),
        ("line", call["line"]),
        ("state", call["state"]),
        ("outcome", _outcome(call)),
        ("cause", call["cause"]),
        ("began", moment(call["placed_s"])),
        ("answered", _maybe(call["answered_s"])),
        ("ended", _maybe(call["ended_s"])),
        ("talked", seconds(call["duration_s"])),
        ("cost", None if call["cost"] is None else f"{call['cost']:g} {call['currency']}"),
        ("session", call["session_key"]),
        ("platform", call["conversation"]),
        ("carrier", call["carrier_call"]),
        ("sound", call["recording"]),
        ("message", call.get("message")),
        ("brief", call.get("brief")),
        ("rings back", _rings_back(call)),
    )
    for name, value in facts:
        if value not in (None, "", "-"):
            yield f"{name:<10} {value}"
    for text in call.get("details", {}).get("said_otherwise", []):
        yield f"{'platform':<10} {text}"
    for turn in call["turns"]:
        yield ""
        yield from _turn(turn)


def _rings_back(call: Json) -> str | None:
    """The turn that this call was promised in."""
    about = call.get("details", {}).get("rings_back")
    return f"turn {about['turn']} of {about['conversation']}" if about else None


def _turn(turn: Json) -> Iterator[str]:
    yield f"{turn['number']:<3} {moment(turn['at_s'])}  {_came_out(turn)}"
    for name, text in (
        ("caller", turn["utterance"]),
        *(("filler", text) for text in turn["fillers"]),
        ("agent", turn["sent"]),
        ("heard", turn["heard"] if _heard_less(turn) else ""),
        ("bridge", turn["ours"]),
        *(("act", f"{act['name']} {act['arguments']}") for act in turn["acts"]),
    ):
        if text and text.strip():
            yield f"    {name:<7} {' '.join(text.split())}"
    parts = [f"{stage} {1000 * took_s:,.0f}" for stage, took_s in turn["stages_s"].items()]
    yield f"    {'ms':<7} {'  '.join(parts)}"


def _came_out(turn: Json) -> str:
    return " ".join(part for part in (turn["outcome"], turn["failure"]) if part)


def _heard_less(turn: Json) -> bool:
    return turn["heard"] is not None and turn["heard"].strip() != turn["sent"].strip()


def _outcome(call: Json) -> str | None:
    if call["outcome"] is None:
        return None
    is_plain = call["fault"] in (None, "nobody")
    return str(call["outcome"]) if is_plain else f"{call['outcome']} (fault: {call['fault']})"


def _maybe(at_s: float | None) -> str | None:
    return None if at_s is None else moment(at_s)


def seconds(took_s: float | None) -> str:
    """A duration as `1:05`; a dash when it isn't known."""
    if took_s is None:
        return "-"
    minutes, rest = divmod(round(took_s), 60)
    return f"{minutes}:{rest:02}"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN_CHARS else plain[: SHOWN_CHARS - 1] + "…"
