"""Programs of others, run beside us: real processes."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.errors import SettingsError, VendorUnavailable
from bridge.vendors import programs
from bridge.vendors.programs import Program

pytestmark = pytest.mark.anyio

WITHIN_S = 5.0
READY = re.compile("ready (.*)")


@asynccontextmanager
async def python(code: str, **secrets: str) -> AsyncIterator[Program]:
    command = [sys.executable, "-u", "-c", code]
    async with (
        asyncio.timeout(2 * WITHIN_S),
        programs.running(command, vendor="python", secrets=secrets) as program,
    ):
        yield program


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_what_it_prints_on_either_stream_is_looked_through() -> None:
    code = "import sys; print('one'); print('ready two', file=sys.stderr); print('three', end='')"
    async with python(code) as program:
        found = await program.said(READY)
        assert found is not None
        assert found[1] == "two"
        assert await program.said(re.compile("three")) is not None


async def test_a_pattern_that_never_comes_ends_with_the_program() -> None:
    async with python("print('nothing of it'); raise SystemExit(7)") as program:
        assert await program.said(READY) is None
        assert await program.ended() == 7


async def test_it_is_in_a_session_of_its_own() -> None:
    async with python("import os; print('ready', os.getsid(0)); input()") as program:
        found = await program.said(READY)
        assert found is not None
        assert int(found[1]) == program.pid != os.getsid(0)


async def test_it_gets_what_it_is_told_and_none_of_our_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__TOKEN", "s3cret")
    monkeypatch.setenv("HARMLESS", "yes")
    code = "import os; e = os.environ; print('ready', e.get('BRIDGE_SERVER__TOKEN'), e['HARMLESS'], e['GIVEN'])"
    async with python(code, GIVEN="this") as program:
        found = await program.said(READY)

    assert found is not None
    assert found[1] == "None yes this"


async def test_it_is_asked_to_end_before_it_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_): pathlib.Path(sys.argv[1]).write_text('asked'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('ready to end'); time.sleep(600)"
    )
    command = [sys.executable, "-u", "-c", code, str(tmp_path / "said")]
    async with asyncio.timeout(WITHIN_S), programs.running(command, vendor="python") as program:
        assert await program.said(READY)

    assert (tmp_path / "said").read_text() == "asked"
    assert program.exit_code == 0


async def test_one_that_ignores_being_asked_is_killed_with_what_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "ENDS_WITHIN_S", 0.3)
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "if child: print('ready', child)\n"
        "time.sleep(600)"
    )
    async with python(code) as program:
        found = await program.said(READY)
        assert found is not None
        assert is_running(int(found[1]))

    assert not is_running(program.pid)
    async with asyncio.timeout(WITHIN_S):
        while is_running(int(found[1])):
            await asyncio.sleep(0.01)


async def test_a_program_that_prints_without_end_neither_waits_for_us_nor_fills_the_memory() -> (
    None
):
    code = "for n in range(100_000): print('line', n)\nprint('x' * 200_000)\nprint('ready now')"
    async with python(code) as program:
        assert await program.said(READY) is not None
        assert len(program._lines) <= programs.KEPT_LINES


async def test_a_question_has_an_answer_and_an_exit_code() -> None:
    command = [sys.executable, "-c", "print('hello'); raise SystemExit(3)"]

    assert await programs.ask(command, vendor="python", within_s=WITHIN_S) == (3, b"hello\n")


async def test_a_question_without_an_answer_is_given_up() -> None:
    command = [sys.executable, "-c", "input() if 0 else __import__('time').sleep(600)"]

    assert await programs.ask(command, vendor="python", within_s=0.2) == (None, b"")


async def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("no program")
    with pytest.raises(VendorUnavailable, match="The acme program can't be run") as failed:
        async with programs.running([str(broken)], vendor="acme"):
            pass

    assert str(broken) in failed.value.hint


def test_a_program_that_is_nowhere_says_where_to_get_it() -> None:
    with pytest.raises(SettingsError, match="acme-nowhere program is not installed") as refused:
        programs.find("acme-nowhere", where="Get it there.")

    assert refused.value.hint == "Get it there."
