"""`bridge rehearse`: whole calls on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output
from bridge.cli.output import ExitCode
from bridge.cli.rehearse_acting import Shown, options_for, rehearse, talk_with_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from bridge.rehearsal.result import Result
    from bridge.rehearsal.scenario import Scenario

NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


def _complete(_ctx: click.Context, _param: click.Parameter, text: str) -> "list[CompletionItem]":
    """Names of shipped scenarios, or else files."""
    from click.shell_completion import CompletionItem

    from bridge.rehearsal.choosing import shipped_names

    found = [CompletionItem(name) for name in shipped_names() if name.startswith(text)]
    return found or [CompletionItem(text, type="file")]


@click.command("rehearse", short_help="Act out whole calls on this machine, and judge them.")
@click.argument("chosen", metavar="[SCENARIO]...", nargs=-1, shell_complete=_complete)
@click.option("--list", "is_list", is_flag=True, help="List the scenarios and act none out.")
@click.option(
    "--agent",
    type=click.Choice(["demo", "scripted", "configured"]),
    help="Who stands behind bridge, instead of whom each names; others' scenarios are left out.",
)
@click.option("--junit", type=NEW_FILE, metavar="FILE", help="Write the verdicts as JUnit XML.")
@click.option("--html", type=NEW_FILE, metavar="FILE", help="Write a page to look at.")
@click.option("--audio", is_flag=True, help="With real voices, and a real ear (bridge[rehearsal]).")
@click.option("--save", type=NEW_FILE, metavar="FILE", help="Write the sound of the call, as WAV.")
@click.option("--mic", is_flag=True, help="Talk yourself: microphone and headphones, in real time.")
@click.option("-q", "--quiet", is_flag=True, help="A line for each call, no pictures.")
@click.option("--from-call", metavar="ID", help="Replay a call on record: what differs today?")
@click.option("--keep", type=NEW_FILE, metavar="FILE", help="Write that call as a scenario.")
@click.option("--reveal", is_flag=True, help="Keep the telephone numbers of that call.")
@click.option("--url", help="The server to ask for it, when the records are not here.")
@click.option("--calls", type=int, metavar="N", help="Load: so many calls, in real time.")
@click.option("--at-once", type=int, metavar="N", help="How many of them at once, at most.")
@output.json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    chosen: tuple[str, ...],
    agent: str | None,
    from_call: str | None,
    calls: int | None,
    *,
    is_list: bool,
    audio: bool,
    mic: bool,
    quiet: bool,
    as_json: bool,
    reveal: bool,
    url: str | None,
    at_once: int | None,
    keep: Path | None,
    **reports: Path | None,
) -> None:
    """Act out whole calls on this machine, and say whether they went as expected.

    A simulated voice platform rings the real server over real sockets. Nothing is bought, no
    account is needed, and the clock jumps: a call of five minutes takes less than a second.

    SCENARIO is the name of one that comes with bridge, a pattern of names as 'barge-*', or a file
    or folder of your own; all that come with bridge when none is given. Exit code 8 when a call
    did not go as expected, 3 when a scenario's file is wrong.

    --from-call replays what the caller of a real call said, to the agent and with the settings of
    today, and shows what differs; that alone is no failure.

    --calls is load: a server in a process of its own, and so many calls in real time.
    """
    from bridge.cli import rehearse_usage

    modes = rehearse_usage.Modes(from_call=from_call, calls=calls, mic=mic, is_list=is_list)
    rehearse_usage.check_modes(
        modes, chosen, {"keep": keep, "reveal": reveal, "url": url, "at-once": at_once}, reports
    )
    shown = Shown(is_json=as_json, is_quiet=quiet)
    scenarios = [] if (mic or from_call) and not chosen else _chosen(chosen)
    if is_list:
        _list(scenarios, as_json=as_json)
        return
    if calls is not None:
        from bridge.cli.rehearse_load import Wanted, load

        many = Wanted(calls, at_once, is_mix=not chosen)
        if not load(scenarios, agent, many, as_json=as_json):
            ctx.exit(ExitCode.CHECK_FAILED)
        return
    rehearse_usage.check_reports(scenarios, reports, has_sound=audio or mic, is_one=modes.is_one)
    more: dict[str, Any] = {}
    if from_call is not None:
        from bridge.cli import rehearse_replay

        order = rehearse_replay.Order(from_call, url=url, agent=agent, reveal=reveal, keep=keep)
        results, more = rehearse_replay.replay(order, shown, has_sound=audio)
    elif mic:
        results = [talk_with_person(options_for(agent, has_sound=True), shown)]
    else:
        results = rehearse(scenarios, options_for(agent, has_sound=audio), shown, has_sound=audio)
    _write(results, **reports)
    if as_json:
        from bridge.rehearsal.report_json import render_json

        output.show_json({**render_json(results), **more})
    else:
        from bridge.rehearsal.result import summary

        output.say(summary(results))
    if not all(result.passed for result in results):
        ctx.exit(ExitCode.CHECK_FAILED)


def _chosen(chosen: tuple[str, ...]) -> "Sequence[Scenario]":
    from bridge.rehearsal.choosing import choose

    try:
        return choose(chosen)
    except LookupError as unknown:
        raise click.UsageError(str(unknown)) from None


def _list(scenarios: "Sequence[Scenario]", *, as_json: bool) -> None:
    rows = [(each.name, each.agent.value, each.title) for each in scenarios]
    if as_json:
        headers = ("name", "agent", "title")
        output.show_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        output.show_table(("scenario", "agent", "what it shows"), rows)


def _write(
    results: "Sequence[Result]", *, junit: Path | None, html: Path | None, save: Path | None
) -> None:
    """The reports that are wanted. Raises `OSError` where a file can't be written."""
    if junit is not None:
        from bridge.rehearsal.junit import render_junit

        junit.write_text(render_junit(results), encoding="utf-8")
    if html is not None:
        from bridge.rehearsal.page import render_page

        html.write_text(render_page(results), encoding="utf-8")
    sound = results[0].performance.sound if results and results[0].performance else None
    if save is not None and sound is not None:
        from bridge.rehearsal.audio import wav

        wav.save(save, sound)
