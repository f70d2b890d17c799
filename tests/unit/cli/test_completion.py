"""`bridge completion`: scripts for three shells."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.cli.main import run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_bridge(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert f"_BRIDGE_COMPLETE={shell}_complete" in script


def test_help_has_a_line_for_each_shell(capsys: pytest.CaptureFixture[str]) -> None:
    run(["completion", "--help"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:4] for line in lines if line and line[0] in ("bash:", "zsh:", "fish:")] == [
        [f"{shell}:", "bridge", "completion", shell] for shell in ("bash", "zsh", "fish")
    ]


def test_another_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "'tcsh'" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("bash") is None, reason="this machine has no bash")
def test_bash_takes_its_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["completion", "bash"])
    script = tmp_path / "bridge.bash"
    script.write_text(capsys.readouterr().out)

    said = subprocess.run(["bash", "-n", str(script)], capture_output=True, check=False)

    assert (said.returncode, said.stderr) == (0, b"")
