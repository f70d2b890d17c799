"""Where the time of each turn went: its stages as numbers that sum, and as bars to one scale."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.latency import STAGES
from bridge.rehearsal.terminal_text import Signs, one_line, padded, width, wrapped

UTTERANCE_COLUMNS = 24
"""Of the words that a turn is known by."""

LEAST_BAR = 10
"""Columns of a bar below which none is drawn."""

Turn = Mapping[str, Any]


def whole_milliseconds(stages_s: Mapping[str, float]) -> dict[str, int]:
    """The stages in whole milliseconds that sum to the whole, rounded: parts as shown must sum.

    The largest remainders are rounded up, as seats of a parliament are given out.
    """
    exact = {stage: 1000 * max(0.0, stages_s.get(stage, 0.0)) for stage in STAGES}
    shown = {stage: int(value) for stage, value in exact.items()}
    missing = round(sum(exact.values())) - sum(shown.values())
    by_remainder = sorted(exact, key=lambda stage: exact[stage] - shown[stage], reverse=True)
    for stage in by_remainder[:missing]:
        shown[stage] += 1
    return shown


def render_waterfall(turns: Sequence[Turn], columns: int, signs: Signs) -> str:
    """A line for each turn, in milliseconds; empty without turns."""
    if not turns:
        return ""
    parts = [whole_milliseconds(turn.get("stages_s", {})) for turn in turns]
    totals = [sum(part.values()) for part in parts]
    headers = ("turn", *STAGES, "total")
    rows = [
        (_name(turn), *(f"{part[stage]:,}" for stage in STAGES), f"{total:,}")
        for turn, part, total in zip(turns, parts, totals, strict=True)
    ]
    widths = [max(width(row[at]) for row in (headers, *rows)) for at in range(len(headers))]
    room = columns - sum(widths) - 2 * len(widths)
    lines = [_line(headers, widths) + "  ms"]
    for row, part in zip(rows, parts, strict=True):
        bar = _bar(part, max(totals), room, signs) if room >= LEAST_BAR else ""
        lines.append(f"{_line(row, widths)}  {bar}".rstrip())
    shades = (f"{shade} {stage}" for shade, stage in zip(signs.shades, STAGES, strict=True))
    return "\n".join([*lines, *(["", "  ".join(shades)] if room >= LEAST_BAR else [])])


def _name(turn: Turn) -> str:
    words = wrapped(one_line(str(turn.get("utterance") or "")), UTTERANCE_COLUMNS - 4)
    more = "…" if len(words) > 1 else ""
    return f"{turn.get('number', '')} {words[0]}{more}".rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = cells
    return "  ".join(
        [
            padded(first, widths[0]),
            *(f"{cell:>{wide}}" for cell, wide in zip(rest, widths[1:], strict=True)),
        ]
    )


def _bar(part: Mapping[str, int], most: int, room: int, signs: Signs) -> str:
    """The stages one behind the other; the longest turn fills the room."""
    bar, done = "", 0
    for stage, shade in zip(STAGES, signs.shades, strict=True):
        done += part[stage]
        ends_at = round(done * room / most) if most else 0
        bar += shade * (ends_at - len(bar))
    return bar
