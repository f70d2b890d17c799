"""The bridge as an operator runs it, and a caller as the voice platform speaks for one.

`Bridge` is `python -m bridge serve` in a process of its own, in an empty folder, with nothing in
its environment but what the test sets. `Caller` is the official OpenAI client doing what
ElevenLabs does: the whole history each time, streamed, with the headers of provisioning.
"""

import itertools
import json
import os
import subprocess
import sys
import tomllib
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import openai
from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

from tests.gateway.kit.real_gateway import RealGateway, fetch, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]

START_TIMEOUT_S = 30.0
"""A start takes about a second; CI machines with two gateways beside it are slower."""

RUN_TIMEOUT_S = 60.0
"""A command that asks the agent takes two turns; some seconds on a busy machine."""

STOP_TIMEOUT_S = 30.0
"""More than the seconds that streams may take to finish."""

PLATFORM_TOKEN = "platform-token-of-the-gateway-tests"

PHRASES: dict[str, Any] = tomllib.loads(
    (ROOT / "bridge/phrases/en.toml").read_text(encoding="utf-8")
)
"""What bridge itself says."""

CHECK_FAILED = 8
"""The exit code of a command that found something wrong."""

PLATFORM_PROMPT = "You are the voice of a small shop."

_numbers = itertools.count(100)


def new_number() -> str:
    """A caller's number of this test's own."""
    return f"+1555555{next(_numbers):04d}"


class Bridge:
    """A bridge in front of a gateway. Use it as a context manager.

    Args:
        gateway: the upstream; `None` leaves everything but the port to what bridge finds itself.
        folder: its home, for its state.
        settings: names as in the environment without `BRIDGE_`, put over what all tests want.
        ready_at: the path that must answer 200 before it counts as started.
    """

    def __init__(
        self,
        gateway: RealGateway | None,
        folder: Path,
        settings: Mapping[str, str],
        *,
        ready_at: str = "/readyz",
    ) -> None:
        self._port = free_port()
        self._folder = folder
        self._ready_at = ready_at
        self._process: subprocess.Popen[bytes] | None = None
        ours = {"SERVER__PORT": str(self._port), **(_ours(gateway, folder) if gateway else {})}
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            **{f"BRIDGE_{name}": value for name, value in {**ours, **settings}.items()},
        }

    @property
    def url(self) -> str:
        """The base that a platform is given, ending in `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def token(self) -> str:
        """The platform token; the one that it made when none was set."""
        if given := self._environment.get("BRIDGE_SERVER__TOKEN"):
            return given
        shown = json.loads(self.run("config", "show", "--reveal", "--json").stdout)
        return str(next(row["value"] for row in shown if row["name"] == "server.token"))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command with the same settings, to its end. It need not be serving."""
        return subprocess.run(
            [sys.executable, "-m", "bridge", *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )

    def status(self, path: str) -> int:
        """The HTTP status of a path outside `/v1`; 0 when nobody answers."""
        try:
            return fetch(f"http://127.0.0.1:{self._port}{path}", timeout_s=5.0)[0]
        except OSError:
            return 0

    def __enter__(self) -> Self:
        with (self._folder / "bridge.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bridge", "serve"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        process = self._process

        def is_settled() -> bool:
            return process.poll() is not None or self.status(self._ready_at) == 200

        wait_until(is_settled, timeout_s=START_TIMEOUT_S)
        if self.status(self._ready_at) != 200:
            self.close()
            raise AssertionError(f"the bridge did not start\n{self.log()[-3000:]}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """SIGTERM, and wait."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        """What it wrote to standard output and error."""
        return (self._folder / "bridge.log").read_text(encoding="utf-8", errors="replace")


def _ours(gateway: RealGateway, folder: Path) -> dict[str, str]:
    """What all tests want, but those of a bridge that was told nothing."""
    return {
        "SERVER__TOKEN": PLATFORM_TOKEN,
        "UPSTREAM__NAME": "openclaw",
        "UPSTREAM__URL": gateway.url,
        "UPSTREAM__TOKEN": gateway.token,
        "UPSTREAM__WARM_UP": "false",
        "POLICY__INBOUND": "open",
        "TURN__FILLERS": "0",
        "STATE_DIR": str(folder),
    }


class Serve(Protocol):
    """Starts a bridge with these settings, or returns the one that runs with them."""

    def __call__(
        self, gateway: RealGateway, *, ready_at: str = "/readyz", **settings: str
    ) -> Bridge: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the platform got: words, tool calls as (name, JSON arguments), why it ended."""

    text: str
    calls: tuple[tuple[str, str], ...] = ()
    reason: str | None = "stop"


@dataclass(slots=True)
class Caller:
    """One telephone call, spoken by the platform.

    Attributes:
        number: the caller's; empty where no header says it.
        conversation: the platform's id of the call; empty where no header says it.
        history: the dialogue so far, as the platform will send it.
        tools: what the platform offers with each request.
        headers: further headers of each request.
        prompt: the platform's own system message.
    """

    bridge: Bridge
    number: str = field(default_factory=new_number)
    conversation: str = field(default_factory=lambda: f"conv-{uuid.uuid4().hex}")
    history: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    prompt: str = PLATFORM_PROMPT

    def client(self) -> AsyncOpenAI:
        """The official client, unchanged, with the headers that provisioning sets up."""
        stated = {
            "x-bridge-conversation": self.conversation,
            "x-bridge-caller": self.number,
            **self.headers,
        }
        return AsyncOpenAI(
            base_url=self.bridge.url,
            api_key=self.bridge.token,
            max_retries=0,
            timeout=15.0,
            default_headers={name: value for name, value in stated.items() if value},
        )

    def request(self, utterance: str) -> dict[str, Any]:
        """The request for the next utterance: everything that was said, every time."""
        said = {"role": "user", "content": utterance}
        system = {"role": "system", "content": self.prompt}
        return {
            "model": "bridge",
            "messages": [system, *self.history, said],
            "tools": self.tools or openai.omit,
        }

    @asynccontextmanager
    async def stream(self, utterance: str) -> AsyncIterator[AsyncStream[ChatCompletionChunk]]:
        """Ask, and leave whenever the block ends. The history stays as it was."""
        async with (
            self.client() as client,
            await client.chat.completions.create(**self.request(utterance), stream=True) as chunks,
        ):
            yield chunks

    async def says(self, utterance: str) -> Spoken:
        """Ask, hear the whole reply, and remember both."""
        async with self.stream(utterance) as chunks:
            spoken = whole([chunk async for chunk in chunks])
        self.remember(utterance, spoken.text)
        return spoken

    def remember(self, utterance: str, heard: str) -> None:
        """Put a turn into the history, as far as it was heard."""
        self.history += [
            {"role": "user", "content": utterance},
            {"role": "assistant", "content": heard},
        ]


def whole(chunks: list[ChatCompletionChunk]) -> Spoken:
    """Chunks to what they say. A tool call must come in one chunk."""
    choices = [choice for chunk in chunks for choice in chunk.choices]
    calls = [call.function for choice in choices for call in choice.delta.tool_calls or ()]
    return Spoken(
        "".join(choice.delta.content or "" for choice in choices).strip(),
        tuple((call.name or "", call.arguments or "") for call in calls if call),
        next((c.finish_reason for c in choices if c.finish_reason), None),
    )


async def first_words(chunks: AsyncStream[ChatCompletionChunk], count: int = 1) -> str:
    """The first `count` pieces of text; the rest is left in the stream."""
    texts: list[str] = []
    async for chunk in chunks:
        texts += [c.delta.content for c in chunk.choices if c.delta.content]
        if len(texts) >= count:
            break
    return "".join(texts)
