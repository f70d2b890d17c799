"""What is done next about the public address."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.tunnel import Lost
from bridge.reach.steps import (
    ASK_EVERY_S,
    LONGEST_PAUSE_S,
    MISSES_OF_A_NEW,
    MISSES_OF_A_PROVEN,
    Ask,
    Fact,
    Lasted,
    NotOpened,
    NotProven,
    Opened,
    Proven,
    Reopen,
    State,
    Tell,
    TellLost,
    TellNew,
    TellOpened,
    TellRestored,
    TellTrouble,
    Wait,
    Watch,
    pause_s,
    step,
)

HERE = "https://here.test"
THERE = "https://there.test"
NO = NotProven("no")


def after(*facts: Fact) -> tuple[State, list[Tell], list[Wait]]:
    """Where these lead, everything that is told on the way, and every wait."""
    state, told, waits = State(), list[Tell](), list[Wait]()
    for fact in facts:
        state, tells, wait = step(state, fact)
        told += tells
        waits.append(wait)
    return state, told, waits


def test_a_new_address_is_told_of_asked_at_once_and_watched_once_it_is_proven() -> None:
    state, told, waits = after(Opened(HERE), Proven())

    assert told == [TellOpened(HERE), TellNew(HERE)]
    assert waits == [Ask(0.0), Watch(ASK_EVERY_S)]
    assert state.is_proven


def test_an_address_that_stays_proven_is_told_of_once() -> None:
    _, told, waits = after(Opened(HERE), Proven(), Lasted(), Proven(), Lasted(), Proven())

    assert told == [TellOpened(HERE), TellNew(HERE)]
    assert waits[2:] == [Ask(0.0), Watch(ASK_EVERY_S)] * 2


def test_where_there_is_no_address_nothing_is_asked_for_ever() -> None:
    assert after(Opened("")) == (State(), [], [Watch(None)])


def test_a_loss_is_told_of_and_opened_again() -> None:
    state, told, waits = after(Opened(HERE), Proven(), Lost("it ended"))

    assert told[2:] == [TellLost("it ended")]
    assert waits[-1] == Reopen(pause_s(1))
    assert not state.is_proven


def test_the_same_address_again_is_restored_and_another_is_new() -> None:
    lost = (Opened(HERE), Proven(), Lost("it ended"))

    assert after(*lost, Opened(HERE), Proven())[1][3:] == [TellRestored(HERE)]
    assert after(*lost, Opened(THERE), Proven())[1][3:] == [TellOpened(THERE), TellNew(THERE)]


def test_an_address_that_was_told_of_before_the_last_one_is_new_once_more() -> None:
    told = after(
        Opened(HERE),
        Proven(),
        Lost("."),
        Opened(THERE),
        Proven(),
        Lost("."),
        Opened(HERE),
        Proven(),
    )[1]

    assert told[-2:] == [TellOpened(HERE), TellNew(HERE)]


def test_a_doubt_is_asked_about_at_once_and_nobody_is_told() -> None:
    state, told, waits = after(Opened(HERE), Proven(), Lost("perhaps", is_certain=False))

    assert (state.is_proven, told[2:], waits[-1]) == (True, [], Ask(0.0))


def test_a_new_address_has_minutes_to_become_known() -> None:
    _, told, waits = after(Opened(HERE), *[NO] * MISSES_OF_A_NEW)

    pauses = [wait.after_s for wait in waits[1:-1] if isinstance(wait, Ask)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert isinstance(waits[-1], Reopen)
    assert told == [TellOpened(HERE), TellTrouble("no")]


def test_an_address_that_was_proven_has_seconds() -> None:
    _, told, waits = after(Opened(HERE), Proven(), *[NO] * MISSES_OF_A_PROVEN)

    assert waits[2:] == [Ask(1.0), Ask(2.0), Reopen(1.0)]
    assert told[2:] == [TellLost("no")]


def test_an_address_that_comes_back_by_itself_is_not_opened_again() -> None:
    _, told, waits = after(Opened(HERE), Proven(), NO, NO, Proven(), NO)

    assert told[2:] == [TellLost("no"), TellRestored(HERE), TellLost("no")]
    assert waits[-2:] == [Watch(ASK_EVERY_S), Ask(1.0)]


def test_the_same_trouble_is_told_of_once_and_another_again() -> None:
    one, other = NotOpened("one"), NotOpened("other")

    assert after(one, one, one, other, one)[1] == [
        TellTrouble("one"),
        TellTrouble("other"),
        TellTrouble("one"),
    ]


def test_pauses_grow_while_nothing_lasts_and_begin_anew_once_it_has() -> None:
    flapping: tuple[Fact, ...] = (Opened(HERE), Proven(), Lost("it ended"))
    waits = after(*flapping * 3, Opened(HERE), Proven(), Lasted(), Proven(), Lost("it ended"))[2]

    assert [wait for wait in waits if isinstance(wait, Reopen)] == [
        Reopen(1.0),
        Reopen(2.0),
        Reopen(4.0),
        Reopen(1.0),
    ]


def test_what_is_lost_before_it_was_proven_is_trouble() -> None:
    assert after(Opened(HERE), Lost("it ended"))[1][1:] == [TellTrouble("it ended")]


facts = st.one_of(
    st.sampled_from([HERE, THERE]).map(Opened),
    st.just(Proven()),
    st.builds(NotProven, st.sampled_from(["a", "b"])),
    st.builds(NotOpened, st.sampled_from(["a", "b"])),
    st.builds(Lost, st.sampled_from(["a", "b"]), st.booleans()),
    st.just(Lasted()),
)


@given(st.lists(facts, max_size=60))
def test_whatever_happens_it_goes_on_within_a_bounded_time(given: list[Fact]) -> None:
    _, told, waits = after(*given)

    for wait in waits:
        match wait:
            case Ask(pause) | Reopen(pause):
                assert 0 <= pause <= LONGEST_PAUSE_S
            case Watch(for_s):
                assert for_s == ASK_EVERY_S
    lost = [
        isinstance(tell, TellLost)
        for tell in told
        if not isinstance(tell, TellTrouble | TellOpened)
    ]
    assert not any(one and other for one, other in zip(lost, lost[1:], strict=False))
