"""`bridge` as a person runs it: a process of its own, on a machine with nothing set.

async with running("serve", agent=agent) as server:
    await server.is_listening()
    ...
    server.signal(signal.SIGTERM)
    said = await server.ended()
"""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals

import httpx

from tests.fakes.agent import FakeAgent
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, toward

ROOT = Path(__file__).parents[2]

WITHIN_S = 5.0
"""No wait in a test is longer, but for a start and an end of the whole program, which may do so
while many tests run."""

START_WITHIN_S = 30.0

READY = re.compile(r"^bridge listens on (http://\S+)/v1 ", re.MULTILINE)

_OTHERS = ("BRIDGE_", "ELEVENLABS_", "NGROK_", "OPENAI_", "OPENCLAW_", "TWILIO_")


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Command:
    """A command under way."""

    process: asyncio.subprocess.Process
    environ: Mapping[str, str]
    _err: list[str] = field(default_factory=list)

    async def is_listening(self) -> str:
        """Waits for the line that says so; the address, without a path."""
        async with asyncio.timeout(START_WITHIN_S):
            return (await self.line(READY))[1]

    async def line(self, wanted: re.Pattern[str]) -> re.Match[str]:
        """The first line on standard error that fits, of those not read yet."""
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self._err.append(line.decode())
            if found := wanted.search(self._err[-1]):
                return found
        raise AssertionError(f"{wanted.pattern!r} was never said:\n{''.join(self._err)}")

    def signal(self, number: Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> Said:
        """Waits until it is over."""
        async with asyncio.timeout(START_WITHIN_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return Said(self.process.returncode, out.decode(), "".join(self._err) + err.decode())

    def client(self, url: str, token: str = PLATFORM_TOKEN, **headers: str) -> httpx.AsyncClient:
        """A bare client of the server at `url`. `headers` with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}", **named},
            timeout=15.0,
            trust_env=False,
        )


@asynccontextmanager
async def running(
    *arguments: str,
    agent: FakeAgent | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Command]:
    """Runs `bridge …` until the block ends.

    Args:
        agent: whom a server is to ask; the demo agent when not given.
        settings: names as in the environment, without `BRIDGE_`; an empty value unsets one.
    """
    with tempfile.TemporaryDirectory() as folder:
        environ = environment(folder, agent, settings or {})
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bridge",
            *arguments,
            env=environ,
            cwd=folder,
            preexec_fn=_hears_ctrl_c,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield Command(process, environ)
        finally:
            if process.returncode is None:
                process.send_signal(SIGKILL)
                await asyncio.wait_for(process.communicate(), WITHIN_S)


def _hears_ctrl_c() -> None:
    """A suite that was started in the background ignores it, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def run(*arguments: str, **how: object) -> Said:
    """Runs `bridge …` to its end; see `running`."""
    async with running(*arguments, **how) as command:  # type: ignore[arg-type]  # passed on as they are
        return await command.ended()


def environment(
    folder: str, agent: FakeAgent | None, settings: Mapping[str, str]
) -> dict[str, str]:
    """What this process has, without its settings, and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
    ours = {
        "BRIDGE_STATE_DIR": f"{folder}/state",
        "BRIDGE_SERVER__PORT": "0",
        "BRIDGE_SERVER__TOKEN": PLATFORM_TOKEN,
        "BRIDGE_SERVER__OPERATOR_TOKEN": OPERATOR_TOKEN,
        "BRIDGE_UPSTREAM__NAME": "demo",
        **toward(agent),
        **{f"BRIDGE_{name}": value for name, value in settings.items()},
    }
    return {**kept, "HOME": folder, "PYTHONPATH": str(ROOT), **ours}
