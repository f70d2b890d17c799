"""`bridge schedule`: calls at times."""

import secrets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from bridge.cli.schedule_source import ScheduleSource
    from bridge.web.schedules import ScheduleOrder

F = TypeVar("F", bound=Callable[..., object])
Json = dict[str, Any]

NO_SERVER = "No server runs here: nothing rings until `bridge serve` does."

url_option = click.option("--url", help="The server to ask; else the one that runs here, if any.")


def order_options(function: F) -> F:
    """What a call at times needs, and how it is asked for."""
    for option in reversed(
        (
            click.option("--to", required=True, metavar="NUMBER", help="Who is called."),
            click.option("--zone", metavar="ZONE", help="As Europe/Berlin; else the machine's."),
            click.option("--message", default="", help="Said first; with --mode notify, all."),
            click.option("--brief", default="", help="What it is for: for the agent alone."),
            click.option(
                "--mode",
                type=click.Choice(["conversation", "notify"]),
                default="conversation",
                show_default=True,
                help="Talk, or say one thing and hang up.",
            ),
            click.option("--language", default="", metavar="TAG", help="Spoken instead."),
            click.option("--session", metavar="KEY", help="The agent's session to join."),
            click.option("--dry-run", is_flag=True, help="Show what it means, and keep nothing."),
            click.option("-y", "--yes", is_flag=True, help="Don't ask."),
            url_option,
            output.json_option,
        )
    ):
        function = option(function)
    return function


@click.group("schedule", short_help="Place calls at times: make, list, pause, remove schedules.")
def command() -> None:
    """Place calls at times, by cron lines or at one moment.

    They are kept in the store, and ring while `bridge serve` runs.
    """


@command.command("add", short_help="Make one from a cron line.")
@click.argument("line")
@order_options
@click.pass_context
def add(ctx: click.Context, /, line: str, **said: Any) -> None:  # noqa: ANN401 - click's own
    """Make a schedule from a cron LINE of five fields, as "0 7 * * 1-5".

    What the line means is shown first, with the next moments. Exit code 6 when the guard would
    refuse the call at any hour.
    """
    ctx.exit(_make({"cron": line}, **said))


@command.command("at", short_help="Make one for one moment.")
@click.argument("moment")
@order_options
@click.pass_context
def at(ctx: click.Context, /, moment: str, **said: Any) -> None:  # noqa: ANN401 - click's own
    """Make a schedule for one MOMENT, as 2026-12-01T07:00.

    The moment is local time in the zone, unless it has an offset of its own.
    """
    ctx.exit(_make({"at": moment}, **said))


@command.command("list", short_help="List them, with what became of the last moment.")
@click.option("--reveal", is_flag=True, help="Show numbers whole.")
@url_option
@output.json_option
def list_all(url: str | None, *, reveal: bool, as_json: bool) -> None:
    """List schedules, the oldest first.

    Those that are done are shown for a week. Numbers are masked unless --reveal is given.
    """
    from bridge.cli import schedule_view

    source = _source(url)
    told = source.book(reveal=reveal)
    if as_json:
        output.show_json(told)
        return
    output.show_table(schedule_view.HEADERS, [schedule_view.row(s) for s in told["schedules"]])
    if told["paused"]:
        output.say("All schedules rest: `bridge schedule resume --all` lets them ring again.")
    _say_whether_it_rings(source)


@command.command("show", short_help="Show one, with all that is known of it.")
@click.argument("schedule_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show numbers whole.")
@url_option
@output.json_option
def show(schedule_id: str, url: str | None, *, reveal: bool, as_json: bool) -> None:
    """Show the schedule ID, with its words and what became of its latest moments."""
    from bridge.cli import schedule_view
    from bridge.cli.running import shown

    told = _source(url).one(schedule_id, reveal=reveal)
    if as_json:
        output.show_json(told)
        return
    for text in schedule_view.page(told):
        click.echo(shown(text).replace("\n", " "))


@command.command("pause", short_help="Have one rest, or all.")
@click.argument("schedule_id", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="All of them, over restarts too.")
@url_option
@output.json_option
def pause(schedule_id: str | None, url: str | None, *, every: bool, as_json: bool) -> None:
    """Have the schedule ID rest, or all of them.

    What comes due meanwhile doesn't ring, then or later.
    """
    told = _source(url).pause(_which(schedule_id, every=every))
    if as_json:
        output.show_json(told)
    else:
        output.say("All schedules rest." if every else "It rests.")


@command.command("resume", short_help="Let one ring again, or all.")
@click.argument("schedule_id", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="All but those that were paused by themselves.")
@url_option
@output.json_option
def resume(schedule_id: str | None, url: str | None, *, every: bool, as_json: bool) -> None:
    """Let the schedule ID ring again, or all of them.

    One that was paused by itself needs to be resumed by itself.
    """
    source = _source(url)
    told = source.resume(_which(schedule_id, every=every))
    if as_json:
        output.show_json(told)
        return
    output.say("Schedules ring again." if every else "It rings again.")
    _say_whether_it_rings(source)


@command.command("remove", short_help="Delete one.")
@click.argument("schedule_id", metavar="ID")
@url_option
@output.json_option
def remove(schedule_id: str, url: str | None, *, as_json: bool) -> None:
    """Delete the schedule ID, with its words. A call of it that is under way goes on."""
    told = _source(url).remove(schedule_id)
    if as_json:
        output.show_json(told)
    else:
        output.say("It is removed.")


@command.command("run", short_help="Place the call of one now.")
@click.argument("schedule_id", metavar="ID")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--key", metavar="TEXT", help="However often it is asked with this, it rings once.")
@url_option
@output.json_option
@click.pass_context
def run(
    ctx: click.Context,
    /,
    schedule_id: str,
    key: str | None,
    url: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Place the call of the schedule ID now, whether it rests or not.

    The guard decides as about any call. Moments to come stay as they are.
    """
    from bridge.cli.call import show_placed
    from bridge.cli.order_source import CallFailed

    _needs_somebody(may_go_on=yes, as_json=as_json, what="This rings somebody's telephone")
    source = _source(url)
    if not yes:
        told = source.one(schedule_id, reveal=True)
        output.say(f"To call: {told['to']}, {told['mode']}.")
        click.confirm("Ring there now?", abort=True, err=True)
    try:
        placed = source.run(schedule_id, key or secrets.token_urlsafe(16))
    except CallFailed as failed:
        output.show_error(failed, as_json=as_json)
        ctx.exit(ExitCode.CALL_FAILED)
    ctx.exit(show_placed(placed.call, is_known=placed.is_known, as_json=as_json))


def _make(
    when: Json, *, url: str | None, dry_run: bool, yes: bool, as_json: bool, **said: str | None
) -> int:
    from bridge.cli import schedule_view

    _needs_somebody(
        may_go_on=dry_run or yes, as_json=as_json, what="This will ring somebody's telephone"
    )
    order = _order({**when, **said, "zone": _zone(said["zone"])})
    source = _source(url)
    if dry_run or not yes:
        told = source.foresee(order)
        if dry_run and as_json:
            output.show_json(told)
            return ExitCode.DONE if told["allowed"] else ExitCode.POLICY_REFUSED
        show: Callable[[str], None] = click.echo if dry_run else output.say
        for text in schedule_view.foreseen(told, order.zone):
            show(text)
        _stop_at_refusal(told)
        if dry_run:
            return ExitCode.DONE
        click.confirm(f"Call {order.to} then?", abort=True, err=True)
    made = source.add(order, secrets.token_urlsafe(16))
    if as_json:
        output.show_json(made)
    else:
        click.echo(made["id"])
        next_s = made["next_s"]
        if next_s is not None:
            output.say(f"Next: {schedule_view.in_zone(next_s, made['zone'])}.")
    _say_whether_it_rings(source)
    return ExitCode.DONE


def _order(stated: dict[str, str | None]) -> "ScheduleOrder":
    """What was typed, as `POST /schedules` takes it. Raises `BadRequest`."""
    import json

    from bridge.web.bodies import parse_body
    from bridge.web.schedules import ScheduleOrder

    told = {name: value for name, value in stated.items() if value is not None}
    return parse_body(json.dumps(told).encode(), ScheduleOrder)


def _zone(stated: str | None) -> str:
    from bridge.settings.zone import machine_zone

    zone = stated if stated is not None else machine_zone()
    if zone is None:
        raise click.UsageError("This machine's zone has no name: say --zone, as Europe/Berlin.")
    return zone


def _stop_at_refusal(told: Json) -> None:
    from bridge.errors import NotAllowed

    if not told["allowed"]:
        raise NotAllowed(
            f"The call would not be placed: {told['why']} (rule {told['rule']!r}).",
            rule=told["rule"],
        )


def _which(schedule_id: str | None, *, every: bool) -> str | None:
    if (schedule_id is None) is not every:
        raise click.UsageError("Name one schedule, or say --all.")
    return schedule_id


def _needs_somebody(*, may_go_on: bool, as_json: bool, what: str) -> None:
    """Raises `UsageError` where nobody could be asked."""
    if not may_go_on and (as_json or not sys.stdin.isatty()):
        raise click.UsageError(f"{what}: say --yes.")


def _source(url: str | None) -> "ScheduleSource":
    from bridge.cli.schedule_source import schedule_source
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    return schedule_source(stored_tokens(load()), url)


def _say_whether_it_rings(source: "ScheduleSource") -> None:
    if not source.rings:
        output.say(NO_SERVER)
