"""After each end-to-end test, nothing that it started is still there."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

PATIENCE_S = 5.0
"""How long a task may take to end after its test has. More means that nobody waits for it."""


@pytest.fixture(autouse=True)
async def nothing_left_behind(anyio_backend: str) -> AsyncIterator[None]:
    """Fails a test that leaves a running task or a child process."""
    tasks_before, children_before = running_tasks(), children()
    yield
    tasks = running_tasks() - tasks_before
    if tasks:
        _, tasks = await asyncio.wait(tasks, timeout=PATIENCE_S)
    assert {task.get_name() for task in tasks} == set()
    assert children() - children_before == set()


def running_tasks() -> set["asyncio.Task[object]"]:
    """Every task of this loop but those in which anyio runs tests and fixtures, this one too."""
    return {t for t in asyncio.all_tasks() if "TestRunner" not in repr(t.get_coro())}


def children() -> set[int]:
    """Ids of this process's living children, as Linux shows them; empty on other systems."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which stands in parentheses: state, parent, …
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):  # gone meanwhile
            continue
        if int(parent) == os.getpid():
            found.add(int(stat.parent.name))
    return found
