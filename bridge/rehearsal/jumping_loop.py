"""An event loop whose clock jumps to the next timer, so that a call of minutes takes milliseconds.

Real sockets, real threads, time of its own: it begins at the same moment in every run, passes in
no computation, and jumps only when nothing is on its way. Hence two runs of one thing are alike.

    ready? ── no ──▶ on its way through the system? ── no ──▶ somebody elsewhere? ── no ──▶ jump
      │                     │                                       │
      └─ run it             └─ run it                               └─ wait, really

What is handed to a thread is waited for where it is handed over. What else takes its time
outside (`bridge.clock.elsewhere`) holds the clock, or has it pass as the machine's does.
"""

import asyncio
import selectors
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar, TypeVarTuple, Unpack

from typing_extensions import override

from bridge import clock
from bridge.errors import BridgeError

BEGINS_S = 1000.0
"""Where the loop's clock begins: not at 0, which some take for "never"."""

BEGINS_WALL_S = 1_804_010_400.0
"""And the time of day: Tuesday 2027-03-02, 18:00 UTC, when it is day from Hawaii to Moscow, and
calls may be placed."""

THREADS = 8
"""Threads of `run_in_executor`. Each is waited for, so that one is busy at a time; a library may
hold some."""

ELSEWHERE_WITHIN_S = 60.0
"""How long something elsewhere is waited for while the clock stands still, in real seconds: a
query of the records takes milliseconds, a sentence spoken by a slow machine some seconds."""

ECHO_WITHIN_S = 5.0
"""How long one byte may take through the system's own loopback. It takes microseconds."""

Ready = list[tuple[selectors.SelectorKey, int]]
Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Stuck(BridgeError):
    """A rehearsed call can't go on."""

    code = "rehearsal_stuck"


class JumpingLoop(asyncio.SelectorEventLoop):
    """See the module. Also a `bridge.clock.Source`: use it as `replaced(loop)`.

    Raises `Stuck` out of `run_until_complete` when everything waits and no timer is set.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._threads = ThreadPoolExecutor(THREADS, "rehearsal")
        self.set_default_executor(self._threads)

    @override
    def time(self) -> float:
        return BEGINS_S + self._jumping.passed_s

    def now_s(self) -> float:
        """See `bridge.clock.now_s`."""
        return self.time()

    def wall_s(self) -> float:
        """See `bridge.clock.wall_s`."""
        return BEGINS_WALL_S + self._jumping.passed_s

    @property
    def watched(self) -> int:
        """How many sockets are waited on, the loop's own among them."""
        return len(self._jumping.get_map())

    @contextmanager
    def elsewhere(self, *, passes: bool) -> Iterator[None]:
        """See `bridge.clock.elsewhere`. In the loop's own thread only."""
        self._jumping.hold(passes=passes)
        try:
            yield
        finally:
            self._jumping.let_go(passes=passes)

    @override
    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Arguments]], Result],
        *args: *Arguments,
    ) -> "asyncio.Future[Result]":
        """Done when this returns: whatever else could happen meanwhile happens after it.

        So it makes no difference how long a thread takes, nor which of two is quicker.
        """
        done = (executor or self._threads).submit(func, *args)
        wait([done])
        return asyncio.wrap_future(done, loop=self)

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self._threads.shutdown()

    @override
    def close(self) -> None:
        self._threads.shutdown()
        super().close()


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing that only time brings: that time is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self._jumped_s = 0.0
        self._runs_since_s: float | None = None
        self._held = {False: 0, True: 0}
        self._echo = _Echo()

    @property
    def passed_s(self) -> float:
        """Seconds since the beginning."""
        if self._runs_since_s is None:
            return self._jumped_s
        return self._jumped_s + clock.machine_s() - self._runs_since_s

    def hold(self, *, passes: bool) -> None:
        """Somebody waits for something elsewhere."""
        self._held[passes] += 1
        if passes and self._runs_since_s is None:
            self._runs_since_s = clock.machine_s()

    def let_go(self, *, passes: bool) -> None:
        """And does so no longer."""
        self._held[passes] -= 1
        if not self._held[True]:
            self._jumped_s, self._runs_since_s = self.passed_s, None

    @override
    def select(self, timeout: float | None = None) -> Ready:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self._held[True]:
            return super().select(timeout)
        self._echo.wait()
        if ready := super().select(0):
            return ready
        if self._held[False]:
            return self._stand_still()
        if timeout is None:
            raise Stuck(
                "Everything waits, and nothing is left that could happen.",
                hint="Something in this call waits for what never comes.",
            )
        self._jumped_s += timeout
        return ready

    @override
    def close(self) -> None:
        self._echo.close()
        super().close()

    def _stand_still(self) -> Ready:
        ready = super().select(ELSEWHERE_WITHIN_S)
        if not ready:
            raise Stuck(
                f"Nothing came back from another thread or process within "
                f"{ELSEWHERE_WITHIN_S:g} s.",
                hint="Look at what was asked there: it hangs.",
            )
        return ready


class _Echo:
    """Tells that all that was sent on this machine until now has arrived where it goes.

    What one socket sends to another here stands in a queue of the system's, mostly for no time at
    all, under load for milliseconds. It is emptied in order: once a byte sent now has come back,
    so has everything before it.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._out = socket.create_connection(listening.getsockname())
            self._back, _ = listening.accept()
        self._out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._back.settimeout(ECHO_WITHIN_S)

    def wait(self) -> None:
        self._out.send(b"?")
        self._back.recv(1)

    def close(self) -> None:
        self._out.close()
        self._back.close()
