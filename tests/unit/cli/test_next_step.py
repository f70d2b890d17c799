"""A command that is suggested is one that the person's shell finds."""

import sys
from pathlib import Path

import pytest

from bridge.cli.next_step import command_line


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `bridge` that runs, and nothing else on the path."""
    program = tmp_path / "a clone" / ".venv" / "bin" / "bridge"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "serve"])
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return tmp_path / "a clone"


def test_in_a_clone_it_is_the_path_from_there(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clone)

    assert command_line("chat") == ".venv/bin/bridge chat"


def test_elsewhere_it_is_the_whole_path_as_a_shell_reads_it(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    assert command_line("chat") == f"'{clone}/.venv/bin/bridge' chat"


def test_on_the_path_it_is_the_name(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(clone / ".venv" / "bin"))

    assert command_line("chat", "--greet") == "bridge chat --greet"


def test_another_bridge_on_the_path_is_not_meant(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "bridge"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    monkeypatch.chdir(clone)

    assert command_line("chat") == ".venv/bin/bridge chat"


def test_a_module_that_python_runs_is_run_so_again(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = clone / ".venv" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(sys, "argv", [str(clone / "bridge" / "__main__.py"), "serve"])
    monkeypatch.chdir(clone)

    assert command_line("chat") == ".venv/bin/python -m bridge chat"
