"""`bridge` itself: its list of commands, and how errors end it."""

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from bridge import __version__
from bridge.cli import main as cli
from bridge.cli.main import COMMANDS, exit_code, root, run
from bridge.cli.output import ExitCode
from bridge.errors import (
    BadRequest,
    BridgeError,
    Draining,
    NotAllowed,
    OverLimit,
    SettingsError,
    Unauthenticated,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_each_command_what_the_command_says_of_itself(name: str) -> None:
    command = importlib.import_module(f"bridge.cli.{name.replace('-', '_')}").command

    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=100) == COMMANDS[name]


def test_every_file_with_a_command_is_on_the_list() -> None:
    files = {path.stem for path in (ROOT / "bridge" / "cli").glob("*.py")}
    commands = {
        name for name in files if hasattr(importlib.import_module(f"bridge.cli.{name}"), "command")
    }

    assert commands == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("flag", ["--help", "--version", "-h"])
def test_help_and_version_import_click_and_nothing_heavy(flag: str) -> None:
    heavy = ("pydantic", "pydantic_settings", "starlette", "uvicorn", "httpx", "logging", "asyncio")
    program = (
        "import sys; from bridge.cli.main import run; code = run([sys.argv[1]]); "
        f"print(code, [name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )

    said = subprocess.run(
        [sys.executable, "-c", program, flag], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert said.stderr.strip() == "0 []"
    assert said.stdout


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.DONE

    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"  {name} " not in shown] == []


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"bridge {__version__}\n"


def test_an_unknown_command_is_a_usage_error_that_names_the_likely_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["srve"]) == ExitCode.USAGE

    shown = capsys.readouterr()
    assert "No such command 'srve'. Did you mean 'serve'?" in shown.err
    assert shown.out == ""


def test_a_usage_error_is_json_when_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh", "--json"]) == ExitCode.USAGE

    assert json.loads(capsys.readouterr().err)["error"]["code"] == "usage"


def test_main_exits_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])

    assert caught.value.code == ExitCode.DONE
    assert capsys.readouterr().out


def test_commands_complete_without_being_imported() -> None:
    shell = ShellComplete(root, {}, "bridge", "_BRIDGE_COMPLETE")

    assert [item.value for item in shell.get_completions([], "co")] == ["config", "completion"]
    assert [item.value for item in shell.get_completions([], "--v")] == ["--version"]
    assert [item.value for item in shell.get_completions(["completion"], "z")] == ["zsh"]


def _vendor(why: Why) -> VendorRejected:
    return VendorRejected("no", vendor="openclaw", operation="chat", why=why)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequest("x"), 2),
        (SettingsError("x"), 3),
        (Unauthenticated("x"), 4),
        (_vendor(Why.KEY), 4),
        (_vendor(Why.PERMISSION), 4),
        (_vendor(Why.REQUEST), 5),
        (VendorUnavailable("x", vendor="a", operation="b", why=Why.UNREACHABLE), 5),
        (VendorTooSlow("x", vendor="a", operation="b"), 5),
        (Draining("x"), 5),
        (NotAllowed("x", rule="hours"), 6),
        (OverLimit("x"), 6),
    ],
)
def test_each_error_has_its_exit_code(error: BridgeError, code: int) -> None:
    assert exit_code(error) == code


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command that raises what the test puts in the list."""
    raised: list[BaseException] = []

    @click.command("doctor")
    @click.option("--json", "as_json", is_flag=True)
    @click.pass_context
    def command(ctx: click.Context, *, as_json: bool) -> None:
        if raised:
            raise raised[0]
        ctx.exit(ExitCode.CHECK_FAILED)

    monkeypatch.setattr(root, "get_command", lambda _ctx, _name: command)
    return raised


def test_an_error_is_a_line_and_a_hint_on_standard_error(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(SettingsError("server.port is taken", setting="server.port", hint="Take 0."))

    assert run(["doctor"]) == ExitCode.SETTINGS
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "bridge: server.port is taken\n  Take 0.\n")


def test_an_error_is_json_when_json_was_asked_for(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(SettingsError("server.port is taken", setting="server.port", hint="Take 0."))

    assert run(["doctor", "--json"]) == ExitCode.SETTINGS
    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err) == {
        "error": {
            "code": "settings",
            "message": "server.port is taken",
            "hint": "Take 0.",
            "setting": "server.port",
        }
    }


def test_an_error_that_left_a_task_group_is_still_that_error(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(ExceptionGroup("tasks", [ExceptionGroup("more", [SettingsError("taken")])]))

    assert run(["doctor"]) == ExitCode.SETTINGS
    assert capsys.readouterr().err == "bridge: taken\n"


@pytest.mark.parametrize(
    ("stop", "code"), [(SystemExit(143), 143), (KeyboardInterrupt(), ExitCode.INTERRUPTED)]
)
def test_a_signal_that_left_a_task_group_ends_as_shells_expect(
    failing: list[BaseException],
    capsys: pytest.CaptureFixture[str],
    stop: BaseException,
    code: int,
) -> None:
    """What a signal raises while a server is still starting."""
    failing.append(BaseExceptionGroup("tasks", [stop]))

    assert run(["doctor"]) == code
    assert capsys.readouterr().err == ""


def test_several_errors_at_once_stay_a_traceback(failing: list[BaseException]) -> None:
    failing.append(ExceptionGroup("tasks", [SettingsError("one"), ZeroDivisionError()]))

    with pytest.raises(ExceptionGroup):
        run(["doctor"])


def test_a_commands_own_exit_code_is_the_programs(failing: list[BaseException]) -> None:
    assert failing == []
    assert run(["doctor"]) == ExitCode.CHECK_FAILED


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_ends_as_shells_expect(
    failing: list[BaseException], stop: BaseException
) -> None:
    failing.append(stop)

    assert run(["doctor"]) == ExitCode.INTERRUPTED


def test_a_fault_of_ours_stays_a_traceback(failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        run(["doctor"])
