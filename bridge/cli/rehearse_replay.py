"""`bridge rehearse --from-call`: a call on record, acted out once more, beside what it was."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bridge.cli import output
from bridge.cli.call_source import CallSource, FromDatabase, FromServer
from bridge.cli.rehearse_acting import Shown, act_out, options_for
from bridge.cli.rehearse_view import paper, show_line
from bridge.cli.running import server_at
from bridge.rehearsal.picture import Paper
from bridge.rehearsal.replay import scenario_of, with_expectations
from bridge.rehearsal.replay_differences import Pair, Side, compare, render_pairs
from bridge.rehearsal.result import Result
from bridge.rehearsal.scenario import AgentKind, Scenario
from bridge.rehearsal.terminal_text import one_line, padded, wrapped
from bridge.rehearsal.toml_writing import render_toml
from bridge.rehearsal.verdict import counted, listed, seconds
from bridge.settings import Settings, load
from bridge.settings.table import SETTINGS
from bridge.settings.tokens import stored_tokens

OURS = ("turn.", "speech.")
"""Settings of the operator's own with which a call is replayed: those that shape what is said, and
when. The rest leads to accounts and machines, which a rehearsal simulates."""

ABOUT = """\
A call that was on record, as `bridge rehearse --from-call` wrote it.
The replies are what the agent said then; `--agent configured` asks the one of today.
"""

MARGIN = 16
"""Columns of a row's name."""

LEAST_COLUMN = 20
"""Narrower than this a column of words is unreadable."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed.

    Attributes:
        call_id: of the call, or its beginning.
        url: the server that has its record; the store of the settings when not given.
        agent: who answers; the settings' own when not given.
        reveal: keep telephone numbers.
        keep: where to write it as a scenario.
    """

    call_id: str
    url: str | None = None
    agent: str | None = None
    reveal: bool = False
    keep: Path | None = None


def replay(order: Order, shown: Shown, *, has_sound: bool) -> tuple[list[Result], dict[str, Any]]:
    """Acts it out and shows what differs; what became of it, and the differences as JSON.

    Raises:
        BadRequest: there is no such call, or it can't be replayed.
        SettingsError: the settings are wrong.
    """
    settings = stored_tokens(load())
    call = _source(order.url, settings).one(order.call_id, reveal=True)
    todays = _todays(settings)
    scenario = scenario_of(call, todays, reveal=order.reveal, masks_words=False)
    usual = AgentKind.DEMO if settings.upstream.name == "demo" else AgentKind.CONFIGURED
    kind = AgentKind(order.agent or usual)
    if kind is AgentKind.SCRIPTED and not scenario.replies:
        raise click.UsageError("--agent scripted: the agent said nothing in that call.")
    if order.keep is not None:
        discreet = scenario_of(call, todays, reveal=order.reveal, masks_words=not order.reveal)
        _keep(with_expectations(discreet, call), order.keep)
    result = act_out(scenario, options_for(kind, has_sound=has_sound))
    now = () if result.performance is None else result.performance.turns
    pairs = compare(call["turns"], now)
    if not shown.is_json:
        _show(result, pairs, shown)
    more = {"call": call["id"], "agent": kind.value, "turns": render_pairs(pairs)}
    return [result], {"replay": more}


def _source(url: str | None, settings: Settings) -> CallSource:
    return FromDatabase(settings) if url is None else FromServer(server_at(url, settings), settings)


def _keep(scenario: Scenario, file: Path) -> None:
    """Writes it for its owner's eyes only: it is what somebody said."""
    text = render_toml(scenario, about=ABOUT)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        why = error.strerror or "it can't be written"
        raise click.BadParameter(why, param_hint="--keep") from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    output.say(f"Kept as {file}. Act it out with: bridge rehearse {shlex.quote(str(file))}")


def _todays(settings: Settings) -> dict[str, Any]:
    """The operator's own settings that are not as they would be by themselves."""
    names = [name for name in SETTINGS if name.startswith(OURS)]
    given = {name: settings.value(name) for name in names}
    usual = Settings()
    return {name: _plain(value) for name, value in given.items() if value != usual.value(name)}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


# -- what differs, on a terminal ------------------------------------------------------------------


def _show(result: Result, pairs: Sequence[Pair], shown: Shown) -> None:
    """Both sides, turn by turn, how many differ, and what went wrong besides."""
    on = paper()
    if not shown.is_quiet and not result.trouble:
        _show_pairs(pairs, on)
    for line in wrapped(told(pairs), on.columns):
        click.echo(line)
    if not result.passed:
        show_line(result)


def _show_pairs(pairs: Sequence[Pair], on: Paper) -> None:
    column = max(LEAST_COLUMN, (on.columns - MARGIN - 2) // 2)
    head = f"{'':<{MARGIN}}{'then':<{column}}  now"
    click.echo(on.styled(head, bold=True))
    for number, pair in enumerate(pairs, 1):
        click.echo()
        for line in wrapped(f"{number}  {_said(pair)}", on.columns):
            click.echo(on.styled(line, bold=True))
        for line in _rows(pair, on, column):
            click.echo(line)
    click.echo()


def told(pairs: Sequence[Pair]) -> str:
    """What differs, in one sentence."""
    differing = [pair for pair in pairs if pair.differs]
    if not differing:
        return f"Nothing differs in {counted(len(pairs), 'turn')}."
    aspects = [aspect for pair in differing for aspect in pair.differs]
    each = (f"{aspect} in {aspects.count(aspect)}" for aspect in dict.fromkeys(aspects))
    differ = "differs" if len(differing) == 1 else "differ"
    return f"{len(differing)} of {counted(len(pairs), 'turn')} {differ}: {listed(each)}."


def _said(pair: Pair) -> str:
    return one_line(pair.utterance) or "(nothing was said)"


def _rows(pair: Pair, on: Paper, column: int) -> Iterator[str]:
    if pair.then is None or pair.now is None:
        alone = "only now" if pair.then is None else "only then"
        yield on.styled(f"  {on.signs.event} {alone}", fg="yellow")
    then, now = _cells(pair.then), _cells(pair.now)
    for name in then:
        left, right = wrapped(then[name], column), wrapped(now[name], column)
        height = max(len(left), len(right))
        for place in range(height):
            sign = on.signs.event if name in pair.differs and not place else " "
            label = padded(f"  {sign} {name if not place else ''}", MARGIN)
            cells = [side[place] if place < len(side) else "" for side in (left, right)]
            line = f"{label}{padded(cells[0], column)}  {cells[1]}".rstrip()
            yield on.styled(line, fg="yellow") if name in pair.differs else line


def _cells(side: Side | None) -> dict[str, str]:
    """What stands in a column, by `ASPECTS`."""
    if side is None:
        return dict.fromkeys(("words", "acts", "class", "first words"), "")
    cut = " (cut off)" if side.is_cut else ""
    first_s = side.first_words_s
    return {
        "words": f"{side.words or 'nothing'}{cut}",
        "acts": listed(side.acts),
        "class": side.turn_class
        if side.outcome == "done"
        else f"{side.turn_class}, {side.outcome}",
        "first words": "never" if first_s is None else seconds(first_s),
    }
