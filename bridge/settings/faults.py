"""What is wrong with the settings, said so that it can be put right.

Every message names the setting, what it must be and where it was set. The value itself is
shown only when it can't be a secret or a telephone number.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from bridge.errors import SettingsError
from bridge.masking import holds_number
from bridge.settings.model import DEFAULT, FLAG
from bridge.settings.table import SETTINGS, Setting, nearest

PRIVATE = frozenset(
    {
        "policy.allow_from",
        "policy.outbound.allow_to",
        "policy.outbound.do_not_call",
        "store.ledger_url",
        "store.url",
        "tunnel.providers",
        "twilio.account_sid",
        "twilio.phone_number",
        "upstream.providers",
    }
)
"""Settings that are no secrets by type, but may hold one, or a number."""

SHOWN_CHARS = 60
"""Longest value that a message repeats: a longer one is no help, and may be something pasted."""


def unknown(name: str, known: Iterable[str], *, where: str) -> SettingsError:
    """A name that is no setting, with the one that was probably meant."""
    likely = nearest(name, known)
    return SettingsError(
        f"{name!r} is not a setting (in {where})",
        setting=name,
        hint=f"Did you mean {likely!r}?" if likely else "`bridge config show` lists every setting.",
    )


def explain(error: ValidationError, origins: Mapping[str, str]) -> SettingsError:
    """One error for everything that is wrong, a line for each setting."""
    first: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        row = _row(fault["loc"])
        first.setdefault(row.name, _sentence(row, dict(fault), origins))
    names = list(first)
    return SettingsError(
        "\n".join(first.values()), setting=names[0], hint=_hint(SETTINGS[names[0]])
    )


def place(origin: str) -> str:
    """Where a value was set, to be read in brackets after what is wrong with it."""
    if origin == DEFAULT:
        return "not set"
    is_flag = origin.startswith(FLAG)
    return f"set by {origin.removeprefix(FLAG)}" if is_flag else f"set in {origin}"


def _row(loc: tuple[int | str, ...]) -> Setting:
    parts = [str(part) for part in loc]
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next(SETTINGS[name] for name in names if name in SETTINGS)


def _sentence(row: Setting, fault: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    rule = fault.get("ctx", {}).get("error")
    wanted = str(rule) if isinstance(rule, ValueError) else f"must be {row.kind}"
    shown = _shown(row, fault.get("input"))
    return f"{row.name} {wanted}{shown} ({place(origins.get(row.name, DEFAULT))})"


def _shown(row: Setting, value: object) -> str:
    text = repr(value)
    may_show = not (row.is_secret or row.name in PRIVATE) and isinstance(value, str | int | float)
    if not may_show or value == "" or "@" in text or holds_number(text) or len(text) > SHOWN_CHARS:
        return ""
    return f", not {text}"


def _hint(row: Setting) -> str:
    example = f" For example: {row.example}." if row.example else f" Default: {row.default}."
    return row.description + example
