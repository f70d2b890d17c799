"""The time zone of this machine, by its name: what a person means who names none."""

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME, TIMEZONE = Path("/etc/localtime"), Path("/etc/timezone")
"""A link into the zones' folder; a file that holds a name. Source: localtime(5), Debian (2026-11).
"""

FOLDER = "zoneinfo/"


def machine_zone(
    environ: Mapping[str, str] | None = None,
    localtime: Path = LOCALTIME,
    timezone: Path = TIMEZONE,
) -> str | None:
    """The zone's name, as `Europe/Berlin`; `None` when the machine has one without a name.

    `TZ` comes first, as everywhere, and what it says that is no name (`CET-1CEST`) counts as none.
    """
    stated = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    if stated:
        return _known(stated)
    return _known(_linked(localtime)) or _known(_written(timezone))


def _linked(localtime: Path) -> str:
    try:
        target = str(localtime.readlink())
    except OSError:
        return ""
    return target.partition(FOLDER)[2]


def _written(timezone: Path) -> str:
    try:
        return timezone.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _known(name: str) -> str | None:
    if not name:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
