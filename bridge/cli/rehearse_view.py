"""A rehearsed call as a person reads it at a terminal."""

import shutil
import sys

import click

from bridge.rehearsal.picture import Paper, moment, render_picture, render_transcript
from bridge.rehearsal.result import Result
from bridge.rehearsal.sound import AudioReport
from bridge.rehearsal.terminal_text import signs_for, wrapped
from bridge.rehearsal.verdict import Verdict
from bridge.rehearsal.waterfall import render_waterfall

NAME_COLUMNS = 28
"""Of a scenario's name in a list: as long as the longest that is shipped."""

MOST_COLUMNS = 120
"""Wider lanes than these are harder to read, not easier."""


def paper() -> Paper:
    """What standard output is like."""
    columns = min(shutil.get_terminal_size((80, 24)).columns, MOST_COLUMNS)
    return Paper(columns, signs_for(sys.stdout.encoding), colour=sys.stdout.isatty())


def show_line(result: Result) -> None:
    """One line: whether it passed, and how long the call was."""
    on = paper()
    word, colour = ("ok", "green") if result.passed else ("FAIL", "red")
    call = f"{result.length_s:6.1f} s in {result.real_s:5.2f} s"
    _print(f"{on.styled(f'{word:<4}', fg=colour)}  {result.scenario.name:<{NAME_COLUMNS}}  {call}")
    if not result.passed:
        for verdict in result.failed:
            _show_verdict(verdict, on)


def show_picture(result: Result) -> None:
    """The picture of a call, with what it is meant to show."""
    if result.performance is None:
        return
    on = paper()
    _print(f"\n{result.scenario.title}\n")
    _print(render_picture(result.performance, on) + "\n")


def show_all(result: Result) -> None:
    """Everything about one call: the picture, the transcript, the waterfall, every verdict."""
    on = paper()
    if result.performance is not None:
        _print(f"{on.styled(result.scenario.name, bold=True)}: {result.scenario.title}\n")
        _print(render_picture(result.performance, on))
        _heading("as it was heard", on)
        _print(render_transcript(result.performance, on))
        if result.performance.turns:
            _heading("where the time went", on)
            _print(render_waterfall(result.performance.turns, on.columns, on.signs))
        if result.performance.audio is not None:
            _heading("understood", on)
            _show_understood(result.performance.audio, on)
    _heading("expected", on)
    for verdict in (*result.verdicts, *(result.failed if result.trouble else ())):
        _show_verdict(verdict, on)


def _show_understood(report: AudioReport, on: Paper) -> None:
    """How much was understood both ways, and each stretch of which something was not."""
    for party in ("caller", "agent"):
        rate = report.word_error_rate(party)
        _print(f"{party:<8}{100 * rate:.1f} % of words wrong")
    for each in report.compared:
        if each.errors:
            said = (
                f"{moment(each.at_s)} {each.party}: “{each.said}”, understood “{each.understood}”"
            )
            for line in wrapped(said, on.columns - 2):
                _print(f"  {line}")


def _heading(text: str, on: Paper) -> None:
    _print(f"\n{on.styled(f'{on.signs.rule * 2} {text}', bold=True)}")


def _show_verdict(verdict: Verdict, on: Paper) -> None:
    sign, colour = (on.signs.passed, "green") if verdict.passed else (on.signs.failed, "red")
    text = f"{verdict.place}: {verdict.what}"
    if verdict.why:
        text += f" ({verdict.why})" if verdict.passed else f": {verdict.why}"
    first, *more = wrapped(text, on.columns - 4)
    _print(f"  {on.styled(sign, fg=colour)} {first}")
    for line in more:
        _print(f"    {line}")


def _print(text: str) -> None:
    """Prints what the encoding can show; the rest as question marks."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(text.encode(encoding, "replace").decode(encoding))
