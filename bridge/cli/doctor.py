"""`bridge doctor`: proves every hop; each failure comes with its cure."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bridge.cli import output
from bridge.cli.output import ExitCode

if TYPE_CHECKING:
    from bridge.ports.upstream import Finding
    from bridge.settings import Settings


@click.command("doctor")
@click.option("--turn", is_flag=True, help="Ask the agent something, too. That costs tokens.")
@output.json_option
@click.pass_context
def command(ctx: click.Context, *, turn: bool, as_json: bool) -> None:
    """Prove every hop; each failure comes with its cure.

    Settings and tokens; then as a call comes: the key of the voice platform, the number, the
    agent there, its secrets and webhooks, the public address, the tunnel, the server, the policy,
    and the agent of yours with its tools.

    Nothing is changed, and the agent is asked nothing without --turn. Exit code 8 when a
    check failed.
    """
    verdicts: Counter[str] = Counter()
    rows = []
    for finding in _findings(turn=turn):
        verdicts[finding.verdict.value] += 1
        rows.append(_row(finding))
        if not as_json:
            _show(finding)
    if as_json:
        output.show_json(rows)
    else:
        fine, doubtful, failed = (verdicts[verdict] for verdict in ("ok", "warn", "fail"))
        output.say(f"{fine} fine, {doubtful} to look at, {failed} failed.")
    if verdicts["fail"]:
        ctx.exit(ExitCode.CHECK_FAILED)


def _findings(*, turn: bool) -> "Iterator[Finding]":
    """Every finding, each as soon as it is known. Settings that are wrong are the only one."""
    from bridge.cli import checks
    from bridge.errors import SettingsError
    from bridge.settings import load
    from bridge.settings.tokens import stored_tokens

    try:
        settings = load()
    except SettingsError as error:
        yield checks.failed("settings", error)
        return
    yield checks.check_settings(settings)
    yield checks.check_state(settings)
    try:
        settings = stored_tokens(settings)
    except SettingsError as error:
        yield checks.failed("tokens", error)
    else:
        yield checks.check_tokens(settings)
    yield from _hops(settings, turn=turn)


def _hops(settings: "Settings", *, turn: bool) -> "Iterator[Finding]":
    """From outside in: as a call comes, from the number to the agent."""
    import asyncio

    from bridge.cli import checks, checks_platform
    from bridge.ports.upstream import Verdict

    yield from asyncio.run(checks_platform.check_platform(settings))
    outside = [*checks.check_public(settings)]
    yield from outside
    if all(finding.verdict is not Verdict.FAIL for finding in outside):
        yield from asyncio.run(checks_platform.check_inbound(settings))
    yield from checks.check_tunnel(settings)
    yield from checks.check_server(settings)
    yield from checks.check_policy(settings)
    yield from asyncio.run(checks.check_upstream(settings, turn=turn))


def _row(finding: "Finding") -> dict[str, str]:
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "message": finding.message,
        "cure": finding.cure,
    }


def _show(finding: "Finding") -> None:
    first, *more = f"{finding.check}: {finding.message}".splitlines()
    click.echo(f"{finding.verdict.value:<4}  {first}")
    for line in (*more, *finding.cure.splitlines()):
        click.echo(f"      {line}")
