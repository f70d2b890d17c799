"""`bridge call`: places a call."""

import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from bridge.cli.order_source import OrderSource
    from bridge.web.orders import CallOrder

Json = dict[str, Any]

RULE_HEADERS = ("rule", "", "why")

STATES = {
    "reserved": "Written down.",
    "dialling": "Dialling …",
    "placed": "Ringing …",
    "answered": "Answered.",
}
"""What a person who waits is told of each state."""

WELL = frozenset({"completed"})
"""Outcomes of a call that did what it was for."""


@click.command("call", short_help="Place a call.")
@click.argument("number")
@click.option("--message", default="", help="What is said first; with --mode notify, all.")
@click.option("--brief", default="", help="What the call is for: for the agent's ears only.")
@click.option(
    "--mode",
    type=click.Choice(["conversation", "notify"]),
    default="conversation",
    show_default=True,
    help="Talk, or say one thing and hang up.",
)
@click.option("--from", "line", metavar="NUMBER", help="Our line (twilio.phone_number).")
@click.option("--language", default="", metavar="TAG", help="Spoken instead of the agent's own.")
@click.option("--session", metavar="KEY", help="The agent's session to join; else the callee's.")
@click.option("--wait", is_flag=True, help="Follow it to its end, and show what was said.")
@click.option("--dry-run", is_flag=True, help="Show what every rule says, and place nothing.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--key", metavar="TEXT", help="However often it is asked with this, it rings once.")
@click.option("--url", help="The server to ask; else the one that runs here, if one does.")
@click.option("--as-agent", is_flag=True, help="Place it as an agent, with the agent's token.")
@output.json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    number: str,
    line: str | None,
    key: str | None,
    url: str | None,
    *,
    wait: bool,
    dry_run: bool,
    yes: bool,
    as_agent: bool,
    as_json: bool,
    **said: str | None,
) -> None:
    """Call NUMBER, in international form.

    A server that runs here places the call; without one the command does so itself. What it is
    reckoned to cost is shown first. Exit code 6 when a rule refuses it, 7 when the platform does,
    or when nobody could be talked to.
    """
    from bridge.cli import order_source
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        raise click.UsageError("This rings somebody's telephone: say --yes, or --dry-run first.")
    order = _order({"to": number, "from": line, **said})
    find = order_source.as_agent if as_agent else order_source.order_source
    source = find(stored_tokens(load()), url)
    if dry_run:
        ctx.exit(_show_verdict(source.decide(order), as_json=as_json))
    if not yes:
        _ask(order, source.decide(order))
    ctx.exit(_place(source, order, key or secrets.token_urlsafe(16), wait=wait, as_json=as_json))


def _order(stated: dict[str, str | None]) -> "CallOrder":
    """What was typed, as `POST /calls` takes it. Raises `BadRequest`."""
    import json

    from bridge.web.bodies import parse_body
    from bridge.web.orders import CallOrder

    told = {name: value for name, value in stated.items() if value is not None}
    return parse_body(json.dumps(told).encode(), CallOrder)


def _show_verdict(verdict: Json, *, as_json: bool) -> int:
    if as_json:
        output.show_json(verdict)
    else:
        rows = [
            (rule["rule"], "passed" if rule["passed"] else "FAILED", rule["why"])
            for rule in verdict["rules"]
        ]
        output.show_table(RULE_HEADERS, rows)
        output.say(_reckoned(verdict))
    return ExitCode.DONE if verdict["allowed"] else ExitCode.POLICY_REFUSED


def _reckoned(verdict: Json) -> str:
    cost = verdict["estimate"]
    if cost is None:
        return "What it would cost isn't known."
    listed = "" if cost["is_listed"] else " (not in the table: the dearest counts)"
    return f"Reckoned at ${cost['usd']:.2f}, by prices of {cost['as_of']}{listed}."


def _ask(order: "CallOrder", verdict: Json) -> None:
    """Shows what is to be done, and asks. Raises `NotAllowed` for what would be refused anyway."""
    from bridge.errors import NotAllowed

    if not verdict["allowed"]:
        why = next(rule["why"] for rule in verdict["rules"] if not rule["passed"])
        raise NotAllowed(
            f"The call is not placed: {why} (rule {verdict['rule']!r}).", rule=verdict["rule"]
        )
    output.say(f"To call: {order.to}, {order.mode.value}. {_reckoned(verdict)}")
    click.confirm("Ring there now?", abort=True, err=True)


def _place(
    source: "OrderSource", order: "CallOrder", key: str, *, wait: bool, as_json: bool
) -> int:
    from bridge.cli.order_source import CallFailed

    try:
        told = source.place(order, key)
    except CallFailed as failed:
        output.show_error(failed, as_json=as_json)
        return ExitCode.CALL_FAILED
    call_id = told.call["id"]
    if not wait:
        return show_placed(told.call, is_known=told.is_known, as_json=as_json)
    output.say(f"{call_id}")
    try:
        ended = source.follow(call_id, _say_state)
    except KeyboardInterrupt:
        output.say(f"The call goes on. See it with: bridge calls {call_id}")
        raise
    return _show_ended(ended, as_json=as_json)


def show_placed(call: Json, *, is_known: bool, as_json: bool) -> int:
    """Shows a call that was placed, or asked for before; the exit code."""
    if as_json:
        output.show_json(call)
    else:
        click.echo(call["id"])
        if not call["is_new"]:
            output.say(f"It was asked for before under this key: it is {call['state']}.")
    if not is_known:
        output.say(f"It isn't known yet whether it rings. See: bridge calls {call['id']}")
        return ExitCode.REMOTE_REFUSED
    is_lost = call["state"] == "ended" and call["outcome"] not in WELL
    return ExitCode.CALL_FAILED if is_lost else ExitCode.DONE


def _say_state(call: Json) -> None:
    if call["state"] in STATES:
        output.say(STATES[call["state"]])


def _show_ended(call: Json, *, as_json: bool) -> int:
    from bridge.cli import call_view
    from bridge.cli.running import shown

    if as_json:
        output.show_json(call)
    else:
        for line in call_view.page(call):
            click.echo(shown(line).replace("\n", " "))
    return ExitCode.DONE if call["outcome"] in WELL else ExitCode.CALL_FAILED
