"""Which requests make which run of the agent: the table, every event, every order."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridge.core.conversation import Conversation, Run, Standing, Stop
from bridge.core.dialogue import News, TurnKey
from bridge.core.identity import Strength
from bridge.core.turn import CLASSES, JOIN_BY_KEY_S, REMEMBERED_RUNS, WITHDRAWN_LATELY_S, step
from bridge.core.turn_events import (
    AnswerHere,
    AskNow,
    Attach,
    AwaitReturn,
    Decision,
    Ended,
    Event,
    GoOn,
    GraceOver,
    Left,
    Nothing,
    Promised,
    Requested,
    Settled,
    Start,
    StopRun,
    TurnClass,
)

FIRST = TurnKey(0, "", "hi")
LONGER = TurnKey(0, "", "hi there")
SECOND = TurnKey(1, "hi", "bye")
NEW, REPEAT, REVISED = TurnClass.NEW, TurnClass.REPEAT, TurnClass.REVISED

SETTLING = Run("r1", FIRST)
RUNNING = replace(SETTLING, standing=Standing.RUNNING, asked=True)
DONE = replace(RUNNING, standing=Standing.DONE, ended_at_s=5.0, is_over=True, said="Hello!")
LEFT = replace(RUNNING, standing=Standing.STOPPED, stop=Stop.LEFT, ended_at_s=5.0, listeners=0)
NEVER_ASKED = replace(LEFT, asked=False)
SUPERSEDED = replace(LEFT, stop=Stop.SUPERSEDED)
FAILED = replace(LEFT, stop=Stop.FAILED, listeners=1)
UNREACHED = replace(FAILED, asked=False, is_over=True)


def asks(
    key: TurnKey | None,
    news: News = News.UTTERANCE,
    at_s: float = 6.0,
    *,
    strength: Strength = Strength.CONVERSATION,
    heard_nothing: bool = False,
    may_continue: bool = False,
) -> Requested:
    return Requested(at_s, "r2", news, key, strength, heard_nothing, may_continue)


def of(*runs: Run) -> Conversation:
    return Conversation(runs)


def decided(conversation: Conversation, event: Event) -> Decision:
    return step(conversation, event)[1]


# -- the table ------------------------------------------------------------------------------------


def test_the_table_has_an_answer_for_every_request_that_can_be() -> None:
    every = {(news, known, other) for news in News for known in (0, 1) for other in (0, 1)}
    impossible = {(News.NOBODY, known, other) for known, other in ((0, 1), (1, 0), (1, 1))}

    assert set(CLASSES) == every - impossible


@pytest.mark.parametrize(
    ("held", "request_", "decision"),
    [
        # the first words of a call, and words after a reply
        (of(), asks(FIRST), Start(NEW, "r2")),
        (of(DONE), asks(SECOND), Start(NEW, "r2")),
        # the same again, while it runs, when it is done, when it failed or was stopped
        (of(SETTLING), asks(FIRST), Attach(REPEAT, "r1")),
        (of(RUNNING), asks(FIRST), Attach(REPEAT, "r1")),
        (of(DONE), asks(FIRST), Attach(REPEAT, "r1")),
        (of(DONE), asks(FIRST, at_s=4000.0), Attach(REPEAT, "r1")),
        (of(FAILED), asks(FIRST), Attach(REPEAT, "r1")),
        (of(LEFT), asks(FIRST), Attach(REPEAT, "r1")),
        (of(DONE, replace(RUNNING, id="x", key=LONGER)), asks(FIRST), Attach(REPEAT, "r1")),
        # the same again, when nothing was done about it yet or it was taken back
        (of(NEVER_ASKED), asks(FIRST), Start(NEW, "r2", after=("r1",), is_restless=True)),
        (of(SUPERSEDED), asks(FIRST), Start(NEW, "r2", after=("r1",), is_restless=True)),
        (of(UNREACHED), asks(FIRST), Start(NEW, "r2")),
        # other words at the same place
        (
            of(RUNNING),
            asks(LONGER),
            Start(REVISED, "r2", ("r1",), after=("r1",), replaces=True, is_restless=True),
        ),
        (of(SETTLING), asks(LONGER), Start(REVISED, "r2", ("r1",), ("r1",), is_restless=True)),
        (of(DONE), asks(LONGER), Start(REVISED, "r2", replaces=True)),
        # a new turn while one runs
        (of(RUNNING), asks(SECOND), Start(NEW, "r2", stops=("r1",), after=("r1",))),
        (of(LEFT), asks(SECOND), Start(NEW, "r2", after=("r1",))),
        # results of tool calls
        (of(DONE), asks(SECOND, News.RESULTS), Start(NEW, "r2")),
        # results of the agent's next calls in the same turn replace nothing
        (of(DONE), asks(LONGER, News.RESULTS), Start(NEW, "r2")),
        (of(RUNNING), asks(FIRST, News.RESULTS), Attach(REPEAT, "r1")),
        (
            of(RUNNING),
            asks(SECOND, News.RESULTS, may_continue=True),
            AnswerHere(TurnClass.CONTINUATION),
        ),
        # nothing new from the caller
        (of(DONE), asks(FIRST, News.NOTHING), AnswerHere(TurnClass.SILENCE)),
        (of(), asks(FIRST, News.NOTHING), AnswerHere(TurnClass.SILENCE)),
        (of(), asks(FIRST, News.NOTHING, heard_nothing=True), AnswerHere(TurnClass.SILENCE)),
        (of(RUNNING), asks(LONGER, News.NOTHING), AnswerHere(TurnClass.SILENCE)),
        # nothing but a filler was heard: the reply is still owed
        (of(DONE), asks(FIRST, News.NOTHING, heard_nothing=True), Attach(REPEAT, "r1")),
        (of(RUNNING), asks(FIRST, News.NOTHING, heard_nothing=True), Attach(REPEAT, "r1")),
        (of(RUNNING), asks(FIRST, News.NOTHING), Attach(REPEAT, "r1")),
        (
            of(replace(RUNNING, spoke=True)),
            asks(FIRST, News.NOTHING),
            AnswerHere(TurnClass.SILENCE),
        ),
        # nobody has spoken
        (of(), asks(None, News.NOBODY), AnswerHere(TurnClass.GREETING)),
        (of(RUNNING), asks(None, News.NOBODY), AnswerHere(TurnClass.GREETING)),
    ],
)
def test_a_request_is_classified_and_that_decides(
    held: Conversation, request_: Requested, decision: Decision
) -> None:
    assert decided(held, request_) == decision


@pytest.mark.parametrize("other", [SECOND, LONGER])
@pytest.mark.parametrize("strength", [Strength.KEY, Strength.ALONE])
def test_where_two_callers_may_share_a_key_nothing_of_somebody_elses_is_touched(
    strength: Strength, other: TurnKey
) -> None:
    after, decision = step(of(RUNNING), asks(other, strength=strength))

    assert decision == Start(NEW, "r2")
    assert after == of(RUNNING, Run("r2", other))


@pytest.mark.parametrize(
    ("later_s", "decision"),
    [(JOIN_BY_KEY_S, Attach(REPEAT, "r1")), (JOIN_BY_KEY_S + 0.1, Start(NEW, "r2"))],
)
def test_by_a_key_alone_a_run_is_joined_for_a_minute(later_s: float, decision: Decision) -> None:
    asked = asks(FIRST, at_s=5.0 + later_s, strength=Strength.KEY)

    assert decided(of(DONE), asked) == decision


def test_a_run_that_has_not_ended_is_joined_by_a_key_however_old_it_is() -> None:
    asked = asks(FIRST, at_s=500.0, strength=Strength.KEY)

    assert decided(of(RUNNING), asked) == Attach(REPEAT, "r1")


@pytest.mark.parametrize(
    ("run", "at_s", "is_restless"),
    [
        (replace(RUNNING, left_at_s=5.0, listeners=0), 5.0 + WITHDRAWN_LATELY_S, True),
        (replace(RUNNING, left_at_s=5.0, listeners=0), 5.1 + WITHDRAWN_LATELY_S, True),
        (RUNNING, 6.0, True),
        (SETTLING, 6.0, True),
        (LEFT, 5.0 + WITHDRAWN_LATELY_S, True),
        (LEFT, 5.1 + WITHDRAWN_LATELY_S, False),
        (SUPERSEDED, 6.0, True),
        (FAILED, 6.0, False),
        (DONE, 6.0, False),
    ],
)
def test_a_line_is_restless_where_a_request_of_this_moment_was_just_withdrawn(
    run: Run, at_s: float, is_restless: bool
) -> None:
    """What runs is withdrawn by the new words themselves, whenever its closing is heard of."""
    decision = decided(of(run), asks(LONGER, at_s=at_s))

    assert isinstance(decision, Start)
    assert decision.is_restless is is_restless


def test_a_request_of_another_moment_does_not_make_the_line_restless() -> None:
    assert decided(of(LEFT), asks(SECOND)) == Start(NEW, "r2", after=("r1",))


def test_what_is_stopped_is_marked_at_once_and_the_new_run_is_held() -> None:
    after, _ = step(of(DONE, replace(RUNNING, id="x", key=SECOND)), asks(LONGER))

    assert after.runs == (
        DONE,
        replace(
            RUNNING,
            id="x",
            key=SECOND,
            standing=Standing.STOPPED,
            stop=Stop.SUPERSEDED,
            ended_at_s=6.0,
        ),
        Run("r2", LONGER),
    )


def test_who_joins_is_one_listener_more_and_nobody_is_away() -> None:
    away = replace(RUNNING, listeners=0, left_at_s=4.0)

    assert step(of(away), asks(FIRST))[0] == of(RUNNING)
    assert step(of(RUNNING), asks(FIRST))[0] == of(replace(RUNNING, listeners=2))


def test_only_the_latest_runs_are_remembered_and_those_not_over() -> None:
    old = [replace(DONE, id=f"old{i}", key=TurnKey(i, "", "x")) for i in range(REMEMBERED_RUNS)]
    old[0] = replace(old[0], is_over=False)

    after, _ = step(of(*old), asks(SECOND))

    assert [run.id for run in after.runs] == ["old0", *(f"old{i}" for i in range(1, 8)), "r2"]
    after, _ = step(of(*after.runs[:-1], replace(DONE, id="x")), replace(asks(SECOND), run_id="r3"))
    assert [run.id for run in after.runs] == ["old0", *(f"old{i}" for i in range(2, 8)), "x", "r3"]


# -- behind the call ------------------------------------------------------------------------------

BEHIND = Run("r1-behind", FIRST, standing=Standing.RUNNING, listeners=0, asked=True, is_behind=True)
THIRD = TurnKey(2, "hi bye", "and?")


def test_a_promise_ends_the_reply_and_leaves_a_run_that_nobody_listens_to() -> None:
    promised = Promised(7.0, "r1", "r1-behind", "Let me see. ", ("One moment... ",))
    after, decision = step(of(RUNNING), promised)

    done = replace(
        RUNNING,
        standing=Standing.DONE,
        ended_at_s=7.0,
        is_over=True,
        said="Let me see. ",
        fillers=("One moment... ",),
    )
    assert decision == GoOn("r1-behind")
    assert after == Conversation((done, BEHIND), last_filler="One moment... ")


def test_a_promise_without_a_filler_leaves_the_last_one_as_it_was() -> None:
    held = Conversation((RUNNING,), last_filler="Let me see... ")
    after, _ = step(held, Promised(7.0, "r1", "r1-behind", "", ()))

    assert after.last_filler == "Let me see... "


@pytest.mark.parametrize(
    "run", [SETTLING, DONE, SUPERSEDED, replace(RUNNING, listeners=0), replace(RUNNING, id="x")]
)
def test_nothing_is_promised_for_a_run_that_is_over_unasked_or_unheard(run: Run) -> None:
    assert step(of(run), Promised(7.0, "r1", "r1-behind", "", ())) == (of(run), Nothing())


def test_a_repeat_of_the_turn_gets_the_promise_and_never_the_run_behind_it() -> None:
    held = of(DONE, BEHIND)

    assert decided(held, asks(FIRST)) == Attach(REPEAT, "r1")
    assert decided(held, asks(FIRST, News.NOTHING, heard_nothing=True)) == Attach(REPEAT, "r1")
    assert decided(held, asks(FIRST, News.NOTHING)) == AnswerHere(TurnClass.SILENCE)


def test_going_away_after_the_promise_stops_nothing() -> None:
    after, decision = step(of(DONE, BEHIND), Left(8.0, "r1", heard_words=True, may_return=True))

    assert decision == Nothing()
    assert after.run("r1-behind") == BEHIND


def test_the_first_words_after_the_promise_are_answered_here_and_it_stands() -> None:
    after, decision = step(of(DONE, BEHIND), asks(SECOND))

    assert decision == AnswerHere(TurnClass.PROMISED)
    assert after == of(DONE, replace(BEHIND, told_at=SECOND.place))
    assert step(after, asks(SECOND)) == (after, AnswerHere(TurnClass.PROMISED))
    longer = replace(SECOND, words="bye then")
    assert step(after, asks(longer)) == (after, AnswerHere(TurnClass.PROMISED))


def test_with_the_next_words_the_promise_is_taken_back() -> None:
    told = of(DONE, replace(BEHIND, told_at=SECOND.place))
    after, decision = step(told, asks(THIRD))

    assert decision == Start(
        NEW, "r2", stops=("r1-behind",), after=("r1-behind",), breaks_promise=True
    )
    behind = after.run("r1-behind")
    assert behind is not None
    assert (behind.standing, behind.stop) == (Standing.STOPPED, Stop.SUPERSEDED)


def test_other_words_in_place_of_those_that_were_asked_take_it_back_at_once() -> None:
    decision = decided(of(DONE, BEHIND), asks(LONGER))

    assert isinstance(decision, Start)
    assert (decision.turn_class, decision.replaces) == (REVISED, True)
    assert (decision.stops, decision.breaks_promise) == (("r1-behind",), True)


def test_results_take_it_back_too() -> None:
    decision = decided(of(DONE, BEHIND), asks(SECOND, News.RESULTS))

    assert isinstance(decision, Start)
    assert decision.breaks_promise


def test_once_the_run_behind_is_over_words_are_a_turn_again() -> None:
    over = replace(BEHIND, standing=Standing.DONE, ended_at_s=8.0, is_over=True)

    assert decided(of(DONE, over), asks(SECOND)) == Start(NEW, "r2")
    assert decided(of(DONE, over), asks(FIRST)) == Attach(REPEAT, "r1")


def test_somebody_else_with_the_same_key_takes_nothing_back() -> None:
    decision = decided(of(DONE, BEHIND), asks(SECOND, strength=Strength.KEY))

    assert decision == Start(NEW, "r2")


# -- every event in every standing ----------------------------------------------------------------

STANDINGS = [SETTLING, RUNNING, DONE, LEFT, NEVER_ASKED, SUPERSEDED, FAILED]
ids = [f"{r.standing.value} {(r.stop or 'x')} {r.asked}" for r in STANDINGS]


@pytest.mark.parametrize(
    "event",
    [
        Settled(9.0, "gone"),
        Left(9.0, "gone", heard_words=True, may_return=True),
        GraceOver(9.0, "gone", 6.0),
        Ended(9.0, "gone", "said", ("One moment... ",)),
    ],
)
def test_a_forgotten_run_is_nothing_to_do(event: Event) -> None:
    assert step(of(RUNNING), event) == (of(RUNNING), Nothing())
    assert step(of(), event) == (of(), Nothing())


@pytest.mark.parametrize("run", STANDINGS, ids=ids)
def test_only_a_settling_run_asks_the_agent(run: Run) -> None:
    after, decision = step(of(run), Settled(9.0, "r1"))

    assert decision == (AskNow() if run is SETTLING else Nothing())
    assert after == of(RUNNING if run is SETTLING else run)


def test_a_run_that_settles_with_nobody_there_is_never_asked() -> None:
    deserted = replace(SETTLING, listeners=0, left_at_s=2.0)

    after, decision = step(of(deserted), Settled(9.0, "r1"))

    assert decision == Nothing()
    assert after == of(replace(deserted, standing=Standing.STOPPED, stop=Stop.LEFT, ended_at_s=9.0))
    assert decided(after, asks(FIRST)) == Start(NEW, "r2", after=("r1",), is_restless=True)


def left(*, heard_words: bool = False, may_return: bool = True) -> Left:
    return Left(9.0, "r1", heard_words, may_return)


@pytest.mark.parametrize("run", [SETTLING, RUNNING])
def test_a_listener_who_heard_nothing_may_come_back(run: Run) -> None:
    after, decision = step(of(run), left())

    assert decision == AwaitReturn("r1", 9.0)
    assert after == of(replace(run, listeners=0, left_at_s=9.0))


@pytest.mark.parametrize("run", [SETTLING, RUNNING])
@pytest.mark.parametrize("heard_words", [False, True])
@pytest.mark.parametrize("may_return", [False, True])
def test_a_listener_who_heard_words_or_can_not_return_takes_the_run_along(
    run: Run, heard_words: bool, may_return: bool
) -> None:
    after, decision = step(of(run), left(heard_words=heard_words, may_return=may_return))

    if may_return and not heard_words:
        assert decision == AwaitReturn("r1", 9.0)
        return
    assert decision == StopRun("r1", Stop.LEFT)
    assert after == of(
        replace(
            run,
            listeners=0,
            spoke=heard_words,
            left_at_s=9.0,
            standing=Standing.STOPPED,
            stop=Stop.LEFT,
            ended_at_s=9.0,
        )
    )


def test_a_run_goes_on_while_somebody_listens_and_remembers_that_it_spoke() -> None:
    two = replace(RUNNING, listeners=2)

    after, decision = step(of(two), left(heard_words=True))

    assert (after, decision) == (of(replace(RUNNING, spoke=True)), Nothing())
    assert decided(after, left()) == StopRun("r1", Stop.LEFT)


@pytest.mark.parametrize("run", [DONE, LEFT, NEVER_ASKED, SUPERSEDED, FAILED])
def test_leaving_a_run_that_has_ended_changes_only_who_listens(run: Run) -> None:
    assert step(of(run), left()) == (of(replace(run, listeners=0)), Nothing())


@pytest.mark.parametrize("run", STANDINGS, ids=ids)
def test_a_deserted_run_is_stopped_when_nobody_came_back(run: Run) -> None:
    deserted = replace(run, listeners=0, left_at_s=6.0)

    after, decision = step(of(deserted), GraceOver(9.0, "r1", 6.0))

    if run.is_live:
        assert decision == StopRun("r1", Stop.LEFT)
        assert after == of(
            replace(deserted, standing=Standing.STOPPED, stop=Stop.LEFT, ended_at_s=9.0)
        )
    else:
        assert (after, decision) == (of(deserted), Nothing())


def test_a_retry_that_came_stops_the_grace() -> None:
    assert step(of(RUNNING), GraceOver(9.0, "r1", 6.0)) == (of(RUNNING), Nothing())


def test_a_retry_that_came_and_went_has_a_grace_of_its_own() -> None:
    again = replace(RUNNING, listeners=0, left_at_s=8.0)

    assert step(of(again), GraceOver(9.0, "r1", 6.0)) == (of(again), Nothing())
    assert decided(of(again), GraceOver(11.0, "r1", 8.0)) == StopRun("r1", Stop.LEFT)


@pytest.mark.parametrize("stop", [None, *Stop])
@pytest.mark.parametrize("run", [SETTLING, RUNNING])
def test_a_run_that_ends_says_how_and_what_was_said(run: Run, stop: Stop | None) -> None:
    fillers = ("One moment... ", "Let me see... ")

    after, decision = step(of(run), Ended(9.0, "r1", "Hello!", fillers, stop))

    over = replace(
        run,
        standing=Standing.STOPPED if stop else Standing.DONE,
        stop=stop,
        ended_at_s=9.0,
        is_over=True,
        said="Hello!",
        fillers=fillers,
    )
    assert (after, decision) == (Conversation((over,), "Let me see... "), Nothing())


@pytest.mark.parametrize("run", [LEFT, NEVER_ASKED, SUPERSEDED, FAILED])
def test_a_run_that_was_stopped_stays_stopped_when_it_ends(run: Run) -> None:
    before = Conversation((run,), "One moment... ")

    after, _ = step(before, Ended(9.0, "r1", "Hel", ()))

    assert after == Conversation((replace(run, is_over=True, said="Hel"),), "One moment... ")


def test_a_run_that_never_reached_the_agent_may_be_asked_again() -> None:
    failed, _ = step(of(RUNNING), Ended(9.0, "r1", "", (), Stop.FAILED, reached_agent=False))

    assert decided(failed, asks(FIRST, at_s=9.0)) == Start(NEW, "r2")


def test_a_run_ends_once() -> None:
    assert step(of(DONE), Ended(9.0, "r1", "again", ("x",))) == (of(DONE), Nothing())


# -- every order ----------------------------------------------------------------------------------

run_ids = st.integers(0, 12).map("r{}".format)
keys = st.builds(
    TurnKey, st.integers(0, 2), st.sampled_from(["", "a"]), st.sampled_from(["x", "y", "z"])
)
events = st.one_of(
    st.builds(
        lambda news, key, heard, go_on: (news, key, heard, go_on),
        st.sampled_from(News),
        keys,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(Settled, st.just(0.0), run_ids),
    st.builds(Left, st.just(0.0), run_ids, st.booleans(), st.booleans()),
    st.builds(GraceOver, st.just(0.0), run_ids, st.integers(0, 30).map(float)),
    st.builds(
        lambda run_id: Promised(0.0, run_id, f"{run_id}-behind", "said", ()),
        run_ids,
    ),
    st.builds(
        Ended,
        st.just(0.0),
        run_ids,
        st.just("said"),
        st.sampled_from([(), ("One moment... ",)]),
        st.none() | st.sampled_from(Stop),
    ),
)


def check(before: Conversation, after: Conversation, decision: Decision, *, strong: bool) -> None:
    """What must hold of every step."""
    live = [run for run in after.runs if run.is_live]
    assert len({run.id for run in after.runs}) == len(after.runs)
    assert all(run.listeners >= 0 for run in after.runs)
    assert all(not run.is_over for run in live)
    assert all(run.listeners == 0 and not run.said for run in after.runs if run.is_behind)
    assert all(run.asked for run in after.runs if run.standing in (Standing.RUNNING, Standing.DONE))
    assert all((run.stop is not None) == (run.standing is Standing.STOPPED) for run in after.runs)
    if strong:
        assert len(live) <= 1
    for run in before.runs:
        now = after.run(run.id)
        assert now is not None or run.is_over, "only what is over is forgotten"
        if now is not None and run.is_over:
            assert replace(now, listeners=0, left_at_s=None, spoke=False) == replace(
                run, listeners=0, left_at_s=None, spoke=False
            )
        if now is not None and run.is_behind:
            assert run.told_at in (None, now.told_at)
        if now is not None and not run.is_live:
            assert (now.standing, now.stop) == (run.standing, run.stop)
    if isinstance(decision, Attach):
        assert not (joined := after.run(decision.run_id)) or not joined.is_behind
    if isinstance(decision, Start):
        assert set(decision.stops) <= set(decision.after)
        assert strong or not decision.after
        assert not [i for i in decision.after if (held := after.run(i)) is None or held.is_over]


@given(st.lists(events, max_size=40), st.sampled_from(Strength))
def test_any_sequence_of_events_leaves_a_legal_state(
    sequence: list[Event | tuple[News, TurnKey, bool, bool]], strength: Strength
) -> None:
    conversation = Conversation()
    for place, some in enumerate(sequence):
        if isinstance(some, tuple):
            news, key, heard_nothing, may_continue = some
            event: Event = Requested(
                float(place),
                f"r{place % 13}x{place}" if place > 12 else f"r{place}",
                news,
                None if news is News.NOBODY else key,
                strength,
                heard_nothing,
                may_continue,
            )
        else:
            event = replace(some, at_s=float(place))
            if _is_impossible(conversation, event):
                continue
        after, decision = step(conversation, event)
        check(conversation, after, decision, strong=strength is Strength.CONVERSATION)
        conversation = after


def _is_impossible(conversation: Conversation, event: Event) -> bool:
    """A run that was never asked can't be done by itself."""
    if not isinstance(event, Ended) or event.stop is not None:
        return False
    run = conversation.run(event.run_id)
    return run is not None and run.standing is Standing.SETTLING
