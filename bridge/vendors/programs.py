"""Programs of others, found on this machine and run beside us for as long as a block lasts.

A program gets a session of its own, so that Ctrl-C in the terminal reaches us alone and we end it
in our order; it gets our environment without our secrets; and it is gone when the block is left:
asked to end, and killed with all it started when it lingers. What it prints is looked through for
patterns and never repeated.
"""

import asyncio
import os
import re
import shutil
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

from typing_extensions import override

from bridge.errors import SettingsError, VendorUnavailable, Why

ENDS_WITHIN_S = 3.0
"""How long a program may take to end when it is asked to: it has nothing to save, and who stops
bridge waits for it."""

KEPT_LINES = 200
"""Lines of a program's that are kept to be looked through. What we look for is said at its start,
in the first few dozen."""

LINE_BYTES = 16_384
"""Longest part of a line that is kept. Ours to find are under a hundred."""

SECRETS_BEGIN = ("BRIDGE_", "ELEVENLABS_", "NGROK_", "OPENAI_", "OPENCLAW_", "TWILIO_")
"""What names in the environment begin with that may hold our secrets: not the program's to know."""


class Program:
    """A program that runs, or did."""

    def __init__(self) -> None:
        self.pid = 0
        self.exit_code: int | None = None
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._changed = asyncio.Event()

    async def said(self, *patterns: re.Pattern[str]) -> re.Match[str] | None:
        """The first match in what it printed, once there is one; `None` when it ended without.

        Patterns that come first win.
        """
        while True:
            for pattern in patterns:
                for line in self._lines:
                    if found := pattern.search(line):
                        return found
            if self.exit_code is not None:
                return None
            await self._change()

    async def ended(self) -> int:
        """Its exit code, once it is over."""
        while self.exit_code is None:
            await self._change()
        return self.exit_code

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def note(self, line: str) -> None:
        """It printed a line."""
        self._lines.append(line)
        self._changed.set()

    def end(self, code: int) -> None:
        """It is over."""
        self.exit_code = code
        self._changed.set()


class _Watch(asyncio.SubprocessProtocol):
    """Reads what it prints on either stream, so that it never waits for us to do so."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._rest = {1: b"", 2: b""}
        self._transport: asyncio.SubprocessTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an instance of it in uvloop, whose transports have the same methods.
        self._transport = cast(asyncio.SubprocessTransport, transport)

    @override
    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        for line in lines:
            self._program.note(line.decode(errors="replace"))
        self._rest[fd] = rest[-LINE_BYTES:]

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The program is over, and all it printed is read."""
        assert self._transport is not None
        code = self._transport.get_returncode()
        for rest in self._rest.values():
            self._program.note(rest.decode(errors="replace"))
        self._program.end(-1 if code is None else code)


def find(name: str, *, where: str) -> str:
    """The path of a program.

    Args:
        name: as it is typed, or a path.
        where: where to get it, as a sentence.

    Raises:
        SettingsError: there is none.
    """
    found = shutil.which(name)
    if found is None:
        raise SettingsError(
            f"The {name} program is not installed.", setting="tunnel.name", hint=where
        )
    return found


@asynccontextmanager
async def running(
    command: Sequence[str], *, vendor: str, secrets: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """Runs a program until the block ends.

    Args:
        command: its path and arguments. No secret: anybody may read the list of processes.
        vendor: whose it is, for the error.
        secrets: what it is told by its environment.

    Raises:
        VendorUnavailable: it can't be run.
    """
    program = Program()
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.subprocess_exec(
            lambda: _Watch(program),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            env={**_environment(), **(secrets or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise VendorUnavailable(
            f"The {vendor} program can't be run: {error.strerror}.",
            vendor=vendor,
            operation="tunnel",
            why=Why.UNREACHABLE,
            hint=f"Look at {command[0]!r}.",
        ) from None
    program.pid = transport.get_pid()
    try:
        yield program
    finally:
        try:
            with suppress(ProcessLookupError):
                transport.terminate()
            async with asyncio.timeout(ENDS_WITHIN_S):
                await program.ended()
        except TimeoutError:
            pass
        finally:
            if program.exit_code is None:
                _kill(program.pid)
                async with asyncio.timeout(ENDS_WITHIN_S):
                    await program.ended()
            transport.close()


async def ask(command: Sequence[str], *, vendor: str, within_s: float) -> tuple[int | None, bytes]:
    """What a program prints on standard output, and its exit code; `None` when it took too long.

    Raises:
        VendorUnavailable: it can't be run.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise VendorUnavailable(
            f"The {vendor} program can't be run: {error.strerror}.",
            vendor=vendor,
            operation="ask",
            why=Why.UNREACHABLE,
            hint=f"Look at {command[0]!r}.",
        ) from None
    try:
        async with asyncio.timeout(within_s):
            out, _ = await process.communicate()
    except TimeoutError:
        return None, b""
    finally:
        if process.returncode is None:
            _kill(process.pid)
            await process.wait()
    return process.returncode, out


def _kill(pid: int) -> None:
    """Ends a program of ours and what it started: they share a group that bears its number."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    everything = os.environ  # noqa: TID251 - handed on to a program, not read for a setting
    return {k: v for k, v in everything.items() if not k.startswith(SECRETS_BEGIN)}
