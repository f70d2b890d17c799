"""A stand-in for somebody's program: an executable that behaves as its documentation says.

What it was started with and asked is in its notes, what it is to do in its orders.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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

    @property
    def starts(self) -> list[dict[str, Any]]:
        """Each time that it was started: `arguments`, `pid`, `secrets`."""
        return [note for note in self.notes if "arguments" in note]

    def noted(self, name: str) -> list[Any]:
        """Every value that was noted under a name."""
        return [note[name] for note in self.notes if name in note]

    def order(self, **options: object) -> None:
        """From its next start on, it behaves as these say."""
        self.program.with_suffix(".orders").write_text(json.dumps(options))

    def is_running(self, pid: int) -> bool:
        """Whether that start of it still runs."""
        stat = Path(f"/proc/{pid}/stat")
        try:
            state = stat.read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"


def install(program: Path, module: str, **options: object) -> StandIn:
    """Writes an executable that calls `main` of a module of `tests.fakes`."""
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        f"from tests.fakes.{module} import main\nmain(__file__, sys.argv[1:])\n"
    )
    program.chmod(0o755)
    stand_in = StandIn(program)
    stand_in.order(**options)
    return stand_in


SECRETS = ("BRIDGE_", "ELEVENLABS_", "NGROK_", "OPENAI_", "OPENCLAW_", "TWILIO_", "TUNNEL_")
"""Beginnings of names in the environment that may hold a secret."""


def begin(program: str, arguments: list[str]) -> dict[str, Any]:
    """Notes a start; what it was ordered to do."""
    held = sorted(name for name in os.environ if name.startswith(SECRETS))
    note(program, {"arguments": arguments, "pid": os.getpid(), "secrets": held})
    orders = json.loads(Path(program).with_suffix(".orders").read_text())
    assert isinstance(orders, dict)
    return orders


def note(program: str, what: dict[str, Any]) -> None:
    """Adds to the notes."""
    with Path(program).with_suffix(".notes").open("a") as file:
        file.write(json.dumps(what) + "\n")
