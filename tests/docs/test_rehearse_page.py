"""What `docs/how-to/rehearse.md` shows is what happens."""

import re
from pathlib import Path

import pytest

from bridge.errors import ScenarioError
from bridge.rehearsal.judging import judge
from bridge.rehearsal.perform import perform
from bridge.rehearsal.reading import parse_scenario
from bridge.rehearsal.report_json import render_json
from bridge.rehearsal.result import Result
from scripts import manual
from tests.docs.test_docs import blocks

PAGE: Path = manual.DOCS / "how-to" / "rehearse.md"


def the_example() -> str:
    [text] = blocks(PAGE, "toml")
    return text


def acted_out() -> Result:
    scenario = parse_scenario(the_example(), name="booking", file="booking.toml")
    performance = perform(scenario)
    return Result(scenario, performance, judge(performance))


def test_the_example_of_a_scenario_goes_as_it_expects() -> None:
    assert acted_out().failed == ()


def test_a_key_that_is_misspelt_in_the_example_gets_the_answer_that_is_shown() -> None:
    [shown] = re.findall(r"(?m)^bridge: (booking\.toml:.*)$", PAGE.read_text("utf-8"))
    misspelt = the_example().replace("cuts_in_after_words", "cuts_in_after_wrds")

    with pytest.raises(ScenarioError) as raised:
        parse_scenario(misspelt, name="booking", file="booking.toml")
    assert raised.value.message == shown


def test_every_key_of_the_json_has_its_line() -> None:
    document = render_json([acted_out()])
    _, _, table = PAGE.read_text("utf-8").partition("| key | what |")
    named = set(re.findall(r"`(?:scenarios\[\]\.)?([a-z_]+)(?:\[\])?`", table))

    assert {*document} - {"scenarios"} <= named
    assert {*document["scenarios"][0]} <= named
