"""What makes the settings about calls out right, where a type alone can't say.

As in `rules`: each returns the value as it should be kept, or raises `ValueError` with what is
wrong, to be read after the setting's name.
"""

import json
import re

from bridge.core.calling_hours import parse_hours
from bridge.core.outbound_rules import ANY_REGION

_REGION = re.compile(r"[A-Z]{2}")

_MISTAKEN = {"UK": "GB", "EN": "GB", "EU": "the countries one by one"}
"""What is written for a region and is none. Source: ISO 3166-1 alpha-2."""


def regions(value: object) -> tuple[str, ...]:
    """Regions in capitals.

    Args:
        value: a list, or text: a JSON list, or entries with commas or semicolons between them.
    """
    entries = _entries(value) if isinstance(value, str) else value
    if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
        raise ValueError("must be a list of regions, such as ['US', 'CA'], or ['*']")
    kept = [entry.strip().upper() for entry in entries if entry.strip()]
    for entry in kept:
        if entry in _MISTAKEN:
            raise ValueError(f"can't be used: {entry!r} is no region; write {_MISTAKEN[entry]}")
        if entry != ANY_REGION and _REGION.fullmatch(entry) is None:
            raise ValueError("must hold regions of two letters, such as 'US', or '*'")
    return tuple(kept)


def _entries(text: str) -> object:
    if not text.lstrip().startswith("["):
        return re.split("[,;\n]", text)
    try:
        return json.loads(text)
    except ValueError:
        return None


def hours(value: str) -> str:
    """Calling hours in their plain form, as `08:00-21:00`."""
    found = parse_hours(value)
    return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (found.start_min, found.end_min))
