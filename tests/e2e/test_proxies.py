"""The proxies in deploy/ do what a telephone needs of a proxy.

nginx and Caddy are run as their files stand, but for the port, the certificate and the address
behind them. Where one is not installed its tests are skipped, and say so.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE_S = 5.0
CHUNK = b"data: %d\n\n"


class LockstepServer:
    """An upstream of the proxy that says chunk n+1 only when told that chunk n has arrived."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.arrived = asyncio.Semaphore(0)
        self.client_went = asyncio.Event()
        self.drops = False
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["LockstepServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"GET /healthz" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            self.asked.append(head)
            if not self.drops:
                await self._stream(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)  # the body: {}
        kind = b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + kind)
        for number in range(5):
            data = CHUNK % number
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            told = asyncio.ensure_future(self.arrived.acquire())
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait((told, gone), return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            gone.cancel()
            if gone.done() and not gone.cancelled():
                self.client_went.set()
                return
        writer.write(b"0\r\n\r\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as running,
    ):
        try:
            yield
        finally:
            running.terminate()
            try:
                running.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                running.kill()
                raise


def nginx(place: Path, port: int, behind: int) -> tuple[list[str], dict[str, str]]:
    site = (DEPLOY / "nginx" / "bridge.conf").read_text()
    for pattern, ours in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"127\.0\.0\.1:8787", f"127.0.0.1:{behind}"),
        (r" *ssl_certificate(_key)? .*\n", ""),
    ):
        site, changed = re.subn(pattern, ours, site)
        assert changed, pattern
    temporary = "".join(
        f"{kind}_temp_path {place}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        "daemon off;\nmaster_process off;\n"
        f"pid {place}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{site}\n}}\n"
    )
    config = place / "nginx.conf"
    config.write_text(whole)
    command = [str(found("nginx")), "-p", str(place), "-e", "stderr", "-c", str(config)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command, {}


def caddy(place: Path, port: int, behind: int) -> tuple[list[str], dict[str, str]]:
    config = place / "Caddyfile"
    # No certificate and no control socket here; a deployed one has both.
    alone = "{\n\tadmin off\n\tauto_https off\n}\n"
    config.write_text(alone + (DEPLOY / "caddy" / "Caddyfile").read_text())
    environment = {
        "PUBLIC_NAME": f"http://127.0.0.1:{port}",
        "SERVED_AT": f"127.0.0.1:{behind}",
        "HOME": str(place),
    }
    command = [str(found("caddy")), "run", "--config", str(config), "--adapter", "caddyfile"]
    return command, environment


def found(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed here")
    return path


Proxy = Callable[[Path, int, int], tuple[list[str], dict[str, str]]]


@pytest.fixture
async def server() -> AsyncIterator[LockstepServer]:
    async with LockstepServer().running() as running:
        yield running


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
async def client(
    request: pytest.FixtureRequest, tmp_path: Path, server: LockstepServer
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server, with the proxy in between."""
    proxy: Proxy = request.param
    port = free_port()
    command, environment = proxy(tmp_path, port, server.port)
    log = tmp_path / "log"
    with process(command, environment, log):
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False
        ) as asking:
            await until_it_serves(asking, log)
            yield asking


async def until_it_serves(client: httpx.AsyncClient, log: Path) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    if (await client.get("/healthz")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"the proxy did not start:\n{log.read_text()}")


async def test_every_chunk_passes_the_proxy_before_the_next_is_said(
    client: httpx.AsyncClient, server: LockstepServer
) -> None:
    seen = b""
    async with client.stream("POST", "/v1/chat/completions", content=b"{}") as answer:
        chunks = answer.aiter_raw()
        for number in range(5):
            async with asyncio.timeout(PATIENCE_S):
                while not seen.endswith(CHUNK % number):
                    seen += await anext(chunks)
            server.arrived.release()

    assert seen == b"".join(CHUNK % number for number in range(5))


async def test_a_caller_who_goes_away_is_gone_behind_the_proxy_too(
    client: httpx.AsyncClient, server: LockstepServer
) -> None:
    async with client.stream("POST", "/v1/chat/completions", content=b"{}") as answer:
        await anext(answer.aiter_raw())

    await asyncio.wait_for(server.client_went.wait(), PATIENCE_S)


async def test_a_question_that_failed_is_never_asked_again_by_the_proxy(
    client: httpx.AsyncClient, server: LockstepServer
) -> None:
    server.drops = True

    answer = await client.post("/v1/chat/completions", content=b"{}")

    assert (answer.status_code, len(server.asked)) == (502, 1)


@pytest.mark.parametrize("path", ["/", "/metrics", "/calls", "/sessions"])
async def test_what_is_the_operators_stays_behind_the_proxy(
    client: httpx.AsyncClient, server: LockstepServer, path: str
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, server.asked) == (404, [])
