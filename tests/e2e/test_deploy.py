"""The files in deploy/ and the Dockerfile are right, as far as that shows without their engines."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from pydantic import SecretStr

from bridge.errors import SettingsError
from bridge.settings import Settings, load
from tests.fakes.program import program

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PATIENCE_S = 5.0


def dockerfile(pattern: str) -> list[str]:
    """The words of one instruction of the Dockerfile that is written as a list."""
    found = re.search(pattern + r" (\[.*\])", (ROOT / "Dockerfile").read_text())
    assert found, pattern
    words = json.loads(found.group(1))
    assert isinstance(words, list)
    return words


async def health_check(port: int) -> int:
    """Runs what the image's HEALTHCHECK runs, against that port; its exit code."""
    python, *arguments = dockerfile(r"HEALTHCHECK [^[]*CMD")
    assert python == "python"
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *(argument.replace(":8787/", f":{port}/") for argument in arguments),
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(running.wait(), PATIENCE_S)


async def test_the_health_check_of_the_image_finds_a_server_and_misses_one_that_has_gone() -> None:
    async with program() as running:
        assert await health_check(running.served.port) == 0

    assert await health_check(running.served.port) == 1


def test_no_setting_moves_the_server_of_the_image_away_from_its_health_check() -> None:
    command = dockerfile(r"\nCMD")

    assert command == ["serve", "--host", "0.0.0.0", "--port", "8787"]  # noqa: S104 - in a container


def test_the_systemd_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    unit = tmp_path / "bridge.service"
    # The program itself is not at its place here; another one that is stands in for it.
    text = (DEPLOY / "systemd" / "bridge.service").read_text()
    unit.write_text(text.replace("/srv/bridge/bin/bridge", sys.executable))

    said = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_the_systemd_unit_gives_its_user_who_has_none_a_home() -> None:
    """Without one, what a program looks for in its user's home stops it on a bare system."""
    unit = (DEPLOY / "systemd" / "bridge.service").read_text()

    [variables] = re.findall(r"(?m)^Environment=(.*)$", unit)
    assert "HOME=/var/lib/bridge" in variables.split()


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def dotenv_of_the_page(tmp_path: Path) -> dict[str, str]:
    """What the page on Compose says to write into `.env`, each `…` filled in."""
    page = (DEPLOY / "compose" / "README.md").read_text()
    [block] = re.findall(r"(?s)```ini\n(.*?)```", page)
    file = tmp_path / ".env"
    file.write_text(block.replace("…", "x" * 32).replace("   ", ""))
    return {name: value or "" for name, value in dotenv_values(file).items()}


def environment(service: str, dotenv: dict[str, str]) -> dict[str, str]:
    """What Compose puts into a container: the file of settings, and above it what is named."""

    def filled(value: str) -> str:
        return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: dotenv[found.group(1)], value)

    told = compose()["services"][service]
    inherited = dotenv if told.get("env_file") == ".env" else {}
    return {**inherited, **{name: filled(value) for name, value in told["environment"].items()}}


def test_what_the_page_on_compose_says_to_write_reaches_bridge_whole(tmp_path: Path) -> None:
    dotenv = dotenv_of_the_page(tmp_path)

    settings = load(environ=environment("bridge", dotenv), cwd=tmp_path / "nowhere")

    assert settings.server.public_url == f"https://{dotenv['PUBLIC_NAME']}"
    ours = {name: text for name, text in dotenv.items() if name.startswith("BRIDGE_")}
    assert ours == {name: as_written(settings.value(setting_of(name))) for name in ours}


def setting_of(variable: str) -> str:
    """The dotted name behind a name in the environment."""
    return variable.removeprefix("BRIDGE_").lower().replace("__", ".")


def as_written(value: object) -> str:
    """A setting's value as it would stand in a file."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_the_proxy_of_the_compose_file_is_told_no_secret(tmp_path: Path) -> None:
    told = environment("caddy", dotenv_of_the_page(tmp_path))

    assert told == {"PUBLIC_NAME": "bridge.example.com", "SERVED_AT": "bridge:8787"}


def test_the_names_that_the_caddyfile_reads_may_stand_beside_the_settings(tmp_path: Path) -> None:
    """One file of settings may serve both: a name with our prefix that is none stops bridge."""
    read = re.findall(r"\{\$(\w+)", (DEPLOY / "caddy" / "Caddyfile").read_text())

    load(environ=dict.fromkeys(read, "x"), cwd=tmp_path)

    assert sorted(read) == ["PUBLIC_NAME", "SERVED_AT"]
    with pytest.raises(SettingsError):
        load(environ=dict.fromkeys((f"BRIDGE_{name}" for name in read), "x"), cwd=tmp_path)


def test_only_the_proxy_of_the_compose_file_has_a_port_in_the_world() -> None:
    services = compose()["services"]

    assert {name: service.get("ports") for name, service in services.items()} == {
        "bridge": None,
        "caddy": ["80:80", "443:443"],
    }


def test_everything_the_compose_file_mounts_is_there() -> None:
    whole = compose()
    sources = [
        mount.split(":")[0]
        for service in whole["services"].values()
        for mount in service.get("volumes", [])
    ]

    missing = [
        source
        for source in sources
        if source not in whole["volumes"] and not (DEPLOY / "compose" / source).is_file()
    ]
    assert missing == []


def names_in(text: str) -> set[str]:
    """The settings that a file names in the environment's way, as dotted names."""
    names = re.findall(r"\bBRIDGE_([A-Z]+__[A-Z_]+|STATE_DIR)\b", text)
    return {setting_of(name) for name in names}


@pytest.mark.parametrize(
    "file",
    [
        "deploy/compose/compose.yaml",
        "deploy/systemd/bridge.env",
        "deploy/systemd/bridge.service",
        "Dockerfile",
    ],
)
def test_every_setting_named_in_a_file_for_deploying_exists(file: str) -> None:
    settings = Settings()
    named = names_in((ROOT / file).read_text())

    assert named
    for name in named:
        settings.value(name)
