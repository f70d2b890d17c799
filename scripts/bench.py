"""What bridge itself costs, against a plain reverse proxy in the same run.

Starts a small upstream that answers at once, the proxy (nginx if it is installed, else a bare
TCP relay) and bridge, all on loopback, and prints a table. Only the ratios mean anything: the same
machine is faster or slower by the minute. Usage: `scripts/bench [--requests N] [--streams N]`.
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
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TOKEN = "token-of-the-bench-0123456789"  # noqa: S105 - opens nothing but this run's own server
CHUNKS = 20
BODY = json.dumps(
    {
        "model": "bridge",
        "stream": True,
        "messages": [
            {"role": "system", "content": "You are the voice of a shop. " * 100},
            {"role": "user", "content": "What is on today?"},
        ],
    }
).encode()


def chunk(delta: str, reason: str = "null") -> bytes:
    """One event of the upstream."""
    event = (
        'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
        f'"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}\n\n'
    ).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunk('{"role":"assistant","content":""}')
)
TAIL = chunk("{}", '"stop"') + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


async def upstream(port: int) -> None:
    """Answers every POST with `CHUNKS` words at once; one that holds `hold` waits for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                body = await reader.readexactly(length)
                writer.write(HEAD + chunk('{"content":"word "}'))
                if b"hold" in body:
                    await reader.read()
                    return
                writer.write(b"".join(chunk('{"content":"word "}') for _ in range(CHUNKS - 1)))
                writer.write(TAIL)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def relay(port: int, to: int) -> None:
    """The plainest proxy there is, for machines without nginx."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", to)
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(reader, up_writer))
            both.create_task(pump(up_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: its name, where it listens, its process."""

    name: str
    port: int
    pid: int


@contextlib.contextmanager
def process(command: list[str], **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped by its id at the end."""
    env = {"PATH": os.environ["PATH"], "HOME": environ.pop("HOME", "/nonexistent"), **environ}
    started = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(port: int, path: bytes = b"") -> float:
    """Seconds until the port answers (`path` with status 200)."""
    began = time.perf_counter()
    while time.perf_counter() - began < 30:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
            if not path:
                return time.perf_counter() - began
            s.sendall(b"GET %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" % path)
            if b" 200 " in s.recv(64):
                return time.perf_counter() - began
        time.sleep(0.005)
    raise SystemExit(f"nothing answers on port {port}")


class Client:
    """One raw connection, kept alive."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, body: bytes = BODY) -> float:
        """Sends a request and waits for its first word; the seconds that took."""
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            f"authorization: Bearer {TOKEN}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        self.writer.write(head.encode() + body)
        got = b""
        while b"word" not in got:
            piece = await self.reader.read(65536)
            if not piece:
                raise SystemExit(f"closed without words: {got[:300]!r}")
            got += piece
        took = time.perf_counter() - began
        self._rest = got
        return took

    async def finish(self) -> None:
        """Reads to the end of the reply."""
        got = self._rest
        while not got.endswith(b"0\r\n\r\n"):
            piece = await self.reader.read(65536)
            if not piece:
                raise SystemExit("closed before the end")
            got = got[-16:] + piece


async def first_words(target: Target, count: int) -> list[float]:
    """Milliseconds to the first word, one request after the other."""
    async with Client(target.port) as client:
        times = []
        for _ in range(count + 20):
            times.append(1000 * await client.ask())
            await client.finish()
    return sorted(times[20:])


async def throughput(target: Target, count: int, at_once: int) -> float:
    """Whole replies a second, `at_once` at a time."""

    async def work(share: int) -> None:
        async with Client(target.port) as client:
            for _ in range(share):
                await client.ask()
                await client.finish()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work(count // at_once))
    return count / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def held(target: Target, count: int) -> AsyncIterator[None]:
    """That many streams, each held open after its first word."""
    body = BODY.replace(b"What is on today?", b"hold the line now")
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(target.port)) for _ in range(count)]
        for client in clients:
            await client.ask(body)
        yield


def memory_mb(pid: int) -> float:
    """Resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid: int) -> float:
    """Processor time so far, of the process and its children that live."""
    pids = [pid, *(int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    ticks = 0
    for each in pids:
        parts = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream up {{ server 127.0.0.1:{up}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off;
  }} }}
}}
"""


async def measure(targets: list[Target], requests: int, streams: int) -> None:
    """Everything, for every target, and the table."""
    rows: dict[str, dict[str, float]] = {}
    for target in targets:
        times = await first_words(target, requests)
        before = cpu_s(target.pid)
        rate = await throughput(target, requests * 2, 20)
        spent = cpu_s(target.pid) - before
        rest = memory_mb(target.pid)
        async with held(target, streams):
            full = memory_mb(target.pid)
        rows[target.name] = {
            "first word p50 ms": statistics.median(times),
            "first word p90 ms": times[int(len(times) * 0.9)],
            "replies a second": rate,
            "cpu us a reply": 1e6 * spent / (requests * 2),
            "memory MB": rest,
            f"memory MB, {streams} streams": full,
        }
    plain = rows["proxy"]
    direct = rows["direct"]["first word p50 ms"]
    for name, row in rows.items():
        row["added to first word, x proxy"] = (row["first word p50 ms"] - direct) / max(
            1e-9, plain["first word p50 ms"] - direct
        )
        row["replies a second, x proxy"] = row["replies a second"] / plain["replies a second"]
        print(f"{name:>8}  " + "  ".join(f"{k} {v:.2f}" for k, v in row.items()))


def help_times(count: int = 10) -> list[float]:
    """Seconds that `bridge --help` takes as a whole process, sorted."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bridge", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return sorted(times)


def main() -> None:
    """Starts everything, measures, stops everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--part", choices=["upstream", "relay"], help=argparse.SUPPRESS)
    parser.add_argument("--ports", type=int, nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "upstream":
        asyncio.run(upstream(options.ports[0]))
    if options.part == "relay":
        asyncio.run(relay(*options.ports))
    up, via, ours = free_port(), free_port(), free_port()
    me = [sys.executable, __file__]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        agent = stack.enter_context(process([*me, "--part", "upstream", "--ports", str(up)]))
        wait_for(up)
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx:
            config = Path(folder) / "nginx.conf"
            config.write_text(NGINX.format(folder=folder, up=up, port=via))
            command = [nginx, "-c", str(config), "-p", folder, "-e", f"{folder}/error"]
        else:
            command = [*me, "--part", "relay", "--ports", str(via), str(up)]
        proxy = stack.enter_context(process(command))
        wait_for(via)
        bridge = stack.enter_context(
            process(
                [sys.executable, "-m", "bridge", "serve"],
                HOME=folder,
                PYTHONPATH=str(Path(__file__).parent.parent),
                BRIDGE_STATE_DIR=folder,
                BRIDGE_SERVER__PORT=str(ours),
                BRIDGE_SERVER__TOKEN=TOKEN,
                BRIDGE_UPSTREAM__NAME="openai",
                BRIDGE_UPSTREAM__URL=f"http://127.0.0.1:{up}/v1",
                BRIDGE_UPSTREAM__MODEL="m",
                BRIDGE_UPSTREAM__WARM_UP="false",
                BRIDGE_LIMITS__PER_MINUTE="0",
                BRIDGE_LIMITS__CONCURRENT="0",
            )
        )
        print(f"cold start to alive {wait_for(ours, b'/healthz'):.2f} s")
        print(f"plain reverse proxy: {'nginx' if nginx else 'a bare relay in Python'}")
        targets = [
            Target("direct", up, agent.pid),
            Target("proxy", via, proxy.pid),
            Target("bridge", ours, bridge.pid),
        ]
        asyncio.run(measure(targets, options.requests, options.streams))
    times = help_times()
    print(f"bridge --help: median {statistics.median(times):.3f} s, slowest {times[-1]:.3f} s")


if __name__ == "__main__":
    main()
