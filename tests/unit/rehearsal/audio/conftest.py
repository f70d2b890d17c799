"""What tests with real sound need."""

import pytest

from bridge.rehearsal.audio.kit import Kit
from tests.fakes.sound_kit import sound_kit


@pytest.fixture(scope="session")
def kit() -> Kit:
    """Two real voices, and a real ear."""
    return sound_kit()
