"""What happens is noted in the order in which it becomes known."""

from bridge.rehearsal.performance import Fact, PickedUp
from bridge.rehearsal.tape import Tape


def test_moments_are_counted_from_when_the_call_began() -> None:
    now_s = 1000.0
    told: list[Fact] = []
    tape = Tape(lambda: now_s, lambda: 1e9 + now_s, told.append)
    now_s = 1002.5
    tape.begin()
    now_s = 1004.0
    tape.add(PickedUp(tape.at_s))

    assert tape.facts == told == [PickedUp(1.5)]
    assert tape.began_wall_s == 1e9 + 1002.5


def test_moments_are_whole_microseconds() -> None:
    now_s = 1000.1
    tape = Tape(lambda: now_s, lambda: 0.0)
    now_s = 1000.3

    assert tape.at_s == 0.2
