"""The real OpenClaw gateway with the stub provider behind it, for tests.

    with RealGateway(install()) as gateway:     # about 15 s: start, readiness, one warm-up turn
        gateway.url                             # http://127.0.0.1:PORT/v1
        gateway.token                           # gateway.auth.token
        gateway.provider.seen()                 # what the model received

One gateway serves any number of tests: give each test a session key of its own, and never send
`[[stub error=401]]` or `403` to a shared one (it then disables the provider for about a minute).
Everything it writes is in a temporary folder that goes when it stops. Standard library only.

By hand, from the root of the repository, until Ctrl-C: `python -m tests.gateway.kit.real_gateway`
"""

import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.gateway.kit import write_config
from tests.gateway.kit.stub_provider import Provider

HERE = Path(__file__).resolve().parent

START_TIMEOUT_S = 120.0
"""9-12 s on a quiet machine of two cores, 30 s on a busy one; CI machines are slower still."""

FIRST_TURN_TIMEOUT_S = 60.0
"""The first turn after a start loads modules for 3-5 s."""

RELOAD_TIMEOUT_S = 20.0
"""An edited configuration is applied within about 3 s."""

STOP_GRACE_S = 5.0
"""An idle gateway stops in under 1 s; a busy one would drain for up to 315 s, and is killed."""

POLL_S = 0.05

TOKEN = "gateway-token-for-tests"

HOOKS_TOKEN = "hooks-token-for-tests"
"""For the hooks, where a test turns them on."""


class NotInstalled(Exception):
    """OpenClaw can't be had on this machine; the message says why."""


class GatewayFailed(Exception):
    """The gateway did not do what it must; the message ends with its log."""


def install(directory: Path | None = None) -> Path:
    """Install OpenClaw unless it is there, and return where.

    Args:
        directory: where to; `None` leaves the choice to `install.sh`.

    Raises:
        NotInstalled: another platform, no npm, no way to the registry.
    """
    command = [str(HERE / "install.sh"), *([str(directory)] if directory else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(done.stderr.strip() or f"install.sh ended with {done.returncode}")
    return Path(done.stdout.strip())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], *, timeout_s: float) -> bool:
    """Look again and again until it is true (True) or the time is over (False)."""
    end = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def fetch(
    url: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 2.0,
) -> tuple[int, str]:
    """One request, around any proxy: status and text. `OSError` when there is no answer."""
    request = urllib.request.Request(  # noqa: S310 - always http on loopback
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class RealGateway:
    """A gateway, its provider and their folder. Use it as a context manager.

    Args:
        installed: what `install` returned.
        agents: their ids. With more than one there is no default agent.
        settings: dotted path to value, put over the configuration.
        has_full_tools: offers the agent's own tools to the model.
    """

    def __init__(
        self,
        installed: Path,
        *,
        agents: Sequence[str] = ("main",),
        settings: Mapping[str, object] | None = None,
        has_full_tools: bool = False,
    ) -> None:
        self.agents = tuple(agents)
        self.token = TOKEN
        self.provider = Provider()
        self.state_dir = Path(tempfile.mkdtemp(prefix="openclaw-state-"))
        self._installed = installed
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._config = write_config.build(
            self.state_dir,
            port=self._port,
            token=self.token,
            provider_url=self.provider.url,
            agents=self.agents,
            has_full_tools=has_full_tools,
            settings=settings,
        )

    @property
    def url(self) -> str:
        """The base of its API, ending in `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        """Start, and take the cost of the first turn."""
        self.provider.start()
        try:
            write_config.write(self.state_dir, self._config)
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything and remove the folder."""
        self.stop()
        self.provider.stop()
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def start(self) -> None:
        """Start (or, after `stop`, start again) on the same port and state, and warm up."""
        with (self.state_dir / "gateway.out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(HERE / "start.sh"), str(self._installed), str(self.state_dir)],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        wait_until(lambda: self.is_ready or not self.is_running, timeout_s=START_TIMEOUT_S)
        if not self.is_running or not self.is_ready:
            raise GatewayFailed(f"the gateway did not get ready\n{self.log()[-3000:]}")
        self._warm_up()
        self.provider.reset()

    @property
    def is_ready(self) -> bool:
        """Whether it takes turns now."""
        try:
            return fetch(f"http://127.0.0.1:{self._port}/readyz")[0] == 200
        except OSError:
            return False

    def _warm_up(self) -> None:
        body = {
            "model": f"openclaw/{self.agents[0]}",
            "messages": [{"role": "user", "content": "warm up"}],
        }
        status, text = fetch(
            f"{self.url}/chat/completions",
            body,
            {"Authorization": f"Bearer {self.token}"},
            timeout_s=FIRST_TURN_TIMEOUT_S,
        )
        if status != 200:
            raise GatewayFailed(f"the first turn got {status}: {text}\n{self.log()[-3000:]}")

    def reconfigure(self, settings: Mapping[str, object]) -> None:
        """Edit its configuration while it runs, and return when that is in force.

        What is edited is the file as it stands: the gateway has written into it since.
        """
        config = json.loads((self.state_dir / "openclaw.json").read_text(encoding="utf-8"))
        for dotted, value in settings.items():
            write_config.put(config, dotted, value)
        applied = self._times_reloaded()
        write_config.write(self.state_dir, config)
        if not wait_until(lambda: self._times_reloaded() > applied, timeout_s=RELOAD_TIMEOUT_S):
            raise GatewayFailed(f"the edit was not taken up\n{self.log()[-3000:]}")

    def _times_reloaded(self) -> int:
        return self.log().count("config hot reload applied")

    def drain(self) -> None:
        """SIGTERM: what runs is finished, nothing new is taken, then the process ends."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)

    def wait_until_draining(self) -> None:
        """Block until it takes nothing new: it says so, or no longer listens."""
        if not wait_until(lambda: not self.is_ready, timeout_s=STOP_GRACE_S):
            raise GatewayFailed(f"the gateway does not drain\n{self.log()[-3000:]}")

    def stop(self) -> None:
        """End the process: kindly, then not."""
        if self._process is None:
            return
        self.drain()
        try:
            self._process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        """What it has written to its output so far."""
        path = self.state_dir / "gateway.out"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def main() -> None:
    """Run one until Ctrl-C."""
    with RealGateway(install()) as gateway:
        facts = {
            "url": gateway.url,
            "token": gateway.token,
            "provider": gateway.provider.url,
            "state": str(gateway.state_dir),
        }
        print(json.dumps(facts), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
