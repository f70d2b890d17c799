"""The command line beside a running bridge: in this process, in a thread, as a person runs it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from anyio import to_thread

from bridge.cli.main import run
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN


def point_at(url: str, environ: pytest.MonkeyPatch, **settings: str) -> None:
    """Sets the environment so that commands find the server at `url`, with both its tokens."""
    values: Mapping[str, str] = {
        "SERVER__PORT": str(urlsplit(url).port),
        "SERVER__TOKEN": PLATFORM_TOKEN,
        "SERVER__OPERATOR_TOKEN": OPERATOR_TOKEN,
        **settings,
    }
    for name, value in values.items():
        environ.setenv(f"BRIDGE_{name}", value)


async def bridge(*arguments: str) -> int:
    """Runs `bridge …`; its exit code. What it prints goes where this process prints."""
    return await to_thread.run_sync(run, arguments)
