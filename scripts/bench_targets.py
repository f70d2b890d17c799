"""What `scripts/bench` measures, as processes: the upstream, the proxy, bridge, LiteLLM.

Each listens on a port of its own on loopback and is stopped by its id. What is measured runs on a
core that neither the load nor the upstream runs on, where there is more than one: all have equal
terms.
"""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.bench_load import PATIENCE_S, Target

ROOT = Path(__file__).parent.parent

TOKEN = "token-of-the-bench-0123456789"  # noqa: S105 - opens nothing but this run's own server

CALL = f"authorization: Bearer {TOKEN}\r\nx-bridge-caller: +15550100999\r\n"
"""Headers of every request; a proxy passes them on unread."""

CORE = max(os.sched_getaffinity(0))
"""Where everything that is measured runs."""

FILES = 8192
"""Open files that a run needs: two for each of some thousand streams."""

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_buffer_size 64k; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream up {{ server 127.0.0.1:{up}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{
    proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off;
  }} }}
}}
"""

LITELLM = """
model_list:
  - model_name: bridge
    litellm_params: {{model: openai/m, api_base: "http://127.0.0.1:{up}/v1", api_key: none}}
litellm_settings: {{telemetry: false}}
"""


@dataclass(frozen=True, slots=True)
class Started:
    """Everything that runs. `targets` begins with the upstream itself, asked directly."""

    targets: list[Target]
    proxy: str
    starts_s: list[float]


def give_way() -> None:
    """Leaves the measured core to those that are measured; takes as many files as are needed."""
    if others := os.sched_getaffinity(0) - {CORE}:
        os.sched_setaffinity(0, others)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(
    command: list[str], *, is_measured: bool = False, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped by its id at the end."""
    env = {"PATH": os.environ["PATH"], "HOME": environ.pop("HOME", "/nonexistent"), **environ}
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORE} if is_measured else mine)  # a child begins where its parent is
    started = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.sched_setaffinity(0, mine)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(port: int, path: str) -> None:
    """Until what listens there answers with status 200."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        time.sleep(0.005)
    raise SystemExit(f"nothing answers on port {port}")


@contextlib.contextmanager
def everything(folder: str) -> Iterator[Started]:
    """The upstream, what stands in front of it, and how long bridge took to start, three times."""
    up, ours = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(process(_part("upstream", up)))
        wait_for(up, "/went")
        targets = [Target("direct", up, agent.pid, CALL)]
        proxy, name = stack.enter_context(_proxy(folder, up))
        targets.append(proxy)
        starts_s = []
        for _ in range(2):
            with serving(ours, up, folder) as (_again, took_s):
                starts_s.append(took_s)
        bridge, took_s = stack.enter_context(serving(ours, up, folder))
        targets.append(Target("bridge", ours, bridge.pid, CALL))
        if litellm := shutil.which("litellm"):
            targets.append(stack.enter_context(_litellm(litellm, folder, up)))
        yield Started(targets, name, [*starts_s, took_s])


def _part(name: str, *ports: int) -> list[str]:
    return [sys.executable, str(ROOT / "scripts/bench.py"), "--part", name, *map(str, ports)]


@contextlib.contextmanager
def _proxy(folder: str, up: int) -> Iterator[tuple[Target, str]]:
    """With nginx where it is installed, else a relay in Python."""
    port = free_port()
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    command = _part("relay", port, up)
    if nginx:
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, up=up, port=port))
        command = [nginx, "-c", str(config), "-p", folder, "-e", f"{folder}/error"]
    with process(command, is_measured=True) as started:
        wait_for(port, "/went")
        yield Target("proxy", port, started.pid, CALL), "nginx" if nginx else "a relay in Python"


@contextlib.contextmanager
def _litellm(command: str, folder: str, up: int) -> Iterator[Target]:
    port = free_port()
    config = Path(folder) / "litellm.yaml"
    config.write_text(LITELLM.format(up=up))
    begin = [command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with process(begin, is_measured=True, HOME=folder) as started:
        wait_for(port, "/health/liveliness")
        yield Target("litellm", port, started.pid, CALL)


@contextlib.contextmanager
def serving(port: int, up: int, folder: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The server in front of the upstream, once it is ready; and the seconds that took.

    Everything is on: identity, ledger, records, shaping. What would turn load away is off.
    """
    settings = {
        "STATE_DIR": folder,
        "SERVER__PORT": str(port),
        "SERVER__TOKEN": TOKEN,
        "UPSTREAM__NAME": "openai",
        "UPSTREAM__URL": f"http://127.0.0.1:{up}/v1",
        "UPSTREAM__MODEL": "m",
        "UPSTREAM__WARM_UP": "false",
        "POLICY__INBOUND": "open",
        "LIMITS__PER_MINUTE": "0",
        "LIMITS__PER_NUMBER_PER_MINUTE": "0",
        "LIMITS__CONCURRENT": "0",
    }
    environ = {f"BRIDGE_{name}": value for name, value in settings.items()}
    environ["PYTHONPATH"] = str(ROOT)
    began = time.monotonic()
    command = [sys.executable, "-m", "bridge", "serve"]
    with process(command, is_measured=True, HOME=folder, **environ) as started:
        wait_for(port, "/healthz")
        yield started, time.monotonic() - began


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def memory_kb(pid: int) -> float:
    """Memory of a process and its children; what they share counts once."""
    rolled = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in family(pid)]
    return sum(float(text.partition("\nPss:")[2].split()[0]) for text in rolled)


def processor_us(pid: int) -> float:
    """Processor time so far, of a process and its children."""
    ticks = 0
    for each in family(pid):
        parts = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(parts[11]) + int(parts[12])
    return 1e6 * ticks / os.sysconf("SC_CLK_TCK")
