"""The next command to type, as it works where this one was typed.

In a clone `bridge` stands in `.venv/bin` and on no path: a hint must not send a newcomer to a
command that their shell does not find.
"""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "bridge"


def command_line(*arguments: str) -> str:
    """`bridge` with these arguments, to be pasted into another terminal in the same folder."""
    return shlex.join([*_program(Path(sys.argv[0]).absolute()), *arguments])


def _program(started: Path) -> list[str]:
    """How `started`, the file that this process runs, is called."""
    if started.name != NAME:  # `python -m bridge`
        return [_from_here(Path(sys.executable)), "-m", NAME]
    found = shutil.which(NAME)
    is_on_path = found is not None and Path(found).absolute() == started
    return [NAME if is_on_path else _from_here(started)]


def _from_here(path: Path) -> str:
    """A path, short where it lies below the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
