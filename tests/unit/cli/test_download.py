"""`bridge serve` asks before a tunnel's program is downloaded, and only a person at a terminal."""

import sys
from pathlib import Path

import click
import pytest

from bridge.cli.serve import asked_about_download
from bridge.settings import Settings, load


class Terminal:
    """What is asked, and what the person says; `None` when nobody sits there."""

    def __init__(self, environ: pytest.MonkeyPatch, says: bool | None) -> None:
        self.asked: list[str] = []
        for stream in (sys.stdin, sys.stderr):
            environ.setattr(stream, "isatty", lambda: says is not None, raising=False)

        def confirm(question: str, **_: object) -> bool:
            self.asked.append(question)
            assert says is not None
            return says

        environ.setattr(click, "confirm", confirm)


@pytest.fixture
def lacking(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has no ngrok."""
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(machine / "nowhere"))
    monkeypatch.setattr("pyngrok.conf.DEFAULT_NGROK_CONFIG_PATH", str(machine / "ngrok.yml"))
    return machine


def settings(folder: Path, **others: str) -> Settings:
    environ = {
        "BRIDGE_TUNNEL__NAME": "ngrok",
        "BRIDGE_TUNNEL__PROVIDERS__NGROK__AGENT_API": "http://127.0.0.1:1",
        "NGROK_AUTHTOKEN": "token-of-ngrok",
        "BRIDGE_STATE_DIR": str(folder),
        **others,
    }
    return load(environ=environ, cwd=folder)


@pytest.mark.parametrize("says", [True, False])
def test_a_person_is_asked_and_what_they_say_holds(
    lacking: Path, monkeypatch: pytest.MonkeyPatch, says: bool
) -> None:
    terminal = Terminal(monkeypatch, says)

    assert asked_about_download(settings(lacking)).tunnel.download is says
    (question,) = terminal.asked
    assert "bin.ngrok.com" in question


def test_where_nobody_sits_nobody_is_asked(lacking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, None)

    assert asked_about_download(settings(lacking)).tunnel.download is None
    assert terminal.asked == []


@pytest.mark.parametrize("said", ["true", "false"])
def test_what_was_said_before_is_not_asked_again(
    lacking: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    terminal = Terminal(monkeypatch, says=True)

    used = asked_about_download(settings(lacking, BRIDGE_TUNNEL__DOWNLOAD=said))
    assert (used.tunnel.download, terminal.asked) == (said == "true", [])


def test_a_tunnel_that_needs_nothing_asks_nothing(
    lacking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(monkeypatch, says=True)

    asked_about_download(settings(lacking, BRIDGE_TUNNEL__NAME="none"))
    assert terminal.asked == []
