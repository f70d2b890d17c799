"""How much and how fast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.limits import WINDOW_S, Admission, Concurrency, RateLimit


def moments(gaps_ms: list[int]) -> list[float]:
    """Moments from gaps, in eighths of a second so that sums are exact."""
    at_s, found = 0.0, []
    for gap in gaps_ms:
        at_s += gap / 8
        found.append(at_s)
    return found


@given(st.integers(1, 12), st.lists(st.integers(0, 200), max_size=100))
def test_never_more_than_the_limit_in_any_minute(limit: int, gaps: list[int]) -> None:
    rate = RateLimit(limit)

    admitted = [at_s for at_s in moments(gaps) if rate.admit("a", at_s).allowed]

    for start in admitted:
        assert sum(start <= at_s < start + WINDOW_S for at_s in admitted) <= limit


@given(st.integers(1, 1200), st.integers(1, 100))
def test_a_slow_steady_client_is_never_refused(limit: int, count: int) -> None:
    rate = RateLimit(limit)
    gap_s = WINDOW_S / limit * 1.000001

    assert all(rate.admit("a", i * gap_s).allowed for i in range(count))


@given(st.integers(1, 5), st.lists(st.integers(0, 100), min_size=6, max_size=40))
def test_who_waits_as_long_as_told_is_let_in(limit: int, gaps: list[int]) -> None:
    rate = RateLimit(limit)
    for at_s in moments(gaps):
        admission = rate.admit("a", at_s)
        if not admission.allowed:
            assert 0 < admission.retry_after_s <= WINDOW_S
            assert rate.admit("a", at_s + admission.retry_after_s) == Admission(allowed=True)
            return


def test_what_is_refused_is_not_counted() -> None:
    rate = RateLimit(1)
    rate.admit("a", 0.0)
    refused = [rate.admit("a", at_s) for at_s in (1.0, 59.0)]

    assert refused == [
        Admission(allowed=False, retry_after_s=59.0),
        Admission(allowed=False, retry_after_s=1.0),
    ]
    assert rate.admit("a", 60.0).allowed


def test_keys_do_not_share_a_limit() -> None:
    rate = RateLimit(1)

    assert [rate.admit(key, 0.0).allowed for key in ("a", "b", "a")] == [True, True, False]


def test_zero_is_off_and_remembers_nobody() -> None:
    rate = RateLimit(0)

    assert all(rate.admit("a", 0.0) == Admission(allowed=True) for _ in range(100))
    assert len(rate) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 80)), max_size=100))
def test_memory_is_bounded_whoever_asks(asked: list[tuple[int, int]]) -> None:
    rate = RateLimit(3, max_keys=10)
    times = moments([gap for _, gap in asked])
    for (key, _), at_s in zip(asked, times, strict=True):
        rate.admit(str(key), at_s)
        assert len(rate) <= 10


def test_a_key_is_forgotten_after_a_quiet_minute() -> None:
    rate = RateLimit(3)
    rate.admit("a", 0.0)
    rate.admit("b", 30.0)
    rate.admit("c", 60.0)

    assert len(rate) == 2


def test_the_key_longest_unasked_is_forgotten_first() -> None:
    rate = RateLimit(1, max_keys=2)
    for key in ("a", "b", "a", "c"):
        rate.admit(key, 0.0)

    assert [rate.admit(key, 0.0).allowed for key in ("a", "b")] == [False, True]


@given(st.integers(1, 4), st.lists(st.tuples(st.booleans(), st.sampled_from("ab"))))
def test_never_more_at_once_than_the_limit(limit: int, steps: list[tuple[bool, str]]) -> None:
    places = Concurrency(limit)
    model = {"a": 0, "b": 0}
    for enters, key in steps:
        if enters:
            assert places.enter(key) is (model[key] < limit)
            model[key] = min(model[key] + 1, limit)
        elif model[key]:
            places.leave(key)
            model[key] -= 1
        assert {key: places.inside(key) for key in model} == model
        assert len(places) == sum(count > 0 for count in model.values())


def test_zero_only_counts() -> None:
    places = Concurrency(0)

    assert all(places.enter("a") for _ in range(100))
    assert places.inside("a") == 100


def test_a_place_given_back_twice_is_loud() -> None:
    places = Concurrency(1)
    places.enter("a")
    places.leave("a")

    with pytest.raises(ValueError, match="more often"):
        places.leave("a")
