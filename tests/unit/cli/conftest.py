"""A machine of its own for each test of the command line."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and working folder, and an environment without settings."""
    for name in list(os.environ):
        if name.startswith(("BRIDGE_", "OPENCLAW_", "TWILIO_", "NGROK_", "ELEVENLABS_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BRIDGE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
