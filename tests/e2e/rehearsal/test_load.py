"""Many calls at once, as a person asks for them: real processes, real time."""

import json
import re
from pathlib import Path
from signal import SIGINT

import pytest

from tests.fakes.command import Said, run, running

UNDER_WAY = re.compile(r"of 2 calls over, [12] under way")

QUICK = """\
title = "A word is spelled, quickly."

[platform]
words_a_minute = 1000
endpointing_s = 0.05

[[lines]]
says = "Spell cat."

[[lines]]
hangs_up = true
after_s = 0.0
"""

SLOW = (
    QUICK.replace(
        "[platform]", 'agent = "scripted"\n\n[platform]\nfirst_token_s = 0.3\nattempts = 1'
    )
    + """
[settings]
turn.fillers = 0

[[replies]]
says = "At last."
after_s = 3.0
"""
)


async def rehearse(folder: Path, scenario: str, *options: str) -> Said:
    file = folder / "quick.toml"
    file.write_text(scenario)
    return await run("rehearse", str(file), *options)


async def test_many_calls_come_to_figures(tmp_path: Path) -> None:
    said = await rehearse(tmp_path, QUICK, "--calls", "6", "--at-once", "3", "--json")

    assert said.code == 0, said.err
    document = json.loads(said.out)
    load = document["load"]
    assert document["passed"] is True
    assert (document["agent"], document["scenarios"]) == ("demo", ["quick"])
    assert (load["calls"], load["failed"], load["at_once"]) == (6, 0, 3)
    assert (load["utterances"], load["runs"], load["most_runs"]) == (6, 6, 1)
    assert load["errors"] == {}
    assert 0 < load["first_words_s"]["p50"] <= load["first_words_s"]["max"]
    assert load["stalls_s"]["max"] > 0
    assert load["calls_a_second"] == pytest.approx(6 / load["took_s"])
    assert "of 6 calls over" in said.err


async def test_a_call_that_failed_is_counted_by_kind_and_exit_code_8(tmp_path: Path) -> None:
    said = await rehearse(tmp_path, SLOW, "--calls", "2")

    assert said.code == 8, said.err
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "failed 2" in rows
    assert "error: request: no words in time 2" in rows
    assert any(row.startswith("error: given up: ") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["restart", "--calls", "2"], "something befalls the server in it"),
        (["outbound-notify", "--calls", "2"], "bridge places a call in it"),
        (["barge-in", "new", "--calls", "2"], "it is made for the demo agent"),
        (["new", "pin", "--calls", "2"], "'pin' needs a server of its own"),
        (["new", "--calls", "2", "--agent", "scripted"], "it is made for the demo agent"),
        (["new", "--calls", "0"], "--calls must be from 1 to 10,000"),
        (["new", "--calls", "2", "--at-once", "500"], "--at-once must be from 1 to 400"),
    ],
)
async def test_what_can_not_be_one_of_many_is_refused_before_anything_starts(
    arguments: list[str], told: str
) -> None:
    said = await run("rehearse", *arguments)

    assert said.code == 2
    assert told in said.err


async def test_settings_that_can_not_work_are_told(tmp_path: Path) -> None:
    said = await run(
        "rehearse", "--calls", "1", "--agent", "configured", settings={"TURN__FILLERS": "x"}
    )

    assert said.code == 3
    assert "turn.fillers" in said.err


async def test_ctrl_c_ends_it_and_its_server_at_once(tmp_path: Path) -> None:
    file = tmp_path / "quick.toml"
    file.write_text(QUICK.replace("hangs_up = true", "silent_s = 600.0"))
    async with running("rehearse", str(file), "--calls", "2") as command:
        await command.line(UNDER_WAY)
        [child] = children_of(command.process.pid)

        command.signal(SIGINT)
        said = await command.ended()

    assert said.code == 130
    assert "Traceback" not in said.err
    assert not Path(f"/proc/{child}").exists()


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
