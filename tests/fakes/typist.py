"""A person at a terminal: `bridge` as a process on a pseudo-terminal, keys in, a screen out."""

import asyncio
import os
import pty
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from signal import SIG_DFL, SIGINT, SIGKILL, signal
from typing import TypeVar

from tests.fakes.agent import FakeAgent
from tests.fakes.command import START_WITHIN_S, WITHIN_S, environment

BARGE_IN = "\x03"
"""Ctrl-C, as the terminal sends it."""

PRESSES = 3
"""How often a key is pressed before it counts as of no use."""

_T = TypeVar("_T")


@dataclass(slots=True)
class Typist:
    """Somebody at a terminal on which a command runs."""

    process: asyncio.subprocess.Process
    _keys: int
    _screen: asyncio.StreamReader
    _seen: str = ""

    async def sees(self, text: str) -> str:
        """Waits for the text; what appeared since the last one that was waited for, with it."""
        async with asyncio.timeout(START_WITHIN_S):
            while text not in self._seen:
                piece = await self._screen.read(4096)
                assert piece, f"the screen never showed {text!r}:\n{self._seen}"
                self._seen += piece.decode(errors="replace")
        before, found, self._seen = self._seen.partition(text)
        return before + found

    def types(self, keys: str) -> None:
        """Presses keys; a line end is Enter."""
        os.write(self._keys, keys.encode())

    async def insists(self, keys: str, until: Callable[[], Awaitable[_T]]) -> _T:
        """Presses keys, again when nothing came of it for a while, until that is so.

        Python loses a signal that comes between its last look and its wait for a key, a moment in
        which a person never hits it and a test does.
        """
        for _ in range(PRESSES):
            self.types(keys)
            with suppress(TimeoutError):
                async with asyncio.timeout(WITHIN_S):
                    return await until()
        raise AssertionError(f"nothing came of {keys!r}:\n{self._seen}")

    async def ended(self) -> int:
        """Waits until the command is over; its exit code."""
        async with asyncio.timeout(START_WITHIN_S):
            return await self.process.wait()


def _sit_down() -> None:
    """Makes standard input the terminal whose keys become signals, and signals be heard.

    Whoever starts the tests in the background of a shell starts them deaf to Ctrl-C.
    """
    os.login_tty(0)
    signal(SIGINT, SIG_DFL)


@asynccontextmanager
async def typist(
    *arguments: str, agent: FakeAgent | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Typist]:
    """Somebody who has just started `bridge …`. The settings as in `command.running`."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory() as folder, os.fdopen(ours, "rb", 0) as screen:
        environ = {**environment(folder, agent, settings or {}), "TERM": "dumb"}
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bridge", *arguments),
                env=environ,
                cwd=folder,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                preexec_fn=_sit_down,
            )
        finally:
            os.close(theirs)
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), screen
        )
        try:
            yield Typist(process, ours, reader)
        finally:
            transport.close()
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(SIGKILL)
                await asyncio.wait_for(process.wait(), WITHIN_S)
