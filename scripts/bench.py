"""What bridge itself costs, against a plain reverse proxy in the same run.

Starts a small upstream, the proxy (nginx if it is installed, else a relay in Python) and bridge,
all on loopback, asks each the same, and prints a table. Only the ratios mean much: the same machine
is faster or slower by the minute. bridge has everything on: the voice profile, a conversation and
a caller of their own for each request, so identity, ledger and shaping.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bridge.core.latency import percentile
from scripts import bench_load as load
from scripts import bench_upstream as upstream

TOKEN = "token-of-the-bench-0123456789"  # noqa: S105 - opens nothing but this run's own server

CALL = f"authorization: Bearer {TOKEN}\r\nx-bridge-caller: +15550100999\r\n"
"""Headers of every request; a proxy passes them on unread."""

CORE = max(os.sched_getaffinity(0))
"""Where the proxy and bridge run, and the load and the upstream don't: both have equal terms."""

DELAY_STREAMS = 100
"""Streams at once while the delay of chunks is measured."""

TARGETS = ("direct", "proxy", "bridge")
"""The upstream itself, and the two that stand in front of it."""

Rows = Mapping[str, Mapping[str, float]]
"""Figures by what they are, then by target; one that makes no sense for a target is missing."""

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_buffer_size 64k;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream up {{ server 127.0.0.1:{up}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{
    proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off;
  }} }}
}}
"""


def render_table(rows: Rows) -> str:
    """The figures as a table, with bridge's as a multiple of the proxy's at the right."""
    lines = [["", *TARGETS, "bridge / proxy"]]
    for what, figures in rows.items():
        ratio = figures["bridge"] / figures["proxy"] if figures["proxy"] > 0 else None
        numbers = [*(figures.get(name) for name in TARGETS), ratio]
        lines.append([what, *("-" if n is None else f"{n:,.1f}" for n in numbers)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        " ".join([what.ljust(widths[0]), *map(str.rjust, cells, (w + 1 for w in widths[1:]))])
        for what, *cells in lines
    )


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(
    command: list[str], *, is_measured: bool = False, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped by its id at the end; what is measured has a core of its own."""
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


def give_way() -> None:
    """Leaves the measured core to those that are measured, where there is more than one."""
    if others := os.sched_getaffinity(0) - {CORE}:
        os.sched_setaffinity(0, others)


def wait_for(port: int, path: str) -> None:
    """Until what listens there answers with status 200."""
    until = time.monotonic() + load.PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        time.sleep(0.005)
    raise SystemExit(f"nothing answers on port {port}")


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


async def measure(
    targets: list[load.Target], *, requests: int, streams: int, chunks: int, hangs: int
) -> Rows:
    """Everything about the targets, of which the first is the upstream itself."""
    direct, *others = targets
    rows: dict[str, dict[str, float]] = {}

    def note(what: str, target: load.Target, figure: float) -> None:
        rows.setdefault(what, {})[target.name] = figure

    await load.first_words(targets, 50)
    for target in others:
        rest = memory_kb(target.pid)
        async with load.open_streams(target, streams):
            full = memory_kb(target.pid)
        note("memory at rest, MB", target, rest / 1024)
        note(f"memory with {streams} open streams, MB", target, full / 1024)
        note("memory a waiting stream, KB", target, (full - rest) / streams)
    times = await load.first_words(targets, requests)
    base = statistics.median(times[direct.name])
    for target in targets:
        note("first words p50, us", target, statistics.median(times[target.name]))
        note("first words p90, us", target, percentile(times[target.name], 90))
    for target in others:
        note("added to first words p50, us", target, statistics.median(times[target.name]) - base)
    for target in targets:
        before = processor_us(target.pid)
        delays = await load.chunk_delays(target, DELAY_STREAMS, chunks)
        spent = processor_us(target.pid) - before
        note(f"chunk delay at {DELAY_STREAMS} streams p50, us", target, percentile(delays, 50))
        note(f"chunk delay at {DELAY_STREAMS} streams p99, us", target, percentile(delays, 99))
        note("processor a chunk, us", target, spent / len(delays))
    for place, target in enumerate(targets):
        ups = await load.hang_ups(target, direct.port, hangs, first=10**6 * (place + 1))
        note("hang-up to upstream closed p50, ms", target, percentile(ups, 50))
        note("hang-up to upstream closed p99, ms", target, percentile(ups, 99))
    return rows


def seconds(command: list[str], count: int) -> list[float]:
    """How long a command takes as a whole process."""
    times = []
    for _ in range(count):
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return times


@contextlib.contextmanager
def serving(port: int, up: int, folder: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The server in front of the upstream, once it is ready; and the seconds that took."""
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
    environ["PYTHONPATH"] = str(Path(__file__).parent.parent)
    began = time.monotonic()
    command = [sys.executable, "-m", "bridge", "serve"]
    with process(command, is_measured=True, HOME=folder, **environ) as started:
        wait_for(port, "/healthz")
        yield started, time.monotonic() - began


def run(*, requests: int, streams: int, chunks: int, hangs: int) -> dict[str, object]:
    """Starts everything, measures, stops everything."""
    give_way()
    up, via, ours = free_port(), free_port(), free_port()
    me = [sys.executable, __file__, "--part"]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        agent = stack.enter_context(process([*me, "upstream", str(up)]))
        wait_for(up, "/went")
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, up=up, port=via))
        command = [*me, "relay", str(via), str(up)]
        if nginx:
            command = [nginx, "-c", str(config), "-p", folder, "-e", f"{folder}/error"]
        proxy = stack.enter_context(process(command, is_measured=True))
        wait_for(via, "/went")
        starts = []
        for _ in range(2):
            with serving(ours, up, folder) as (_again, took_s):
                starts.append(took_s)
        bridge, took_s = stack.enter_context(serving(ours, up, folder))
        targets = [
            load.Target("direct", up, agent.pid, CALL),
            load.Target("proxy", via, proxy.pid, CALL),
            load.Target("bridge", ours, bridge.pid, CALL),
        ]
        rows = asyncio.run(
            measure(targets, requests=requests, streams=streams, chunks=chunks, hangs=hangs)
        )
    helps = seconds([sys.executable, "-m", "bridge", "--help"], 10)
    return {
        "proxy": "nginx" if nginx else "a relay in Python",
        "cold_start_s": statistics.median([*starts, took_s]),
        "help_s": {"p50": statistics.median(helps), "slowest": max(helps)},
        "figures": rows,
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="for the first words")
    parser.add_argument("--streams", type=int, default=200, help="open while memory is looked at")
    parser.add_argument("--chunks", type=int, default=250, help="of each paced stream")
    parser.add_argument("--hangs", type=int, default=50, help="callers that go away")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part, *ports = options.part
        serve = upstream.serve_upstream if part == "upstream" else upstream.serve_relay
        asyncio.run(serve(*map(int, ports)))
        return
    found = run(
        requests=options.requests,
        streams=options.streams,
        chunks=options.chunks,
        hangs=options.hangs,
    )
    if options.json:
        print(json.dumps(found, indent=2))
        return
    figures, helps = found["figures"], found["help_s"]
    assert isinstance(figures, dict)
    assert isinstance(helps, dict)
    print(render_table(figures))
    print(f"The proxy is {found['proxy']}.")
    print(f"bridge answers {found['cold_start_s']:.2f} s after its start.")
    print(f"bridge --help takes {helps['p50']:.3f} s, {helps['slowest']:.3f} s at the slowest.")


if __name__ == "__main__":
    main()
