"""Somebody else's adapter with a bug: what it trips over stands in its exceptions and its frames.

`installed` installs it as the upstream `broken`, by the metadata that any package has.
"""

import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pydantic import BaseModel

from bridge.ports.upstream import Ask, Finding, UpstreamEvent

SECRET = "token-that-the-broken-adapter-was-given"


class Settings(BaseModel):
    """It has none."""


class Broken:
    """Fails on every turn, quoting what it was asked."""

    name = "broken"
    keeps_history = False
    herald = None
    calls_tools = True

    @asynccontextmanager
    async def ask(self, ask: Ask) -> AsyncIterator[AsyncIterator[UpstreamEvent]]:
        """Fails, with all it knows in the error and in its cause."""
        words = " ".join([ask.instructions, *(message.text for message in ask.messages)])
        cause = KeyError(words)
        if words:
            raise ValueError(f"could not say {words} {SECRET}") from cause
        yield _nothing()

    async def models(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def warm_up(self) -> None:
        """Does nothing."""

    async def examine(self, *, deep: bool = False) -> tuple[Finding, ...]:
        """Finds nothing."""
        return ()


async def _nothing() -> AsyncIterator[UpstreamEvent]:
    nothing: tuple[UpstreamEvent, ...] = ()
    for event in nothing:
        yield event


@asynccontextmanager
async def connect(_settings: Settings) -> AsyncIterator[Broken]:
    """The adapter."""
    yield Broken()


@contextmanager
def installed() -> Iterator[None]:
    """Installs it for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        about = Path(folder) / "broken-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[bridge.upstreams]\nbroken = {__name__}\n")
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
