"""A test as a timeline: a coroutine on a clock that jumps, with nothing left behind."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from tests.fakes.jumping_loop import JumpingLoop

_P = ParamSpec("_P")


def timeline(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """Runs an async test on a `JumpingLoop` of its own and fails when tasks outlive it."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        loop = JumpingLoop()
        try:
            loop.run(test(*args, **kwargs))
            loop.run(loop.shutdown_asyncgens())
            assert loop.others() == set(), "nothing is left behind"
        finally:
            loop.close()

    return run
