"""Whose time it is, and who holds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from bridge import clock


class Stopped:
    """A clock that stands where it is put, and notes who waits elsewhere."""

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self.held: list[bool] = []

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return 1e9 + self.at_s

    @contextmanager
    def elsewhere(self, *, passes: bool) -> Iterator[None]:
        self.held.append(passes)
        yield


def test_both_clocks_are_another_s_until_it_gives_them_back() -> None:
    read = clock.now_s  # as it is handed to whoever needs a clock
    with clock.replaced(Stopped(5.0)):
        assert (read(), clock.wall_s()) == (5.0, 1e9 + 5.0)
    assert read() != 5.0
    assert clock.wall_s() > 1e9 + 6.0


def test_a_clock_inside_a_clock_gives_back_to_the_outer_one() -> None:
    with clock.replaced(Stopped(5.0)):
        with clock.replaced(Stopped(7.0)):
            assert clock.now_s() == 7.0
        assert clock.now_s() == 5.0


def test_what_a_thing_costs_us_is_read_off_the_machine_s_own_clock() -> None:
    with clock.replaced(Stopped(5.0)):
        assert clock.machine_s() != 5.0


def test_who_waits_elsewhere_says_so_to_the_clock_in_use() -> None:
    stopped = Stopped(5.0)
    with clock.elsewhere():  # nobody's but the machine's: nothing to say
        pass
    with clock.replaced(stopped), clock.elsewhere(), clock.elsewhere(passes=True):
        pass

    assert stopped.held == [False, True]
