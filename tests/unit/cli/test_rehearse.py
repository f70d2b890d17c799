"""`bridge rehearse`, as a person and as CI run it: what it prints, and its exit codes."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bridge.cli import rehearse
from bridge.cli.main import run
from bridge.cli.rehearse_view import show_all
from bridge.errors import VendorUnavailable
from bridge.rehearsal import perform
from bridge.rehearsal.choosing import shipped_names
from bridge.rehearsal.jumping_loop import Stuck
from bridge.rehearsal.options import Options
from bridge.rehearsal.performance import Performance
from bridge.rehearsal.result import Result
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.sound import AudioReport, Compared
from tests.fakes.performances import a_performance, a_scenario

GOOD = """\
title = "A word is spelled."
[[lines]]
says = "Spell the word cat."
expect = { heard = ["C, A, T"] }
[[lines]]
hangs_up = true
"""

BAD = GOOD.replace('heard = ["C, A, T"]', 'heard = ["D, O, G"], first_sound_by_s = 9')

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(machine: Path) -> Path:
    (machine / "good.toml").write_text(GOOD)
    (machine / "bad.toml").write_text(BAD)
    return machine


def test_one_call_that_goes_as_expected_is_shown_whole(folder: Path, capsys: Captured) -> None:
    assert run(["rehearse", "good.toml"]) == 0

    shown = capsys.readouterr()
    heads = [line for line in shown.out.splitlines() if line.startswith(("good: ", "── "))]
    assert heads == [
        "good: A word is spelled.",
        "── as it was heard",
        "── where the time went",
        "── expected",
    ]
    assert "cat is spelled C, A, T." in shown.out
    assert "✓ line 1: “C, A, T” is heard" in shown.out
    assert "✗" not in shown.out
    assert shown.err.startswith("1 passed, 0 failed: 1 call of ")


def test_of_several_each_is_a_line_and_the_failed_one_a_picture(
    folder: Path, capsys: Captured
) -> None:
    assert run(["rehearse", "good.toml", "bad.toml"]) == 8

    shown = capsys.readouterr()
    good, bad, *rest = shown.out.splitlines()
    assert good.split()[:2] == ["ok", "good"]
    assert bad.split()[:2] == ["FAIL", "bad"]
    assert rest[0].startswith("  ✗ line 1: “D, O, G” is heard: heard was “This is bridge's")
    assert any(line.split() == ["caller", "agent"] for line in rest)
    assert shown.err.startswith("1 passed, 1 failed: 2 calls of ")


def test_quietly_there_are_no_pictures(folder: Path, capsys: Captured) -> None:
    assert run(["rehearse", "good.toml", "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1

    assert run(["rehearse", "bad.toml", "-q"]) == 8
    assert "caller   " not in capsys.readouterr().out


def test_json_is_one_document_and_nothing_else(folder: Path, capsys: Captured) -> None:
    assert run(["rehearse", "good.toml", "bad.toml", "--json"]) == 8

    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert [(each["name"], each["passed"]) for each in document["scenarios"]] == [
        ("good", True),
        ("bad", False),
    ]
    assert shown.err == ""


def test_reports_are_written_whatever_is_printed(folder: Path, capsys: Captured) -> None:
    code = run(["rehearse", "good.toml", "bad.toml", "-q", "--junit", "r.xml", "--html", "r.html"])

    assert code == 8
    root = ET.parse(folder / "r.xml").getroot()  # noqa: S314 - we wrote it
    assert (root.get("failures"), len(root)) == ("1", 2)
    assert (folder / "r.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_list_says_what_each_shows(machine: Path, capsys: Captured) -> None:
    assert run(["rehearse", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["scenario", *shipped_names()]

    assert run(["rehearse", "--list", "pin", "--json"]) == 0
    [pin] = json.loads(capsys.readouterr().out)
    assert (pin["name"], pin["agent"]) == ("pin", "demo")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bargein"], "there is no scenario 'bargein'; did you mean 'barge-in'?"),
        (["good.toml", "--agent", "robot"], "'robot' is not one of"),
        (["good.toml", "--save", "x.wav"], "--save writes sound"),
        (["good.toml", "bad.toml", "--audio", "--save", "x.wav"], "name one scenario"),
        (["good.toml", "--junit", "nowhere/x.xml"], "--junit: there is no folder 'nowhere'"),
        (["good.toml", "--html", "."], "is a directory"),
        (["good.toml", "--mic"], "name no scenario"),
        (["good.toml", "--agent", "configured"], "No scenario is left to act out."),
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage(
    folder: Path, capsys: Captured, arguments: list[str], told: str
) -> None:
    assert run(["rehearse", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_bad_file_is_a_matter_of_settings_with_its_line(folder: Path, capsys: Captured) -> None:
    (folder / "wrong.toml").write_text(GOOD.replace("says", "sais"))

    assert run(["rehearse", "good.toml", "wrong.toml"]) == 3
    shown = capsys.readouterr()
    assert shown.err.splitlines()[0] == (
        "bridge: wrong.toml:3: lines[1].sais: there is no such key; did you mean 'says'?"
    )
    assert shown.out == ""

    assert run(["rehearse", "wrong.toml", "--json"]) == 3
    fault = json.loads(capsys.readouterr().err)["error"]
    assert (fault["code"], fault["setting"]) == ("scenario", "lines[1].sais")


def test_scenarios_for_another_agent_are_left_out_and_named(folder: Path, capsys: Captured) -> None:
    (folder / "any.toml").write_text('runs_with = ["configured"]\n' + GOOD)

    assert run(["rehearse", "any.toml", "good.toml", "--agent", "configured", "-q"]) == 0
    shown = capsys.readouterr()
    assert "left out: good: it is made for the demo agent" in shown.err
    assert [line.split()[:2] for line in shown.out.splitlines()] == [["ok", "any"]]


@pytest.mark.parametrize(
    "error",
    [
        Stuck("Nothing can happen any more."),
        VendorUnavailable("Nothing can happen any more.", vendor="agent", operation="chat"),
    ],
)
def test_a_call_that_can_not_be_acted_out_has_failed_and_the_others_go_on(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = perform.perform

    def fails_on_bad(scenario: Scenario, options: Options) -> Performance:
        if scenario.name == "bad":
            raise error
        return real(scenario, options)

    monkeypatch.setattr(perform, "perform", fails_on_bad)

    assert run(["rehearse", "bad.toml", "good.toml"]) == 8
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split()[:2] == ["FAIL", "bad"]
    assert shown[1] == "  ✗ call: it can be acted out: Nothing can happen any more."
    assert shown[2].split()[:2] == ["ok", "good"]

    assert run(["rehearse", "bad.toml"]) == 8
    assert "it can be acted out: Nothing can happen any more." in capsys.readouterr().out


def test_on_a_terminal_it_shows_how_far_a_call_is(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert run(["rehearse", "good.toml", "-q"]) == 0
    shown = capsys.readouterr().err
    assert "\rgood: 0.0 s\x1b[K" in shown
    assert "\r\x1b[K1 passed" in shown


def test_nothing_of_the_operators_own_is_needed_or_touched(folder: Path) -> None:
    """Not even a state folder is made: what a rehearsal needs is made and gone with it."""
    before = sorted(folder.rglob("*"))

    assert run(["rehearse", "good.toml", "-q"]) == 0
    assert sorted(folder.rglob("*")) == before


def test_settings_that_are_wrong_don_t_matter_to_a_rehearsal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_TURN__FILLERS", "ninety")

    assert run(["rehearse", "good.toml", "-q"]) == 0


def test_with_sound_it_is_shown_what_was_misunderstood(capsys: Captured) -> None:
    heard = (
        Compared(1.0, "agent", 1, "at noon", "a noon", words=2, errors=1),
        Compared(2.0, "caller", 1, "fine", "fine", words=1, errors=0),
    )
    performance = a_performance(audio=AudioReport(heard))

    show_all(Result(performance.scenario, performance))

    out = capsys.readouterr().out
    assert "agent   50.0 % of words wrong" in out
    assert "caller  0.0 % of words wrong" in out
    assert "1.0 agent: “at noon”, understood “a noon”" in out
    assert "“fine”, understood" not in out


def test_what_a_terminal_can_not_show_becomes_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    performance = a_performance(replace(a_scenario(), title="Zwölf Uhr, 東京."))

    show_all(Result(performance.scenario, performance))

    sys.stdout.flush()
    assert b"lunch: Zw?lf Uhr, ??.\n" in written.getvalue()


def test_names_are_completed_and_files_besides(machine: Path) -> None:
    command = rehearse.command
    [chosen] = [p for p in command.params if p.name == "chosen"]
    context = command.make_context("rehearse", ["--list"])

    assert [item.value for item in chosen.shell_complete(context, "outbound-n")] == [
        "outbound-notify"
    ]
    assert [item.type for item in chosen.shell_complete(context, "./mine")] == ["file"]
