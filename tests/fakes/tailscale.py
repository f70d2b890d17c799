"""A stand-in for `tailscale`: its command line, with a file for its daemon. It opens nothing.

Source: tailscale.com/docs/reference/tailscale-cli/funnel; serve_v2.go and ipn's `ServeConfig` for
what it prints and for the shape of its JSON (2026-11).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.fakes import stand_in
from tests.fakes.stand_in import StandIn

NAME = "stand-in.tail1234.ts.net"


def install(folder: Path, **options: object) -> StandIn:
    """Writes the program into the folder.

    Args:
        folder: where to.
        options: `state`: of the backend, `Running` when not given; `is_down`: the daemon doesn't
            run; `funnel`: `"off"` when the tailnet has none, `"denied"` when this person may not;
            `config`: what is served in the background; `rubbish`: it answers no JSON; `silent`: a
            funnel never comes to be.
    """
    return stand_in.install(folder / "tailscale", "tailscale", **options)


def background(port: int, public_port: int = 443) -> dict[str, Any]:
    """What the daemon holds after `tailscale funnel --bg`."""
    where = f"{NAME}:{public_port}"
    return {
        "TCP": {str(public_port): {"HTTPS": True}},
        "Web": {where: {"Handlers": {"/": {"Proxy": f"http://127.0.0.1:{port}"}}}},
        "AllowFunnel": {where: True},
    }


def main(program: str, arguments: list[str]) -> None:
    """The program itself."""
    options = stand_in.begin(program, arguments)
    if options.get("is_down"):
        print("failed to connect to local tailscaled; it doesn't appear to be running")
        sys.exit(1)
    match arguments:
        case ["status", "--json", *_]:
            state = options.get("state", "Running")
            name = f"{NAME}." if state == "Running" else ""
            print(
                "rubbish"
                if options.get("rubbish")
                else json.dumps({"BackendState": state, "Self": {"DNSName": name}})
            )
        case ["funnel", "status", "--json"]:
            print(json.dumps(config(program, options) or None))
        case ["funnel", "--yes", public, target]:
            funnel(program, options, int(public.removeprefix("--https=")), target)
        case _:
            sys.exit(2)


def config(program: str, options: dict[str, Any]) -> dict[str, Any]:
    """What is served: in the background, and by each program that is still there."""
    served = dict(options.get("config") or {})
    folder = Path(program).parent
    found = {
        file.name: json.loads(file.read_text())
        for file in folder.glob("*.session")
        if Path(f"/proc/{file.stem}").exists()
    }
    return {**served, "Foreground": found} if found else served


def funnel(program: str, options: dict[str, Any], public_port: int, target: str) -> None:
    """Serves in the foreground."""
    if options.get("silent"):
        time.sleep(600)
    if options.get("funnel") == "off":
        print("Funnel is not enabled on your tailnet.\nTo enable, visit:\n", flush=True)
        print("         https://login.tailscale.com/f/funnel?node=stand-in\n", flush=True)
        time.sleep(600)
    if options.get("funnel") == "denied":
        print("sending serve config: Access denied: serve config denied", file=sys.stderr)
        print("Use 'sudo tailscale funnel', or set an operator.", file=sys.stderr)
        sys.exit(1)
    port = int(target.rpartition(":")[2])
    session = Path(program).parent / f"{os.getpid()}.session"
    session.write_text(json.dumps(background(port, public_port)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        shown = "" if public_port == 443 else f":{public_port}"
        print(f"Available on the internet:\n\nhttps://{NAME}{shown}/\n|-- proxy {target}\n")
        print("Press Ctrl+C to exit.", flush=True)
        time.sleep(600)
    finally:
        session.unlink()
