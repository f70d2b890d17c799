"""The stages of a turn sum to the whole, and their percentiles are real values."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridge.core.latency import STAGES, Moments, percentile, waterfall


def test_each_stage_runs_from_one_moment_to_the_next() -> None:
    moments = Moments(10.0, 10.5, 10.75, 12.0, 12.25, 14.0)

    assert moments.stages() == {
        "classify": 0.5,
        "settle": 0.25,
        "think": 1.25,
        "shape": 0.25,
        "speak": 1.75,
    }
    assert moments.total_s == 4.0


def test_a_moment_that_never_came_takes_no_time() -> None:
    """A turn that is answered here asks nobody."""
    moments = Moments(10.0, 10.5, last_word_s=11.0)

    assert moments.stages() == {
        "classify": 0.5,
        "settle": 0.0,
        "think": 0.0,
        "shape": 0.0,
        "speak": 0.5,
    }


def test_a_turn_of_which_nothing_is_known_took_no_time() -> None:
    assert Moments(10.0).total_s == 0.0


moments = st.none() | st.floats(0, 1e6)


@given(st.floats(0, 1e6), moments, moments, moments, moments, moments)
def test_stages_are_never_negative_and_sum_to_the_whole(
    received: float,
    classified: float | None,
    asked: float | None,
    text: float | None,
    words: float | None,
    last: float | None,
) -> None:
    turn = Moments(received, classified, asked, text, words, last)

    assert tuple(turn.stages()) == STAGES
    assert all(stage >= 0 for stage in turn.stages().values())
    assert sum(turn.stages().values()) == pytest.approx(turn.total_s)


@pytest.mark.parametrize(
    ("percent", "value"),
    [(0, 1.0), (1, 1.0), (50, 2.0), (75, 3.0), (90, 4.0), (99, 4.0), (100, 4.0)],
)
def test_a_percentile_is_the_nearest_value_that_enough_do_not_exceed(
    percent: float, value: float
) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == value


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_at_least_so_many_values_do_not_exceed_a_percentile(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)


def test_a_waterfall_shows_every_stage_and_the_whole() -> None:
    fast, slow = (Moments(0.0, at, 2 * at, 3 * at, 4 * at, 5 * at).stages() for at in (1.0, 2.0))

    assert waterfall([fast, slow]) == {
        **{stage: {"p50": 1.0, "p90": 2.0, "p99": 2.0} for stage in STAGES},
        "total": {"p50": 5.0, "p90": 10.0, "p99": 10.0},
    }


def test_no_turns_make_no_waterfall() -> None:
    assert waterfall([]) == {}
