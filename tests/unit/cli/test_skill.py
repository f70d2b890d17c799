"""`bridge skill`: what is written where, what is asked first, and what the skill says of itself."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from bridge.cli import skill
from bridge.cli.main import root, run
from bridge.core.record import Outcome, State
from tests.fakes.command import Said

NAME = "bridge-phone"


def bridge(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """`bridge …`, in this process."""
    capsys.readouterr()
    code = run(arguments)
    printed = capsys.readouterr()
    return Said(code, printed.out, printed.err)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BRIDGE_STATE_DIR", str(tmp_path / "state"))
    for name in ("OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH", "BRIDGE_SERVER__AGENT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def frontmatter() -> dict[str, Any]:
    """As any reader of skills finds it."""
    found = re.match(r"(?s)---\n(.*?)\n---\n", skill.skill())
    assert found
    told: dict[str, Any] = yaml.safe_load(found[1])
    return told


def test_the_frontmatter_is_what_the_specification_wants() -> None:
    """Source: agentskills.io/specification (2026-11)."""
    told = frontmatter()

    assert set(told) <= {"name", "description", "license", "compatibility", "metadata"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", told["name"])
    assert len(told["name"]) <= 64
    assert told["name"] == NAME == skill.NAME, "the folder is named after it"
    assert 1 <= len(told["description"]) <= 1024
    assert 1 <= len(told["compatibility"]) <= 500
    assert len(skill.skill().splitlines()) < 500


def test_openclaw_learns_what_the_skill_needs() -> None:
    """Source: docs.openclaw.ai/tools/skills; creating-skills, a line under 160 (2026-11)."""
    told = frontmatter()

    assert told["metadata"]["openclaw"]["requires"] == {"bins": ["bridge"]}
    assert len(told["description"]) < 160
    assert "\n" not in told["description"]


def commands() -> list[list[str]]:
    blocks = re.findall(r"(?s)```sh\n(.*?)```", skill.skill())
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words)[:40])
def test_every_command_in_it_is_one_that_the_program_takes_and_is_the_agent_s(
    words: list[str],
) -> None:
    name, *rest = words
    found = root.get_command(click.Context(root), name)
    assert found is not None
    found.make_context(name, rest)
    assert "--as-agent" in words


def test_it_explains_every_state_outcome_and_exit_code_that_an_agent_meets() -> None:
    text = skill.skill()

    for outcome in Outcome:
        assert f"`{outcome}`" in text
    for state in set(State) - {State.RESERVED}:
        assert f"`{state}`" in text
    for code in (3, 4, 5, 6, 7):
        assert f"| {code} |" in text


def test_it_is_put_where_openclaw_looks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".openclaw").mkdir()

    said = bridge(capsys, "skill", "install", "--yes", "--json")

    path = home / ".openclaw" / "skills" / NAME / "SKILL.md"
    assert said.code == 0
    assert json.loads(said.out) == {
        "path": str(path),
        "act": "create",
        "makes_token": True,
        "dry_run": False,
    }
    assert path.read_text() == skill.skill()
    token = home / "state" / "agent-token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.read_text().strip() not in said.out + said.err + path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["SKILL.md"]


def test_openclaw_s_own_folder_counts(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "elsewhere").mkdir()
    monkeypatch.setenv("OPENCLAW_STATE_DIR", str(home / "elsewhere"))

    assert bridge(capsys, "skill", "install", "--yes").code == 0
    assert (home / "elsewhere" / "skills" / NAME / "SKILL.md").is_file()


def test_without_openclaw_the_folder_must_be_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = bridge(capsys, "skill", "install", "--yes")
    named = bridge(capsys, "skill", "install", "--yes", "--to", "~/.claude/skills")

    assert said.code == 2
    assert "--to" in said.err
    assert named.code == 0
    assert (home / ".claude" / "skills" / NAME / "SKILL.md").is_file()


def test_the_second_time_there_is_nothing_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("skill", "install", "--to", str(home / "skills"))
    assert bridge(capsys, *to, "--yes").code == 0
    kept = (home / "state" / "agent-token").read_text()

    again = bridge(capsys, *to, "--json")

    assert (again.code, json.loads(again.out)["act"]) == (0, "keep")
    assert (home / "state" / "agent-token").read_text() == kept


def test_a_dry_run_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = bridge(capsys, "skill", "install", "--to", str(home / "skills"), "--dry-run")

    assert said.code == 0
    assert "agent's token" in said.err
    assert list(home.iterdir()) == []


def test_nothing_is_written_unasked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "skills" / NAME / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text("changed by its owner")

    said = bridge(capsys, "skill", "install", "--to", str(home / "skills"))
    kept, has_token = path.read_text(), (home / "state").exists()
    asked = bridge(capsys, "skill", "install", "--to", str(home / "skills"), "--yes", "--json")

    assert (said.code, kept, has_token) == (2, "changed by its owner", False)
    assert json.loads(asked.out)["act"] == "replace"
    assert path.read_text() == skill.skill()


def test_a_folder_that_can_not_be_written_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "skills").write_text("a file")

    said = bridge(capsys, "skill", "install", "--to", str(home / "skills"), "--yes")

    assert said.code == 2
    assert not (home / "state").exists()


def test_it_is_shown_as_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = bridge(capsys, "skill", "show")

    assert (said.code, said.out) == (0, skill.skill())
