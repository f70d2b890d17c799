"""A stand-in for `cloudflared`: prints what it prints, on standard error, and opens nothing.

Source: cloudflared's quick_tunnel.go and its issues for the lines it prints;
developers.cloudflare.com, tunnel run parameters (2026-11).
"""

import os
import signal
import sys
import time
from pathlib import Path

from tests.fakes import stand_in
from tests.fakes.stand_in import StandIn

GOOD_TOKEN = "eyJhIjoic3RhbmQtaW4ifQ"


def install(folder: Path, **options: object) -> StandIn:
    """Writes the program into the folder.

    Args:
        folder: where to.
        options: `offline`: it reaches nobody; `hesitates`: it does at second try; `silent`: it prints nothing; `stubborn`: it ignores
            being asked to end.
    """
    return stand_in.install(folder / "cloudflared", "cloudflared", **options)


def main(program: str, arguments: list[str]) -> None:
    """The program itself."""
    options = stand_in.begin(program, arguments)
    if options.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.get("silent"):
        time.sleep(600)
    if arguments[-1] == "run":
        if os.environ.get("TUNNEL_TOKEN") != GOOD_TOKEN:
            say("Provided Tunnel token is not valid.")
            say('See "cloudflared tunnel run --help".')
            sys.exit(255)
    else:
        say("INF Requesting new quick Tunnel on trycloudflare.com...")
        if options.get("hesitates"):
            say('INF Retrying: Post "https://api.trycloudflare.com/tunnel": EOF')
        if options.get("offline"):
            say('failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": EOF')
            sys.exit(1)
        say(f"INF |  https://stand-in-{os.getpid()}.trycloudflare.com  |")
    say("INF Registered tunnel connection connIndex=0 event=0 location=ams01 protocol=quic")
    time.sleep(600)


def say(line: str) -> None:
    moment = "2026-11-21T09:26:55Z " if line.startswith("INF") else ""
    print(moment + line, file=sys.stderr, flush=True)
