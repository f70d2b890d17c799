"""`bridge config show`: every setting, its value and where it was set."""

import json
from pathlib import Path

import pytest

from bridge.cli.main import run
from bridge.settings.table import SETTINGS


def test_every_setting_is_shown_with_its_value_and_origin(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_TURN__GRACE_S", "5")
    (machine / "bridge.toml").write_text('[policy]\nallow_from = ["+1415*"]\n')

    assert run(["config", "show"]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = {line[0]: " ".join(line[1:]) for line in lines[1:]}
    assert lines[0] == ["setting", "value", "origin"]
    assert list(shown) == list(SETTINGS)
    assert shown["turn.grace_s"] == "5 environment: BRIDGE_TURN__GRACE_S"
    assert shown["policy.allow_from"] == "+1415* bridge.toml: policy.allow_from"
    assert shown["server.port"] == "8787 default"


def test_json_is_a_list_of_settings(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_POLICY__ALLOW_FROM", "+1415*,+1416*")

    assert run(["config", "show", "--json"]) == 0

    shown = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(shown) == list(SETTINGS)
    assert shown["policy.allow_from"] == {
        "name": "policy.allow_from",
        "value": ["+1415*", "+1416*"],
        "origin": "environment: BRIDGE_POLICY__ALLOW_FROM",
        "is_set": True,
        "is_secret": False,
    }
    assert shown["server.port"]["value"] == 8787
    assert shown["server.token"]["value"] is None
    assert shown["state_dir"]["value"] == str(machine / "state")


def test_one_setting_is_its_value_alone(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "server.port"]) == 0
    assert run(["config", "show", "server.port", "--json"]) == 0

    text, _, as_json = capsys.readouterr().out.partition("\n")
    assert text == "8787"
    assert json.loads(as_json)["value"] == 8787


def test_a_setting_that_does_not_exist_is_a_usage_error(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "show", "turn.grace"]) == 2
    assert "Did you mean 'turn.grace_s'?" in capsys.readouterr().err


def test_showing_makes_no_tokens(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show"]) == 0
    assert not (machine / "state").exists()
    assert capsys.readouterr().out


def test_revealing_makes_the_servers_tokens_and_shows_them_from_then_on(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "show", "server.token", "--reveal"]) == 0
    token = capsys.readouterr().out.strip()
    assert run(["config", "show", "server.token", "--reveal"]) == 0
    again = capsys.readouterr().out.strip()
    assert run(["config", "show", "server.token", "--json"]) == 0
    masked = json.loads(capsys.readouterr().out)

    assert (token, len(token) >= 43) == (again, True)
    assert (masked["value"], masked["origin"]) == ("•••• (set)", "made on first start")


@pytest.mark.parametrize("form", [[], ["--json"], ["--reveal"], ["--reveal", "--json"]])
def test_other_peoples_secrets_are_never_shown(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: list[str],
) -> None:
    for variable in (
        "ELEVENLABS_API_KEY",
        "TWILIO_AUTH_TOKEN",
        "NGROK_AUTHTOKEN",
        "BRIDGE_UPSTREAM__TOKEN",
        "BRIDGE_UPSTREAM__PROVIDERS__ACME__API_KEY",
    ):
        monkeypatch.setenv(variable, "s3cret")
    monkeypatch.setenv("BRIDGE_POLICY__PIN", "86420")

    assert run(["config", "show", *form]) == 0

    shown = capsys.readouterr().out
    assert "s3cret" not in shown
    assert "86420" not in shown
    assert "acme" in shown


def test_a_wrong_value_ends_with_the_code_for_settings(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "many")

    assert run(["config", "show"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[0] == (
        "bridge: server.port must be a whole number from 0 to 65535, not 'many' "
        "(set in environment: BRIDGE_SERVER__PORT)"
    )
