"""`bridge` itself: the list of commands, and the one table from errors to exit codes.

Commands are imported when they are asked for, so that `--help`, `--version` and completion cost
click and nothing else. Errors raised on purpose become a line and a hint on standard error;
anything else is a fault of ours and stays a traceback.
"""

import difflib
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Never

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

from bridge import __version__, errors
from bridge.cli import output
from bridge.cli.output import ExitCode

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Run the server.",
        "chat": "Talk to it from the terminal, as the voice platform would.",
        "provision": "Make ElevenLabs match the settings: plan, ask, apply, read back.",
        "status": "Show what is provisioned, and what has drifted.",
        "rehearse": "Act out whole calls on this machine, and judge them.",
        "doctor": "Prove every hop; each failure comes with its cure.",
        "config": "Show every setting and where it was set.",
        "call": "Place a call.",
        "schedule": "Place calls at times: make, list, pause, remove schedules.",
        "stop-all": "Place no call any more, and hang up those that bridge placed.",
        "calls": "List, show, search and export records of calls.",
        "tail": "Show what happens in calls, live.",
        "latency": "Show how long the stages of a turn take.",
        "sessions": "List callers and their sessions.",
        "skill": "Teach an agent to place calls: a skill, and a token of its own.",
        "mcp": "Be an MCP server, by which an agent places calls.",
        "completion": "Print the script that completes commands in a shell.",
    }
)
"""Each command with its short help, in the order they are met. The files are named after them."""

EXIT_CODES: Mapping[type[errors.BridgeError], ExitCode] = MappingProxyType(
    {
        errors.SettingsError: ExitCode.SETTINGS,
        errors.BadRequest: ExitCode.USAGE,
        errors.Unauthenticated: ExitCode.CREDENTIALS_REFUSED,
        errors.Refused: ExitCode.POLICY_REFUSED,
        errors.BridgeError: ExitCode.REMOTE_REFUSED,
    }
)
"""The closest ancestor decides. A vendor that refuses a key is `CREDENTIALS_REFUSED` besides."""


class Commands(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = importlib.import_module(f"bridge.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing:
            likely = difflib.get_close_matches(name, COMMANDS, n=1)
            advice = f" Did you mean {likely[0]!r}?" if likely else ""
            ctx.fail(f"No such command {name!r}.{advice}")
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    @override
    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [name for name in COMMANDS if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=COMMANDS[name]) for name in found), *options]


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def root() -> None:
    """A telephone for your AI agent.

    Start with `bridge serve` and, in another terminal, `bridge chat`.
    """


def main(arguments: Sequence[str] | None = None) -> Never:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    as_json = "--json" in arguments
    try:
        result = root.main(list(arguments), prog_name="bridge", standalone_mode=False)
    except (errors.BridgeError, BaseExceptionGroup) as raised:
        match _only_error(raised):
            case errors.BridgeError() as error:
                output.show_error(error, as_json=as_json)
                return exit_code(error)
            case SystemExit(code=int(code)):
                return code
            case KeyboardInterrupt():
                return ExitCode.INTERRUPTED
            case _:
                raise
    except click.ClickException as wrong:
        _show_usage_error(wrong, as_json=as_json)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    # `ctx.exit(code)` comes back as a result when nobody else is to exit.
    return result if isinstance(result, int) else ExitCode.DONE


def exit_code(error: errors.BridgeError) -> ExitCode:
    """The exit code that fits an error."""
    is_key = isinstance(error, errors.VendorError) and error.why in (
        errors.Why.KEY,
        errors.Why.PERMISSION,
    )
    if is_key:
        return ExitCode.CREDENTIALS_REFUSED
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def _only_error(raised: BaseException) -> BaseException:
    """What was raised, out of the groups that task groups put around it."""
    while isinstance(raised, BaseExceptionGroup) and len(raised.exceptions) == 1:
        raised = raised.exceptions[0]
    return raised


def _show_usage_error(error: click.ClickException, *, as_json: bool) -> None:
    if as_json:
        fault = errors.BridgeError(error.format_message())
        fault.code = "usage"
        output.show_error(fault, as_json=True)
    else:
        error.show()
