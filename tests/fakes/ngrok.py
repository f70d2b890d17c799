"""A stand-in for the ngrok program: an executable that pyngrok starts as the real one.

Logs on standard output as the agent does, serves the agent's local API, and reads its authtoken
from the configuration file, or fails on it as ngrok does. It opens nothing: its public addresses
end in `.ngrok-free.dev` and lead nowhere.

`install` writes it where a test wants it; what it was started with and asked is in its notes.

Source: pyngrok 9.1 (`process.py`, `ngrok.py`); ngrok.com/docs/agent/api, /docs/errors (2026-11).
"""

import json
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

GOOD_TOKEN = "2aBcDeFgHiJkLmNoPqRsTuVwXyZ_authtoken"
PUBLIC = "https://stand-in.ngrok-free.dev"


@dataclass(frozen=True, slots=True)
class StandIn:
    """An installed stand-in. `program` is its path."""

    program: Path

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What it was started with and asked for, in order."""
        file = self.program.with_suffix(".notes")
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]


def install(folder: Path, *, too_old: bool = False, address_taken: bool = False) -> StandIn:
    """Writes the program into the folder.

    Args:
        too_old: it has no `/api/endpoints`.
        address_taken: it refuses every address as used by another agent.
    """
    program = folder / "ngrok"
    options = json.dumps({"too_old": too_old, "address_taken": address_taken})
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        f"from tests.fakes.ngrok import main\nmain(__file__, {options!r}, sys.argv[1:])\n"
    )
    program.chmod(0o755)
    return StandIn(program)


def main(program: str, options: str, arguments: list[str]) -> None:
    """The program itself."""
    if arguments == ["--version"]:
        print("ngrok version 3.30.0")
        return
    notes = Path(program).with_suffix(".notes")
    note(notes, {"arguments": arguments})
    config = yaml.safe_load(Path(arguments[arguments.index("--config") + 1]).read_text())
    server = ThreadingHTTPServer(("127.0.0.1", 0), agent_api(notes, json.loads(options)))
    say(lvl="info", msg="starting web service", obj="web", addr=f"127.0.0.1:{server.server_port}")
    if config.get("authtoken") != GOOD_TOKEN:
        code = "ERR_NGROK_105" if config.get("authtoken") else "ERR_NGROK_4018"
        say(lvl="eror", msg="failed to auth", err=f"The authtoken is wrong: {config}. {code}")
        sys.exit(1)
    say(lvl="info", msg="client session established", obj="tunnels.session")
    say(lvl="info", msg="tunnel session started", obj="tunnels.session")
    server.serve_forever()


def say(**fields: str) -> None:
    line = " ".join(f'{key}="{value}"' for key, value in fields.items())
    print(f"t=2026-11-21T09:26:55+0000 {line}", flush=True)


def note(notes: Path, what: dict[str, Any]) -> None:
    with notes.open("a") as file:
        file.write(json.dumps(what) + "\n")


def agent_api(notes: Path, options: dict[str, bool]) -> type[BaseHTTPRequestHandler]:
    """The agent's local API."""
    served: dict[str, dict[str, Any]] = {}

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind = self.path.rpartition("/")[2]
            self.answer(200, {kind: list(served.values()), "uri": self.path})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            note(notes, {"path": self.path, "body": body})
            if options["too_old"] and self.path == "/api/endpoints":
                self.answer(404, {"error_code": 100, "status_code": 404, "msg": "no such path"})
                return
            if options["address_taken"]:
                details = {"err": "The endpoint is already online. ERR_NGROK_334"}
                self.answer(502, {"error_code": 103, "status_code": 502, "details": details})
                return
            uri = f"{self.path}/{body['name']}"
            domain = body.get("domain")
            address = body.get("url") or (f"https://{domain}" if domain else PUBLIC)
            served[uri] = {**body, "uri": uri, "url": address, "public_url": address}
            self.answer(201, served[uri])

        def do_DELETE(self) -> None:
            served.pop(self.path, None)
            self.answer(204, {})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            text = b"" if status == 204 else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    return Api
