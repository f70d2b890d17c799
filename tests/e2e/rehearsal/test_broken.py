"""Whatever bridge does about a trouble of the telephone, some shipped scenario fails without it.

Each of bridge's answers is taken away in turn (`ways.py`), and the scenarios that should notice
are acted out: each must fail, and say what is missing.
"""

import pytest

from bridge.rehearsal.choosing import choose, shipped_names
from bridge.rehearsal.judging import judge
from bridge.rehearsal.perform import perform
from tests.e2e.rehearsal.ways import WAYS


def failures(name: str) -> list[str]:
    """What of a scenario is not as it expects, each with what was seen."""
    [scenario] = choose([name])
    judged = judge(perform(scenario))
    return [f"{verdict.what}: {verdict.why}" for verdict in judged if not verdict.passed]


@pytest.mark.parametrize(
    ("broken", "name"), [(broken, name) for broken, way in WAYS.items() for name in way.noticed_by]
)
def test_a_scenario_notices_that(monkeypatch: pytest.MonkeyPatch, broken: str, name: str) -> None:
    way = WAYS[broken]
    way.breaks(monkeypatch)

    found = failures(name)

    assert [failure for failure in found if way.says in failure], found


def test_every_scenario_notices_something() -> None:
    assert {name for way in WAYS.values() for name in way.noticed_by} == {*shipped_names()}
