"""Which options of `bridge rehearse` go together. Raises `UsageError` before anything is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bridge.rehearsal.scenario import Scenario

NEEDS = {"keep": "from_call", "reveal": "from_call", "url": "from_call", "at-once": "calls"}
"""Options that mean something only with another."""


@dataclass(frozen=True, slots=True)
class Modes:
    """What the command is told to do instead of acting out scenarios."""

    from_call: str | None
    calls: int | None
    mic: bool
    is_list: bool

    @property
    def is_one(self) -> bool:
        """Whether it is one call, whatever scenarios there are."""
        return self.mic or self.from_call is not None

    @property
    def chosen(self) -> list[str]:
        """The options that were given."""
        given = {
            "--from-call": self.from_call is not None,
            "--calls": self.calls is not None,
            "--mic": self.mic,
            "--list": self.is_list,
        }
        return [option for option, is_given in given.items() if is_given]


def check_modes(
    modes: Modes,
    scenarios: Sequence[str],
    beside: Mapping[str, object],
    reports: Mapping[str, Path | None],
) -> None:
    """What is done instead of acting out scenarios, and what stands beside it.

    Args:
        beside: options that need another, by their names.
    """
    if len(modes.chosen) > 1:
        raise click.UsageError(f"{' and '.join(modes.chosen)} don't go together.")
    if modes.mic and scenarios:
        raise click.UsageError("With --mic you say what you like: name no scenario.")
    if modes.from_call is not None and scenarios:
        raise click.UsageError("With --from-call the call is the scenario: name no other.")
    for option, value in beside.items():
        if value and not getattr(modes, NEEDS[option]):
            raise click.UsageError(f"--{option} needs --{NEEDS[option].replace('_', '-')}.")
    if modes.calls is not None and any(reports.values()):
        raise click.UsageError("--calls has figures, not calls to look at: use --json.")


def check_reports(
    scenarios: Sequence[Scenario],
    reports: Mapping[str, Path | None],
    *,
    has_sound: bool,
    is_one: bool,
) -> None:
    """The files that are to be written."""
    if reports["save"] is not None and not has_sound:
        raise click.UsageError("--save writes sound: it needs --audio or --mic.")
    if reports["save"] is not None and not is_one and len(scenarios) != 1:
        raise click.UsageError("--save writes one call: name one scenario.")
    for name, file in reports.items():
        if file is not None and not file.parent.is_dir():
            raise click.UsageError(f"--{name}: there is no folder {str(file.parent)!r}.")
