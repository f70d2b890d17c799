"""An office where everything is provisioned, and a server that may call out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.provision.office import APPLY, Office, opened


@pytest.fixture
async def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """Everything is provisioned, on a machine of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with opened(tmp_path, capsys) as office:
        applied = await office.types(*APPLY)
        assert applied.code == 0, applied.err
        office.platform.requests.clear()
        yield office
