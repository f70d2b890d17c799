"""The office of the provisioning tests: somebody at a terminal, and the two fake companies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.provision.office import Office, opened


@pytest.fixture
async def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Office]:
    async with opened(tmp_path, capsys) as office:
        yield office
