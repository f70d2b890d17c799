"""The voices and the ear of the extra `rehearsal`, for tests that need real sound.

Where the extra is not installed those tests are skipped, and say why; in CI they fail.
"""

import os
from functools import cache

import pytest

from bridge.errors import SettingsError
from bridge.rehearsal.audio.kit import Kit, open_kit


@cache
def sound_kit() -> Kit:
    """One kit for the whole run: its models take a second to load."""
    try:
        return open_kit()
    except SettingsError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"tests with sound are a must here, but {error.message}", pytrace=False)
        pytest.skip(f"{error.message}: {error.hint}")
