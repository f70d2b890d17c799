"""Work on a rehearsal's own clock, with both of bridge's in its hands."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bridge import clock
from bridge.rehearsal.jumping_loop import JumpingLoop

_T = TypeVar("_T")


def rehearse(work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Runs it on a loop of its own, whose clock jumps; fails when it leaves tasks behind."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        with clock.replaced(loop):
            result = runner.run(work())
            assert asyncio.all_tasks(loop) == set(), "nothing is left behind"
        return result
