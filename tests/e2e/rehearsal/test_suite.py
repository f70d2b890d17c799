"""`bridge rehearse` as somebody tries it who has just installed it: no folder, no settings.

A process of its own in an empty folder, with nothing in its environment but the way to programs.
"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bridge.core.turn_events import (
    TurnClass,
)
from bridge.rehearsal.choosing import shipped_names
from tests.fakes.command import ROOT

SUITE_WITHIN_S = 60.0
"""What is promised of the whole suite; it takes about five seconds on two quiet cores."""

AT_LEAST = 25

CLASSES = {
    "new": TurnClass.NEW,
    "repeat": TurnClass.REPEAT,
    "revised": TurnClass.REVISED,
    "silence": TurnClass.SILENCE,
    "nobody-speaks": TurnClass.GREETING,
}
"""A scenario in which a request of that class is met, and answered. Those of a class that leaves
no turn on record are in `CONTINUES`."""

CONTINUES = "continuation"

FAILURES = {
    "agent-refuses-key": "I'm not set up correctly yet",
    "agent-overloaded": "I'm on too many calls right now",
    "agent-fails": "something went wrong",
    "agent-starting": "I can't reach my assistant",
    "agent-down": "I can't reach my assistant",
    "agent-breaks-off": "I was cut off there",
    "agent-hangs": "taking too long",
    "agent-error-event": "something went wrong",
    "agent-says-nothing-aloud": "I lost track there",
}
"""Every failure of an agent, and what of bridge's sentence for it is heard."""

TWICE = ("barge-in", "impatient", "outbound-conversation", "restart", "speculative")
"""Scenarios with the most that may happen at one moment."""


def rehearse(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", "rehearse", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * SUITE_WITHIN_S,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def whole(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The whole suite, once."""
    return rehearse(folder, "--json", "--junit", "rehearsal.xml", "--html", "rehearsal.html")


@pytest.fixture(scope="module")
def told(whole: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What it printed: each scenario by its name."""
    assert whole.returncode == 0, whole.stdout[-2000:] + whole.stderr[-2000:]
    document = json.loads(whole.stdout)
    assert document["passed"] is True
    return {scenario["name"]: scenario for scenario in document["scenarios"]}


def test_every_scenario_passes_without_a_setting(told: dict[str, Any]) -> None:
    assert sorted(told) == shipped_names()
    assert len(told) >= AT_LEAST
    assert [name for name, one in told.items() if not one["passed"] or one["trouble"]] == []
    assert all(one["verdicts"] and one["jumped"] for one in told.values())


def test_it_leaves_nothing_but_what_was_asked_for(told: dict[str, Any], folder: Path) -> None:
    assert told
    assert sorted(path.name for path in folder.iterdir()) == ["rehearsal.html", "rehearsal.xml"]


def test_the_suite_of_a_ci_system_has_every_verdict(told: dict[str, Any], folder: Path) -> None:
    suites = ET.parse(folder / "rehearsal.xml").getroot()  # noqa: S314 - written by us just now
    cases = {suite.get("name"): len(suite.findall("testcase")) for suite in suites}
    assert cases == {name: len(one["verdicts"]) for name, one in told.items()}
    assert suites.findall(".//failure") == []


@pytest.mark.parametrize(("name", "turn_class"), CLASSES.items())
def test_a_request_of_each_class_is_met(
    told: dict[str, Any], name: str, turn_class: TurnClass
) -> None:
    """That it is classified so is judged where the scenario asks for it; here, that it comes."""
    requests = {fact["why"] for fact in told[name]["facts"] if fact["fact"] == "requested"}
    whys = {
        TurnClass.NEW: "utterance",
        TurnClass.REPEAT: "retry",
        TurnClass.REVISED: "early",
        TurnClass.SILENCE: "silence",
        TurnClass.GREETING: "greeting",
    }
    assert whys[turn_class] in requests


def test_no_class_is_left_out(told: dict[str, Any]) -> None:
    elsewhere = {TurnClass.CONTINUATION, TurnClass.PROMISED}
    assert {*CLASSES.values(), *elsewhere} == set(TurnClass)
    requests = [fact for fact in told[CONTINUES]["facts"] if fact["fact"] == "requested"]
    assert "tool" in [fact["why"] for fact in requests]


@pytest.mark.parametrize(("name", "sentence"), FAILURES.items())
def test_each_failure_of_the_agent_has_its_sentence(
    told: dict[str, Any], name: str, sentence: str
) -> None:
    heard = [said["text"] for said in told[name]["transcript"] if said["party"] == "agent"]
    assert [text for text in heard if sentence in text]


@pytest.mark.parametrize("name", TWICE)
def test_acted_out_again_a_call_is_the_same_to_the_last_fact(
    told: dict[str, Any], folder: Path, name: str
) -> None:
    again = rehearse(folder, name, "--json")
    assert again.returncode == 0, again.stderr[-2000:]
    [scenario] = json.loads(again.stdout)["scenarios"]
    assert lasting(scenario) == lasting(told[name])


def lasting(scenario: dict[str, Any]) -> dict[str, Any]:
    """All but how long it took, and the id that its record has by chance."""
    record = {key: value for key, value in scenario["record"].items() if key != "id"}
    return {**scenario, "real_s": 0.0, "record": record}
