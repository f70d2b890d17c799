"""What every suite needs, and nothing else."""

import os

import pytest
from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run side by side, those of a file stay together, and all that need the gateway.

    They share fixtures: a file's cost a second to make, the gateway half a minute. It comes first,
    because it takes longest.
    """
    items.sort(key=lambda item: item.get_closest_marker("gateway") is None)
    for item in items:
        needs_gateway = item.get_closest_marker("gateway") is not None
        group = "gateway" if needs_gateway else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the program does."""
    return "asyncio"
