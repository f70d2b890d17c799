"""`bridge rehearse --from-call`: a call on record beside what becomes of it today."""

import asyncio
import json
from pathlib import Path

import pytest

from bridge.cli.main import run
from bridge.core.record import Outcome, State, TurnRecord
from bridge.rehearsal.reading import read_scenario
from bridge.settings import load
from bridge.wiring.adapters import open_records
from tests.fakes.calls_on_record import add_turn, call, turn

Captured = pytest.CaptureFixture[str]

STAGES = {"classify": 0.0, "settle": 0.0, "think": 0.5, "shape": 0.0, "speak": 0.1}
SPELLED = turn(
    "run_1",
    at_s=104.0,
    utterance="Spell the word cat.",
    sent="cat is spelled C, A, T.",
    heard="cat is spelled C, A, T.",
    stages_s=STAGES,
)
ANOTHER = turn(
    "run_2",
    at_s=112.0,
    utterance="Spell the word ox, for +4930901820.",
    sent="O, X it is.",
    heard="O, X it is.",
    stages_s=STAGES,
)
PLACED = call(
    "call_a1b2c3d4e5", state=State.ENDED, outcome=Outcome.COMPLETED, remote="+4915112345678"
)


def on_record(*turns: TurnRecord) -> None:
    """Puts a call of these turns where the settings of this machine say that calls are."""

    async def write() -> None:
        async with open_records(load()) as records:
            await records.add(PLACED)
            for each in turns:
                await add_turn(records, PLACED.id, each)

    asyncio.run(write())


def test_then_and_now_stand_side_by_side_and_differing_is_no_failure(
    machine: Path, capsys: Captured
) -> None:
    on_record(SPELLED, ANOTHER)

    assert run(["rehearse", "--from-call", "call_a1b2"]) == 0

    shown = capsys.readouterr()
    rows = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert rows[0] == "then now"
    assert rows[2] == "1 Spell the word cat."
    assert "! words cat is spelled C, A, T. This is bridge's built-in demo" in rows
    assert "acts nothing nothing" in rows
    assert "class new new" in rows
    assert "! first words 0.5 s 0 s" in rows
    assert rows[-1] == "2 of 2 turns differ: words in 2, first words in 2."
    assert shown.err.startswith("1 passed, 0 failed: 1 call of ")


def test_the_agent_of_then_says_the_same_again(machine: Path, capsys: Captured) -> None:
    on_record(SPELLED, ANOTHER)

    assert run(["rehearse", "--from-call", "call_a1b2", "--agent", "scripted", "-q"]) == 0

    assert capsys.readouterr().out == "Nothing differs in 2 turns.\n"


def test_todays_settings_are_in_force(
    machine: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_record(SPELLED)
    monkeypatch.setenv("BRIDGE_SPEECH__NUMBERS", "words")
    monkeypatch.setenv("BRIDGE_TURN__SETTLE_MS", "900")

    code = run(["rehearse", "--from-call", "call_a1b2", "--agent", "scripted", "--json"])

    assert code == 0
    [pair] = json.loads(capsys.readouterr().out)["replay"]["turns"]
    assert pair["now"]["first_words_s"] == pytest.approx(1.4, abs=0.01)
    assert pair["differs"] == ["first words"]


def test_json_has_both_sides_beside_the_scenario(machine: Path, capsys: Captured) -> None:
    on_record(SPELLED)

    assert run(["rehearse", "--from-call", "call_a1b2", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is True
    assert document["scenarios"][0]["name"] == "replay-a1b2c3d4"
    assert document["replay"]["call"] == "call_a1b2c3d4e5"
    assert document["replay"]["agent"] == "demo"
    [pair] = document["replay"]["turns"]
    assert pair["utterance"] == "Spell the word cat."
    assert pair["then"] == {
        "words": "cat is spelled C, A, T.",
        "is_cut": False,
        "acts": [],
        "class": "new",
        "first_words_s": 0.5,
        "outcome": "done",
    }
    assert pair["now"]["words"].startswith("This is bridge's built-in demo agent;")


def test_a_kept_call_is_a_scenario_that_goes_as_it_did(machine: Path, capsys: Captured) -> None:
    on_record(SPELLED, ANOTHER)

    assert run(["rehearse", "--from-call", "call_a1b2", "--keep", "kept.toml", "-q"]) == 0
    assert "Act it out with: bridge rehearse kept.toml" in capsys.readouterr().err

    kept = machine / "kept.toml"
    assert kept.stat().st_mode & 0o777 == 0o600
    scenario = read_scenario(kept)
    assert scenario.caller == "+15550001234"
    assert "4915112345678" not in kept.read_text("utf-8")
    assert "+4930901820" not in kept.read_text("utf-8")
    assert [line.expect.agent_asked for line in scenario.lines] == [1, 1, None]
    assert run(["rehearse", "kept.toml"]) == 0

    kept.write_text(kept.read_text("utf-8").replace("acts = []", 'acts = ["end_call"]'), "utf-8")
    assert run(["rehearse", "kept.toml", "-q"]) == 8


def test_numbers_are_kept_when_that_is_asked_for(machine: Path) -> None:
    on_record(SPELLED, ANOTHER)

    assert run(["rehearse", "--from-call", "call_a1", "--keep", "k.toml", "--reveal", "-q"]) == 0

    scenario = read_scenario(machine / "k.toml")
    assert scenario.caller == "+4915112345678"
    assert scenario.lines[1].says == "Spell the word ox, for +4930901820."


def test_a_file_that_is_there_is_not_written_over(machine: Path, capsys: Captured) -> None:
    on_record(SPELLED)
    (machine / "mine.toml").write_text("precious")

    assert run(["rehearse", "--from-call", "call_a1b2", "--keep", "mine.toml"]) == 2

    assert "File exists" in capsys.readouterr().err
    assert (machine / "mine.toml").read_text() == "precious"


def test_a_call_whose_words_were_not_kept_is_refused_with_the_reason(
    machine: Path, capsys: Captured
) -> None:
    on_record(turn("run_1", utterance="", sent=""))

    assert run(["rehearse", "--from-call", "call_a1b2"]) == 2

    told = "bridge: Call 'call_a1b2c3d4e5' can't be replayed: its words were not kept"
    assert capsys.readouterr().err.startswith(told)


def test_a_call_that_is_not_there_is_a_matter_of_usage(machine: Path, capsys: Captured) -> None:
    on_record(SPELLED)

    assert run(["rehearse", "--from-call", "call_zz"]) == 2
    assert "There is no call of that id." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["new", "--from-call", "call_1"], "the call is the scenario"),
        (["--from-call", "call_1", "--mic"], "--from-call and --mic don't go together"),
        (["--keep", "x.toml"], "--keep needs --from-call"),
        (["--reveal"], "--reveal needs --from-call"),
        (["--url", "http://127.0.0.1:1"], "--url needs --from-call"),
        (["--at-once", "3"], "--at-once needs --calls"),
        (["--calls", "3", "--list"], "--calls and --list don't go together"),
        (["--calls", "3", "--junit", "x.xml"], "--calls has figures"),
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage(
    machine: Path, capsys: Captured, arguments: list[str], told: str
) -> None:
    assert run(["rehearse", *arguments]) == 2
    assert told in capsys.readouterr().err
