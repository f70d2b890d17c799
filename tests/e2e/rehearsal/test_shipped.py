"""The scenarios that come with bridge are its end-to-end tests: each goes as it expects."""

import pytest

from bridge.rehearsal.choosing import choose, shipped_names
from bridge.rehearsal.judging import judge
from bridge.rehearsal.perform import perform
from bridge.rehearsal.picture import Paper, render_picture


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_scenario_goes_as_it_expects(name: str) -> None:
    [scenario] = choose([name])
    performance = perform(scenario)

    failed = [
        f"{verdict.place}: {verdict.what}: {verdict.why}"
        for verdict in judge(performance)
        if not verdict.passed
    ]
    assert failed == [], render_picture(performance, Paper(120))
