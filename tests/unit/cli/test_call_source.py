"""What the commands that read records load: not the parts of a server."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_reading_records_loads_no_part_of_a_server() -> None:
    """They made up half of what `bridge calls` took."""
    servers = ("starlette", "sse_starlette", "uvicorn", "prometheus_client", "openai", "elevenlabs")
    program = (
        "import sys, bridge.cli.call_source; "
        f"print([name for name in {servers!r} if name in sys.modules])"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert said.stdout.strip() == "[]"
