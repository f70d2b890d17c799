"""A stand-in for the ngrok program: an executable that pyngrok starts as the real one.

Logs on standard output as the agent does, serves the agent's local API, and reads its authtoken
from the configuration file, or fails on it as ngrok does. Its public addresses end in
`.ngrok-free.dev` and lead nowhere; told to answer, they are a proxy on loopback instead, a new one
at each opening, which passes on what it is asked.

A test moves it by `/stand-in/…` of its local API: `drop` takes every address away, `interrupt` is a
line to ngrok that was cut.

Source: pyngrok 9.1 (`process.py`, `ngrok.py`); ngrok.com/docs/agent/api, /docs/errors (2026-11).
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from typing_extensions import override

from tests.fakes import stand_in
from tests.fakes.stand_in import StandIn, note

GOOD_TOKEN = "2aBcDeFgHiJkLmNoPqRsTuVwXyZ_authtoken"
PUBLIC = "https://stand-in.ngrok-free.dev"


def install(folder: Path, **options: bool) -> StandIn:
    """Writes the program into the folder.

    Args:
        folder: where to.
        options: `too_old`: it has no `/api/endpoints`; `address_taken`: it refuses every address
            as used by another agent; `answers`: its addresses lead to us; `silent`: it prints
            nothing and does nothing.
    """
    return stand_in.install(folder / "ngrok", "ngrok", **options)


def main(program: str, arguments: list[str]) -> None:
    """The program itself."""
    if arguments == ["--version"]:
        print("ngrok version 3.30.0")
        return
    options = stand_in.begin(program, arguments)
    if options.get("silent"):
        time.sleep(600)
    file = arguments[arguments.index("--config") + 1] if "--config" in arguments else own_config()
    config = yaml.safe_load(Path(file).read_text())
    agent = Agent(program, options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), local_api(agent))
    threading.Thread(target=server.serve_forever).start()
    note(program, {"api": f"http://127.0.0.1:{server.server_port}"})
    say(lvl="info", msg="starting web service", obj="web", addr=f"127.0.0.1:{server.server_port}")
    if config.get("authtoken") != GOOD_TOKEN:
        code = "ERR_NGROK_105" if config.get("authtoken") else "ERR_NGROK_4018"
        say(lvl="eror", msg="failed to auth", err=f"The authtoken is wrong: {config}. {code}")
        server.shutdown()
        sys.exit(1)
    say(lvl="info", msg="client session established", obj="tunnels.session")
    say(lvl="info", msg="tunnel session started", obj="tunnels.session")


def own_config() -> str:
    """Where ngrok keeps the person's own configuration on Linux."""
    return str(Path.home() / ".config" / "ngrok" / "ngrok.yml")


def say(**fields: str) -> None:
    line = " ".join(f'{key}="{value}"' for key, value in fields.items())
    print(f"t=2026-11-21T09:26:55+0000 {line}", flush=True)


class Agent:
    """What it serves."""

    def __init__(self, program: str, options: Mapping[str, bool]) -> None:
        self.program = program
        self.options = options
        self.served: dict[str, dict[str, Any]] = {}
        self.proxies: list[ThreadingHTTPServer] = []

    def address(self, body: Mapping[str, Any]) -> str:
        """The public address that somebody gets who asks for this."""
        if domain := body.get("domain"):
            return f"https://{domain}"
        if body.get("url"):
            return str(body["url"])
        if not self.options.get("answers"):
            return PUBLIC
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), proxy_to(body["upstream"]["url"]))
        threading.Thread(target=proxy.serve_forever).start()
        self.proxies.append(proxy)
        return f"http://127.0.0.1:{proxy.server_port}"

    def drop(self) -> None:
        """Takes every address away."""
        self.served.clear()
        for proxy in self.proxies:
            proxy.shutdown()
            proxy.server_close()
        self.proxies.clear()


class Quiet(BaseHTTPRequestHandler):
    """Answers JSON and prints nothing."""

    def answer(self, status: int, body: dict[str, Any]) -> None:
        self.send(status, b"" if status == 204 else json.dumps(body).encode(), "application/json")

    def send(self, status: int, text: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def proxy_to(target: str) -> type[BaseHTTPRequestHandler]:
    """A public address: passes on what it is asked, whole."""

    class Proxy(Quiet):
        def do_GET(self) -> None:
            behind = http.client.HTTPConnection(urlsplit(target).netloc, timeout=5)
            try:
                headers = {**self.headers, "x-forwarded-for": "203.0.113.9"}
                behind.request("GET", self.path, headers=headers)
                answer = behind.getresponse()
                self.send(answer.status, answer.read(), answer.headers["content-type"])
            except OSError:
                self.send(502, b"<html>ERR_NGROK_8012</html>", "text/html")
            finally:
                behind.close()

    return Proxy


def local_api(agent: Agent) -> type[BaseHTTPRequestHandler]:
    """The agent's local API."""
    options, served = agent.options, agent.served

    class Api(Quiet):
        def do_GET(self) -> None:
            kind = self.path.rpartition("/")[2]
            if options.get("too_old") and kind == "endpoints":
                self.answer(404, {"error_code": 100, "status_code": 404, "msg": "no such path"})
                return
            self.answer(200, {kind: list(served.values()), "uri": self.path})

        def do_POST(self) -> None:
            if self.path == "/stand-in/drop":
                agent.drop()
                self.answer(200, {})
                return
            if self.path == "/stand-in/interrupt":
                say(lvl="eror", msg="session closed, starting reconnect session", err="EOF")
                self.answer(200, {})
                return
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            note(agent.program, {"path": self.path, "body": body})
            if options.get("too_old") and self.path == "/api/endpoints":
                self.answer(404, {"error_code": 100, "status_code": 404, "msg": "no such path"})
                return
            if options.get("address_taken"):
                details = {"err": "The endpoint is already online. ERR_NGROK_334"}
                self.answer(502, {"error_code": 103, "status_code": 502, "details": details})
                return
            uri = f"{self.path}/{body['name']}"
            address = agent.address(body)
            served[uri] = {
                **body,
                "uri": uri,
                "url": address,
                "public_url": address,
                "config": {"addr": body.get("addr", "")},
            }
            self.answer(201, served[uri])

        def do_DELETE(self) -> None:
            served.pop(self.path, None)
            self.answer(204, {})

    return Api
