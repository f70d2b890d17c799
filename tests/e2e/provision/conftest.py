"""An office for each test, and one where everything is provisioned."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.provision.office import APPLY, Office, opened


@pytest.fixture
async def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """On a machine of its own: an empty home, an empty working folder, no settings but its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with opened(tmp_path, capsys) as office:
        yield office


@pytest.fixture
async def provisioned(office: Office) -> Office:
    """The same, after a first run."""
    assert (await office.types(*APPLY)).code == 0
    return office
