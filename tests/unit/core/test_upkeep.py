"""What becomes of calls that have gone quiet."""

import pytest

from bridge.core.call_life import ASKED, Reported, Vanished
from bridge.core.platform_call import PlatformCall
from bridge.core.record import State
from bridge.core.upkeep import (
    DAY_S,
    GIVE_UP_S,
    UNKNOWN_S,
    NoAnswer,
    Told,
    is_worth_asking,
    purge_before,
    settle,
)
from tests.fakes.calls_on_record import call, placed

LIVE = PlatformCall("conv_1", status="in-progress")
DONE = PlatformCall("conv_1", status="done")
ODD = PlatformCall("conv_1", status="something new")


@pytest.mark.parametrize(
    ("told", "silent_s", "ends"),
    [
        (LIVE, 10 * GIVE_UP_S, False),
        (ODD, GIVE_UP_S - 1, False),
        (ODD, GIVE_UP_S, True),
        (None, UNKNOWN_S - 1, False),
        (None, UNKNOWN_S, True),
        (NoAnswer(), UNKNOWN_S, False),
        (NoAnswer(), GIVE_UP_S - 1, False),
        (NoAnswer(), GIVE_UP_S, True),
    ],
)
def test_a_silent_call_is_given_up_when_nobody_can_tell(
    told: Told, silent_s: float, ends: bool
) -> None:
    found = settle(call(conversation="conv_1"), told, 100 + silent_s)

    assert list(found) == ([Vanished(100 + silent_s)] if ends else [])


def test_what_the_platform_says_ends_it_at_once() -> None:
    assert settle(call(), DONE, 101) == [Reported(101, ASKED, DONE)]


def test_a_call_that_was_never_dialled_is_given_up_soon() -> None:
    assert settle(placed(), NoAnswer(), 100 + UNKNOWN_S) == [Vanished(100 + UNKNOWN_S)]
    assert settle(placed(), NoAnswer(), 99 + UNKNOWN_S) == []


def test_only_a_call_that_the_platform_may_know_is_asked_about() -> None:
    assert is_worth_asking(call(conversation="conv_1"))
    assert not is_worth_asking(call())
    assert not is_worth_asking(placed(conversation="conv_1", state=State.RESERVED))


def test_old_calls_are_deleted_unless_they_are_kept_for_ever() -> None:
    assert purge_before(0, 100 * DAY_S) is None
    assert purge_before(90, 100 * DAY_S) == 10 * DAY_S
