"""Schedules as a person reads them: what one means before it is made, a list, and one in full."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.cli.sessions import moment

HEADERS = ("schedule", "state", "when", "zone", "to", "next", "last")

Json = Mapping[str, Any]


def in_zone(at_s: float, zone: str) -> str:
    """A moment as clocks show it there, as `Mon 2026-11-23 07:00 CET`."""
    try:
        return f"{datetime.fromtimestamp(at_s, ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment(at_s)


def foreseen(told: Json, zone: str) -> Iterator[str]:
    """What a schedule would mean."""
    yield f"{told['says']} ({zone})"
    if told["note"]:
        yield f"  {told['note']}"
    for at_s in told["next_s"]:
        yield f"  {in_zone(at_s, zone)}"
    if told["outside_hours"]:
        yield f"  At the first of these it would be refused: {told['outside_hours']}."


def row(schedule: Json) -> Sequence[str]:
    """One schedule in the list."""
    zone = schedule["zone"]
    return (
        schedule["id"],
        schedule["state"],
        schedule["cron"] or schedule["at"],
        zone,
        schedule["to"],
        "-" if schedule["next_s"] is None else in_zone(schedule["next_s"], zone),
        _note(schedule["notes"][-1], zone) if schedule["notes"] else "-",
    )


def page(schedule: Json) -> Iterator[str]:
    """One schedule, line by line."""
    zone = schedule["zone"]
    facts = (
        ("schedule", schedule["id"]),
        ("state", schedule["state"]),
        ("when", schedule["cron"] or schedule["at"]),
        ("zone", zone),
        ("says", schedule["says"]),
        ("next", None if schedule["next_s"] is None else in_zone(schedule["next_s"], zone)),
        ("to", schedule["to"]),
        ("mode", schedule["mode"]),
        ("language", schedule["language"]),
        ("session", schedule["session"]),
        ("made", in_zone(schedule["made_s"], zone)),
        ("call", schedule["call"]),
        ("message", schedule["message"]),
        ("brief", schedule["brief"]),
    )
    for name, value in facts:
        if value not in (None, ""):
            yield f"{name:<10} {value}"
    for note in schedule["notes"]:
        yield f"{moment(note['at_s'])}  {_note(note, zone)}"


def _note(note: Json, zone: str) -> str:
    """What became of a moment, as `missed, Mon 2026-11-23 07:00 CET (3 of them)`."""
    parts = [note["what"]]
    if note["moment_s"] is not None:
        parts.append(in_zone(note["moment_s"], zone))
    if note["count"] > 1:
        parts[-1] += f" ({note['count']} of them)"
    parts += [part for part in (note["why"], note["call"]) if part]
    return ", ".join(parts)
