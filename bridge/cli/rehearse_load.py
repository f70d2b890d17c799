"""`bridge rehearse --calls`: many calls at once, and the figures that they come to."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import click

from bridge import __version__, clock
from bridge.cli import output
from bridge.cli.rehearse_acting import options_for
from bridge.rehearsal.load.calls import MOST_AT_ONCE, MOST_CALLS, Load, mixes, perform_load, why_not
from bridge.rehearsal.load.figures import Figures
from bridge.rehearsal.scenario import AgentKind, Scenario
from bridge.rehearsal.verdict import counted
from bridge.web.server import loop_factory

FORMAT = 1
"""Of the JSON document. Its keys only grow."""

EVERY_S = {True: 0.5, False: 10.0}
"""How often it is told how far the calls are: on a terminal, and in a log."""

CLIENT_LATE_S = 0.05
"""From here on the calls' own clock was so late that figures in milliseconds are this machine's:
half a word at a voice's pace."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many calls, how many of them at once, and whether of all kinds."""

    calls: int
    at_once: int | None
    is_mix: bool


def load(
    scenarios: Sequence[Scenario], agent: str | None, wanted: Wanted, *, as_json: bool
) -> bool:
    """Acts all calls out and shows the figures. Whether none failed, and no agent was asked twice.

    Raises:
        UsageError: the calls can't be made.
    """
    usual = AgentKind.DEMO if wanted.is_mix else scenarios[0].agent
    kind = AgentKind(agent or usual)
    taken = [each for each in scenarios if mixes(each, kind)] if wanted.is_mix else scenarios
    at_once = _at_once(wanted)
    _check(taken, kind)
    told = _Told(wanted.calls)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        figures = runner.run(
            perform_load(
                Load(taken, wanted.calls, at_once), options_for(kind, has_sound=False), told.tell
            )
        )
    told.clear()
    if as_json:
        output.show_json(_rendered(figures, taken, kind))
    else:
        _show(figures)
    return figures.passed


def _at_once(wanted: Wanted) -> int:
    if not 1 <= wanted.calls <= MOST_CALLS:
        raise click.UsageError(f"--calls must be from 1 to {MOST_CALLS:,}.")
    at_once = min(wanted.calls, MOST_AT_ONCE) if wanted.at_once is None else wanted.at_once
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise click.UsageError(f"--at-once must be from 1 to {MOST_AT_ONCE}.")
    return at_once


def _check(scenarios: Sequence[Scenario], kind: AgentKind) -> None:
    if not scenarios:
        raise click.UsageError(f"No scenario is left that the {kind} agent can be called with.")
    for scenario in scenarios:
        if reason := why_not(scenario, kind):
            raise click.UsageError(f"{scenario.name!r} can't be one of many calls: {reason}.")
    if len(scenarios) > 1 and (odd := [each.name for each in scenarios if not mixes(each, kind)]):
        raise click.UsageError(
            f"{odd[0]!r} needs a server of its own: name it alone, or leave it out."
        )


@dataclass(slots=True)
class _Told:
    """How far the calls are, on standard error."""

    calls: int
    _next_s: float = field(default_factory=clock.now_s)

    def tell(self, over: int, under_way: int) -> None:
        """Says it, unless it was said just now."""
        now_s, is_terminal = clock.now_s(), sys.stderr.isatty()
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S[is_terminal]
        text = f"{over} of {counted(self.calls, 'call')} over, {under_way} under way"
        click.echo(f"\r{text}\x1b[K" if is_terminal else text, err=True, nl=not is_terminal)

    def clear(self) -> None:
        """Takes the line away that goes again."""
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)


def _rendered(
    figures: Figures, scenarios: Sequence[Scenario], kind: AgentKind
) -> Mapping[str, object]:
    return {
        "format": FORMAT,
        "bridge": __version__,
        "passed": figures.passed,
        "agent": kind.value,
        "scenarios": [scenario.name for scenario in scenarios],
        "load": {**asdict(figures), "calls_a_second": figures.calls_a_second},
    }


def _show(figures: Figures) -> None:
    rows = [
        ("calls", f"{figures.calls} in {figures.took_s:.1f} s, {figures.at_once} at once at most"),
        ("calls a second", f"{figures.calls_a_second:.2f}"),
        ("failed", str(figures.failed)),
        ("first words", _spread(figures.first_words_s)),
        ("longest stall of a reply", _spread(figures.stalls_s)),
        ("utterances", str(figures.utterances)),
        ("runs of the agent", f"{figures.runs}, {figures.most_runs} for one utterance at most"),
        *((f"error: {kind}", str(count)) for kind, count in figures.errors.items()),
    ]
    output.show_table(("what", "figure"), rows)
    if figures.client_late_s > CLIENT_LATE_S:
        output.say(
            f"This machine itself was late by {1000 * figures.client_late_s:.0f} ms at worst: "
            "the server may be faster than these figures."
        )


def _spread(values: Mapping[str, float]) -> str:
    if not values:
        return "none"
    return ", ".join(f"{name} {1000 * value:,.0f} ms" for name, value in values.items())
