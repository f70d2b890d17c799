"""Runs the parts of `scripts/check` in order, quickest first, and stops at the first failure.

Each part is named as it starts, so the last name on the screen is where to look.
The tests come last, so that a run closes on their count.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))

WORKERS = (os.cpu_count() or 1) + 1
"""One more than there are cores: the one with the real gateway mostly waits for it."""

SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "loadgroup")
"""The tests of one file stay together, and all that need the gateway: `tests/conftest.py`."""

FINDS_PHRASES = "import bridge, pathlib as p; next(p.Path(bridge.__file__).parent.glob('*/*.toml'))"
"""Fails where the phrase files, which are no Python, were left out of the wheel."""


def tool(name: str, *arguments: str) -> None:
    """Runs a tool of this virtual environment in the root of the project.

    Raises:
        CalledProcessError: it failed, and has said why.
    """
    subprocess.run([SCRIPTS / name, *arguments], cwd=ROOT, check=True)


def pytest(*arguments: str) -> None:
    """Runs pytest in this environment; its exit 5, no test at all, is a failure here."""
    tool("python", "-m", "pytest", "-q", *arguments)


def check_format() -> None:
    """Every file is as the formatter would write it."""
    tool("ruff", "format", "--check", "--quiet", ".")


def check_lint() -> None:
    """No rule of ruff is broken without a reason beside it."""
    tool("ruff", "check", "--quiet", ".")


def check_types() -> None:
    """mypy, strict, over the program, its tests and these scripts."""
    tool("mypy")


def check_layers() -> None:
    """Who may import whom: the contracts in pyproject.toml."""
    tool("lint-imports", "--cache-dir", ".cache/import-linter")


def check_docs() -> None:
    """The manual agrees with the program, and its generated pages are current."""
    tool("python", "scripts/manual.py", "--check")
    pytest("tests/docs")


def check_package() -> None:
    """The wheel installs with plain pip into an empty environment, and runs there."""
    with tempfile.TemporaryDirectory() as place:
        wheels, empty = Path(place) / "wheels", Path(place) / "venv"
        pip = ["-m", "pip", "--disable-pip-version-check"]
        tool("python", *pip, "wheel", "-qq", "--no-deps", "--wheel-dir", str(wheels), ".")
        [wheel] = wheels.glob("bridge-*.whl")
        venv.create(empty, with_pip=True)
        python, bridge = str(empty / "bin" / "python"), str(empty / "bin" / "bridge")
        for command in (
            [python, *pip, "install", "-qq", "--no-compile", str(wheel)],
            [python, "-c", FINDS_PHRASES],
            [bridge, "--version"],
            [bridge, "--help"],
        ):
            subprocess.run(command, cwd=place, check=True)


def check_tests() -> None:
    """Every test but the manual's; `core/` covered whole by its own alone.

    The others aren't measured: it would take them half as long again, and nothing depends on it.
    The gateway's are among them: beside the others they cost minutes less than after them.
    """
    (ROOT / ".cache" / "coverage").mkdir(parents=True, exist_ok=True)
    pytest("tests/unit/core", *SIDE_BY_SIDE, "--cov", "--cov-report=")
    tool("coverage", "report", "--include=bridge/core/*", "--fail-under=100")
    pytest("tests", "--ignore=tests/unit/core", "--ignore=tests/docs", *SIDE_BY_SIDE)


def check_gateway() -> None:
    """What is promised of the openclaw upstream, against the real gateway: a part of `tests`."""
    pytest("tests", "-m", "gateway")


PARTS: dict[str, Callable[[], None]] = {
    "format": check_format,
    "lint": check_lint,
    "types": check_types,
    "layers": check_layers,
    "docs": check_docs,
    "package": check_package,
    "tests": check_tests,
    "gateway": check_gateway,
}
"""The parts in the order they run: quickest first."""

WITHIN = frozenset({"gateway"})
"""Those that another part holds, and that run by themselves only when they are asked for."""


def main(wanted: list[str]) -> int:
    """Runs the wanted parts, or all; the exit code of the first that fails, else 0."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in wanted or [name for name in PARTS if name not in WITHIN]:
        print(f"== {name}", flush=True)
        try:
            PARTS[name]()
        except subprocess.CalledProcessError as failure:
            print(f"== {name} failed", file=sys.stderr)
            return failure.returncode or 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
